"""A rule on cut answers is judged on their share; what could not be scored counts as cut before it passes."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Metric
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.rules.truncated import judge_truncated


def a_count(metric: str, value: float | None, n: int = 200, **fields: Any) -> Metric:
    return Metric(name=f"t/{metric}", suite="evals", task="t", metric=metric, value=value, n=n, unit="count", **fields)


def judged(cut: float, limit: float, unscored: Metric | None, tolerance: float = 0.0) -> tuple[str, float | None, str]:
    """Verdict, share and reason for so many cut answers of 200."""
    metric = a_count("truncated_outputs", cut)
    measured = Measured([metric, *([unscored] if unscored else [])])
    found = judge_truncated(Rule(metric=metric.name, max_truncated=limit), metric, measured, tolerance)
    assert (found.kind, found.maximum, found.unit, found.higher_is_better) == ("truncated", limit, "share", False)
    assert (found.ci_low, found.ci_high) == (None, None)
    return found.verdict, found.value, found.reason


@pytest.mark.parametrize(
    ("cut", "limit", "verdict"),
    [(0, 0.0, "PASS"), (1, 0.0, "FAIL"), (10, 0.05, "PASS"), (11, 0.05, "FAIL"), (200, 0.99, "FAIL")],
)
def test_the_limit_is_included(cut: int, limit: float, verdict: str) -> None:
    assert judged(cut, limit, a_count("unscored", 0)) == (verdict, cut / 200, f"{cut} of 200 answers were cut")


@pytest.mark.parametrize(
    ("cut", "unscored", "tolerance", "verdict"),
    [
        (7, 3, 0.015, "PASS"),  # 10 of 200 are 0.05
        (8, 3, 0.015, "INCONCLUSIVE"),  # 11 of 200 may have been cut
        (7, 3, 0.014, "INCONCLUSIVE"),  # more than the policy tolerates
        (0, 1, 0.0, "INCONCLUSIVE"),
        (11, 3, 0.015, "FAIL"),
        (11, 3, 0.0, "FAIL"),
    ],
)
def test_unscored_answers_count_as_cut_before_it_passes(
    cut: int, unscored: int, tolerance: float, verdict: str
) -> None:
    found, share, reason = judged(cut, 0.05, a_count("unscored", unscored), tolerance)
    assert (found, share) == (verdict, cut / 200)
    said = f"{cut} of 200 answers were cut"
    more = f"{said}; {unscored} of 200 samples could not be scored"
    assert reason == {"FAIL": said, "INCONCLUSIVE": more, "PASS": f"{more}, which counts them as cut"}[verdict]


@pytest.mark.parametrize(
    "unscored",
    [None, a_count("unscored", None), a_count("unscored", 0).model_copy(update={"suite": "safety"})],
)
def test_without_the_count_of_unscored_samples_it_does_not_pass(unscored: Metric | None) -> None:
    assert judged(3, 0.05, unscored) == (
        "INCONCLUSIVE", 0.015, "3 of 200 answers were cut, and t/unscored is missing",
    )  # fmt: skip
    assert judged(30, 0.05, unscored)[0] == "FAIL"


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (a_count("truncated_outputs", None, error="no data"), "not computed: no data"),
        (a_count("truncated_outputs", 0, n=0), "not computed: it covers no samples"),
    ],
)
def test_what_was_not_counted_is_open(metric: Metric, reason: str) -> None:
    rule = Rule(metric=metric.name, max_truncated=0.1)
    found = judge_truncated(rule, metric, Measured([metric, a_count("unscored", 0)]), 0.0)
    assert (found.verdict, found.value, found.reason) == ("INCONCLUSIVE", None, reason)


def test_each_answer_to_an_unscored_item_may_have_been_cut() -> None:
    """200 items with 4 answers each, 37 of 800 answers cut: one unscored item makes it 41, two make it 45."""
    cut = a_count("truncated_outputs", 37, n=800)
    rule = Rule(metric=cut.name, max_truncated=0.052)
    verdicts = [judge_truncated(rule, cut, Measured([cut, a_count("unscored", n)]), 0.05).verdict for n in (0, 1, 2)]
    assert verdicts == ["PASS", "PASS", "INCONCLUSIVE"]


def test_counts_have_thousands_and_may_be_one() -> None:
    many = a_count("truncated_outputs", 12_345, n=100_000)
    lost = Measured([many, a_count("unscored", 23_456, n=100_000)])
    rule = Rule(metric=many.name, max_truncated=0.5)
    reason = "12,345 of 100,000 answers were cut; 23,456 of 100,000 samples could not be scored"
    assert judge_truncated(rule, many, lost, 0.0).reason == reason
    one = a_count("truncated_outputs", 1, n=1)
    found = judge_truncated(rule, one, Measured([one, a_count("unscored", 0, n=1)]), 0.0)
    assert (found.verdict, found.value, found.reason) == ("FAIL", 1.0, "1 of 1 answers were cut")


def test_more_unscored_samples_than_there_are_do_not_pass() -> None:
    assert judged(0, 0.5, a_count("unscored", 1, n=0), 0.9)[0] == "INCONCLUSIVE"
