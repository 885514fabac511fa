"""Why transformers could not load a checkpoint, in one line: which file, which name, what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import transformers
from transformers import CONFIG_MAPPING, AutoConfig

from audit.core.errors import RAISED_BY_OTHERS, CheckpointError
from audit.engine.checkpoint.files import vocabulary_files
from audit.engine.checkpoint.json_files import read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

JSON_FILES = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json"}
"""JSON files of a tokenizer."""
OTHER_TOKENIZER = "copy the checkpoint's own into the folder, or give another folder with --tokenizer"
SIZES = (
    "vocab_size", "hidden_size", "n_embd", "d_model", "intermediate_size", "num_hidden_layers", "n_layer",
    "num_attention_heads", "n_head", "num_key_value_heads", "head_dim",
)  # fmt: skip
"""Sizes of a model in ``config.json``; no model has one of zero."""
MISTYPED = re.compile(r"Field '(?P<name>[^']*)' expected (?P<type>.*?), got .*?\(value: (?P<value>.*)\)", re.DOTALL)
"""What transformers says of a value of a wrong type."""
LONGEST = 300
"""Maximum characters of another library's message; some list all classes they know."""


def check_model_type(folder: Path, config: Mapping[str, Any], *, trust_remote_code: bool) -> None:
    """Make sure, before anything is loaded, that code for a checkpoint exists and its configuration can be read.

    Args:
        folder: The checkpoint's.
        config: Its ``config.json``.
        trust_remote_code: Whether code that it brings will run.

    Raises:
        CheckpointError: Its type is missing or unknown, it brings its own code and is not trusted, or a configuration
            holds what it must not.
    """
    kind = config.get("model_type")
    if (isinstance(kind, str) and kind in CONFIG_MAPPING) or ("auto_map" in config and trust_remote_code):
        _check_configurations(folder, trust_remote_code=trust_remote_code)
        return
    if "auto_map" in config:
        msg = f"{folder}: it needs its own Python code: pass --trust-remote-code if you trust it ({_code(config)})"
    elif isinstance(kind, str):
        msg = (
            f"{folder}/config.json: transformers {transformers.__version__} does not know the model type {kind!r}: "
            "install a version that does (pip install --upgrade transformers)"
        )
    else:
        msg = f"{folder}/config.json: no model_type: copy the checkpoint's own config.json into the folder"
    raise CheckpointError(msg)


def _check_configurations(folder: Path, *, trust_remote_code: bool) -> None:
    """Read both configurations now: later, their faults would be blamed on the tokenizer or the weights."""
    if (folder / "generation_config.json").is_file():
        read_object(folder / "generation_config.json")
    try:
        AutoConfig.from_pretrained(folder, trust_remote_code=trust_remote_code, local_files_only=True)
    except RAISED_BY_OTHERS as error:  # configurations raise anything on values they do not expect
        why = _wrong_value(read_object(folder / "config.json"), error)
        msg = f"{folder}/config.json: {why}: copy the checkpoint's own config.json"
        raise CheckpointError(msg) from error


def _wrong_value(config: Mapping[str, Any], error: BaseException) -> str:
    """Which value of a configuration is at fault, else what transformers says."""
    mistyped = MISTYPED.search(str(error))
    if mistyped:
        return f"{mistyped['name']} is {mistyped['value']}, expected {mistyped['type']}"
    small = next((name for name in SIZES if type(config.get(name)) is int and config[name] <= 0), None)
    return f"{small} is {config[small]}" if small else f"cannot be read ({shortened(error)})"


def memory_error(folder: Path) -> str:
    """Why a model cannot be made: with the sizes of its configuration, one of which may be wrong."""
    config = read_object(folder / "config.json")
    sizes = ", ".join(f"{name} {config[name]:,}" for name in SIZES if type(config.get(name)) is int)
    return (
        f"{folder}: the model does not fit into memory ({sizes}): check config.json, or use a smaller --dtype or a "
        "machine with more memory"
    )


def tokenizer_error(folder: Path, error: BaseException) -> str:
    """Why a tokenizer could not be loaded: which file is missing or damaged."""
    vocabularies = vocabulary_files(folder)
    if not vocabularies:
        return no_vocabulary(folder, "tokenizer.json, tokenizer.model, vocab.json or vocab.txt")
    there = {file.name for file in folder.iterdir()}
    if "vocab.json" in there and not there & {"tokenizer.json", "merges.txt"} and "merges" in str(error):
        return f"{folder}: it has vocab.json but no merges.txt: {OTHER_TOKENIZER}"
    for name in sorted(there & JSON_FILES):
        try:
            read_object(folder / name, OTHER_TOKENIZER)
        except CheckpointError as damage:
            return str(damage)
    files = ", ".join(vocabularies)
    return f"{folder}: the tokenizer cannot be loaded from {files} ({shortened(error)}): {OTHER_TOKENIZER}"


def no_vocabulary(folder: Path, names: str) -> str:
    """The error for a folder without a tokenizer's vocabulary."""
    return f"{folder}: no tokenizer vocabulary ({names}): {OTHER_TOKENIZER}"


def shortened(error: BaseException) -> str:
    """Type and message of an exception in one line, cut in the middle if it is long."""
    text = " ".join(str(error).split())
    if len(text) > LONGEST:
        text = f"{text[: LONGEST * 2 // 3]} … {text[-LONGEST // 3 :]}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _code(config: Mapping[str, Any]) -> str:
    """The classes of a checkpoint's own code."""
    named = config["auto_map"]
    return ", ".join(sorted(str(value) for value in named.values())) if isinstance(named, dict) else str(named)
