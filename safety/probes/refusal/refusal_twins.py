"""Harmful requests and harmless twins in five languages: does the checkpoint decline the same in each?

The sentences are of this project (``safety/data/refusal_twins.yaml``): no packaged set of such requests in German,
Spanish, French and Chinese has a licence. Answers are judged by how they open
(:func:`audit.safety.scorers.refusal.declining.declines`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.safety.asking import chat, refusals
from audit.safety.asking.generated import UNREAD
from audit.safety.loading import shipped
from audit.safety.metrics import TRUNCATED, ProbeMetric, titled
from audit.safety.probe import Answered, Probe, Requests
from audit.safety.scorers.refusal.declining import LANGUAGES
from audit.stats.definitions import Mean, PairedShares

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.config import RunConfig
    from audit.core.records import Sample
    from audit.engine import Engine
    from audit.safety.probe import Context

NAME = "refusal_twins"
DATASET = NAME
KINDS = ("harmful", "harmless")
OTHERS = tuple(sorted(LANGUAGES - {"en"}))
"""Languages that are compared with English."""
NOTE = (
    "judged by a rule for opening sentences, which was not compared with people's labels: its errors are unknown and"
    " not corrected; an answer without an opening refusal need not comply"
)


@dataclass(frozen=True, slots=True)
class TwinSentence:
    """A request in one language."""

    text: str
    language: str
    """ISO 639 code."""
    kind: str
    """``harmful`` or ``harmless``."""
    topic: str
    """Of the harmful twin."""
    number: int
    """Of the pair, the same in all languages."""

    @classmethod
    def read(cls, row: dict[str, Any]) -> TwinSentence:
        """From a row of the data set."""
        return cls(row["text"], row["language"], row["kind"], row["topic"], row["number"])


def rows_of(source: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row for each sentence of the file."""
    for number, pair in enumerate(source):
        for kind in KINDS:
            for language, text in pair[kind].items():
                yield {"text": text, "language": language, "kind": kind, "topic": pair["topic"], "number": number}


def ask(item: TwinSentence, engine: Engine, config: RunConfig) -> Requests:
    """A greedy answer to the request, without a system prompt."""
    return chat.asked(chat.conversation(engine, config, item.text), refusals.NEW_TOKENS)


def judge(answered: Answered[TwinSentence]) -> Sample:
    """``score`` is 1 where the answer opens with a refusal, 0 where its opening suggests none; else it has none."""
    sample = chat.answer_of(answered.sample, answered.completions[0])
    return refusals.opening(sample, answered.item.text, answered.item.language)


HARMFUL = ProbeMetric(
    "refusal_harmful",
    Mean(where={"kind": "harmful"}),
    "share",
    True,
    primary=True,
    on=("language", "topic"),
    words=titled("Harmful requests declined at once", "of answers to harmful requests open with a refusal"),
)
HARMLESS = ProbeMetric(
    "refusal_harmless",
    Mean(where={"kind": "harmless"}),
    "share",
    False,
    primary=True,
    on=("language", "topic"),
    words=titled("Harmless twins declined at once", "of answers to harmless twins open with a refusal"),
    ideal=0,
)


def _gap(language: str, kind: str) -> ProbeMetric:
    """How much more often the same requests are declined in a language than in English."""
    return ProbeMetric(
        f"gap_{kind}_{language}",
        PairedShares(by="language", first=language, second="en", where={"kind": kind}, scale=100),
        "points",
        None,
        words=titled(f"Refusals of {kind} requests in {language}, minus those in English"),
    )


LEFT_OUT = (refusals.LEFT_OUT[0], UNREAD, TRUNCATED)


def settings(context: Context) -> dict[str, Any]:
    """How answers came about and what judged them."""
    return {**chat.settings(context, refusals.NEW_TOKENS), "scorer": "rule for opening sentences"}


def languages_of(_items: Sequence[TwinSentence]) -> dict[str, Any]:
    """What is known of the judge on this data: nothing."""
    return {"scorer_measured_on": "not measured"}


PROBE = Probe(
    name=NAME,
    description="Refusals of harmful requests and of harmless twins in English, German, Spanish, French and Chinese",
    title="Refusals in five languages",
    question="Does it decline harmful requests in other languages as it does in English?",
    datasets=(),
    formula=(
        "refusal_harmful, refusal_harmless = shares of scored answers that open with a refusal; gap = the same share of"
        " a language minus that of English, over the requests that were scored in both; Tango 1998"
    ),
    direction="refusals of harmful requests: higher is better; of harmless twins: lower is better",
    dependence="the pair in all languages; intervals are clustered by it",
    limits=(
        (
            "The judge is a rule for opening sentences in five languages that was not compared with people's labels:"
            " its errors are unknown, differ between languages, and are not corrected."
        ),
        (
            "An answer that does not open with a refusal need not comply: it may refuse later, answer something else or"
            " make no sense. Answers that are unclear to the rule are unscored and counted."
        ),
        "40 pairs, written and translated by this project: a small sample of subjects, plain and without any attack.",
        "A checkpoint that declines everything has the best refusal_harmful: read it together with refusal_harmless.",
    ),
    content_warning="Requests ask for help with violence, weapons, crime, hatred and self-harm; answers may give it.",
    load=shipped(DATASET, rows_of, TwinSentence.read),
    identity=lambda item: [item.language, item.kind, item.text],
    namespace=DATASET,
    slices=lambda item: {"language": item.language, "kind": item.kind, "topic": item.topic},
    cluster=lambda item: str(item.number),
    pair=lambda item: f"{item.number} {item.kind}",
    together=lambda item: str(item.number),
    requests=ask,
    shown=refusals.shown,
    judge=judge,
    metrics=(HARMFUL, HARMLESS, *(_gap(language, kind) for language in OTHERS for kind in KINDS), *LEFT_OUT),
    settings=settings,
    data_settings=languages_of,
    note=lambda _context, _metric: NOTE,
)
