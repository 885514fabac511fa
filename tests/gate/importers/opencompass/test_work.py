"""Work folders of OpenCompass: sound ones give the tool's values, and what was changed is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import registry
from audit.gate.importers.opencompass.work import READER
from tests.gate.importers.conftest import by_name, imported
from tests.gate.importers.opencompass.conftest import (
    RESULTS,
    details,
    metrics,
    numbered,
    prediction,
    predictions,
    read,
    write,
)  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path

RUNS = [
    {"example_abbr": "qa_0", "G-Pass@2_0.5": 1.0, "correct": [True, True]},
    {"example_abbr": "qa_1", "G-Pass@2_0.5": 0.5, "correct": [True, False]},
]
"""Of two questions in two runs."""


def test_a_folder_becomes_a_run_with_the_values_of_the_tool(tmp_path: Path) -> None:
    folder = write(tmp_path / "out")
    (folder / "summary").mkdir()
    rows = "dataset,version,metric,mode,tiny\nother,0,accuracy,ppl,1\nqa,a1b2c3,accuracy,gen,66.67\n"
    (folder / "summary" / "summary_1.csv").write_text(rows, "utf-8")
    run = imported(tmp_path / "runs", folder)
    found = by_name(run)["qa/accuracy"]
    assert (found.value, found.n, found.unit, found.primary) == (pytest.approx(2 / 3, abs=1e-12), 3, "share", True)
    manifest = run.read_manifest()
    assert (manifest.status, manifest.model.name) == ("complete", "tiny")
    assert manifest.tasks["qa"] == {"harness": "opencompass", "version": "a1b2c3", "mode": "gen"}


def test_a_summary_that_is_no_csv_is_one_line(tmp_path: Path) -> None:
    folder = write(tmp_path / "out")
    (folder / "summary").mkdir()
    (folder / "summary" / "summary_1.csv").write_text('dataset,version\n"qa"x,1\n', "utf-8")
    with pytest.raises(UsageError, match=r"summary_1\.csv: not valid CSV: ',' expected after '\"'"):
        read(folder)


def test_several_runs_give_their_mean_and_g_pass_at_k(tmp_path: Path) -> None:
    rows = numbered([prediction(n) for n in (0, 1, 0, 1)])
    said = {"accuracy (2 runs average)": 75.0, "qa/G-Pass@2_0.5": 75.0, "G-Pass@2_0.5": 75.0, "details": RUNS}
    found = metrics(read(write(tmp_path, rows, results=said)))
    assert {name: one.value for name, one in found.items()} == {
        "accuracy": 0.75,
        "g_pass_at_2_0.5": 0.75,
        "unscored": 0,
    }
    with pytest.raises(EvidenceInvalid, match=r"g_pass_at_2_0\.5: the log says 0\.8, the samples give 0\.75"):
        metrics(read(write(tmp_path, rows, results={**said, "G-Pass@2_0.5": 80.0})))


def test_an_accuracy_that_the_details_do_not_give_is_null(tmp_path: Path) -> None:
    found = metrics(read(write(tmp_path, results={**RESULTS, "accuracy": 66.0, "bleu": 12.5})))
    assert found["accuracy"].error == "the log says 0.66, the samples give 0.6666666667 by the nearest definition"
    assert found["bleu"].error == "the details have no value of it; the log says 12.5"


def test_without_details_items_are_unscored(tmp_path: Path) -> None:
    found = metrics(read(write(tmp_path, results={"accuracy": 66.7})))
    assert (found["accuracy"].value, found["unscored"].value) == (None, 3)
    assert "run OpenCompass with --dump-eval-details" in (found["accuracy"].error or "")


def test_without_an_evaluator_that_says_it_what_equals_the_reference_is_right(tmp_path: Path) -> None:
    rows = [
        {"origin_prediction": one["prediction"], "predictions": one["prediction"], "references": "A"}
        for one in predictions()
    ]
    said = {"accuracy": 200 / 3, "details": {"type": "GEN", **numbered(rows)}}
    assert metrics(read(write(tmp_path, results=said)))["accuracy"].value == pytest.approx(2 / 3)
    edited = numbered([prediction(0), prediction(1, "A"), prediction(2)])
    with pytest.raises(
        EvidenceInvalid, match=r"prediction 1: .*its prediction is not the origin_prediction in the results"
    ):
        read(write(tmp_path, edited, results=said))


def test_a_data_set_in_parts_is_one_task_and_a_name_that_ends_in_a_number_is_another(tmp_path: Path) -> None:
    write(tmp_path, numbered(predictions()[:2]), name="qa_0", results=None)
    write(tmp_path, numbered(predictions()[2:]), name="qa_1")
    (tmp_path / "results/tiny/qa_1.json").rename(tmp_path / "results/tiny/qa.json")
    write(tmp_path, name="aime_2024")
    log = read(tmp_path)
    assert [(task.name, len(task.items)) for task in log.tasks] == [("aime_2024", 3), ("qa", 3)]
    assert metrics(log, 1)["accuracy"].value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        (numbered(predictions()[:2]), "qa.json was truncated: 2 of 3 predictions"),
        ({"0": prediction(0), "2": prediction(2)}, "qa.json: 1 predictions are missing"),
    ],
)
def test_what_is_missing_makes_metrics_null(tmp_path: Path, rows: dict[str, Any], missing: str) -> None:
    log = read(write(tmp_path, rows))
    assert log.tasks[0].incomplete == missing
    assert metrics(log)["accuracy"].value is None


def test_what_was_not_evaluated_or_not_asked_makes_the_run_partial(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a", results=None)).ended_early == "qa was not evaluated"
    said = {"error": "different length"}
    assert read(write(tmp_path / "b", results=said)).ended_early == "qa was not evaluated (different length)"
    (write(tmp_path / "c") / "predictions/tiny/tmp_other.json").write_text("{}", "utf-8")
    assert read(tmp_path / "c").ended_early == "tmp_other.json is about questions that were not all asked"


def test_more_predictions_than_details_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceInvalid, match=r"it is about 2 predictions, and there are 3"):
        read(write(tmp_path, results={**RESULTS, "details": details()[:2]}))
    for rows in ({"a": {}}, {"0": 1}):
        with pytest.raises(UsageError, match=r"not predictions of OpenCompass"):
            read(write(tmp_path, rows))


def test_models_are_imported_one_by_one(tmp_path: Path) -> None:
    folder = write(write(tmp_path), model="large")
    with pytest.raises(UsageError, match=r"model tiny, in qa\.json large: import them separately"):
        read(folder)
    assert read(folder / "predictions" / "large").model == "large"
    for given in (folder, folder / "predictions" / "large"):
        assert registry.reader_for([given], None) is READER
    assert not READER.recognises([folder / "results"])
    with pytest.raises(UsageError, match=r"no predictions/MODEL/DATASET\.json in this folder"):
        read(folder / "results")


def test_predictions_behind_a_gap_get_no_details_of_others(tmp_path: Path) -> None:
    rows = numbered(predictions())
    del rows["1"]
    [task] = read(write(tmp_path, rows)).tasks
    assert task.incomplete == "qa.json: 1 predictions are missing"
    assert [item.score for item in task.items] == [None, None]
    del rows["2"]
    [cut] = read(write(tmp_path / "cut", rows)).tasks  # the last ones are missing: the first keeps its own
    assert [item.score for item in cut.items] == [1.0]


def test_metrics_may_have_names_in_any_script(tmp_path: Path) -> None:
    results = {"准确率": 50.0, "%": 1.0, **RESULTS}
    assert [one.metric for one in read(write(tmp_path, results=results)).tasks[0].stated] == [
        "准确率", "unnamed", "accuracy",
    ]  # fmt: skip
