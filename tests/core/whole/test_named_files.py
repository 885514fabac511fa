"""Files that a user names: links are kept, terminals, pipes and devices are written through, an append is whole."""

from __future__ import annotations

import errno
import os
import pty
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from audit.core.errors import WriteError
from audit.core.filesystem import append_output, is_stream, write_output, write_text

INTO = """
import sys
from pathlib import Path
from audit.core.filesystem import append_output, write_output
print("before")
write = write_output if sys.argv[1] == "write" else append_output
write(Path(sys.argv[2]), b"written\\n" if sys.argv[1] == "write" else "written\\n")
print("after")
"""


def in_a_process(how: str, path: str, **streams: object) -> None:
    subprocess.run([sys.executable, "-c", INTO, how, path], check=True, timeout=60, **streams)  # type: ignore[call-overload]


@pytest.mark.parametrize("how", ["write", "append"])
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_gets_the_text_in_its_place(how: str, path: str, tmp_path: Path) -> None:
    """Redirected to a file: opened by its name it would be written from its start, over what stands there."""
    before = os.lstat(path) if path == "/dev/stdout" else None
    with (tmp_path / "log").open("wb") as log:
        in_a_process(how, path, stdout=log)
    assert (tmp_path / "log").read_text() == "before\nwritten\nafter\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["log"]
    if before is not None:
        assert os.lstat(path).st_ino == before.st_ino


@pytest.mark.parametrize("how", ["write", "append"])
def test_a_terminal_shows_the_text(how: str) -> None:
    ours, theirs = pty.openpty()
    name = Path(os.ttyname(theirs))
    before = name.stat()
    with subprocess.Popen([sys.executable, "-c", INTO, how, str(name)], stdout=subprocess.DEVNULL) as process:
        assert process.wait(60) == 0
    assert os.read(ours, 100) == b"written\r\n"
    assert name.is_char_device()
    assert name.stat().st_ino == before.st_ino
    for handle in (ours, theirs):
        os.close(handle)


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_through_and_stays(tmp_path: Path, linked: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = tmp_path / "link" if linked else pipe
    if linked:
        path.symlink_to("pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_output(path, b"x" * 200_000)  # more than a pipe holds
    reader.join(60)
    assert read == [b"x" * 200_000]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert path.is_symlink() == linked


def test_a_pipe_whose_reader_is_gone_is_one_line(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with pytest.raises(WriteError, match="Broken pipe: the process that reads from it has ended"):
        write_output(Path(f"/dev/fd/{theirs}"), b"x")
    os.close(theirs)


def test_a_full_device_is_one_line() -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full")
    with pytest.raises(WriteError, match="/dev/full: cannot be written: No space left on device"):
        append_output(Path("/dev/full"), "x")
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_leads_to_the_new_text(tmp_path: Path, there: bool) -> None:
    target, link, second = tmp_path / "far" / "target", tmp_path / "link", tmp_path / "second"
    link.symlink_to("far/target")
    second.symlink_to(link)
    if there:
        write_text(target, "old")
    write_output(second, b"new")
    assert (second.is_symlink(), link.is_symlink(), target.is_symlink()) == (True, True, False)
    assert target.read_text() == link.read_text() == "new"
    append_output(second, "more\n")
    assert target.read_text() == "new\nmore\n"
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["far", "link", "second", "target"]


def test_our_own_files_replace_a_link_that_would_lead_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("kept")
    (tmp_path / "decision.json").symlink_to("elsewhere")
    write_text(tmp_path / "decision.json", "new")
    assert (tmp_path / "elsewhere").read_text() == "kept"
    assert not (tmp_path / "decision.json").is_symlink()


def test_a_link_to_itself_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for write in (lambda: write_output(tmp_path / "loop", b"x"), lambda: append_output(tmp_path / "loop", "x")):
        with pytest.raises(WriteError, match="cannot be written: "):
            write()
    assert [entry.name for entry in tmp_path.iterdir()] == ["loop"]


@pytest.mark.parametrize("path", [Path(), Path("/"), Path("..")])
def test_a_path_that_names_a_folder_is_one_line(path: Path) -> None:
    for write in (
        lambda: write_text(path, "x"),
        lambda: write_output(path, b"x"),
        lambda: append_output(path, "x"),
    ):
        with pytest.raises(WriteError, match="cannot be written: Is a directory: a folder of that name exists"):
            write()


def test_an_append_begins_on_a_line_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "summary.md"
    append_output(path, "one")
    append_output(path, "two\n")
    append_output(path, "three\n")
    assert path.read_text() == "one\ntwo\nthree\n"


def test_an_append_that_fails_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.md"
    path.write_text("there before\n")
    write = os.write

    def full(handle: int, data: memoryview) -> int:
        if len(data) < 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data[:5])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(WriteError, match="No space left on device: free some space"):
        append_output(path, "a long text\n")
    assert path.read_text() == "there before\n"


def test_files_and_folders_are_no_streams(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "x")
    found = [tmp_path, tmp_path / "file", tmp_path / "missing"]
    with suppress(OSError):
        (tmp_path / "link").symlink_to(tmp_path / "file")
        found.append(tmp_path / "link")
    assert not any(map(is_stream, found))
    assert is_stream(Path("/dev/null"))
