"""Weights stored twice in a checkpoint's files: transformers takes one of the two silently."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.safetensors_files import tensor_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path


def check_doubles(files: Sequence[Path], prefix: str, stripped: Iterable[str], known: AbstractSet[str]) -> None:
    """Refuse a checkpoint with two values for one weight; equal copies are harmless.

    Two names mean one weight when they differ by the prefix of the model without its head, which transformers adds and
    takes off as it fits, or by what was stripped.

    Args:
        files: The weight files that are read; only safetensors files are looked at.
        prefix: Name of the model without its head, e.g. ``model``.
        stripped: Patterns of what was taken off all names, in this order.
        known: Names in the model; these mean themselves.

    Raises:
        CheckpointError: There are two values.
    """
    places: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for file in files:
        for name in tensor_names(file) if file.suffix == ".safetensors" else ():
            places[_meaning(name, prefix, stripped, known)].append((name, file))
    for found in places.values():
        (name, file), *others = sorted(found)
        for other, elsewhere in others:
            if not _equal(_tensor(name, file), _tensor(other, elsewhere)):
                msg = (
                    f"{file.parent}: one weight has two values, {name} in {file.name} and {other} in {elsewhere.name}: "
                    "keep only the right one"
                )
                raise CheckpointError(msg)


def _meaning(name: str, prefix: str, stripped: Iterable[str], known: AbstractSet[str]) -> str:
    """The name in the model that corresponds to a name in a file, after handling prefixes."""
    for pattern in stripped:
        name = re.sub(pattern, "", name)
    bare = name.removeprefix(f"{prefix}.")
    if name.startswith(f"{prefix}.") and bare in known:
        return bare
    return f"{prefix}.{name}" if f"{prefix}.{name}" in known else name


def _tensor(name: str, file: Path) -> torch.Tensor:
    """One tensor of a safetensors file."""
    with safe_open(file, framework="pt") as opened:
        tensor: torch.Tensor = opened.get_tensor(name)
    return tensor


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors hold the same bytes; some 8-bit types cannot be compared otherwise."""
    alike = one.dtype == other.dtype and one.shape == other.shape
    return alike and torch.equal(*(tensor.reshape(-1).view(torch.uint8) for tensor in (one, other)))
