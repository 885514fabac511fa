"""Waivers to write, and files of them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.gate.waivers.waiver_file import WaiverFile, load_waivers
from audit.stats.recount import Recount
from tests.reports.conftest import make_run, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["make_run", "records"]

WAIVER: dict[str, Any] = {
    "id": "W-1",
    "rule": "boolq/accuracy",
    "scope": {"model": "tiny-chat"},
    "reason": "The old checkpoint is no better.",
    "owner": "Ada Lovelace",
    "approver": "Grace Hopper",
    "granted": "2026-02-01",
    "expires": "2026-03-01",
}


@pytest.fixture
def make_waivers(tmp_path: Path) -> Callable[..., WaiverFile]:
    """Makes a file of waivers, each :data:`WAIVER` with changes."""

    def make(*changes: dict[str, Any]) -> WaiverFile:
        file = tmp_path / "waivers.yaml"
        file.write_text(yaml.safe_dump({"waivers": [copy.deepcopy(WAIVER) | change for change in changes]}), "utf-8")
        return load_waivers(file)

    return make


@pytest.fixture
def _without_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """No samples lie in made-up folders, from which the gate would derive the metrics again."""
    monkeypatch.setattr(Recount, "check_task", lambda *_: None)
