"""Journals that are damaged, foreign, old, new or held by another process: one line that names the file."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zlib
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import RunFolderError, UsageError, WriteError
from audit.engine import GenerateRequest, ScoreRequest, journal
from audit.engine.answering import decode_completion, decode_score
from audit.engine.journal import FORMAT, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine.local.engine import TransformersEngine

SCORE = [ScoreRequest((5, 6 + i % 20, 30 + i // 20), (7, 8), moments=True) for i in range(400)]
GENERATE = [GenerateRequest(f"{i} apples", max_new_tokens=2) for i in range(3)]
PAGE = 4096


@pytest.fixture(scope="module")
def _written(_loaded: TransformersEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of many pages."""
    file = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    ask(deepcopy(_loaded), file)
    assert file.stat().st_size > 20 * PAGE
    return file


@pytest.fixture
def path(_written: Path, tmp_path: Path) -> Path:
    """A copy of the journal, to damage."""
    return Path(shutil.copy(_written, tmp_path / "journal.sqlite"))


def ask(engine: TransformersEngine, path: Path) -> None:
    """What a resumed run does."""
    engine.journal = Journal(path)
    try:
        engine.score(SCORE)
        engine.generate(GENERATE)
    finally:
        engine.journal.close()


def is_one_line(error: UsageError, path: Path) -> bool:
    return str(path) in str(error) and "\n" not in str(error) and "--resume" in str(error) and error.exit_code == 2


@pytest.mark.parametrize("value", [0x00, 0xFF, 0x39], ids=["zeros", "ones", "nines"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_damage_in_the_middle_is_one_line(tiny: TransformersEngine, path: Path, share: float, value: int) -> None:
    content = bytearray(path.read_bytes())
    start = int(share * len(content) / PAGE) * PAGE
    content[start : start + PAGE] = bytes([value]) * PAGE
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match=r"damaged.*move it away") as caught:
        ask(tiny, path)
    assert is_one_line(caught.value, path)


def test_a_changed_digit_of_an_answer_is_noticed(tiny: TransformersEngine, path: Path) -> None:
    """SQLite itself would give the other number back."""
    content = path.read_bytes()
    place = content.index(b'"log_probs": [-', len(content) // 2) + 17
    digit = b"1" if content[place : place + 1] != b"1" else b"2"
    path.write_bytes(content[:place] + digit + content[place + 1 :])
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with pytest.raises(RunFolderError, match=r"answer \w{12} does not match its checksum"):
        ask(tiny, path)


@pytest.mark.parametrize("length", [0.3, 0.7])
def test_a_file_cut_short_is_one_line(tiny: TransformersEngine, path: Path, length: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(length * len(content))])
    with pytest.raises(RunFolderError) as caught:
        ask(tiny, path)
    assert is_one_line(caught.value, path)


def change(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["DROP TABLE answers"], "not a journal"),
        (["ALTER TABLE answers RENAME COLUMN key TO name"], "not a journal"),
        (["ALTER TABLE answers ADD COLUMN more TEXT"], "not a journal"),
        (["PRAGMA user_version=1", "ALTER TABLE answers DROP COLUMN crc32"], "older format"),
        (["PRAGMA user_version=0", "ALTER TABLE answers DROP COLUMN crc32"], "older format"),
        ([f"PRAGMA user_version={FORMAT + 1}"], "newer version"),
        (["PRAGMA user_version=0", "DROP TABLE answers", "CREATE TABLE other (x)"], "not a journal"),
    ],
)
def test_another_shape_is_one_line(tiny: TransformersEngine, path: Path, statements: list[str], message: str) -> None:
    for statement in statements:
        change(path, statement)
    with pytest.raises(RunFolderError, match=message) as caught:
        ask(tiny, path)
    assert is_one_line(caught.value, path)


def test_the_format_is_in_the_file(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    connection.close()


def without(field: str) -> Callable[[dict[str, Any]], object]:
    return lambda answer: {name: value for name, value in answer.items() if name != field}


@pytest.mark.parametrize(
    "spoil",
    [
        without("mean_log_probs"),
        without("error"),
        lambda answer: answer | {"more": 1},
        lambda answer: answer | {"log_probs": answer["log_probs"][:1]},
        lambda answer: answer | {"log_probs": None},
        lambda _answer: [],
        lambda _answer: "not JSON",
    ],
)
def test_an_answer_of_another_shape_is_one_line(
    tiny: TransformersEngine, path: Path, spoil: Callable[[dict[str, Any]], Any]
) -> None:
    with sqlite3.connect(path) as connection:
        key, stored = connection.execute("SELECT key, answer FROM answers WHERE answer LIKE '%log_probs%'").fetchone()
    connection.close()
    spoilt = spoil(json.loads(stored))
    text = spoilt if isinstance(spoilt, str) else json.dumps(spoilt)
    change(path, "UPDATE answers SET answer = ?, crc32 = ? WHERE key = ?", text, zlib.crc32(text.encode()), key)
    with pytest.raises(RunFolderError, match=f"damaged.*answer {key[:12]}") as caught:
        ask(tiny, path)
    assert is_one_line(caught.value, path)


def test_answers_without_a_field_are_refused_whatever_the_field() -> None:
    score = {"log_probs": [-1.0], "is_argmax": [True], "mean_log_probs": None, "std_log_probs": None}
    score |= {"truncated": 0, "error": None}
    generation = {"text": "x", "token_count": 1, "finish_reason": "stop"}
    generation |= {"thinking": None, "thinking_tokens": 0, "thinking_closed": True}
    completion = {"generations": [generation], "prompt_tokens": 1, "truncated": 0, "error": None}
    assert decode_score(score).log_probs == (-1.0,)
    assert decode_completion(completion).generations[0].text == "x"
    for whole, decode in ((score, decode_score), (completion, decode_completion)):
        for field in whole:
            with pytest.raises((ValueError, TypeError)):
                decode({name: value for name, value in whole.items() if name != field})
    for field in generation:
        with pytest.raises((ValueError, TypeError)):
            decode_completion(completion | {"generations": [{n: v for n, v in generation.items() if n != field}]})


@pytest.mark.slow
@pytest.mark.parametrize("when", ["opened", "written"])
def test_a_journal_that_is_held_for_long_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(journal, "BUSY_SECONDS", 0.2)
    path = tmp_path / "journal.sqlite"
    mine = Journal(path)
    if when == "opened":
        mine.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(WriteError, match="another process has held it") as caught:
        Journal(path) if when == "opened" else mine.write([("key", "{}")])
    other.execute("ROLLBACK")
    other.close()
    mine.close()
    assert is_one_line(caught.value, path)


def test_a_folder_that_is_read_only_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(WriteError, match="cannot be written"):
        Journal(tmp_path / "journal.sqlite")
