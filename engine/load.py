"""From the name that a user gives to a loaded checkpoint."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging as transformers_logging

from audit.core.assets.model_name import nowhere
from audit.core.config import InferenceConfig, ServerConfig
from audit.core.errors import AssetError, CheckpointError, ConfigError
from audit.core.names import split_engine
from audit.core.progress import Silent
from audit.core.records import ModelRecord, digest_of
from audit.engine.chat import choose_template
from audit.engine.checkpoint import adapter
from audit.engine.checkpoint.device import (
    DeviceMap,
    Dtype,
    check_device_map,
    choose_device,
    choose_dtype,
    describe_devices,
    placement,
)
from audit.engine.checkpoint.files import identity, tokenizer_files
from audit.engine.checkpoint.kind import check_kind
from audit.engine.checkpoint.loading_error import check_model_type, memory_error
from audit.engine.checkpoint.quantization import Quantization, check_packed, quantization_config
from audit.engine.checkpoint.source import find, refuse_revision, short_name, tokenizer_folder
from audit.engine.checkpoint.tokenizer import fit_tokenizer, load_tokenizer
from audit.engine.checkpoint.weights import load_weights, without_padding
from audit.engine.context import DEFAULT_CONTEXT, context_length
from audit.engine.inprocess.engine import HostedCheckpoint, load_hosted
from audit.engine.local.engine import TransformersEngine
from audit.engine.local.hardware import keep_freed_memory, same_with_any_threads
from audit.engine.local.memory import is_out_of_memory
from audit.engine.local.model.products import by_onednn
from audit.engine.server.contact import contact
from audit.engine.server.engine import OpenAIEngine, describe
from audit.engine.server_name import is_server, parse
from audit.engine.thinking import thinking_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from audit.core.config import RunConfig
    from audit.core.progress import Progress
    from audit.engine.checkpoint.files import CheckpointFiles
    from audit.engine.engine import Engine
    from audit.engine.thinking import Thinking

LEAST_CONTEXT = 2


@dataclass(frozen=True)
class _Hardware:
    """Where and in which number type a checkpoint computes."""

    device: torch.device
    dtype: torch.dtype
    device_map: DeviceMap | None
    quantization: Quantization | None


@dataclass(frozen=True)
class _Conversation:
    """How prompts are written, and how reasoning traces end."""

    template: str | None
    template_args: dict[str, Any]
    think_end: str | None
    thinking_tokens: int

    def thinking(self, tokenizer: PreTrainedTokenizerBase | None) -> Thinking:
        """The markers of reasoning traces, from the tokenizer and the user's settings."""
        return thinking_of(tokenizer, self.think_end, self.thinking_tokens)


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
    inference: InferenceConfig | None = None,
    seed: int = 0,
    tokenizer: str | None = None,
    chat_template: str | None = None,
    chat_template_args: Mapping[str, Any] | None = None,
    think_end: str | None = None,
    thinking_tokens: int = 2048,
    progress: Progress | None = None,
) -> Engine:
    """Load a checkpoint, or connect to a server that has loaded one.

    Args:
        model: A folder, a ``.gguf`` file, an asset name or a hub id; or one of these with a PEFT adapter; or
            ``openai:URL#NAME``, to which only ``server``, ``max_length``, ``think_end``, ``thinking_tokens``,
            ``chat_template_args`` and, for its tokenizer, ``tokenizer``, ``chat_template``, ``revision``, ``offline``
            and ``trust_remote_code`` apply.
        base: The base checkpoint of an adapter; None takes the one that the adapter names.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        device_map: How accelerate spreads the layers over all GPUs; replaces ``device``.
        dtype: ``auto`` is float32 on CPU and bfloat16 on GPU.
        revision: Revision of the model's hub id, not of the one that ``tokenizer`` names.
        quantization: bitsandbytes quantization while loading; needs a GPU and the package.
        trust_remote_code: Run Python code that comes with the checkpoint.
        allow_pickle: Load pickled weights, which can run code.
        offline: Never ask the hub.
        max_length: Use at most this much of the context.
        batch_tokens: Input tokens per scoring batch; None chooses by device.
        server: Settings for requests to a server.
        inference: GPUs and memory of an inference engine, with ``vllm:MODEL`` or ``sglang:MODEL``.
        seed: Of such an engine.
        tokenizer: Folder, asset name or hub id of the tokenizer, instead of the checkpoint's own.
        chat_template: Name of one of the tokenizer's chat templates; None takes its only one, or the one called
            ``default``.
        chat_template_args: Variables of the chat template, e.g. ``{"enable_thinking": False}``; a server that applies
            its own template gets them with each prompt.
        think_end: Marker that ends a reasoning trace; None looks for those of the known families.
        thinking_tokens: Tokens that a trace may take, on top of ``max_new_tokens``, which bounds the answer.
        progress: Listener of what the engine does; None is silent.

    Raises:
        CheckpointError: Nothing there, damaged, not whole, refused, or a tokenizer of another model.
        ConfigError: No chat template of that name or none for the arguments, or a context too short for a prompt and
            an answer.
    """
    if max_length is not None and max_length < LEAST_CONTEXT:
        msg = f"max_length {max_length}: a prompt and an answer need at least {LEAST_CONTEXT} tokens"
        raise ConfigError(msg)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    conversation = _Conversation(chat_template, dict(chat_template_args or {}), think_end, thinking_tokens)
    options = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    engine: Engine
    if is_server(model):
        if base is not None:
            msg = f"--base {base}: the server has already applied its adapters: leave out --base"
            raise CheckpointError(msg)
        settings = server or ServerConfig()
        engine = _load_server(
            model, settings, options, max_length, revision, named=tokenizer, offline=offline, conversation=conversation
        )
    else:
        hardware = _hardware(device, device_map, dtype, quantization)
        refuse_revision(model, revision)
        found = find(model, base=base, revision=revision, allow_pickle=allow_pickle, offline=offline)
        if tokenizer is not None:
            found = with_tokenizer(found, tokenizer, offline=offline)
        host, name = split_engine(model)
        if host is not None:
            if device_map is not None or quantization is not None:
                msg = f"{model}: leave out --device-map and --quantization: the engine spreads and reads weights itself"
                raise CheckpointError(msg)
            own, folder = tokenizer_of(name, found, chat_template, trust_remote_code=trust_remote_code)
            files = (found, own, folder, str(hardware.dtype).removeprefix("torch."), revision, max_length)
            wanted = HostedCheckpoint(host, name, *files, trust_remote_code=trust_remote_code)
            engine = load_hosted(wanted, inference or InferenceConfig(), seed, conversation.thinking(own))
            engine.chat_template_args = conversation.template_args
        else:
            found_so = (model, found, hardware, conversation, options, max_length, revision, batch_tokens)
            engine = _load_local(*found_so, allow_pickle=allow_pickle)
    engine.progress = progress or Silent()
    return engine


