"""A policy that was registered before the run is the one that decides; another one is named and cannot pass."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ExitCode
from audit.gate.binding.registered import REGISTERED_CHECK, register, registered_checks
from audit.gate.decide import decide, exit_code
from tests.gate.waivers.test_judging import FAILS, PASSES, why_not
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

TIME = datetime(2026, 1, 31, 11, 59, 7, tzinfo=UTC)


def test_a_policy_is_registered_by_the_digest_of_its_file(make_policy: Callable[..., Any]) -> None:
    policy = make_policy(PASSES)
    found = register(policy, TIME)
    assert (found.name, found.registered) == ("policy.yaml", TIME)
    assert found.sha256 == hashlib.sha256(policy.data).hexdigest()


def test_a_run_without_a_registered_policy_has_no_such_check() -> None:
    assert registered_checks(a_manifest(), "policy.yaml", "0" * 64) == []


def test_the_registered_policy_passes_its_check(a_run: Callable[..., Any], make_policy: Callable[..., Any]) -> None:
    policy = make_policy(PASSES)
    run = a_run(policy=register(policy, TIME))
    decision = decide(run, policy)
    check = decision.checks[1]
    assert (check.metric, check.verdict) == (REGISTERED_CHECK, "PASS")
    assert check.reason == "registered when the run began, 2026-01-31 11:59:07 UTC"
    assert exit_code(decision) == ExitCode.DONE
    assert why_not(run, decision) is None


@pytest.mark.parametrize(("rule", "code"), [(PASSES, ExitCode.INCONCLUSIVE), (FAILS, ExitCode.FAIL)])
def test_another_policy_is_named_and_cannot_pass(
    a_run: Callable[..., Any], make_policy: Callable[..., Any], rule: dict[str, Any], code: int
) -> None:
    before = make_policy({**PASSES, "min": 0.31})
    run = a_run(policy=register(before, TIME))
    policy = make_policy(rule)
    decision = decide(run, policy)
    check = decision.checks[1]
    assert (check.verdict, check.severity, exit_code(decision)) == ("INCONCLUSIVE", "block", code)
    digests = f"digest {before.sha256[:16]}, and this is policy.yaml, {policy.sha256[:16]}: judge under that one"
    for words in (digests, "2026-01-31 11:59:07 UTC, is policy.yaml"):
        assert words in check.reason
    assert why_not(run, decision) is None


def test_a_decision_cannot_drop_or_change_the_check(a_run: Callable[..., Any], make_policy: Callable[..., Any]) -> None:
    run = a_run(policy=register(make_policy({**PASSES, "min": 0.31}), TIME))
    decision = decide(run, make_policy(PASSES))
    said = "it does not judge its policy by the one that was registered before the run"
    without = [check for check in decision.checks if check.metric != REGISTERED_CHECK]
    assert why_not(run, decision.model_copy(update={"checks": without, "verdict": "PASS"})) == said
    passed = [check.model_copy(update={"verdict": "PASS"}) for check in decision.checks]
    assert why_not(run, decision.model_copy(update={"checks": passed, "verdict": "PASS"})) == said
