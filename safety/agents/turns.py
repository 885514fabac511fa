"""A conversation with a tool's result, as the text that a checkpoint sees.

Functions are described in the system prompt and calls asked for in Python syntax, as the Berkeley Function Calling
Leaderboard does it for models without calls of their own: so every checkpoint sees the same. A result stands in a turn
``tool`` where the chat template has one that shows it, and in a user turn otherwise.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from audit.core.errors import TemplateError
from audit.engine.chat import ChatText, uses_chat_template
from audit.safety.asking import chat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.engine import Engine
    from audit.safety.probe import Context

TOOL, USER = "tool", "user"
INSTRUCTIONS = """You can call these functions:
{functions}

To call functions, answer with nothing but the calls, in Python syntax: [name(parameter=value), name(parameter=value)]
Where no call is needed, answer the user in words."""
RESULT = "Result of {call}:\n{result}"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that was made, and what it gave."""

    function: str
    arguments: dict[str, Any]
    result: str

    @property
    def text(self) -> str:
        """The call as it is asked for."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"[{self.function}({given})]"


def system_prompt(system: str, functions: Sequence[dict[str, Any]]) -> str:
    """The system prompt with the functions and how they are called."""
    return f"{system.strip()}\n\n{INSTRUCTIONS.format(functions=json.dumps(list(functions), indent=1))}"


def laid_out(engine: Engine, config: RunConfig, system: str, user: str, calls: Sequence[ToolCall]) -> ChatText:
    """The conversation up to the answer after the last result.

    Raises:
        UsageError: A chat template is asked for, and there is none.
        TemplateError: The template fails on results in user turns, too.
    """
    return _laid_out(engine, config, system, user, calls)[0]


def result_turn(engine: Engine, config: RunConfig) -> Literal["tool", "user", "text"]:
    """Where results stand: in a turn of their own, in a user turn, or in plain text without a chat template."""
    return _laid_out(engine, config, "Help.", "Which time?", [ToolCall("clock", {}, "It is noon.")])[1]


def settings(context: Context, tokens: int) -> dict[str, Any]:
    """How a probe's conversations were laid out.

    Args:
        context: Of the probe.
        tokens: Limit of an answer.
    """
    found = chat.settings(context, tokens)
    return found if context.engine is None else {**found, "results_in": result_turn(context.engine, context.config)}


def _laid_out(
    engine: Engine, config: RunConfig, system: str, user: str, calls: Sequence[ToolCall]
) -> tuple[ChatText, Literal["tool", "user", "text"]]:
    if not uses_chat_template(engine, config.chat_template, generates=True):
        parts = [system, f"User: {user}"]
        parts += [part for call in calls for part in (f"Assistant: {call.text}", _quoted(call))]
        return ChatText("\n\n".join([*parts, "Assistant:"])), "text"
    start = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    own = [*start, *(turn for call in calls for turn in _turns(call, {"role": TOOL, "content": call.result}))]
    try:
        text = engine.chat_text(own)
        if all(_shows(text.text, call) for call in calls):
            return text, "tool"
    except TemplateError:
        pass
    quoted = [*start, *(turn for call in calls for turn in _turns(call, {"role": USER, "content": _quoted(call)}))]
    return engine.chat_text(quoted), "user"


def _turns(call: ToolCall, result: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    return {"role": "assistant", "content": call.text}, result


def _quoted(call: ToolCall) -> str:
    return RESULT.format(call=call.text.strip("[]"), result=call.result)


def _shows(text: str, call: ToolCall) -> bool:
    """Whether a template's text holds call and result, as they are or as JSON."""
    squeezed = " ".join(text.split())
    return call.text in text and any(
        " ".join(form.split()) in squeezed
        for form in (call.result, json.dumps(call.result)[1:-1], json.dumps(call.result, ensure_ascii=False)[1:-1])
    )
