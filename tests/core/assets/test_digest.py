"""Digests of files."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from audit.core.assets import digest
from audit.core.records import digest_of


def test_digest_of_several_files_does_not_depend_on_where_they_lie(tmp_path: Path) -> None:
    for base in ("a", "b"):
        (tmp_path / base).mkdir()
        for name in ("x", "y"):
            (tmp_path / base / name).write_text(name)
    both = [{name: tmp_path / base / name for name in ("y", "x")} for base in ("a", "b")]
    expected = digest_of(*([name, hashlib.sha256(name.encode()).hexdigest()] for name in ("x", "y")))
    assert [digest.files_sha256(files) for files in both] == [expected, expected]


def test_a_changed_file_gets_a_new_digest(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for text in ("one", "two", "three"):
        file.write_text(text)
        assert digest.file_sha256(file) == hashlib.sha256(text.encode()).hexdigest()


def _aged(file: Path, seconds: int = 60) -> Path:
    """A file that changed some time ago as far as a test can say so: its content did."""
    moment = time.time() - seconds
    os.utime(file, (moment, moment))
    return file


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read, with files at rest from the beginning."""
    found: list[str] = []
    real = digest._read

    def note(file: Path, size: int) -> str:
        found.append(file.name)
        return real(file, size)

    monkeypatch.setattr(digest, "_read", note)
    monkeypatch.setattr(digest, "SETTLED", -1)
    return found


def test_a_file_is_read_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "PORTION", 7)
    for size in (0, 6, 7, 8, 100):
        file = tmp_path / str(size)
        file.write_bytes(bytes(range(size)))
        assert digest.file_sha256(file) == hashlib.sha256(bytes(range(size))).hexdigest()


def test_a_file_at_rest_is_read_once(tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    first = digest.file_sha256(file)
    monkeypatch.chdir(tmp_path)
    assert first == digest.file_sha256(file) == digest.file_sha256(Path("file"))
    assert read == ["file"]
    file.write_text("two")
    _aged(file)  # else within one tick of the clock nothing would say that it changed
    assert digest.file_sha256(file) == hashlib.sha256(b"two").hexdigest() != first
    other = tmp_path / "other"
    other.write_text("one")
    other.replace(file)
    assert digest.file_sha256(file) == first
    assert len(read) == 3


def test_a_file_that_changed_just_now_is_read_each_time(tmp_path: Path) -> None:
    """With the same size within the tick of a file system's clock nothing says that it changed."""
    file = tmp_path / "file"
    for text in ("one", "two", "six"):
        file.write_text(text)
        moment = file.stat().st_mtime_ns
        os.utime(file, ns=(moment - moment % 10**9, moment - moment % 10**9))
        assert digest.file_sha256(file) == hashlib.sha256(text.encode()).hexdigest()
    assert digest._version(_aged(file)) not in digest._KNOWN.digests


def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    real = digest._read

    def grow(path: Path, size: int) -> str:
        found = real(path, size)
        path.write_text("longer")
        return found

    monkeypatch.setattr(digest, "_read", grow)
    before = digest._version(file)
    assert digest.file_sha256(file) == hashlib.sha256(b"one").hexdigest()
    assert before not in digest._KNOWN.digests
    assert read == ["file"]


def test_a_file_that_changed_just_before_a_long_read_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    clock, reads, real = [file.stat().st_ctime_ns + digest.SETTLED // 2], [], digest._read

    def read_long(path: Path, size: int) -> str:
        reads.append(path.name)
        clock[0] += 2 * digest.SETTLED
        return real(path, size)

    monkeypatch.setattr(digest, "_read", read_long)
    monkeypatch.setattr(time, "time_ns", lambda: clock[0])
    for _ in range(3):
        assert digest.file_sha256(file) == hashlib.sha256(b"one").hexdigest()
    assert reads == ["file", "file"]  # the second read began with the file at rest


def test_threads_that_ask_for_the_same_wait_for_one(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    real, begun, go = digest._read, threading.Event(), threading.Event()

    def slow(path: Path, size: int) -> str:
        begun.set()
        assert go.wait(10)
        return real(path, size)

    monkeypatch.setattr(digest, "_read", slow)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(digest.file_sha256(file))) for _ in range(3)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert found == [hashlib.sha256(b"one").hexdigest()] * 3
    assert read == ["file"]


def test_a_thread_that_waits_reads_on_where_the_other_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends the thread that it reaches: the one ahead must not end with an error of another's."""
    file = tmp_path / "file"
    file.write_text("one")
    real, begun, go = digest._read, threading.Event(), threading.Event()

    def stop_first(path: Path, size: int) -> str:
        if begun.is_set():
            return real(path, size)
        begun.set()
        assert go.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(digest, "_read", stop_first)
    ends: list[object] = []

    def ask() -> None:
        try:
            ends.append(digest.file_sha256(file))
        except BaseException as error:  # noqa: BLE001 - which one is the question
            ends.append(type(error))

    first, second = (threading.Thread(target=ask) for _ in range(2))
    first.start()
    assert begun.wait(10)
    [waited_for] = [found for version, found in digest._KNOWN.digests.items() if version[0] == str(file)]
    second.start()
    end = time.monotonic() + 10
    while not waited_for._condition._waiters and time.monotonic() < end:  # type: ignore[attr-defined]
        time.sleep(0.001)
    go.set()
    for thread in (first, second):
        thread.join(10)
    assert set(ends) == {KeyboardInterrupt, hashlib.sha256(b"one").hexdigest()}


@pytest.mark.parametrize("fault", [OSError("gone"), KeyboardInterrupt()])
def test_what_cannot_be_read_is_said_each_time_and_then_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    file = tmp_path / "file"
    file.write_text("one")

    def fail(path: Path, size: int) -> str:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(digest, "_read", fail)
        for _ in range(2):
            with pytest.raises(type(fault)):
                digest.file_sha256(file)
    assert digest.file_sha256(file) == hashlib.sha256(b"one").hexdigest()
    with pytest.raises(FileNotFoundError):
        digest.file_sha256(tmp_path / "none")


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 on, where there are threads
def test_a_fork_knows_nothing(tmp_path: Path, read: list[str]) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    digest.file_sha256(file)
    assert digest._KNOWN.digests
    fork = os.fork()
    if not fork:
        os._exit(bool(digest._KNOWN.digests))
    _, status = os.waitpid(fork, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert read == ["file"]
