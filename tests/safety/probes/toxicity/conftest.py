"""Runs the probe with a scripted checkpoint and scorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, SafetyConfig, TaskConfig
from audit.safety import loading, running
from audit.safety.asking import offence
from audit.safety.probes.toxicity import toxicity
from tests.safety.probes.toxicity.reading import PROMPTS, Reader

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run(scripted: Any, data_set: Any, monkeypatch: Any) -> Callable[..., Any]:
    def go(generated: Any, rows: Any = PROMPTS, n: int = 3, limit: int | None = None, **more: Any) -> Any:
        scorer = more.pop("scorer", None) or Reader()
        monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, rows))
        monkeypatch.setattr(offence, "choose_scorer", lambda _config, **_: scorer)
        config = RunConfig(safety=SafetyConfig(samples_per_prompt=n, continuation_tokens=20, **more))
        engine = scripted(generated=generated)
        return (
            running.run_probe(toxicity.PROBE, engine, config, TaskConfig(name="toxicity", limit=limit)),
            engine,
            scorer,
        )

    return go
