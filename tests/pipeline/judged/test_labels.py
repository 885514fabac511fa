"""Labelled texts: of data sets, of files, of exports of the app."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import assets
from audit.core.errors import UsageError
from audit.pipeline.judged.labels import LabelledText, labels_of_outputs, of_data_set, of_file
from audit.safety.judges.asking import JudgedText
from audit.safety.judges.rubric import load_rubric
from tests.safety.judges.conftest import PAIRS, SCALE

if TYPE_CHECKING:
    from pathlib import Path

ONE = JudgedText("p", "a")


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / "labels.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_rows_of_one_text_are_several_people(tmp_path: Path) -> None:
    row = {"prompt": "p", "output": "a"}
    file = written(tmp_path, row | {"label": "good"}, row | {"label": 0}, {**row, "output": "b", "label": "1"})
    found = of_file(SCALE, file)
    assert found.texts == [LabelledText(ONE, (3, 0)), LabelledText(JudgedText("p", "b"), (1,))]
    assert (found.name, found.left_out, found.texts[0].middle) == ("labels.jsonl", 0, 0)
    assert LabelledText(ONE, (3, 0, 1)).middle == 1
    again = of_file(SCALE, written(tmp_path, row | {"label": "good"}))
    assert again.digest != found.digest


def test_the_export_of_a_project_is_such_a_file(tmp_path: Path) -> None:
    """The header of ``audit ratings export``; practice and what was taken out do not count."""
    header = "item,kind,suite,task,rater,created,excluded,comment,prompt,output,output_b,options,rating,preference\n"
    rows = [
        *("1,regular,evals,t,ada,x,false,,p,a,b,,3,first", "1,regular,evals,t,bob,x,false,,p,a,b,,1,both_bad"),
        *("2,gold,evals,t,ada,x,false,,p,c,d,,3,tie", "3,regular,evals,t,ada,x,true,,p,e,f,,3,tie"),
        "4,regular,evals,t,ada,x,false,,p,g,h,,,second",
    ]
    file = tmp_path / "answers.csv"
    file.write_text(header + "\n".join(rows))
    found = of_file(SCALE, file, "rating")
    assert (found.texts, found.left_out) == ([LabelledText(ONE, (3, 1))], 3)
    pairs = of_file(PAIRS, file, "preference")
    assert [(one.judged.output, one.judged.other, one.ratings) for one in pairs.texts] == [
        ("a", "b", (1,)),
        ("g", "h", (0,)),
    ]
    assert pairs.left_out == 3


@pytest.mark.parametrize("name", ["completion", "prediction"])
def test_other_columns_may_hold_the_text(name: str, tmp_path: Path) -> None:
    assert of_file(SCALE, written(tmp_path, {"prompt": "p", name: "a", "label": 1})).texts == [LabelledText(ONE, (1,))]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            {"label": "goood"},
            r"row 1: label 'goood' is no level of helpful: bad \(0\), fair \(1\), good \(3\)\. Did you",
        ),
        ({"label": 2}, "label '2' is no level of helpful"),
        ({"rating": 1}, "no column 'label'"),
        ({"label": ""}, "no row has a label in the column 'label'"),
    ],
)
def test_a_label_must_be_a_level(row: dict[str, Any], fault: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=fault):
        of_file(SCALE, written(tmp_path, {"prompt": "p", "output": "a", **row}))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        of_file(SCALE, tmp_path / "missing.csv")
    (tmp_path / "list.jsonl").write_text("[1]\n")
    with pytest.raises(UsageError):
        of_file(SCALE, tmp_path / "list.jsonl")
    for depth in (700, 100_000):
        (tmp_path / "deep.jsonl").write_text(f'{{"prompt": {"[" * depth}{"]" * depth}}}\n')
        with pytest.raises(UsageError, match="line 1: not valid JSON"):
            of_file(SCALE, tmp_path / "deep.jsonl")


def test_messages_name_options_of_the_command(tmp_path: Path) -> None:
    for file, fault in (
        (tmp_path / "missing.csv", "name a file with --labels"),
        (written(tmp_path, {"prompt": "p", "label": 1}), r"no field 'output' .*: write it as a column"),
    ):
        with pytest.raises(UsageError, match=fault):
            of_file(SCALE, file)
    with pytest.raises(UsageError, match=r"no column 'label' \(found: prompt, output, rating\): name it with --l"):
        of_file(SCALE, written(tmp_path, {"prompt": "p", "output": "a", "rating": 1}))


def test_labels_of_another_runs_outputs_are_refused(tmp_path: Path) -> None:
    """The same item has the same id in every run; what was answered has not."""
    file = written(tmp_path, {"sample_id": "x", "label": 1, "output": "a\r\nb"}, {"sample_id": "z", "label": 1})
    assert labels_of_outputs(SCALE, file, outputs={"x": " a\n b ", "z": "c"}) == {"x": [1], "z": [1]}
    assert labels_of_outputs(SCALE, file, outputs={"x": None}) == {"x": [1], "z": [1]}
    with pytest.raises(UsageError, match="row 1: the output is not that of the run"):
        labels_of_outputs(SCALE, file, outputs={"x": "another"})


def test_labels_of_outputs_by_sample(tmp_path: Path) -> None:
    rows = [{"sample_id": "x", "label": "good"}, {"sample_id": "x", "label": 1}, {"sample_id": "y", "label": ""}]
    assert labels_of_outputs(SCALE, written(tmp_path, *rows)) == {"x": [3, 1]}
    with pytest.raises(UsageError, match=r"'6' is no level"):
        labels_of_outputs(SCALE, written(tmp_path, {"sample_id": "x", "label": 6}))


def test_data_sets_have_one_or_several_raters(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"prompt": "p", "completion": "a"}
    rows = {"harm": [row | {"ratings": [0.25, 1.0]}], "refused": [row | {"refused": True}], "none": [row]}
    monkeypatch.setattr(assets, "dataset", lambda name: SimpleNamespace(rows=rows[name], record=None))
    hate = load_rubric("hate_speech")
    assert of_data_set(hate, "harm").texts == [LabelledText(ONE, (0.25, 1.0))]
    assert of_data_set(load_rubric("refusal"), "refused").texts == [LabelledText(ONE, (1.0,))]
    with pytest.raises(UsageError, match="none: a data set without people's ratings"):
        of_data_set(hate, "none")
    with pytest.raises(UsageError, match=r"rating '0\.25' is no level of refusal"):
        of_data_set(load_rubric("refusal"), "harm")
