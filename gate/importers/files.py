"""JSON of strangers: read strictly, or refused with one line that names file and line.

Nothing is executed and nothing is guessed: JSON only, no key twice, no lone surrogate, no NUL byte, no line over
``LONGEST_LINE``. ``NaN`` and ``Infinity``, which Python writes and JSON does not know, are read as such, because tools
write them where a model computes them; :func:`number` refuses them wherever a number is needed.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from audit.core.errors import UsageError
from audit.core.records.files.surrogates import has_surrogates
from audit.core.text import printable
from audit.core.text_file import decode, read_bytes
from audit.gate.importers.contract import bad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

LONGEST_LINE = 64 * 2**20
"""Bytes of a line of JSON Lines at most."""
MOST_DIGITS = 300
"""Of a whole number at most: records hold none that a floating-point number cannot approximate."""
LARGEST_FILE = 4 * 2**30
"""Bytes of a file at most."""


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        UsageError: It is missing, empty, no file, too large, or not UTF-8 text.
    """
    if file.exists() and not file.is_file():
        raise bad(file, "not a file")
    if file.exists() and file.stat().st_size > LARGEST_FILE:
        raise bad(file, f"larger than {LARGEST_FILE // 2**30} GiB: split it")
    data = read_bytes(file, UsageError)
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise bad(file, f"line {line}: a NUL byte: this is not a text file, or it is damaged: copy it again")
    text = decode(file, data, UsageError)
    if not text.strip():
        raise bad(file, "the file is empty: copy it again")
    return text


def read_json(file: Path) -> dict[str, Any]:
    """A file that holds one JSON object.

    Raises:
        UsageError: It cannot be read, or holds something else.
    """
    return parse_object(read_text(file), file)


def read_lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON Lines file with the numbers of their lines; blank lines are ignored.

    Raises:
        UsageError: It cannot be read, or a line is no JSON object.
    """
    text = read_text(file)
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise bad(file, f"line {number}: longer than {LONGEST_LINE // 2**20} MiB")
        if not line.strip():
            continue
        last = number == len(lines)  # without a newline behind it
        yield number, parse_object(line, f"{file}: line {number}", cut=last)


def parse_object(text: str, place: object, *, cut: bool = False) -> dict[str, Any]:
    """One JSON object.

    Args:
        text: The JSON.
        place: Where it is, for messages.
        cut: Whether a fault probably means that the file was cut off.

    Raises:
        UsageError: It is none.
    """
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_int=_integer)
    except RecursionError:
        raise bad(place, "nested too deeply") from None
    except ValueError as error:
        advice = "the file ends in the middle of a line: copy it again" if cut else "correct it, or copy it again"
        raise bad(place, f"not valid JSON: {printable(str(error), 200)}: {advice}") from None
    if not isinstance(found, dict):
        raise bad(place, f"not a JSON object but {_kind(found)}")
    if "\\u" in text and has_surrogates(json.dumps(found, ensure_ascii=False)):
        raise bad(place, "it contains half of a surrogate pair, which is no valid Unicode")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"duplicate key {twice!r} in one object"
        raise ValueError(msg)
    return plain


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        msg = f"a number of {len(digits):,} digits"
        raise ValueError(msg)
    return int(digits)


def _kind(value: object) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def member(owner: dict[str, Any], name: str, kind: type | tuple[type, ...], place: object) -> Any:  # noqa: ANN401 - of that type
    """A value of an object, of the wanted type.

    Raises:
        UsageError: It is missing or of another type.
    """
    if name not in owner:
        raise bad(place, f"no {name!r}: is this file of another tool or version?")
    value = owner[name]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise bad(place, f"{name!r} is {_kind(value)}")
    return value


def optional(owner: dict[str, Any], name: str, kind: type | tuple[type, ...], place: object) -> Any:  # noqa: ANN401 - see above
    """The same of a value that may be missing or null: None then."""
    return None if owner.get(name) is None else member(owner, name, kind, place)


def count(value: object) -> int | None:
    """A count that 64 bits hold; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def number(value: object) -> float | None:
    """A finite number, true and false as 1 and 0; None for anything else."""
    if not isinstance(value, bool | int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def check_alike(logs: Sequence[tuple[Path, Mapping[str, object]]]) -> None:
    """Refuse logs of two models, or of two versions of their tool.

    Args:
        logs: File of each, and by name what must be the same in all.

    Raises:
        UsageError: Something differs.
    """
    (first, ours), *others = logs
    for file, theirs in others:
        for what, one in ours.items():
            if theirs[what] != one:
                difference = f"{what} {printable(str(theirs[what]), 100)}, in {first.name} {printable(str(one), 100)}"
                raise bad(file, f"{difference}: import them separately")
