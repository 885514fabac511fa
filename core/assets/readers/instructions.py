"""IFBench: requests with instructions on form; and the list of syllables that one of its checkers needs."""

from __future__ import annotations

import json

from audit.core.assets.asset import Files, Row, Rows
from audit.core.assets.readers.files import broken, read_headless, read_lines, require

SEVERAL = "several"
"""Group of a request whose instructions are of several groups."""


def ifbench(files: Files) -> Rows:
    """The form of IFBench and IFEval: ``prompt``, ``instruction_id_list`` and, parallel to it, ``kwargs``, unstripped.

    ``group`` is what comes before the colon in an instruction's name; ``instructions`` is their number, as text.
    """
    rows: list[Row] = []
    for file in files.values():
        for line, text in enumerate(read_lines(file), start=1):
            if not text:
                continue
            try:
                row = json.loads(text)
                require(file, line, row, ("key", "prompt", "instruction_id_list", "kwargs"))
                checks = [
                    {"id": name, "arguments": {key: value for key, value in given.items() if value is not None}}
                    for name, given in zip(row["instruction_id_list"], row["kwargs"], strict=True)
                ]
                groups = {check["id"].partition(":")[0] for check in checks}
            except (ValueError, TypeError, AttributeError) as error:
                broken(file, line, f"not in IFBench's format ({error})")
            rows.append(
                {
                    "key": str(row["key"]),
                    "question": row["prompt"],
                    "checks": json.dumps(checks, ensure_ascii=False),
                    "group": groups.pop() if len(groups) == 1 else SEVERAL,
                    "instructions": str(len(checks)),
                }
            )
    return Rows(rows)


def syllables(files: Files) -> Rows:
    """SyllaPy's list: word, number of syllables."""
    rows: list[Row] = []
    for file in files.values():
        for line, (word, count) in read_headless(file, fields=2):
            if not count.isdecimal():
                broken(file, line, f"{count!r} is not a number of syllables")
            rows.append({"word": word, "syllables": int(count)})
    return Rows(rows)
