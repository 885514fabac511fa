"""GGUF files: de-quantised once by transformers' loader, kept as safetensors for the next time.

Reading a GGUF file takes transformers half a minute even for a small model (it parses the vocabulary
several times); the converted copy loads in a second. The copy lies in the cache under the SHA-256 of
the GGUF file, so that a changed file is never mistaken for an old one. It is not made when the disk has
less than three times its size to spare: then it is an error, with the folder and the size that is needed.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from transformers import AutoModelForCausalLM, AutoTokenizer

from audit.core.assets.settings import cache_dir
from audit.core.errors import CheckpointError, WriteError
from audit.core.filesystem import make_folder
from audit.engine.checkpoint import Checkpoint, file_digest

MAGIC = b"GGUF"


def inspect_gguf(file: Path) -> Checkpoint:
    """Take the digest of a GGUF file and make sure that a converted copy is in the cache.

    Raises:
        CheckpointError: Not a GGUF file, truncated, or of an architecture transformers cannot read.
    """
    with file.open("rb") as stream:
        if stream.read(4) != MAGIC:
            msg = f"{file}: not a GGUF file: download it again"
            raise CheckpointError(msg)
    digest = file_digest(file, "weights")
    folder = cache_dir() / "converted" / digest.sha256
    make_folder(folder.parent)
    with FileLock(f"{folder}.lock"):
        if not (folder / "config.json").is_file():
            _convert(file, folder)
    return Checkpoint(folder, (digest,), quantization=f"gguf:{_quantization(file)}")


def _convert(file: Path, folder: Path) -> None:
    """De-quantise to float32 and save next to ``folder``, then rename: never half a copy."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    except Exception as error:  # gguf and transformers raise anything on damaged files
        msg = f"{file}: cannot be read as GGUF ({type(error).__name__}: {error}): truncated or unsupported"
        raise CheckpointError(msg) from error
    needed = sum(p.numel() * p.element_size() for p in model.parameters())
    if shutil.disk_usage(folder.parent).free < 3 * needed:
        size = f"{3 * needed / 2**30:.1f} GiB"
        msg = f"{folder.parent}: {size} must be free to convert {file.name}: free some, or set AUDIT_CACHE"
        raise WriteError(msg)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".converting-") as scratch:
        _without_quantizer(model).save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copystat(folder.parent, scratch)
        Path(scratch).rename(folder)
        Path(scratch).mkdir()


def _without_quantizer(model: Any) -> Any:  # noqa: ANN401 - transformers' models have no common typed base
    """The same float32 weights in a model that may be saved: transformers refuses what a quantizer loaded."""
    config = copy.deepcopy(model.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(model.state_dict())
    plain.generation_config = model.generation_config
    return plain


def _quantization(file: Path) -> str:
    """The commonest quantization in the file's name, e.g. ``Q4_1``; GGUF files are named by it."""
    parts = file.stem.split(".")
    return parts[-1] if len(parts) > 1 else "mixed"
