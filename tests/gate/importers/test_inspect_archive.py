"""Archives of strangers: traps are one line, and nothing is unpacked onto the disk."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.gate.importers.inspect_archive import Archive
from tests.gate.importers.conftest import LOGS

if TYPE_CHECKING:
    from pathlib import Path


def archive(folder: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    file = folder / "a.eval"
    with zipfile.ZipFile(file, "w", method) as target:
        for name, data in members.items():
            target.writestr(name, data)
    return file


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_whatever_the_method(tmp_path: Path, method: int) -> None:
    file = archive(tmp_path, {"header.json": b'{"a": 1}', "samples/2.json": b"{}", "samples/1.json": b"{}"}, method)
    found = Archive(file)
    assert found.read("header.json") == {"a": 1}
    assert found.names("samples") == ["samples/1.json", "samples/2.json"]
    assert not found.holds("summaries.json")


def test_inspects_own_method_is_zstandard() -> None:
    file = LOGS / "inspect" / "sums.eval"
    assert {member.compress_type for member in zipfile.ZipFile(file).infolist()} == {93}
    assert Archive(file).read("header.json")["eval"]["task"] == "sums"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A member that says its true size, and one that lies about it."""
    file = archive(tmp_path, {"header.json": b" " * 40_000_000}, zipfile.ZIP_BZIP2)
    with pytest.raises(UsageError, match="unknown method"):
        Archive(file)
    file = archive(tmp_path, {"header.json": json.dumps("x" * 20_000).encode()})
    data = file.read_bytes()
    size = (20_002).to_bytes(4, "little")
    assert data.count(size) == 2
    file.write_bytes(data.replace(size, (2**31 - 1).to_bytes(4, "little")))
    with pytest.raises(UsageError, match=r"header\.json: would take 2,147,483,647 bytes"):
        Archive(file)
    file.write_bytes(data.replace(size, (100).to_bytes(4, "little")))
    with pytest.raises(UsageError, match="size or checksum"):
        Archive(file).read("header.json")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:/x", "..\\x"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="leads out of the archive"):
        Archive(archive(tmp_path, {"header.json": b"{}", name: b"{}"}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path, {"header.json": b"{}"})
    with zipfile.ZipFile(file, "a") as target:
        target.writestr("header.json", b'{"status": "success"}')
    with pytest.raises(UsageError, match=r"header\.json: occurs twice"):
        Archive(file)


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    data = bytearray((LOGS / "inspect" / "sums.eval").read_bytes())
    with zipfile.ZipFile(LOGS / "inspect" / "sums.eval") as source:
        member = source.getinfo("header.json")
    data[member.header_offset + 30 + len("header.json") + member.compress_size // 2] ^= 1
    file = tmp_path / "a.eval"
    file.write_bytes(data)
    with pytest.raises(UsageError, match=r"header\.json: (cannot be decompressed|size or checksum)"):
        Archive(file).read("header.json")


def test_what_is_no_archive_or_cut_off_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "a.eval"
    with pytest.raises(UsageError, match="no such file"):
        Archive(file)
    for data in (b"", b"text", (LOGS / "inspect" / "sums.eval").read_bytes()[:9000]):
        file.write_bytes(data)
        with pytest.raises(UsageError, match=r"not an \.eval file that can be read, or cut off"):
            Archive(file)


@pytest.mark.parametrize(
    ("data", "fault"), [(b"\xff", "not UTF-8"), (b'{"a": "\0"}', "NUL"), (b"[]", "not a JSON object"), (b"{", "JSON")]
)
def test_members_that_are_no_json_are_one_line(tmp_path: Path, data: bytes, fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        Archive(archive(tmp_path, {"header.json": data})).read("header.json")
