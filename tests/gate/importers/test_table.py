"""Tables of scored answers, sound and hostile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import digest_of
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.table import READER
from tests.gate.importers.conftest import by_name, imported

if TYPE_CHECKING:
    from audit.gate.importers.contract import Log

CSV = "id,prompt,output,score,book\n1,a?,x,1,p\n2,b?,y,0,p\n3,c?,z,,q\n4,d?,w,1,q\n"


def write(folder: Path, text: str | bytes, name: str = "answers.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_an_empty_score_is_unscored_and_counts_nowhere(tmp_path: Path) -> None:
    run = imported(tmp_path / "runs", write(tmp_path, CSV), model="mine", cluster="book", slices=("book",))
    metrics = by_name(run)
    score = metrics["answers/score"]
    assert (score.value, score.n, score.unit, score.primary) == (pytest.approx(2 / 3), 3, "share", True)
    assert metrics["answers/unscored"].value == 1
    samples = run.read_samples("evals", "answers")
    assert [sample.slices for sample in samples] == [{"book": "p"}, {"book": "p"}, {"book": "q"}, {"book": "q"}]
    assert len({sample.cluster for sample in samples}) == 2
    assert samples[2].error == "the column score is empty"
    slices = {m.slice["book"]: m.value for m in run.read_metrics() if m.slice}
    assert slices == {"p": 0.5, "q": 1.0}
    assert run.read_manifest().model.name == "mine"


def test_columns_by_name_several_scores_and_direction(tmp_path: Path) -> None:
    rows = [{"q": f"q{n}", "loss": n / 2, "ok": n % 2 == 0, "gold": "g"} for n in range(4)]
    file = write(tmp_path, "".join(f"{json.dumps(row)}\n" for row in rows), "a.jsonl")
    options = {"columns": {"prompt": "q", "reference": "gold"}, "scores": ("loss", "ok"), "lower_is_better": True}
    metrics = by_name(imported(tmp_path / "runs", file, task="mine", **options))
    loss, right = metrics["mine/loss"], metrics["mine/ok"]
    assert (loss.value, loss.unit, loss.higher_is_better) == (0.75, "score", False)
    assert (right.value, right.unit) == (0.5, "share")


def test_each_score_counts_the_items_that_have_it(tmp_path: Path) -> None:
    """Of ten items one lacks the primary score and another both."""
    rows = [f"{n},{'' if n in {2, 5} else n % 2},{'' if n == 5 else n}" for n in range(10)]
    run = imported(tmp_path / "runs", write(tmp_path, "\n".join(["id,s1,s2", *rows])), scores=("s1", "s2"))
    metrics = by_name(run)
    first, second = metrics["answers/s1"], metrics["answers/s2"]
    assert (first.value, first.n) == (4 / 8, 8)
    assert (second.value, second.n) == (pytest.approx(40 / 9), 9)
    assert metrics["answers/unscored"].value == 2
    assert [one.error for one in run.read_samples("evals", "answers") if one.error] == ["the columns s1, s2 are empty"]


def test_ids_of_two_models_agree_and_of_other_data_do_not(tmp_path: Path) -> None:
    files = [
        write(tmp_path, CSV, "one.csv"),
        write(tmp_path, CSV.replace("x,1", "other,0"), "two.csv"),
        write(tmp_path, CSV.replace("a?", "another question?"), "three.csv"),
    ]
    runs = [imported(tmp_path / "runs", file, task="t", model=file.stem) for file in files]
    one, two, three = ([s.sample_id for s in run.read_samples("evals", "t")] for run in runs)
    assert one == two
    assert [a == b for a, b in zip(one, three, strict=True)] == [False, True, True, True]


def test_ids_alone_are_warned_of(tmp_path: Path) -> None:
    manifest = imported(tmp_path / "runs", write(tmp_path, "id,score\n1,1\n2,0\n")).read_manifest()
    assert any("ids alone" in warning for warning in manifest.warnings)


def test_a_byte_order_mark_and_other_separators_are_read(tmp_path: Path) -> None:
    old = tables(write(tmp_path, "id,score\r1,1\r2,0\r")).tasks[0].items
    assert [item.score for item in old] == [1.0, 0.0]
    text = b"\xef\xbb\xbfid\tscore\r\n1\ttrue\r\n2\tFalse\r\n"
    assert by_name(imported(tmp_path / "runs", write(tmp_path, text, "a.tsv")))["a/score"].value == 0.5


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty"),
        ("id,score\n", "no rows"),
        ("id,score\n1,nan\n", "row 2: score is 'nan', not a finite number"),
        ("id,score\n1,1\n2,1e999\n", "row 3: score is '1e999'"),
        ("id,score\n1,1_0\n", "row 2: score is '1_0'"),
        ("id,score\n1,good\n", "row 2: score is 'good'"),
        ("id,score\n7,1\n7,0\n", "row 3: id 7 is also on row 2"),
        ("id,score\n1,1,2\n", "row 2: 3 cells, the header has 2"),
        ("id,id\n1,1\n", "two columns are called 'id'"),
        ("id;score\n1;1\n", "separated by semicolons"),
        ('id,score\n"1,1\n', "not valid CSV"),
        ("id,value\n1,1\n", "no column 'score'"),
        ("name,score\n1,1\n", "no column that identifies the items"),
        (b"id,score\n1,\xff\n", "not UTF-8"),
        (b"id,score\n1,\x001\n", "line 2: a NUL byte"),
    ],
)
def test_bad_csv_is_one_line(tmp_path: Path, text: str | bytes, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        imported(tmp_path / "runs", write(tmp_path, text))
    assert fault in str(caught.value)
    assert "answers.csv" in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"id": 1, "score": NaN}', "line 2: score is nan"),
        ('{"id": 1, "score": Infinity}', "line 2: score is inf"),
        ('{"id": 1, "score": [1]}', "line 2: score is"),
        ('{"id": [1], "score": 1}', "line 2: id is a list"),
        ('{"id": 1, "id": 2, "score": 1}', "line 2: not valid JSON: duplicate key 'id'"),
        ('{"id": "\\ud800", "score": 1}', "line 2: it contains half of a surrogate pair"),
        ("[1]", "line 2: not a JSON object but a list"),
        ('{"id": 1, "sco', "the file ends in the middle of a line"),
        ("[" * 100_000, "line 2: nested too deeply"),
        ('{"id": 1, "score": ' + "9" * 5000 + "}", "line 2: not valid JSON"),
    ],
)
def test_bad_json_lines_are_one_line(tmp_path: Path, line: str, fault: str) -> None:
    file = write(tmp_path, f'{{"id": 0, "score": 1}}\n{line}', "a.jsonl")
    with pytest.raises(UsageError) as caught:
        imported(tmp_path / "runs", file)
    assert fault in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"columns": {"prompt": "promt"}}, r"--prompt promt: no such column\. Did you mean 'prompt'\?"),
        ({"scores": ("scor",)}, "no column 'scor'.*Did you mean 'score'"),
        ({"cluster": "bok"}, "row 2: no field 'bok'. Did you mean 'book'"),
    ],
)
def test_unknown_columns_are_named(tmp_path: Path, options: dict[str, object], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        imported(tmp_path / "runs", write(tmp_path, CSV), **options)


def test_one_name_is_for_one_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"^{tmp_path}/b\.csv: --task names one task: import the files separately$"):
        tables(write(tmp_path, CSV), write(tmp_path, CSV, "b.csv"), task="t")


def tables(*files: Path, **options: Any) -> Log:
    """What is read of tables, before a run is made of it."""
    return READER.read(files, ImportOptions(**options))


def test_every_column_of_a_row_is_in_its_item(tmp_path: Path) -> None:
    """An item is known by id, prompt and reference; empty cells are no fields."""
    header, row = "\n id ,prompt,output,reference,score,other\n", "7,q?,said,gold,0.5,\n"
    log = tables(write(tmp_path, f"{header}\n{row} , ,\n8,,,,1,x\n"), model="m")
    first, second = log.tasks[0].items
    assert (first.place, first.prompt, first.output, first.reference) == (
        f"{tmp_path}/answers.csv: row 4", "q?", "said", "gold",
    )  # fmt: skip
    assert first.fields == {"id": "7", "prompt": "q?", "output": "said", "reference": "gold", "score": "0.5"}
    assert (first.score, first.scores, first.error) == (0.5, {"score": 0.5}, None)
    assert (second.prompt, second.output, second.reference) == (None, None, None)
    assert (first.digest, second.digest) == (digest_of("7", "q?", "gold"), digest_of("8", None, None))
    assert (log.tool, log.model, log.identity, log.warnings) == ("table", "m", {"name": "m"}, [])
    assert tables(write(tmp_path, CSV)).model == "unknown"


def test_columns_that_are_named_replace_those_that_are_called_so(tmp_path: Path) -> None:
    file = write(tmp_path, "id,n,prompt,q,score,a,b\n1,5,p,P,1,2,3\n1,6,p,R,1,0,1\n")
    log = tables(file, columns={"id": "n", "prompt": "q"}, scores=("a", "score", "b"), task="mine", unit="points")
    (task,) = log.tasks
    assert (task.name, task.data, task.file) == ("mine", "mine", file)
    assert [item.digest for item in task.items] == [digest_of("5", "P", None), digest_of("6", "R", None)]
    assert task.items[0].scores == {"a": 2.0, "score": 1.0, "b": 3.0}
    assert task.items[0].score == 2.0
    assert [(one.metric, one.primary, one.unit, one.higher_is_better) for one in task.stated] == [
        ("a", True, "points", True), ("score", True, "points", True), ("b", False, "points", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "unit"),
    [("0 1", "share"), ("1", "share"), ("0.5 1", "score"), ("0 2", "score"), ("true FALSE", "share")],
)
def test_zeros_and_ones_are_shares(tmp_path: Path, scores: str, unit: str) -> None:
    rows = "".join(f"{place},{score}\n" for place, score in enumerate(scores.split()))
    assert tables(write(tmp_path, f"id,score\n{rows}9,\n")).tasks[0].stated[0].unit == unit


def test_values_of_json_lines_keep_their_kind(tmp_path: Path) -> None:
    rows = [{"id": 1, "score": True, "output": 0.5}, {"prompt": "q", "score": " TRUE "}, {"id": False, "score": "1e1"}]
    file = write(tmp_path, "".join(f"{json.dumps(row)}\n" for row in rows), "a.NDJSON")
    items = tables(file).tasks[0].items
    assert [item.score for item in items] == [1.0, 1.0, 10.0]
    assert (items[0].output, items[0].fields) == ("0.5", rows[0])
    assert [item.digest for item in items] == [digest_of("1", None, None), digest_of(None, "q", None),
                                               digest_of("False", None, None)]  # fmt: skip
    assert items[1].place == f"{file}: line 2"


def test_null_is_an_empty_cell(tmp_path: Path) -> None:
    line = '{"id": null, "prompt": "q", "output": null, "score": null, "other": 0}\n'
    (item,) = tables(write(tmp_path, line, "a.jsonl")).tasks[0].items
    assert item.fields == {"prompt": "q", "other": 0}
    assert (item.output, item.score, item.error) == (None, None, "the column score is empty")


def test_items_are_warned_of_where_none_has_a_text(tmp_path: Path) -> None:
    ids, mixed = write(tmp_path, "id,score\n1,1\n", "ids.csv"), write(tmp_path, "id,reference,score\n1,,1\n2,x,1\n")
    prompts = write(tmp_path, "id,prompt,score\n1,x,1\n", "prompts.csv")
    text = "items have ids alone, no prompt or reference: other data under the same ids would pair up"
    assert tables(ids, mixed, prompts).warnings == [f"ids: {text}"]


@pytest.mark.parametrize(
    ("name", "known"), [("a.csv", True), ("a.TSV", True), ("a.jsonl", True), ("a.ndjson", True), ("a.json", False)]
)
def test_a_table_is_known_by_its_ending(name: str, known: bool) -> None:
    assert READER.recognises([Path(name), Path("b.csv")]) is known


@pytest.mark.parametrize(
    ("text", "name", "options", "fault"),
    [
        ("id,score\n", "a.txt", {}, "not a table: give a file that ends in .csv, .tsv or .jsonl"),
        ("id,score\n\n1\n", "a.csv", {}, "row 3: 1 cells, the header has 2: check its quotes"),
        ("a;b\n", "a.tsv", {}, "row 1: its cells are separated by semicolons: save it with commas"),
        (
            "a;b,id,score\n1,2,x\n",
            "a.csv",
            {},
            ("row 2: score is 'x', not a finite number: leave it empty if the item was not scored"),
        ),
        (
            "score\n1\n",
            "a.csv",
            {},
            "no column that identifies the items: name one with --id or --prompt. Its columns: score",
        ),
        ("b,a,a,b\n", "a.csv", {}, "row 1: two columns are called 'b': rename one"),
        (f"{'x' * 70},{'x' * 70}\n", "a.csv", {}, f"row 1: two columns are called '{'x' * 58}…: rename one"),
        (
            "x,score\n1,1\n",
            "a.csv",
            {},
            ("no column that identifies the items: name one with --id or --prompt. Its columns: x, score"),
        ),
        ("id,prompt,score\n,,1\n", "a.csv", {}, "row 2: neither an id nor a prompt identifies this item"),
        (
            "id,scor\n1,1\n",
            "a.csv",
            {},
            ("no column 'score': name another with 'audit import --score'. Did you mean 'scor'? Its columns: id, scor"),
        ),
        (
            "id,score\n1,1\n",
            "a.csv",
            {"columns": {"output": "scre"}},
            ("--output scre: no such column. Did you mean 'score'? Its columns: id, score"),
        ),
        (
            f"id,score\n{'i' * 70},1\n2,1\n{'i' * 70},1\n",
            "row: a.csv",
            {},
            (f"row 4: id {'i' * 59}… is also on row 2: give each item once"),
        ),
        (
            f"id,score\n1,{'y' * 70}\n",
            "a.csv",
            {},
            (f"row 2: score is '{'y' * 58}…, not a finite number: leave it empty if the item was not scored"),
        ),
        (f"id,{'z' * 400}\n", "a.csv", {}, "no rows"),
        (
            f"id,{'z' * 400}\n1,1\n",
            "a.csv",
            {},
            (f"no column 'score': name another with 'audit import --score'. Its columns: id, {'z' * 295}…"),
        ),
    ],
)
def test_faults_of_tables_say_what_and_where(
    text: str, name: str, options: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    file = write(tmp_path, text, name)
    with pytest.raises(UsageError) as caught:
        tables(file, **options)
    assert str(caught.value) == f"{file}: {fault}"


def test_a_broken_quote_is_on_its_line_and_cells_may_be_long(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"csv: line 3: not valid CSV: .*: check the quotes around its cells$"):
        tables(write(tmp_path, 'id,score\n1,1\n"2"x,1\n'))
    long = "p" * 200_000
    assert tables(write(tmp_path, f"prompt,score\n{long},1\n")).tasks[0].items[0].prompt == long
