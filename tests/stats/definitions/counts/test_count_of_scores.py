"""Plain counts of samples by a score."""

from __future__ import annotations

from audit.stats.definitions import (
    CountOfScores,
)
from tests.stats.definitions.conftest import a_sample, metric, scored


def test_samples_with_so_much_of_a_score_are_counted() -> None:
    some = [scored(number, {"echoed": number / 2}) for number in range(5)]  # 0, 0.5, 1, 1.5, 2
    some.append(scored(9, {"echoed": 3.0}, error="lost", score=None))
    some.append(scored(10, {}))
    found = metric(CountOfScores(of="scores.echoed"), some, "count")
    assert (found.value, found.n, found.ci_low, found.no_interval) == (4.0, 7, None, None)
    assert metric(CountOfScores(of="scores.echoed", at_least=0.5), some, "count").value == 5.0
    assert metric(CountOfScores(of="score", at_least=1.0), some, "count").value == 6.0


def test_one_is_reached_by_one_alone() -> None:
    count = CountOfScores(of="score")
    assert [count.counts(a_sample("x", score=score)) for score in (0.999, 1.0, None)] == [False, True, False]
