"""What a check says of its rule, and a decision of its policy: every part of it, changed by itself, is found out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Decision, GateBudget, GateCheck, NotJudged, RatedAs
from audit.gate.decide import nothing_judged
from audit.gate.decisions import _content, _in_check, _is_on, _judged_otherwise, _not_of_policy, _rule, _says
from audit.gate.judging import check
from audit.gate.policy import Policy, Rule
from tests.gate.rules.test_again_numbers import MEASURED, METRIC

if TYPE_CHECKING:
    from audit.core.records import Metric

PART = METRIC.model_copy(update={"slice": {"kind": "a/b"}})
CORRECTED = {"min": 0.3, "max": 0.9, "corrected": {"rated_at_least": 4, "labels": 100}}
RULES: dict[str, dict[str, Any]] = {
    "range": {"min": 0.3, "max": 0.9, "max_unscored": 0.1},
    "margin": {"no_worse_than_baseline": {"margin": 0.1}, "confidence": 0.9},
    "relative": {"no_worse_than_baseline": {"relative": 0.1}, "severity": "warn"},
    "better": {"better_than_baseline": True, "owner": "QA"},
    "gap": {"max_gap": {"slice": "kind", "value": 0.2}, "why": "as agreed"},
    "truncated": {"max_truncated": 0.1, "max_unscored": 0.2},
    "corrected": CORRECTED,
    "corrected, at most": {"max": 0.9, "corrected": {"rated_at_most": 2, "labels": 100}},
}


def a_rule(metric: str = "t/a", **asked: Any) -> Rule:
    return Rule.model_validate({"metric": metric, **asked})


def on(rule: Rule, metric: Metric | None = METRIC, /, **changes: Any) -> GateCheck:
    """The check as the gate writes it, which passes, with changes."""
    return check(rule, metric, "PASS", "fine").model_copy(update=changes)


@pytest.mark.parametrize("name", RULES)
def test_the_rule_of_a_check_is_the_one_it_was_made_for(name: str) -> None:
    rule = a_rule(**RULES[name])
    assert _rule(on(rule), METRIC) == rule
    assert _rule(on(rule, None), None) == rule


def test_the_rule_on_a_slice_has_the_slice_of_its_metric() -> None:
    rule = a_rule(slice={"kind": "a/b"}, min=0.3)
    assert _rule(on(rule, PART), PART) == rule


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("range", {"minimum": 0.2}),
        ("range", {"maximum": 0.95}),
        ("range", {"rule": "min 0.3"}),
        ("range", {"margin": 0.1}),
        ("range", {"by": "kind"}),
        ("range", {"kind": "better"}),
        ("margin", {"margin": 0.2}),
        ("margin", {"relative": 0.2}),
        ("margin", {"minimum": 0.3}),
        ("relative", {"relative": 0.2}),
        ("relative", {"maximum": 0.3}),
        ("better", {"minimum": 0.3}),
        ("better", {"margin": 0.1}),
        ("gap", {"by": "other"}),
        ("gap", {"maximum": 0.3}),
        ("gap", {"minimum": 0.1}),
        ("truncated", {"maximum": 0.2}),
        ("truncated", {"minimum": 0.1}),
        ("corrected", {"minimum": 0.2}),
        ("corrected", {"maximum": 0.95}),
        ("corrected", {"rated_as": None}),
        ("corrected", {"rated_as": RatedAs(at_least=3, at_most=None, labels=100)}),
        ("corrected", {"rated_as": RatedAs(at_least=4, at_most=None, labels=50)}),
        ("corrected, at most", {"rated_as": RatedAs(at_least=None, at_most=1, labels=100)}),
    ],
)
def test_a_check_whose_limits_are_not_in_its_words_is_on_no_rule(name: str, changes: dict[str, Any]) -> None:
    edited = on(a_rule(**RULES[name]), **changes)
    assert _rule(edited, METRIC) is None
    assert f"{edited.rule} on t/a is not a rule" in list(_in_check(edited, METRIC))


OTHER_NUMBERS = {"value": 0.51, "ci_low": 0.41, "ci_high": 0.61, "unit": "percent", "higher_is_better": False}
NOT_MEASURED = "its value of t/a is not the one that was measured"


@pytest.mark.parametrize("field", OTHER_NUMBERS)
@pytest.mark.parametrize("name", RULES)
def test_a_check_quotes_its_metric_where_its_numbers_are_not_derived_again(name: str, field: str) -> None:
    edited = on(a_rule(**RULES[name]), **{field: OTHER_NUMBERS[field]})
    derived = name in {"gap", "truncated", "corrected", "corrected, at most"}
    assert list(_in_check(edited, METRIC)) == ([] if derived else [NOT_MEASURED])


def test_what_was_not_measured_is_open_unless_its_numbers_are_derived_again() -> None:
    for name, asked in RULES.items():
        passed = on(a_rule(**asked), None)
        derived = name in {"gap", "truncated", "corrected", "corrected, at most"}
        said = "it finds PASS for t/a, which was not measured"
        assert list(_in_check(passed, None)) == ([] if derived else [said])
        assert list(_in_check(passed.model_copy(update={"verdict": "INCONCLUSIVE"}), None)) == []


def test_the_numbers_of_a_check_on_a_task_that_was_looked_at_are_derived_again() -> None:
    looked_at = on(a_rule(min=0.3), value=0.9).model_copy(update={"sequential": object()})
    assert list(_in_check(looked_at, METRIC)) == []
    assert list(_in_check(looked_at.model_copy(update={"value": None}), None)) == []


def test_only_ranges_are_judged_as_ranges() -> None:
    fails = {"verdict": "FAIL", "reason": "0.400 to 0.600 violates the rule"}
    for name, asked in RULES.items():
        found = list(_judged_otherwise(decided(), [(on(a_rule(**asked), **fails), METRIC)], MEASURED))
        assert bool(found) is (name == "range")
    warns = on(a_rule(min=0.3, severity="warn"), reason="0.400 to 0.600 satisfies the rule")
    assert list(_judged_otherwise(decided(), [(warns, METRIC)], MEASURED)) == []


def test_the_check_that_nothing_was_judged_is_the_gates() -> None:
    assert list(_in_check(nothing_judged(), None)) == []
    said = "its check policy/rules is not the gate's"
    assert list(_in_check(nothing_judged().model_copy(update={"reason": "fine"}), None)) == [said]


def test_only_an_open_check_may_say_more_than_the_gate() -> None:
    found = on(a_rule(min=0.3), verdict="INCONCLUSIVE")
    more = found.model_copy(update={"reason": "fine: do this"})
    assert (_says(found, found), _says(more, found), _says(found, more)) == (True, True, False)
    passed = found.model_copy(update={"verdict": "PASS"})
    assert (_says(passed, passed), _says(more, passed)) == (True, False)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("m_law/a", True),
        ("m_/a", True),
        ("m_*/a", True),
        ("m/a", False),
        ("law/a", False),
        ("m_law/b", False),
        ("m_law/b/a", True),
        ("m_law/a [kind=x]", False),
    ],
)
def test_a_pattern_is_a_rule_on_the_metric_of_every_task_that_it_covers(metric: str, expected: bool) -> None:
    one = on(a_rule(min=0.3), None, metric=metric)
    assert _is_on(one, a_rule("m_*/a", min=0.3)) is expected
    assert not _is_on(one, a_rule("m_*/a", min=0.4))


def test_a_rule_on_a_slice_is_on_that_slice_of_that_metric() -> None:
    """Whatever characters its value has: they are no part of the metric's name."""
    kind = {"kind": "a/b"}
    one = on(a_rule(slice=kind, min=0.3), PART)
    assert _is_on(one, a_rule(slice=kind, min=0.3))
    assert _is_on(one, a_rule("?/a", slice=kind, min=0.3))
    for other in (a_rule(min=0.3), a_rule(slice={"kind": "a"}, min=0.3), a_rule("?/b", slice=kind, min=0.3)):
        assert not _is_on(one, other)


