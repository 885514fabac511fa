"""What a feature can be, and where each kind begins in a prompt.

Words, clauses, sentences and lines are cut by :mod:`audit.explain.prompt.segments`; turns by the checkpoint's own
chat template; fields and few-shot examples are spans that a task names; steps of a reasoning trace are spans, too
(:mod:`audit.explain.trace_steps`).
"""

from __future__ import annotations

import re
from itertools import pairwise
from os.path import commonprefix
from typing import TYPE_CHECKING, Any, Literal, get_args

from audit.core.errors import UsageError, did_you_mean
from audit.core.records import Span
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine

Unit = Literal["auto", "tokens", "words", "clauses", "sentences", "lines", "turns", "examples", "fields", "steps"]
UNITS: tuple[Unit, ...] = get_args(Unit)
"""``auto`` takes words while they are few enough, else clauses, else sentences, else runs of them."""
TOOL = {"role": "tool", "name": "", "tool_call_id": "call00000"}
"""Message of a tool, without what it says."""
THINKING: tuple[dict[str, bool], ...] = ({}, {"enable_thinking": True}, {"enable_thinking": False})
"""Variables of chat templates with which they open an answer in different ways."""
BLOCKS = re.compile(r"\n[^\S\n]*\n\s*")
"""Blank lines: they part few-shot examples where no task names them."""


def unit_called(name: str, option: str) -> Unit:
    """What a feature is.

    Args:
        name: As it was given.
        option: Where it was given: ``--features``.

    Raises:
        UsageError: There is no such unit.
    """
    unit = next((unit for unit in UNITS if unit == name), None)
    if unit is None:
        msg = f"unknown {option} {printable(str(name), 60)}: use {', '.join(UNITS)}.{did_you_mean(str(name), UNITS)}"
        raise UsageError(msg)
    return unit


def named_spans(engine: Engine, text: str, unit: Unit, spans: Sequence[Span]) -> list[Span]:
    """The parts of ``text`` that are features of unit ``turns``, ``examples``, ``fields`` or ``steps``, in order.

    Args:
        engine: The checkpoint, for its chat template.
        text: The prompt.
        unit: One of the four.
        spans: What the task names.

    Raises:
        UsageError: There are none in this prompt.
    """
    if unit == "turns":
        return turns(engine, text)
    kind = "example" if unit == "examples" else "field"
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

    A turn that is only opened, for the answer or for a reasoning trace, is none. What a tool answered is a turn.

    Args:
        engine: The checkpoint, for its chat template.
        text: The prompt.

    Raises:
        UsageError: The checkpoint has no chat template, or the prompt holds none of its markup.
    """
    if not engine.has_chat_template:
        msg = f"{engine.record.name} has no chat template: choose another unit than turns"
        raise UsageError(msg)
    openings = _openings(engine.tokenizer)
    end = _before_answer(engine.tokenizer, text)
    met: dict[int, str] = {}
    for role, opening in sorted(openings.items(), key=lambda item: len(item[1])):
        start = text.find(opening, 0, end)
        while start >= 0:
            met[start] = role  # the longest opening at a place is met last
            start = text.find(opening, start + len(opening), end)
    if not met:
        msg = "the prompt holds no turn of the checkpoint's chat template: choose another unit than turns"
        raise UsageError(msg)
    starts = sorted(met)
    counts: dict[str, int] = {}
    found = []
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        role = met[start]
        if not _said(text[start + len(openings[role]) : stop]):
            continue
        counts[role] = counts.get(role, 0) + 1
        found.append(Span(name=f"{role} {counts[role]}", kind="field", start=start, end=stop))
    return found


def _said(text: str) -> str:
    """What a turn holds apart from the markers of a reasoning trace and white space."""
    from audit.engine.thinking import FAMILIES  # noqa: PLC0415 - imports the engine, which takes seconds

    for markers in FAMILIES:
        for marker in (*markers.starts, markers.end):
            text = text.replace(marker, "")
    return text.strip()


def _before_answer(tokenizer: Any, text: str) -> int:  # noqa: ANN401 - any transformers tokenizer
    """Offset at which the template opens the answer at the end of a prompt; the end where it does not."""
    shown = text.rstrip()
    opened = max((one for one in _answers(tokenizer) if shown.endswith(one)), key=len, default="")
    return len(shown) - len(opened) if opened else len(text)


def _answers(tokenizer: Any) -> frozenset[str]:  # noqa: ANN401 - any transformers tokenizer
    """What the template writes to open an answer, with a reasoning trace and without."""
    talk = [{"role": "user", "content": "first\u2063user"}]
    before = _write(tokenizer, talk)
    ways = [_write(tokenizer, talk, add_generation_prompt=True, **given) for given in THINKING]
    return frozenset(way.removeprefix(before).rstrip() for way in ways if way.startswith(before)) - {""}


def _write(tokenizer: Any, messages: list[dict[str, Any]], **given: bool) -> str:  # noqa: ANN401 - see above
    """A conversation as the template writes it."""
    return str(tokenizer.apply_chat_template(messages, tokenize=False, **given))


def _openings(tokenizer: Any) -> dict[str, str]:  # noqa: ANN401 - any transformers tokenizer
    """Markup that opens a turn of each role, learnt from what the template writes around marked contents."""
    marks = ["first\u2063user", "first\u2063answer", "second\u2063user", "second\u2063answer"]
    roles = ["user", "assistant", "user", "assistant"]

    talk = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
    whole = _write(tokenizer, talk)
    places = [whole.find(mark) for mark in marks]
    if -1 in places:
        msg = "the chat template changes what is said: choose another unit than turns"
        raise UsageError(msg)
    closing_user = _write(tokenizer, talk[:1]).split(marks[0])[1]
    closing_answer = _write(tokenizer, talk[:2]).split(marks[1])[1]
    before_answer = whole[places[0] + len(marks[0]) : places[1]]
    before_user = whole[places[1] + len(marks[1]) : places[2]]
    found = {
        "assistant": before_answer.removeprefix(closing_user),
        "user": before_user.removeprefix(closing_answer),
    }
    calls = [{"type": "function", "id": "call00000", "function": {"name": "alpha", "arguments": {}}}]
    asked: list[dict[str, Any]] = [talk[0], {"role": "assistant", "content": marks[1], "tool_calls": calls}]
    found["system"] = _behind(tokenizer, [], {"role": "system"}, talk[:1])
    found["developer"] = _behind(tokenizer, [], {"role": "developer"}, talk[:1])
    found["tool"] = _behind(tokenizer, asked, TOOL, []) or _behind(tokenizer, talk[:2], TOOL, [])
    return {role: opening.rstrip() for role, opening in found.items() if opening.strip()}


def _behind(
    tokenizer: Any,  # noqa: ANN401 - any transformers tokenizer
    before: list[dict[str, Any]],
    message: dict[str, str],
    after: list[dict[str, Any]],
) -> str:
    """What the template writes between a conversation and a further message; nothing where it knows no such role.

    A message that names its tool is written with two names: what both share opens it.
    """
    mark = "further\u2063message"
    openings = []
    for name in ("alpha", "beta"):
        named = {**message, "content": mark, **({"name": name} if "name" in message else {})}
        try:
            head = _write(tokenizer, before) if before else ""
            whole = _write(tokenizer, [*before, named, *after])
        except Exception:  # noqa: BLE001 - a template may refuse the role by any error
            return ""
        if mark not in whole or not whole.startswith(head):
            return ""
        openings.append(whole[len(head) : whole.index(mark)])
    return commonprefix(openings)  # noqa: RUF071 - of texts, not of paths
