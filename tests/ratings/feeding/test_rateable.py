"""Only what people can judge becomes an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.ratings.feeding.rateable import is_rateable, rateable
from tests.ratings.feeding.runs import chosen, sentences, toxic, written

if TYPE_CHECKING:
    from audit.core.records import Sample


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (written(1), True),
        (written(1, answered_by=None), True),
        (written(1, output=None), False),
        (written(1, output=" \n"), False),
        (chosen(1), True),
        (chosen(1, answered_by="generation", right=None), True),
        (chosen(1, prompt=" "), False),
        (sentences(1), False),
        (chosen(1, right=None, prompt="The nurse is"), False),
        (written(1, answered_by="likelihood"), False),
    ],
)
def test_what_people_can_judge(sample: Sample, expected: bool) -> None:
    assert is_rateable(sample) is expected


def test_every_text_has_its_address() -> None:
    assert [one.sample_id for one in rateable([toxic(1), sentences(2)], every=True)] == ["t1#0", "t1#1", "t1#2"]
    assert [one.sample_id for one in rateable([toxic(1), sentences(2)])] == ["t1"]
