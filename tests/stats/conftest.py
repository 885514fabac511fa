"""Ends of intervals, and runs of a tiny checkpoint whose numbers are computed again."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from audit.core.run_folder import RunFolder
    from audit.stats.interval import Interval


def ends(interval: Interval | None) -> tuple[float, float]:
    """Both ends of an interval that must be there."""
    assert interval is not None
    return interval.low, interval.high


@pytest.fixture
def audited(
    tiny_model: Path, audit_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., RunFolder]:
    """Audits two items of each of some tasks in this process, on a tiny checkpoint that long prompts fit into.

    No report card is drawn. Samples are explained by the methods given, two of each kind of answer for its drivers.
    """
    from audit.cli import verbosity
    from audit.cli.main import run_command
    from audit.core.run_folder import RunFolder

    model = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    for name, field in (("config.json", "max_position_embeddings"), ("tokenizer_config.json", "model_max_length")):
        given = json.loads((model / name).read_text("utf-8"))
        (model / name).write_text(json.dumps({**given, field: 8192}), "utf-8")

    monkeypatch.setattr("audit.pipeline.audit._write_card", lambda *_: None)
    settings = tmp_path / "settings.yaml"

    def audit(tasks: Iterable[str], *methods: str) -> RunFolder:
        settings.write_text(
            json.dumps({"explain": {"methods": methods, "max_features": 4, "drivers": 2 if methods else 0}}), "utf-8"
        )
        before, quiet = logging.root.manager.disable, verbosity.chosen.quiet
        words = [
            *("run", "--model", str(model), "--tasks", ",".join(tasks), "--limit", "2", "--data-dir", str(audit_data)),
            *(
                "--config",
                str(settings),
                "--gen-kwargs",
                '{"max_gen_toks": 4}',
                "--out",
                str(tmp_path / "runs"),
                "--offline",
                "-q",
            ),
        ]
        try:
            assert run_command(words) in {0, 13}, "it runs, though data may be missing"
        finally:
            logging.disable(before)
            verbosity.chosen.quiet = quiet
        return RunFolder.resolve("latest", tmp_path / "runs")

    return audit


def follows_from_its_folder(run: RunFolder) -> list[str]:
    """Make sure that every number of a run is computed again from its folder alone; names of what was."""
    from audit.stats.recompute import recomputed_metrics

    said = {(m.name, str(m.slice)): m for m in run.read_metrics()}
    again = {(m.name, str(m.slice)): m for m in recomputed_metrics(run)}
    assert {key: said[key] for key in again} == again
    assert {m.task for key, m in said.items() if key not in again and m.value is not None} == set()
    return [m.name for m in again.values() if m.value is not None]
