"""What raters are asked about an item: the kinds of question, and which answers each takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from audit.core.errors import UsageError, did_you_mean
from audit.core.records import Record
from audit.core.records.faults import TextForm
from audit.core.text import named, printable

A, B, TIE, BOTH_BAD = "a", "b", "tie", "both_bad"
"""Answers to a preference, by the side on which an output was shown."""
LONGEST_TEXT = 20_000
"""Characters of a free text."""

Name = Annotated[
    str,
    TextForm(
        "[a-z][a-z0-9_]{0,39}",
        "must be at most 40 lower-case letters, digits and underscores, beginning with a letter",
    ),
]


class MarkedSpan(Record):
    """A stretch of an output that a rater marked."""

    start: Annotated[int, Field(ge=0)]
    """Offset of its first character in the output."""
    end: int
    """Offset after its last character."""
    label: str
    """What it was marked as."""
    side: Literal["a", "b"] = "a"
    """The output in which it is, by the side on which it is shown; stored answers have ``a`` for the first run's output
    and ``b`` for the second's. ``a`` where there is one."""

    @model_validator(mode="after")
    def _not_empty(self) -> MarkedSpan:
        if self.end <= self.start:
            msg = "a marked span ends after it starts"
            raise ValueError(msg)
        return self


Value = int | str | list[str] | list[MarkedSpan]
"""An answer to one question."""


class LikertScale(Record):
    """Points on a scale, from 1."""

    kind: Literal["likert"] = "likert"
    """Kind of question."""
    name: Name
    """Identifies it in answers and exports."""
    text: str
    """The question."""
    points: Annotated[int, Field(ge=2, le=9)] = 5
    """Number of points; one key each."""
    lowest: str = ""
    """What 1 means."""
    highest: str = ""
    """What the highest point means."""


class LabelChoice(Record):
    """One of several labels, or any number of them."""

    kind: Literal["labels"] = "labels"
    """Kind of question."""
    name: Name
    """Identifies it in answers and exports."""
    text: str
    """The question."""
    labels: Annotated[list[str], Field(min_length=2, max_length=50)]
    """What can be chosen."""
    several: bool = False
    """Whether any number of labels may be chosen, none included."""


class FreeText(Record):
    """Text that a rater writes, e.g. a better answer."""

    kind: Literal["text"] = "text"
    """Kind of question."""
    name: Name
    """Identifies it in answers and exports."""
    text: str
    """The question."""
    required: bool = False
    """Whether an empty text is no answer."""


class SpanMarking(Record):
    """Stretches of the output, each with a label."""

    kind: Literal["spans"] = "spans"
    """Kind of question."""
    name: Name
    """Identifies it in answers and exports."""
    text: str
    """The question."""
    labels: Annotated[list[str], Field(min_length=1, max_length=50)]
    """What a stretch can be marked as."""


class PreferenceChoice(Record):
    """Which of two outputs is better."""

    kind: Literal["preference"] = "preference"
    """Kind of question."""
    name: Name
    """Identifies it in answers and exports."""
    text: str
    """The question."""
    ties: bool = True
    """Whether both may be called equally good."""
    both_bad: bool = True
    """Whether both may be called bad."""


AnyKind = Annotated[LikertScale | LabelChoice | FreeText | SpanMarking | PreferenceChoice, Field(discriminator="kind")]
"""One question of a project."""
_SPANS = TypeAdapter(list[MarkedSpan])


def of_one_run() -> list[AnyKind]:
    """What is asked about outputs of one run unless a project says otherwise."""
    return [LikertScale(name="rating", text="How good is the answer?", lowest="bad", highest="very good")]


def of_two_runs() -> list[AnyKind]:
    """What is asked about outputs of two runs unless a project says otherwise."""
    return [PreferenceChoice(name="preference", text="Which answer is better?")]


def checked(asked: list[AnyKind], answers: dict[str, object], lengths: dict[str, int]) -> dict[str, Value]:
    """Answers in the form in which they are stored.

    Args:
        asked: The questions of the project.
        answers: By name of the question.
        lengths: Characters of the output on each side, ``a`` and perhaps ``b``.

    Raises:
        UsageError: A question is not answered, is not the project's, or does not take its answer.
    """
    names = [one.name for one in asked]
    for name in answers:
        if name not in names:
            msg = f"no question is called {named(name)!r}: answer {', '.join(names)}.{did_you_mean(name, names)}"
            raise UsageError(msg)
    found = {one.name: _checked(one, answers.get(one.name), lengths) for one in asked}
    return {name: value for name, value in found.items() if value is not None}


def _checked(one: AnyKind, answer: object, lengths: dict[str, int]) -> Value | None:
    """One answer; None where an answer that may be left out was."""
    if isinstance(one, LikertScale):
        whole = isinstance(answer, int) and not isinstance(answer, bool)
        return answer if whole and 1 <= answer <= one.points else _refuse(one, answer, f"1 to {one.points}")  # type: ignore[operator, return-value]
    if isinstance(one, PreferenceChoice):
        allowed = [A, B, *([TIE] if one.ties else []), *([BOTH_BAD] if one.both_bad else [])]
        return str(answer) if answer in allowed else _refuse(one, answer, ", ".join(allowed))
    if isinstance(one, LabelChoice):
        return _labels(one, answer)
    if isinstance(one, FreeText):
        return _free_text(one, answer)
    return _spans(one, answer, lengths)


def _labels(one: LabelChoice, answer: object) -> Value:
    given = answer if isinstance(answer, list) else ([] if answer is None else [answer])
    known = all(label in one.labels for label in given) and len(set(map(str, given))) == len(given)
    if not known or (not one.several and len(given) != 1):
        how = "any of" if one.several else "one of"
        return _refuse(one, answer, f"{how} {', '.join(map(named, one.labels))}")
    return sorted(map(str, given), key=one.labels.index)


def _free_text(one: FreeText, answer: object) -> Value | None:
    if answer is not None and (not isinstance(answer, str) or len(answer) > LONGEST_TEXT):
        return _refuse(one, answer, f"a text of at most {LONGEST_TEXT:,} characters")
    if not isinstance(answer, str) or not answer.strip():
        return _refuse(one, answer, "a text") if one.required else None
    return answer


def _spans(one: SpanMarking, answer: object, lengths: dict[str, int]) -> Value:
    wanted = f"stretches of the output with a label, one of {', '.join(map(named, one.labels))}"
    try:
        found = _SPANS.validate_python(answer or [])
    except ValidationError:
        return _refuse(one, answer, wanted)
    if any(span.label not in one.labels or span.end > lengths.get(span.side, 0) for span in found):
        return _refuse(one, answer, wanted)
    return found


def _refuse(one: AnyKind, answer: object, wanted: str) -> Value:
    given = "no answer" if answer is None else printable(repr(answer), 60)
    msg = f"{one.name}: {given}: it takes {wanted}"
    raise UsageError(msg)
