"""From what a user names to a loaded checkpoint."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from audit.core import assets
from audit.core.errors import AssetError, CheckpointError
from audit.core.records import ModelRecord
from audit.engine.checkpoint import Checkpoint, inspect_folder, read_config
from audit.engine.gguf import inspect_gguf
from audit.engine.transformers_engine import TransformersEngine

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from audit.core.records import AssetRecord

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Quantization = Literal["int8", "nf4"]

HUB_PATTERNS = ["*.json", "*.safetensors", "*.model", "*.tiktoken", "*.txt", "*.jinja", "*.py"]
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "seq_length", "n_ctx")
DEFAULT_CONTEXT = 2048


def load(  # noqa: PLR0913 - the contract's options, by keyword
    model: str,
    *,
    device: str = "auto",
    dtype: Dtype = "auto",
    revision: str | None = None,
    quantization: Quantization | None = None,
    trust_remote_code: bool = False,
    allow_pickle: bool = False,
    offline: bool = False,
    max_length: int | None = None,
    batch_tokens: int | None = None,
) -> TransformersEngine:
    """Load a checkpoint.

    Args:
        model: A folder, a ``.gguf`` file, an asset name or a hub id.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        dtype: ``auto`` is float32 on CPU and bfloat16 on GPU.
        revision: Of a hub id.
        quantization: bitsandbytes quantization while loading; needs a GPU and the package.
        trust_remote_code: Run Python code that the checkpoint brings along.
        allow_pickle: Load pickled weights, which can run code.
        offline: Never ask the hub.
        max_length: Use at most this much of the context.
        batch_tokens: Input tokens per scoring batch; None chooses by device.

    Raises:
        CheckpointError: Nothing there, damaged, refused, or a tokenizer of another model.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    place = choose_device(device)
    number_type = choose_dtype(dtype, place)
    found, source = find(model, revision=revision, allow_pickle=allow_pickle, offline=offline)
    options = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    tokenizer = _tokenizer(found.folder, options)
    loaded = _model(found, place, number_type, quantization, {**options, "use_safetensors": not allow_pickle or None})
    check_tokenizer(tokenizer, loaded, found.folder)
    context = context_length(read_config(found.folder), tokenizer)
    record = ModelRecord(
        name=short_name(model),
        source=source,
        revision=revision,
        digest=found.digest,
        files=list(found.files),
        architecture=type(loaded).__name__,
        parameter_count=sum(p.numel() for p in loaded.parameters()),
        dtype=str(number_type).removeprefix("torch."),
        quantization=quantization or found.quantization,
        max_length=min(context, max_length or context),
        device=describe_device(place),
    )
    return TransformersEngine(loaded, tokenizer, record, batch_tokens=batch_tokens)


def find(model: str, *, revision: str | None, allow_pickle: bool, offline: bool) -> tuple[Checkpoint, str]:
    """The local files of what was named, and where they came from."""
    path = Path(model).expanduser()
    if path.is_dir():
        return inspect_folder(path.resolve(), allow_pickle=allow_pickle), f"folder {path.name}"
    if path.is_file():
        return _inspect_file(path.resolve(), allow_pickle=allow_pickle), f"file {path.name}"
    if model in {entry.name for entry in assets.names()}:
        resolved = assets.checkpoint(model)
        return _inspect_asset(resolved.path, resolved.record)
    if _is_hub_id(model):
        return inspect_folder(_download(model, revision, offline=offline), allow_pickle=allow_pickle), f"hub {model}"
    raise _nowhere(model)


def check_source(model: str) -> None:
    """Refuse a model that cannot be a folder, a file, an asset or a hub id; touches neither network nor weights.

    Raises:
        CheckpointError: There is nothing of that name.
    """
    if not (
        Path(model).expanduser().exists() or model in {entry.name for entry in assets.names()} or _is_hub_id(model)
    ):
        raise _nowhere(model)


def _is_hub_id(model: str) -> bool:
    """Whether a name has the form ``owner/name``."""
    path_like = model.startswith(("/", "./", "../", "~")) or model.endswith(".gguf")
    return model.count("/") == 1 and not path_like


def _nowhere(model: str) -> CheckpointError:
    """The error for a name that nothing has."""
    return CheckpointError(f"{model}: no such folder, file or asset: check the path, or see `audit assets list`")


def short_name(model: str) -> str:
    """Name of a checkpoint for people: of the folder, of the file without its ending, or the last part of a hub id."""
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve().name or "model"
    return path.stem if path.is_file() else model.rsplit("/", 1)[-1]


