"""What a user says to a checkpoint, as the text that it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import TemplateError

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.engine import Engine


def conversation(engine: Engine, config: RunConfig, user: str, system: str = "") -> str:
    """The prompt of one message, in the checkpoint's chat template where it has one and ``chat_template`` is not off.

    Without a template, system and user message stand below each other, and the answer is to follow. A template that
    knows no system message (Gemma's) gets it at the head of the user's.

    Raises:
        UsageError: ``chat_template`` is on, and there is none.
    """
    if config.chat_template == "off" or (config.chat_template == "auto" and not engine.has_chat_template):
        return "".join(f"{part}\n\n" for part in (system, user) if part)
    said = {"role": "user", "content": user}
    if not system:
        return engine.apply_chat_template([said])
    merged = [{"role": "user", "content": f"{system}\n\n{user}"}]
    try:
        text = engine.apply_chat_template([{"role": "system", "content": system}, said])
    except TemplateError:
        return engine.apply_chat_template(merged)
    return text if system.strip() in text else engine.apply_chat_template(merged)  # some leave it out without a word


def how(engine: Engine, config: RunConfig) -> str:
    """For the metrics: whether the chat template was used."""
    templated = config.chat_template == "on" or (config.chat_template == "auto" and engine.has_chat_template)
    return "chat template" if templated else "no chat template here"
