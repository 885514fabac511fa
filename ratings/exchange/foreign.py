"""Ratings made with other tools, read from their files: Argilla, Label Studio, CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from audit.core.errors import UsageError
from audit.core.filesystem import did_you_mean_path
from audit.core.records.files.json_file import read_plain
from audit.core.text import first_line, named
from audit.core.text_file import csv_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Tool = Literal["argilla", "label-studio", "csv"]
TOOLS: tuple[Tool, ...] = get_args(Tool)
KEYS = ("item", "sample_id")
"""Where a file says which item it is about: the number of the item, or the id of its (first) sample."""
OWN_COLUMNS = {
    *("kind", "suite", "task", "created", "excluded", "run", "output_sha256", "run_b", "sample_id_b"),
    *("output_sha256_b", "prompt", "output", "output_b", "options"),
}
"""Columns of our own CSV that are no answers."""


@dataclass(frozen=True, slots=True)
class ForeignAnswer:
    """One person's answers to one item, as another tool has them."""

    where: str
    """Place in the file, for messages."""
    item: str
    """Number of the item; empty where the sample's id names it."""
    sample_id: str
    """Id of the sample; empty where the item's number is given."""
    rater: str
    """Who rated."""
    answers: dict[str, Any]
    """By name of the question."""
    comment: str = ""
    """The rater's comment."""


def read_foreign(file: Path, tool: Tool | None = None) -> tuple[Tool, list[ForeignAnswer]]:
    """Read a file of another tool.

    Args:
        file: Argilla's records as JSON (``dataset.records.to_json``), Label Studio's JSON export, or CSV with the
            columns ``rater``, ``item`` or ``sample_id``, and one per question.
        tool: Which tool wrote it; None recognises it.

    Raises:
        UsageError: The file cannot be read, is in another form, or holds no answer.
    """
    found, answers = _read(file, tool)
    if not answers:
        msg = f"{file}: holds no answer: check that it was exported with its responses, and what its columns are called"
        raise UsageError(msg)
    return found, answers


def _read(file: Path, tool: Tool | None) -> tuple[Tool, list[ForeignAnswer]]:
    """The answers of a file, and which tool wrote it."""
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError as error:
        msg = f"{file}: no such file: check the path.{did_you_mean_path(file)}"
        raise UsageError(msg) from error
    except OSError as error:
        msg = f"{file}: cannot be read: {error.strerror}: give a file that you may read"
        raise UsageError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{file}: cannot be read ({first_line(error)}): give a file in UTF-8"
        raise UsageError(msg) from error
    if tool == "csv" or (tool is None and text.lstrip()[:1] not in {"[", "{"}):
        try:
            return "csv", list(_csv(text, file))
        except csv.Error as error:
            msg = f"{file}: not CSV that can be read ({first_line(error)}): check the quotes around its cells"
            raise UsageError(msg) from error
    try:
        data = read_plain(text)
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not JSON ({first_line(error)}): give the tool's JSON export"
        raise UsageError(msg) from error
    records = data if isinstance(data, list) else [data]
    first = records[0] if records and isinstance(records[0], dict) else {}
    found: Tool = tool or ("argilla" if "responses" in first else "label-studio")
    read = _argilla if found == "argilla" else _label_studio
    answers: list[ForeignAnswer] = []
    for number, record in enumerate(records, 1):
        where = f"{file}, record {number}"
        try:
            answers += read(record, where)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            msg = f"{where}: not as {found} exports it ({first_line(error)}): name another tool with --from"
            raise UsageError(msg) from error
    return found, answers


def _csv(text: str, file: Path) -> Iterator[ForeignAnswer]:
    rows = csv_records(text)
    columns = rows.fieldnames or []
    if "rater" not in columns or not set(KEYS) & set(columns):
        msg = (
            f"{file}: no column 'rater', or neither 'item' nor 'sample_id': give a CSV file with a header that has them"
        )
        raise UsageError(msg)
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            msg = f"{file}, line {number}: it has another number of cells than the header"
            raise UsageError(msg)
        given = {
            name: plain_cell(value)
            for name, value in row.items()
            if name not in {*KEYS, *OWN_COLUMNS, "rater", "comment"}
        }
        yield ForeignAnswer(
            where=f"{file}, line {number}",
            item=row.get("item", ""),
            sample_id=row.get("sample_id", ""),
            rater=row["rater"],
            answers={name: value for name, value in given.items() if value != ""},
            comment=row.get("comment", ""),
        )


def plain_cell(text: str) -> Any:  # noqa: ANN401 - any answer
    """A cell of a CSV file as an answer: a list in JSON, a whole number, or the text itself."""
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else text


def _argilla(record: dict[str, Any], where: str) -> Iterator[ForeignAnswer]:
    """A record of Argilla 2: ``responses`` by question, one per user; discarded ones and drafts do not count."""
    metadata = record.get("metadata") or {}
    item, sample = str(metadata.get("item") or ""), str(metadata.get("sample_id") or record.get("id") or "")
    by_user: dict[str, dict[str, Any]] = {}
    for question, responses in record["responses"].items():
        for one in responses:
            if one.get("status", "submitted") == "submitted":
                by_user.setdefault(str(one["user_id"]), {})[question] = one["value"]
    for user, answers in by_user.items():
        yield ForeignAnswer(where, item, "" if item else sample, user, answers)


def _label_studio(task: dict[str, Any], where: str) -> Iterator[ForeignAnswer]:
    """A task of Label Studio: annotations with their results; cancelled ones do not count."""
    data = task["data"]
    item, sample = str(data.get("item") or ""), str(data.get("sample_id") or "")
    for annotation in task["annotations"]:
        if annotation.get("was_cancelled"):
            continue
        by = annotation["completed_by"]
        rater = str(by.get("email") or by["id"]) if isinstance(by, dict) else f"label-studio user {by}"
        answers: dict[str, Any] = {}
        for result in annotation["result"]:
            _add_result(answers, result)
        yield ForeignAnswer(where, item, "" if item else sample, rater, answers)


def _add_result(answers: dict[str, Any], result: dict[str, Any]) -> None:
    name, kind, value = result["from_name"], result["type"], result["value"]
    if kind == "rating":
        answers[name] = value["rating"]
    elif kind == "choices":
        answers[name] = value["choices"]
    elif kind == "textarea":
        answers[name] = "\n".join(value["text"]) if isinstance(value["text"], list) else value["text"]
    elif kind == "labels":
        spans = answers.setdefault(name, [])
        spans += [{"start": value["start"], "end": value["end"], "label": label} for label in value["labels"]]
    else:
        msg = f"results of type {named(str(kind))} cannot be read"
        raise ValueError(msg)
