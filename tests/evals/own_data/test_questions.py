"""A user's own questions: what is read, and one line with row numbers for everything that cannot be."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from audit.core.config import TaskConfig
from audit.core.errors import ConfigError
from audit.evals.own_data.questions import QuestionFile, read_questions
from audit.evals.own_data.table import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CAPITALS = """question,a,b,c,answer
Capital of France?,Lyon,Paris,Nice,Paris
Capital of Poland?,Warsaw,Cracow,Lodz,Warsaw
Capital of Spain?,Bilbao,Seville,Madrid,Madrid
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(content: str | bytes, name: str = "mine.csv") -> Path:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


def questions(file: Path, **said: Any) -> QuestionFile:
    return read_questions(TaskConfig(name="mine", file=file, **said))


def fault(file: Path, **said: Any) -> str:
    """The one line on a file, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        questions(file, **said)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{file}: ")


def test_columns_with_usual_names_are_found(write: Callable[..., Path]) -> None:
    file = write(CAPITALS)
    found = questions(file)
    assert found.columns.shown == {"question": "question", "options": "a, b, c", "answer": "answer"}
    first = found.questions[0]
    assert (first.prompt, first.options, first.right) == (
        "Question: Capital of France?\nAnswer:",
        ("Lyon", "Paris", "Nice"),
        1,
    )
    assert [one.right for one in found.questions] == [1, 0, 2]
    assert [one.number for one in found.questions] == [2, 3, 4], "as a spreadsheet numbers rows"
    assert found.record.sha256 == hashlib.sha256(CAPITALS.encode()).hexdigest()
    assert (found.record.licence, found.record.name) == ("LicenseRef-yours", "mine.csv")


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
    ("answers", "said", "way"),
    [
        (["Paris", "Warsaw", "Madrid"], {}, "the option's text"),
        (["B", "A", "C"], {}, "the option's letter"),
        (["b", "a", "c"], {}, "the option's letter"),
        (["y", "x", "z"], {"options": ["x", "y", "z"]}, "the name of the option's column"),
        (["1", "0", "2"], {}, "the option's number, from 0"),
        (["2", "1", "3"], {}, "the option's number, from 1"),
    ],
)
def test_the_right_option_is_its_text_letter_column_or_number(
    write: Callable[..., Path], answers: list[str], said: dict[str, Any], way: str
) -> None:
    text = CAPITALS.replace("question,a,b,c", "question,x,y,z") if said else CAPITALS
    lines = text.splitlines()
    rows = [line.rpartition(",")[0] + "," + answer for line, answer in zip(lines[1:], answers, strict=True)]
    found = questions(write("\n".join([lines[0], *rows])), **said)
    assert [one.right for one in found.questions] == [1, 0, 2]
    assert found.way == way
    assert [one.answers for one in found.questions] == [("Paris",), ("Warsaw",), ("Madrid",)]


def test_two_readings_that_disagree_are_refused(write: Callable[..., Path]) -> None:
    text = "question,a,b,c,answer\nTwo?,1,2,3,2\nOne?,1,2,3,1\n"
    assert fault(write(text)) == (
        "rows 2 and 3: answer can be the option's text or the option's number, from 0: write letters (A, B, …), so "
        "that there is one reading"
    )
    letters = text.replace(",2\n", ",B\n").replace(",1\n", ",A\n")
    assert [one.right for one in questions(write(letters)).questions] == [1, 0]


def test_classes_are_the_options_of_every_question(write: Callable[..., Path]) -> None:
    file = write("text,label\nGood film.,1\nBad film.,0\n")
    found = questions(file, classes=["negative", "positive"])
    assert [(one.options, one.right) for one in found.questions] == [(("negative", "positive"), n) for n in (1, 0)]
    named = questions(write("text,label\nGood.,2\nBad.,1\n"), classes=["1", "2", "3"])
    assert [one.right for one in named.questions] == [1, 0], "what is written is the class, not its number"


def test_options_may_be_a_column_of_lists(write: Callable[..., Path]) -> None:
    rows = [{"question": f"{n}?", "choices": ["x", "y", "z"][: 2 + n], "answer": "y"} for n in range(2)]
    lists = write("\n".join(map(json.dumps, rows)), "mine.jsonl")
    assert [one.options for one in questions(lists).questions] == [("x", "y"), ("x", "y", "z")]
    cells = write('question,options,answer\n1?,"[""x"", ""y""]",y\n')
    assert questions(cells).questions[0].options == ("x", "y")
    bad = write('question,options,answer\n1?,"[""x"", ""y""]",y\n2?,x or y,y\n')
    assert fault(bad) == "row 3: the options are not a list: write a JSON list of texts"


def test_answers_may_be_several(write: Callable[..., Path]) -> None:
    rows = [{"question": "1?", "answer": ["a", "b"]}, {"question": "2?", "answer": "c"}]
    found = questions(write("\n".join(map(json.dumps, rows)), "mine.jsonl"))
    assert [one.answers for one in found.questions] == [("a", "b"), ("c",)]


def test_text_of_the_file_is_never_a_template(write: Callable[..., Path]) -> None:
    evil = "{{ 7 * 7 }} {% for x in (1, 2) %}x{% endfor %} {{ ''.__class__ }}"
    file = write(f'question,answer\n"{evil}","[1, 2]"\n')
    assert questions(file).questions[0].prompt == f"Question: {evil}\nAnswer:"
    assert questions(file, prompt="Q: {{question}}").questions[0].prompt == f"Q: {evil}"
    assert questions(file).questions[0].answers == ("[1, 2]",)


def test_a_template_has_the_columns_and_options(write: Callable[..., Path]) -> None:
    file = write(CAPITALS)
    prompt = "{{question}} {% for o in options %}({{loop.index}}) {{o}} {% endfor %}{{row['a']}}\n"
    assert questions(file, prompt=prompt).questions[0].prompt == "Capital of France? (1) Lyon (2) Paris (3) Nice Lyon\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no rows: give at least one question"),
        ("question,answer\n", "no rows: give at least one question"),
        ("question,answer\n\n \n", "no rows: give at least one question"),
        ("frage,answer\nx,y\n", ("none of the columns question, prompt, input, text is there: name the one with the "
         "question. Its columns: frage, answer.")),
        ("question,antwort\nx,y\n", ("none of the columns answer, label, target, correct, gold is there: name the one "
         "with the answer. Its columns: question, antwort.")),
        ("question,,answer\na,b,c\n", "column 2 has no name: name it in the header"),
        ("question,question,answer\na,b,c\n", "two columns are called question: rename one"),
        ("question,_options,answer\na,b,c\n", "the column name _options is reserved: rename the column"),
        ("question,answer\na,b\nc\nd,e,f\n", ("rows 3 and 4: not 2 cells as in the header: put quotes around cells "
         "that hold ','")),
        ('question,answer\n"a,b\n', "line 2: not valid CSV: unexpected end of data: check the quotes around its cells"),
        ("question,answer\na,b\n,c\nd,NaN\ne, \n", "row 3: question is empty: fill it in, or leave the rows out"),
        ("question,answer\na,b\nd,NaN\ne, \n", "rows 3 and 4: answer is empty: fill it in, or leave the rows out"),
        ("question,a,b,answer\nq,x,,x\n", "row 2: b is empty: fill it in, or leave the rows out"),
        ("question,a,b,answer\nq,x,x,x\n", "row 2: the options hold one twice: make them differ"),
        ("question,answer\na,b\nc,d\n a,b\na ,e\n", ("rows 4 and 5: the same question as before (the first as in row "
         "2): leave all but one out")),
        ("question,a,b,answer\nq,x,y,x\nq,y,x,x\n", ("row 3: the same question as before (the first as in row 2): "
         "leave all but one out")),
        ("question;answer\na;b\n", "its cells are separated by semicolons: save it with commas"),
        ("question;answer\na, or b;c\n", "its cells are separated by semicolons: save it with commas"),
    ],
)  # fmt: skip
def test_a_csv_that_cannot_be_read_is_one_line(write: Callable[..., Path], content: str, message: str) -> None:
    assert fault(write(content)) == message


def test_many_rows_are_counted_and_the_first_are_named(write: Callable[..., Path]) -> None:
    wrong = [f"q{n},x,y,{'z' if n % 2 else 'x'}\n" for n in range(20)]
    assert fault(write("question,a,b,answer\n" + "".join(wrong))) == (
        "rows 3, 5, 7, 9, 11 and 5 more: answer is none of the options (the first is 'z'): write the option's text or "
        "letter"
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"question": "frage"}, "question: no column 'frage'. Its columns: question, a, b, c, answer."),
        ({"question": "questoin"}, "question: no column 'questoin'. Did you mean 'question'? Its columns: "),
        ({"options": ["a", "z"]}, "options: no column 'z'; options that are the same for every question are classes"),
        ({"slices": ["region"]}, "slices: no column 'region'"),
        ({"cluster": "region"}, "cluster: no column 'region'"),
        ({"prompt": "{{ nothing }}"}, "row 2: the prompt's template fails: 'nothing' is undefined. Its variables are"),
        ({"prompt": "{{ question.__class__.__mro__ }}"}, "row 2: the prompt's template fails: "),
        ({"prompt": "{% if false %}x{% endif %}"}, "row 2: the prompt is empty"),
        ({"match": "number"}, "rows 2, 3 and 4: answer is not a plain number"),
        ({"classes": ["x", "y"]}, "rows 2, 3 and 4: answer is none of the options (the first is 'Paris')"),
    ],
)
def test_what_the_task_says_wrongly_is_one_line(write: Callable[..., Path], said: dict[str, Any], message: str) -> None:
    assert fault(write(CAPITALS), **said).startswith(message)


def test_a_template_that_is_none_and_a_name_that_is_none(write: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match="prompt: not a valid Jinja template"):
        questions(write(CAPITALS), prompt="{{ question")
    with pytest.raises(ConfigError, match="is named by letters, digits"):
        read_questions(TaskConfig(name="../mine", file=write(CAPITALS)))


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("question,answer\nCafé,x\n".encode("latin-1"), "mine.csv", "not UTF-8 text (byte 20, line 2): save it as"),
        ("question,answer\na,b\n".encode("utf-16"), "mine.csv", "not UTF-8 text (byte 1, line 1): save it as UTF-8"),
        (b'{"question": "a", "answer": "b"}\n[1]\n{"question":\n', "mine.jsonl", "lines 2 and 3: not a JSON object"),
        (b'{"question": "a", "answer": "b"}\n{"question": "c"}\n', "mine.jsonl", "line 2: answer is empty"),
        (b'{"question": "a", "answer": NaN}\n', "mine.jsonl", "line 1: answer is empty"),
        (b'{"question": "a", "answer": {"x": 1}}\n', "mine.jsonl", "line 1: answer holds an object"),
        (b'{"question": "\\ud800", "answer": "b"}\n', "mine.jsonl", "line 1: question is not valid Unicode"),
        (b"not parquet", "mine.parquet", "not a Parquet file that can be read"),
        (b"x", "mine.xlsx", "not a table that can be read: give a file that ends in .csv, .tsv, .jsonl, "),
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
    assert fault(file) == "row 3: question is empty: fill it in, or leave the rows out"


def test_options_in_another_order_are_the_same_question(write: Callable[..., Path]) -> None:
    file = write("question,a,b,answer\nq,x,y,x\nq,y,x,y\n")
    same = "row 3: the same question as before (the first as in row 2): leave all but one out"
    assert fault(file, prompt="{{ question }} {{ a }} or {{ b }}?") == same
    assert fault(file, prompt="{{ question }} {{ options | join(' or ') }}?") == same
    other = write("question,a,b,answer\nq,x,y,x\nq,y,z,y\n", "other.csv")
    assert len(questions(other, prompt="{{ question }} {{ a }} or {{ b }}?").questions) == 2


def test_bytes_of_a_parquet_file_are_text(tmp_path: Path) -> None:
    file = tmp_path / "mine.parquet"
    parquet.write_table(pa.table({"question": ["Où?".encode(), b"Who?"], "answer": [b"here", None]}), file)
    assert [list(row.values()) for row in read(file).rows] == [["Où?", "here"], ["Who?", None]]
    parquet.write_table(pa.table({"question": [b"fine", b"\xff\xfe"], "answer": ["a", "b"]}), file)
    assert fault(file) == "row 2: question holds bytes that are not UTF-8 text"


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
    assert fault(file) == "row 1: answer holds a value of type timedelta: give texts, numbers or dates"


def test_a_long_cell_is_read(write: Callable[..., Path]) -> None:
    long = "word " * 100_000
    assert read(write(f"question,answer\n{long},b\n")).rows[0]["question"] == long


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


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
