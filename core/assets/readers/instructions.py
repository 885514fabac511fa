"""IFBench and IFEval: requests with instructions on form; and the list of syllables that a checker of IFBench needs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_headless, read_objects

if TYPE_CHECKING:
    from pathlib import Path

SEVERAL = "several"
"""Group of a request whose instructions are of several groups."""
NUMBERS = frozenset(
    (
        "frequency", "let_frequency", "num_sentences", "num_paragraphs", "num_words", "nth_paragraph",
        "num_placeholders", "num_bullets", "num_highlights", "num_sections", "capital_frequency",
    )
)  # fmt: skip
"""Arguments of IFEval that are numbers."""
LISTS = frozenset(("keywords", "forbidden_words"))
"""Those that are lists of texts."""
TEXTS = frozenset(
    (
        "keyword", "relation", "letter", "let_relation", "language", "first_word", "postscript_marker",
        "section_spliter", "prompt_to_repeat", "end_phrase", "capital_relation",
    )
)  # fmt: skip
"""Those that are texts."""
PATTERNS = {
    "keywords": "{}",
    "keyword": "{}",
    "forbidden_words": r"\b{}\b",
    "postscript_marker": "{}",
    "section_spliter": r"\s?{}\s?\d+",
}
"""Those that are searched for as regular expressions, and what is put around them."""


def ifbench(files: Files) -> Rows:
    """The form of IFBench and IFEval: ``prompt``, ``instruction_id_list`` and, parallel to it, ``kwargs``, unstripped.

    ``group`` is what comes before the colon in an instruction's name; ``instructions`` is their number, as text.
    """
    return Rows([row for file in files.values() for row in _requests(file, "IFBench").values()])


def ifeval(files: Files) -> Rows:
    """As :func:`ifbench`; arguments that IFEval's checkers know have their type, and patterns can be searched for."""
    rows: list[Row] = []
    for file in files.values():
        for line, row in _requests(file, "IFEval").items():
            for check in json.loads(row["checks"]):
                fault = next(filter(None, (_fault(*one) for one in check["arguments"].items())), None)
                if fault:
                    broken(file, line, f"{check['id']}: {fault}")
            rows.append(row)
    return Rows(rows)


def _requests(file: Path, whose: str) -> dict[int, Row]:
    """The rows of a file by their lines.

    Args:
        file: The file.
        whose: Name of the data set, for messages.
    """
    rows: dict[int, Row] = {}
    for line, row in read_objects(file, ("key", "prompt", "instruction_id_list", "kwargs")):
        names, given = row["instruction_id_list"], row["kwargs"]
        if not isinstance(row["prompt"], str) or not isinstance(names, list) or not names:
            broken(file, line, f"not in {whose}'s format (a text and at least one instruction are expected)")
        try:
            checks = [
                {"id": name, "arguments": {key: value for key, value in mine.items() if value is not None}}
                for name, mine in zip(names, given, strict=True)
            ]
            groups = {check["id"].partition(":")[0] for check in checks}
        except (ValueError, TypeError, AttributeError) as error:
            broken(file, line, f"not in {whose}'s format ({error})")
        rows[line] = {
            "key": str(row["key"]),
            "question": row["prompt"],
            "checks": json.dumps(checks, ensure_ascii=False),
            "group": groups.pop() if len(groups) == 1 else SEVERAL,
            "instructions": str(len(checks)),
        }
    return rows


def _fault(name: str, value: object) -> str | None:
    """What is wrong with an argument; None if nothing is, or no checker knows it."""
    if name in NUMBERS:
        return None if type(value) is int and value >= 0 else f"{name!r} is not a whole number from 0 on"
    if name in LISTS:
        texts = value if isinstance(value, list) else [None]
    elif name in TEXTS:
        texts = [value]
    else:
        return None
    if not all(isinstance(text, str) for text in texts):
        return f"{name!r} is not {'a list of texts' if name in LISTS else 'text'}"
    try:
        for text in texts if name in PATTERNS else ():
            re.compile(PATTERNS[name].format(text))
    except re.error as error:
        return f"{name!r} cannot be searched for ({error})"
    return None


def syllables(files: Files) -> Rows:
    """SyllaPy's list: word, number of syllables."""
    rows: list[Row] = []
    for file in files.values():
        for line, (word, count) in read_headless(file, fields=2):
            if not count.isdecimal():
                broken(file, line, f"{count!r} is not a number of syllables")
            rows.append({"word": word, "syllables": int(count)})
    return Rows(rows)
