"""Where a guard model's chat template shows the texts that it is to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.errors import RAISED_BY_OTHERS, AssetError
from audit.core.text import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.engine import Engine

_ROLES = ("user", "assistant")
_QUOTED = "'type': 'text'"
"""What a template writes that takes no contents of several parts for a text."""


def around(engine: Engine, places: Sequence[str], options: Mapping[str, Any], name: str, what: str) -> tuple[str, ...]:
    """What the template writes before, between and after texts, each in a turn of its own.

    Contents are tried as texts, then as lists of parts, which Llama Guard 3 1B and 4 take.

    Args:
        engine: The guard model.
        places: Stand for the texts: a request, and an answer to it if there is one.
        options: Of the template.
        name: Of what uses it, for the error.
        what: The texts in words, for the error.

    Raises:
        AssetError: The template fails, or does not show each exactly once, in this order.
    """
    reasons = []
    forms: tuple[Sequence[Any], ...] = (places, [[{"type": "text", "text": place}] for place in places])
    for contents in forms:
        turns: list[dict[str, Any]] = [
            {"role": role, "content": content} for role, content in zip(_ROLES, contents, strict=False)
        ]
        try:
            text = str(
                engine.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **options)
            )
        except RAISED_BY_OTHERS as error:  # templates are programs of the checkpoint and raise anything
            reasons.append(first_line(error))
            continue
        found = _split(text, places)
        if found is not None and _QUOTED not in text:
            return found
        reasons.append(f"it does not show {what} exactly once")
    msg = f"{name}: the chat template of {engine.record.name} cannot be used ({'; '.join(reasons)})"
    raise AssetError(msg)


def _split(text: str, places: Sequence[str]) -> tuple[str, ...] | None:
    """The text around the places; None unless each is there once, in this order."""
    if any(text.count(place) != 1 for place in places):
        return None
    parts = []
    for place in places:
        before, found, text = text.partition(place)
        if not found:
            return None
        parts.append(before)
    return (*parts, text)
