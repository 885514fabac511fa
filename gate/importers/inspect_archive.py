"""Inspect's ``.eval`` files: a ZIP archive of JSON, stored, deflated or compressed with Zstandard (method 93).

The archive of a stranger may be a trap: members are read into memory only, one by one, under limits on their number and
size, and each must be decompressed to exactly the size and checksum that the archive states.
"""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from audit.core.text import first_line, printable
from audit.gate.importers.contract import bad
from audit.gate.importers.files import LARGEST_FILE, parse_object

if TYPE_CHECKING:
    from pathlib import Path

MOST_MEMBERS = 1_000_000
LARGEST_MEMBER = 2**30
"""Bytes of a member."""
LARGEST_RATIO = 2_000
"""Times that a member may be larger than its compressed form, above ``SMALL`` bytes; deflate itself reaches 1,032."""
SMALL = 2**20
ZSTANDARD = 93
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTANDARD)
LOCAL_HEADER = 30
"""Bytes of a member's own header before its name."""


class Archive:
    """One ``.eval`` file.

    Args:
        file: Its path.

    Raises:
        UsageError: It is no such file, or a trap.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            if file.exists() and not file.is_file():  # reading a pipe would wait for ever
                raise bad(file, "not a file")
            if file.stat().st_size > LARGEST_FILE:
                raise bad(file, f"larger than {LARGEST_FILE // 2**30} GiB: split it")
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
        except FileNotFoundError:
            raise bad(file, "no such file: check the path") from None
        except (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
            raise bad(
                file, f"not an .eval file that can be read, or cut off ({first_line(error)}): copy it again"
            ) from None
        _check_members(file, members)
        self._members = {member.filename: member for member in members}

    def names(self, folder: str) -> list[str]:
        """Names of the JSON members of a folder, sorted."""
        return sorted(name for name in self._members if name.startswith(f"{folder}/") and name.endswith(".json"))

    def holds(self, name: str) -> bool:
        """Whether there is such a member."""
        return name in self._members

    def read(self, name: str) -> dict[str, Any]:
        """A member that holds a JSON object.

        Raises:
            UsageError: It cannot be read.
        """
        place = f"{self.file}: {printable(name, 100)}"
        data = self._bytes(self._members[name], place)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise bad(place, f"not UTF-8 text (byte {error.start + 1})") from None
        if "\0" in text:
            raise bad(place, "a NUL byte: the file is damaged: copy it again")
        return parse_object(text, place)

    def _bytes(self, member: zipfile.ZipInfo, place: str) -> bytes:
        """The content of a member, of the size and checksum that the archive states."""
        try:
            with self.file.open("rb") as opened:
                opened.seek(member.header_offset)
                header = opened.read(LOCAL_HEADER)
                if header[:4] != b"PK\x03\x04":
                    raise bad(place, "the archive is damaged: copy it again")
                skipped = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
                opened.seek(skipped, 1)
                packed = opened.read(member.compress_size)
            data = _unpacked(packed, member.compress_type, member.file_size)
        except (OSError, zlib.error, ValueError) as error:
            raise bad(place, f"cannot be decompressed ({first_line(error)}): copy it again") from None
        if len(data) != member.file_size or zlib.crc32(data) != member.CRC:
            raise bad(place, "size or checksum is not that of the archive: it was edited or damaged: copy it again")
        return data


def _unpacked(packed: bytes, method: int, size: int) -> bytes:
    """Decompressed bytes, one more than stated at most."""
    if method == zipfile.ZIP_STORED:
        return packed
    if method == zipfile.ZIP_DEFLATED:
        return zlib.decompressobj(-15).decompress(packed, size + 1)
    import pyarrow as pa  # noqa: PLC0415 - only this method needs it

    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        return bytes(stream.read(size + 1))


def _check_members(file: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse traps.

    Raises:
        UsageError: Too many or too large members, one twice, one outside the archive, one encrypted.
    """
    if len(members) > MOST_MEMBERS:
        raise bad(file, f"{len(members):,} members: a log has {MOST_MEMBERS:,} at most")
    seen: set[str] = set()
    total = 0
    for member in members:
        place, name = f"{file}: {printable(member.filename, 100)}", member.filename
        total += member.file_size
        if name in seen:
            raise bad(place, "occurs twice in the archive: it was edited")
        seen.add(name)
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name.split("/")[0]:
            raise bad(place, "a path that leads out of the archive")
        if member.flag_bits & 1:
            raise bad(place, "is encrypted")
        if member.compress_type not in METHODS:
            raise bad(place, f"is compressed by the unknown method {member.compress_type}")
        bomb = member.file_size > SMALL and member.file_size > LARGEST_RATIO * max(1, member.compress_size)
        if member.file_size > LARGEST_MEMBER or bomb:
            raise bad(place, f"would take {member.file_size:,} bytes from {member.compress_size:,}: refused")
    if total > LARGEST_FILE:
        raise bad(file, f"its members would take {total:,} bytes: refused")
