"""``audit ratings assign``: projects from runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.ratings import default_url
from audit.ratings.projects.progress import progress
from audit.ratings.projects.project import read_projects
from audit.ratings.projects.rating import next_item
from audit.ratings.projects.roles import NotAllowed
from tests.ratings.feeding.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.ratings.conftest import Ratings

OTHER = "20260201T000000Z-other-0a1b2c"


def test_a_project_from_a_run(ratings: Ratings, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    words = ("--project", "p", "--rater", "ada", "--rater", "bob", "--as", "root", "--runs", tmp_path)
    result = ratings("assign", run.path, *words, "--raters-per-item", 2, "--count", 3)
    assert (result.exit_code, result.stdout) == (0, "")
    left = "3 samples without text that people can judge"
    assert result.stderr == f"p: 9 items added, 2 raters each; left out: {left}; in {tmp_path / 'ratings.sqlite'}\n"
    url = default_url(tmp_path)
    (project,) = read_projects(url)
    assert (project.made_by, project.raters_per_item, project.hidden_names) == ("root", 2, ["tiny-chat"])
    assert progress(url, "p", "root").wanted == 18
    more = ratings("assign", run.path, *words, "--count", 4, "--tasks", "asdiv", "--viewer", "vera")
    assert more.stderr.startswith("p: 1 item added, 2 raters each; left out: 3 items that the project had already")
    assert progress(url, "p", "vera").items == 10


@pytest.mark.slow
def test_a_path_takes_the_ratings_next_to_the_run(
    ratings: Ratings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    run, other = make_run(there), make_run(elsewhere / "runs", OTHER, change="!")
    monkeypatch.chdir(elsewhere)
    words = ("--project", "p", "--rater", "ada", "--as", "root")
    assert ratings("assign", f"../there/{run.path.name}", *words).exit_code == 0
    assert [one.name for one in read_projects(default_url(there))] == ["p"]
    assert not (elsewhere / "runs" / "ratings.sqlite").exists()
    two = ratings("assign", run.path, OTHER, *words)
    assert isinstance(two.exception, UsageError)
    assert "different folders" in str(two.exception)
    assert ratings("assign", other.path.name, *words).exit_code == 0
    assert (elsewhere / "runs" / "ratings.sqlite").exists()
    export = ratings("export", "--run", run.path)  # outside projects there are none
    assert (export.exit_code, export.stderr) == (0, "0 ratings\n")


@pytest.mark.slow
def test_two_runs_are_compared(ratings: Ratings, tmp_path: Path) -> None:
    runs = [make_run(tmp_path), make_run(tmp_path, OTHER, change="!")]
    result = ratings(
        "assign", *(run.path for run in runs), "--project", "p", "--rater", "ada", "--as", "r", "--runs", tmp_path
    )
    assert result.exit_code == 0, result.exception
    seen = next_item(default_url(tmp_path), "p", "ada")
    assert seen is not None
    assert set(seen.outputs) == {"a", "b"}
    assert [one.kind for one in seen.questions] == ["preference"]


@pytest.mark.slow
def test_questions_guidelines_and_checks(ratings: Ratings, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    files = {
        "q.yaml": "guidelines: old\nquestions: [{kind: likert, name: tone, text: Kind, points: 3}]\n",
        "g.txt": "Be fair.\n",
        "gold.csv": "sample_id,tone\nw1,3\n",
        "first.csv": "sample_id,tone\nw2,1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    chosen = {"--questions": "q.yaml", "--guidelines": "g.txt", "--gold": "gold.csv", "--calibration": "first.csv"}
    words = [word for option, name in chosen.items() for word in (option, tmp_path / name)]
    common = ("assign", run.path, "--project", "p", "--rater", "ada", "--as", "r", "--runs", tmp_path)
    assert ratings(*common, *words, "--hide", "Zed").exit_code == 0
    seen = next_item(default_url(tmp_path), "p", "ada")
    assert seen is not None
    assert (seen.calibration, seen.outputs, seen.guidelines_version) == (True, {"a": "answer 2"}, 1)
    (project,) = read_projects(default_url(tmp_path))
    assert project.hidden_names == ["tiny-chat", "Zed"]
    again = ratings(*common, "--questions", tmp_path / "q.yaml")
    assert "has its questions already" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--way", "worse"], "--way worse: no such way: .*Did you mean 'worst'"),
        (["--way", "stratified"], "--by names the slice"),
        (["--by", "topic"], "--by names the slice"),
        (["--slice", "topic"], "--slice topic: write NAME=VALUE"),
        (["--tasks", "asdivv"], "Did you mean 'asdiv'"),
        (["--contains", "nothing of it"], "no items to rate"),
        (["--guidelines", "/nope/x"], "/nope/x"),
        (["--gold", "/nope/x"], "/nope/x: cannot be read"),
        (["--way", "uncertain", "--tasks", "asdiv"], "have no confidences"),
    ],
)
def test_faults_are_one_line(ratings: Ratings, tmp_path: Path, words: list[str], fault: str) -> None:
    run = make_run(tmp_path)
    result = ratings("assign", run.path, "--project", "p", "--as", "r", "--runs", tmp_path, *words)
    with pytest.raises(UsageError, match=fault):
        raise result.exception or AssertionError(result.output)
    assert "\n" not in str(result.exception)
    assert read_projects(default_url(tmp_path)) == []


@pytest.mark.slow
def test_only_admins_add_to_a_project(ratings: Ratings, tmp_path: Path) -> None:
    run = make_run(tmp_path)
    words = ("assign", run.path, "--project", "p", "--runs", tmp_path, "--rater", "ada")
    assert ratings(*words, "--as", "root").exit_code == 0
    assert isinstance(ratings(*words, "--as", "ada").exception, NotAllowed)
