"""The largest of several gaps, by brute force over all pairs of intervals from statsmodels; and what keeps it open."""

from __future__ import annotations

import math
from itertools import permutations
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from statsmodels.stats.proportion import proportion_confint

from audit.core.errors import ConfigError
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.rules.gap import judge_gap, parts_of
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from audit.stats.interval import wilson
from tests.reports.conftest import a_sample

if TYPE_CHECKING:
    from audit.core.records import GateCheck, Metric, Sample

RIGHT = {"a": 45, "b": 30, "c": 33}
"""Of 50 items of each slice."""
UNITS: dict[str, Any] = {"unit": "share", "higher_is_better": True}


def samples(right: dict[str, int], each: int = 50, cut: int = 0) -> list[Sample]:
    """The first items of each slice are right, and its last were cut."""
    return [
        a_sample(
            "t",
            1000 * number + place,
            score=float(place < right[kind]),
            slices={"kind": kind},
            flags=["truncated_output"] if place >= each - cut else [],
        )
        for number, kind in enumerate(right)
        for place in range(each)
    ]


def a_rule(limit: float = 0.5, **fields: Any) -> Rule:
    return Rule.model_validate({"metric": "t/accuracy", "max_gap": {"slice": "kind", "value": limit}, **fields})


class Gap:
    """Slices of made-up samples, and what the gate says of them."""

    def __init__(self, right: dict[str, int], **given: Any) -> None:
        self.samples = samples(right, **given)
        self.parts = [
            measured(Mean(seed=1), self.samples, metric="accuracy", slice={"kind": kind}, **UNITS) for kind in right
        ]
        self.more = [unscored_metric("evals", "t", self.samples)]
        self.asked: list[tuple[str, float]] = []

    def change(self, place: int, **changes: Any) -> None:
        self.parts[place] = self.parts[place].model_copy(update=changes)

    def unscored(self, **changes: Any) -> None:
        self.more[0] = self.more[0].model_copy(update=changes)

    def add_bounds(self, **where: Any) -> None:
        for ending, value in (("if_cut_wrong", 0.0), ("if_cut_right", 1.0)):
            bound = Mean(seed=1, if_cut=value)
            self.more.append(measured(bound, self.samples, metric=f"accuracy_{ending}", **UNITS, **where))

    def judged(self, limit: float, confidence: float = 0.95, tolerance: float = 0.0) -> GateCheck:
        records: Any = SimpleNamespace(of=lambda metric: self.samples if metric.task == "t" else [])
        return judge_gap(
            a_rule(limit), Measured([*self.parts, *self.more]), records, confidence, tolerance, self._advice
        )

    def _advice(self, task: str, factor: float) -> str:
        self.asked.append((task, factor))
        return "!"

    def said(self, limit: float, **given: Any) -> tuple[str, str]:
        """Verdict, and what follows the number of slices."""
        found = self.judged(limit, **given)
        return found.verdict, found.reason.partition(" slices")[2]


def ends(right: dict[str, int], confidence: float = 0.95, each: int = 50) -> tuple[float, float]:
    """Of the largest gap: each of K intervals gets 1/K of the error, and the worst pair decides."""
    alpha = (1 - confidence) / len(right)
    intervals = [proportion_confint(count, each, alpha=alpha, method="wilson") for count in right.values()]
    pairs = [(one[0] - two[1], one[1] - two[0]) for one, two in permutations(intervals, 2)]
    return max(0.0, *(low for low, _ in pairs)), max(high for _, high in pairs)


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_the_largest_gap_is_between_the_furthest_of_all_slices(confidence: float) -> None:
    gap = Gap(RIGHT)
    low, high = ends(RIGHT, confidence)
    found = gap.judged(0.99, confidence)
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx((0.3, low, high))
    assert (found.verdict, found.unit, found.higher_is_better) == ("PASS", "share", False)
    assert found.reason == f"largest gap 0.300 ({low:.3f} to {high:.3f}), from a (0.900) to b (0.600), 3 slices"
    assert (found.metric, found.kind, found.by, found.maximum) == ("t/accuracy", "gap", "kind", 0.99)
    assert low > 0


def test_limits_belong_to_what_is_allowed() -> None:
    gap = Gap(RIGHT)
    found = gap.judged(0.99)
    low, high = found.ci_low or 0.0, found.ci_high or 0.0
    verdicts = [gap.judged(limit).verdict for limit in (high, high - 1e-6, low, low - 1e-6)]
    assert verdicts == ["PASS", "INCONCLUSIVE", "INCONCLUSIVE", "FAIL"]
    assert gap.judged(low - 1e-6).reason == found.reason


