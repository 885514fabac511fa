"""Marking stretches of an output with labels, word by word: by pointer, or by keyboard alone.

The text goes to the script as words, which it shows as text and never as markup.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.app import messages
from audit.app.untrusted import LONGEST, readable
from audit.core.text import printable

if TYPE_CHECKING:
    from audit.ratings.projects.asking import SpanMarking

_WORD = re.compile(r"\S+|\s+")


def words(text: str) -> list[dict[str, Any]]:
    """The words of a text and what is between them, with their offsets in it; hidden characters are shown as codes."""
    found = _WORD.finditer(text[:LONGEST])
    return [
        {"start": one.start(), "end": one.end(), "text": readable(one[0]), "gap": one[0].isspace()} for one in found
    ]


def mark_spans(one: SpanMarking, outputs: dict[str, str], answers: dict[str, Any], key: str) -> None:
    """Put the outputs on the page so that stretches of them can be marked; the marks go into the answers.

    Args:
        one: The question.
        outputs: By side.
        answers: By name of the question.
        key: Of the showing.
    """
    component = st.components.v2.component(
        "audit_spans", html='<div class="spans"></div>', css=_file("css"), js=_file("js")
    )
    for side, text in outputs.items():
        place = f"{key}_{one.name}_{side}"
        marked = [span for span in answers.get(one.name, []) if span["side"] == side]
        data = {
            "label": printable(one.text) + (f", output {side.upper()}" if len(outputs) > 1 else ""),
            "words": words(text),
            "labels": [printable(label) for label in one.labels],
            "marks": [{**span, "label": one.labels.index(span["label"])} for span in marked],
        }
        component(data=data, key=place, on_marks_change=partial(_keep, place, side, one, answers, len(text)))
        if len(text) > LONGEST:
            st.caption(f"Only the first {LONGEST:,} characters can be marked.")


def _keep(place: str, side: str, one: SpanMarking, answers: dict[str, Any], length: int) -> None:
    """Take over the marks of one output, unless the script could not have sent them."""
    mine = messages.received(place, "marks", lambda sent: read_marks(sent, side, one, length))
    if mine is None:
        return
    others = [span for span in answers.get(one.name, []) if span["side"] != side]
    answers[one.name] = others + mine


def read_marks(sent: Any, side: str, one: SpanMarking, length: int) -> list[dict[str, Any]]:  # noqa: ANN401 - of a browser
    """The marks of one output as they are stored.

    Args:
        sent: A list of ``start``, ``end`` and the position of the label.
        side: The output.
        one: The question.
        length: Characters of the output.

    Raises:
        ValueError: A mark is not within the output, or of no label.
        TypeError: It is no list of marks.
        KeyError: A mark lacks a part.
    """
    if not isinstance(sent, list) or len(sent) > length:
        raise ValueError
    found = []
    for mark in sent:
        start = messages.whole_number(mark["start"], length)
        end = messages.whole_number(mark["end"], length + 1)
        if end <= start:
            raise ValueError
        label = one.labels[messages.whole_number(mark["label"], len(one.labels))]
        found.append({"start": start, "end": end, "label": label, "side": side})
    return found


@lru_cache
def _file(suffix: str) -> str:
    return resources.files("audit.app.elements.rating").joinpath(f"spans.{suffix}").read_text("utf-8")
