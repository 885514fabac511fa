"""The questions of a user's file: read, checked as a whole, and turned into prompts, before anything is loaded."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError
from audit.core.records import AssetRecord
from audit.core.text import printable
from audit.evals.own_data import right_option
from audit.evals.own_data.columns import Columns, find, option_texts
from audit.evals.own_data.table import SUFFIXES, DataTable, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audit.core.config import TaskConfig

LICENCE = "LicenseRef-yours"
NAME = re.compile(r"[\w.-]+")
DEFAULT_PROMPT = "Question: {question}\nAnswer:"
MOST_SLICES = 100
"""Maximum number of different values of a column that defines subsets: each has its own metrics."""
NAMED_OPTIONS, ROW = "options", "row"
"""Template variables for the options of a row, and for all its cells, unless a column has that name."""


@dataclass(frozen=True)
class Question:
    """One row."""

    number: int
    """Number of the row in the file."""
    row: dict[str, str]
    """Its cells by column, only those that are asked, compared or grouped by. Others are not stored."""
    prompt: str
    answers: tuple[str, ...]
    """Right answers: for multiple choice the right option's text, otherwise all accepted answers."""
    options: tuple[str, ...] = ()
    right: int | None = None
    """Position of the right option."""


@dataclass(frozen=True)
class QuestionFile:
    """A task on the user's own questions."""

    task: TaskConfig
    table: DataTable
    columns: Columns
    questions: list[Question]
    way: str
    """How the answers were read, for display."""

    @property
    def record(self) -> AssetRecord:
        """The file, as named in the manifest."""
        digest = self.table.sha256
        file = self.table.file
        return AssetRecord(
            name=file.name,
            kind="dataset",
            source=f"file {file.resolve()}",
            version=digest[:12],
            sha256=digest,
            licence=LICENCE,
        )


def read_questions(task: TaskConfig) -> QuestionFile:
    """The questions of a task with a ``file``.

    Raises:
        ConfigError: The file or its columns are at fault; the message names the rows.
    """
    if task.file is None or not NAME.fullmatch(task.name):
        msg = f"evals.tasks: {printable(task.name, 60)}: use only letters, digits, _, - and . in the name of the task"
        raise ConfigError(msg)
    table = read(task.file)
    columns = find(task, table)
    _refuse_empty(table, columns)
    _refuse_lists(table, columns)
    _refuse_many_slices(table, columns)
    options = _options(table, columns)
    render = template(task, columns)
    kept = _kept(task, table, columns)
    rows = [{name: _flat(row[name]) for name in kept} for row in table.rows]
    prompts = [_prompt(table, n, render, row, opts) for n, row, opts in zip(table.numbers, rows, options, strict=True)]
    _refuse_twice(table, [_key(columns, render, *one) for one in zip(rows, options, prompts, strict=True)])
    answers = [_answers(row[columns.answer]) for row in table.rows]
    way, rights = _read_answers(task, table, columns, options, answers)
    made = zip(table.numbers, rows, prompts, answers, options, rights, strict=True)
    questions = [
        Question(n, row, prompt, tuple(right_ones) if at is None else (opts[at],), tuple(opts), at)
        for n, row, prompt, right_ones, opts, at in made
    ]
    return QuestionFile(task, table, columns, questions, way)


def looks_like_questions(name: str) -> bool:
    """Whether a name is that of a file of questions, by its suffix."""
    return name.lower().endswith(SUFFIXES)


def _read_answers(
    task: TaskConfig, table: DataTable, columns: Columns, options: list[list[str]], answers: list[list[str]]
) -> tuple[str, list[int | None]]:
    """How the answers are read, and the right options, None for questions without options."""
    if columns.is_choice:
        several = [number for number, found in zip(table.numbers, answers, strict=True) if len(found) > 1]
        if several:
            raise table.fault(several, f"{columns.answer} has several answers: give only the right option")
        right = right_option.read(table, columns, options, [found[0] for found in answers])
        return right.way, list(right.positions)
    if task.match is not None and task.match != "exact":
        wrong = [n for n, found in zip(table.numbers, answers, strict=True) if not all(map(_is_number, found))]
        if wrong:
            raise table.fault(
                wrong, f"{columns.answer} is not a plain number, such as 1234.5: correct it, or match: exact"
            )
        return "the last number of the answer", [None] * len(answers)
    long = [n for n, found in zip(table.numbers, answers, strict=True) if any("\n" in text for text in found)]
    if long:
        raise table.fault(long, f"{columns.answer} has several lines, but only one is generated: shorten it")
    return "the text of the answer", [None] * len(answers)


def _refuse_empty(table: DataTable, columns: Columns) -> None:
    """Refuse rows without a question, an option, an answer, or a value to group by.

    Raises:
        ConfigError: There is one.
    """
    needed = [columns.question, *columns.options, columns.option_list, columns.answer, *columns.slices, columns.cluster]
    for column in dict.fromkeys(name for name in needed if name):
        empty = [number for number, row in zip(table.numbers, table.rows, strict=True) if not row[column]]
        if empty:
            raise table.fault(empty, f"{printable(column, 60)} is empty: fill it in, or remove the rows")


def _refuse_lists(table: DataTable, columns: Columns) -> None:
    """Refuse lists where one text belongs: only options and answers may be several.

    Raises:
        ConfigError: There is one.
    """
    for column in dict.fromkeys(name for name in [columns.question, *columns.options, columns.cluster] if name):
        lists = [n for n, row in zip(table.numbers, table.rows, strict=True) if isinstance(row[column], list)]
        if lists:
            raise table.fault(lists, f"{printable(column, 60)} is a list: give one text")


