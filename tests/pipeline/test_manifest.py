"""The manifest: what decides the signature, what may not change, what is written at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.config import EvalsConfig
from audit.pipeline.manifest import deciding

if TYPE_CHECKING:
    from pathlib import Path


def test_the_place_of_task_files_is_no_part_of_a_signature(tmp_path: Path) -> None:
    here, there = (EvalsConfig(include_path=[tmp_path / name], num_fewshot=2) for name in ("here", "there"))
    assert deciding(here) == deciding(there)
    assert deciding(here)["num_fewshot"] == 2