def test_equal_slices_have_no_gap() -> None:
    equal = dict.fromkeys("ab", 30)
    found = Gap(equal).judged(0.9)
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx((0.0, 0.0, ends(equal)[1]))
    nothing = Gap({"a": 30, "b": 0}).judged(0.99)
    assert nothing.value == pytest.approx(0.6)
    assert "from a (0.600) to b (0.000), 2 slices" in nothing.reason


@pytest.mark.parametrize("limit", [0.45, 0.2])
def test_the_gap_lies_so_far_from_the_limit_that_so_many_items_decide(limit: float) -> None:
    """Above the value its upper end counts, below it the lower one; a tenth more is asked for."""
    gap = Gap(RIGHT)
    low, high = ends(RIGHT)
    half = high - 0.3 if limit > 0.3 else 0.3 - low
    factor = (half / (limit - 0.3)) ** 2
    verdict, said = gap.said(limit)
    ((task, asked),) = gap.asked
    assert (verdict, task, 0 < asked - factor <= 0.1) == ("INCONCLUSIVE", "t", True)
    assert asked == pytest.approx(round(asked, 1))
    assert said == f", spans the limit: about {asked:.1f} times as many items would decide this if the values stay!"


def test_on_the_limit_no_number_of_items_is_named() -> None:
    gap = Gap(RIGHT)
    assert gap.said(0.3 + 1e-12) == ("INCONCLUSIVE", ", spans the limit: measure more items")
    assert gap.asked == []


def test_a_gap_needs_two_slices_with_a_value_and_a_definition() -> None:
    for changes in ({"value": None}, {"definition": None}):
        gap = Gap({"a": 30, "b": 40})
        gap.change(0, **changes)
        found = gap.judged(0.9)
        assert (found.verdict, found.reason) == ("INCONCLUSIVE", "1 slice with a value: a gap needs two")
        assert (found.value, found.ci_low, found.unit) == (None, None, None)
        gap.change(1, **changes)
        assert gap.judged(0.9).reason == "0 slices with a value: a gap needs two"
        more = Gap(RIGHT)
        more.change(2, **changes)
        two = {"a": 45, "b": 30}
        assert (more.judged(0.9).ci_low, more.judged(0.9).ci_high) == pytest.approx(ends(two))
        assert more.said(0.9) == ("INCONCLUSIVE", "; no interval of c")
        assert more.said(0.001)[0] == "FAIL"


def test_five_slices_without_an_interval_are_named() -> None:
    gap = Gap(dict.fromkeys("abcdefgh", 30))
    for place in range(2, 8):
        gap.change(place, value=None)
    assert gap.said(0.9) == ("INCONCLUSIVE", "; no interval of c, d, e, f, g")


def test_a_slice_without_an_interval_leaves_the_upper_end_open() -> None:
    """One item has no spread: nobody knows how large the gap to it is. That to the others can still be too large."""
    gap = Gap(RIGHT)
    gap.samples = [one for one in gap.samples if one.slices != {"kind": "c"}]
    found = gap.judged(0.9)
    assert (found.verdict, found.value, found.ci_low, found.ci_high) == ("INCONCLUSIVE", pytest.approx(0.3), None, None)
    assert found.reason.endswith(
        "largest gap 0.300, from a (0.900) to b (0.600), 3 slices, spans the limit: measure more items"
    )
    assert gap.judged(0.001).verdict == "FAIL"
    gap.samples = []
    assert gap.judged(0.001).verdict == "INCONCLUSIVE"


def test_cut_answers_widen_the_interval_of_their_slice() -> None:
    """Five of 50 were cut in each slice, all of them wrong: they may all have been right."""
    right = {"a": 40, "b": 30}
    gap = Gap(right, cut=5)
    plain = gap.judged(0.9)
    for kind in right:
        gap.add_bounds(slice={"kind": kind})
    found = gap.judged(0.9)
    alpha = 0.025
    lows = [proportion_confint(count, 50, alpha=alpha, method="wilson")[0] for count in (40, 30)]
    highs = [proportion_confint(count + 5, 50, alpha=alpha, method="wilson")[1] for count in (40, 30)]
    assert (found.ci_low, found.ci_high) == pytest.approx((max(0.0, lows[0] - highs[1]), highs[0] - lows[1]))
    assert (plain.ci_low, plain.ci_high) == pytest.approx(ends(right))
    assert found.verdict == "PASS"