def _hardware(device: str, device_map: DeviceMap | None, dtype: Dtype, quantization: Quantization | None) -> _Hardware:
    """The device and number type for the user's settings on this machine."""
    if device_map is not None:
        check_device_map(device, device_map)
    place = choose_device(device)
    number_type = choose_dtype(dtype, place)
    if place.type == "cpu":
        keep_freed_memory()
        same_with_any_threads()
    else:
        torch.backends.cuda.enable_cudnn_sdp(enabled=False)  # it plans for each new shape: longer than a pass takes
    return _Hardware(place, number_type, device_map, quantization)


def _load_local(  # noqa: PLR0913 - what was found, where it computes, and the bounds of the user
    model: str,
    found: CheckpointFiles,
    hardware: _Hardware,
    conversation: _Conversation,
    options: dict[str, Any],
    max_length: int | None,
    revision: str | None,
    batch_tokens: int | None,
    *,
    allow_pickle: bool,
) -> TransformersEngine:
    """An engine on local weights; everything that can be refused without them is refused first."""
    remote = options["trust_remote_code"]
    tokenizer, folder = tokenizer_of(model, found, conversation.template, trust_remote_code=remote)
    loaded, remarks = _model(found, hardware, {**options, "use_safetensors": not allow_pickle or None})
    rows = int(loaded.get_input_embeddings().weight.shape[0])
    remarks += fit_tokenizer(tokenizer, rows, folder, found)
    context = context_length(loaded.config, tokenizer)
    if context < LEAST_CONTEXT:
        msg = f"{found.folder}: a context of {context} token(s): a prompt and an answer need at least {LEAST_CONTEXT}"
        raise CheckpointError(msg)
    record = _record(model, found, loaded, hardware, revision, min(context, max_length or context), remarks)
    thinking = conversation.thinking(tokenizer)
    engine = TransformersEngine(
        loaded, tokenizer, record, batch_tokens=batch_tokens, thinking=thinking, called=model, keeps_trial=True
    )
    engine.chat_template_args = conversation.template_args
    return engine


