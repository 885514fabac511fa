"""The checkpoint that a configuration names, loaded as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine.chat import named
from audit.engine.load import load

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.engine import Engine


def engine_of(config: RunConfig) -> Engine:
    """The checkpoint as a configuration says it is loaded.

    Raises:
        CheckpointError: Nothing there, damaged, not whole, or refused.
        ConfigError: A template, length or number type that it cannot have.
    """
    return load(
        config.model,
        base=config.base,
        device=config.device,
        device_map=config.device_map,
        dtype=config.dtype,
        revision=config.revision,
        quantization=config.quantization,
        trust_remote_code=config.trust_remote_code,
        allow_pickle=config.allow_pickle,
        offline=config.offline,
        max_length=config.max_length,
        batch_tokens=config.batch_tokens,
        server=config.server,
        tokenizer=config.tokenizer,
        chat_template=named(config.chat_template),
        chat_template_args=config.chat_template_args,
        think_end=config.thinking.end,
        thinking_tokens=config.thinking.tokens,
    )
