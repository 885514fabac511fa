"""``audit ratings import``: files of other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.ratings.conftest import Ratings


def test_a_csv_file(ratings: Ratings, database_url: str, tmp_path: Path) -> None:
    made_in(database_url, 2, raters=1)
    file = tmp_path / "answers.csv"
    file.write_text("rater,item,rating\nXenia,1,5\nYuri,1,4\n")
    words = ("import", file, "--project", "p", "--as", "Root", "--runs", tmp_path)
    assert ratings(*words).stderr == "1 answer added, 0 known, 1 to complete items left out; new raters: Xenia\n"
    assert ratings(*words).stderr == "0 answers added, 1 known, 1 to complete items left out\n"
    wrong = ratings(*words, "--from", "cvs").exception
    assert isinstance(wrong, UsageError)
    assert "--from cvs: no such tool" in str(wrong)
    with pytest.raises(UsageError, match="not JSON"):
        raise ratings(*words, "--from", "argilla").exception or AssertionError
