"""Changes to a text: what is replaced by what, and where the changed parts and named parts then lie."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from audit.core.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """A part of a text and what replaces it."""

    start: int
    """Offset of the first replaced character."""
    end: int
    """Offset after the last one; equal to ``start`` where something is only added."""
    text: str
    """What is there instead; empty where something is only removed."""

    def moved(self, by: int) -> Edit:
        """The same edit of a text in which this one begins at offset ``by``."""
        return Edit(self.start + by, self.end + by, self.text)


def effective(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """Those edits that change something, in the order of the text.

    Raises:
        ValueError: Two of them overlap.
    """
    found = sorted(edit for edit in edits if text[edit.start : edit.end] != edit.text)
    for one, following in pairwise(found):
        if one.end > following.start:
            msg = f"edits overlap at {following.start}"
            raise ValueError(msg)
    return found


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after all edits, which must be in order and must not overlap (:func:`effective`)."""
    parts, reached = [], 0
    for edit in edits:
        parts += [text[reached : edit.start], edit.text]
        reached = edit.end
    return "".join([*parts, text[reached:]])


def changed_spans(text: str, edits: Sequence[Edit]) -> list[Span]:
    """Where the changed parts lie in the text after all edits, each with what was there before as its name.

    Args:
        text: The text before the edits.
        edits: As in :func:`edited`.
    """
    found, shift = [], 0
    for edit in edits:
        start = edit.start + shift
        before = text[edit.start : edit.end]
        found.append(Span(name=before, kind="changed", start=start, end=start + len(edit.text)))
        shift += len(edit.text) - len(before)
    return found


def moved_spans(spans: Iterable[Span], edits: Sequence[Edit]) -> list[Span]:
    """Named parts of a text, where they lie after all edits.

    A part that begins or ends inside an edit begins or ends where the edit does.

    Args:
        spans: Parts of the text before the edits.
        edits: As in :func:`edited`.
    """
    return [
        span.model_copy(update={"start": _moved(span.start, edits), "end": _moved(span.end, edits, is_end=True)})
        for span in spans
    ]


def _moved(place: int, edits: Sequence[Edit], *, is_end: bool = False) -> int:
    """An offset after all edits before it; text that is added at the very place lies inside the part."""
    shift = 0
    for edit in edits:
        if edit.start > place or (edit.start == place and not is_end):
            break
        if edit.end > place:
            return edit.start + shift + (len(edit.text) if is_end else 0)
        shift += len(edit.text) - (edit.end - edit.start)
    return place + shift
