"""What a rule of a policy may ask for, what it is called, and which tasks it covers."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from audit.gate.policy import Gap, Loss, Policy, Rule

OTHERS = "no_worse_than_baseline, better_than_baseline, max_gap, max_truncated"
NO_WORSE = {"no_worse_than_baseline": {"margin": 2}}
GAP = {"max_gap": {"slice": "kind", "value": 0.25}}


def a_rule(**asked: Any) -> Rule:
    return Rule.model_validate({"metric": "a/b", **asked})


@pytest.mark.parametrize(
    ("section", "key", "given", "fine", "wrong"),
    [
        (Loss, "margin", {}, [1e-9, 1e9], [0, -1, float("inf"), float("nan"), "1", True]),
        (Loss, "relative", {}, [1e-9, 0.999999], [0, 1, -0.1, "0.1", True]),
        (Gap, "value", {"slice": "kind"}, [1e-9, 1e9], [0, -1, float("inf"), "1", True]),
        (Gap, "slice", {"value": 1}, ["k"], ["", 1]),
        (Rule, "min", {"metric": "a/b"}, [-1e9, 0, 1e9], [float("inf"), float("nan"), True]),
        (Rule, "max", {"metric": "a/b"}, [-1e9, 0, 1e9], [float("-inf"), float("nan"), True]),
        (Rule, "max_truncated", {"metric": "a/b"}, [0, 0.999999], [-1e-9, 1, "0", False]),
        (Rule, "max_unscored", {"metric": "a/b", "min": 1}, [0, 0.999999, None], [-1e-9, 1, "0", False]),
        (Rule, "confidence", {"metric": "a/b", "min": 1}, [1e-9, 0.999999, None], [0, 1, "0.9", True]),
        (Rule, "better_than_baseline", {"metric": "a/b", "min": 1}, [True, False], [1, "true", None]),
        (Rule, "severity", {"metric": "a/b", "min": 1}, ["block", "warn"], ["info", None]),
        (Policy, "confidence", {"rules": [{"metric": "a/b", "min": 1}]}, [1e-9, 0.999999], [0, 1, None]),
        (Policy, "max_unscored", {"rules": [{"metric": "a/b", "min": 1}]}, [0, 0.999999], [-1e-9, 1, None]),
        (Policy, "min_aligned", {"rules": [{"metric": "a/b", "min": 1}]}, [1e-9, 1], [0, 1.000001, None]),
        (Policy, "policy_version", {"rules": [{"metric": "a/b", "min": 1}]}, [1], [0, "1", True, None]),
        (Policy, "across", {"rules": [{"metric": "a/b", "min": 1}]}, [["prompts"], []], [["weights"], "prompts"]),
        (Policy, "share_error_over", {"rules": [{"metric": "a/b", "min": 1}]}, [1, 10_000], [0, 1.5, 10_001, True]),
        (Policy, "rules", {}, [[{"metric": "a/b", "min": 1}]], [[], None]),
    ],
)
def test_what_a_setting_may_be(
    section: Any, key: str, given: dict[str, Any], fine: list[Any], wrong: list[Any]
) -> None:
    for value in fine:
        section.model_validate({**given, key: value})
    for value in wrong:
        with pytest.raises(ValidationError):
            section.model_validate({**given, key: value})


def test_what_is_not_said_is_strict() -> None:
    policy = Policy.model_validate({"rules": [{"metric": "a/b", "min": 1}]})
    assert policy.model_dump(exclude={"rules"}) == {
        "policy_version": 1, "confidence": 0.95, "max_unscored": 0.0, "optional": [], "min_aligned": 0.95,
        "across": [], "budget": None, "certificate": None, "share_error_over": 1,
    }  # fmt: skip
    assert policy.rules[0].model_dump(exclude_none=True) == {
        "metric": "a/b", "min": 1.0, "better_than_baseline": False, "severity": "block",
    }  # fmt: skip


ON_BASELINE = "no worse than the baseline, margin 2, better than the baseline"
REST = "largest gap by kind at most 0.25, share of cut answers at most 0.05"
EVERYTHING = {
    "min": 0.1, "max": 0.9, **NO_WORSE, "better_than_baseline": True, **GAP, "max_truncated": 0.05,
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "kinds", "text"),
    [
        ({"min": 0}, ["range"], "min 0"),
        ({"max": 0}, ["range"], "max 0"),
        ({"min": 45, "max": 65}, ["range"], "min 45, max 65"),
        (NO_WORSE, ["no_worse"], "no worse than the baseline, margin 2"),
        (
            {"no_worse_than_baseline": {"relative": 0.07}}, ["no_worse"],
            "no worse than the baseline, margin 7 % of it",
        ),
        (
            {"no_worse_than_baseline": {"relative": 0.0125}}, ["no_worse"],
            "no worse than the baseline, margin 1.25 % of it",
        ),
        ({"better_than_baseline": True}, ["better"], "better than the baseline"),
        (GAP, ["gap"], "largest gap by kind at most 0.25"),
        ({"max_truncated": 0}, ["truncated"], "share of cut answers at most 0"),
        (
            EVERYTHING, ["range", "no_worse", "better", "gap", "truncated"], f"min 0.1, max 0.9, {ON_BASELINE}, {REST}",
        ),
    ],
)  # fmt: skip
def test_what_a_rule_asks_for(asked: dict[str, Any], kinds: list[str], text: str) -> None:
    rule = a_rule(**asked)
    assert (rule.kinds, rule.kind, rule.text) == (kinds, kinds[0], text)
    assert rule.needs_baseline == any(kind in kinds for kind in ("no_worse", "better"))


def test_the_name_of_a_slice_is_shown_on_one_line() -> None:
    text = a_rule(max_gap={"slice": "k\n" * 100, "value": 1}).text
    assert text.startswith("largest gap by k")
    assert "\n" not in text
    assert len(text) < 120
    whole, longer = (a_rule(max_gap={"slice": "k" * count, "value": 1}).text for count in (80, 81))
    assert ("k" * 80 in whole, "k" * 80 in longer) == (True, False)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"metric": "b", "min": 1}, "metric 'b' must be task/metric, e.g. boolq/accuracy"),
        ({"metric": "/b", "min": 1}, "metric '/b' must be task/metric, e.g. boolq/accuracy"),
        ({"metric": "a/", "min": 1}, "metric 'a/' must be task/metric, e.g. boolq/accuracy"),
        ({"metric": "a/b?", "min": 1}, "metric 'a/b?': only the task may hold * or ?, e.g. mmlu_*/accuracy"),
        ({"metric": "a/*", "min": 1}, "metric 'a/*': only the task may hold * or ?, e.g. mmlu_*/accuracy"),
        ({}, f"the rule on a/b needs min, max or both, or one of {OTHERS}"),
        (
            {**GAP, "slice": {"c": "d"}},
            "the rule on a/b: max_gap is about all items: put the slice into a rule of its own",
        ),
        (
            {"max_truncated": 0, "slice": {"c": "d"}},
            "the rule on a/b: max_truncated is about all items: put the slice into a rule of its own",
        ),
        ({"min": 0.5, "max": 0.25}, "the rule on a/b allows nothing: min 0.5 is above max 0.25"),
        ({"no_worse_than_baseline": {}}, "give margin or relative, and only one of them, e.g. {margin: 0.02}"),
    ],
)
def test_rules_that_ask_for_nothing_possible(asked: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError) as raised:
        a_rule(**asked)
    assert f"Value error, {fault} [" in str(raised.value)


def test_rules_at_the_edge_of_what_is_possible() -> None:
    assert a_rule(min=0.5, max=0.5).text == "min 0.5, max 0.5"
    assert a_rule(max_truncated=0.5, slice={}).slice == {}
    assert a_rule(**NO_WORSE, slice={"c": "d"}).target == "a/b [c=d]"
    assert a_rule(metric="set/p*/b", min=1).is_pattern
    nested = a_rule(metric="set/part/b", min=1)
    assert (nested.task, nested.target, nested.is_pattern) == ("set/part", "set/part/b", False)


@pytest.mark.parametrize(
    ("task", "covered", "others"),
    [
        ("mmlu_*", ["mmlu_law", "mmlu_", "mmlu_a/b"], ["mmlu", "MMLU_law", "x_mmlu_law"]),
        ("a?c", ["abc", "a[c"], ["ac", "abbc"]),
        ("a[b]*", ["a[b]", "a[b]c"], ["ab", "abc"]),
        ("a[b]", ["a[b]"], ["ab"]),
    ],
)
def test_which_tasks_a_pattern_covers(task: str, covered: list[str], others: list[str]) -> None:
    rule = a_rule(metric=f"{task}/b", min=1)
    assert rule.is_pattern == any(sign in task for sign in "*?")
    assert [name for name in covered + others if rule.covers(name)] == covered
