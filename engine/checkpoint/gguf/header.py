"""What a GGUF file says about itself: metadata, tensors and, if it is split, its parts.

Large files are published in parts, ``NAME-00001-of-00003.gguf`` and so on (llama.cpp's ``gguf-split``). Each part names
its number and the number of parts (``split.no``, ``split.count``), the first one the number of tensors in all of them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gguf import GGUFReader, LlamaFileType

from audit.core.errors import CheckpointError
from audit.core.text import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gguf.gguf_reader import ReaderTensor

MAGIC = b"GGUF"
PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


@dataclass(frozen=True)
class Header:
    """Metadata and tensors of a GGUF file, over all its parts."""

    files: tuple[Path, ...]
    """The file, or its parts in order."""
    readers: tuple[GGUFReader, ...]
    """One reader per file; the first has the metadata."""

    def value(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - metadata are of any type
        """A value of the metadata as a plain Python value."""
        field = self.readers[0].fields.get(key)
        return default if field is None else field.contents()

    def of_model(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - see above
        """A value stored under the name of the architecture, e.g. ``llama.rope.freq_base``."""
        return self.value(f"{self.architecture}.{key}", default)

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the architecture."""
        return str(self.value("general.architecture", "unknown"))

    @property
    def tensors(self) -> dict[str, ReaderTensor]:
        """Every tensor by name."""
        return {tensor.name: tensor for reader in self.readers for tensor in reader.tensors}

    @property
    def quantization(self) -> str:
        """How most weights are stored, as the file says, e.g. ``Q4_K_M``; if it does not, the most common type."""
        named = self.value("general.file_type")
        known = {kind.value: kind.name for kind in LlamaFileType if kind is not LlamaFileType.GUESSED}
        if named in known:
            return known[named].removeprefix("MOSTLY_").removeprefix("ALL_")
        sizes: Counter[str] = Counter()
        for tensor in self.tensors.values():
            sizes[tensor.tensor_type.name] += int(tensor.n_elements)
        return sizes.most_common(1)[0][0] if sizes else "mixed"


def read_header(file: Path) -> Header:
    """Read a GGUF file, or all parts if it is one part of a split file.

    Raises:
        CheckpointError: Not a GGUF file, truncated, or a part without the others.
    """
    first = _reader(file)
    count = _number(first, "split.count", 1)
    named = PART.fullmatch(file.name)
    if count <= 1 and (named is None or int(named["count"]) == 1):
        return Header((file,), (first,))
    if named is None:
        msg = f"{file}: one of {count} parts: restore the names of the parts, NAME-00001-of-{count:05}.gguf"
        raise CheckpointError(msg)
    if int(named["count"]) != count:
        msg = f"{file}: its name says {int(named['count'])} part(s), its metadata {count}: copy the parts again"
        raise CheckpointError(msg)
    files = parts_by_name(file)
    missing = [part for part in files if not part.is_file()]
    if missing:
        msg = f"{file}: one of {count} parts, {len(missing)} missing, first {missing[0].name}: copy all into one folder"
        raise CheckpointError(msg)
    readers = [first if part == file else _reader(part) for part in files]
    _check_parts(files, readers)
    return Header(files, tuple(readers))


def parts_by_name(file: Path) -> tuple[Path, ...]:
    """The parts of a split file that a part's name implies, in order, there or not; a whole file is its only part."""
    named = PART.fullmatch(file.name)
    if named is None:
        return (file,)
    count = int(named["count"])
    return tuple(file.with_name(f"{named['stem']}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1))


def _check_parts(files: Sequence[Path], readers: Sequence[GGUFReader]) -> None:
    """Check that the parts belong together.

    Raises:
        CheckpointError: A part of another file, a part twice under two names, or tensors that are missing.
    """
    for number, (file, reader) in enumerate(zip(files, readers, strict=True)):
        says = _number(reader, "split.no", -1), _number(reader, "split.count", -1)
        if says != (number, len(files)):
            msg = f"{file}: by its metadata it is not part {number + 1} of {len(files)}: copy the parts again"
            raise CheckpointError(msg)
    names = [tensor.name for reader in readers for tensor in reader.tensors]
    promised = _number(readers[0], "split.tensors.count", len(names))
    if len(names) != promised or len(set(names)) != len(names):
        msg = f"{files[0]}: {len(set(names))} tensors in its {len(files)} parts, {promised} expected: copy them again"
        raise CheckpointError(msg)


def _number(reader: GGUFReader, key: str, default: int) -> int:
    """A whole number of the metadata."""
    field = reader.fields.get(key)
    return default if field is None else int(field.contents())


def _reader(file: Path) -> GGUFReader:
    """A file's header.

    Raises:
        CheckpointError: Not a GGUF file, or truncated.
    """
    with file.open("rb") as stream:
        if stream.read(len(MAGIC)) != MAGIC:
            msg = f"{file}: not a GGUF file: download it again"
            raise CheckpointError(msg)
    try:
        return GGUFReader(file)
    except Exception as error:  # gguf raises anything on damaged files
        raise unreadable(file, error) from error


def unreadable(file: Path, error: Exception) -> CheckpointError:
    """The error for a file that gguf or transformers cannot read."""
    return CheckpointError(f"{file}: cannot be read as GGUF ({first_line(error)}): truncated or unsupported")
