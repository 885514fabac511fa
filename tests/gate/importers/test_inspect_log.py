"""Logs of Inspect: what is read of them, and what is refused."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers.contract import ImportOptions, Stated, Task
from audit.gate.importers.inspect_log import READER
from audit.stats.definitions import Mean
from tests.gate.importers.conftest import INSPECT, LOGS, a_score, edit, imported, read_inspect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


FOLDER = LOGS / "inspect"


def task_of(file: Path) -> Task:
    """What is read of a log, before a run is made of it."""
    [task] = READER.read([file], ImportOptions()).tasks
    return task


def test_both_formats_give_the_same_items(log: Path) -> None:
    one, two = ([replace(item, place="") for item in task_of(file).items] for file in (log, FOLDER / "sums.eval"))
    assert one == two
    assert (one[0].prompt, one[0].reference, one[0].output) == ("[system] Be brief.\n[user] What is 1 + 1?", "2", "2")
    assert one[0].scores == {"match": 1.0, "length": 0.1, "parts_letters": 1.0, "parts_digit": 0.5}


def test_epochs_are_completions_of_one_item() -> None:
    items = task_of(FOLDER / "epochs.eval").items
    assert [len(item.completions) for item in items] == [3] * 5
    for item in items:
        assert item.score == pytest.approx(sum(one.value or 0 for one in item.completions) / 3)


def test_settings_and_versions(log: Path) -> None:
    found = READER.read([log], ImportOptions())
    settings = found.tasks[0].settings
    assert settings["solvers"][0] == {"solver": "system_message", "params": {"template": "Be brief."}}
    assert (settings["epochs"], settings["version"], found.tasks[0].available) == (1, 0, 5)
    assert found.packages["inspect_ai"] == "0.3.285"
    assert found.started is not None
    assert found.finished is not None
    assert found.finished >= found.started


def test_a_duplicated_sample_is_refused(log: Path, tmp_path: Path) -> None:
    edit(log, lambda plain: plain["samples"].__setitem__(4, plain["samples"][0]))
    with pytest.raises(UsageError, match="sample 5: sample 2, epoch 1 occurs twice"):
        imported(tmp_path / "runs", log)


def test_a_sample_of_another_log_is_refused(log: Path, tmp_path: Path) -> None:
    edit(log, lambda plain: plain["samples"][2].update(id=99))
    with pytest.raises(EvidenceInvalid, match="not among the sample_ids"):
        imported(tmp_path / "runs", log)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"version": 1}, "log version 1, this program reads 2"),
        ({"results": []}, r"^/.*sums\.json: 'results' is a list"),
        ({"status": None}, "'status' is null"),
        ({"samples": [3]}, "sample 1: not an object"),
        ({"samples": []}, "the log holds no items"),
    ],
)
def test_wrong_types_are_one_line(log: Path, tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    edit(log, lambda plain: plain.update(change))
    with pytest.raises(UsageError, match=fault):
        imported(tmp_path / "runs", log)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda plain: plain["results"]["scores"][0].update(reducer=["mean"]), "'reducer' is a list"),
        (lambda plain: plain["eval"].update(created="0001-01-01T00:00:00+14:00"), "is not a time"),
        (lambda plain: plain["eval"].update(created="9999-12-31T23:59:59-14:00"), "is not a time"),
        (lambda plain: plain["results"]["scores"].append(plain["results"]["scores"][0]), "match_accuracy occurs twice"),
    ],
)
def test_odd_values_are_one_line(log: Path, tmp_path: Path, change: Callable[[Any], object], fault: str) -> None:
    edit(log, change)
    with pytest.raises(UsageError, match=fault):
        imported(tmp_path / "runs", log)
    assert not (tmp_path / "runs").exists()


def test_an_odd_headline_is_none(log: Path) -> None:
    edit(log, lambda plain: plain["results"].update(headline={"score": ["match"], "metric": {}}))
    assert not any(stated.primary for stated in task_of(log).stated)


def test_two_models_are_refused(log: Path, tmp_path: Path) -> None:
    edit(log, lambda plain: plain["eval"].update(model="another/model"))
    with pytest.raises(UsageError, match=r"model mockllm/model, in .*: import them separately"):
        imported(tmp_path / "runs", log, FOLDER / "letters.eval")


def test_several_logs_are_one_run() -> None:
    log = READER.read([FOLDER / "letters.eval", FOLDER / "sums.eval"], ImportOptions())
    assert [task.name for task in log.tasks] == ["letters", "sums"]


def test_a_metric_is_what_the_log_says_of_it(tmp_path: Path) -> None:
    accuracy = {"name": "pack/accuracy", "value": 0.5}
    spread = [{"name": name, "value": 1} for name in ("pack/stderr", "bootstrap_stderr", "std", "var")]
    tuned = {"name": "mean", "value": "x", "params": {"a": 1}}
    log = read_inspect(
        tmp_path, a_score("s", "s", accuracy, *spread), a_score("k", "s", tuned, reducer="mean"),
        a_score("s", "s", {"name": "accuracy"}, reducer="mode"), a_score("u", "u"),
    )  # fmt: skip
    first, second, mode = log.tasks[0].stated
    assert first == Stated(
        metric="s_accuracy", definition=Mean(of="scores.s"), value=0.5, unit="share", higher_is_better=True,
        primary=True, certain=True, reason=None,
    )  # fmt: skip
    assert second == Stated(
        metric="s_k_mean", definition=Mean(of="scores.s_k"), value=None, unit="score", higher_is_better=None,
        primary=True, certain=False, reason=None,
    )  # fmt: skip
    assert (mode.metric, mode.definition) == ("s_accuracy_mode", None)
    assert mode.reason == "Inspect's accuracy_mode has no definition here"
    assert log.warnings == ["t/s_k_mean: not compared: the log has no value"]
    assert [item.scores for item in log.tasks[0].items] == [{"s": 1.0, "s_k": None}, {"s": 0.0, "s_k": None}]


@pytest.mark.parametrize(
    ("values", "unit", "certain"),
    [((0, 1), "share", True), ((-0.5, 1), "score", True), ((0, 1.5), "score", True), ((0, None), "share", False)],
)
def test_values_outside_zero_and_one_are_no_shares(
    values: tuple[Any, Any], unit: str, certain: bool, tmp_path: Path
) -> None:
    """A sample that failed has no value, and is none that Inspect could have read otherwise."""
    samples = [{"id": n, "input": "q", "scores": {"s": {"value": value}}} for n, value in enumerate(values)]
    samples.append({"id": 9, "input": "q", "error": {"message": "broke"}})
    score = a_score("s", "s", {"name": "accuracy", "value": 0.5})
    (stated,) = read_inspect(tmp_path, score, samples=samples, results={"total_samples": 3}).tasks[0].stated
    assert (stated.unit, stated.certain) == (unit, certain)


@pytest.mark.parametrize(
    ("headline", "primary"),
    [
        (None, ["s_accuracy", "s_mean", "s_k_mean"]),
        ({"score": "k", "metric": "mean"}, ["s_k_mean"]),
        ({"score": "s", "metric": "mean"}, ["s_mean", "s_k_mean"]),
        ({"score": "u"}, ["u_mean"]),
        ({}, []),
    ],
)
def test_the_headline_is_primary(headline: Any, primary: list[str], tmp_path: Path) -> None:
    """Without one it is the first score; other scores of its scorer are named by it, too."""
    mean = {"name": "mean", "value": 1}
    scores = [a_score("s", "s", {"name": "accuracy"}, mean), a_score("k", "s", mean), a_score("u", "u", mean)]
    stated = read_inspect(tmp_path, *scores, results={"headline": headline}).tasks[0].stated
    assert [one.metric for one in stated if one.primary] == primary


def test_what_the_log_says_of_model_data_and_settings(tmp_path: Path) -> None:
    spec = {
        **INSPECT["eval"], "model_base_url": "u", "model_args": {"a": 1}, "task_args": {}, "task_version": 3,
        "created": "2026-01-02T03:04:03", "config": {"epochs": 2, "epochs_reducer": ["mean"]},
        "dataset": {"location": "here", "samples": 7}, "scorers": [{"name": "s"}, 1],
        "model_generate_config": {"seed": 1, "top_p": 0.5},
    }  # fmt: skip
    plan = {"steps": [{"solver": "generate", "params": {}, "more": 1}, 2], "config": {"seed": 2}}
    stats = {"started_at": "2026-01-02T03:04:04+00:00", "completed_at": "2026-01-02T05:04:05+02:00"}
    log = read_inspect(tmp_path, eval=spec, plan=plan, stats=stats)
    assert (log.tool, log.model, log.packages) == ("inspect_ai 0.3", "m", {"inspect_ai": "0.3"})
    assert log.identity == {"model": "m", "model_base_url": "u", "model_args": {"a": 1}}
    assert (log.started, log.finished) == (
        datetime(2026, 1, 2, 3, 4, 3, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    (task,) = log.tasks
    assert (task.name, task.data, task.available, task.incomplete, task.not_run) == ("t", "here", 7, None, None)
    assert task.settings == {
        "version": 3, "harness": "inspect_ai 0.3", "epochs": 2, "epochs_reducer": ["mean"],
        "solvers": [{"solver": "generate", "params": {}}], "scorers": ["s"], "generation": {"seed": 2, "top_p": 0.5},
    }  # fmt: skip
    bare = read_inspect(tmp_path, eval={"task": "t", "model": "m", "task_args": {"x": 1}})
    assert (bare.tool, bare.started, bare.finished, bare.tasks[0].data) == ("inspect_ai unknown", None, None, "t")
    assert bare.tasks[0].settings == {
        "harness": "inspect_ai unknown", "task_args": {"x": 1}, "solvers": [], "scorers": [], "generation": {},
    }  # fmt: skip
    begun = read_inspect(tmp_path, eval={**INSPECT["eval"], "created": 7}, stats={**stats, "completed_at": ""})
    assert begun.started == begun.finished == datetime(2026, 1, 2, 3, 4, 4, tzinfo=UTC)
    named = read_inspect(tmp_path, eval={"task": "t", "model": "m", "dataset": {"name": "d", "location": "here"}})
    assert named.tasks[0].data == "d"


@pytest.mark.parametrize(
    ("header", "incomplete", "ended"),
    [
        ({}, None, None),
        ({"results": {"total_samples": 3}}, "log.json was truncated: 2 of 3 samples", None),
        ({"results": {"total_samples": None}}, "the log has no results", None),
        ({"status": "error", "error": {"message": "a\n b"}}, "log.json has status error: a b", "same"),
        ({"status": "cancelled"}, "log.json has status cancelled", "same"),
        ({"status": "error", "error": {"message": "x" * 400}}, f"log.json has status error: {'x' * 300}", "same"),
        ({"invalidated": True, "status": "error"}, "log.json was invalidated by its author", "same"),
        ({"invalidated": 1}, None, None),
    ],
)
def test_why_samples_are_missing(
    header: dict[str, Any], incomplete: str | None, ended: str | None, tmp_path: Path
) -> None:
    log = read_inspect(tmp_path, **header)
    assert log.tasks[0].incomplete == incomplete
    assert log.ended_early == (incomplete if ended else None)


def test_samples_are_in_the_order_of_the_data_set(tmp_path: Path) -> None:
    """A number and the same number as text are two ids."""
    for listed, ids in (([0, 1], [0, 1]), ([], [1, 0]), ("10", [1, 0]), (["1", 1, 0], [1, 0])):
        spec = INSPECT["eval"] | {"dataset": {"sample_ids": listed}}
        assert [item.fields["id"] for item in read_inspect(tmp_path, eval=spec).tasks[0].items] == ids
    with pytest.raises(EvidenceInvalid) as caught:
        read_inspect(tmp_path, eval=INSPECT["eval"] | {"dataset": {"sample_ids": ["1", 0]}})
    said = "sample 1: evidence invalid: its id is not among the sample_ids of the log: it is of another log: "
    assert str(caught.value).startswith(f"{tmp_path}/log.json: {said}")
    with pytest.raises(EvidenceInvalid, match=r"log\.json: evidence invalid: it holds 2 samples, the results are on 1"):
        read_inspect(tmp_path, results={"total_samples": 1})


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"results": {"scores": [1]}}, "an entry of results.scores is not an object"),
        ({"results": {"scores": [a_score("s", "s") | {"metrics": {"a": 1}}]}}, "a metric of s is not an object"),
        ({"version": None}, "log version None, this program reads 2: convert it with `inspect log`"),
        ({"stats": {"started_at": "x" * 70}}, f"'{'x' * 58}… is not a time"),
        ({"status": 3}, "'status' is a number"),
        ({"version": "2"}, "'version' is a text"),
        ({"samples": {}}, "'samples' is an object"),
        ({"status": "error", "error": []}, "'error' is a list"),
        ({"plan": []}, "'plan' is a list"),
        ({"plan": {"steps": {}}}, "'steps' is an object"),
        ({"plan": {"config": []}}, "'config' is a list"),
        ({"stats": []}, "'stats' is a list"),
        ({"results": {"total_samples": "2"}}, "'total_samples' is a text"),
        ({"results": {"scores": {}}}, "'scores' is an object"),
        ({"results": {"scores": [{"scorer": "s"}]}}, "no 'name': is this file of another tool or version?"),
        ({"results": {"scores": [a_score("s", "s") | {"reducer": []}]}}, "'reducer' is a list"),
        ({"results": {"scores": [a_score("s", "s") | {"metrics": []}]}}, "'metrics' is a list"),
        ({"results": {"scores": [a_score("s", "s", {})]}}, "no 'name': is this file of another tool or version?"),
        ({"eval": []}, "'eval' is a list"),
        ({"eval": {"task": "t"}}, "no 'model': is this file of another tool or version?"),
        ({"eval": {"model": "m"}}, "no 'task': is this file of another tool or version?"),
        *(
            ({"eval": INSPECT["eval"] | {name: 1}}, f"'{name}' is a number")
            for name in ("packages", "dataset", "config", "model_generate_config", "scorers")
        ),
    ],
)
def test_faults_of_a_log_are_one_line(given: dict[str, Any], fault: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_inspect(tmp_path, **given)
    assert str(caught.value) == f"{tmp_path}/log.json: {fault}"


def test_a_log_without_samples_did_not_run(tmp_path: Path) -> None:
    said = "the log holds no samples: was it written with log_samples=False?"
    assert read_inspect(tmp_path, samples=[]).tasks == [Task(name="t", data="t", not_run=said)]
    assert read_inspect(tmp_path, samples=None).tasks == [Task(name="t", data="t", not_run=said)]
    (tmp_path / "log.json").unlink()
    assert not READER.recognises([tmp_path])
    with pytest.raises(UsageError, match=rf"^{tmp_path}: no \.eval files in this folder$"):
        READER.read([tmp_path], ImportOptions())


def test_the_logs_of_a_folder_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in "daefcb":
        start = {"version": 2, "eval": INSPECT["eval"] | {"task": name}}
        with zipfile.ZipFile(tmp_path / f"{name}.eval", "w") as archive:
            archive.writestr("_journal/start.json", json.dumps(start))
    assert [task.name for task in READER.read([tmp_path], ImportOptions()).tasks] == list("abcdef")


@pytest.mark.parametrize("spec", [{"packages": {"inspect_ai": "0.4"}}, {"model_args": {"a": 1}}])
def test_logs_of_two_versions_or_with_other_arguments_are_two_runs(spec: dict[str, Any], tmp_path: Path) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file, changes in zip(files, ({}, spec), strict=True):
        file.write_text(json.dumps(INSPECT | {"eval": INSPECT["eval"] | changes}), "utf-8")
    with pytest.raises(UsageError, match=rf"^{files[1]}: (inspect_ai 0\.4|model_args {{'a': 1}}), in a\.json "):
        READER.read(files, ImportOptions())


def test_a_metric_with_parameters_may_be_another_function_of_the_samples(tmp_path: Path) -> None:
    metrics = {"name": "mean", "value": 0.5, "params": {"a": 1}}, {"name": "accuracy", "value": 0.5, "params": {}}
    log = read_inspect(tmp_path, a_score("s", "s", *metrics), {"name": "k", "scorer": "s", "metrics": None})
    assert [one.certain for one in log.tasks[0].stated] == [False, True]


def test_an_archive_that_was_killed_has_a_journal(tmp_path: Path) -> None:
    file = tmp_path / "a.eval"
    start = {"version": 2, "eval": INSPECT["eval"]}
    sample = json.dumps({"id": 1, "input": "q"})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps(start))
        archive.writestr("samples/1_epoch_1.json", sample)
        archive.writestr(f"samples/{'x' * 100}.json", json.dumps({"id": 2, "input": "q"}))
    log = READER.read([file], ImportOptions())
    assert (log.ended_early, log.tasks[0].incomplete) == ("a.eval has status started", "a.eval has status started")
    assert log.tasks[0].file == file
    places = ["samples/1_epoch_1.json", f"samples/{'x' * 91}…"]
    assert [item.place for item in log.tasks[0].items] == [f"{file}: {place}" for place in places]
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.json", json.dumps(INSPECT | {"version": 1}))
    with pytest.raises(UsageError, match=rf"^{file}: header\.json: log version 1"):
        READER.read([file], ImportOptions())
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("samples/1_epoch_1.json", sample)
    with pytest.raises(UsageError, match=rf"^{file}: no header\.json in the archive: this is no log of Inspect$"):
        READER.read([file], ImportOptions())


@pytest.mark.parametrize(
    ("name", "text", "known"),
    [
        ("a.eval", "", True),
        ("a.json", '{"version": 2, "status": "x", "eval": {}}', True),
        ("a.txt", '{"version": 2, "status": "x", "eval": {}}', False),
        ("a.json", '{"version": 2, "status": "x"}', False),
        ("a.json", '{"version": 2, "eval": {}}', False),
        ("a.json", '{"status": "x", "eval": {}}', False),
        ("a.json", " " * 4055 + '{"version": 2, "status": "x", "eval": {}}', True),
        ("a.json", " " * 4096 + '{"version": 2, "status": "x", "eval": {}}', False),
    ],
)
def test_a_log_is_known_by_its_beginning(name: str, text: str, known: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert READER.recognises([tmp_path / name]) is known
    assert not READER.recognises([tmp_path / name, tmp_path / "gone.json"])
