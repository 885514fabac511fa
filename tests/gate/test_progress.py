"""A run is going on as long as a process holds its journal, and no longer."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from audit.engine.journal import Journal
from audit.gate.progress import is_going_on
from tests.gate.conftest import journal_open_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder


def test_it_ends_with_the_process_that_writes_it(make_run: Callable[..., RunFolder]) -> None:
    run = make_run(status="running")
    assert not is_going_on(run)
    with journal_open_elsewhere(run) as process:
        assert is_going_on(run)
        assert is_going_on(run)
        process.kill()
        process.wait()
        assert run.journal_path.with_name("journal.sqlite-wal").exists()  # left behind: a file alone says nothing
        assert not is_going_on(run)


def test_asking_takes_no_lock_from_the_process_that_writes(make_run: Callable[..., RunFolder]) -> None:
    run = make_run(status="running")
    with closing(Journal(run.journal_path)):
        assert is_going_on(run)
        assert is_going_on(run)
    assert not is_going_on(run)


def test_a_journal_that_was_closed_belongs_to_a_run_that_has_ended(make_run: Callable[..., RunFolder]) -> None:
    run = make_run(status="running")
    Journal(run.journal_path).close()
    assert run.journal_path.exists()
    assert is_going_on(run) is False
