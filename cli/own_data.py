"""``--task-file``: the user's own questions as they are named on the command line, and how they were read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audit.cli import values
from audit.core.config import OWN_DATA, TaskConfig, validate
from audit.core.errors import ConfigError, did_you_mean
from audit.core.text import printable, shortened

if TYPE_CHECKING:
    from audit.evals.own_data.questions import QuestionFile

TaskFile = Annotated[
    Path | None,
    typer.Option(
        "--task-file",
        metavar="FILE",
        help="Your own questions: CSV, TSV, JSON Lines or Parquet; see docs/howto/own_data.md.",
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAME=COLUMN,…",
        help="How the --task-file is read: question=frage,options=a+b+c,answer=richtig or JSON. "
        "Columns with usual names are found without it.",
    ),
]
LISTS = ("classes", "slices")
"""Fields whose values are lists even where they hold one name."""
KEYS = ("name", *OWN_DATA)
MOST_SHOWN = 1000
"""Maximum characters of a prompt, and of a question's options together, on a terminal."""


def file_tasks(file: Path | None, columns: str | None) -> list[TaskConfig]:
    """The task on a file of questions; none without a file.

    Args:
        file: As typed.
        columns: As typed: ``key=value`` separated by commas, with ``+`` between the names of a list, or JSON.

    Raises:
        ConfigError: Columns are given without a file, or cannot be read.
    """
    if file is None:
        if columns is not None:
            msg = "--columns says how a --task-file is read: name the file"
            raise ConfigError(msg)
        return []
    said = _said(columns) if columns is not None else {}
    unknown = next((key for key in said if key not in KEYS), None)
    if unknown is not None:
        hint = did_you_mean(unknown, KEYS) or f" Known: {', '.join(KEYS)}."
        msg = f"--columns: unknown key {printable(unknown, 60)!r}.{hint}"
        raise ConfigError(msg)
    name = re.sub(r"[^\w.-]+", "_", file.stem) or "own"
    return [validate(TaskConfig, {"name": name, "file": file, **said}, "--columns")]


def _said(text: str) -> dict[str, Any]:
    """What ``--columns`` says, by key.

    Raises:
        ConfigError: It is neither JSON nor pairs.
    """
    if text.lstrip().startswith("{"):
        return values.settings(text, "--columns") or {}
    said: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not key or not value:
            msg = f"--columns {printable(part, 60)}: write question=COLUMN,options=COLUMN+COLUMN,answer=COLUMN or JSON"
            raise ConfigError(msg)
        names = [name.strip() for name in value.split("+")]
        said[key] = names if key in LISTS or (key == "options" and len(names) > 1) else value
    return said


def as_read(file: QuestionFile) -> dict[str, Any]:
    """How a file was read, with its first prompt, for people and programs."""
    first = file.questions[0]
    kind = "multiple choice" if file.columns.is_choice else "generated answer"
    return {
        "name": file.task.name,
        "file": str(file.table.file),
        "sha256": file.table.sha256,
        "questions": len(file.questions),
        "kind": kind,
        "columns": file.columns.shown,
        "answers_read_as": file.way,
        "first": {
            "place": f"{file.table.unit} {first.number}",
            "prompt": first.prompt,
            "options": list(first.options),
            "answers": list(first.answers),
        },
    }


def lines(read: dict[str, Any]) -> list[str]:
    """:func:`as_read` as lines for a terminal; the file's text is made harmless."""
    first, longest = read["first"], max(len(read["first"]["options"]), len(read["first"]["answers"]), 1)

    def listed(texts: list[str]) -> str:
        return json.dumps([shortened(text, MOST_SHOWN // longest) for text in texts], ensure_ascii=False)

    rows = [
        ("task", f"{read['name']}: {read['questions']} questions, {read['kind']}"),
        ("file", f"{read['file']} (SHA-256 {read['sha256'][:12]}…)"),
        *((f"{name}", columns) for name, columns in read["columns"].items()),
        ("answers are", read["answers_read_as"]),
        (f"prompt of {first['place']}", json.dumps(shortened(first["prompt"], MOST_SHOWN), ensure_ascii=False)),
        *([("options", listed(first["options"]))] if first["options"] else []),
        ("right", listed(first["answers"])),
    ]
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {printable(text)}" for name, text in rows]
