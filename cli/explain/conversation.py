"""Conversations as they are typed: a prompt as a user's turn, a system turn, a file of messages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from audit.core.errors import TemplateError, UsageError
from audit.core.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from audit.cli.explain.options import ExplainArguments
    from audit.core.config import RunConfig
    from audit.core.progress import Progress
    from audit.engine import Engine

ROLES = ("system", "user", "assistant", "tool")


def turns(arguments: ExplainArguments, template: str | None, config: RunConfig) -> list[dict[str, str]] | None:
    """The conversation that was typed; None where the prompt is the exact text.

    Args:
        arguments: Prompt, system turn and messages as typed.
        template: ``--chat-template`` as typed.
        config: Whose ``chat_template`` must allow one.

    Raises:
        UsageError: The options contradict each other, or a text cannot be read.
    """
    first = [{"role": "system", "content": arguments.system}] if arguments.system is not None else []
    if arguments.messages is not None:
        found = read_messages(arguments.messages)
        if first and found[0]["role"] == "system":
            msg = f"--system: {arguments.messages} begins with a system turn: leave out one of them"
            raise UsageError(msg)
    elif arguments.chat or first:
        found = [{"role": "user", "content": read_prompt(arguments.prompt or "")}]
    elif template in {None, "auto", "off"}:
        return None
    else:
        msg = "--chat-template: --prompt is the exact text that the model sees: add --chat to make it a user's message"
        raise UsageError(msg)
    if config.chat_template == "off":
        msg = "--chat-template off: a conversation needs a chat template: leave it out, or give the text with --prompt"
        raise UsageError(msg)
    return [*first, *found]


def text(engine: Engine, conversation: list[dict[str, str]], progress: Progress) -> str:
    """The text of a conversation as the checkpoint sees it, with the assistant's turn opened.

    Raises:
        UsageError: There is no chat template, or it fails on this conversation.
    """
    if not engine.has_chat_template:
        msg = f"{engine.record.name} has no chat template: give the exact text with --prompt, without --chat"
        raise UsageError(msg)
    try:
        found = engine.chat_text(conversation)
    except TemplateError as error:
        raise UsageError(str(error)) from error
    if found.system_merged:
        progress.say("the chat template takes no system turn: its text begins the user's")
    return found.text


def read_prompt(given: str) -> str:
    """The prompt, read from stdin for ``-``.

    Raises:
        UsageError: It is empty, or holds bytes that are no text.
    """
    try:
        text = sys.stdin.read() if given == "-" else given
        text.encode()
    except UnicodeError as error:
        msg = "--prompt is not valid Unicode: encode it as UTF-8"
        raise UsageError(msg) from error
    if not text.strip():
        msg = "--prompt is empty: there is nothing to explain"
        raise UsageError(msg)
    return text


def read_messages(path: Path) -> list[dict[str, str]]:
    """The turns of a file: a JSON list of objects with ``role`` and ``content``.

    Raises:
        UsageError: It cannot be read, is no such list, or ends with the assistant's turn.
    """
    from audit.core.records.files.json_file import read_plain  # noqa: PLC0415 - imports pydantic, which takes time

    try:
        turns = read_plain(path.read_text("utf-8"))
    except OSError as error:
        msg = f"--messages {path}: cannot be read: {error.strerror}"
        raise UsageError(msg) from error
    except ValueError as error:
        msg = f"--messages {path}: not valid JSON: {printable(str(error), 120)}"
        raise UsageError(msg) from error
    if not isinstance(turns, list) or not turns:
        msg = f'--messages {path}: give a list of turns, [{{"role": "user", "content": "…"}}]'
        raise UsageError(msg)
    for number, turn in enumerate(turns, start=1):
        _check_turn(path, number, turn)
    if turns[-1]["role"] == "assistant":
        msg = f"--messages {path}: ends with the assistant's turn: leave that out and give its text as --target"
        raise UsageError(msg)
    return [{"role": turn["role"], "content": turn["content"]} for turn in turns]


def _check_turn(path: Path, number: int, turn: object) -> None:
    """Refuse what is no turn of a conversation.

    Raises:
        UsageError: It is none.
    """
    fields = turn if isinstance(turn, dict) else {}
    if fields.get("role") not in ROLES or not isinstance(fields.get("content"), str):
        msg = f"--messages {path}: turn {number} needs a role ({', '.join(ROLES)}) and its content as text"
        raise UsageError(msg)
    extra = sorted(fields.keys() - {"role", "content"})
    if extra:
        msg = f"--messages {path}: turn {number} has {printable(str(extra[0]), 40)}: only role and content are known"
        raise UsageError(msg)
