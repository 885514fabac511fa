"""The options by which commands load a checkpoint: one list for all of them, and the one call of ``load``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit.cli import values

if TYPE_CHECKING:
    from collections.abc import Mapping


Model = Annotated[
    str | None, typer.Option("--model", "-m", help="Folder, hub id, .gguf file, asset or openai:URL#NAME.")
]
Base = Annotated[str | None, typer.Option(help="Checkpoint that a PEFT adapter (--model) belongs on.")]
Revision = Annotated[str | None, typer.Option(help="Revision of a hub id.")]
Config = Annotated[Path | None, typer.Option(help="YAML file; its values go over the profile's.")]
ChatTemplate = Annotated[str | None, typer.Option(help="auto, on, off or the name of a template.")]
ChatTemplateArgs = Annotated[str | None, typer.Option(help="Variables of the template: enable_thinking=false or JSON.")]
ThinkingTokens = Annotated[int | None, typer.Option(min=1, help="Tokens that a reasoning trace may take.")]
ThinkEnd = Annotated[str | None, typer.Option(help="Marker that ends a reasoning trace.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or cuda:N.")]
DeviceMap = Annotated[
    str | None, typer.Option(help="auto, balanced or sequential: spread over all cards, in place of --device.")
]
Dtype = Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")]
Quantization = Annotated[str | None, typer.Option(help="int8 or nf4: quantise while loading; CUDA only.")]
DataDir = Annotated[list[Path] | None, typer.Option(help="Folder with publishers' data sets; repeatable.")]
Offline = Annotated[bool | None, typer.Option("--offline", help="Never touch the network.")]
MaxLength = Annotated[int | None, typer.Option(min=1, help="Use at most this much of the context.")]
TrustRemoteCode = Annotated[bool | None, typer.Option("--trust-remote-code", help="Run the model's code.")]
AllowPickle = Annotated[bool | None, typer.Option("--allow-pickle", help="Load pickled weights.")]
Tokenizer = Annotated[
    str | None, typer.Option(help="Tokenizer in place of the checkpoint's own: folder, asset, hub id.")
]
OPTIONS = {
    "model": Model,
    "base": Base,
    "revision": Revision,
    "config": Config,
    "chat_template": ChatTemplate,
    "chat_template_args": ChatTemplateArgs,
    "thinking_tokens": ThinkingTokens,
    "think_end": ThinkEnd,
    "device": Device,
    "device_map": DeviceMap,
    "dtype": Dtype,
    "quantization": Quantization,
    "data_dir": DataDir,
    "offline": Offline,
    "max_length": MaxLength,
    "trust_remote_code": TrustRemoteCode,
    "allow_pickle": AllowPickle,
    "tokenizer": Tokenizer,
}
"""By the name of the parameter."""


def flags(given: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a configuration that loading options set.

    Args:
        given: What was typed, by the names of ``OPTIONS``; None was not given. Other entries have no effect.

    Raises:
        ConfigError: Variables of the chat template cannot be read.
    """
    plain = OPTIONS.keys() - {"config", "chat_template_args", "thinking_tokens", "think_end", "data_dir"}
    return {
        **{name: given[name] for name in sorted(plain)},
        "data_dirs": given["data_dir"],
        "chat_template_args": values.settings(given["chat_template_args"], "--chat-template-args"),
        "thinking": {"tokens": given["thinking_tokens"], "end": given["think_end"]},
    }
