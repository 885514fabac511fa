"""Statements are constants: nothing that a reader says becomes part of one."""

from __future__ import annotations

from audit.reports.browsing import statements
from audit.reports.browsing.selection import SORTS, Selection

HOSTILE = "x' OR 1=1; DROP TABLE samples; --"


def test_values_are_bound_and_never_written() -> None:
    selection = Selection(
        HOSTILE, (HOSTILE,), (HOSTILE,), HOSTILE, ("flagged", "explained", "unreadable answer"), (HOSTILE,), (HOSTILE,),
        1.0, 2.0,
    )  # fmt: skip
    parts, given = statements.conditions(selection)
    assert HOSTILE not in " ".join(parts)
    assert sum(part.count("?") for part in parts) == len(given)
    assert len(parts) == 10
    assert statements.conditions(Selection()) == ([], [])


def test_every_order_ends_in_that_of_the_files() -> None:
    for sort in SORTS:
        assert statements.order(sort, descending=False).endswith(("file, row", "row ASC"))
