"""What a caller from Python may get wrong: one clear line, a documented error, and no run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import audit
from audit.public.options import as_list

PROMPT = "The capital of France is"
HALF = "a\ud800"


def refused(call: Any, *given: object, **named: object) -> str:
    with pytest.raises(audit.UsageError) as raised:
        call(*given, **named)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "5", True, float("nan")])
def test_a_limit_is_checked_before_anything_is_made(tiny_model: Path, tmp_path: Path, limit: Any) -> None:
    out = tmp_path / "runs"
    said = refused(audit.run, tiny_model, tasks="crows_pairs", limit=limit, out=out, offline=True)
    assert said.startswith("audit.run: limit: must be a whole number of items from 1")
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"config": {"seed": 1}}, "audit.run: config is the path of a YAML file: give values as arguments"),
        ({"tasks": [3]}, "audit.run: tasks: 3 is no text: give a string"),
        ({"tasks": 5}, "audit.run: tasks: 5 is no text: give a string"),
        ({"tasks": "crows_pairs", "progress": "yes"}, "progress: give True, False or a listener; 'yes' has no method"),
    ],
)
def test_arguments_of_a_wrong_type(tiny_model: Path, tmp_path: Path, options: dict[str, Any], message: str) -> None:
    out = tmp_path / "runs"
    assert message in refused(audit.run, tiny_model, out=out, offline=True, **options)
    assert not out.exists()


def test_a_folder_that_is_no_path(tiny_model: Path) -> None:
    assert refused(audit.run, tiny_model, out=5, offline=True) == "5 is not a path: give a string or a pathlib.Path"


@pytest.mark.slow
def test_none_is_what_is_left_out(tiny_model: Path, pairs: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("evals: {tasks: []}\nsafety: {tasks: [{name: crows_pairs, limit: 2}]}\n")
    where: dict[str, Any] = {"out": tmp_path / "runs", "data_dirs": pairs, "offline": True}
    run = audit.run(tiny_model, tasks=None, config=file, progress=None, explain={"methods": []}, **where)
    assert run.tasks == ["crows_pairs"]
    assert len(run.samples("crows_pairs")) == 2


def test_paths_may_be_given_one_by_one() -> None:
    assert as_list("a.py") == ["a.py"]
    assert as_list(Path("a.py")) == [Path("a.py")]
    assert as_list(("a.py", "b.py")) == ["a.py", "b.py"]
    assert as_list(()) == []
    assert as_list(7) == 7  # refused with the configuration