def tokenizer_of(
    model: str, found: CheckpointFiles, template: str | None, *, trust_remote_code: bool
) -> tuple[PreTrainedTokenizerBase, Path]:
    """The tokenizer of a checkpoint that can be loaded, and its folder; no weights are read.

    Args:
        model: The checkpoint as the user named it.
        found: Its files.
        template: Name of one of the chat templates; None takes the only one.
        trust_remote_code: Run Python code that comes with the checkpoint.

    Raises:
        CheckpointError: It is no causal language model, or its tokenizer is damaged.
        ConfigError: No chat template of that name.
    """
    check_model_type(found.folder, found.config, trust_remote_code=trust_remote_code)
    check_kind(found.folder, found.config, trust_remote_code=trust_remote_code)
    folder = found.tokenizer or found.folder
    tokenizer = load_tokenizer(folder, {"trust_remote_code": trust_remote_code, "local_files_only": True})
    choose_template(tokenizer, template, short_name(model))
    return tokenizer, folder


def files_of(config: RunConfig) -> CheckpointFiles:
    """The files of the local checkpoint that a configuration names.

    Raises:
        CheckpointError: There is nothing of that name, or it is damaged or refused.
    """
    found = find(
        config.model,
        base=config.base,
        revision=config.revision,
        allow_pickle=config.allow_pickle,
        offline=config.offline,
    )
    return found if config.tokenizer is None else with_tokenizer(found, config.tokenizer, offline=config.offline)


def _record(
    model: str,
    found: CheckpointFiles,
    loaded: Any,  # noqa: ANN401 - a class for each model type
    hardware: _Hardware,
    revision: str | None,
    max_length: int,
    remarks: list[str],
) -> ModelRecord:
    """What the manifest records about a checkpoint loaded here."""
    return ModelRecord(
        name=short_name(model),
        source=found.source,
        revision=revision,
        base=found.base,
        digest=found.digest,
        files=list(found.files),
        architecture=type(loaded).__name__,
        parameter_count=sum(p.numel() for p in loaded.parameters()),
        dtype=str(hardware.dtype).removeprefix("torch."),
        quantization=hardware.quantization or found.quantization,
        max_length=max_length,
        device=describe_devices(loaded, hardware.device),
        remarks=[*found.remarks, *remarks],
    )


def with_tokenizer(found: CheckpointFiles, named: str, *, offline: bool) -> CheckpointFiles:
    """The checkpoint with another tokenizer; that one's files now determine answers.

    Raises:
        CheckpointError: There is nothing of that name.
    """
    folder = tokenizer_folder(named, None, offline=offline)
    if folder is None:
        raise nowhere(named)
    kept = [file for file in found.files if file.kind not in {"tokenizer", "chat_template"}]
    return replace(found, tokenizer=folder, files=(*kept, *tokenizer_files(folder)))


