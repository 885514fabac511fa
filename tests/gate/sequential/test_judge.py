"""Rules on tasks that were looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import SequentialCheck
from tests.gate.rules.conftest import last, samples
from tests.gate.sequential.conftest import in_clusters, in_units, looks, money_above, shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

    Make = Callable[..., RunFolder]
    Judge = Callable[..., Decision]

FLOOR = {"metric": "boolq/accuracy", "min": 0.6}
NO_WORSE = {"metric": "boolq/accuracy", "no_worse_than_baseline": {"margin": 0.05}}
OTHER = {"metric": "asdiv/accuracy", "no_worse_than_baseline": {"margin": 0.05}}


@pytest.mark.parametrize("right", [54, 70, 74, 76, 78, 80])
def test_a_floor_is_judged_by_the_money_that_betting_makes(make: Make, judge: Judge, right: int) -> None:
    values = shares(right, 100)
    found = last(judge(make("run", samples(values), looks=looks(100, 500)), None, FLOOR))
    known = [value for value in values if value is not None]
    error = 0.025 * 0.1
    passes, fails = (money_above(*bet) >= 1 / error for bet in ((known, 0.6, 0), ([1 - x for x in known], 0.4, 0)))
    assert found.verdict == ("PASS" if passes else "FAIL" if fails else "INCONCLUSIVE")
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.ci_low < right / 100 < found.ci_high
    assert (found.ci_low >= 0.6) == passes
    assert found.reason.count("99.5 %") == 1  # 1 − 0.05 / 10
    assert "(99.5 % coverage at all looks together, 100 items)" in found.reason


def test_both_verdicts_occur_where_the_fixed_interval_is_clear(make: Make, judge: Judge) -> None:
    values = samples(shares(72, 100))
    assert last(judge(make("fixed", values), None, FLOOR)).verdict == "PASS"
    assert last(judge(make("looked", values, looks=looks(100, 500)), None, FLOOR)).verdict == "INCONCLUSIVE"
    assert last(judge(make("bad", samples(shares(20, 100)), looks=looks(100, 500)), None, FLOOR)).verdict == "FAIL"


@pytest.mark.slow
def test_an_open_rule_says_how_many_items_would_decide_it_and_how_to_go_on(make: Make, judge: Judge) -> None:
    values = samples(shares(72, 100))
    policy = judge(make("first", values), None, FLOOR).policy_sha256
    run = make("run", values, looks=looks(100, 500, policy_sha256=policy))
    found = last(judge(run, None, FLOOR))
    assert found.sequential is not None
    assert found.sequential.items == 100
    needed = found.sequential.needed
    assert needed is not None
    assert f"about {needed:,} items would decide it" in found.reason
    assert "audit run --until-decided" in found.reason
    assert f"--resume {run.path}" in found.reason
    more = [value or 0.0 for value in shares(72 * 4, 400)]  # the same share of more items
    count = next(n for n in range(100, 400) if money_above(more[:n], 0.6, 0) >= 400)
    assert abs(needed - count) <= 8


@pytest.mark.parametrize("fields", [{"decided": True}, {"policy_sha256": "0" * 64}, {"baseline": "another"}])
def test_a_run_that_does_not_go_on_under_its_policy_is_extended(
    make: Make, judge: Judge, fields: dict[str, Any]
) -> None:
    values = samples(shares(72, 100))
    policy = judge(make("first", values), None, FLOOR).policy_sha256
    found = last(judge(make("run", values, looks=looks(100, 500, **{"policy_sha256": policy, **fields})), None, FLOOR))
    assert found.verdict == "INCONCLUSIVE"
    assert "--until-decided" not in found.reason
    assert found.sequential is not None
    assert found.reason.endswith(f"/runs/20260131T120000Z-run-0a1b2c --limit {found.sequential.needed}")


def test_all_items_are_judged_by_the_fixed_interval_with_the_rest_of_the_error(make: Make, judge: Judge) -> None:
    values = samples(shares(72, 100))
    alone = last(judge(make("fixed", values), None, FLOOR))
    found = last(judge(make("looked", values, looks=looks(100, 100)), None, FLOOR))
    assert (found.verdict, found.sequential) == ("PASS", SequentialCheck(confidence=0.955, last=True, tests=1))
    assert found.ci_low is not None
    assert alone.ci_low is not None
    assert found.ci_low < alone.ci_low
    assert found.confidence is None
    beyond = last(judge(make("more", values, looks=looks(100, 50)), None, FLOOR))  # not the number that was fixed
    assert (beyond.verdict, beyond.ci_low) != ("PASS", found.ci_low)


@pytest.mark.slow
def test_items_without_a_score_count_at_their_worst(make: Make, judge: Judge) -> None:
    values = shares(85, 100)
    whole = last(judge(make("whole", samples(values), looks=looks(100, 500)), None, FLOOR))
    values[:4] = [None] * 4
    run = make("gaps", samples(values), looks=looks(100, 500))
    assert whole.verdict == "PASS"
    assert "4 of 100 samples could not be scored" in last(judge(run, None, FLOOR)).reason
    tolerated = last(judge(run, None, FLOOR, max_unscored=0.05))
    known = [0.0 if value is None else value for value in values]
    assert (tolerated.verdict == "PASS") == (money_above(known, 0.6, 0) >= 400)
    assert tolerated.verdict == "PASS"
    assert last(judge(run, None, {**FLOOR, "min": 0.7}, max_unscored=0.05)).verdict == "INCONCLUSIVE"


def test_cut_answers_count_at_their_worst(make: Make, judge: Judge) -> None:
    values = shares(85, 100)
    cut = [place for place, value in enumerate(values) if value][:12]
    found = last(judge(make("cut", samples(values, cut=cut), looks=looks(100, 500)), None, FLOOR))
    known = [0.0 if place in cut else value or 0.0 for place, value in enumerate(values)]
    assert money_above(known, 0.6, 0) < 400 < money_above([value or 0.0 for value in values], 0.6, 0)
    assert found.verdict == "INCONCLUSIVE"


@pytest.mark.parametrize(("n", "verdict"), [(100, "INCONCLUSIVE"), (200, "PASS")])
def test_a_rule_on_the_baseline_is_judged_on_the_items_so_far(make: Make, judge: Judge, n: int, verdict: str) -> None:
    values = shares(180, 300)
    base = make("base", samples(values))
    run = make("run", samples(values[:n]), looks=looks(n, 300))
    found = last(judge(run, base, NO_WORSE))
    assert (money_above([0.0] * n, -0.05, -1) >= 400) == (verdict == "PASS")
    assert found.verdict == verdict
    assert found.baseline is not None
    one = found.baseline.difference
    assert (one.n, one.aligned, one.difference, one.ci_method) == (n, 1.0, 0.0, "betting")
    assert one.ci_low is not None
    assert (one.ci_low > -0.05) == (verdict == "PASS")
    assert found.reason.count("99.5 %") == 1
    assert found.reason.startswith("difference 0.000 (99.5 % interval ")
    assert f" at all looks together, {n} items)" in found.reason


@pytest.mark.slow
def test_a_loss_counts_against_all_rules_on_the_baseline(make: Make, judge: Judge) -> None:
    base = {task: samples([1.0] * 100, task) for task in ("boolq", "asdiv")}
    values = [0.0 if place % 5 < 2 else 1.0 for place in range(40)]
    lost = {task: samples(values, task) for task in base}
    run = make("run", lost, looks=looks(40, 100, "boolq", "asdiv"))
    before = make("base", base)
    money = money_above([1 - value for value in values], 0.05, -1)
    assert last(judge(run, before, NO_WORSE)).verdict == ("FAIL" if money >= 400 else "INCONCLUSIVE")
    assert last(judge(run, before, NO_WORSE, OTHER)).sequential.tests == 2  # type: ignore[union-attr]
    assert last(judge(run, before, NO_WORSE, {**OTHER, "severity": "warn"})).sequential.tests == 1  # type: ignore[union-attr]


def test_a_task_that_was_not_looked_at_has_its_part_of_the_error(make: Make, judge: Judge) -> None:
    given = {task: samples(shares(60, 100), task) for task in ("boolq", "asdiv")}
    run, base = make("run", given, looks=looks(100, 500)), make("base", given)
    found = last(judge(run, base, NO_WORSE, OTHER))
    assert found.sequential == SequentialCheck(confidence=0.95, last=True, tests=2)


def test_a_baseline_that_was_looked_at_makes_no_fixed_size(make: Make, judge: Judge) -> None:
    values = samples(shares(60, 100))
    found = last(judge(make("run", values), make("base", values, looks=looks(100, 500)), NO_WORSE))
    assert (found.verdict, found.sequential.last) == ("INCONCLUSIVE", False)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rule", "verdict", "words"),
    [
        ({"metric": "boolq/truncated_outputs", "max": 1}, "FAIL", "2 of 100 items so far violates"),
        ({"metric": "boolq/truncated_outputs", "max": 5}, "INCONCLUSIVE", "the count may still grow"),
        ({"metric": "boolq/truncated_outputs", "min": 1}, "PASS", "2 of 100 items so far satisfies"),
        ({"metric": "boolq/accuracy", "max_truncated": 0.3}, "PASS", "satisfies"),
        ({"metric": "boolq/accuracy", "max_truncated": 0.021}, "INCONCLUSIVE", "spans the limit"),
        ({"metric": "boolq/accuracy", "max_gap": {"slice": "half", "value": 0.3}}, "INCONCLUSIVE", "a gap is no mean"),
    ],
)
def test_counts_grow_and_gaps_wait(make: Make, judge: Judge, rule: dict[str, Any], verdict: str, words: str) -> None:
    run = make("run", samples(shares(60, 100), cut=[3, 70]), looks=looks(100, 500))
    found = last(judge(run, None, rule))
    assert found.verdict == verdict
    assert words in found.reason


def test_clusters_drawn_item_by_item_wait_for_all_items(make: Make, judge: Judge) -> None:
    values = samples(shares(95, 100))
    clustered = [one.model_copy(update={"cluster": str(place // 4)}) for place, one in enumerate(values)]
    found = last(judge(make("run", clustered, looks=looks(100, 500)), None, FLOOR))
    assert found.verdict == "INCONCLUSIVE"
    assert found.reason.startswith(
        "its items are in clusters, which are drawn one by one: it is decided when all items"
    )


SIZES = [1, 1, 4, 2]


@pytest.mark.parametrize("right", [172, 176, 180, 184])
def test_whole_clusters_are_judged_by_the_money_of_their_sums(make: Make, judge: Judge, right: int) -> None:
    values = shares(right, 200)
    run = make("run", in_clusters(samples(values), SIZES), looks=looks(200, 500, largest=5))
    found = last(judge(run, None, FLOOR))
    known = in_units([value or 0.0 for value in values], SIZES, 0.6, 5)
    assert len(known) == 100
    passes = money_above(known, 0.6, 0) >= 400
    assert found.verdict == ("PASS" if passes else "INCONCLUSIVE")
    assert found.sequential is not None
    assert (found.sequential.items, found.sequential.last) == (200, False)
    alone = last(judge(make("items", samples(values), looks=looks(200, 500)), None, FLOOR))
    assert None not in (found.ci_low, alone.ci_low)
    assert found.ci_low < alone.ci_low  # type: ignore[operator]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "verdict"), [(200, "INCONCLUSIVE"), (504, "PASS")])
def test_a_rule_on_the_baseline_is_judged_on_the_clusters_so_far(
    make: Make, judge: Judge, n: int, verdict: str
) -> None:
    values = in_clusters(samples(shares(300, 600)), SIZES)
    base, run = make("base", values), make("run", values[:n], looks=looks(n, 600, largest=5))
    found = last(judge(run, base, {**NO_WORSE, "no_worse_than_baseline": {"margin": 0.1}}))
    money = money_above(in_units([0.0] * n, SIZES, -0.1, 5), -0.1, -1)
    assert found.verdict == verdict == ("PASS" if money >= 400 else "INCONCLUSIVE")
    assert found.baseline is not None
    assert (found.baseline.difference.n, found.baseline.difference.units) == (n, n // 2)


def test_all_clusters_are_judged_by_the_clustered_interval_with_the_rest_of_the_error(make: Make, judge: Judge) -> None:
    values = in_clusters(samples(shares(72, 100)), SIZES)
    rule = {**FLOOR, "min": 0.71}
    fixed = last(judge(make("fixed", values, metric={"confidence": 0.955}), None, rule))
    found = last(judge(make("run", values, looks=looks(100, 100, largest=5)), None, rule))
    assert found.sequential == SequentialCheck(confidence=0.955, last=True, tests=1)
    assert (found.ci_low, found.ci_high) == (fixed.ci_low, fixed.ci_high)


@pytest.mark.parametrize("looked", [True, False])
def test_a_share_of_a_value_that_was_looked_at_rests_on_an_interval_that_holds_at_all_looks(
    make: Make, judge: Judge, looked: bool
) -> None:
    values = shares(180, 300)
    base = make("base", samples(values), looks=looks(300, 500) if looked else None)
    run = make("run", samples(values[:200]), looks=looks(200, 300))
    relative = {"metric": "boolq/accuracy", "no_worse_than_baseline": {"relative": 0.1}}
    found = last(judge(run, base, relative)).baseline
    assert found is not None
    assert found.baseline_low is not None
    assert found.baseline_high is not None
    known = [value or 0.0 for value in values]
    rejected = 2 / (0.05 / 2 * 0.1)  # one half of the early error, on two sides
    low = money_above(known, found.baseline_low, 0)
    high = money_above([1 - value for value in known], 1 - found.baseline_high, 0)
    assert (low == pytest.approx(rejected, rel=1e-3)) == looked
    assert (high == pytest.approx(rejected, rel=1e-3)) == looked
    assert low < rejected * 1.001  # the interval of a fixed size is narrower
