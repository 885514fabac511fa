"""Rules on a baseline: the interval of the paired difference against the margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.stats.interval import wilson
from audit.stats.pairing.tango import tango
from tests.gate.rules.conftest import last, samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

BEFORE = [1.0] * 120 + [0.0] * 80
"""Scores of the baseline."""
LOSS = [0.0] * 30 + [1.0] * 90 + [1.0] * 6 + [0.0] * 74
"""6 items became better, 30 worse."""
LOW, HIGH = tango(6, 30, 200).low, tango(6, 30, 200).high
"""Interval of the difference: the function has its own tests, against published values."""
ACCURACY = {"metric": "boolq/accuracy"}


def within(margin: float) -> dict[str, Any]:
    return {**ACCURACY, "no_worse_than_baseline": {"margin": margin}}


def test_the_interval_decides(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    runs = make("b", samples(LOSS)), make("a", samples(BEFORE))
    for margin, verdict in (
        (-LOW + 0.001, "PASS"),
        (-LOW - 0.001, "INCONCLUSIVE"),
        (-HIGH + 0.001, "INCONCLUSIVE"),
        (-HIGH - 0.001, "FAIL"),
    ):
        decision = judge(*runs, within(margin))
        check = last(decision)
        assert (decision.verdict, check.verdict, check.margin) == (verdict, verdict, margin)
        assert check.baseline is not None
        found = check.baseline.difference
        assert found.difference == pytest.approx(-0.12)
        assert (found.ci_low, found.ci_high) == pytest.approx((LOW, HIGH))
        assert (found.aligned, found.n, check.value) == (1.0, 200, 96 / 200)


@pytest.mark.slow
def test_lower_is_better_turns_the_interval(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    runs = [
        make(name, samples(scores), metric={"higher_is_better": False}) for name, scores in (("b", LOSS), ("a", BEFORE))
    ]
    assert last(judge(*runs, {**ACCURACY, "better_than_baseline": True})).verdict == "PASS"
    assert last(judge(*reversed(runs), {**ACCURACY, "better_than_baseline": True})).verdict == "FAIL"
    assert last(judge(*reversed(runs), within(-LOW + 0.001))).verdict == "PASS"
    assert last(judge(*reversed(runs), within(-HIGH - 0.001))).verdict == "FAIL"


def test_confidence_is_the_rules(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    runs = make("b", samples(LOSS)), make("a", samples(BEFORE))
    check = last(judge(*runs, {**within(0.2), "confidence": 0.999}))
    assert check.baseline is not None
    wide = tango(6, 30, 200, 0.999)
    assert (check.baseline.difference.ci_low, check.baseline.difference.ci_high) == pytest.approx((wide.low, wide.high))
    assert (check.verdict, check.confidence) == ("INCONCLUSIVE", 0.999)
    assert last(judge(*runs, within(0.2), confidence=0.999)).verdict == "INCONCLUSIVE"
    assert last(judge(*runs, within(0.2))).verdict == "PASS"


@pytest.mark.parametrize(("side", "verdict"), [(-0.01, "INCONCLUSIVE"), (0.01, "PASS")])
def test_a_relative_margin_counts_the_uncertainty_of_the_baseline(
    side: float, verdict: str, make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    difference, own = tango(6, 30, 200, 0.975), wilson(120, 200, 0.975)
    relative = -difference.low / own.low + side  # the share at which d_low + share · b_low is 0
    rule = {**ACCURACY, "no_worse_than_baseline": {"relative": relative}}
    check = last(judge(make("b", samples(LOSS)), make("a", samples(BEFORE)), rule))
    assert (check.verdict, check.relative) == (verdict, relative)
    assert check.baseline is not None
    assert (check.baseline.baseline_low, check.baseline.baseline_high) == pytest.approx((own.low, own.high))
    assert check.baseline.difference.confidence == 0.975


@pytest.mark.slow
def test_items_without_a_value_count_as_lost(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    """Three of 200 items lost on the candidate's side: with them the difference is (197 d - 3) / 200."""
    base = make("a", samples(BEFORE))
    lost = make("b", samples([*BEFORE[:-3], None, None, None]))
    low = tango(0, 0, 197).low
    worst = -(197 * low - 3) / 200
    blocked = last(judge(lost, base, within(0.1)))
    assert (blocked.verdict, "3 of 200 samples could not be scored" in blocked.reason) == ("INCONCLUSIVE", True)
    assert last(judge(lost, base, within(worst + 0.001), max_unscored=0.02)).verdict == "PASS"
    open_ = last(judge(lost, base, within(worst - 0.001), max_unscored=0.02))
    assert (open_.verdict, -low < worst - 0.001) == ("INCONCLUSIVE", True)
    assert "at their worst (3 without a value in the candidate)" in open_.reason
    assert last(judge(base, lost, within(worst + 0.001))).verdict == "PASS"
    assert last(judge(base, lost, within(worst - 0.001))).verdict == "INCONCLUSIVE"


