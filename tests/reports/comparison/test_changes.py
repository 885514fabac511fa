"""What changed between two runs of a task, counted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.reports.comparison.changes import MOST_VALUES, task_changes
from tests.reports.conftest import a_sample

if TYPE_CHECKING:
    from audit.core.records import Sample

KINDS = "aaaabbbb"
BEFORE = (1.0, 1, 0, 1, 1, 0, 0, 0)
AFTER = (1.0, 0, 1, 0, 1, 0, 0, 1)


def samples(scores: tuple[float | None, ...], **fields: object) -> list[Sample]:
    return [
        a_sample("boolq", place, score=score, slices={"kind": kind, "row": str(place // 4), "only": "x"}, **fields)
        for place, (score, kind) in enumerate(zip(scores, KINDS, strict=True))
    ]


def test_slices_are_counted_the_worst_first() -> None:
    found = task_changes("boolq", samples(BEFORE), samples(AFTER), higher_is_better=True, most=10)
    assert (found.n, found.changed, found.listed, found.direction) == (8, 4, 4, "higher is better")
    rows = [(row.name, row.n, row.higher, row.lower, row.change) for row in found.slices]
    assert rows[0] == ("kind=a", 4, 1, 2, -0.25)
    assert rows[-1] == ("row=1", 4, 1, 0, 0.25)
    assert {row[0] for row in rows} == {"kind=a", "kind=b", "row=0", "row=1"}  # the value that all share is no slice
    lower = task_changes("boolq", samples(BEFORE), samples(AFTER), higher_is_better=False, most=10)
    assert lower.slices[0].name in {"kind=b", "row=1"}


def test_the_worst_items_are_grouped_by_slice() -> None:
    found = task_changes("boolq", samples(BEFORE), samples(AFTER), higher_is_better=True, most=3)
    assert [(group.title, [item.change for item in group.items]) for group in found.groups] == [("kind=a", [-1, -1, 1])]
    assert (found.listed, found.changed) == (3, 4)
    none = task_changes("boolq", samples(BEFORE), samples(AFTER), higher_is_better=True, most=0)
    assert (none.groups, none.listed, none.changed) == ([], 0, 4)


def test_unscored_items_do_not_count() -> None:
    after = samples((None, 0, 1, 0, 1, 0, 0, 1))
    after[1] = after[1].model_copy(update={"error": "broken"})
    found = task_changes("boolq", samples(BEFORE), after, higher_is_better=True, most=10)
    assert (found.n, found.changed) == (6, 3)


def test_categories_with_many_values_are_no_slices() -> None:
    scores = tuple(float(place % 2) for place in range(MOST_VALUES + 1))
    runs = [
        [a_sample("boolq", place, score=score, slices={"id": str(place)}) for place, score in enumerate(given)]
        for given in (scores, scores[::-1])
    ]
    runs[1][0] = runs[1][0].model_copy(update={"score": 1.0})
    found = task_changes("boolq", *runs, higher_is_better=True, most=5)
    assert found.slices == []
    assert [group.title for group in found.groups] == [""]


def test_texts_that_may_offend_are_hidden() -> None:
    before, after = samples(BEFORE), samples(AFTER)
    harmless = task_changes("boolq", before, after, higher_is_better=True, most=1)
    assert not harmless.hides(harmless.groups[0].items[0])
    probe = [one.model_copy(update={"suite": "safety", "task": "toxicity"}) for one in after]
    hidden = task_changes("toxicity", before, probe, higher_is_better=True, most=1)
    assert hidden.hides(hidden.groups[0].items[0])
