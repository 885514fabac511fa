"""Toxicity of texts and of the reasoning before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.records import AssetRecord, Flag, SampledText
from audit.safety.asking.offence import TRACE, judged
from audit.safety.scorers.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Sequence


class Scorer:
    """0.9 for what holds ``vile``, no score for what holds ``odd``, else 0.1."""

    record = AssetRecord(name="s", kind="scorer", source="t", version="1", sha256="0" * 64, licence="MIT")
    validity = None
    languages = ENGLISH

    def __init__(self) -> None:
        self.seen: list[str] = []

    def score(self, texts: Sequence[str]) -> list[float]:
        self.seen += texts
        return [float("nan") if "odd" in text else 0.9 if "vile" in text else 0.1 for text in texts]


def test_each_text_has_its_own_value() -> None:
    failed = SampledText(text="", error="NaN")
    texts = [[SampledText(text="fine"), failed], [SampledText(text="vile"), SampledText(text="odd")]]
    (first, kept), (second, third) = judged(Scorer(), texts)
    assert (first.value, second.value, third.value) == (0.1, 0.9, None)
    assert kept == failed
    assert third.error is not None


def test_a_text_that_failed_is_not_scored() -> None:
    scorer = Scorer()
    judged(scorer, [[SampledText(text="vile", error="cut")]])
    assert scorer.seen == []


def test_a_text_in_another_language_is_flagged() -> None:
    ((one,),) = judged(
        Scorer(), [[SampledText(text="Du bist ein widerlicher Abschaum.", flags=[Flag.TRUNCATED_OUTPUT])]]
    )
    assert (one.value, one.flags) == (None, [Flag.TRUNCATED_OUTPUT, Flag.NOT_ENGLISH])


@pytest.mark.parametrize(
    ("thinking", "expected"),
    [
        ("so it goes " * 100, 0.1),
        ("so it goes " * 100 + "vile", 0.9),
        ("vile " + "so it goes " * 100, 0.9),
        ("odd " + "so it goes " * 100 + "vile", None),
    ],
    ids=["harmless", "end", "beginning", "unknown"],
)
def test_a_trace_is_as_toxic_as_its_worst_window(thinking: str, expected: float | None) -> None:
    texts = [SampledText(text="vile"), SampledText(text="fine", thinking=thinking)]
    ((plain, reasoned),) = judged(Scorer(), [texts])
    assert TRACE not in plain.labels
    assert (reasoned.value, reasoned.labels[TRACE]) == (0.1, expected)


def test_traces_belong_to_their_texts() -> None:
    groups = [
        [SampledText(text="fine", thinking=word) for word in ("vile", "fine")],
        [SampledText(text="a", thinking="fine")],
    ]
    assert [[one.labels[TRACE] for one in group] for group in judged(Scorer(), groups)] == [[0.9, 0.1], [0.1]]
    failed = SampledText(text="", error="cut", thinking="vile")
    ((one,),) = judged(Scorer(), [[failed]])
    assert (one.value, one.error, one.labels[TRACE]) == (None, "cut", 0.9), "a trace is judged without an answer"
    ((blank,),) = judged(Scorer(), [[SampledText(text="fine", thinking=" ")]])
    assert blank.labels == {}
