"""Data sets on agents and code."""

from __future__ import annotations

from audit.core.assets import wheels
from audit.core.assets.security_sets import SECURITY


def test_every_set_comes_from_a_pinned_wheel_under_mit() -> None:
    assert {one.name: one.wheel.wheels for one in SECURITY if one.wheel} == {
        "agentdojo": (wheels.AGENTDOJO,),
        "agent_threat_bench": (wheels.INSPECT_EVALS,),
        "code_rules": (wheels.INSPECT_EVALS,),
        "semgrep_rules": (wheels.INSPECT_EVALS,),
    }
    assert {one.licence for one in SECURITY} == {"MIT"}
    assert not any(one.folders or one.hub for one in SECURITY)


def test_conversations_of_agents_have_the_same_columns() -> None:
    dojo, bench, rules, _ = SECURITY
    assert dojo.columns == bench.columns
    assert "pattern" in rules.columns