def _kept(task: TaskConfig, table: DataTable, columns: Columns) -> list[str]:
    """The columns that a task needs: those that it names and those that its template reads."""
    named = [columns.question, columns.answer, *columns.options, columns.option_list, *columns.slices, columns.cluster]
    if task.prompt is None:
        return [column for column in table.columns if column in named]
    from jinja2 import Environment, meta  # noqa: PLC0415 - where a template is given

    parsed = Environment(autoescape=True).parse(task.prompt)  # only to find its names; nothing is rendered
    read_by_it = meta.find_undeclared_variables(parsed)
    return [column for column in table.columns if ROW in read_by_it or column in read_by_it or column in named]


def _refuse_many_slices(table: DataTable, columns: Columns) -> None:
    """Refuse slices by a column with too many values to be subsets, such as an id.

    Raises:
        ConfigError: A column has too many different values.
    """
    for column in columns.slices:
        different = len({_flat(row[column]) for row in table.rows})
        if different > MOST_SLICES:
            found = f"{printable(column, 60)} has {different} different values"
            msg = f"{table.file}: slices: {found}, but at most {MOST_SLICES} are allowed: choose another column"
            raise ConfigError(msg)


def _options(table: DataTable, columns: Columns) -> list[list[str]]:
    """The options of each row; empty if questions have none.

    Raises:
        ConfigError: A list cannot be read, or has fewer than two options, an empty one or one twice.
    """
    if not columns.is_choice:
        return [[] for _ in table.rows]
    found = [option_texts(columns, row) for row in table.rows]
    faults: tuple[tuple[str, Callable[[list[str]], bool]], ...] = (
        ("are fewer than two: give at least two", lambda options: len(options) < 2),
        ("include an empty one: fill it in", lambda options: not all(option.strip() for option in options)),
        ("include a duplicate: make them differ", lambda options: len({o.strip() for o in options}) < len(options)),
    )
    unread = [number for number, options in zip(table.numbers, found, strict=True) if options is None]
    if unread:
        raise table.fault(unread, "the options are not a list: write a JSON list of strings")
    for what, is_wrong in faults:
        wrong = [number for number, options in zip(table.numbers, found, strict=True) if is_wrong(options or [])]
        if wrong:
            raise table.fault(wrong, f"the options {what}")
    return [options for options in found if options is not None]


def _refuse_twice(table: DataTable, keys: list[tuple[str, ...]]) -> None:
    """Refuse duplicate questions: they would count twice, as if they were independent.

    Raises:
        ConfigError: There is one.
    """
    seen: dict[tuple[str, ...], int] = {}
    again = []
    for number, key in zip(table.numbers, keys, strict=True):
        if seen.setdefault(key, number) != number:
            again.append((number, seen[key]))
    if again:
        what = f"duplicate question (the first is also in {table.unit} {again[0][1]}): keep only one"
        raise table.fault([number for number, _ in again], what)


def _key(
    columns: Columns,
    render: Callable[[Mapping[str, Any], list[str]], str],
    row: dict[str, str],
    options: list[str],
    prompt: str,
) -> tuple[str, ...]:
    """What identifies a question: prompt and options, ignoring their order and repeated white space."""
    options = sorted(" ".join(option.split()) for option in options)
    in_order = dict(zip(columns.options, options, strict=True)) if columns.options else {}
    if columns.option_list is not None:
        in_order[columns.option_list] = _flat(options)
    if in_order:
        with suppress(Exception):  # a template may rest on the order; the prompt is compared as it is then
            prompt = render({**row, **in_order}, options)
    return (" ".join(prompt.split()), *options)


def template(task: TaskConfig, columns: Columns) -> Callable[[Mapping[str, Any], list[str]], str]:
    """A function that turns a row and its options into a prompt. Cells are values of the template, never templates.

    Raises:
        ConfigError: The task's template is not valid Jinja.
    """
    if task.prompt is None:
        return lambda row, _: DEFAULT_PROMPT.replace("{question}", row[columns.question])
    from jinja2 import StrictUndefined, TemplateError  # noqa: PLC0415 - where a template is given
    from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - see above

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        made = environment.from_string(task.prompt)
    except TemplateError as error:
        msg = f"evals.tasks: {task.name}: prompt: not a valid Jinja template: {printable(str(error), 120)}"
        raise ConfigError(msg) from error
    return lambda row, options: made.render({NAMED_OPTIONS: options, ROW: row, **row})


def _prompt(
    table: DataTable,
    number: int,
    render: Callable[[Mapping[str, Any], list[str]], str],
    row: dict[str, str],
    options: list[str],
) -> str:
    """The prompt of a row.

    Raises:
        ConfigError: The template fails on it, or makes an empty text.
    """
    try:
        prompt = render(row, options)
    except Exception as error:  # a template may raise anything on what a cell holds
        known = printable(", ".join(table.columns), 200)
        what = f"the prompt template fails: {printable(str(error), 120)}. Its variables are the columns: {known}"
        raise table.fault([number], what) from error
    if not prompt.strip():
        raise table.fault([number], "the prompt is empty: correct its template")
    return prompt


def _flat(cell: str | list[str] | None) -> str:
    """A cell as one text, for prompts and groups."""
    return ", ".join(cell) if isinstance(cell, list) else cell or ""


def _answers(cell: str | list[str] | None) -> list[str]:
    """The answers in a cell."""
    return [cell.strip()] if isinstance(cell, str) else [text.strip() for text in cell or []]


def _is_number(text: str) -> bool:
    """Whether a text is a number as programs write it: ``1234.5``."""
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False
