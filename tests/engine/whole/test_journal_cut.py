"""A journal that is cut anywhere: what is read back is what was written, and a resumed run is an uninterrupted one."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.errors import RunFolderError
from audit.core.progress import Silent
from audit.engine import Score, ScoreRequest
from audit.engine.answering import Answering, decode_score
from audit.engine.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

REQUESTS = [ScoreRequest((index,), (1, 2)) for index in range(1, 60)]
GROUP = 7
"""Answers of a transaction."""


def answer_to(request: ScoreRequest) -> Score:
    return Score((-request.context_ids[0] / 7, -1 / request.context_ids[0]), (True, False))


EXPECTED = [answer_to(request) for request in REQUESTS]


class Worker:
    """Answers the missing requests, some at a time, and counts them."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def work(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], _say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Score], int]]:
        left = list(missing)
        self.asked += left
        while left:
            group, left = left[:GROUP], left[GROUP:]
            yield {index: answer_to(requests[index]) for index in group}, 1


def resume(path: Path) -> tuple[list[Score], int]:
    """The answers of a run on this journal, and how many of them were computed."""
    worker = Worker()
    journal = Journal(path)
    try:
        found = Answering(["model"], worker.work, decode_score).answer(REQUESTS, journal, Silent())
    finally:
        journal.close()
    return found, len(worker.asked)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a process that was killed after its last answer: most lie in the write-ahead file."""
    place = tmp_path_factory.mktemp("killed")
    journal = Journal(place / "journal.sqlite")
    Answering(["model"], Worker().work, decode_score).answer(REQUESTS, journal, Silent())
    copied = tmp_path_factory.mktemp("copied")
    for file in place.iterdir():
        shutil.copy(file, copied)
    journal.close()
    (copied / "journal.sqlite-shm").unlink()  # another process's memory
    assert (copied / "journal.sqlite-wal").stat().st_size > 10_000
    return copied


def held(path: Path) -> int:
    """Answers in a journal; each of them must be the one that was written."""
    journal = Journal(path)
    try:
        keys = [key for (key,) in journal._connection.execute("SELECT key FROM answers")]
        written = {json.dumps({"log_probs": score.log_probs}) for score in EXPECTED}
        for text in journal.read(keys).values():
            assert json.dumps({"log_probs": json.loads(text)["log_probs"]}) in written
        return len(keys)
    finally:
        journal.close()


@pytest.mark.slow
@settings(max_examples=15)
@given(share=st.floats(0, 1))
def test_a_write_ahead_file_that_is_cut_holds_whole_groups(killed: Path, share: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(shutil.copytree(killed, Path(folder) / "run"))
        log = place / "journal.sqlite-wal"
        content = log.read_bytes()
        log.write_bytes(content[: round(share * len(content))])
        kept = held(place / "journal.sqlite")
        assert kept % GROUP == 0 or kept == len(REQUESTS)
        assert kept == len(REQUESTS) or share < 1
        assert resume(place / "journal.sqlite") == (EXPECTED, len(REQUESTS) - kept)
        assert resume(place / "journal.sqlite") == (EXPECTED, 0)


@pytest.mark.slow
@settings(max_examples=15)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_closed_journal_that_is_cut_is_whole_or_refused(killed: Path, share: float) -> None:
    """Wherever it is cut, it is an error, or what SQLite can still read of it gives the same answers."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(shutil.copytree(killed, Path(folder) / "run"))
        file = place / "journal.sqlite"
        assert resume(file) == (EXPECTED, 0)  # closed: one file
        assert [one.name for one in place.iterdir()] == ["journal.sqlite"]
        content = file.read_bytes()
        file.write_bytes(content[: int(share * len(content))])
        try:
            answers, _ = resume(file)
        except RunFolderError as error:
            refused = str(error)
        else:
            assert answers == EXPECTED
            return
        assert "move it away" in refused
        assert "\n" not in refused
        file.unlink()
        assert resume(file) == (EXPECTED, len(REQUESTS))
