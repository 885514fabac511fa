"""Checks of contamination in a whole run: evidence, numbers derived again, resuming; the embedded checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig
from audit.core.progress import Silent
from audit.core.run_folder import RunFolder
from audit.evals import suite
from audit.evals.contamination.asked import with_checks
from audit.gate import evidence
from audit.pipeline import audit as pipeline
from audit.stats.recompute import recomputed_metrics
from tests.engine.whole.lower_layers import lower_layers

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine

EVALS = {
    "bootstrap_resamples": 100,
    "gen_kwargs": {"max_gen_toks": 4},
    "contamination": {"checks": ["order", "min-k"], "twins": True},
}
LAYERS = 6
"""Of the embedded checkpoint's thirty: that it answers is asked, not what."""


def config(tasks: list[str], limit: int, **more: object) -> RunConfig:
    given = {"limit": limit, "offline": True, "chat_template": "off", "evals": {**EVALS, "tasks": tasks}, **more}
    return with_checks(RunConfig.model_validate(given, strict=False))


@pytest.mark.slow
def test_a_run_is_sealed_derived_again_and_resumed(tiny_model: Path, tmp_path: Path) -> None:
    wanted = config(["asdiv", "openbookqa"], 8, model=str(tiny_model), out=tmp_path, device="cpu")
    folder = pipeline.audit(wanted, Silent())
    stored = {(metric.name, str(metric.slice)): metric for metric in folder.read_metrics()}
    assert {task for _, task in folder.tasks()} == {
        *("asdiv", "asdiv.order", "asdiv.min-k", "asdiv.twins", "openbookqa", "openbookqa.order", "openbookqa.min-k")
    }
    gap = stored["asdiv.twins/gap", "None"]
    assert gap.n == 8
    assert {f"asdiv.twins/gap_if_cut_{end}" for end in ("wrong", "right")} <= {name for name, _ in stored}
    evidence.check(folder)
    for metric in recomputed_metrics(folder):
        assert stored[metric.name, str(metric.slice)] == metric
    before = folder.metrics_path.read_bytes()
    pipeline.audit(wanted, Silent(), resume=RunFolder(folder.path))
    assert folder.metrics_path.read_bytes() == before


def test_the_embedded_checkpoint_answers_all_of_them(embedded: Engine) -> None:
    with lower_layers(embedded, LAYERS):
        found = {one.task: one for one in suite.run_tasks(embedded, config(["openbookqa.order", "asdiv.twins"], 3))}
    assert found["openbookqa.order"].samples[0].error is None
    assert len(found["asdiv.twins"].samples) == 6
    assert all(one.error is None for one in found["asdiv.twins"].samples)