def _load_server(
    model: str,
    settings: ServerConfig,
    options: dict[str, Any],
    max_length: int | None,
    revision: str | None,
    *,
    named: str | None,
    offline: bool,
    conversation: _Conversation,
) -> OpenAIEngine:
    """An engine on a server. Its tokenizer is the one given, else the one found under the model's name."""
    server = contact(parse(model), settings, dict(conversation.template_args))
    folder, tokenizer = _server_tokenizer(named, server.name.model, revision, options, offline=offline)
    if conversation.template_args and tokenizer is None and not server.chat:
        msg = "--chat-template-args: no chat template is applied without a tokenizer: give --tokenizer"
        raise ConfigError(msg)
    context = server.max_length or DEFAULT_CONTEXT
    if server.max_length is None and folder is not None and tokenizer is not None:
        context = context_length(_config(folder, options), tokenizer)
    files = tokenizer_files(folder) if folder is not None and tokenizer is not None else []
    digest = digest_of(server.digest, sorted(identity(file) for file in files))
    record = describe(server, short_name(model), files, digest, min(context, max_length or context))
    knows_context = bool(server.max_length or max_length) or tokenizer is not None
    engine = OpenAIEngine(server, tokenizer, record, knows_context=knows_context)
    if tokenizer is not None:
        choose_template(tokenizer, conversation.template, record.name)
    engine.thinking = conversation.thinking(tokenizer)
    return engine


def _server_tokenizer(
    named: str | None, model: str, revision: str | None, options: dict[str, Any], *, offline: bool
) -> tuple[Path | None, PreTrainedTokenizerBase | None]:
    """Folder and tokenizer for a server's model; None if none was given and none is found under its name.

    Raises:
        CheckpointError: The one that was named does not exist or cannot be loaded.
    """
    folder, tokenizer = None, None
    try:
        folder = tokenizer_folder(named or model, None if named else revision, offline=offline)
        tokenizer = None if folder is None else load_tokenizer(folder, options)
    except (AssetError, CheckpointError):
        if named is not None:
            raise
    if named is not None and tokenizer is None:
        raise nowhere(named)
    return folder, tokenizer


def _config(folder: Path, options: dict[str, Any]) -> Any:  # noqa: ANN401 - a class for each model type
    """The configuration next to a server's tokenizer; None if there is none, or it cannot be read."""
    if not (folder / "config.json").is_file():
        return None
    try:
        return AutoConfig.from_pretrained(folder, **options)
    except (OSError, ValueError):
        return None


def _model(found: CheckpointFiles, hardware: _Hardware, options: dict[str, Any]) -> tuple[Any, list[str]]:
    """The model on its device, in evaluation mode, and remarks on its weights."""
    device, quantization, device_map = hardware.device, hardware.quantization, hardware.device_map
    check_packed(found.folder, found.config, device)
    if quantization is not None:
        options = {**options, "quantization_config": quantization_config(quantization, device)}
    packed = quantization or "quantization_config" in found.config
    on_card = device.type == "cuda" and importlib.util.find_spec("accelerate") is not None
    if device_map is None and (packed or on_card):  # straight to the card, without a copy in the host's memory
        options = {**options, "device_map": placement(device)}
    else:
        options = {**options, "device_map": device_map}
    options = {**options, "dtype": hardware.dtype, **without_padding(found.config)}
    try:
        model, remarks = load_weights(AutoModelForCausalLM, found.folder, options)
    except CheckpointError as error:
        if error.__cause__ is None or not is_out_of_memory(error.__cause__):
            raise
        raise CheckpointError(memory_error(found.folder)) from error
    placed = options["device_map"] is not None or getattr(model, "hf_quantizer", None) is not None
    model = (model if placed else model.to(device)).eval()
    if found.adapter is not None:
        model, more = adapter.apply(model, found.adapter, device)
        remarks += more
    model.requires_grad_(False)  # gradients by inputs alone: nothing is kept for those by weights
    by_onednn(model)
    return model, remarks
