"""What a feature can be, and where each kind begins in a prompt.

Words, clauses, sentences and lines are cut by :mod:`audit.explain.segments`; turns by the checkpoint's own
chat template; fields and few-shot examples are spans that a task names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

from audit.core.errors import UsageError
from audit.core.records import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine

Unit = Literal["auto", "tokens", "words", "clauses", "sentences", "lines", "turns", "examples", "fields"]
UNITS: tuple[Unit, ...] = get_args(Unit)
"""``auto`` takes words while they are few enough, else clauses, else sentences, else runs of them."""
BLOCKS = re.compile(r"\n[^\S\n]*\n\s*")
"""Blank lines: they part few-shot examples where no task names them."""


def named_spans(engine: Engine, text: str, unit: Unit, spans: Sequence[Span]) -> list[Span]:
    """The parts of ``text`` that are features of unit ``turns``, ``examples`` or ``fields``, in order.

    Args:
        engine: The checkpoint, for its chat template.
        text: The prompt.
        unit: One of the three.
        spans: What the task names.

    Raises:
        UsageError: There are none in this prompt.
    """
    if unit == "turns":
        return turns(engine, text)
    kind = "field" if unit == "fields" else "example"
    found = sorted((span for span in spans if span.kind == kind), key=lambda span: span.start)
    if not found and unit == "examples":
        found = blocks(text)
    if not found:
        msg = f"no {unit} are known in this prompt: name them, or choose words, sentences or lines"
        raise UsageError(msg)
    refuse_overlaps(found)
    return found


def refuse_overlaps(spans: Sequence[Span]) -> None:
    """Make sure that no token is in two features.

    Args:
        spans: In order of their beginnings.

    Raises:
        UsageError: Two overlap.
    """
    for one, following in pairwise(spans):
        if following.start < one.end:
            msg = f"the parts {one.name} and {following.name} overlap: name parts of the prompt that do not"
            raise UsageError(msg)


def blocks(text: str) -> list[Span]:
    """Blocks between blank lines, numbered; the last is what is asked and no example."""
    starts = [0, *(match.end() for match in BLOCKS.finditer(text))]
    ends = [*starts[1:], len(text)]
    parts = [(start, end) for start, end in zip(starts, ends, strict=True) if text[start:end].strip()]
    return [Span(name=f"example {i}", kind="example", start=a, end=b) for i, (a, b) in enumerate(parts[:-1], 1)]


def turns(engine: Engine, text: str) -> list[Span]:
    """Turns of a conversation, each from the markup that opens it to the next, named by role and number.

    A turn that is only opened, for the answer, is none.

    Raises:
        UsageError: The checkpoint has no chat template, or the prompt holds none of its markup.
    """
    if not engine.has_chat_template:
        msg = f"{engine.record.name} has no chat template: choose another unit than turns"
        raise UsageError(msg)
    openings = _openings(engine.tokenizer)
    met: dict[int, str] = {}
    for role, opening in sorted(openings.items(), key=lambda item: len(item[1])):
        start = text.find(opening)
        while start >= 0:
            met[start] = role  # the longest opening at a place is met last
            start = text.find(opening, start + len(opening))
    if not met:
        msg = "the prompt holds no turn of the checkpoint's chat template: choose another unit than turns"
        raise UsageError(msg)
    starts = sorted(met)
    counts: dict[str, int] = {}
    found = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        role = met[start]
        if text[start:end].strip() == openings[role].strip():
            continue
        counts[role] = counts.get(role, 0) + 1
        found.append(Span(name=f"{role} {counts[role]}", kind="field", start=start, end=end))
    return found


@lru_cache(maxsize=8)
def _openings(tokenizer: Any) -> dict[str, str]:  # noqa: ANN401 - any transformers tokenizer
    """Markup that opens a turn of each role, learnt from what the template writes around marked contents."""
    marks = ["first\u2063user", "first\u2063answer", "second\u2063user", "second\u2063answer"]
    roles = ["user", "assistant", "user", "assistant"]
    system = "the\u2063system"

    def write(messages: list[dict[str, str]]) -> str:
        return str(tokenizer.apply_chat_template(messages, tokenize=False))

    talk = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
    whole = write(talk)
    places = [whole.find(mark) for mark in marks]
    if -1 in places:
        msg = "the chat template changes what is said: choose another unit than turns"
        raise UsageError(msg)
    closing_user = write(talk[:1]).split(marks[0])[1]
    closing_answer = write(talk[:2]).split(marks[1])[1]
    before_answer = whole[places[0] + len(marks[0]) : places[1]]
    before_user = whole[places[1] + len(marks[1]) : places[2]]
    found = {
        "assistant": before_answer.removeprefix(closing_user),
        "user": before_user.removeprefix(closing_answer),
    }
    try:
        opened = write([{"role": "system", "content": system}, *talk[:1]]).split(system)[0]
    except Exception:  # noqa: BLE001 - a template may refuse the role by any error
        opened = ""
    found["system"] = opened
    return {role: opening.rstrip() for role, opening in found.items() if opening.strip()}
