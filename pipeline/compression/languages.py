"""How well checkpoints predict texts of several languages: the translators' sentences of the translation tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core import assets
from audit.core.records import Sample
from audit.core.records import sample_id as id_of
from audit.core.records.many.compression import Fit, LanguageFit
from audit.stats.definitions import Perplexity
from audit.stats.pairing.comparison import compared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.engine import Engine

TEXTS = 50
"""Texts of each language, unless the user says otherwise."""
SOURCES = {
    "de": ("ntrex_deu", "gettext_de"),
    "fr": ("ntrex_fra", "gettext_fr"),
    "zh": ("ntrex_zho", "gettext_zh"),
    "es": ("gettext_es",),
}
"""Data sets with texts of a language, the longer texts first; the first that is on disk is used."""
NO_TEXTS = "no texts are on this machine: fetch some with `audit assets pull gettext_de`"
LIKELIHOOD, BYTES, TOKENS = "log_likelihood", "bytes", "tokens"


@dataclass(frozen=True)
class LanguageTexts:
    """Texts of one language."""

    language: str
    """Its code."""
    source: str
    """Their data set."""
    texts: tuple[str, ...]
    """Each scored by itself."""


def texts_at_hand(most: int = TEXTS) -> list[LanguageTexts]:
    """Texts of every language that data sets on disk have; English ones are the sources of the first of them.

    Args:
        most: Texts of each language at most.
    """
    found = list(_targets(most)) if most else []
    if not found:
        return []
    first = found[0].source
    english = LanguageTexts("en", first, _texts(first, "source", most))
    return [english, *found]


def _targets(most: int) -> Iterator[LanguageTexts]:
    """Translations into each language."""
    for language, names in SOURCES.items():
        source = next((name for name in names if assets.at_hand(name)), None)
        if source is not None:
            yield LanguageTexts(language, source, _texts(source, "target", most))


def _texts(name: str, column: str, most: int) -> tuple[str, ...]:
    """Distinct texts of a column, in an order that is random and the same on every machine."""
    every = dict.fromkeys(str(row[column]) for row in assets.dataset(name).rows)
    return tuple(sorted(every, key=lambda text: id_of("languages", name, text))[:most])


def scored_texts(engine: Engine, texts: Sequence[LanguageTexts]) -> dict[str, list[Sample]]:
    """Log-likelihood, bytes and tokens of every text, by language; each stands behind the beginning of sequence alone.

    Args:
        engine: A checkpoint.
        texts: From :func:`texts_at_hand`.
    """
    asked = [(group, text, engine.encode_pair("", text)) for group in texts for text in group.texts]
    scores = engine.score([request for *_, request in asked])
    found: dict[str, list[Sample]] = {group.language: [] for group in texts}
    for (group, text, request), score in zip(asked, scores, strict=True):
        cut = score.truncated and "longer than the context"
        found[group.language].append(
            Sample(
                sample_id=id_of("languages", group.source, text),
                suite="evals",
                task="languages",
                prompt="",
                scores={}
                if score.error or cut
                else {
                    LIKELIHOOD: score.total,
                    BYTES: float(len(text.encode())),
                    TOKENS: float(len(request.target_ids)),
                },
                error=score.error or cut or None,
            )
        )
    return found


def language_fits(
    texts: Sequence[LanguageTexts],
    original: dict[str, list[Sample]],
    compressed: dict[str, list[Sample]],
    *,
    no_perplexity: str | None,
    confidence: float,
) -> list[LanguageFit]:
    """Differences by language; a language without two texts that both have scored is left out.

    Args:
        texts: What was scored.
        original: From :func:`scored_texts`.
        compressed: The same of the compressed checkpoint.
        no_perplexity: Why tokens of both are not the same; None where they are.
        confidence: Nominal coverage of the intervals.
    """
    fits = []
    for group in texts:
        sides = original[group.language], compressed[group.language]
        bits = _fit("bits_per_byte", BYTES, sides, confidence, bits=True)
        if bits is None:
            continue
        lengths = [{one.sample_id: one.scores[TOKENS] for one in side if one.error is None} for side in sides]
        both = lengths[0].keys() & lengths[1].keys()
        other = no_perplexity
        if any(lengths[0][text] != lengths[1][text] for text in both):
            other = no_perplexity or "the tokenizers split the texts differently"
        fits.append(
            LanguageFit(
                language=group.language,
                source=group.source,
                texts=len(both),
                left_out=len(group.texts) - len(both),
                bits_per_byte=bits,
                perplexity=None if other else _fit("perplexity", TOKENS, sides, confidence, bits=False),
                no_perplexity=other,
            )
        )
    return fits


def _fit(unit: str, per: str, sides: tuple[list[Sample], list[Sample]], confidence: float, *, bits: bool) -> Fit | None:
    """Both values and their difference; None without a text that both have scored."""
    definition = Perplexity(of=f"scores.{LIKELIHOOD}", per=f"scores.{per}", bits=bits)
    found = compared(definition, *sides, unit=unit, higher_is_better=False, confidence=confidence)
    if found.value is None or found.baseline is None or found.candidate is None:
        return None
    ends = found.interval
    return Fit(
        unit=unit,
        original=found.baseline,
        compressed=found.candidate,
        difference=found.value,
        ci_low=ends and ends.low,
        ci_high=ends and ends.high,
        ci_method=ends and ends.method,
        no_interval=found.no_interval,
    )