def test_too_few_common_items_never_pass(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    base, fewer = make("a", samples(BEFORE)), make("b", samples(BEFORE[:180]))
    check = last(judge(fewer, base, within(0.9)))
    assert check.verdict == "INCONCLUSIVE"
    assert "only 90 % of the items are scored in both runs: 20 not in the candidate" in check.reason
    assert last(judge(fewer, base, within(0.9), min_aligned=0.9)).verdict == "PASS"


def test_what_differs_is_tolerated_by_the_policy_alone(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    other = [one.model_copy(update={"prompt_sha256": "f" * 64}) for one in samples(BEFORE)]
    runs = make("b", other), make("a", samples(BEFORE))
    decision = judge(*runs, within(0.5))
    assert last(decision).verdict == "INCONCLUSIVE"
    assert "prompts: 200 of 200 (compare all the same: across: [prompts] in the policy)" in last(decision).reason
    allowed = judge(*runs, within(0.5), across=["prompts"])
    assert (last(allowed).verdict, allowed.across, allowed.mismatches[0].kind) == ("PASS", ["prompts"], "prompts")


def test_cut_answers_are_neither_right_nor_wrong(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    base, cut = make("a", samples(BEFORE)), make("b", samples(BEFORE, cut=[0, 1, 199, 198]))
    reach = -tango(0, 0, 200).low
    assert last(judge(cut, base, within(reach + 4 / 200 + 0.001))).verdict == "PASS"
    check = last(judge(cut, base, within(reach + 4 / 200 - 0.001)))
    assert (check.verdict, check.reason.endswith("Raise the token limit to decide it")) == ("INCONCLUSIVE", True)
    assert last(judge(base, cut, within(reach + 4 / 200 - 0.001))).verdict == "INCONCLUSIVE"


def test_what_one_run_lacks_is_open(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    both = {"boolq": samples(BEFORE), "asdiv": samples(BEFORE, "asdiv")}
    whole, part = make("a", both), make("b", samples(BEFORE))
    rule = {"metric": "*/accuracy", "no_worse_than_baseline": {"margin": 0.3}}
    lacks = judge(part, whole, rule)
    assert [(one.metric, one.verdict) for one in lacks.checks[1:]] == [
        ("asdiv/accuracy", "INCONCLUSIVE"), ("boolq/accuracy", "PASS"),
    ]  # fmt: skip
    assert lacks.verdict == "INCONCLUSIVE"
    more = judge(whole, part, rule)
    assert [(one.verdict, one.reason) for one in more.checks[1:2]] == [
        ("INCONCLUSIVE", "the baseline has no such metric")
    ]


@pytest.mark.slow
def test_a_rule_on_a_baseline_needs_one_and_a_direction(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run, base = make("b", samples(BEFORE)), make("a", samples(BEFORE))
    with pytest.raises(ConfigError, match=r"1 rule compares with a baseline \(boolq/accuracy: no worse .*--baseline"):
        judge(run, None, within(0.1))
    with pytest.raises(ConfigError, match="the baseline is the judged run itself"):
        judge(run, run, within(0.1))
    sides = [make(name, samples(BEFORE), metric={"higher_is_better": None}) for name in "cd"]
    with pytest.raises(ConfigError, match="boolq/accuracy has no better direction"):
        judge(*sides, within(0.1))
    with pytest.raises(ConfigError, match=r"margin 2 can never fail: .*did you mean 0.02"):
        judge(run, base, within(2))


def test_deciding_again_gives_the_same_bytes(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    runs = make("b", samples(LOSS)), make("a", samples(BEFORE))
    first, second = (
        judge(*runs, within(0.1), {**ACCURACY, "max_gap": {"slice": "half", "value": 0.5}}) for _ in range(2)
    )
    assert first.model_dump_json() == second.model_dump_json()
    assert first.baseline is not None
    assert first.baseline.run_id == runs[1].run_id


def test_a_share_of_an_unknown_value_is_no_margin(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """The baseline has 0.5 in every item, so that its value has no interval; a loss of 0.001 is far from 20 % of it."""
    after = [0.5 - 0.0001 * (place % 21) for place in range(100)]
    rule = {**ACCURACY, "no_worse_than_baseline": {"relative": 0.2}}
    check = last(judge(make("b", samples(after)), make("a", samples([0.5] * 100)), rule))
    assert check.verdict == "INCONCLUSIVE"
    assert check.reason == "no interval of the baseline's value or the difference"


def test_cut_answers_of_a_slice_count_without_bounds_of_the_slice(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    """All answers of one half were cut: nobody knows what they would have said."""
    pair = make("b", samples([1.0] * 100, cut=range(0, 100, 2))), make("a", samples([1.0] * 100))
    for rule in ({"no_worse_than_baseline": {"margin": 0.5}}, {"min": 0.5}):
        found = [last(judge(*pair, {**ACCURACY, "slice": {"half": half}, **rule})).verdict for half in "ab"]
        assert found[0] == "INCONCLUSIVE"
    gap = {**ACCURACY, "max_gap": {"slice": "half", "value": 0.5}}
    assert last(judge(pair[0], None, gap)).verdict == "INCONCLUSIVE"


def test_nothing_passes_against_a_broken_baseline(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    base = make("a", samples([0.0] * 100), status="failed", broken="it computes NaN")
    check = last(judge(make("b", samples([1.0] * 100)), base, {**ACCURACY, "better_than_baseline": True}))
    assert (check.verdict, check.baseline) == ("INCONCLUSIVE", None)
    assert check.reason == "the checkpoint of the baseline is broken: it computes NaN"
