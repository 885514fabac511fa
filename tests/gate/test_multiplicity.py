"""Rules on several slices of one metric."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from audit.gate.decide import decide, exit_code
from audit.gate.judging import check, judge_interval
from audit.gate.multiplicity import _p_value, _shrinking, adjusted, p_value
from audit.gate.policy import Rule
from tests.gate.conftest import RULE, the_check
from tests.reports.conftest import a_metric
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

Records = dict[str, "Callable[..., Any]"]


SLICES = ("age", "gender", "race", "religion")


def sliced_run(
    make_run: Callable[..., RunFolder], records: Records, ends: dict[str, tuple[float, float, float]]
) -> RunFolder:
    metrics = [
        records["metric"]("boolq/accuracy", value=value, ci_low=low, ci_high=high, slice={"group": name}, primary=False)
        for name, (low, value, high) in ends.items()
    ]
    return make_run([*metrics, records["unscored"]()])


def on_slices(*names: str) -> list[dict[str, Any]]:
    return [{"metric": "boolq/accuracy", "slice": {"group": name}, "min": 0.5} for name in names]


def test_one_of_several_slices_fails_only_beyond_chance(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> None:
    barely, clearly, fine = (0.30, 0.395, 0.49), (0.10, 0.20, 0.30), (0.55, 0.65, 0.75)
    run = sliced_run(make_run, records, {"age": barely, "gender": clearly, "race": fine, "religion": fine})
    alone = decide(run, make_policy(*on_slices("age")))
    assert the_check(alone).verdict == "FAIL"
    together = decide(run, make_policy(*on_slices("age", "gender", "race"))).checks[1:]
    assert [check.verdict for check in together] == ["INCONCLUSIVE", "FAIL", "PASS"]
    # age: 0.105 / (0.095 / 1.96) = 2.166 standard errors, p = 0.0303; twice that is Holm's for the second of three
    assert "rules on 3 slices of boolq/accuracy: Holm-adjusted p = 0.061" in together[0].reason
    other = {**on_slices("gender")[0], "metric": "boolq/accuracy"}
    two = decide(run, make_policy(*on_slices("age"), other)).checks[1:]
    assert [check.verdict for check in two] == ["FAIL", "FAIL"], "Holm leaves the largest of two p-values as it is"


def test_a_floor_and_a_ceiling_on_one_slice_are_one_comparison(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> None:
    run = sliced_run(make_run, records, {"age": (0.30, 0.395, 0.49)})
    ceiling = {**on_slices("age")[0], "max": 0.9}
    del ceiling["min"]
    checks = decide(run, make_policy(*on_slices("age"), ceiling)).checks[1:]
    assert [check.verdict for check in checks] == ["FAIL", "PASS"]


def test_a_slice_that_cannot_be_judged_is_no_comparison(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> None:
    run = sliced_run(make_run, records, {"age": (0.30, 0.395, 0.49), "gender": (0.4, 0.5, 0.6)})
    whole = records["metric"]("boolq/accuracy", value=0.6, ci_low=0.55, ci_high=0.65)
    broken = records["metric"](
        "boolq/accuracy",
        value=None,
        ci_low=None,
        ci_high=None,
        slice={"group": "race"},
        error="no items",
        primary=False,
    )
    run.write_metrics([*run.read_metrics(), whole, broken])
    sealed(run)
    checks = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.5}, *on_slices("age", "race"))).checks[1:]
    assert [check.verdict for check in checks] == ["PASS", "FAIL", "INCONCLUSIVE"]


@pytest.mark.parametrize(("successes", "n", "limit"), [(37, 100, 0.5), (480, 1000, 0.5), (55, 90, 0.45)])
def test_p_values_from_intervals_are_those_of_the_test_behind_them(successes: int, n: int, limit: float) -> None:
    """A normal interval of a share, by statsmodels, and its z-test against the limit."""

    low, high = proportion_confint(successes, n, alpha=0.05, method="normal")
    expected = proportions_ztest(successes, n, limit)[1]
    assert p_value(low, successes / n, high, 0.95, limit=limit) == pytest.approx(expected)


def test_p_values_of_intervals_without_width() -> None:
    assert p_value(0.0, 0.0, 0.0, 0.95, limit=0.1) == 0.0
    assert p_value(0.0, 0.0, 0.0, 0.95, limit=0.0) == 1.0
    assert p_value(0.4, 0.39, 0.5, 0.95, limit=0.3) == pytest.approx(p_value(0.34, 0.39, 0.44, 0.95, limit=0.3))


def test_a_rule_without_an_interval_violates_nothing_by_chance(records: Records) -> None:
    metric = records["metric"]()
    bare = check(RULE, None, "INCONCLUSIVE", "absent")
    assert _p_value(RULE, None, bare) == 1.0
    assert _p_value(RULE, metric, check(RULE, metric, "PASS", "")) == 1.0


def test_a_value_on_the_limit_needs_infinitely_many_items() -> None:
    assert _shrinking(1.0, 1.0, 0.95) == math.inf
    assert _shrinking(0.05, 0.05, 0.95) == pytest.approx(1.0)


def test_a_violation_that_slices_make_likely_is_settled_by_that_many_items(
    make_run: Callable[..., RunFolder], records: Records, make_policy: Callable[..., PolicyFile]
) -> None:

    slices = {"age": (0.30, 0.395, 0.49), "gender": (0.4, 0.5, 0.6), "race": (0.45, 0.55, 0.65)}
    metrics = [
        records["metric"](
            value=value, ci_low=low, ci_high=high, ci_method="clustered_t", slice={"group": name}, primary=False
        )
        for name, (low, value, high) in slices.items()
    ]
    check = decide(make_run([*metrics, records["unscored"]()]), make_policy(*on_slices(*slices))).checks[1]
    assert check.verdict == "INCONCLUSIVE"
    count = int(re.findall(r"about (\d+) items of the slice", check.reason)[0])

    def adjusted_p(n: float) -> float:
        error = 0.095 / stats.norm.ppf(0.975) * math.sqrt(100 / n)
        return float(3 * 2 * stats.norm.sf(0.105 / error))

    assert adjusted_p(count) <= 0.05
    assert adjusted_p(0.95 * count) > 0.05


def test_slices_without_items_do_not_soften_a_failure(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    """Ten rules more on slices that show nothing: Holm's procedure counts comparisons that were made."""
    nothing = {"value": None, "ci_low": None, "ci_high": None, "n": 0, "error": "no items"}
    bad = records["metric"](slice={"group": "age"}, primary=False, value=0.395, ci_low=0.30, ci_high=0.49)
    empty = [records["metric"](slice={"group": f"g{i}"}, primary=False, **nothing) for i in range(10)]
    run = make_run([bad, *empty, records["unscored"]()])
    rules = [{"metric": "boolq/accuracy", "min": 0.5, "slice": metric.slice} for metric in (bad, *empty)]
    decision = decide(run, make_policy(*rules))
    assert [check.verdict for check in decision.checks[1:]] == ["FAIL", *["INCONCLUSIVE"] * 10]
    assert exit_code(decision) == 10


