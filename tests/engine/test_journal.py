from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import RunFolderError, WriteError
from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.journal import LOG_PAGES, Journal

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine
    from tests.cli.whole.processes import Forks

SCORE = [ScoreRequest((5, 6, i), (7, 8), moments=i % 2 == 0) for i in range(10)]


GENERATE = [GenerateRequest(f"{i} apples", max_new_tokens=4, temperature=0.7, seed=i, n=2) for i in range(3)]


def test_answers_come_back_to_the_last_bit_without_computing(
    tiny: TransformersEngine, tmp_path: Path, listener: Any
) -> None:
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    scores, completions = tiny.score(SCORE), tiny.generate(GENERATE)
    tiny.journal.close()
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    listener.reset()
    assert tiny.score(SCORE) == scores
    assert tiny.generate(GENERATE) == completions
    assert listener.tokens == 0
    assert listener.answered == len(SCORE) + len(GENERATE)


def test_a_closed_journal_is_one_file(tiny: TransformersEngine, tmp_path: Path) -> None:
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    tiny.score(SCORE)
    tiny.journal.close()
    assert [file.name for file in tmp_path.iterdir()] == ["journal.sqlite"]


def test_what_is_withheld_is_never_written_and_asked_again(
    tiny: TransformersEngine, tmp_path: Path, listener: Any
) -> None:
    scores, completions = tiny.score(SCORE), tiny.generate(GENERATE)
    secret = completions[1].generations[1].text
    file = tmp_path / "journal.sqlite"
    tiny.journal = Journal(file, withholds=lambda text: text == secret)
    assert (tiny.score(SCORE), tiny.generate(GENERATE)) == (scores, completions)
    assert len(tiny.journal) == len(SCORE) + len(GENERATE) - 1
    assert listener.withheld == 1
    written = b"".join(each.read_bytes() for each in tmp_path.iterdir())  # the write-ahead file is there as well
    assert as_stored(completions[0].generations[0].text) in written
    assert as_stored(secret) not in written
    tiny.journal.close()
    tiny.journal = Journal(file)
    listener.reset()
    assert tiny.score(SCORE) == scores
    assert listener.tokens == 0
    assert tiny.generate(GENERATE) == completions
    assert listener.tokens > 0


def as_stored(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


def test_a_journal_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.sqlite").close()
    assert stat.S_IMODE((tmp_path / "journal.sqlite").stat().st_mode) == 0o600


WRITER = """
import sys
from pathlib import Path
from audit.engine.journal import Journal

journal = Journal(Path(sys.argv[1]))
for batch in range(20):
    journal.write((f"{sys.argv[2] if i % 2 else 'shared'}-{batch}-{i}", "{}") for i in range(10))
journal.close()
"""


@pytest.mark.slow
def test_two_processes_lose_and_double_nothing(forks: Forks, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    writers = [forks.start([path, n], WRITER) for n in range(2)]
    assert [writer.poll(block=True) for writer in writers] == [0, 0]
    assert len(Journal(path)) == 2 * 20 * 5 + 20 * 5


@pytest.mark.slow
def test_the_log_is_folded_in_while_it_is_written(tmp_path: Path) -> None:
    """What is beside the database does not grow without bounds."""
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        for batch in range(6):
            journal.write((f"{i * 6 + batch:08}", "x" * 4000) for i in range(3000))
        assert len(journal) == 18_000
        log = (tmp_path / "journal.sqlite-wal").stat().st_size
        assert log < 3 * 4096 * LOG_PAGES
        assert (tmp_path / "journal.sqlite").stat().st_size > log / 2, "some of it was folded in"


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    journal._connection.execute("PRAGMA max_page_count=4")  # SQLite answers as on a full disk
    with pytest.raises(WriteError, match=r"full.*--resume"):
        journal.write((f"key {i}", "x" * 1000) for i in range(100))
    assert len(journal) == 0


def test_a_fault_says_what_goes_on_with_the_work_at_hand(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite", again="repeat the command")
    journal._connection.execute("PRAGMA max_page_count=4")
    with pytest.raises(WriteError, match=r"full.*free some space, then repeat the command$"):
        journal.write((f"key {i}", "x" * 1000) for i in range(100))
    with pytest.raises(RunFolderError, match=r"damaged \(x\): move it away, then repeat the command: its answers are"):
        journal.damaged("x")


def test_another_file_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_text("not a database, but long enough to be read as one\n" * 40)
    with pytest.raises(RunFolderError, match="not a journal"):
        Journal(tmp_path / "journal.sqlite")
    with pytest.raises(WriteError, match="cannot be written"):
        Journal(tmp_path / "missing folder" / "journal.sqlite")


def test_journal_is_plain_sqlite(tiny: TransformersEngine, tmp_path: Path) -> None:
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    tiny.score(SCORE[:1])
    tiny.journal.close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as connection:
        ((key, answer),) = connection.execute("SELECT key, answer FROM answers").fetchall()
    connection.close()
    assert len(key) == 64
    assert '"log_probs"' in answer
