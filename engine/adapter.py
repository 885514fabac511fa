"""PEFT adapters: a folder of small weights that change a base checkpoint, which lies elsewhere.

The adapter's file names its base. What can be merged into the base's weights is merged, so that scoring and generation
run as on any other checkpoint; on quantised weights it stays beside them, since a merge would round once more.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.errors import CheckpointError
from audit.engine.checkpoint import Checkpoint, check_safetensors, deciding_files, file_digest

if TYPE_CHECKING:
    import torch

CONFIG, WEIGHTS, PICKLED = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model", "*.tiktoken")
VIRTUAL_TOKENS = {"PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "ADAPTION_PROMPT", "CPT"}
"""Kinds that put trained vectors before the prompt: the engine's positions and cached prefixes know nothing of them."""
PREFIX = "base_model.model."
"""Of every weight's name in an adapter file."""


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no checkpoint of its own."""
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def base_of(folder: Path) -> tuple[str | None, str | None]:
    """Name and revision of the base that the adapter was trained on, as far as its file says.

    A name that is a folder beside or inside the adapter's own is returned as that folder.

    Raises:
        CheckpointError: The file is not JSON, or the adapter is of a kind that cannot be audited.
    """
    config = _read_config(folder)
    kind = str(config.get("peft_type"))
    if kind in VIRTUAL_TOKENS:
        msg = f"{folder}: {kind} adapters add virtual tokens and cannot be audited: use one that can be merged (LoRA)"
        raise CheckpointError(msg)
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(name, str) or not name:
        return None, None
    beside = folder / Path(name).expanduser()
    return str(beside) if beside.is_dir() else name, revision if isinstance(revision, str) else None


def inspect_adapter(folder: Path, base: Checkpoint, source: str, *, allow_pickle: bool) -> Checkpoint:
    """The base with the adapter on it, as one checkpoint: files of both decide what it answers.

    The adapter's own tokenizer, where it brings one, stands for the base's.

    Args:
        folder: The adapter's.
        base: What it goes on.
        source: Where the base came from, for people.
        allow_pickle: Take pickled adapter weights.

    Raises:
        CheckpointError: No adapter weights, pickled ones, a damaged file, or the base is an adapter itself.
    """
    if base.adapter is not None:
        msg = f"{folder}: its base {base.adapter} is an adapter too: merge that one first (merge_and_unload)"
        raise CheckpointError(msg)
    own_tokenizer = _brings_tokenizer(folder)
    kinds = {"tokenizer", "chat_template"}
    files = [file_digest(_weights(folder, allow_pickle=allow_pickle), "weights")]
    files += [file_digest(folder / CONFIG, "config")]
    files += [file for file in deciding_files(folder) if own_tokenizer and file.kind in kinds]
    kept = [file for file in base.files if not (own_tokenizer and file.kind in kinds)]
    return Checkpoint(
        folder=base.folder,
        files=(*files, *(file.model_copy(update={"path": f"base/{file.path}"}) for file in kept)),
        quantization=base.quantization,
        adapter=folder,
        base=f"{source}@{base.digest[:12]}",
        tokenizer=folder if own_tokenizer else None,
    )


def require_peft() -> None:
    """Make sure that the package is there, before a large base is loaded.

    Raises:
        CheckpointError: It is not.
    """
    try:
        import peft  # noqa: F401, PLC0415 - optional
    except ImportError:
        msg = "a PEFT adapter needs the package peft: pip install 'checkpoint-audit[peft]'"
        raise CheckpointError(msg) from None


def apply(model: Any, folder: Path, device: torch.device) -> Any:  # noqa: ANN401 - no typed base
    """The model with the adapter in effect: merged into the base's weights, or beside them where those are quantised.

    Args:
        model: The base, on its device; changed in place.
        folder: The adapter's.
        device: Where the adapter's weights go.

    Raises:
        CheckpointError: The adapter was made for another architecture or size.
    """
    from peft import PeftModel, get_peft_model_state_dict  # noqa: PLC0415 - optional
    from peft.utils import load_peft_weights  # noqa: PLC0415 - optional

    of_base = set(model.state_dict())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # missing weights are looked for below
            adapted = PeftModel.from_pretrained(model, str(folder), torch_device=str(device))
            wanted = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
            found = set(load_peft_weights(str(folder), device="cpu"))
    except Exception as error:  # peft raises anything on files that do not fit
        msg = f"{folder}: the adapter does not fit its base ({_first_line(error)}): name the right one with --base"
        raise CheckpointError(msg) from error
    strange = {name for name in found - wanted if name.removeprefix(PREFIX) not in of_base}
    if strange or wanted - found:
        which = f"{len(strange)} of its weights have no place there, {len(wanted - found)} are missing"
        first = min(strange or wanted - found)
        msg = f"{folder}: the adapter does not fit its base: {which}, first {first}: name the right one with --base"
        raise CheckpointError(msg)
    quantised = getattr(model, "hf_quantizer", None) is not None
    return (adapted.get_base_model() if quantised else adapted.merge_and_unload()).eval()


def _read_config(folder: Path) -> dict[str, Any]:
    """The adapter's ``adapter_config.json``."""
    file = folder / CONFIG
    try:
        config = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{file}: not valid JSON ({error}): copy the adapter again"
        raise CheckpointError(msg) from error
    if not isinstance(config, dict):
        msg = f"{file}: expected a JSON object: copy the adapter again"
        raise CheckpointError(msg)
    return config


def _weights(folder: Path, *, allow_pickle: bool) -> Path:
    """The adapter's weight file."""
    if (folder / WEIGHTS).is_file():
        check_safetensors(folder / WEIGHTS)
        return folder / WEIGHTS
    pickled = folder / PICKLED
    if not pickled.is_file():
        msg = f"{folder}: no {WEIGHTS}: copy the adapter's weights into the folder"
        raise CheckpointError(msg)
    if not allow_pickle:
        msg = (
            f"{pickled}: pickled weights can run code and are refused: "
            "convert them to safetensors, or pass --allow-pickle if you trust the file"
        )
        raise CheckpointError(msg)
    return pickled


def _brings_tokenizer(folder: Path) -> bool:
    """Whether a whole tokenizer lies in the folder: its settings and its vocabulary."""
    vocabulary = any(next(folder.glob(pattern), None) for pattern in VOCABULARIES)
    return vocabulary and (folder / "tokenizer_config.json").is_file()


def _first_line(error: Exception) -> str:
    """Type and the most telling short part of an exception's message."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    telling = next((line for line in lines if "size mismatch" in line), lines[0] if lines else "")
    return f"{type(error).__name__}: {telling[:200]}"