def together(*slices: tuple[float | None, float | None, float | None], **limits: float) -> list[str]:
    """The verdicts on slices, given by lower end, value and upper end, each of which violates a rule on its own."""
    judged = []
    for place, (low, value, high) in enumerate(slices):
        metric = a_metric(slice={"group": f"g{place}"}).model_copy(
            update={"ci_low": low, "value": value, "ci_high": high}
        )
        rule = Rule(metric=metric.name, slice=metric.slice, **limits)  # type: ignore[arg-type]
        fails = None not in (low, value, high) and judge_interval(low or 0, high or 0, rule.min, rule.max) == "FAIL"
        judged.append((rule, metric, check(rule, metric, "FAIL" if fails else "PASS", "")))
    return [one.verdict for one in adjusted(judged, 0.95)]


BARELY, FINE = (0.30, 0.395, 0.49), (0.55, 0.65, 0.75)


def test_ceilings_are_softened_as_floors_are() -> None:
    assert together(BARELY, FINE, min=0.5) == ["INCONCLUSIVE", "PASS"]  # 2 * 0.0303
    above, below = (0.51, 0.605, 0.70), (0.25, 0.35, 0.45)
    assert together(above, below, max=0.5) == ["INCONCLUSIVE", "PASS"]
    assert together((0.70, 0.80, 0.90), below, max=0.5) == ["FAIL", "PASS"]


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_slices_without_a_value_or_an_end_are_no_comparisons(lost: int) -> None:
    broken = tuple(None if place == lost else end for place, end in enumerate(FINE))
    assert together(BARELY, broken, broken, min=0.5)[0] == "FAIL"  # type: ignore[arg-type]