def test_cut_answers_without_bounds_of_the_slice_leave_it_open() -> None:
    gap = Gap({"a": 40, "b": 30}, cut=5)
    gap.add_bounds()
    assert gap.judged(0.9).ci_high is None
    assert gap.said(0.9) == ("INCONCLUSIVE", ", spans the limit: measure more items")


@pytest.mark.parametrize("tolerance", [0.04, 0.039])
def test_what_could_not_be_scored_may_all_belong_to_one_slice(tolerance: float) -> None:
    """Two samples of 100 were not scored, and one scored item of each slice has no value: 4 of 100."""
    right = {"a": 40, "b": 30}
    gap = Gap(right)
    gap.unscored(value=2.0, n=100)
    gap.change(0, missing=1)
    gap.change(1, missing=1)
    (low_a, high_a), (low_b, high_b) = (
        proportion_confint(count, 50, alpha=0.025, method="wilson") for count in right.values()
    )
    widest = max((50 * high_a + 4) / 54 - 50 * low_b / 54, (50 * high_b + 4) / 54 - 50 * low_a / 54)
    counts = "; 4 of 100 samples could not be scored"
    if tolerance == 0.04:
        assert gap.said(widest + 1e-9, tolerance=tolerance) == ("PASS", f"{counts}, at their worst and best, too")
        assert gap.said(widest - 1e-9, tolerance=tolerance) == ("INCONCLUSIVE", counts)
    assert gap.said(widest + 1e-9, tolerance=0.039) == ("INCONCLUSIVE", counts)
    gap.unscored(value=12345.0, n=20000)
    assert gap.said(0.9) == ("INCONCLUSIVE", "; 12,347 of 20,000 samples could not be scored")


def test_the_worst_may_lie_on_the_limit() -> None:
    gap = Gap({"a": 40, "b": 30})
    gap.unscored(value=2.0, n=100)
    high, low = wilson(40, 50, 0.975).high, wilson(30, 50, 0.975).low
    limit = (50 * high + 2) / 52 - 50 * low / 52
    assert gap.judged(limit, tolerance=0.5).verdict == "PASS"
    assert gap.judged(math.nextafter(limit, 0), tolerance=0.5).verdict == "INCONCLUSIVE"


def test_what_could_not_be_scored_is_known_and_bounded_or_nothing_passes() -> None:
    gap = Gap({"a": 40, "b": 30})
    missing = "; t/unscored is missing, so the number of unscored samples is unknown"
    gap.unscored(value=None)
    assert gap.said(0.9) == ("INCONCLUSIVE", missing)
    gap.unscored(value=1.0, n=100, definition={"name": "unscored_completions"})  # says nothing of items
    why = ": what they could change is known for means over items in a unit with bounds"
    assert gap.said(0.9, tolerance=0.5) == ("INCONCLUSIVE", f"; 1 of 100 samples could not be scored{why}")
    gap.unscored(value=0.0)
    assert gap.said(0.9) == ("PASS", "")
    gap.more.clear()
    assert gap.said(0.9) == ("INCONCLUSIVE", missing)


def of_slices(*given: Metric) -> list[str]:
    return ["".join((part.slice or {}).values()) for part in parts_of(a_rule(), Measured(given))]


def test_parts_are_the_slices_by_the_one_key() -> None:
    gap = Gap({"a": 40, "b": 30})
    whole = gap.parts[0].model_copy(update={"slice": None})
    deeper = gap.parts[0].model_copy(update={"slice": {"kind": "a", "topic": "x"}})
    other = gap.parts[0].model_copy(update={"slice": {"topic": "x"}})
    assert of_slices(whole, *gap.parts, deeper, other) == ["a", "b"]
    assert of_slices() == []
    assert of_slices(*(one.model_copy(update={"name": "t/f1"}) for one in gap.parts)) == []
    with pytest.raises(ConfigError, match=r"^max_gap: t/accuracy has no slices by 'kind': it has level, topic\.$"):
        of_slices(whole, other, other.model_copy(update={"slice": {"level": "1"}}))
    # Of a metric that broke on all items no slices are known; slices that are known are not those of the rule.
    broken = whole.model_copy(update={"value": None})
    assert of_slices(whole, broken) == []
    for known in (whole, other.model_copy(update={"value": None})):
        with pytest.raises(ConfigError, match="has no slices by 'kind'"):
            of_slices(known)
