"""``audit ratings judge``: a small checkpoint judges, once, and its agreement with people is shown."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.ratings.conftest import Ratings


@pytest.mark.slow
def test_a_checkpoint_judges_once(ratings: Ratings, database_url: str, tmp_path: Path, tiny_model: Path) -> None:
    made = made_in(database_url, 3)
    made.rate_all("Ann", rating=3)
    long = shutil.copytree(tiny_model, tmp_path / "long")
    config = json.loads((long / "config.json").read_text())
    (long / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 2048}))
    common = ("judge", "--project", "p", "--as", "Root", "--runs", tmp_path)
    cut = ratings(*common, "--model", tiny_model, "--name", "short")
    assert "3 of 3 requests without an answer: the texts are longer than the judge's context" in cut.stderr
    words = (*common, "--model", long, "--name", "tiny")
    result = ratings(*words)
    assert result.exit_code == 0, result.exception
    assert "3 items judged by tiny" in result.stderr
    assert "0 items judged by tiny" in ratings(*words).stderr
    with pytest.raises(UsageError, match=r"tiny has answered .*other settings \(max_length 2048, now 1024\)"):
        raise ratings(*words, "--max-length", 1024).exception or AssertionError
    shown = ("agreement", "--project", "p", "--as", "Vera", "--runs", tmp_path)
    assert "tiny by likelihood against people, rating: 3 items judged" in ratings(*shown).stdout
    judged = json.loads(ratings(*shown, "--json").stdout)["judges"]
    assert [(one["judge"], one["judged"], one["unanswered"]) for one in judged] == [("short", 0, 3), ("tiny", 3, 0)]


def test_faults_are_one_line(ratings: Ratings, database_url: str, tmp_path: Path) -> None:
    made_in(database_url, 1)
    common = ("judge", "--runs", tmp_path, "--project", "p")
    for words, fault in (
        (("--as", "Vera"), "does not have the role admin in the project p"),
        (("--as", "Root", "--by", "chance"), "--by chance: there are likelihood and generation"),
        (("--as", "Root", "--model", tmp_path / "none"), "none"),
    ):
        with pytest.raises(UsageError, match=fault):
            raise ratings(*common, *words).exception or AssertionError
