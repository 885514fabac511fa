"""Items that changed between two runs, the candidate's worst losses first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.gate.comparison.changed import changed_items
from tests.reports.conftest import a_sample

if TYPE_CHECKING:
    from audit.core.records import Sample


def scored(scores: list[float | None], **fields: str) -> list[Sample]:
    return [a_sample("boolq", place, score=score, **fields) for place, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("higher_is_better", "order"), [(True, [1, 3, 2, 0]), (False, [0, 2, 3, 1]), (None, [1, 0, 2, 3])]
)
def test_worst_first(higher_is_better: bool | None, order: list[int]) -> None:
    before, after = scored([0.0, 1.0, 0.5, 0.5, 0.3]), scored([0.75, 0.0, 1.0, 0.25, 0.3])
    found = changed_items(before, after[::-1], higher_is_better=higher_is_better)
    ids = [sample.sample_id for sample in before]
    assert [ids.index(item.sample_id) for item in found] == order
    assert [item.change for item in found] == [[0.75, -1.0, 0.5, -0.25][place] for place in order]
    assert all(item.baseline.sample_id == item.candidate.sample_id for item in found)


def test_only_items_that_both_scored() -> None:
    before, after = scored([0.0, None, 1.0]), scored([None, 1.0, 0.0, 1.0])
    assert [item.change for item in changed_items(before, after, higher_is_better=True)] == [-1.0]
    assert changed_items(scored([0.0], error="broke"), scored([1.0]), higher_is_better=True) == []
    assert changed_items(scored([0.0]), scored([1.0], error="broke"), higher_is_better=True) == []