def choose_device(device: str) -> torch.device:
    """The device to run on.

    Raises:
        CheckpointError: It is not there.
    """
    if device == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError:
        msg = f"--device {device}: unknown device: use auto, cpu, cuda or cuda:N"
        raise CheckpointError(msg) from None
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        msg = f"--device {device}: torch sees {count} CUDA device(s): use cpu, or install torch with CUDA"
        raise CheckpointError(msg)
    if place.type not in {"cpu", "cuda"}:
        msg = f"--device {device}: only cpu and cuda are supported"
        raise CheckpointError(msg)
    return torch.device("cuda:0") if device == "cuda" else place


def choose_dtype(dtype: Dtype, device: torch.device) -> torch.dtype:
    """The floating-point type to run in."""
    if dtype == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    chosen: torch.dtype = getattr(torch, dtype)
    return chosen


def describe_device(device: torch.device) -> str:
    """``cpu``, or the card with its name."""
    return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else "cpu"


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, model: Any, folder: Path) -> None:  # noqa: ANN401 - see above
    """Every token id must have an embedding.

    Raises:
        CheckpointError: The tokenizer belongs to another model.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    largest = max(tokenizer.get_vocab().values(), default=-1)
    if largest >= rows:
        msg = f"{folder}: the tokenizer has ids up to {largest}, the model {rows} embeddings: use the model's own files"
        raise CheckpointError(msg)
    if largest < 0:
        msg = f"{folder}: the tokenizer is empty: copy the checkpoint's tokenizer files into the folder"
        raise CheckpointError(msg)


def context_length(config: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> int:
    """Context length in tokens: the configuration's, else the tokenizer's, else 2048 (as lm-eval does)."""
    text = config.get("text_config") or config
    for key in CONTEXT_KEYS:
        if isinstance(text.get(key), int):
            return int(text[key])
    named = tokenizer.model_max_length
    return int(named) if named < 10**9 else DEFAULT_CONTEXT


def _inspect_file(file: Path, *, allow_pickle: bool) -> Checkpoint:
    """A single file is a GGUF file; a weight file means its folder."""
    if file.suffix == ".gguf":
        return inspect_gguf(file)
    if file.suffix == ".safetensors":
        return inspect_folder(file.parent, allow_pickle=allow_pickle)
    msg = f"{file}: not a checkpoint: name a folder made by save_pretrained, or a .gguf file"
    raise CheckpointError(msg)


def _inspect_asset(path: Path, record: AssetRecord) -> tuple[Checkpoint, str]:
    """A checkpoint that the asset resolver found."""
    return _inspect_file(path, allow_pickle=False), record.source


def _download(model: str, revision: str | None, *, offline: bool) -> Path:
    """Fetch a hub checkpoint, or find it in the hub's cache."""
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - reads its time-outs on import

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=HUB_PATTERNS, local_files_only=offline))
    except Exception as error:  # the hub client raises errors of four libraries
        why = "not in the hub's cache" if offline else f"the hub gave {type(error).__name__}"
        msg = f"{model}: no such folder, and {why}: give a local folder, or see `audit assets list`"
        raise AssetError(msg) from error


def _tokenizer(folder: Path, options: dict[str, Any]) -> PreTrainedTokenizerBase:
    """The checkpoint's tokenizer."""
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, **options)
    except Exception as error:  # transformers and tokenizers raise anything on damaged files
        msg = f"{folder}: the tokenizer cannot be loaded ({_first_line(error)})"
        raise CheckpointError(msg) from error
    return tokenizer


def _model(
    found: Checkpoint,
    device: torch.device,
    dtype: torch.dtype,
    quantization: Quantization | None,
    options: dict[str, Any],
) -> Any:  # noqa: ANN401 - see above
    """The model on its device, in evaluation mode."""
    if quantization is not None:
        options = {**options, "quantization_config": _quantization_config(quantization, device)}
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(found.folder, dtype=dtype, **options)
    except Exception as error:  # transformers raises anything on damaged or unknown checkpoints
        msg = f"{found.folder}: the model cannot be loaded ({_first_line(error)})"
        raise CheckpointError(msg) from error
    return (model if quantization else model.to(device)).eval()


def _quantization_config(quantization: Quantization, device: torch.device) -> Any:  # noqa: ANN401 - see above
    """Configuration of bitsandbytes, where it can run."""
    try:
        import bitsandbytes  # type: ignore[import-not-found,unused-ignore]  # noqa: F401, PLC0415 - optional
    except ImportError:
        msg = f"quantization {quantization} needs bitsandbytes: pip install bitsandbytes"
        raise CheckpointError(msg) from None
    if device.type != "cuda":
        msg = f"quantization {quantization} needs a CUDA device"
        raise CheckpointError(msg)
    from transformers import BitsAndBytesConfig  # noqa: PLC0415 - optional

    if quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def _first_line(error: Exception) -> str:
    """Type and first line of an exception's message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
