"""Calibration and gold items: samples with the answers that are expected of raters."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from audit.core.errors import UsageError
from audit.core.text import first_line, named
from audit.core.text_file import csv_records
from audit.ratings.exchange.foreign import plain_cell
from audit.ratings.feeding.choosing import Candidate
from audit.ratings.feeding.from_runs import item_from, names_of_checkpoints, rateable_of
from audit.ratings.projects.asking import PreferenceChoice, checked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.run_folder import RunFolder
    from audit.ratings.projects.asking import AnyKind
    from audit.ratings.projects.item import ItemContent


def expected_items(runs: Sequence[RunFolder], file: Path, questions: list[AnyKind]) -> list[ItemContent]:
    """Items of a CSV file with the column ``sample_id`` and one column per question, which holds the expected answer.

    An empty cell expects nothing. Preferences are ``first``, ``second``, ``tie`` or ``both_bad``, by run.

    Args:
        runs: One or two run folders, which have the samples.
        file: The CSV file.
        questions: Of the project.

    Raises:
        UsageError: The file cannot be read, a sample is not in the runs, or an answer is impossible.
    """
    try:
        rows = csv_records(file.read_text("utf-8-sig"))
        listed = list(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{file}: cannot be read ({first_line(error)}): give a CSV file in UTF-8"
        raise UsageError(msg) from error
    if "sample_id" not in (rows.fieldnames or []):
        msg = f"{file}: no column 'sample_id': give a CSV file with a header that has it and one column per question"
        raise UsageError(msg)
    known = [
        {sample.sample_id: sample for suite, task in run.tasks() for sample in rateable_of(run, suite, task)}
        for run in runs
    ]
    items = []
    for line, row in enumerate(listed, 2):
        where, wanted = f"{file}, line {line}", row["sample_id"]
        samples = [samples[wanted] for samples in known if wanted in samples]
        if len(samples) < len(runs):
            msg = f"{where}: no rateable sample {named(wanted or '')} in {'both runs' if len(runs) > 1 else 'the run'}"
            raise UsageError(msg)
        item = item_from(Candidate(*samples), [run.run_id for run in runs], names_of_checkpoints(runs))
        items.append(item.model_copy(update={"expected": _expected(row, questions, item, where)}))
    return items


def _expected(row: dict[str, Any], questions: list[AnyKind], item: ItemContent, where: str) -> dict[str, Any]:
    given = {name: plain_cell(value) for name, value in row.items() if name != "sample_id" and value}
    asked = [one for one in questions if one.name in given]
    lengths = dict(zip("ab", (len(output.text) for output in item.outputs), strict=False))
    words = {"first": "a", "second": "b"}
    chosen = [one.name for one in asked if isinstance(one, PreferenceChoice)]
    sided = {
        name: words.get(value, "") if name in chosen and value in words else value for name, value in given.items()
    }
    if not given or any(sided[name] == given[name] in {"a", "b"} for name in chosen):
        msg = f"{where}: no expected answer, or a side instead of 'first' or 'second'"
        raise UsageError(msg)
    try:
        found = checked(asked, sided, lengths)
    except UsageError as error:
        msg = f"{where}: {error}"
        raise UsageError(msg) from error
    return {name: given[name] if name in chosen else value for name, value in found.items()}
