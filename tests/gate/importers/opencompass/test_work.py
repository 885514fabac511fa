"""Work folders of OpenCompass: sound ones give the tool's values, and what was changed is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import registry
from audit.gate.importers.contract import Stated
from audit.gate.importers.opencompass.work import READER
from audit.stats.definitions import Mean
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
    log = read(tmp_path / "c")
    assert log.ended_early == "tmp_other.json is about questions that were not all asked"
    assert ([task.name for task in log.tasks], len(log.files)) == (["qa"], 2)


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


def test_a_log_names_its_files_and_model(tmp_path: Path) -> None:
    folder = write(write(tmp_path), name="other", results={"accuracy": None})
    for given in (folder, folder / "predictions" / "tiny"):
        log = read(given)
        assert (log.tool, log.model, log.identity) == ("opencompass unknown", "tiny", {"model": "tiny"})
        assert [str(file.relative_to(folder)) for file in log.files] == [
            "predictions/tiny/other.json",
            "results/tiny/other.json",
            "predictions/tiny/qa.json",
            "results/tiny/qa.json",
        ]
        assert [(task.name, task.data, task.settings, task.incomplete) for task in log.tasks] == [
            (name, name, {"harness": "opencompass"}, None) for name in ("other", "qa")
        ]
        assert (log.ended_early, log.warnings) == (None, [])
    (folder / "predictions" / "notes").write_text("x", "utf-8")
    assert READER.recognises([folder])
    assert not READER.recognises([folder, tmp_path / "none"])
    (folder / "predictions" / "empty").mkdir()
    assert READER.recognises([folder])
    assert not READER.recognises([folder / "predictions" / "empty"])


@pytest.mark.parametrize(
    ("names", "data_sets"),
    [
        (("qa_0", "qa_10", "qa_2"), {"qa": ["qa_0", "qa_2", "qa_10"]}),
        (("qa_1", "qa_2"), {"qa_1": ["qa_1"], "qa_2": ["qa_2"]}),
        (("qa", "qa_0", "qa_1"), {"qa": ["qa"], "qa_0": ["qa_0"], "qa_1": ["qa_1"]}),
        (("a_2_0", "a_2_1"), {"a_2": ["a_2_0", "a_2_1"]}),
        (("_0", "_1"), {"_0": ["_0"], "_1": ["_1"]}),
        (("qa_x", "qa_0x"), {"qa_0x": ["qa_0x"], "qa_x": ["qa_x"]}),
    ],
)
def test_parts_of_a_data_set(tmp_path: Path, names: tuple[str, ...], data_sets: dict[str, list[str]]) -> None:
    for name in names:
        write(tmp_path, {"0": prediction(int("".join(filter(str.isdigit, name)) or 0))}, name=name, results=None)
    log = read(tmp_path)
    assert [task.name for task in log.tasks] == list(data_sets)
    assert [file.stem for file in log.files] == [one for parts in data_sets.values() for one in parts]


def test_what_was_not_evaluated_says_why(tmp_path: Path) -> None:
    for error, said in (("", ""), ("a\n b", " (a b)"), ("x" * 300, f" ({'x' * 200})"), (0, "")):
        early = read(write(tmp_path, results={"error": error, "accuracy": 5.0})).ended_early
        assert early == f"qa was not evaluated{said}"
    write(tmp_path, results=RESULTS)
    assert read(write(tmp_path, name="zz", results=None)).ended_early == "zz was not evaluated"
    (tmp_path / "predictions/tiny/tmp_zz.json").write_text("{}", "utf-8")
    assert (read(tmp_path).ended_early or "").startswith("tmp_zz.json is about questions")


def test_what_is_stated_of_each_metric(tmp_path: Path) -> None:
    rows = [{"correct": [True], "G-Pass@2": 0.5, "Mean Score": 0.25, "plain": 0.5}]
    results = {
        "note": "x",
        "flag": True,
        "G-Pass@2": 50.0,
        "qa/G-Pass@2": 50.0,
        "x/y/plain": 7.0,
        "Mean Score": 25,
        "accuracy (3 runs average)": 100.0,
        "bleu (1 runs average)": 12.5,
        "rouge (all runs average)": 3.0,
        "details": rows,
    }
    [task] = read(write(tmp_path, {"0": prediction(0)}, results=results)).tasks

    def of(metric: str, name: str, value: float, **fields: Any) -> Stated:
        definition = Mean(of=f"scores.{name}")
        return Stated(metric=metric, definition=definition, value=value, unit="share", higher_is_better=True, **fields)

    unknown = "the details have no value of it"
    assert task.stated == [
        of("g_pass_at_2", "g_pass_at_2", 0.5, primary=True),
        of("mean_score", "mean_score", 0.25),
        of("accuracy", "correct", 1.0, certain=False),
        Stated(metric="bleu", definition=None, value=12.5, certain=False, reason=unknown),
        Stated(metric="rouge_all_runs_average", definition=None, value=3.0, certain=False, reason=unknown),
    ]
    assert task.items[0].scores == {"correct": 1.0, "g_pass_at_2": 0.5, "mean_score": 0.25}
    [task] = read(write(tmp_path, {"0": prediction(0)}, results={"accuracy": 100.0})).tasks
    dump = "the log does not say which answers are right: run OpenCompass with --dump-eval-details"
    assert task.stated == [
        Stated(metric="accuracy", definition=None, value=100.0, primary=True, certain=False, reason=dump)
    ]


def test_predictions_are_counted_in_all_runs(tmp_path: Path) -> None:
    asked = [prediction(n) for n in (0, 1, 0, 1)]
    results = {"accuracy (2 runs average)": 75.0, "details": RUNS}
    [task] = read(write(tmp_path, numbered(asked[:3]), results=results)).tasks
    assert task.incomplete == "qa.json was truncated: 3 of 4 predictions"
    assert [item.scores for item in task.items] == [{"correct": None}] * 3  # of which question and run is not known
    with pytest.raises(EvidenceInvalid, match=r"it is about 4 predictions, and there are 5"):
        read(write(tmp_path, numbered([*asked, prediction(0)]), results=results))


def test_without_predictions_there_is_nothing_to_state(tmp_path: Path) -> None:
    [task] = read(write(tmp_path, {}, results=RESULTS)).tasks
    assert (task.incomplete, task.stated, task.items) == ("qa.json was truncated: 0 of 3 predictions", [], [])
    [task] = read(write(tmp_path, {}, results={"accuracy": 5.0})).tasks
    assert (task.incomplete, len(task.stated)) == (None, 1)
    [task] = read(write(tmp_path, {"1": prediction(1)}, results=RESULTS)).tasks
    assert (task.incomplete, len(task.stated)) == ("qa.json: 1 predictions are missing", 1)


def test_settings_are_those_of_the_last_summary_that_has_them(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "summary").mkdir()
    rows = {
        "summary_1.csv": "dataset,version,mode\nqa,a1,gen\nqa,b2,ppl\n",
        "summary_2.csv": "dataset,version,mode,other\nqa,c3,-,x\n",
        "summary_3.csv": "dataset,version\nqa,\n",
        "summary_4.csv": "dataset\nother\n",
        "notes.csv": "dataset,version\nqa,zz\n",
    }
    for name, text in rows.items():
        (folder / "summary" / name).write_text(text, "utf-8")
    assert read(folder).tasks[0].settings == {"harness": "opencompass", "version": "c3", "mode": "gen"}
    (folder / "summary" / "summary_5.csv").write_text('dataset,version\nqa,"a\nb"\n', "utf-8")
    assert read(folder).tasks[0].settings["version"] == "a\nb"
    (folder / "summary" / "summary_6.csv").write_bytes(b"dataset,version\rqa,d4\r")
    assert read(folder).tasks[0].settings["version"] == "d4"


def test_a_link_and_the_folder_one_is_in_have_the_name_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "out")
    (tmp_path / "link").symlink_to(folder / "predictions" / "tiny")
    monkeypatch.chdir(folder / "predictions" / "tiny")
    for given in (tmp_path / "link", Path()):
        log = read(given)
        assert (log.model, log.ended_early) == ("tiny", None)
        assert log.files == [folder / kind / "tiny" / "qa.json" for kind in ("predictions", "results")]


MBPP = {"pass": 2, "timeout": 0, "failed": 1, "wrong_answer": 0, "score": 200 / 3}
"""Of three programs, as ``MBPPEvaluator`` of OpenCompass 0.5.4 writes it; ``TheoremQAEvaluatorV3`` has the score."""


def judged(*right: bool, **said: float) -> dict[str, Any]:
    return {**said, "details": {str(n): {"programs": "p", "is_correct": one} for n, one in enumerate(right)}}


@pytest.mark.parametrize("said", [MBPP, {"score": 200 / 3}])
def test_a_score_that_is_the_share_of_right_answers_is_computed(tmp_path: Path, said: dict[str, float]) -> None:
    rows = numbered([prediction(n) for n in range(3)])
    run = imported(tmp_path / "runs", write(tmp_path / "out", rows, results=judged(True, True, False, **said)))
    found = by_name(run)
    score = found["qa/score"]
    assert (score.value, score.n, score.unit, score.primary) == (pytest.approx(2 / 3), 3, "share", True)
    others = [one for name, one in found.items() if name.removeprefix("qa/") in {*MBPP} - {"score"}]
    assert len(others) == len(said) - 1
    assert not any(one.primary or one.definition for one in others)


@pytest.mark.parametrize("said", [70.0, 66.67, 2 / 3])
def test_a_score_of_another_kind_is_not_taken_for_it(tmp_path: Path, said: float) -> None:
    """GAOKAO's multiple choices have marks for a part."""
    rows = numbered([prediction(n) for n in range(3)])
    one = metrics(read(write(tmp_path, rows, results=judged(True, True, False, score=said))))["score"]
    assert (one.definition, one.unit, one.primary) == (None, "score", True)
