"""What lies in a checkpoint folder, identified by content and judged before anything is loaded."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from audit.core.errors import CheckpointError
from audit.core.records import FileDigest, digest_of

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["weights", "tokenizer", "chat_template", "config"]

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
TOKENIZER_FILES = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
}
CONFIG_FILES = {"config.json", "generation_config.json"}


@dataclass(frozen=True)
class Checkpoint:
    """A local checkpoint, ready to be loaded."""

    folder: Path
    """Where transformers loads it from."""
    files: tuple[FileDigest, ...]
    """Every file that decides what it answers, by content."""
    quantization: str | None = None
    """How the stored weights are quantised, e.g. ``gguf:Q4_1``, or the method that ``config.json`` names."""
    adapter: Path | None = None
    """Folder of a PEFT adapter that goes on the weights of ``folder``."""
    base: str | None = None
    """Of an adapter: where ``folder`` came from, and the start of its own digest."""
    tokenizer: Path | None = None
    """Where the tokenizer is loaded from, if not from ``folder``."""
    remarks: tuple[str, ...] = ()
    """What a reader must know of how it was read."""

    @property
    def digest(self) -> str:
        """SHA-256 over kind and digest of every file; names and places do not matter."""
        return digest_of(sorted((file.kind, file.sha256) for file in self.files))


def inspect_folder(folder: Path, *, allow_pickle: bool = False) -> Checkpoint:
    """Check a transformers folder and take the digests of its files.

    Raises:
        CheckpointError: No config or weights, only pickled weights, or a damaged safetensors file.
    """
    if not (folder / "config.json").is_file():
        msg = f"{folder}: no config.json: name a folder made by save_pretrained, or a .gguf file"
        raise CheckpointError(msg)
    if (folder / "adapter_config.json").is_file():
        msg = f"{folder}: holds both a checkpoint and a PEFT adapter: keep them in folders of their own"
        raise CheckpointError(msg)
    packed = read_config(folder).get("quantization_config")
    method = str(packed.get("quant_method", "unnamed")) if isinstance(packed, dict) else None
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        weights = _pickled_weights(folder, allow_pickle=allow_pickle)
    _check_shards(folder)
    for file in weights:
        if file.suffix == ".safetensors":
            check_safetensors(file)
    digests = [*deciding_files(folder), *(file_digest(file, "weights") for file in weights)]
    return Checkpoint(folder, tuple(sorted(digests, key=lambda file: file.path)), method)


def deciding_files(folder: Path) -> list[FileDigest]:
    """Tokenizer, chat-template and configuration files of a folder, by name."""
    files = [(file, _kind(file)) for file in sorted(folder.iterdir()) if file.is_file()]
    return [file_digest(file, kind) for file, kind in files if kind]


def read_config(folder: Path) -> dict[str, Any]:
    """The checkpoint's ``config.json``.

    Raises:
        CheckpointError: It is not a JSON object.
    """
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{file}: not valid JSON ({error}): copy the checkpoint again"
        raise CheckpointError(msg) from error
    if not isinstance(config, dict):
        msg = f"{file}: expected a JSON object: copy the checkpoint again"
        raise CheckpointError(msg)
    return config


def check_safetensors(file: Path) -> None:
    """Compare the length of a safetensors file with what its header promises.

    Raises:
        CheckpointError: The file is empty, truncated or not safetensors.
    """
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(min(length, size)))
        promised = max(
            (entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        msg = f"{file}: truncated or not a safetensors file ({error}): copy the checkpoint again"
        raise CheckpointError(msg) from error
    if size != 8 + length + promised:
        msg = f"{file}: truncated: {size} bytes, its header promises {8 + length + promised}: copy the checkpoint again"
        raise CheckpointError(msg)


def file_digest(file: Path, kind: Kind) -> FileDigest:
    """SHA-256 and size of one file."""
    try:
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror})"
        raise CheckpointError(msg) from error
    return FileDigest(path=file.name, kind=kind, sha256=sha256, size=file.stat().st_size)


def _pickled_weights(folder: Path, *, allow_pickle: bool) -> list[Path]:
    """Pickled weight files, when the caller allowed them."""
    pickled = sorted(file for file in folder.iterdir() if file.suffix in PICKLES and file.name != "training_args.bin")
    if not pickled:
        msg = f"{folder}: no weights (*.safetensors): copy the checkpoint's weights into the folder"
        raise CheckpointError(msg)
    if not allow_pickle:
        msg = (
            f"{pickled[0]}: pickled weights can run code and are refused: "
            "convert them to safetensors, or pass --allow-pickle if you trust the file"
        )
        raise CheckpointError(msg)
    return pickled


def _check_shards(folder: Path) -> None:
    """Every shard that the index names must be there."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    try:
        named = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError) as error:
        msg = f"{index}: not a valid shard index ({error}): copy the checkpoint again"
        raise CheckpointError(msg) from error
    strange = sorted(name for name in named if "/" in name or "\\" in name or not name.endswith(".safetensors"))
    if strange:
        msg = f"{index}: names {strange[0]!r}, which is no safetensors file of this folder: copy the checkpoint again"
        raise CheckpointError(msg)
    missing = sorted(name for name in named if not (folder / name).is_file())
    if missing:
        msg = f"{folder}: {len(missing)} weight file(s) missing, first {missing[0]}: copy the checkpoint again"
        raise CheckpointError(msg)


def _kind(file: Path) -> Kind | None:
    """What a file is for; None for files that decide nothing (README, licence)."""
    if file.name in TOKENIZER_FILES or file.suffix in {".model", ".tiktoken"}:
        return "tokenizer"
    if file.name.startswith("chat_template"):
        return "chat_template"
    if file.name in CONFIG_FILES or file.suffix == ".py":
        return "config"
    return None
