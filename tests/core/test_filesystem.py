"""Atomic writing: the old file or the new one, and one clear line when neither can be had."""

from __future__ import annotations

import errno
import os
import resource
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import WriteError
from audit.core.filesystem import atomic_file, make_folder, write_bytes, write_error, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Path]:
    """A folder that may be read but not written, whoever runs the tests."""
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    root = os.geteuid() == 0
    if root:  # root writes everywhere: become somebody who does not
        os.seteuid(65534)
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o700)


def test_a_file_is_replaced_whole_and_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.txt"
    write_text(path, "old, and longer\n")
    write_text(path, "né\r\n")
    assert path.read_bytes() == b"n\xc3\xa9\r\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, raised: type[BaseException]) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with pytest.raises(raised), atomic_file(path) as file:  # noqa: PT012 - the write is half done on purpose
        file.write(b"ne")
        raise raised
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"file": b"old"}


def test_the_target_appears_only_at_the_end(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "file") as file:
        file.write(b"x")
        assert not (tmp_path / "file").exists()
    assert (tmp_path / "file").read_bytes() == b"x"


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError) as caught:
        write_text(tmp_path / "metrics.json", "{}")
    assert str(caught.value) == (
        f"{tmp_path / 'metrics.json'}: cannot be written: No space left on device: free some space or write elsewhere"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_the_system_cuts_off_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(WriteError, match="File too large: raise the limit"):
            write_bytes(tmp_path / "file", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_permission_denied_is_one_line(nobody: Path) -> None:
    with pytest.raises(WriteError, match="Permission denied: choose a folder that you may write to") as caught:
        write_text(nobody / "file", "x")
    assert "\n" not in str(caught.value)
    with pytest.raises(WriteError, match="Permission denied"):
        make_folder(nobody / "runs")


def test_a_file_where_a_folder_should_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(WriteError, match="part of the path is a file, not a folder"):
        write_text(tmp_path / "runs" / "file", "x")
    with pytest.raises(WriteError, match="a file of that name exists"):
        make_folder(tmp_path / "runs")


def test_a_folder_where_the_file_should_be_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="a folder of that name exists"):
        write_text(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []
    assert [entry for entry in tmp_path.parent.iterdir() if entry.name.endswith(".tmp")] == []


def test_a_new_folder_must_not_exist(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b", new=True).is_dir()
    assert make_folder(tmp_path / "a" / "b").is_dir()
    with pytest.raises(WriteError, match="it already exists"):
        make_folder(tmp_path / "a" / "b", new=True)


def test_an_error_without_a_number_keeps_its_first_line(tmp_path: Path) -> None:
    assert "cannot be written: broken pipe: check" in str(write_error(tmp_path, OSError("broken pipe\nmore")))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that takes no files")
@pytest.mark.parametrize("write", [lambda path: write_text(path, "x"), make_folder])
def test_a_folder_that_takes_no_files_is_said_to_be_one(write: Callable[[Path], object]) -> None:
    expected = "/proc/x: cannot be written: its folder takes no new files or folders: choose another folder"
    with pytest.raises(WriteError) as raised:
        write(Path("/proc/x"))
    assert str(raised.value) == expected
