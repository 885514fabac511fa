"""One rule on one metric: where its interval lies, and what keeps it from being judged."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.gate.decide import decide, exit_code
from audit.gate.judging import check, judge_interval, judge_rule
from audit.gate.measured import Measured
from audit.gate.policy import Policy, PolicyFile, Rule
from tests.gate.conftest import RULE, the_check

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


def by_points(low: int, high: int, minimum: int | None, maximum: int | None) -> str:
    """The verdict by looking at every point of the interval one by one."""
    allowed = [(minimum is None or x >= minimum) and (maximum is None or x <= maximum) for x in range(low, high + 1)]
    return "PASS" if all(allowed) else "INCONCLUSIVE" if any(allowed) else "FAIL"


def test_judge_interval_agrees_with_every_point() -> None:
    # Limits fall on even numbers, ends on all: an allowed range that touches an interval always shares a point.
    seen = set()
    for low, high in itertools.combinations_with_replacement(range(7), 2):
        for minimum, maximum in itertools.product([None, 0, 2, 4, 6], repeat=2):
            if minimum is None and maximum is None:
                continue
            if minimum is not None and maximum is not None and minimum > maximum:
                continue
            expected = by_points(low, high, minimum, maximum)
            assert judge_interval(low, high, minimum, maximum) == expected, (low, high, minimum, maximum)
            seen.add(expected)
    assert seen == {"PASS", "FAIL", "INCONCLUSIVE"}


@pytest.mark.parametrize(
    ("bounds", "verdict", "code"),
    [
        ({"min": 0.5}, "PASS", 0),
        ({"min": 0.51}, "INCONCLUSIVE", 11),
        ({"min": 0.7}, "INCONCLUSIVE", 11),
        ({"min": 0.71}, "FAIL", 10),
        ({"max": 0.7}, "PASS", 0),
        ({"max": 0.69}, "INCONCLUSIVE", 11),
        ({"max": 0.49}, "FAIL", 10),
        ({"min": 0.4, "max": 0.8}, "PASS", 0),
        ({"min": 0.55, "max": 0.65}, "INCONCLUSIVE", 11),
        ({"min": 0.8, "max": 0.9}, "FAIL", 10),
    ],
)
def test_verdict_of_an_interval_of_half_to_seven_tenths(
    bounds: dict[str, float],
    verdict: str,
    code: int,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/accuracy", **bounds}))
    assert the_check(decision).verdict == verdict
    assert (decision.verdict, exit_code(decision)) == (verdict, code)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "null": ({"value": None, "error": "out of memory", "ci_low": None, "ci_high": None}, "out of memory"),
    "no interval": ({"ci_low": None, "ci_high": None}, "no confidence interval"),
    "no items": ({"n": 0, "value": None, "error": "no items", "ci_low": None, "ci_high": None}, "no items"),
    "narrow coverage": ({"confidence": 0.5}, "covers 50%"),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("bounds", [{"min": 0.1}, {"min": 0.99}, {"max": 0.1}])
def test_what_was_not_measured_is_never_judged(
    fault: str,
    bounds: dict[str, float],
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    changes, reason = BROKEN[fault]
    run = make_run([records["metric"](**changes), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/accuracy", **bounds}))
    assert the_check(decision).verdict == "INCONCLUSIVE"
    assert reason in the_check(decision).reason
    assert exit_code(decision) == 11


@pytest.mark.parametrize("count", [1.0, 40.0, None])
def test_unscored_samples_never_pass_but_still_fail(
    count: float | None,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    run = make_run([records["metric"](), records["unscored"](unscored=count)])
    good = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert good.verdict == "INCONCLUSIVE"
    reason = the_check(good).reason
    assert ("could not be scored" if count else "the number of unscored samples is unknown") in reason
    bad = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.9}))
    assert bad.verdict == "FAIL"


def test_a_task_that_does_not_count_its_unscored_samples_never_passes(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    decision = decide(make_run([records["metric"]()]), make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert decision.verdict == "INCONCLUSIVE"
    assert "boolq/unscored is missing" in the_check(decision).reason


def test_unscored_samples_of_another_task_do_not_matter(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"](), records["unscored"]("mmlu", 5.0)])
    assert decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1})).verdict == "PASS"


def test_a_slice_is_judged_by_its_own_interval(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    bad = records["metric"](slice={"topic": "history"}, primary=False, value=0.2, ci_low=0.1, ci_high=0.3)
    empty = records["metric"](
        slice={"topic": "physics"}, primary=False, value=None, ci_low=None, ci_high=None, n=0, error="no items"
    )
    run = make_run([records["metric"](), bad, empty, records["unscored"]()])
    whole = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.4}))
    part = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.4, "slice": {"topic": "history"}}))
    other = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.4, "slice": {"topic": "physics"}}))
    assert [whole.verdict, part.verdict, other.verdict] == ["PASS", "FAIL", "INCONCLUSIVE"]
    assert the_check(part).metric == "boolq/accuracy [topic=history]"


def test_a_metric_that_json_made_infinite_is_not_judged(
    make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    policy = make_policy({"metric": "boolq/accuracy", "max": 0.9}).policy
    for value in (math.nan, math.inf, -math.inf):
        metric = records["metric"](ci_low=value)
        measured = Measured([metric, records["unscored"]()])
        assert judge_rule(policy.rules[0], metric, measured, policy).verdict == "INCONCLUSIVE"


@pytest.mark.parametrize(
    ("minimum", "wrong", "right", "verdict"),
    [
        (0.8, (0.1, 0.0, 0.2), (0.99, 0.97, 1.0), "INCONCLUSIVE"),  # it failed on the answers that are there
        (0.45, (0.1, 0.0, 0.2), (0.99, 0.97, 1.0), "INCONCLUSIVE"),  # it passed on them
        (0.45, (0.58, 0.48, 0.68), (0.62, 0.52, 0.72), "PASS"),  # whatever the cut ones would have said
        (0.8, (0.58, 0.48, 0.68), (0.62, 0.52, 0.72), "FAIL"),
    ],
)
def test_cut_answers_decide_nothing(
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
    minimum: float,
    wrong: tuple[float, float, float],
    right: tuple[float, float, float],
    verdict: str,
) -> None:
    def metric(name: str, ends: tuple[float, float, float], **fields: Any) -> Any:
        value, low, high = ends
        return records["metric"](f"asdiv/{name}", value=value, ci_low=low, ci_high=high, n=100, **fields)

    run = make_run(
        [
            metric("exact_match", (0.6, 0.5, 0.7)),
            metric("exact_match_if_cut_wrong", wrong),
            metric("exact_match_if_cut_right", right),
            records["metric"]("asdiv/truncated_outputs", value=5.0, n=100, unit="count", ci_low=None, ci_high=None),
            records["unscored"]("asdiv"),
        ]
    )
    check = the_check(decide(run, make_policy({"metric": "asdiv/exact_match", "min": minimum})))
    assert check.verdict == verdict
    assert "5 of 100 answers cut by the token limit" in check.reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"value": 1.5, "ci_high": 1.6}, "not a possible value for a share, 0 to 1: 1.5, 0.5 to 1.6"),
        ({"ci_low": 1.1, "ci_high": 1.2}, "not a possible value for a share, 0 to 1: 0.6, 1.1 to 1.2"),
        ({"n": 0}, "the value is based on no items"),
        ({"ci_low": None}, "no confidence interval"),
        ({"ci_low": None, "no_interval": "one cluster"}, "no confidence interval: one cluster"),
        ({"ci_low": math.inf}, "not a usable interval: inf to 0.7"),
        ({"unit": "count", "ci_low": None, "ci_high": None, "n": 0}, "not a usable count: it covers no samples"),
    ],
)
def test_what_cannot_be_judged_says_why(fields: dict[str, Any], reason: str, records: Records) -> None:
    metric = records["metric"](**fields)
    made = judge_rule(RULE, metric, Measured([metric, records["unscored"]()]), Policy(rules=[RULE]))
    assert (made.verdict, made.reason) == ("INCONCLUSIVE", reason)


@pytest.mark.parametrize(("limit", "verdict"), [(0.1, "PASS"), (0.9, "FAIL"), (0.6, "INCONCLUSIVE")])
def test_a_check_quotes_the_metric(limit: float, verdict: str, records: Records) -> None:
    metric = records["metric"](higher_is_better=True)
    rule = Rule(metric="boolq/accuracy", min=limit)
    measured = Measured([metric, records["unscored"]()])
    for confidence, expected in ((0.95, verdict), (0.99, "INCONCLUSIVE")):
        made = judge_rule(rule, metric, measured, Policy(rules=[rule], confidence=confidence), lambda *_: "ask more")
        assert (made.metric, made.rule, made.verdict) == ("boolq/accuracy", f"min {limit}", expected)
        assert (made.value, made.ci_low, made.ci_high) == (0.6, 0.5, 0.7)
        assert (made.unit, made.higher_is_better) == ("share", True)
    reasons = {
        "PASS": "0.500 to 0.700 satisfies the rule",
        "FAIL": "0.500 to 0.700 violates the rule",
        "INCONCLUSIVE": "0.500 to 0.700 spans the limit: ask more",
    }
    assert judge_rule(rule, metric, measured, Policy(rules=[rule]), lambda *_: "ask more").reason == reasons[verdict]
    absent = check(rule, None, "INCONCLUSIVE", "no data")
    assert (absent.value, absent.ci_low, absent.ci_high, absent.unit) == (None, None, None, None)


def test_where_cut_answers_leave_it_open_more_items_do_not_help(records: Records) -> None:
    metric = records["metric"]("t/m", value=0.6, ci_low=0.55, ci_high=0.65)
    bounds = [
        records["metric"](f"t/m_if_cut_{end}", value=value, ci_low=value - 0.05, ci_high=value + 0.05)
        for end, value in (("wrong", 0.4), ("right", 0.8))
    ]
    cut = records["metric"]("t/truncated_outputs", value=9.0, unit="count", ci_low=None, ci_high=None)
    rule = Rule(metric="t/m", min=0.5)
    made = judge_rule(rule, metric, Measured([metric, *bounds, cut, records["unscored"]("t")]), Policy(rules=[rule]))
    assert made.reason.startswith("0.350 to 0.850 spans the limit (9 of 100 answers cut by the token limit")
    assert made.reason.endswith("). Raise the token limit to decide it")


@pytest.mark.parametrize(
    ("fields", "rule", "verdict"),
    [
        ({"value": 0.0}, {"max": 1}, "PASS"),  # nothing of a kind was seen, among samples
        ({"value": 0.0, "n": 1}, {"max": 1}, "PASS"),
        ({"value": math.inf}, {"max": 1}, "INCONCLUSIVE"),
        ({"value": 5.0}, {"max": 4}, "FAIL"),
        ({"value": 0.0, "error": "lost"}, {"max": 1}, "INCONCLUSIVE"),
    ],
)
def test_counts_of_what_was_seen(fields: dict[str, Any], rule: dict[str, Any], verdict: str, records: Records) -> None:
    bare = {"unit": "count", "ci_low": None, "ci_high": None}
    metric = records["metric"]("t/count", **{**bare, **fields})
    asked = Rule(metric="t/count", **rule)
    assert (
        judge_rule(asked, metric, Measured([metric, records["unscored"]("t")]), Policy(rules=[asked])).verdict
        == verdict
    )


def test_scored_items_without_a_value_add_to_the_unscored(records: Records) -> None:
    """One of 100 has no score and two have one that the metric left out: three in all, above a tolerance of 2 %."""
    metric = records["metric"](n=97, missing=2, definition={"name": "mean"})
    rule = Rule(metric="boolq/accuracy", min=0.1)
    measured = Measured([metric, records["unscored"](unscored=1.0)])
    verdicts = [judge_rule(rule, metric, measured, Policy(rules=[rule], max_unscored=t)).verdict for t in (0.02, 0.03)]
    assert verdicts == ["INCONCLUSIVE", "PASS"]


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"definition": None}, "PASS"),
        ({"definition": {"name": "count", "flags": ["refusal"]}}, "PASS"),
        ({"definition": {"name": "mean"}}, "INCONCLUSIVE"),
        ({"definition": {"name": "mean"}, "no_interval": "all 4 items are in one cluster"}, "INCONCLUSIVE"),
        ({"definition": None, "no_interval": "all 4 items are in one cluster"}, "INCONCLUSIVE"),
    ],
)
def test_a_mean_of_numbers_of_things_is_no_count(fields: dict[str, Any], verdict: str, records: Records) -> None:
    """Only what the definition counts is known without an interval, whatever the unit is."""
    given = {"value": 3.0, "unit": "count", "ci_low": None, "ci_high": None, **fields}
    metric = records["metric"]("t/slurs", **given)
    measured = Measured([metric, records["unscored"]("t")])
    found = judge_rule(Rule(metric="t/slurs", max=4), metric, measured, Policy(rules=[RULE]))
    assert found.verdict == verdict
