"""Archives of strangers: traps are one line, and nothing is unpacked onto the disk."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.gate.importers import inspect_archive
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


@pytest.mark.slow
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


def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path, {"header.json": b"{}"})
    with zipfile.ZipFile(file, "a") as target, pytest.warns(UserWarning, match="Duplicate name"):
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


def fault(file: Path, name: str | None = None) -> str:
    """With what an archive, or a member of it, is refused."""
    with pytest.raises(UsageError) as caught:
        Archive(file).read(name or "")
    return str(caught.value).removeprefix(f"{file}: ")


def test_only_json_of_the_folder_itself_is_listed_and_faults_say_where(tmp_path: Path) -> None:
    members = {
        "samples/b.json": b'\xef\xbb\xbf{"a": 2}',
        "samples/a.txt": b"",
        "samples.json": b"{}",
        "x/a.json": b"{}",
    }
    file = archive(tmp_path, members)
    found = Archive(file)
    assert (found.names("samples"), found.holds("samples/a.txt")) == (["samples/b.json"], True)
    assert found.read("samples/b.json") == {"a": 2}
    long = f"samples/{'n' * 200}.json"
    for data, said in (
        (b'{"a": "\xff"}', "not UTF-8 text (byte 8)"),
        (b'{"a": "\0"}', "a NUL byte: the file is damaged: copy it again"),
        (b"[]", "not a JSON object but a list"),
    ):
        assert fault(archive(tmp_path, {long: data}), long) == f"samples/{'n' * 91}…: {said}"


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a:b/c", False), ("a/b:c", True), ("\\x", False), ("a..b", True), ("a\\..\\b", False), ("a/..", False)],
)
def test_a_path_leads_out_by_its_parts(name: str, safe: bool, tmp_path: Path) -> None:
    file = archive(tmp_path, {name: b"{}"})
    if safe:
        assert Archive(file).holds(name)
    else:
        assert fault(file) == f"{name}: a path that leads out of the archive"


def test_an_encrypted_member_and_an_unknown_method_are_refused(tmp_path: Path) -> None:
    file = archive(tmp_path, {"header.json": b"{}"})
    data = bytearray(file.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 8] |= 1
    file.write_bytes(data)
    assert fault(file) == "header.json: is encrypted"
    data[entry + 8], data[entry + 10] = 8, 12
    file.write_bytes(data)
    assert fault(file) == "header.json: is compressed by the unknown method 12"


@pytest.mark.parametrize(
    ("limit", "value", "size", "said"),
    [
        ("MOST_MEMBERS", 1, 4, "2 members: a log has 1 at most"),
        ("MOST_MEMBERS", 2, 4, None),
        ("LARGEST_MEMBER", 3, 4, "b.json: would take 4 bytes from 4: refused"),
        ("LARGEST_MEMBER", 4, 4, None),
        ("LARGEST_FILE", 400, 300, "larger than 0 GiB: split it"),
    ],
)
def test_limits_are_the_largest_that_is_read(
    limit: str, value: int, size: int, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = archive(tmp_path, {"a.json": b"{}", "b.json": b"{}".ljust(size)}, zipfile.ZIP_STORED)
    monkeypatch.setattr(inspect_archive, limit, value)
    if said is None:
        assert Archive(file).read("b.json") == {}
    else:
        assert fault(file) == said


def test_a_file_of_the_largest_size_is_read_and_members_count_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = archive(tmp_path, {"a.json": b"{}".ljust(600), "b.json": b"{}".ljust(600)})
    monkeypatch.setattr(inspect_archive, "LARGEST_FILE", size := file.stat().st_size)
    assert size < 600
    assert fault(file) == "its members would take 1,200 bytes: refused"
    monkeypatch.setattr(inspect_archive, "LARGEST_FILE", 1200)
    assert Archive(file).read("b.json") == {}
    stored = archive(tmp_path, {"a.json": b"{}"}, zipfile.ZIP_STORED)
    monkeypatch.setattr(inspect_archive, "LARGEST_FILE", stored.stat().st_size)
    assert Archive(stored).read("a.json") == {}


def test_a_member_may_be_larger_up_to_a_ratio_above_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """120 bytes are deflated to 8 or fewer; below the size, any ratio is allowed."""
    file = archive(tmp_path, {"a.json": b"{}".ljust(120)})
    with zipfile.ZipFile(file) as opened:
        packed = opened.infolist()[0].compress_size
    ratio, rest = divmod(120, packed)
    monkeypatch.setattr(inspect_archive, "SMALL", 119)
    monkeypatch.setattr(inspect_archive, "LARGEST_RATIO", 120 / packed)
    assert Archive(file).read("a.json") == {}
    monkeypatch.setattr(inspect_archive, "LARGEST_RATIO", ratio if rest else ratio - 1)
    assert fault(file) == f"a.json: would take 120 bytes from {packed}: refused"
    monkeypatch.setattr(inspect_archive, "SMALL", 120)
    assert Archive(file).read("a.json") == {}


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    content = b'{"a": "' + b"x" * 50 + b'"}'
    file = archive(tmp_path, {"a.json": b"{}", "b.json": content}, zipfile.ZIP_STORED)
    data = file.read_bytes()
    edited = "b.json: size or checksum is not that of the archive: it was edited or damaged: copy it again"
    file.write_bytes(data.replace(b"xx", b"xy", 1))
    assert fault(file, "b.json") == edited
    second = data.index(b"PK\x03\x04", 4)
    file.write_bytes(data[:second] + b"PK\x03\x05" + data[second + 4 :])
    assert fault(file, "b.json") == "b.json: the archive is damaged: copy it again"
    assert Archive(file).read("a.json") == {}


def test_a_local_header_may_hold_more_than_the_name(tmp_path: Path) -> None:
    file = tmp_path / "a.eval"
    with zipfile.ZipFile(file, "w") as target:
        member = zipfile.ZipInfo("a.json")
        member.extra = b"\x99\x99" + (300).to_bytes(2, "little") + b"\0" * 300
        target.writestr(member, b'{"a": 1}')
    assert Archive(file).read("a.json") == {"a": 1}


def test_a_folder_is_no_archive(tmp_path: Path) -> None:
    assert fault(tmp_path) == "not a file"
    assert fault(tmp_path / "gone.eval") == "no such file: check the path"
    (tmp_path / "text.eval").write_bytes(b"text")
    said = "not an .eval file that can be read, or cut off (BadZipFile: File is not a zip file): copy it again"
    assert fault(tmp_path / "text.eval") == said


def test_a_member_that_cannot_be_decompressed_is_named(tmp_path: Path) -> None:
    """A block of the reserved type 3 of RFC 1951 is no deflated data."""
    file = archive(tmp_path, {"a.json": b"{}".ljust(120)})
    data = bytearray(file.read_bytes())
    data[30 + len("a.json")] |= 0b110
    file.write_bytes(data)
    said = fault(file, "a.json")
    assert said.startswith("a.json: cannot be decompressed (error: Error -3 while decompressing data: ")
    assert said.endswith("): copy it again")
