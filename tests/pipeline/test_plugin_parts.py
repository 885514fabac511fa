"""Parts of plug-ins: where each kind joins and leaves, and which runs use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.config import EvalsConfig, ExplainConfig, RunConfig, SafetyConfig, TaskConfig
from audit.explain.methods import registry
from audit.explain.methods.registry import Method
from audit.pipeline import plugin_parts
from audit.pipeline.plugin_parts import METHOD, PROBE, SCORER, TASK, PluginPart
from audit.safety.scorers import plugin as scorers

OURS = Method("ours", "d", "1", attribute=lambda prompt, seed: None)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("part", "table"),
    [
        (PluginPart(METHOD, "ours", OURS), registry.JOINED),
        (PluginPart(SCORER, "ours", print), scorers.JOINED),
        (PluginPart(TASK, "ours", Path("ours.yaml")), plugin_parts.TASKS),
    ],
)
def test_parts_join_the_table_of_their_kind_and_leave_it(part: PluginPart, table: dict[str, object]) -> None:
    part.join("mine")
    assert table["ours"] is part.thing
    assert scorers.OWNERS.get("ours") == ("mine" if part.kind is SCORER else None)
    part.leave()
    assert "ours" not in table
    assert "ours" not in scorers.OWNERS


def test_which_runs_use_a_part() -> None:
    cases = [
        (PROBE, RunConfig(safety=SafetyConfig(tasks=[TaskConfig(name="ours")]))),
        (TASK, RunConfig(evals=EvalsConfig(tasks=[TaskConfig(name="ours")]))),
        (METHOD, RunConfig(explain=ExplainConfig(methods=["ours"]))),
        (SCORER, RunConfig(safety=SafetyConfig(toxicity_scorer="plugin:ours"))),
        (SCORER, RunConfig(safety=SafetyConfig(toxicity_scorer="plugin:ours:large"))),
    ]
    for kind, config in cases:
        used = [one.title for one in (PROBE, TASK, METHOD, SCORER) if PluginPart(one, "ours", None).is_used(config)]
        assert used == [kind.title]
    assert not PluginPart(SCORER, "our", None).is_used(cases[-1][1])
