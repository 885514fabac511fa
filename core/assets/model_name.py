"""What the name of a model can stand for, decided without a library that loads models."""

from __future__ import annotations

import os
from pathlib import Path

from audit.core.assets.registry import ASSETS
from audit.core.errors import CheckpointError, did_you_mean
from audit.core.filesystem import did_you_mean_path


def can_be_found(model: str) -> bool:
    """Whether a name is that of a folder, a file or an asset, or could be a hub id."""
    there = os.path.exists(os.path.expanduser(model))  # noqa: PTH110, PTH111 - pathlib raises: no such user, too long
    return there or model in ASSETS or is_hub_id(model)


def is_hub_id(model: str) -> bool:
    """Whether a name has the form ``owner/name``."""
    path_like = model.startswith(("/", "./", "../", "~")) or model.endswith(".gguf")
    return model.count("/") == 1 and not path_like


def nowhere(model: str) -> CheckpointError:
    """The error for an unknown name."""
    hint = did_you_mean_path(Path(model)) or did_you_mean(model, list(ASSETS))
    return CheckpointError(f"{model}: no such folder, file or asset: check the path, or see `audit assets list`.{hint}")


def refuse_unknown_path(model: str) -> None:
    """Refuse a model that is nowhere; one with a prefix, such as that of servers, is left to the engine.

    Raises:
        CheckpointError: There is no such folder, file or asset, and it cannot be a hub id.
    """
    if ":" not in model and not can_be_found(model):
        raise nowhere(model)
