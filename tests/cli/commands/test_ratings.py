"""``audit ratings export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder


@pytest.mark.parametrize("words", [["ratings", "export"], ["report", "latest"], ["run"]])
def test_a_ratings_database_that_is_not_there(
    finished: RunFolder, audit: Callable[..., tuple[int, str, str]], tiny_model: Path, tmp_path: Path, words: list[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'nope.sqlite'}"
    more = ["--model", tiny_model, "--out", tmp_path / "runs"] if words == ["run"] else ["--runs", tmp_path / "runs"]
    code, out, error = audit(*words, *more, "--database", url)
    assert (code, out) == (2, "")
    assert error.startswith(f"error: {tmp_path / 'nope.sqlite'}: no such ratings database")
    assert not (tmp_path / "nope.sqlite").exists()


def test_export_of_runs_that_nobody_rated(finished: RunFolder, audit: Callable[..., tuple[int, str, str]]) -> None:
    code, out, error = audit("ratings", "export", "--runs", finished.path.parent)
    assert (code, out) == (2, "")
    assert "nothing has been rated yet" in error


def test_export_of_a_project(audit: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    from audit.ratings import default_url
    from tests.ratings.projects.made import made_in

    runs = tmp_path / "runs"
    made_in(default_url(runs), 2, raters=1).rate_all("Ann", rating=5)
    common = ("ratings", "export", "--runs", runs, "--as", "Root")
    code, out, error = audit(*common, "--project", "p", "--format", "label")
    assert (code, len(out.splitlines()), error) == (0, 2, "2 lines\n")
    code, out, error = audit(*common, "--project", "p", "--format", "label", "--good-from", "5.5")
    assert (code, out, error) == (0, "", "0 lines\nleft out: 2 items: 2 with points between 2 and 5.5\n")
    code, out, error = audit(*common, "--project", "p", "--out", tmp_path / "a.csv")
    assert (code, out, error) == (0, "", f"2 answers to {tmp_path / 'a.csv'}\n")
    for words, fault in (
        (("--format", "label"), "--format is for --project"),
        (
            ("--project", "p", "--format", "dpo"),
            "--format dpo: no such format: there are csv, preference, label, events",
        ),
        (("--project", "p", "--format", "preference"), "needs a preference between two runs"),
        (("--project", "p", "--good-from", "1"), "an output would be good and bad"),
        (("--project", "p", "--as", "Ann"), "--as was given 2 times"),
    ):
        code, out, error = audit(*common, *words)
        assert (code, out) == (2, "")
        assert fault in error
        assert error.count("\n") == 1
