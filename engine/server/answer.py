"""The parts of a server's answer, from either endpoint: text, reasoning trace, counts."""

from __future__ import annotations

from typing import Any

REASONING = ("reasoning_content", "reasoning")
"""Fields of a message with the reasoning trace: vLLM, SGLang and DeepSeek; newer vLLM and OpenRouter."""


def choice_of(body: dict[str, Any]) -> dict[str, Any]:
    """The first choice of an answer; empty if there is none."""
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def text_of(choice: dict[str, Any]) -> str | None:
    """The text of a choice, from either endpoint; a refusal is text too. None if it has no field for text."""
    message = choice.get("message", choice)
    if not isinstance(message, dict):
        return None
    if not ({"text", "content", "refusal"} & message.keys() or trace_of(choice)):
        return None
    said = message.get("text") or message.get("content") or message.get("refusal") or ""
    return _whole(said) if isinstance(said, str) else None


def trace_of(choice: dict[str, Any]) -> str | None:
    """The reasoning trace that a server returns separately from the answer; None if there is none."""
    message = choice.get("message", choice)
    traces = [message.get(name) for name in REASONING] if isinstance(message, dict) else []
    return next((_whole(trace) for trace in traces if isinstance(trace, str) and trace), None)


def number_of(usage: object, name: str) -> int | None:
    """A count of the answer's ``usage``."""
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and value >= 0 else None


def _whole(text: str) -> str:
    """A text without lone surrogates, which cannot be written to disk."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
