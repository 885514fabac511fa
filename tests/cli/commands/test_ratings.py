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
