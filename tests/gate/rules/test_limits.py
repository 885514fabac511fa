"""Rules that no run can have, or that no checkpoint could break, are refused; odd margins are warned of."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import ConfigError
from audit.core.records import Metric
from audit.gate.measured import Measured
from audit.gate.policy import Rule
from audit.gate.rules import limits

MARGIN, RELATIVE, GAP = ("margin", "relative", "gap")


def a_metric(name: str = "accuracy", unit: str = "share", value: float | None = 0.5, **fields: Any) -> Metric:
    given: dict[str, Any] = {"higher_is_better": True, "n": 100, **fields}
    error = None if value is not None else "broke"
    return Metric(name=f"t/{name}", suite="evals", task="t", metric=name, value=value, unit=unit, error=error, **given)


def halves(unit: str = "share", **fields: Any) -> list[Metric]:
    return [a_metric(unit=unit, **fields), *(a_metric(unit=unit, slice={"half": half}, **fields) for half in "ab")]


def a_rule(asked: str, size: float, **fields: Any) -> Rule:
    """On the accuracy of ``t``."""
    made = {
        MARGIN: {"no_worse_than_baseline": {"margin": size}},
        RELATIVE: {"no_worse_than_baseline": {"relative": size}},
        GAP: {"max_gap": {"slice": "half", "value": size}},
    }[asked]
    return Rule.model_validate({"metric": "t/accuracy", **made, **fields})


def refusal(rule: Rule, run: list[Metric], baseline: list[Metric] | None = None) -> str:
    """Why a rule is refused; empty where it is not."""
    try:
        limits.check_rule(rule, Measured(run), None if baseline is None else Measured(baseline))
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("unit", "width", "words"),
    [
        ("share", 1, "a share, 0 to 1"),
        ("percent", 100, "a percentage, 0 to 100"),
        ("points", 200, "a difference of percentages, −100 to 100"),
        ("correlation", 2, "a correlation, −1 to 1"),
        ("rating", 4, "a rating, 1 to 5"),
    ],
)
@pytest.mark.parametrize(("asked", "word"), [(MARGIN, "margin"), (GAP, "max_gap")])
def test_no_margin_or_gap_is_as_large_as_the_units_range(
    asked: str, word: str, unit: str, width: float, words: str
) -> None:
    metrics = halves(unit, value=1.0)
    said = refusal(a_rule(asked, width), metrics, metrics)
    assert said.startswith(f"{word} {width} can never fail: t/accuracy is {words}")
    assert refusal(a_rule(asked, 0.99 * width), metrics, metrics) == ""


@pytest.mark.parametrize(
    ("unit", "size", "hint"),
    [
        ("share", 2, ": did you mean 0.02?"),
        ("share", 99.5, ": did you mean 0.995?"),
        ("share", 100, ""),
        ("percent", 200, ""),
    ],
)
def test_a_percentage_for_a_share_gets_a_hint(unit: str, size: float, hint: str) -> None:
    said = refusal(a_rule(MARGIN, size), halves(unit), halves(unit))
    words = "a share, 0 to 1" if unit == "share" else "a percentage, 0 to 100"
    assert said == f"margin {size:g} can never fail: t/accuracy is {words}{hint}"


@pytest.mark.parametrize("unit", ["perplexity", "score", "count", "nats"])
def test_units_without_bounds_allow_any_margin_and_gap(unit: str) -> None:
    metrics = halves(unit, value=1.0)
    assert refusal(a_rule(MARGIN, 1e6), metrics, metrics) == ""
    assert refusal(a_rule(GAP, 1e6), metrics, metrics) == ""


@pytest.mark.parametrize(
    ("unit", "fine"),
    [
        ("share", True), ("perplexity", True), ("tokens", True), ("bleu", True),
        ("correlation", False), ("points", False), ("nats", False), ("score", False),
    ],
)  # fmt: skip
def test_a_share_of_the_baselines_value_needs_a_zero(unit: str, fine: bool) -> None:
    metrics = halves(unit, value=1.0)
    said = refusal(a_rule(RELATIVE, 0.05), metrics, metrics)
    if fine:
        assert said == ""
    else:
        assert said.startswith("relative 0.05 on t/accuracy: ")
        assert said.endswith(" has no zero to take a share of: give margin")


@pytest.mark.parametrize(
    "asked",
    [
        {"no_worse_than_baseline": {"margin": 0.1}},
        {"no_worse_than_baseline": {"relative": 0.1}},
        {"better_than_baseline": True},
    ],
)
def test_a_comparison_needs_a_direction(asked: dict[str, Any]) -> None:
    rule = Rule.model_validate({"metric": "t/accuracy", **asked})
    without = halves(higher_is_better=None)
    assert refusal(rule, without, without) == (
        "t/accuracy has no better direction, so it cannot be worse than a baseline: give min and max"
    )
    for direction in (True, False):
        metrics = halves(higher_is_better=direction)
        assert refusal(rule, metrics, metrics) == ""
    assert refusal(a_rule(GAP, 0.1), without) == ""
    assert refusal(Rule(metric="t/accuracy", min=0.1), without) == ""


@pytest.mark.parametrize("value", [0.5, None])
@pytest.mark.parametrize(
    "asked",
    [
        {"min": 0.01},
        {"max": 0.5},
        {"better_than_baseline": True},
        {"max_gap": {"slice": "half", "value": 0.1}},
    ],
)
def test_a_p_value_decides_nothing(asked: dict[str, Any], value: float | None) -> None:
    gain = a_metric("gain", "nats", primary=True)
    by_unit = [gain, *halves("p_value", value=value), a_metric("other", "p_value", primary=True)]
    by_definition = [*halves("probability", value=value, definition={"name": "sign_flip_p"})]
    rule = Rule.model_validate({"metric": "t/accuracy", **asked})
    said = "t/accuracy is a p-value, and a large one proves nothing, so that no rule can pass: give a rule on "
    assert refusal(rule, by_unit) == f"{said}the size of the effect: t/gain"
    assert refusal(rule, by_definition) == f"{said}a metric that has an interval"
    assert refusal(rule, [], by_unit) == f"{said}the size of the effect: t/gain"  # the baseline alone has it
    assert refusal(Rule(metric="t/gain", max=1.0), by_unit) == ""


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Rule(metric="t/acuracy", better_than_baseline=True), r"unknown metric 't/acuracy'. Did you mean 't/accuracy'"),
        (Rule(metric="t/acuracy", min=0.5), r"unknown metric 't/acuracy'. Did you mean 't/accuracy'"),
        (Rule(metric="t/truncated_outputs", max_truncated=0.5), "unknown metric 't/truncated_outputs'"),
        (a_rule(MARGIN, 0.1, slice={"half": "c"}), "t/accuracy has no slice half=c: half is one of a, b"),
        (a_rule(GAP, 0.1, metric="t/acuracy"), r"unknown metric 't/acuracy'. Did you mean 't/accuracy'"),
        (
            Rule.model_validate({"metric": "t/accuracy", "max_gap": {"slice": "hlaf", "value": 0.1}}),
            r"max_gap: t/accuracy has no slices by 'hlaf': it has half. Did you mean 'half'",
        ),
    ],
)
def test_names_that_the_run_cannot_have(rule: Rule, message: str) -> None:
    assert message in refusal(rule, halves())


def test_a_gap_needs_slices() -> None:
    said = "max_gap: t/accuracy has no slices by 'half': it is measured on all items alone."
    assert refusal(a_rule(GAP, 0.1), [a_metric()]) == said
    assert refusal(a_rule(GAP, 0.1), [a_metric(value=None)]) == ""  # it broke before it looked at slices


def test_what_the_baseline_has_could_be_in_the_run() -> None:
    rule = Rule(metric="t/f1", better_than_baseline=True)
    assert refusal(rule, halves()).startswith("unknown metric 't/f1'")
    assert refusal(rule, halves(), halves()).startswith("unknown metric 't/f1'")
    assert refusal(rule, halves(), [a_metric("f1")]) == ""
    # Its unit is known from the baseline then.
    too_much = Rule.model_validate({"metric": "t/f1", "no_worse_than_baseline": {"margin": 1}})
    assert refusal(too_much, halves(), [a_metric("f1")]).startswith("margin 1 can never fail")
    other_half = a_rule(MARGIN, 0.1, slice={"half": "c"})
    assert refusal(other_half, halves(), [a_metric(slice={"half": "c"})]) == ""
    assert refusal(other_half, halves(), halves()) != ""


def test_ranges_are_checked_on_the_judged_run() -> None:
    assert refusal(Rule(metric="t/accuracy", min=60), halves()) == (
        "min 60 can never pass: t/accuracy is a share, 0 to 1: did you mean 0.6?"
    )
    assert refusal(Rule(metric="t/accuracy", min=0.6), halves()) == ""


def test_of_what_has_no_value_nothing_is_refused() -> None:
    broken = [a_metric(value=None, higher_is_better=None)]
    assert refusal(a_rule(MARGIN, 7), broken, broken) == ""
    assert refusal(a_rule(MARGIN, 7), broken, [a_metric()]).startswith("margin 7 can never fail")
    assert refusal(Rule(metric="u/accuracy", better_than_baseline=True), halves()) == ""  # another task, not in the run


def test_other_units_than_shares_get_no_hint() -> None:
    assert refusal(a_rule(MARGIN, 4), halves("rating"), halves("rating")) == (
        "margin 4 can never fail: t/accuracy is a rating, 1 to 5"
    )


def test_the_unit_is_that_of_the_judged_run_or_else_of_the_baseline() -> None:
    assert refusal(a_rule(GAP, 1), halves()).startswith("max_gap 1 can never fail")
    assert refusal(a_rule(GAP, 1), halves("percent"), halves()) == ""
    assert refusal(a_rule(GAP, 1), halves(), halves("percent")).startswith("max_gap 1 can never fail")


def test_a_pattern_that_is_left_matches_nothing() -> None:
    rule = Rule.model_validate({"metric": "x*/accuracy", "no_worse_than_baseline": {"margin": 7}})
    assert refusal(rule, halves(), halves()) == ""


@pytest.mark.parametrize(
    ("asked", "unit", "size", "warned"),
    [
        (MARGIN, "percent", 0.02, "a percentage, 0 to 100: 0.02 is less than one of a hundred: did you mean 2?"),
        (GAP, "percent", 0.1, "a percentage, 0 to 100: 0.1 is less than one of a hundred: did you mean 10?"),
        (
            MARGIN, "points", 0.49,
            "a difference of percentages, −100 to 100: 0.49 is less than one of a hundred: did you mean 49?",
        ),
        (
            MARGIN, "percent", 0.4999,
            "a percentage, 0 to 100: 0.4999 is less than one of a hundred: did you mean 49.99?",
        ),
        (MARGIN, "percent", 0.5, None),
        (MARGIN, "share", 0.02, None),
        (MARGIN, "score", 0.02, None),
        (GAP, "correlation", 0.1, None),
        (RELATIVE, "percent", 0.02, None),
    ],
)  # fmt: skip
def test_a_margin_that_looks_like_a_share_is_warned_of(asked: str, unit: str, size: float, warned: str | None) -> None:
    found = list(limits.warnings([a_rule(asked, size)], Measured(halves(unit))))
    assert found == ([f"t/accuracy is {warned}"] if warned else [])


def test_only_margins_and_gaps_of_what_was_measured_are_warned_of() -> None:
    rules = [
        Rule(metric="t/accuracy", min=0.1),
        Rule(metric="t/accuracy", better_than_baseline=True),
        a_rule(MARGIN, 0.1, metric="u/accuracy"),
        a_rule(MARGIN, 0.1, slice={"half": "a"}),
    ]
    (found,) = limits.warnings(rules, Measured(halves("percent")))
    assert found.startswith("t/accuracy [half=a] is a percentage")
