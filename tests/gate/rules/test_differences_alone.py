"""The gain over what a rule on a baseline asks for, by arithmetic; and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import BaselineComparison, Metric, MetricDifference
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.rules.differences import Gain, coverage, gain_of, judge_difference, shown, unpaired

BETTER = Rule(metric="t/a", better_than_baseline=True)


def within(**loss: float) -> Rule:
    return Rule.model_validate({"metric": "t/a", "no_worse_than_baseline": loss})


def comparison(*, cut: int = 0, own: tuple[float | None, float | None] = (None, None), **fields: Any) -> Any:
    """A difference of +0.02 with the interval -0.05 to 0.08, of 100 items."""
    given: dict[str, Any] = {
        "name": "t/a", "suite": "evals", "task": "t", "unit": "share", "higher_is_better": True, "n": 100,
        "aligned": 1.0, "units": 100, "difference": 0.02, "baseline": 0.5, "candidate": 0.52, "ci_low": -0.05,
        "ci_high": 0.08, "ci_method": "tango", "confidence": 0.95, **fields,
    }  # fmt: skip
    difference = MetricDifference(**given)
    return BaselineComparison(
        confidence=0.95, difference=difference, baseline_low=own[0], baseline_high=own[1], cut=cut
    )


def gain(rule: Rule, found: BaselineComparison, **more: Any) -> tuple[float, float, float] | None:
    made = gain_of(rule, found, **more)
    return made and (made.low, made.value, made.high)


def judged(
    rule: Rule, found: BaselineComparison, *, lost: float | None = 0.0, samples: int = 100, tolerance: float = 0.0,
    **metric: Any,
) -> tuple[str, str]:  # fmt: skip
    """Verdict and reason, with so many unscored samples of the task."""
    given: dict[str, Any] = {"definition": {"name": "mean"}, "n": 100, "unit": found.difference.unit, **metric}
    mine = Metric(name="t/a", suite="evals", task="t", metric="a", value=0.52, **given)
    count = Metric(name="t/unscored", suite="evals", task="t", metric="unscored", value=lost, n=samples, unit="count")
    return judge_difference(rule, mine, found, Measured([mine, count]), tolerance, lambda *_: "!")


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((1e-9, 1.0), "PASS"), ((0.0, 1.0), "INCONCLUSIVE"), ((-1.0, 1.0), "INCONCLUSIVE"),
        ((-1.0, 0.0), "INCONCLUSIVE"), ((-1.0, -1e-9), "FAIL"), ((0.0, 0.0), "INCONCLUSIVE"),
    ],
)  # fmt: skip
def test_a_gain_of_0_decides_nothing(ends: tuple[float, float], verdict: str) -> None:
    assert Gain(ends[0], sum(ends) / 2, ends[1]).verdict == verdict


@pytest.mark.parametrize(
    ("rule", "fields", "expected"),
    [
        (BETTER, {}, (-0.05, 0.02, 0.08)),
        (BETTER, {"higher_is_better": False}, (-0.08, -0.02, 0.05)),
        (within(margin=0.1), {}, (0.05, 0.12, 0.18)),
        (within(margin=0.1), {"higher_is_better": False}, (0.02, 0.08, 0.15)),
        (within(margin=0.1), {"own": (0.4, 0.7)}, (0.05, 0.12, 0.18)),
        (within(relative=0.1), {"own": (0.4, 0.7)}, (-0.05 + 0.04, 0.02 + 0.05, 0.08 + 0.07)),
        (within(relative=0.1), {"own": (0.4, 0.7), "higher_is_better": False}, (-0.04, 0.03, 0.12)),
        (within(relative=0.1), {"own": (0.0, 0.3)}, (-0.05, 0.02 + 0.05, 0.08 + 0.03)),
        (within(relative=0.1), {"own": (0.4, 0.7), "baseline": 0.0}, (-0.01, 0.02, 0.15)),
        # Three cut answers of 100 may each have moved the difference by all of the range.
        (BETTER, {"cut": 3}, (-0.05 - 0.03, 0.02, 0.08 + 0.03)),
        (BETTER, {"cut": 3, "unit": "percent"}, (-0.05 - 3, 0.02, 0.08 + 3)),
        (BETTER, {"cut": 3, "unit": "correlation"}, (-0.05 - 0.06, 0.02, 0.08 + 0.06)),
        (within(relative=0.1), {"cut": 3, "own": (0.4, 0.7)}, (-0.08 + 0.037, 0.07, 0.11 + 0.073)),
        (within(relative=0.1), {"cut": 3, "own": (0.02, 0.99)}, (-0.08, 0.07, 0.11 + 0.1)),
        (
            within(relative=0.1), {"cut": 3, "own": (40, 70), "unit": "percent", "baseline": 50},
            (-0.05 - 3 + 3.7, 5.02, 0.08 + 3 + 7.3),
        ),
        (BETTER, {"cut": 3, "unit": "score"}, None),
        (BETTER, {"ci_low": None}, None),
        (BETTER, {"ci_high": None}, None),
        (BETTER, {"difference": None}, None),
        (within(relative=0.1), {}, None),
        (within(relative=0.1), {"own": (0.4, None)}, None),
        (within(relative=0.1), {"own": (None, 0.7)}, None),
    ],
)  # fmt: skip
def test_the_gain_is_the_difference_in_the_good_direction_and_the_margin(
    rule: Rule, fields: dict[str, Any], expected: tuple[float, float, float] | None
) -> None:
    found = gain(rule, comparison(**fields))
    assert found == (expected and pytest.approx(expected))


def test_cut_answers_can_be_left_out() -> None:
    plain = (-0.05, 0.02, 0.08)
    assert gain(BETTER, comparison(cut=3), cut=False) == pytest.approx(plain)
    assert gain(BETTER, comparison(cut=3, unit="score"), cut=False) == pytest.approx(plain)
    relative = gain(within(relative=0.1), comparison(cut=3, own=(0.4, 0.7)), cut=False)
    assert relative == pytest.approx((-0.01, 0.07, 0.15))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "difference +0.020 (95 % interval −0.050 to 0.080)"),
        ({"difference": -0.02}, "difference −0.020 (95 % interval −0.050 to 0.080)"),
        ({"difference": 0.0}, "difference 0.000 (95 % interval −0.050 to 0.080)"),
        ({"confidence": 0.975}, "difference +0.020 (97.5 % interval −0.050 to 0.080)"),
        (
            {"own": (0.4, 0.7)},
            "difference +0.020 (95 % interval −0.050 to 0.080), baseline 0.500 (0.400 to 0.700)",
        ),
        ({"unit": "percent", "difference": 2.0, "ci_low": -5.0, "ci_high": 8.0},
         "difference +2.0 (95 % interval −5.0 to 8.0)"),
    ],
)  # fmt: skip
def test_the_comparison_in_words(fields: dict[str, Any], text: str) -> None:
    assert shown(comparison(**fields)) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.95, "95 %"), (0.975, "97.5 %"), (0.9875, "98.75 %"), (0.999875, "99.99 %"), (0.9, "90 %")]
)
def test_coverage_has_four_digits(share: float, text: str) -> None:
    assert coverage(share) == text


def test_items_that_are_in_one_run_alone() -> None:
    assert [unpaired(comparison(n=n, aligned=share).difference) for n, share in ((90, 0.9), (3, 1 / 3), (5, 1.0))] == [
        10, 6, 0,
    ]  # fmt: skip
    assert unpaired(comparison(n=0, aligned=0.0).difference) == 0


@pytest.mark.parametrize(
    ("rule", "ends", "verdict", "place"),
    [
        (BETTER, (0.01, 0.03), "PASS", "is an improvement"),
        (BETTER, (-0.03, -0.01), "FAIL", "is no improvement"),
        (BETTER, (-0.01, 0.01), "INCONCLUSIVE", "spans 0: !"),
        (within(margin=0.1), (-0.09, 0.03), "PASS", "clears the margin"),
        (within(margin=0.1), (-0.3, -0.11), "FAIL", "lies beyond the margin"),
        (within(margin=0.1), (-0.11, 0.0), "INCONCLUSIVE", "spans the margin: !"),
    ],
)
def test_where_the_interval_lies_is_said(rule: Rule, ends: tuple[float, float], verdict: str, place: str) -> None:
    found = comparison(difference=sum(ends) / 2, ci_low=ends[0], ci_high=ends[1])
    assert judged(rule, found) == (verdict, f"{shown(found)} {place}")


def test_the_advice_is_on_the_rule_the_metric_and_the_gain() -> None:
    given: list[Any] = []
    found, rule = comparison(), within(margin=0.04)
    metric = Metric(name="t/a", suite="evals", task="t", metric="a", value=0.52, n=100)
    judge_difference(rule, metric, found, Measured([metric]), 0.0, lambda *words: given.append(words) or "!")
    assert given == [(rule, metric, found, gain_of(rule, found))]


@pytest.mark.parametrize(
    ("rule", "fields", "reason"),
    [
        (BETTER, {"error": "other data"}, "not compared with the baseline: other data"),
        (BETTER, {"ci_low": None}, "no interval of the difference"),
        (BETTER, {"ci_low": None, "no_interval": "one cluster"}, "no interval of the difference: one cluster"),
        (within(margin=0.1), {"ci_low": None}, "no interval of the difference"),
        (within(relative=0.1), {}, "no interval of the baseline's value or the difference"),
        (
            BETTER, {"ci_low": None, "identical": True, "n": 1200},
            "every one of 1,200 items gave the same in both runs, which shows no spread: no interval",
        ),
    ],
)  # fmt: skip
def test_what_was_not_compared_is_open(rule: Rule, fields: dict[str, Any], reason: str) -> None:
    assert judged(rule, comparison(**fields)) == ("INCONCLUSIVE", reason)


def test_cut_answers_that_alone_keep_a_rule_open_ask_for_another_limit() -> None:
    """Margin 0.1: the interval clears 0.05 by itself, and with five of 100 cut answers just not."""
    five = comparison(cut=5)
    words = "(5 answers cut by the token limit in either run, at worst and best)"
    assert judged(within(margin=0.1), five) == (
        "INCONCLUSIVE", f"{shown(five)} spans the margin {words}. Raise the token limit to decide it",
    )  # fmt: skip
    assert judged(within(margin=0.101), five) == ("PASS", f"{shown(five)} clears the margin {words}")
    assert judged(within(margin=0.04), five) == ("INCONCLUSIVE", f"{shown(five)} spans the margin {words}: !")
    low = comparison(cut=1, ci_low=-0.3, difference=-0.2, ci_high=-0.12)
    one = "(1 answer cut by the token limit in either run, at worst and best)"
    assert judged(within(margin=0.1), low) == ("FAIL", f"{shown(low)} lies beyond the margin {one}")
    assert "(2 answers cut" in judged(BETTER, comparison(cut=2))[1]
    many = comparison(cut=1200, n=1000)
    assert "(1,200 answers cut" in judged(BETTER, many)[1]


def test_without_the_count_of_unscored_samples_nothing_passes() -> None:
    unknown = "t/unscored is missing, so the number of unscored samples is unknown"
    for given in ({"lost": None}, {"suite": "safety"}):
        found = comparison()
        metric = Metric(name="t/a", suite="evals", task="t", metric="a", value=0.52, n=100)
        count = Metric(
            name="t/unscored", suite=given.get("suite", "evals"), task="t", metric="unscored",
            value=given.get("lost", 0.0), n=100, unit="count",
        )  # fmt: skip
        said = judge_difference(within(margin=0.1), metric, found, Measured([metric, count]), 0.0, lambda *_: "!")
        assert said == ("INCONCLUSIVE", f"{shown(found)} clears the margin, but {unknown}")


@pytest.mark.parametrize(
    ("lost", "samples", "missing", "tolerance", "why"),
    [
        (2, 100, 0, 0.0, "2 of 100 samples could not be scored"),
        (2, 100, 0, 0.019, "2 of 100 samples could not be scored, more than the tolerated share of 0.019"),
        (1, 100, 1, 0.019, "2 of 100 samples could not be scored, more than the tolerated share of 0.019"),
        (1, 0, 0, 0.5, "1 of 0 samples could not be scored, more than the tolerated share of 0.5"),
        (1500, 2000, 0, 0.5, "1,500 of 2,000 samples could not be scored, more than the tolerated share of 0.5"),
    ],
)
def test_more_unscored_samples_than_are_tolerated_are_open(
    lost: float, samples: int, missing: int, tolerance: float, why: str
) -> None:
    found = comparison()
    said = judged(within(margin=0.1), found, lost=lost, samples=samples, missing=missing, tolerance=tolerance)
    assert said == ("INCONCLUSIVE", f"{shown(found)} clears the margin, but {why}")


@pytest.mark.parametrize(
    ("rule", "fields", "lost", "worst"),
    [
        # k lost items next to n compared ones: (n · end ∓ k · width) / (n + k), the baseline's likewise at 0 or 1.
        (BETTER, {"ci_low": 0.04}, 2, (100 * 0.04 - 2) / 102),
        (BETTER, {"ci_low": 0.04, "n": 90, "aligned": 0.9}, 2, (90 * 0.04 - 10) / 100),
        (BETTER, {"ci_low": 0.04, "n": 99, "aligned": 0.99}, 3, (99 * 0.04 - 3) / 102),
        (BETTER, {"ci_low": 4.0, "ci_high": 20.0, "unit": "percent"}, 2, (100 * 4.0 - 200) / 102),
        (
            BETTER, {"ci_low": -0.2, "ci_high": -0.1, "difference": -0.15, "higher_is_better": False}, 2,
            -(100 * -0.1 + 2) / 102,
        ),
        (BETTER, {"ci_low": 0.08, "cut": 3}, 2, (100 * (0.08 - 0.03) - 2) / 102),
        (
            within(relative=0.1), {"ci_low": 0.08, "own": (0.4, 0.7)}, 2,
            (100 * 0.08 - 2) / 102 + 0.1 * (100 * 0.4) / 102,
        ),
        (
            within(relative=0.1), {"ci_low": 0.08, "own": (0.4, 0.7), "cut": 3}, 2,
            (100 * 0.05 - 2) / 102 + 0.1 * (100 * 0.37) / 102,
        ),
        (
            within(relative=0.1), {"ci_low": 1.5, "ci_high": 3.0, "own": (2.0, 3.0), "unit": "rating"}, 2,
            (100 * 1.5 - 8) / 102 + 0.1 * (100 * 2.0 + 2 * 1) / 102,
        ),
        (within(margin=0.2), {}, 4, (100 * -0.05 - 4) / 104 + 0.2),
    ],
)  # fmt: skip
def test_lost_items_count_at_their_worst(rule: Rule, fields: dict[str, Any], lost: float, worst: float) -> None:
    """Moved to just above and just below the point where the worst decides."""
    for shift, verdict in ((1e-6, "PASS"), (-1e-6, "INCONCLUSIVE")):
        side = -1 if fields.get("higher_is_better") is False else 1
        n = fields.get("n", 100)
        scale = (n + max(lost, round(n / fields.get("aligned", 1.0)) - n)) / n
        moved = side * (shift - worst) * scale
        ends = {name: fields.get(name, plain) + moved for name, plain in (("ci_low", -0.05), ("ci_high", 0.08))}
        found = comparison(**{**fields, **ends, "missing": "some"})
        assert judged(rule, found, lost=lost, tolerance=0.05)[0] == verdict


def test_what_is_said_of_lost_items() -> None:
    found = comparison(ci_low=0.04)
    place = f"{shown(found)} is an improvement"
    assert judged(BETTER, found, lost=1, tolerance=0.02) == (
        "PASS", f"{place}, also with the items that were not compared at their worst (1 without a value)",
    )  # fmt: skip
    assert judged(BETTER, found, lost=1, tolerance=0.01)[0] == "PASS"
    assert judged(BETTER, found, lost=8, tolerance=0.1) == (
        "INCONCLUSIVE", f"{place}, but not with the items that were not compared at their worst (8 without a value)",
    )  # fmt: skip
    part = comparison(ci_low=0.04, n=99, aligned=0.99, missing="1 not in the candidate")
    assert judged(BETTER, part)[1].endswith("at their worst (1 not in the candidate)")


@pytest.mark.parametrize(
    "metric", [{"definition": {"name": "no_such"}}, {"definition": {"name": "mean_of_completions"}}, {"unit": "score"}]
)
def test_what_lost_items_could_change_is_known_for_bounded_means_of_items(metric: dict[str, Any]) -> None:
    found = comparison(unit=metric.get("unit", "share"))
    for lost, verdict in ((0, "PASS"), (1, "INCONCLUSIVE")):
        assert judged(within(margin=0.1), found, lost=lost, tolerance=0.5, **metric)[0] == verdict
    assert judged(within(margin=0.1), found, lost=1, tolerance=0.5, **metric)[1].endswith(
        "clears the margin, but 1 without a value: what they could change is known for means over items in a unit with"
        " bounds"
    )


def test_a_difference_of_many_items_has_thousands() -> None:
    found = comparison(ci_low=0.04, n=10**6)
    assert judged(BETTER, found, lost=1234, samples=10**6, tolerance=0.5)[1].endswith("(1,234 without a value)")
