"""Ratings as JSON Lines: every row, one object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.ratings.store import read_all

if TYPE_CHECKING:
    from collections.abc import Iterator


def json_lines(database_url: str, run_id: str | None = None) -> Iterator[str]:
    """All ratings, superseded ones included, in the order they were written; each ends with a newline.

    Args:
        database_url: URL of the database.
        run_id: Only ratings of this run.

    Raises:
        UsageError: The database cannot be opened, or is of a newer version.
    """
    for rating in read_all(database_url, run_id):
        yield rating.model_dump_json() + "\n"
