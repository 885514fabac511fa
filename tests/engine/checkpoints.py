"""Changes to a small checkpoint, as saving it in one way or another makes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safetensors.torch import load_file, save_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Path:
    """Write ``model.safetensors`` with other tensors or names."""
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, {"format": "pt"})
    return folder


def rename(folder: Path, new_name: Callable[[str], str]) -> Path:
    """Give every weight another name."""
    return change_weights(folder, lambda weights: {new_name(name): tensor for name, tensor in weights.items()})


def drop(folder: Path, *names: str) -> Path:
    """Leave weights out whose names contain one of these."""
    return change_weights(
        folder, lambda weights: {name: w for name, w in weights.items() if not any(part in name for part in names)}
    )


def edit_json(file: Path, **values: Any) -> None:
    """Set fields of a JSON file; None takes a field out."""
    merged = json.loads(file.read_text("utf-8")) | values
    file.write_text(json.dumps({name: value for name, value in merged.items() if value is not None}), "utf-8")


def shard(folder: Path, parts: int = 2) -> Path:
    """Split ``model.safetensors`` into shards with an index."""
    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    where = {name: f"model-{i % parts + 1:05d}-of-{parts:05d}.safetensors" for i, name in enumerate(names)}
    for file in set(where.values()):
        save_file({name: weights[name] for name in names if where[name] == file}, folder / file, {"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    (folder / "model.safetensors").unlink()
    return folder
