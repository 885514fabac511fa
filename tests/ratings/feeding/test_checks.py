"""Expected answers come from a CSV file and fit the questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.ratings.feeding.checks import expected_items
from audit.ratings.projects import asking
from tests.ratings.feeding.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "20260201T000000Z-other-0a1b2c"


def file_of(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "gold.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_expected_points(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (item,) = expected_items([run], file_of(tmp_path, "sample_id,rating", "w3,5"), asking.of_one_run())
    assert (item.outputs[0].sample_id, item.expected) == ("w3", {"rating": 5})


def test_expected_preferences_are_by_run(tmp_path: Path) -> None:
    runs = [make_run(tmp_path), make_run(tmp_path, OTHER, change="!")]
    file = file_of(tmp_path, "sample_id,preference", "w3,second", "w4,tie")
    found = expected_items(runs, file, asking.of_two_runs())
    assert [item.expected for item in found] == [{"preference": "second"}, {"preference": "tie"}]
    assert [len(item.outputs) for item in found] == [2, 2]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["id,rating", "w3,5"], "no column 'sample_id'"),
        (["sample_id,rating", "x9,5"], "line 2: no rateable sample x9"),
        (["sample_id,rating", "p1,5"], "line 2: no rateable sample p1"),
        (["sample_id,rating", "w3,9"], "line 2: rating: 9: it takes 1 to 5"),
        (["sample_id,rating", "w3,"], "line 2: no expected answer"),
    ],
)
def test_faults_are_one_line(tmp_path: Path, lines: list[str], fault: str) -> None:
    with pytest.raises(UsageError, match=fault) as caught:
        expected_items([make_run(tmp_path)], file_of(tmp_path, *lines), asking.of_one_run())
    assert "\n" not in str(caught.value)