POLICY = Policy.model_validate({"rules": [{"metric": "t/a", **RULES["range"]}, {"metric": "u/b", **RULES["better"]}]})
LEFT_OUT = NotJudged(task="u", metric="u/b", rule="better than the baseline", reason="no data")


def decided(*checks: GateCheck, **changes: Any) -> Decision:
    """A decision with the settings of the policy above."""
    settings = ("confidence", "max_unscored", "min_aligned", "across", "share_error_over")
    return Decision(
        run_id="r", model_digest="d", policy="p.yaml", policy_sha256="s", optional=["u"], metrics_sha256="m",
        verdict="PASS", checks=list(checks), **{name: getattr(POLICY, name) for name in settings},
    ).model_copy(update=changes)  # fmt: skip


BOTH = [on(a_rule("t/a", **RULES["range"])), on(a_rule("u/b", **RULES["better"]))]


def test_every_check_is_on_a_rule_of_the_policy_and_every_rule_has_one() -> None:
    assert list(_not_of_policy(decided(*BOTH), POLICY)) == []
    assert list(_not_of_policy(decided(BOTH[0], nothing_judged(), not_judged=[LEFT_OUT]), POLICY)) == []
    names = ("run/status", "policy/registered", "policy/budget", "policy/rules")
    own = [nothing_judged().model_copy(update={"metric": name}) for name in names]
    on_waiver = own[0].model_copy(update={"metric": "waiver/W-1", "rule": "in force and used"})
    assert list(_not_of_policy(decided(*own, on_waiver, *BOTH), POLICY)) == []
    without = "it does not judge better than the baseline on u/b, a rule of its policy"
    assert list(_not_of_policy(decided(BOTH[0]), POLICY)) == [without]
    no_rule = LEFT_OUT.model_copy(update={"rule": None})
    assert list(_not_of_policy(decided(BOTH[0], not_judged=[no_rule]), POLICY)) == [without]
    more = on(a_rule("v/a", min=0.1))
    assert list(_not_of_policy(decided(*BOTH, more), POLICY)) == [
        "min 0.1 on v/a, as it has it, is not a rule of its policy"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"minimum": 0.2}, {"maximum": 0.95}, {"max_unscored": 0.2}, {"confidence": 0.9}, {"severity": "warn"},
        {"owner": "x"}, {"why": "x"}, {"kind": "gap"}, {"margin": 0.1}, {"relative": 0.1}, {"by": "x"},
    ],
)  # fmt: skip
def test_a_check_asks_for_what_the_rule_of_its_policy_asks_for(change: dict[str, Any]) -> None:
    edited = BOTH[0].model_copy(update=change)
    said = "min 0.3, max 0.9 on t/a, as it has it, is not a rule of its policy"
    assert list(_not_of_policy(decided(edited, BOTH[1]), POLICY)) == [said]


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.9}, {"max_unscored": 0.1}, {"min_aligned": 0.5}, {"across": ["prompts"]},
        {"share_error_over": 2},
    ],
)  # fmt: skip
def test_a_decision_has_the_settings_of_its_policy(change: dict[str, Any]) -> None:
    said = "its settings are not those of its policy"
    assert list(_not_of_policy(decided(*BOTH, **change), POLICY)) == [said]


@pytest.mark.parametrize(
    "change",
    [
        {"metric": "t/b"}, {"rule": "min 0.2"}, {"verdict": "FAIL"}, {"max_unscored": 0.2}, {"confidence": 0.9},
        {"severity": "warn"}, {"owner": "x"}, {"why": "x"}, {"waived_by": "W-1"},
    ],
)  # fmt: skip
def test_two_decisions_with_other_checks_are_not_the_same(change: dict[str, Any]) -> None:
    edited = BOTH[0].model_copy(update=change)
    assert _content(decided(edited, BOTH[1])) != _content(decided(*BOTH))


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "FAIL"}, {"optional": []}, {"confidence": 0.9}, {"max_unscored": 0.1}, {"not_judged": [LEFT_OUT]},
        {"budget": GateBudget(wall_time=None, tokens=5)}, {"min_aligned": 0.5}, {"across": ["prompts"]},
        {"share_error_over": 2},
    ],
)  # fmt: skip
def test_two_decisions_with_other_settings_are_not_the_same(change: dict[str, Any]) -> None:
    assert _content(decided(*BOTH, **change)) != _content(decided(*BOTH))
    assert _content(decided(*BOTH, policy="q.yaml", warnings=["x"])) == _content(decided(*BOTH))
