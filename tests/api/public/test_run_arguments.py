"""Arguments of ``audit.run`` that become a configuration or name a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.errors import UsageError
from audit.public.run_arguments import as_path, as_text, decided_by, resumed, with_lists


def test_paths_may_be_text_and_single() -> None:
    assert (as_path("runs"), as_path(""), as_path(None)) == (Path("runs"), "", None)
    assert (as_text(Path("a") / "b"), as_text(None)) == (str(Path("a") / "b"), None)
    assert with_lists({"plugins": "mine.py", "data_dirs": ["a", "b"], "seed": 1}) == {
        "plugins": ["mine.py"], "data_dirs": ["a", "b"], "seed": 1,
    }  # fmt: skip
    with pytest.raises(UsageError, match="5 is not a path: give a string"):
        as_path(5)  # type: ignore[arg-type]


def test_a_run_that_goes_on_takes_no_other_argument(tmp_path: Path) -> None:
    for given, strange in (({"limit": 5}, "limit"), ({"evals": {"samples": {}}}, "evals"), ({"seed": 0}, "seed")):
        with pytest.raises(UsageError, match=f"resume keeps the run's own configuration: leave out {strange}$"):
            resumed(tmp_path, None, given)
    with pytest.raises(UsageError, match="no run folder: name one"):
        resumed(tmp_path, None, {"trust_remote_code": True, "evals": {"include_path": ["a"]}, "tasks": None})


def test_a_baseline_is_for_a_policy(tmp_path: Path) -> None:
    assert decided_by(None, None, None) is None
    with pytest.raises(UsageError, match="baseline is the run that the rules of until_decided compare with"):
        decided_by(None, tmp_path, None)
