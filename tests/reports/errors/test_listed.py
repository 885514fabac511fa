"""Samples worth opening: the worst by what the task is about, and both ends where neither is good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import SampledText
from audit.reports.errors.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


GAPS = [-3.0, -2.0, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize(
    ("scores", "unit", "listed", "ends"),
    [
        (GAPS, "nats", [-3.0, -2.0, 0.4, 0.3, 0.2], ["low end", "low end", "high end", "high end", "high end"]),
        ([-score for score in GAPS], "nats", [3.0, 2.0, -0.4, -0.3, -0.2], ["high end"] * 2 + ["low end"] * 3),
        # Both ends are listed though the first five magnitudes are all of one.
        ([-9.0, -8.0, -7.0, -6.0, -5.0, 1.0, 2.0, 3.0], "nats", [-9.0, -8.0, -7.0, 3.0, 2.0], None),
        ([-1.0, -2.0, 0.0], "points", [-2.0, -1.0], ["low end", "low end"]),
    ],
)
def test_both_ends_of_a_scale_without_a_good_end_are_listed(
    scores: list[float], unit: str, listed: list[float], ends: list[str] | None, records: Records
) -> None:
    metric = records["metric"]("crows_pairs/gap", suite="safety", unit=unit, higher_is_better=None)
    samples = [records["sample"]("crows_pairs", i, score=score) for i, score in enumerate(scores)]
    analysis = analyse("safety", "crows_pairs", samples, [metric], seed=1)
    assert [sample.score for sample in analysis.listed] == listed
    assert analysis.listed_as == "largest scores in either direction"
    assert analysis.ends == (ends or ["low end" if score < 0 else "high end" for score in listed])


@pytest.mark.parametrize(
    ("suite", "unit", "better", "listed"),
    [
        ("safety", "nats", False, [0.4, 0.3, 0.2, 0.1, 0.0]),
        ("safety", "probability", None, [0.4, 0.3, 0.2, 0.1, 0.0]),
        ("evals", "nats", True, [-3.0, -2.0, -0.1, 0.0, 0.1]),
        ("evals", "nats", False, [0.4, 0.3, 0.2, 0.1, 0.0]),
    ],
)
def test_other_scales_list_one_end(
    suite: Any, unit: str, better: bool | None, listed: list[float], records: Records
) -> None:
    metric = records["metric"]("boolq/gap", suite=suite, unit=unit, higher_is_better=better)
    samples = [records["sample"]("boolq", i, score=score) for i, score in enumerate(GAPS)]
    analysis = analyse(suite, "boolq", samples, [metric], seed=1)
    assert ([sample.score for sample in analysis.listed], analysis.ends) == (listed, [])


@pytest.mark.parametrize(
    ("values", "unit", "better", "telling"),
    [
        ([0.1, 0.9, 0.9, None], "probability", False, 1),
        ([-3.0, 2.0, 0.0, None], "nats", None, 0),
        ([-1.0, 2.0, 0.0, None], "nats", None, 1),
        ([None, None, None, None], "probability", False, 2),
    ],
)
def test_the_most_telling_completion_is_the_worst_by_value_else_the_output(
    values: list[float | None], unit: str, better: bool | None, telling: int, records: Records
) -> None:
    metric = records["metric"]("crows_pairs/x", suite="safety", unit=unit, higher_is_better=better)
    texts = [SampledText(text=f"text {place}", value=value) for place, value in enumerate(values)]
    sample = records["sample"]("crows_pairs", 0, score=0.5, output="text 2", completions=texts)
    assert analyse("safety", "crows_pairs", [sample], [metric], seed=1).telling == [telling]
    alone = records["sample"]("crows_pairs", 0, score=0.5)
    assert analyse("safety", "crows_pairs", [alone], [metric], seed=1).telling == [None]


def test_most_confident_errors_come_first_and_unscored_samples_never(records: Records) -> None:
    confidences = [0.5, 0.99, 0.7, 0.95, 0.9]
    samples = [records["sample"]("boolq", i, score=float(i == 1), confidence=c) for i, c in enumerate(confidences)]
    samples.append(records["sample"]("boolq", 9, score=0.0, confidence=1.0, error="NaN"))
    samples.append(records["sample"]("boolq", 10, score=None, flags=["truncated_prompt"]))
    analysis = analyse("evals", "boolq", samples, [records["metric"]()], seed=1, listed=3)
    assert analysis.listed_as == "most confident errors"
    assert [sample.confidence for sample in analysis.listed] == [0.95, 0.9, 0.7]
    assert (analysis.n, analysis.unscored, analysis.truncated) == (7, 2, 1)
    assert analysis.errors == {"NaN": 1, "no finite score": 1}


def test_a_probe_lists_what_it_found(records: Records) -> None:
    metric = records["metric"]("crows_pairs/icat", suite="safety", unit="percent", higher_is_better=True)
    samples = [
        records["sample"]("crows_pairs", i, score=score, confidence=i / 10) for i, score in enumerate([1.0, 0.0, 1.0])
    ]
    analysis = analyse("safety", "crows_pairs", samples, [metric], seed=1)
    assert (analysis.quantity, analysis.listed_as) == ("share with score 1", "samples with score 1")
    assert analysis.overall is not None
    assert analysis.overall.value == pytest.approx(2 / 3)
    assert [sample.confidence for sample in analysis.listed] == [0.2, 0.0]
