"""Tables of scored answers, sound and hostile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from tests.gate.importers.conftest import by_name, imported

if TYPE_CHECKING:
    from pathlib import Path

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
    with pytest.raises(UsageError, match="--task names one task"):
        imported(tmp_path / "runs", write(tmp_path, CSV), write(tmp_path, CSV, "b.csv"), task="t")
