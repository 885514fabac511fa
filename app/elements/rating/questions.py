"""The questions of a rating project, with a key for each answer.

A project with one question takes its answer at once. With several, the keys belong to one question at a time: the first
without an answer, or the one that the reader goes to; what is answered can be changed until it is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app.elements.rating.spans import mark_spans
from audit.app.untrusted import plain
from audit.ratings.projects.asking import (
    BOTH_BAD,
    LONGEST_TEXT,
    TIE,
    A,
    B,
    FreeText,
    LabelChoice,
    LikertScale,
    PreferenceChoice,
    SpanMarking,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.app.drafts import Draft
    from audit.ratings.projects.asking import AnyKind

LABEL_KEYS = "1234567890deghijlmpvwxyz"
"""Keys of labels, one each; those after them have none. The other letters mean something else on these pages."""
LONGEST_COMMENT = 5_000

Choice = tuple[int | str, str, str | None]
"""What is stored, what the button says, and its key."""


def is_at_once(asked: Sequence[AnyKind]) -> bool:
    """Whether one press answers everything."""
    (first, *more) = asked
    return not more and _is_choice(first) and not (isinstance(first, LabelChoice) and first.several)


def show_questions(
    asked: Sequence[AnyKind], outputs: dict[str, str], draft: Draft, key: str, send: Callable[[], None], *, off: bool
) -> None:
    """Put the questions and a box for a comment on the page; answers go into the draft.

    Args:
        asked: The questions.
        outputs: By side, for what is marked in them.
        draft: What was answered so far.
        key: Of the showing, so that a late press cannot answer the next item.
        send: Called once everything is answered by one press.
        off: Whether nothing can be answered, because the text is hidden.
    """
    at_once = is_at_once(asked)
    active = asked[0].name if at_once else active_question(asked, draft)
    for one in asked:
        if isinstance(one, FreeText):
            _text_box(plain(one.text), f"{key}_{one.name}", draft, one.name, "" if one.required else "optional")
            continue
        st.markdown(f"**{plain(one.text)}**")
        if isinstance(one, SpanMarking):
            if not off:
                mark_spans(one, outputs, draft.answers, key)
            continue
        _choices(one, draft, key, send if at_once else None, keyed=one.name == active, off=off)
    _text_box("Comment", f"{key}_comment", draft, None, "optional; written with the answer")


def active_question(asked: Sequence[AnyKind], draft: Draft) -> str | None:
    """The question whose answers have the keys; None where all have an answer."""
    names = [one.name for one in asked if _is_choice(one)]
    if draft.asked in names:
        return draft.asked
    return next((name for name in names if name not in draft.answers), None)


def show_go_on(asked: Sequence[AnyKind], draft: Draft, key: str) -> None:
    """The button that gives the keys to the next question, where that changes anything."""
    if active_question(asked, draft) is not None or sum(map(_is_choice, asked)) > 1:
        st.button("Next question", key=key, shortcut="Q", on_click=go_on, args=(asked, draft))


def go_on(asked: Sequence[AnyKind], draft: Draft) -> None:
    """Give the keys to the next question; one that takes any number of labels is answered by none of them.

    Questions without an answer come first. After the last question no question has the keys, so that a press too many
    overwrites no answer; the next time, the first has them.
    """
    choices = [one for one in asked if _is_choice(one)]
    names = [one.name for one in choices]
    current = active_question(asked, draft)
    place = names.index(current) if current is not None else -1
    if current is not None and isinstance(choices[place], LabelChoice) and choices[place].several:  # type: ignore[union-attr]
        draft.answers.setdefault(current, [])
    following = names[place + 1 :]
    unanswered = [name for name in [*following, *names[: max(place, 0)]] if name not in draft.answers]
    if current is None or current in draft.answers:  # from an open question no key leads to an answered one
        unanswered += following
    draft.asked = next(iter(unanswered), None)


def choices(one: AnyKind) -> list[Choice]:
    """The answers to a question, with their keys."""
    if isinstance(one, LikertScale):
        ends = {1: one.lowest, one.points: one.highest}
        # Streamlit writes the key, which is the number, next to the word.
        return [(point, ends.get(point) or str(point), str(point)) for point in range(1, one.points + 1)]
    if isinstance(one, PreferenceChoice):
        found: list[Choice] = [(A, "A is better", "A"), (B, "B is better", "B")]
        found += [(TIE, "Equally good", "T")] if one.ties else []
        return found + ([(BOTH_BAD, "Neither is good", "N")] if one.both_bad else [])
    labels = one.labels if isinstance(one, LabelChoice) else []
    keys = [*LABEL_KEYS, *[None] * len(labels)]
    return [(label, label, pressed) for label, pressed in zip(labels, keys, strict=False)]


def take_written(asked: Sequence[AnyKind], draft: Draft, key: str) -> None:
    """Put what stands in the boxes into the draft: a press may reach the server together with the last words typed.

    Args:
        asked: The questions.
        draft: What was answered so far.
        key: Of the showing.
    """
    names: list[str | None] = [one.name for one in asked if isinstance(one, FreeText)]
    for name in [*names, None]:
        box = f"{key}_{name or 'comment'}"
        if box in st.session_state:
            _write(draft, name, box)


def _is_choice(one: AnyKind) -> bool:
    return isinstance(one, LikertScale | PreferenceChoice | LabelChoice)


def _choices(one: AnyKind, draft: Draft, key: str, send: Callable[[], None] | None, *, keyed: bool, off: bool) -> None:
    given = draft.answers.get(one.name)
    with st.container(horizontal=True):
        for place, (value, label, pressed) in enumerate(choices(one)):
            chosen = value in given if isinstance(given, list) else value == given
            shortcut = pressed if keyed and not off else None
            st.button(
                "" if label == shortcut else plain(label),  # Streamlit writes the key: a number would be there twice
                key=f"{key}_{one.name}_{place}",
                shortcut=shortcut,
                type="primary" if chosen else "secondary",
                disabled=off,
                on_click=_answer,
                args=(one, draft, value, send),
            )


def _answer(one: AnyKind, draft: Draft, value: int | str, send: Callable[[], None] | None) -> None:
    if isinstance(one, LabelChoice):
        before = draft.answers.get(one.name, [])
        others = [label for label in before if label != value]
        draft.answers[one.name] = (others if value in before else [*others, value]) if one.several else [value]
    else:
        draft.answers[one.name] = value
    draft.asked = one.name if isinstance(one, LabelChoice) and one.several else None
    if send:
        send()


def _text_box(label: str, key: str, draft: Draft, name: str | None, hint: str) -> None:
    """A box whose text goes into the draft: the answer to a question, or the comment."""
    written = draft.comment if name is None else draft.answers.get(name, "")
    st.session_state.setdefault(key, written)
    longest = LONGEST_COMMENT if name is None else LONGEST_TEXT
    st.text_area(
        label, key=key, height=80, max_chars=longest, placeholder=hint, on_change=_write, args=(draft, name, key)
    )


def _write(draft: Draft, name: str | None, key: str) -> None:
    if name is None:
        draft.comment = st.session_state[key]
    else:
        draft.answers[name] = st.session_state[key]
