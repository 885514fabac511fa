"""What every judge's prompt and reply obey: settings, foreign text made harmless, and what a reply may be."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal

from audit.engine.chat import named, uses_chat_template

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.engine import Engine

By = Literal["likelihood", "generation"]
TOO_LONG = "the texts are longer than the judge's context"
ALIKE = "several answers are equally likely"
ANSWER_TOKENS = 16
"""Tokens of a generated reply; a reasoning trace has its own limit."""
AROUND = re.compile(r"^[\s\"'`*_(\[]+|[\s\"'`*_)\].:,;!]+$")
"""What may stand around a generated answer; a minus sign, say, would make it another one."""
_HALF = re.compile("[\ud800-\udfff]")


def settings_of(engine: Engine, config: RunConfig, by: By) -> dict[str, str]:
    """What decides a judge's answers besides its files: number type, quantisation, context length, template, thinking.

    The device is left out: it changes answers by rounding alone.

    Raises:
        ConfigError: A chat template is wanted, and there is none.
        TemplateError: There are several, and none is chosen.
    """
    record = engine.record
    chat = uses_chat_template(engine, config.chat_template, generates=True)
    found = {
        "dtype": record.dtype,
        "quantization": record.quantization or "none",
        "max_length": str(record.max_length),
        "chat_template": (named(config.chat_template) or "on") if chat else "off",
    }
    if chat and config.chat_template_args:
        found["chat_template_args"] = json.dumps(config.chat_template_args, sort_keys=True)
    if by == "generation":
        found |= {"thinking_tokens": str(config.thinking.tokens), "think_end": config.thinking.end or "auto"}
    return found


def control_words(engine: Engine) -> re.Pattern[str]:
    """Words that the judge's tokenizer takes for control tokens; of a server without one, those of a common form."""
    added = engine.tokenizer.added_tokens_decoder.values() if engine.has_tokenizer else []
    words = {str(token) for token in added if token.special or str(token)[:1] in "<["}
    words |= set(engine.tokenizer.all_special_tokens) if engine.has_tokenizer else set()
    longest = sorted((word for word in words if len(word) > 1), key=len, reverse=True)
    return re.compile("|".join([*map(re.escape, longest), r"<\|[^<>|\s]{1,40}\|>"]))


def harmless(text: str, control: re.Pattern[str]) -> str:
    """A text without control tokens and without half characters of UTF-16, which no tokenizer takes."""
    return control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", _HALF.sub("\ufffd", text))
