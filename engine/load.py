"""From what a user names to a loaded checkpoint."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from audit.core import assets
from audit.core.config import ServerConfig
from audit.core.errors import AssetError, CheckpointError
from audit.core.records import ModelRecord, digest_of
from audit.engine import adapter
from audit.engine.checkpoint import Checkpoint, inspect_folder, read_config
from audit.engine.gguf import inspect_gguf
from audit.engine.hardware import keep_freed_memory
from audit.engine.openai_engine import OpenAIEngine, describe, tokenizer_files
from audit.engine.openai_name import is_server, parse
from audit.engine.openai_server import contact
from audit.engine.transformers_engine import TransformersEngine

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from audit.core.records import AssetRecord
    from audit.engine.engine import Engine

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Quantization = Literal["int8", "nf4"]
DeviceMap = Literal["auto", "balanced", "sequential"]

TOKENIZER_PATTERNS = ["*.json", "*.model", "*.tiktoken", "*.txt", "*.jinja", "*.py"]
HUB_PATTERNS = ["*.json", "*.safetensors", "*.model", "*.tiktoken", "*.txt", "*.jinja", "*.py"]
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
        _check_device_map(device, device_map)
    place = choose_device(device)
    number_type = choose_dtype(dtype, place)
    if place.type == "cpu":
        keep_freed_memory()
    found, source = find(model, base=base, revision=revision, allow_pickle=allow_pickle, offline=offline)
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
        folder = _tokenizer_folder(settings.tokenizer or server.name.model, revision, offline=offline)
        tokenizer = None if folder is None else _tokenizer(folder, options)
    except (AssetError, CheckpointError):
        if settings.tokenizer is not None:
            raise
    if settings.tokenizer is not None and tokenizer is None:
        raise _nowhere(settings.tokenizer)
    context = server.max_length or DEFAULT_CONTEXT
    if server.max_length is None and folder is not None and tokenizer is not None:
        context = context_length(read_config(folder) if (folder / "config.json").is_file() else {}, tokenizer)
    files = tokenizer_files(folder) if folder is not None and tokenizer is not None else []
    digest = digest_of(server.digest, sorted((file.kind, file.sha256) for file in files))
    record = describe(server, short_name(model), files, digest, min(context, max_length or context))
    return OpenAIEngine(server, tokenizer, record)


def _tokenizer_folder(name: str, revision: str | None, *, offline: bool) -> Path | None:
    """The folder with the tokenizer of a checkpoint, whose weights need not be there; None where there is nothing."""
    path = Path(name).expanduser()
    if path.is_dir():
        return path.resolve()
    if path.is_file() or name in {entry.name for entry in assets.names()}:
        return find(name, revision=None, allow_pickle=False, offline=offline)[0].folder
    return _download(name, revision, offline=offline, patterns=TOKENIZER_PATTERNS) if _is_hub_id(name) else None


def find(
    model: str, *, base: str | None = None, revision: str | None, allow_pickle: bool, offline: bool
) -> tuple[Checkpoint, str]:
    """The local files of what was named, and where they came from."""
    folder, source = _find_folder(model, revision, offline=offline)
    if folder is not None and adapter.is_adapter(folder):
        on = _find_base(folder, base, allow_pickle=allow_pickle, offline=offline)
        return adapter.inspect_adapter(folder, *on, allow_pickle=allow_pickle), source
    if base is not None:
        msg = f"--base {base}: {model} is no adapter folder (adapter_config.json, no config.json): leave out --base"
        raise CheckpointError(msg)
    if folder is not None:
        return inspect_folder(folder, allow_pickle=allow_pickle), source
    path = Path(model).expanduser()
    if path.is_file():
        return _inspect_file(path.resolve(), allow_pickle=allow_pickle), f"file {path.name}"
    if model in {entry.name for entry in assets.names()}:
        resolved = assets.checkpoint(model)
        return _inspect_asset(resolved.path, resolved.record)
    raise _nowhere(model)


def _find_folder(model: str, revision: str | None, *, offline: bool) -> tuple[Path | None, str]:
    """The folder that was named, or that the hub has, and where it came from; None for files, assets and nothing."""
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve(), f"folder {path.name}"
    known = path.is_file() or model in {entry.name for entry in assets.names()}
    if known or not _is_hub_id(model):
        return None, ""
    return _download(model, revision, offline=offline), f"hub {model}"


def _find_base(folder: Path, base: str | None, *, allow_pickle: bool, offline: bool) -> tuple[Checkpoint, str]:
    """The checkpoint that an adapter belongs on: as the user named it, else as the adapter does.

    Raises:
        CheckpointError: It is not there, or the adapter names none.
    """
    adapter.require_peft()
    named, revision = adapter.base_of(folder)
    wanted = base or named
    if wanted is None:
        msg = f"{folder}: adapter_config.json names no base checkpoint: name it with --base"
        raise CheckpointError(msg)
    missing = f"{folder}: its base checkpoint {wanted} cannot be found: name a local folder with --base"
    if not _can_be_found(wanted):
        raise CheckpointError(missing)
    try:
        return find(wanted, revision=None if base else revision, allow_pickle=allow_pickle, offline=offline)
    except AssetError as error:  # a base that is there and damaged says by itself what is wrong with it
        raise CheckpointError(missing) from error


def check_source(model: str) -> None:
    """Refuse a model that cannot be a folder, a file, an asset, a hub id or a server's; touches no network or weights.

    Raises:
        CheckpointError: There is nothing of that name.
    """
    if is_server(model):
        parse(model)
    elif not _can_be_found(model):
        raise _nowhere(model)


def _can_be_found(model: str) -> bool:
    """Whether a name is that of a folder, a file or an asset, or could be a hub id."""
    return Path(model).expanduser().exists() or model in {entry.name for entry in assets.names()} or _is_hub_id(model)


def _is_hub_id(model: str) -> bool:
    """Whether a name has the form ``owner/name``."""
    path_like = model.startswith(("/", "./", "../", "~")) or model.endswith(".gguf")
    return model.count("/") == 1 and not path_like


def _nowhere(model: str) -> CheckpointError:
    """The error for a name that nothing has."""
    return CheckpointError(f"{model}: no such folder, file or asset: check the path, or see `audit assets list`")


def short_name(model: str) -> str:
    """Name of a checkpoint for people: of the folder, of the file without its ending, or the last part of a hub id.

    For ``openai:URL#NAME`` the last part of NAME.
    """
    if is_server(model):
        return parse(model).model.rstrip("/").rsplit("/", 1)[-1] or "model"
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


def describe_devices(model: Any, device: torch.device) -> str:  # noqa: ANN401 - see above
    """The device, or all that the layers of a model are spread over."""
    spread = dict.fromkeys(getattr(model, "hf_device_map", {}).values())
    places = [torch.device("cuda", place) if isinstance(place, int) else place for place in spread]
    return ", ".join(
        "disk" if place == "disk" else describe_device(torch.device(place)) for place in places or [device]
    )


def _check_device_map(device: str, device_map: DeviceMap) -> None:
    """Refuse what a device map cannot go with.

    Raises:
        CheckpointError: A device is named too, or accelerate is missing.
    """
    if device != "auto":
        msg = f"--device-map {device_map} chooses the devices itself: leave out --device {device}"
        raise CheckpointError(msg)
    if importlib.util.find_spec("accelerate") is None:
        msg = f"--device-map {device_map} needs the package accelerate: pip install 'checkpoint-audit[accelerate]'"
        raise CheckpointError(msg)


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


def _download(model: str, revision: str | None, *, offline: bool, patterns: list[str] = HUB_PATTERNS) -> Path:
    """Fetch a hub checkpoint, or find it in the hub's cache."""
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - reads its time-outs on import

    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=patterns, local_files_only=offline))
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
    placed = quantization is not None or options["device_map"] is not None
    model = (model if placed else model.to(device)).eval()
    return adapter.apply(model, found.adapter, device, merge=quantization is None) if found.adapter else model


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
