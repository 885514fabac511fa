"""Edits of a text, and where its parts lie afterwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records import Span
from audit.evals.robustness.edits import Edit, changed_spans, edited, effective, moved_spans

TEXT = "Where is the cat?"


def part(start: int, end: int) -> Span:
    return Span(name="part", kind="field", start=start, end=end)


def test_edits_are_applied_and_their_places_are_known() -> None:
    edits = effective(TEXT, [Edit(13, 16, "dog"), Edit(0, 5, "Who"), Edit(6, 8, "is"), Edit(12, 12, " big")])
    assert edits == [Edit(0, 5, "Who"), Edit(12, 12, " big"), Edit(13, 16, "dog")]  # "is" changes nothing
    assert (after := edited(TEXT, edits)) == "Who is the big dog?"
    changed = changed_spans(TEXT, edits)
    assert [(span.name, after[span.start : span.end], span.kind) for span in changed] == [
        ("Where", "Who", "changed"),
        ("", " big", "changed"),
        ("cat", "dog", "changed"),
    ]


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (part(0, 17), "Who is the big dog?"),  # around all of them
        (part(6, 12), "is the big"),  # what is added at its end lies inside
        (part(13, 16), "dog"),  # replaced as a whole
        (part(2, 8), "Who is"),  # begins inside an edit: begins where the edit does
        (part(9, 15), "the big dog"),  # ends inside an edit: ends where the edit does
        (part(16, 17), "?"),
    ],
)
def test_named_parts_move_with_the_text(span: Span, text: str) -> None:
    edits = [Edit(0, 5, "Who"), Edit(12, 12, " big"), Edit(13, 16, "dog")]
    (moved,) = moved_spans([span], edits)
    assert edited(TEXT, edits)[moved.start : moved.end] == text
    assert (moved.name, moved.kind) == (span.name, span.kind)


def test_overlapping_edits_are_refused() -> None:
    assert effective(TEXT, [Edit(0, 5, "A"), Edit(5, 6, "B")])  # they touch
    with pytest.raises(ValueError, match="overlap at 4"):
        effective(TEXT, [Edit(0, 5, "A"), Edit(4, 6, "B")])


def test_an_edit_is_moved_as_a_whole() -> None:
    assert Edit(1, 3, "x").moved(10) == Edit(11, 13, "x")


@given(st.text("ab ", max_size=12), st.lists(st.tuples(st.integers(0, 12), st.text("cd", max_size=3)), max_size=4))
def test_undoing_what_was_changed_gives_the_text_back(text: str, drawn: list[tuple[int, str]]) -> None:
    starts = sorted({min(place, len(text)) for place, _ in drawn})
    ends = [*starts[1:], len(text)]
    edits = [Edit(a, min(a + 1, b), new) for a, b, (_, new) in zip(starts, ends, drawn, strict=False)]
    edits = effective(text, edits)
    after = edited(text, edits)
    back = [Edit(span.start, span.end, span.name) for span in changed_spans(text, edits)]
    assert edited(after, back) == text