def test_a_slice_that_was_not_measured_is_no_comparison() -> None:
    metric = a_metric(slice={"group": "a"}, value=0.395, ci_low=0.30, ci_high=0.49)
    rules = [Rule(metric="boolq/accuracy", slice={"group": name}, min=0.5) for name in "ab"]
    judged = [
        (rules[0], metric, check(rules[0], metric, "FAIL", "")),
        (rules[1], None, check(rules[1], None, "INCONCLUSIVE", "absent")),
    ]
    assert [one.verdict for one in adjusted(judged, 0.95)] == ["FAIL", "INCONCLUSIVE"]


def test_the_strongest_violation_of_a_slice_counts() -> None:
    clearly = a_metric(slice={"group": "a"}, value=0.2, ci_low=0.1, ci_high=0.3)
    fine = a_metric(slice={"group": "b"}, value=0.65, ci_low=0.55, ci_high=0.75)
    judged = []
    for metric in (clearly, fine):
        for limits, verdict in (({"min": 0.5}, "FAIL" if metric is clearly else "PASS"), ({"max": 0.9}, "PASS")):
            rule = Rule(metric=metric.name, slice=metric.slice, **limits)  # type: ignore[arg-type]
            judged.append((rule, metric, check(rule, metric, verdict, "")))  # type: ignore[arg-type]
    assert [one.verdict for one in adjusted(judged, 0.95)] == ["FAIL", "PASS", "PASS", "PASS"]


def test_one_slice_alone_is_never_softened() -> None:
    assert together((0.30, 0.55, 0.49), min=0.5) == ["FAIL"]  # though its value, outside its interval, is allowed


def test_the_side_of_the_limit_gives_the_standard_error() -> None:
    expected = 2 * stats.norm.sf(0.05 / (0.04 / stats.norm.ppf(0.975)))
    assert p_value(0.30, 0.45, 0.49, 0.95, limit=0.5) == pytest.approx(expected)
    mirrored = p_value(0.51, 0.55, 0.70, 0.95, limit=0.5)
    assert mirrored == pytest.approx(expected)
    at_the_end = 2 * stats.norm.sf(0.01 / (0.095 / stats.norm.ppf(0.975)))
    assert p_value(0.30, 0.49, 0.49, 0.95, limit=0.5) == pytest.approx(at_the_end)
    assert p_value(0.30, 0.45, 0.49, 0.95, limit=0.45) == 1.0


@pytest.mark.parametrize("gone", [{"ci_low": None}, {"ci_high": None}, {"value": None}, {"value": -math.inf}])
def test_what_is_unknown_violates_nothing(gone: dict[str, float | None]) -> None:
    metric = a_metric(value=0.2, ci_low=0.1, ci_high=0.3)
    known = check(RULE, metric, "FAIL", "")
    assert _p_value(RULE, metric, known) < 0.05
    assert _p_value(RULE, metric, known.model_copy(update=gone)) == 1.0
    assert _p_value(RULE, None, known) == 1.0


def test_a_share_of_few_items_counts_by_its_exact_test() -> None:
    """One of one item, where 6 % are allowed: chance shows as much in 6 % of runs, Wilson's interval in 2 %."""
    rule = Rule.model_validate({"metric": "toxicity/rate", "slice": {"group": "a"}, "max": 0.06})
    low, high = proportion_confint(1, 1, method="wilson")
    metric = a_metric("toxicity/rate", value=1.0, ci_low=low, ci_high=high, n=1, ci_method="wilson")
    judged = check(rule, metric, "FAIL", "")
    assert p_value(low, 1.0, high, 0.95, limit=0.06) < 0.03
    assert _p_value(rule, metric, judged) == pytest.approx(stats.binom.sf(0, 1, 0.06))
