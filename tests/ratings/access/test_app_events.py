"""Looks are written down as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.ratings.access.app_events import log_look, read_app_events
from audit.ratings.database import reading

if TYPE_CHECKING:
    from pathlib import Path


def test_a_look_is_a_row(database_url: str) -> None:
    log_look(database_url, " Ada ", "opened", {"page": "runs"})
    log_look(database_url, "bob", "revealed", {"run": "r\x00\ud800", "sample": "s"})
    with reading(database_url) as connection:
        found = read_app_events(connection, ["opened", "revealed"])
        assert read_app_events(connection, ["role_given"]) == []
    assert [(one.kind, one.person, one.content) for one in found] == [
        ("opened", "ada", {"page": "runs"}),
        ("revealed", "bob", {"run": "r\x00\ud800", "sample": "s"}),
    ]
    assert found[0].created <= found[1].created


def test_nobody_looks_and_a_folder_that_is_a_file_are_refused(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="1 to 200 characters"):
        log_look(database_url, " ", "opened", {"page": "runs"})
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be created"):
        log_look(f"sqlite:///{tmp_path}/file/ratings.sqlite", "ada", "opened", {"page": "runs"})
