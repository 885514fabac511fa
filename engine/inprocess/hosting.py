"""What all inference engines of others share: their package, and the memory they leave behind."""

from __future__ import annotations

import gc
import importlib
from typing import Any

import torch

from audit.core.errors import CheckpointError
from audit.core.text import first_line

MISSING = "{0}:MODEL needs the package {0}{1}: pip install {0}, or leave out {0}: and the audit's own engine computes"


class EngineEndedError(RuntimeError):
    """A process of an inference engine has ended: it answers nothing any more."""


def imported(name: str, *, needs: str = "") -> Any:  # noqa: ANN401 - a package that is not installed here
    """The package of an inference engine, which is large and which few have.

    Args:
        name: Of the package, which is that of the engine.
        needs: What else it needs, as a part of a sentence.

    Raises:
        CheckpointError: It is not installed, or a package that it needs is not.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = MISSING.format(name, needs)
        raise CheckpointError(missing if error.name == name else f"{name}: {first_line(error)}") from error


def free_memory() -> None:
    """Give back what an engine held in this process."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
