"""Which weight files of a folder transformers reads: only these are loaded, checked and identified.

transformers takes ``model.safetensors``, else the shards of its index, else (where pickles are allowed)
``pytorch_model.bin`` or the shards of that one's index; ``transformers_weights`` in ``config.json`` goes before all.
It reads all tensors of these files, whatever the index says of each.
Source: ``transformers.modeling_utils._get_resolved_checkpoint_files`` (5.23).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.json_files import read_object, refuse_no_file

if TYPE_CHECKING:
    from pathlib import Path

SAFE, PICKLED = "model.safetensors", "pytorch_model.bin"
INDEX = ".index.json"
WEIGHTS = ("*.safetensors", "pytorch_model*.bin", "consolidated*.pth", "*.gguf")
"""Names of files with a model's weights; unlike a training run's ``optimizer.pt``."""
PICKLES = {".bin", ".pt", ".pth", ".ckpt"}
DISTRIBUTED = re.compile(r"shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors$")
"""If one of these exists, transformers reads them all instead of any other file, in another way."""


def weight_files(folder: Path, *, allow_pickle: bool) -> list[Path]:
    """The weight files that transformers reads, by name.

    Raises:
        CheckpointError: There are none, some are missing or no files, only pickled ones are there, or two sets of which
            either may be meant.
    """
    for name in (SAFE, SAFE + INDEX):
        refuse_no_file(folder / name)
    distributed = sorted(file.name for file in folder.glob("*.safetensors") if DISTRIBUTED.match(file.name))
    if distributed:
        msg = f"{folder}: a distributed checkpoint ({distributed[0]}): load it once and save it with save_pretrained"
        raise CheckpointError(msg)
    named = _named(folder)
    if named is not None:
        return _set(folder, named)
    shards = _set(folder, SAFE + INDEX) if (folder / (SAFE + INDEX)).is_file() else []
    if (folder / SAFE).is_file():
        others = [file for file in shards if file.name != SAFE]
        if others:
            msg = (
                f"{folder}: holds two sets of weights, {SAFE} and the {len(others)} file(s) of {SAFE}{INDEX} "
                f"(first {others[0].name}): keep only the right one"
            )
            raise CheckpointError(msg)
        return [folder / SAFE]
    return shards or _pickled(folder, allow_pickle=allow_pickle)


def unread_weights(folder: Path, read: list[Path]) -> tuple[str, ...]:
    """A remark on weight files in the folder that are not read; none if there are none."""
    there = {file.name for pattern in WEIGHTS for file in folder.glob(pattern)}
    unread = sorted(there - {file.name for file in read})
    if not unread:
        return ()
    names = sorted(file.name for file in read)
    return (f"weights were read from {_listed(names)}; ignored in the same folder: {_listed(unread)}",)


def refused_pickle(file: Path) -> CheckpointError:
    """The error for pickled weights that the user has not allowed."""
    return CheckpointError(
        f"{file}: pickled weights can run code and are refused: "
        "convert them to safetensors, or pass --allow-pickle if you trust the file"
    )


def _named(folder: Path) -> str | None:
    """The file that ``config.json`` names, if it names one."""
    try:
        named = read_object(folder / "config.json").get("transformers_weights")
    except CheckpointError:
        return None
    return named if isinstance(named, str) else None


def _set(folder: Path, name: str) -> list[Path]:
    """A weight file, or all shards that an index names.

    Raises:
        CheckpointError: The index is damaged, or a file is missing.
    """
    names = {name}
    if name.endswith(INDEX):
        names = _shards(folder / name)
    missing = sorted(name for name in names if not (folder / name).is_file())
    if missing:
        refuse_no_file(folder / missing[0])
        msg = f"{folder}: {len(missing)} weight file(s) missing, first {missing[0]}: copy the checkpoint again"
        raise CheckpointError(msg)
    return [folder / name for name in sorted(names)]


def _shards(index: Path) -> set[str]:
    """Names of the files that an index lists, all in the index's own folder and format."""
    suffix = ".bin" if index.name.startswith(PICKLED) else ".safetensors"
    try:
        named = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{index}: not a valid shard index ({error}): copy the checkpoint again"
        raise CheckpointError(msg) from error
    strange = sorted(str(name) for name in named if not _is_plain(name, suffix))
    if strange:
        msg = f"{index}: lists {strange[0]!r}, which is not a {suffix} file in this folder: copy the checkpoint again"
        raise CheckpointError(msg)
    return named


def _is_plain(name: object, suffix: str) -> bool:
    """Whether an index names a file in the same folder."""
    return isinstance(name, str) and name.endswith(suffix) and "/" not in name and "\\" not in name


def _pickled(folder: Path, *, allow_pickle: bool) -> list[Path]:
    """Pickled weight files, when the caller allowed them."""
    for name in (PICKLED, PICKLED + INDEX):
        refuse_no_file(folder / name)
        if not (folder / name).is_file():
            continue
        if allow_pickle:
            return _set(folder, name)
        raise refused_pickle(folder / name)
    raise CheckpointError(_nothing(folder))


def _nothing(folder: Path) -> str:
    """Why no weights are read, from what the folder contains."""
    found = sorted(file.name for pattern in WEIGHTS for file in folder.glob(pattern))
    if any("-of-" in name for name in found):
        return f"{folder}: no {SAFE}{INDEX}, which lists its {len(found)} weight files: copy it into the folder"
    others = found or sorted(file.name for file in folder.iterdir() if file.suffix in PICKLES)
    but = f", only {_listed(others)}" if others else ""
    return f"{folder}: no weights ({SAFE} or its shards{but}): copy the checkpoint's weights into the folder"


def _listed(names: list[str]) -> str:
    """One name, or the first one and the number of others."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
