"""What drives a kind of answer across samples: words, fields of the template, few-shot examples.

For each label (a word, a part of the prompt) the question is whether its features rank higher among the features of
their own prompts than features drawn at random from the same prompts would. The values of a sample are turned into
ranks between 0 and 1, so that samples of any scale count alike and one huge value does not decide. The null
distribution draws, in each sample, as many ranks without replacement as the label has features there (a permutation
test stratified by sample; Good 2005, "Permutation, Parametric and Bootstrap Tests of Hypotheses", section 3.7); its
p-values have the resample itself among them (Phipson and Smyth 2010, arXiv:1603.05766, equation 2). Benjamini and
Hochberg 1995 then bound the false discovery rate, words and parts each for themselves.
"""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from audit.core.records.explanations import LEAST_SAMPLES, Driver
from audit.core.text import printable
from audit.stats.multiplicity import benjamini_hochberg
from audit.stats.permutation import p_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Feature, Span

LabelKind = Literal["word", "part"]
Label = tuple[LabelKind, str]
RESAMPLES = 9_999
LONGEST_WORD = 40
"""Characters of a word that are kept."""
REST = "rest of the template"
"""What belongs to no named part, where a sample has named parts."""


class AttributedPrompt(Protocol):
    """What is aggregated: an attribution, or as much of one."""

    @property
    def features(self) -> Sequence[Feature]:
        """Features of the prompt."""

    @property
    def values(self) -> Sequence[float]:
        """One per feature."""

    @property
    def level(self) -> str:
        """What a feature is, e.g. ``words``."""


def aggregate(
    attributions: Sequence[AttributedPrompt],
    spans: Sequence[Sequence[Span]] = (),
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> list[Driver]:
    """Test every word and every part that occurs in enough samples.

    Args:
        attributions: Of one method, one per sample, all of answers of one kind (errors, say).
        spans: The named parts of each prompt; empty for none.
        seed: Of the resampling.
        resamples: Draws of the null distribution; no p-value is below 1 / (resamples + 1).

    Returns:
        Words, then parts, each by p-value.
    """
    named = spans or [()] * len(attributions)
    strata: defaultdict[Label, list[tuple[int, list[int]]]] = defaultdict(list)
    for index, (attribution, parts) in enumerate(zip(attributions, named, strict=True)):
        for label, owned in labels(attribution, parts).items():
            if len(owned) < len(attribution.values):
                strata[label].append((index, owned))
    ranks = [_ranks(attribution.values) for attribution in attributions]
    values = [np.array(attribution.values) for attribution in attributions]
    generator = np.random.default_rng(seed)
    tested = []
    for label, where in sorted(strata.items()):
        if len(where) >= LEAST_SAMPLES:
            p = _p_value([ranks[index] for index, _ in where], [owned for _, owned in where], generator, resamples)
            means = [float(values[index][owned].mean()) for index, owned in where]
            rank = math.fsum(float(ranks[index][owned].mean()) for index, owned in where) / len(where)
            tested.append((label, len(where), math.fsum(means) / len(where), rank, p))
    return [driver for kind in ("word", "part") for driver in _controlled(kind, tested)]


def labels(attribution: AttributedPrompt, parts: Sequence[Span]) -> dict[Label, list[int]]:
    """The features of each word and of each part; features of several words have no word.

    Args:
        attribution: Its features.
        parts: Named parts of its prompt.
    """
    found: defaultdict[Label, list[int]] = defaultdict(list)
    for index, feature in enumerate(attribution.features):
        word = word_of(feature) if attribution.level == "words" else None
        if word:
            found["word", word].append(index)
        part = feature.name or _part_of(feature, parts)
        if part:
            found["part", part].append(index)
    return dict(found)


def word_of(feature: Feature) -> str | None:
    """The word of a feature, in lower case and without punctuation around it; None where it is not just one."""
    text = feature.text.strip()
    while text and not _is_word_like(text[0]):
        text = text[1:]
    while text and not _is_word_like(text[-1]):
        text = text[:-1]
    return printable(text.casefold(), LONGEST_WORD) if text and len(text.split()) == 1 else None


def _is_word_like(character: str) -> bool:
    """Whether a character belongs to words: letters, digits, marks and symbols such as emoji."""
    return unicodedata.category(character)[0] in "LNM" or unicodedata.category(character) == "So"


def _part_of(feature: Feature, parts: Sequence[Span]) -> str | None:
    """The part that most of a feature lies in; None where there are no parts."""
    if not parts:
        return None
    outside = feature.end - feature.start
    best, most = REST, 0
    for part in parts:
        shared = min(feature.end, part.end) - max(feature.start, part.start)
        if shared > most:
            best, most = part.name, shared
        outside -= max(shared, 0)
    return best if most > 0 and most >= outside else REST


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Mid-ranks of one sample's values, from 0 for the lowest to 1 for the highest; equal values share theirs."""
    from scipy.stats import rankdata  # noqa: PLC0415 - a second to import

    count = len(values)
    ranks: NDArray[np.float64] = (rankdata(values) - 1) / max(count - 1, 1) if count > 1 else np.full(count, 0.5)
    return ranks


def _p_value(
    ranks: Sequence[NDArray[np.float64]],
    owned: Sequence[Sequence[int]],
    generator: np.random.Generator,
    resamples: int,
) -> float:
    """Share of draws, the observed one included, whose sum of mean ranks is at least the observed one."""
    observed = math.fsum(float(ranks[i][list(mine)].mean()) for i, mine in enumerate(owned))
    drawn = np.zeros(resamples)
    for sample, mine in zip(ranks, owned, strict=True):
        drawn += _draw(sample, len(mine), generator, resamples)
    return p_value(observed, drawn)


def _draw(ranks: NDArray[np.float64], size: int, generator: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    """Mean of ``size`` ranks drawn without replacement, ``resamples`` times."""
    if size == 1:
        return ranks[generator.integers(len(ranks), size=resamples)]
    if size > len(ranks) / 2:  # what is left over is the smaller draw
        rest = len(ranks) - size
        left = _draw(ranks, rest, generator, resamples) * rest
        means: NDArray[np.float64] = (ranks.sum() - left) / size
        return means
    keys = generator.random((resamples, len(ranks)))
    chosen = np.argpartition(keys, size, axis=1)[:, :size]
    drawn: NDArray[np.float64] = ranks[chosen].mean(axis=1)
    return drawn


def _controlled(kind: str, tested: Sequence[tuple[Label, int, float, float, float]]) -> list[Driver]:
    """The tested labels of one kind with their adjusted p-values, by p-value."""
    mine = [row for row in tested if row[0][0] == kind]
    if not mine:
        return []
    adjusted = benjamini_hochberg([p for *_, p in mine])
    drivers = [
        Driver(kind=label[0], name=label[1], samples=samples, mean_value=value, mean_rank=rank, p=p, q=q)
        for (label, samples, value, rank, p), q in zip(mine, adjusted, strict=True)
    ]
    return sorted(drivers, key=lambda driver: (driver.p, -driver.mean_rank, driver.name))
