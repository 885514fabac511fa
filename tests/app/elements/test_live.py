"""How far a run is that goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audit.app.elements.live import _stamp, progress_text
from audit.reports.browsing.run_list import RunSummary
from tests.app.conftest import manifest

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def test_a_silent_run_is_to_be_resumed() -> None:
    going_on = manifest(status="running", finished=None)
    for written, said in (
        (NOW - timedelta(seconds=4), "2 tasks done, last written 4 s ago"),
        (NOW - timedelta(minutes=11), "2 tasks done, last written 11 min 0 s ago: if it was interrupted, "),
        (None, "2 tasks done, nothing written yet: if it was interrupted, "),
    ):
        one = RunSummary("a", manifest=going_on, tasks=("boolq", "piqa"), written=written)
        assert progress_text(one, NOW).startswith(said)


def test_the_page_is_drawn_again_when_a_task_is_done_and_not_at_every_answer(run: RunFolder) -> None:
    before = _stamp(run)
    (run.path / "journal.sqlite-wal").write_text("x")
    (run.path / "journal.sqlite-wal").unlink()
    (run.path / "journal.sqlite-wal").write_text("xy")
    assert [part for part in _stamp(run) if part not in before] == [_stamp(run)[1]], "the folder's own time alone"
    run.samples_path("evals", "asdiv").unlink()
    assert len(_stamp(run)) < len(before)
