"""The number of items that would settle a rule on the baseline, checked by runs with as many items."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from audit.core.records import BaselineComparison, Metric, MetricDifference
from audit.gate.policy import Rule
from audit.gate.rules.differences import Gain
from audit.gate.rules.settling import advice_on, completing, items_for_gain
from audit.stats.clusters import cluster_freedom
from audit.stats.pairing.tango import tango
from tests.gate.rules.conftest import last, samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision, GateCheck
    from audit.core.run_folder import RunFolder

BEFORE = [1.0] * 12 + [0.0] * 8
"""Scores of the baseline, to be repeated."""
AFTER = [0.0] * 3 + [1.0] * 9 + [1.0] * 1 + [0.0] * 7
"""Of 20 items, one became better and three worse: the difference is -0.1."""


def within(margin: float, **more: Any) -> dict[str, Any]:
    return {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": margin}, **more}


def difference(**fields: Any) -> BaselineComparison:
    """A comparison of 200 items without clusters, unless the fields say otherwise."""
    given = {"name": "t/a", "suite": "evals", "task": "t", "unit": "score", "higher_is_better": True}
    common = {"n": 200, "units": 200, "aligned": 1.0, "confidence": 0.95}
    found = MetricDifference(**{**given, **common, **fields})
    return BaselineComparison(confidence=found.confidence, difference=found)


def items_in(check: GateCheck) -> int:
    """The number that a reason names."""
    found = re.search(r"about ([\d,]+) items (?:of the slice )?would decide this if the difference stays", check.reason)
    assert found, check.reason
    return int(found[1].replace(",", ""))


@pytest.mark.slow
@pytest.mark.parametrize(("margin", "decided"), [(0.2, "PASS"), (0.02, "FAIL")])
def test_a_run_of_as_many_items_decides_and_a_smaller_one_does_not(
    margin: float, decided: str, make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    def judged(repeats: int) -> GateCheck:
        runs = make(f"b{repeats}", samples(AFTER * repeats)), make(f"a{repeats}", samples(BEFORE * repeats))
        return last(judge(*runs, within(margin)))

    named = items_in(judged(2))
    enough = math.ceil(named / 20)
    assert enough > 3
    assert [judged(enough).verdict, judged(enough - 1).verdict] == [decided, "INCONCLUSIVE"]


@pytest.mark.slow
def test_the_same_answers_need_as_many_items_as_the_formula_says(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """Without a changed item the interval reaches z² / (n + z²): the margin needs z² (1 − margin) / margin items."""

    def judged(count: int) -> GateCheck:
        scores = (BEFORE * 8)[:count]
        return last(judge(make(f"b{count}", samples(scores)), make(f"a{count}", samples(scores)), within(0.05)))

    needed = stats.norm.ppf(0.975) ** 2 * 0.95 / 0.05
    assert items_in(judged(40)) == math.ceil(needed) == 73
    assert [judged(count).verdict for count in (73, 72)] == ["PASS", "INCONCLUSIVE"]


@pytest.mark.slow
def test_cut_answers_do_not_become_fewer(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    """One of 40 answers is cut, which may move the difference by 0.025 in runs of any size."""

    def judged(repeats: int, margin: float) -> GateCheck:
        scores, cut = BEFORE * 2 * repeats, range(0, 40 * repeats, 40)
        name = f"{repeats}-{1000 * margin:.0f}"
        runs = make(f"b{name}", samples(scores, cut=cut)), make(f"a{name}", samples(scores))
        return last(judge(*runs, within(margin)))

    named = items_in(judged(1, 0.05))
    assert named == math.ceil(stats.norm.ppf(0.975) ** 2 * 0.975 / 0.025)
    assert [judged(repeats, 0.05).verdict for repeats in (4, 3)] == ["PASS", "INCONCLUSIVE"]
    assert 120 < named <= 160
    open_ = judged(1, 0.02)
    assert open_.reason.endswith(
        "the cut answers alone keep it open, however many items there are: raise the token limit"
    )


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("units", "each"), [(200, 1), (20, 10)])
def test_students_quantile_shrinks_with_the_units(sign: int, units: int, each: int) -> None:
    spread, value = 3.0, 0.2
    half = stats.t.ppf(0.975, units - 1) * spread / math.sqrt(200)
    gain = Gain(sign * value - half, sign * value, sign * value + half)
    found = difference(difference=sign * value, ci_low=gain.low, ci_high=gain.high, ci_method="t", units=units)
    items = items_for_gain(gain, found)
    assert stats.t.ppf(0.975, items / each - 1) * spread / math.sqrt(items) == pytest.approx(value)


@pytest.mark.parametrize("method", ["t", "tango_clustered", "studentised_cluster_bootstrap"])
def test_unequal_clusters_have_the_degrees_of_freedom_of_their_sizes(method: str) -> None:
    """Brute force: the first number of copies of the clusters with which the interval clears the margin."""
    sizes, value = [120, 30, 30, 20], 0.2

    def half(copies: int) -> float:
        codes = np.repeat(np.arange(4 * copies), sizes * copies)
        return float(stats.t.ppf(0.975, cluster_freedom(codes)) / math.sqrt(copies) / 8)

    gain = Gain(value - half(1), value, value + half(1))
    assert gain.low < 0
    found = difference(difference=value, ci_low=gain.low, ci_high=gain.high, ci_method=method, units=4)
    copies = next(count for count in range(1, 100) if half(count) <= value)
    assert copies - 1 < items_for_gain(gain, found, sizes) / 200 <= copies
    assert items_for_gain(gain, found) != pytest.approx(items_for_gain(gain, found, sizes), rel=0.05)


def test_the_side_of_the_margin_decides_which_end_counts() -> None:
    found = difference(difference=0.1, ci_method="multiway_t", units=10**9)
    assert items_for_gain(Gain(-0.1, 0.1, 0.9), found) == pytest.approx(800)
    assert items_for_gain(Gain(-0.9, -0.1, 0.1), found) == pytest.approx(800)


@pytest.mark.parametrize("value", [0.0, 1e-12])
def test_on_the_margin_no_number_of_items_decides(value: float) -> None:
    found = difference(difference=value, ci_method="t")
    assert items_for_gain(Gain(value - 0.1, value, value + 0.1), found) == math.inf


@pytest.mark.parametrize(("unit", "width"), [("share", 1), ("percent", 100), ("correlation", 2)])
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_units_and_directions_do_not_matter(unit: str, width: int, higher_is_better: bool) -> None:
    """30 of 200 items changed for the worse and 6 for the better; 0.15 are tolerated."""
    higher, lower, sign = (6, 30, 1) if higher_is_better else (30, 6, -1)
    low, high = tango(6, 30, 200).low, tango(6, 30, 200).high
    found = difference(
        unit=unit, higher_is_better=higher_is_better, higher=higher, lower=lower, difference=-sign * 0.12 * width,
        ci_low=min(sign * low, sign * high) * width, ci_high=max(sign * low, sign * high) * width, ci_method="tango",
    )  # fmt: skip
    items = items_for_gain(Gain(width * (low + 0.15), width * 0.03, width * (high + 0.15)), found)
    assert tango(6 * items / 200, 30 * items / 200, items).low == pytest.approx(-0.15)
    relative = found.model_copy(update={"baseline_low": 0.5 * width, "baseline_high": 0.7 * width})
    # Two intervals lie behind the margin: both are taken to shrink with the square root of the items.
    about = items_for_gain(Gain(-0.06 * width, 0.03 * width, 0.1 * width), relative)
    assert about == pytest.approx(200 * 9)


def test_never_fewer_items_than_there_are() -> None:
    found = difference(unit="share", difference=-0.12, higher=6, lower=30, ci_method="tango")
    assert items_for_gain(Gain(-0.0001, 0.5, 0.9), found) == 200


@pytest.mark.slow
def test_the_reason_gives_the_commands_for_both_runs(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    scores = BEFORE * 3  # as many as the limit of the runs
    run, base = make("b", samples(scores)), make("a", samples(scores))
    said = "about 189 items would decide this if the difference stays; 60 are compared"
    commands = [f"audit run --extend {one.path} --limit 189" for one in (run, base)]
    expected = f"{said}. Add items: {commands[0]}; and of the baseline: {commands[1]}"
    assert last(judge(run, base, within(0.02))).reason.endswith(expected)
    part = last(judge(run, base, within(0.02, slice={"half": "a"})))
    assert "about 189 items of the slice would decide this if the difference stays; 30 are compared" in part.reason
    assert part.reason.endswith(" --limit 378")


@pytest.mark.slow
def test_the_reason_says_where_no_items_come_from(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    scores = BEFORE * 3
    base = make("a", samples(scores))
    small = make("b", samples(scores), items_available={"boolq": 100})
    assert last(judge(small, base, within(0.02))).reason.endswith(
        "60 are compared and its data set not enough (100 in all)"
    )
    config = {"evals": {"tasks": []}, "safety": {"tasks": []}}
    unknown = make("c", samples(scores), config=config)
    assert last(judge(unknown, base, within(0.02))).reason.endswith("60 are compared. Measure more items in both runs")
    better = {"metric": "boolq/accuracy", "better_than_baseline": True}
    on_margin = "spans 0: the difference is 0: no number of items would decide it"
    assert last(judge(small, base, better)).reason.endswith(on_margin)


@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_the_coverage_is_that_of_the_difference(confidence: float) -> None:
    low = tango(6, 30, 200, confidence).low
    found = difference(unit="share", difference=-0.12, higher=6, lower=30, ci_method="tango", confidence=confidence)
    items = items_for_gain(Gain(low + 0.15, 0.03, 0.1), found)
    assert tango(6 * items / 200, 30 * items / 200, items, confidence).low == pytest.approx(-0.15)


def test_clusters_keep_the_root_of_the_items() -> None:
    found = difference(unit="percent", difference=0.0, higher=0, lower=0, ci_method="bounded_score", units=20)
    assert items_for_gain(Gain(-2.0, 2.0, 6.0), found) == pytest.approx(200 * 4)


@pytest.mark.parametrize("method", ["tango", "bounded_score", "multiway_t"])
def test_each_method_has_its_quantile(method: str) -> None:
    """Three clusters; that of the score intervals is normal whatever the clusters are."""
    found = difference(difference=0.1, higher=30, lower=10, ci_method=method, units=3)
    items = items_for_gain(Gain(-0.1, 0.1, 0.3), found)
    if method == "multiway_t":
        now, then = (stats.t.ppf(0.975, units - 1) for units in (3, 3 * items / 200))
        assert items == pytest.approx(200 * (2 * then / now) ** 2)
        assert 320 < items < 340
    else:
        assert items == pytest.approx(800)


@pytest.mark.parametrize("method", ["tango", "bounded_score"])
def test_two_shares_are_settled_by_the_score_test_where_it_made_the_interval(method: str) -> None:
    """Of ``bounded_score``, only where no item changed: n = z² (1 − margin) / margin, see above."""
    common = {"unit": "share", "difference": 0.0, "ci_method": method, "n": 40, "units": 40}
    exact = stats.norm.ppf(0.975) ** 2 * 0.95 / 0.05
    gain = Gain(-0.05, 0.05, 0.15)  # by the square root: 160
    assert items_for_gain(gain, difference(**common)) == pytest.approx(exact)
    assert items_for_gain(gain, difference(**common, higher=0, lower=0)) == pytest.approx(exact)
    assert items_for_gain(gain, difference(**{**common, "units": 20})) == pytest.approx(160)
    assert items_for_gain(gain, difference(**{**common, "unit": "score"})) == pytest.approx(160)
    changed = items_for_gain(gain, difference(**common, higher=3, lower=3))
    if method == "tango":
        assert tango(3 * changed / 40, 3 * changed / 40, changed).low == pytest.approx(-0.05)
    else:
        assert changed == pytest.approx(160)
        for one in ({"higher": 3}, {"lower": 3}):
            assert items_for_gain(gain, difference(**common, **one)) == pytest.approx(160)


def test_one_cluster_is_taken_for_two() -> None:
    found = difference(difference=0.1, ci_method="t", units=1)
    two = difference(difference=0.1, ci_method="t", units=2)
    gain = Gain(-0.1, 0.1, 0.3)
    assert items_for_gain(gain, found) == items_for_gain(gain, two) > 200
    assert items_for_gain(gain, difference(difference=0.1, ci_method="t", units=3)) > items_for_gain(gain, two)


def test_a_margin_outside_the_interval_needs_as_many_items_as_there_are() -> None:
    found = difference(difference=0.1, higher=3, lower=1, ci_method="bounded_score", units=10)
    assert items_for_gain(Gain(0.01, 0.1, 0.2), found) == 200


def test_a_mean_without_a_change_is_not_settled_by_the_score_test() -> None:
    gain = Gain(-0.1, 0.1, 0.3)
    shares, scores = (difference(difference=0.1, ci_method="t", unit=unit) for unit in ("share", "score"))
    assert items_for_gain(gain, shares) == items_for_gain(gain, scores)


class AnAdvisor:
    """Repeats what it is asked."""

    def __init__(self, words: str) -> None:
        self.words = words

    def more(self, task: str, factor: float) -> str:
        return self.words.format(task, factor)

    def command(self, task: str, factor: float) -> str:
        return f"extend {task} {factor:g}"


def advised(gain: Gain, words: str = "", cut: int = 0, **more: Any) -> str:
    """Advice on a rule whose interval has the normal quantile: the number of items grows by the squared ratio."""
    given = {"difference": gain.value, "ci_low": gain.low, "ci_high": gain.high, "ci_method": "bounded_score"}
    common = {"higher": 1, "lower": 1, "units": 10, "unit": "share", "n": 100}
    found = difference(**{**given, **common, **more.pop("fields", {})})
    found = found.model_copy(update={"cut": cut})
    metric = Metric(name="t/a", suite="evals", task="t", metric="a", value=0.5, n=100, **more)
    width = cut / 100
    wide = Gain(gain.low - width, gain.value, gain.high + width)
    rule = Rule(metric="t/a", better_than_baseline=True)
    return advice_on(AnAdvisor(words), AnAdvisor(""), rule, metric, found, wide)  # type: ignore[arg-type]


SAID = "items would decide this if the difference stays; 100 are compared"


def test_the_advice_asks_both_runs_for_so_many_times_the_items() -> None:
    gain = Gain(-0.05, 0.04, 0.13)  # 0.09 from the lower end, 0.04 from the margin: 506.25, with three digits 507
    assert advised(gain) == f"about 507 {SAID}. Measure more items in both runs"
    assert advised(gain, ", so {}. Add items: do {:g}") == (
        f"about 507 {SAID}, so t. Add items: do 5.07; and of the baseline: extend t 5.07"
    )
    assert advised(gain, " and no more") == f"about 507 {SAID} and no more"
    assert advised(gain, slice={"a": "b"}).startswith("about 507 items of the slice would decide this")
    many = advised(gain, fields={"n": 10_000, "units": 10})
    assert many.startswith("about 50,700 items would decide this if the difference stays; 10,000 are compared")


def test_as_many_items_as_there_are_ask_for_none() -> None:
    """Rounding alone keeps the rule open."""
    gain = Gain(0.0, 0.05, 0.1)
    assert advised(gain) == f"about 100 {SAID}"
    assert advised(Gain(-0.0001, 0.05, 0.1)).endswith(". Measure more items in both runs")


def test_on_the_margin_the_advice_is_none() -> None:
    assert advised(Gain(-0.1, 0.0, 0.1)) == "the difference is 0: no number of items would decide it"


@pytest.mark.parametrize("sign", [1, -1])
def test_what_cut_answers_leave_open_stays(sign: int) -> None:
    """One answer of 100: the gain is 0.02 at worst, and 0.05 from its own end: 6.25 times the items."""
    gain = Gain(*sorted((sign * -0.02, sign * 0.03, sign * 0.08)))
    assert advised(gain, cut=1) == f"about 625 {SAID}. Measure more items in both runs"
    only = "the cut answers alone keep it open, however many items there are: raise the token limit"
    assert advised(gain, cut=3) == advised(gain, cut=4) == only
    exactly = Gain(*sorted((sign * -0.25, sign * 0.25, sign * 0.75)))  # 25 of 100 move it onto the margin
    assert advised(exactly, cut=25) == only
    assert advised(Gain(-0.1, 0.0, 0.1), cut=1) == only


def test_how_near_the_margin_counts_as_on_it_goes_with_the_width() -> None:
    found = difference(difference=1e-7, ci_method="bounded_score", higher=1, lower=1)
    assert items_for_gain(Gain(-1e3, 1e-7, 1e3), found) == math.inf
    assert items_for_gain(Gain(-1.0, 1e-7, 1.0), found) == pytest.approx(200 * 1e14)


@pytest.mark.parametrize("fewer_in", ["candidate", "baseline"])
def test_missing_items_are_added_to_the_run_that_was_asked_for_fewer(
    fewer_in: str, make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    task = {"name": "boolq", "limit": 40}
    small = {"config": {"evals": {"tasks": [task]}, "safety": {"tasks": []}}}
    short, long = make("short", samples(BEFORE * 2), **small), make("long", samples(BEFORE * 3))
    runs = (short, long) if fewer_in == "candidate" else (long, short)
    where = "" if fewer_in == "candidate" else " to the baseline"
    reason = last(judge(*runs, within(0.2))).reason
    lost = f"20 not in the {fewer_in}. Add items{where}: audit run --extend {short.path} --limit 60"
    assert reason == f"not compared with the baseline: only 67 % of the items are scored in both runs: {lost}"


class Limited:
    """Knows the limit of every task."""

    def __init__(self, limit: float | None) -> None:
        self.limit = lambda _task: limit
        self.extending = lambda typed: f"--limit {typed}"


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ((40, math.inf), ". Add items: --limit all"),
        ((math.inf, 40), ". Add items to the baseline: --limit all"),
        ((40, 40), ""),
        ((40, None), ""),
        ((0.1, 40), ""),
    ],
)
def test_limits_say_which_run_lacks_items_if_they_are_numbers_and_differ(
    limits: tuple[float | None, float | None], said: str
) -> None:
    candidate, baseline = (Limited(limit) for limit in limits)
    assert completing(candidate, baseline, "boolq") == said  # type: ignore[arg-type] # stands for an advisor
