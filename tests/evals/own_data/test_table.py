"""Tables in every format: what is read, and one line for what cannot be."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from audit.evals.own_data.table import read
from tests.evals.own_data.test_questions import CAPITALS, fault, questions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_same_questions_in_every_format_are_the_same(write: Callable[..., Path], tmp_path: Path) -> None:
    rows = list(csv.DictReader(CAPITALS.splitlines()))
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "mine.parquet")
    files = [
        write(CAPITALS),
        write("\ufeff" + CAPITALS.replace("\n", "\r\n"), "spreadsheet.csv"),
        write(CAPITALS.replace(",", "\t"), "mine.tsv"),
        write("".join(json.dumps(row) + "\n" for row in rows), "mine.jsonl"),
        tmp_path / "mine.parquet",
    ]
    found = [[(q.prompt, q.options, q.right, q.answers) for q in questions(file).questions] for file in files]
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no rows: give at least one question"),
        ("question,answer\n", "no rows: give at least one question"),
        ("question,answer\n\n \n", "no rows: give at least one question"),
        ("frage,answer\nx,y\n", ("no column question, prompt, input, text: name the column with the "
         "question. Its columns: frage, answer.")),
        ("question,antwort\nx,y\n", ("no column answer, label, target, correct, gold: name the column "
         "with the answer. Its columns: question, antwort.")),
        ("question,,answer\na,b,c\n", "column 2 has no name: name it in the header"),
        ("question,question,answer\na,b,c\n", "two columns are called question: rename one"),
        ("question,_options,answer\na,b,c\n", "the column name _options is reserved: rename the column"),
        ("question,answer\na,b\nc\nd,e,f\n", ("rows 3 and 4: not 2 cells as in the header: put quotes around cells "
         "that hold ','")),
        ('question,answer\n"a,b\n', "line 2: not valid CSV: unexpected end of data: check the quotes around its cells"),
        ("question,answer\na,b\n,c\nd,NaN\ne, \n", "row 3: question is empty: fill it in, or remove the rows"),
        ("question,answer\na,b\nd,NaN\ne, \n", "rows 3 and 4: answer is empty: fill it in, or remove the rows"),
        ("question,a,b,answer\nq,x,,x\n", "row 2: b is empty: fill it in, or remove the rows"),
        ("question,a,b,answer\nq,x,x,x\n", "row 2: the options include a duplicate: make them differ"),
        ("question,answer\na,b\nc,d\n a,b\na ,e\n", ("rows 4 and 5: duplicate question (the first is also in row "
         "2): keep only one")),
        ("question,a,b,answer\nq,x,y,x\nq,y,x,x\n", ("row 3: duplicate question (the first is also in row 2): "
         "keep only one")),
        ("question,answer\na,b\nc,d\0\n", "row 3: answer contains a NUL character: remove it"),
        ("question,an\0swer\na,b\n", "the name of column an\\x00swer contains a NUL character: remove it"),
        ("question;answer\na;b\n", "its cells are separated by semicolons: save it with commas"),
        ("question;answer\na, or b;c\n", "its cells are separated by semicolons: save it with commas"),
    ],
)  # fmt: skip
def test_a_csv_that_cannot_be_read_is_one_line(write: Callable[..., Path], content: str, message: str) -> None:
    assert fault(write(content)) == message


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("question,answer\nCafé,x\n".encode("latin-1"), "mine.csv", "not UTF-8 text (byte 20, line 2): save it as"),
        ("question,answer\na,b\n".encode("utf-16"), "mine.csv", "not UTF-8 text (byte 1, line 1): save it as UTF-8"),
        (b'{"question": "a", "answer": "b"}\n[1]\n{"question":\n', "mine.jsonl", "lines 2 and 3: not a JSON object"),
        (b'{"question": "a", "answer": "b"}\n{"question": "c"}\n', "mine.jsonl", "line 2: answer is empty"),
        (b'{"question": "a", "answer": NaN}\n', "mine.jsonl", "line 1: answer is empty"),
        (b'{"question": "a", "answer": {"x": 1}}\n', "mine.jsonl", "line 1: answer has an object"),
        (b'{"question": "a", "question": "c", "answer": "b"}\n', "mine.jsonl", "line 1: duplicate key 'question' in"),
        (b'\n{"question": "a", "answer": 1e999}\n', "mine.jsonl", "line 2: the number 1e999 is too large: correct it"),
        (b'{"question": "\\ud800", "answer": "b"}\n', "mine.jsonl", "line 1: question is not valid Unicode"),
        (b'{"question": "a", "answer": ["b", "c\\u0000"]}\n', "mine.jsonl", "line 1: answer contains a NUL character"),
        (b"not parquet", "mine.parquet", "not a Parquet file that can be read (Parquet "),
        (b"x", "mine.xlsx", "unsupported format: give a file that ends in .csv, .tsv, .jsonl, "),
        (b"[" * 100_000, "mine.jsonl", "line 1: not a JSON object"),
    ],
)  # fmt: skip
def test_other_files_that_cannot_be_read_are_one_line(
    write: Callable[..., Path], content: bytes, name: str, message: str
) -> None:
    assert fault(write(content, name)).startswith(message)


def test_a_file_that_is_not_there_gets_a_suggestion(write: Callable[..., Path], tmp_path: Path) -> None:
    write(CAPITALS)
    assert fault(tmp_path / "mien.csv").startswith("no such file: check the path.")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read: Is a directory" in fault(tmp_path / "folder.csv")


def test_gaps_and_floats_of_a_data_frame(tmp_path: Path) -> None:
    file = tmp_path / "mine.parquet"
    rows = {"question": ["1?", "2?", None], "answer": [3.0, math.nan, 4.5]}
    parquet.write_table(pa.table(rows), file)
    assert [row["answer"] for row in read(file).rows] == ["3", None, "4.5"]
    assert fault(file) == "row 3: question is empty: fill it in, or remove the rows"


def test_bytes_of_a_parquet_file_are_text(tmp_path: Path) -> None:
    file = tmp_path / "mine.parquet"
    parquet.write_table(pa.table({"question": ["Où?".encode(), b"Who?"], "answer": [b"here", None]}), file)
    assert [list(row.values()) for row in read(file).rows] == [["Où?", "here"], ["Who?", None]]
    parquet.write_table(pa.table({"question": [b"fine", b"\xff\xfe"], "answer": ["a", "b"]}), file)
    assert fault(file) == "row 2: question contains bytes that are not UTF-8 text"


def test_values_of_a_parquet_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.parquet"
    day = dt.date(2024, 7, 26)
    rows = {
        "question": [day, day],
        "answer": [Decimal("1.50"), Decimal(2)],
        "at": [dt.datetime(2024, 7, 26, 9), None],  # noqa: DTZ001 - Parquet files hold such, too
        "right": [True, False],
    }
    parquet.write_table(pa.table(rows), file)
    assert list(read(file).rows[0].values()) == ["2024-07-26", "1.50", "2024-07-26 09:00:00", "true"]
    parquet.write_table(pa.table({"question": ["q"], "answer": [dt.timedelta(1)]}), file)
    assert fault(file) == "row 1: answer contains a value of type timedelta: give strings, numbers or dates"


def test_a_long_cell_is_read(write: Callable[..., Path]) -> None:
    long = "word " * 100_000
    assert read(write(f"question,answer\n{long},b\n")).rows[0]["question"] == long


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@pytest.mark.slow
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_cells_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    """Python's own writers, and the values that they were given."""
    folder = tmp_path_factory.mktemp("cells")
    with (folder / "t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerows([("question", "answer"), *rows])
    lines = [json.dumps({"question": question, "answer": answer}) + "\n" for question, answer in rows]
    (folder / "t.jsonl").write_text("".join(lines), "utf-8")
    empty = {text for row in rows for text in row if not text.strip() or text.strip().lower() == "nan"}
    wanted = [[None if text in empty else text for text in row] for row in rows]
    assert [list(row.values()) for row in read(folder / "t.jsonl").rows] == wanted
    kept = [row for row, (question, answer) in zip(wanted, rows, strict=True) if question.strip() or answer.strip()]
    if kept:
        assert [list(row.values()) for row in read(folder / "t.csv").rows] == kept
