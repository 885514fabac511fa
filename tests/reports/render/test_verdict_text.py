"""Verdict and exit code agree in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.core.records import Decision, GateCheck
from audit.gate.decide import RUN_CHECK, exit_code
from audit.gate.waivers.budget import BUDGET_CHECK
from audit.reports.render.verdict_text import verdict_text


def check(metric: str, verdict: Any) -> GateCheck:
    absent = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return GateCheck(metric=metric, rule="min 0", verdict=verdict, reason="r", **absent)


def a_decision(verdict: Any, checks: list[GateCheck]) -> Decision:
    return Decision(
        run_id="r",
        model_digest="0" * 64,
        policy="p.yaml",
        policy_sha256="0" * 64,
        policy_version=1,
        confidence=0.95,
        max_unscored=0,
        optional=[],
        metrics_sha256="0" * 64,
        verdict=verdict,
        checks=checks,
        decided=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_budget_that_alone_is_exceeded_explains_why_fail_exits_otherwise() -> None:
    checks = [check(RUN_CHECK, "PASS"), check(BUDGET_CHECK, "FAIL"), check("t/m", "PASS")]
    decision = a_decision("FAIL", checks)
    assert exit_code(decision) == 13
    said = "1 of 3 checks fail, 2 pass; no rule fails, but the run is not within its budget (exit code 13)"
    assert verdict_text(decision) == said


@pytest.mark.parametrize(
    ("status", "rule", "verdict", "code", "text"),
    [
        ("INCONCLUSIVE", "PASS", "INCONCLUSIVE", 13, "1 of 2 checks inconclusive, 1 pass; the run is incomplete"),
        ("PASS", "INCONCLUSIVE", "INCONCLUSIVE", 11, "1 of 2 checks inconclusive, 1 pass"),
        ("INCONCLUSIVE", "FAIL", "FAIL", 10, "1 of 2 checks fail, 1 inconclusive"),
        ("PASS", "PASS", "PASS", 0, "2 of 2 checks pass"),
    ],
)
def test_an_incomplete_run_is_said_where_it_decides_the_exit_code(
    status: str, rule: str, verdict: Any, code: int, text: str
) -> None:
    decision = a_decision(verdict, [check(RUN_CHECK, status), check("t/m", rule)])
    assert exit_code(decision) == code
    assert verdict_text(decision) == text + (" (exit code 13)" if code == 13 else "")
