"""Conversations as the text that a checkpoint sees: the template, when it applies, and where the system turn goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from audit.core.errors import RAISED_BY_OTHERS, ConfigError, TemplateError, did_you_mean
from audit.core.text import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.core.records import ModelRecord

Messages = list[dict[str, str]]
RULES = ("auto", "on", "off")
"""Values of ``chat_template`` that are not the name of one of several templates."""


@dataclass(frozen=True)
class ChatText:
    """A conversation as the checkpoint expects it."""

    text: str
    system_merged: bool = False
    """The template refuses a system turn, or drops it: its text opens the first user turn."""


def named(rule: str) -> str | None:
    """The name of a template, where ``chat_template`` is one."""
    return None if rule in RULES else rule


class Templated(Protocol):
    """The parts of an engine that determine whether its chat template is used."""

    record: ModelRecord

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The checkpoint's tokenizer."""

    @property
    def has_chat_template(self) -> bool:
        """Whether the checkpoint has a chat template, or several named ones."""


def uses_chat_template(engine: Templated, rule: str, *, generates: bool) -> bool:
    """Whether the prompts of a task go through the checkpoint's chat template.

    Args:
        engine: The checkpoint.
        rule: ``auto``: for generation, where there is a template; ``on`` or the name of a template: always; ``off``.
        generates: Whether the task's answers are generated; otherwise options are scored.

    Raises:
        ConfigError: There is no template.
        TemplateError: There are several, and none is chosen.
    """
    if rule == "off" or (rule == "auto" and not engine.has_chat_template):
        return False
    if not engine.has_chat_template:
        msg = f"{engine.record.name} has no chat template: set chat_template to 'auto' or 'off'"
        raise ConfigError(msg)
    check_chosen(engine.tokenizer, engine.record.name)
    return generates or rule != "auto"


def choose_template(tokenizer: PreTrainedTokenizerBase, name: str | None, where: str) -> None:
    """Leave the tokenizer with one of its chat templates: the one with this name, else ``default``.

    Where there are several, none is called so and none is named, all stay: they are an error when one is needed.

    Args:
        tokenizer: Its ``chat_template`` is a text, or a mapping from names to texts.
        name: Name given by the user.
        where: Folder or model, for the message.

    Raises:
        ConfigError: There is no template of that name.
    """
    templates = tokenizer.chat_template
    known = templates if isinstance(templates, dict) else {"default": templates} if templates else {}
    if name is not None and name not in known:
        names = f"its templates are called {', '.join(sorted(known))}" if known else "it has no chat template"
        msg = f"chat_template: {where} has no template called {name}: {names}.{did_you_mean(name, known)}"
        raise ConfigError(msg)
    if (name or "default") in known:
        tokenizer.chat_template = known[name or "default"]  # type: ignore[assignment,unused-ignore]


def check_chosen(tokenizer: PreTrainedTokenizerBase, where: str) -> None:
    """Make sure that it is clear which template applies.

    Raises:
        TemplateError: There are several, and none is chosen: tasks that need none still run.
    """
    if isinstance(tokenizer.chat_template, dict):
        names = ", ".join(sorted(tokenizer.chat_template))
        msg = f"{where} has several chat templates and no default: pass --chat-template NAME (one of {names}) or off"
        raise TemplateError(msg)


def render(apply: Callable[[Messages], str], messages: Sequence[dict[str, str]], where: str) -> ChatText:
    """The text of a conversation.

    A system turn that the template refuses, or leaves out without a word, is put at the head of the first user turn:
    lm-eval's ``HFLM`` drops it, and with it the task's instructions.

    Args:
        apply: The template.
        messages: ``{"role": …, "content": …}`` each.
        where: Name of the checkpoint, for the message.

    Raises:
        TemplateError: The template fails on them.
    """
    turns = [dict(message) for message in messages]
    system = turns[0]["content"] if turns and turns[0]["role"] == "system" else None
    try:
        text = _apply(apply, turns, where)
    except TemplateError:
        if system is None:
            raise
        return ChatText(_apply(apply, _merged(turns), where), system_merged=True)
    if system is None or " ".join(system.split()) in " ".join(text.split()):
        return ChatText(text)
    return ChatText(_apply(apply, _merged(turns), where), system_merged=True)


def _apply(apply: Callable[[Messages], str], turns: Messages, where: str) -> str:
    """The template's text; any exception becomes one line."""
    try:
        return apply([dict(turn) for turn in turns])
    except RAISED_BY_OTHERS as error:  # templates are programs of the checkpoint and raise anything
        msg = f"{where}: the chat template fails on this conversation ({first_line(error)})"
        raise TemplateError(msg) from error


def _merged(turns: Messages) -> Messages:
    """The conversation with its system turn at the start of the first user turn, or as a user turn if there is none."""
    system, rest = turns[0]["content"], turns[1:]
    place = next((place for place, turn in enumerate(rest) if turn["role"] == "user"), None)
    if place is None:
        return [{"role": "user", "content": system}, *rest]
    content = "\n\n".join(part for part in (system, rest[place]["content"]) if part)
    return [*rest[:place], {**rest[place], "content": content}, *rest[place + 1 :]]
