"""One small engine for all examples of a property."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.engine import load

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine


@pytest.fixture(scope="session")
def tiny_shared(tiny_model: Path) -> TransformersEngine:
    """A two-layer random Llama that no test changes; small passes, so that a call has several."""
    return load(str(tiny_model), device="cpu", batch_tokens=32)  # type: ignore[return-value]
