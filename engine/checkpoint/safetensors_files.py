"""Safetensors files: whole or not, and what is in them. Only headers are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from audit.core.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path


def check_safetensors(file: Path) -> None:
    """Make sure that a file is as long as its header says, neither shorter nor longer.

    Raises:
        CheckpointError: It is empty, truncated, too long or not safetensors.
    """
    tensor_names(file)


def tensor_names(file: Path) -> set[str]:
    """Names of the tensors in a file.

    Raises:
        CheckpointError: See :func:`check_safetensors`.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            return set(opened.keys())
    except (SafetensorError, OSError) as error:
        msg = f"{file}: truncated or not a safetensors file ({error}): copy the checkpoint again"
        raise CheckpointError(msg) from error
