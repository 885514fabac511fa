"""A judged rule as a test."""

from __future__ import annotations

import pytest

from audit.reports.exports.outcomes import outcome, outcomes
from tests.reports.exports.conftest import VILE, a_check, a_decision, an_optional_rule


@pytest.mark.parametrize(("verdict", "result"), [("PASS", "passed"), ("FAIL", "failed"), ("INCONCLUSIVE", "undecided")])
def test_each_verdict_has_its_result(verdict: str, result: str) -> None:
    found = outcome(a_check(verdict=verdict))
    assert found.result == result
    assert found.message == f"{verdict} 0.600 (0.550 to 0.650): 0.550 to 0.650: for a reason"
    assert found.name == "boolq/accuracy min 0.5"


def test_the_task_is_the_group_even_if_the_slice_has_a_slash() -> None:
    assert outcome(a_check("mmlu/abstract/accuracy [kind=a/b]")).group == "mmlu/abstract"


def test_a_check_without_value_says_only_the_reason() -> None:
    nothing = a_check(verdict="INCONCLUSIVE", value=None, ci_low=None, ci_high=None, reason="not run")
    assert outcome(nothing).message == "INCONCLUSIVE: not run"


def test_optional_rules_are_skipped_and_unjudged_metrics_are_no_rules() -> None:
    optional = an_optional_rule()
    unjudged = optional.model_copy(update={"rule": None, "reason": None})
    found = outcomes(a_decision(a_check(), not_judged=[optional, unjudged]))
    assert [one.result for one in found] == ["passed", "skipped"]
    assert found[1].message == "optional: it did not run"


def test_texts_are_one_printable_line() -> None:
    found = outcome(a_check(VILE, rule=VILE, reason=VILE))
    assert all(text.isprintable() for text in (found.name, found.group, found.message))


def test_the_message_says_once_that_a_rule_is_waived() -> None:
    message = outcome(a_check(verdict="FAIL", why="policy"), "waived by REL-7 until 2026-12-31 UTC").message
    assert message.endswith(": for a reason; waived by REL-7 until 2026-12-31 UTC; why: policy")
