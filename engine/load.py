"""From what a user names to a loaded checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from audit.core.config import ServerConfig
from audit.core.errors import AssetError, CheckpointError
from audit.core.records import ModelRecord, digest_of
from audit.engine import adapter
from audit.engine.checkpoint import read_config
from audit.engine.device import DeviceMap, Dtype, check_device_map, choose_device, choose_dtype, describe_devices
from audit.engine.hardware import keep_freed_memory
from audit.engine.kind import check_kind
from audit.engine.openai_engine import OpenAIEngine, describe, tokenizer_files
from audit.engine.openai_name import is_server, parse
from audit.engine.openai_server import contact
from audit.engine.source import find, nowhere, short_name, tokenizer_folder
from audit.engine.transformers_engine import TransformersEngine

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from audit.engine.checkpoint import Checkpoint
    from audit.engine.engine import Engine

Quantization = Literal["int8", "nf4"]

CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "seq_length", "n_ctx")
DEFAULT_CONTEXT = 2048


def load(  # noqa: PLR0913 - the contract's options, by keyword
    model: str,
    *,
    base: str | None = None,
    device: str = "auto",
    device_map: DeviceMap | None = None,
    dtype: Dtype = "auto",
    revision: str | None = None,
    quantization: Quantization | None = None,
    trust_remote_code: bool = False,
    allow_pickle: bool = False,
    offline: bool = False,
    max_length: int | None = None,
    batch_tokens: int | None = None,
    server: ServerConfig | None = None,
) -> Engine:
    """Load a checkpoint, or get in touch with a server that has loaded one.

    Args:
        model: A folder, a ``.gguf`` file, an asset name or a hub id; or one of these with a PEFT adapter; or
            ``openai:URL#NAME``, to which only ``server``, ``max_length``, ``revision`` and ``offline`` (of its
            tokenizer) and ``trust_remote_code`` apply.
        base: The checkpoint that an adapter belongs on; None takes the one that the adapter names.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        device_map: Spread the layers over all cards, as accelerate understands the word; in place of ``device``.
        dtype: ``auto`` is float32 on CPU and bfloat16 on GPU.
        revision: Of a hub id.
        quantization: bitsandbytes quantization while loading; needs a GPU and the package.
        trust_remote_code: Run Python code that the checkpoint brings along.
        allow_pickle: Load pickled weights, which can run code.
        offline: Never ask the hub.
        max_length: Use at most this much of the context.
        batch_tokens: Input tokens per scoring batch; None chooses by device.
        server: How a server is asked, and the tokenizer of its model.

    Raises:
        CheckpointError: Nothing there, damaged, refused, or a tokenizer of another model.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    if is_server(model):
        if base is not None:
            msg = f"--base {base}: a server has applied its adapters already: leave out --base"
            raise CheckpointError(msg)
        options = {"trust_remote_code": trust_remote_code, "local_files_only": True}
        return _load_server(model, server or ServerConfig(), options, max_length, revision, offline=offline)
    if device_map is not None:
        check_device_map(device, device_map)
    place = choose_device(device)
    number_type = choose_dtype(dtype, place)
    if place.type == "cpu":
        keep_freed_memory()
    found, source = find(model, base=base, revision=revision, allow_pickle=allow_pickle, offline=offline)
    check_kind(found.folder, trust_remote_code=trust_remote_code)
    options = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    tokenizer = _tokenizer(found.tokenizer or found.folder, options)
    model_options = {**options, "use_safetensors": not allow_pickle or None, "device_map": device_map}
    loaded = _model(found, place, number_type, quantization, model_options)
    check_tokenizer(tokenizer, loaded, found.tokenizer or found.folder)
    context = context_length(read_config(found.folder), tokenizer)
    record = ModelRecord(
        name=short_name(model),
        source=source,
        revision=revision,
        base=found.base,
        digest=found.digest,
        files=list(found.files),
        architecture=type(loaded).__name__,
        parameter_count=sum(p.numel() for p in loaded.parameters()),
        dtype=str(number_type).removeprefix("torch."),
        quantization=quantization or found.quantization,
        max_length=min(context, max_length or context),
        device=describe_devices(loaded, place),
    )
    return TransformersEngine(loaded, tokenizer, record, batch_tokens=batch_tokens)


def _load_server(
    model: str,
    settings: ServerConfig,
    options: dict[str, Any],
    max_length: int | None,
    revision: str | None,
    *,
    offline: bool,
) -> OpenAIEngine:
    """An engine on a server. Its tokenizer is the one that was named, else the one found under the model's name."""
    server = contact(parse(model), settings)
    tokenizer, folder = None, None
    try:
        folder = tokenizer_folder(settings.tokenizer or server.name.model, revision, offline=offline)
        tokenizer = None if folder is None else _tokenizer(folder, options)
    except (AssetError, CheckpointError):
        if settings.tokenizer is not None:
            raise
    if settings.tokenizer is not None and tokenizer is None:
        raise nowhere(settings.tokenizer)
    context = server.max_length or DEFAULT_CONTEXT
    if server.max_length is None and folder is not None and tokenizer is not None:
        context = context_length(read_config(folder) if (folder / "config.json").is_file() else {}, tokenizer)
    files = tokenizer_files(folder) if folder is not None and tokenizer is not None else []
    digest = digest_of(server.digest, sorted((file.kind, file.sha256) for file in files))
    record = describe(server, short_name(model), files, digest, min(context, max_length or context))
    return OpenAIEngine(server, tokenizer, record)


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
    elif "quantization_config" in read_config(found.folder) and not options["device_map"] and device.type == "cuda":
        options = {**options, "device_map": {"": device}}  # packed weights are put in place while loading
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(found.folder, dtype=dtype, **options)
    except Exception as error:  # transformers raises anything on damaged or unknown checkpoints
        msg = f"{found.folder}: the model cannot be loaded ({_first_line(error)})"
        raise CheckpointError(msg) from error
    placed = options["device_map"] is not None or getattr(model, "hf_quantizer", None) is not None
    model = (model if placed else model.to(device)).eval()
    return adapter.apply(model, found.adapter, device) if found.adapter else model


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
