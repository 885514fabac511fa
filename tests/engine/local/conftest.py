"""Tiny checkpoints of any type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from transformers import AutoTokenizer

from audit.engine import load
from tests.engine.whole.tiny_types import configuration, random_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine


@pytest.fixture
def loaded(tiny_model: Path, tmp_path: Path) -> Callable[..., TransformersEngine]:
    """Save a tiny model and load it as users do."""

    def loaded(kind: str, dtype: Any = "float32", **overrides: Any) -> TransformersEngine:
        random_model(configuration(kind, **overrides)).save_pretrained(tmp_path)
        AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
        engine: Any = load(str(tmp_path), device="cpu", dtype=dtype)
        return engine

    return loaded
