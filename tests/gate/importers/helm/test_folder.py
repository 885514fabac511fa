"""Run folders of HELM: sound ones give the tool's values, and what was changed is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import registry
from audit.gate.importers.contract import Stated
from audit.gate.importers.helm.folder import BOOKKEEPING, QUALITY, READER
from audit.stats.definitions import Mean
from tests.gate.importers.conftest import by_name, imported
from tests.gate.importers.helm.conftest import (
    ADAPTER,
    STATS,
    TYPOS,
    entries,
    entry,
    metrics,
    read,
    request,
    requests,
    stat,
    write,
)  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folder_of_a_suite_becomes_a_run_with_the_values_of_the_tool(tmp_path: Path) -> None:
    write(tmp_path / "suite" / "capitals:model=local_tiny,language=en")
    run = imported(tmp_path / "runs", tmp_path / "suite", slices=("id",))
    found = by_name(run)
    assert {name: (one.value, one.n) for name, one in found.items() if one.error is None} == {
        "capitals:language=en/exact_match": (pytest.approx(3 / 6, abs=1e-12), 3),
        "capitals:language=en/f1_at_5": (pytest.approx(3 / 24, abs=1e-12), 3),
        "capitals:language=en/unscored": (0, 3),
    }
    assert [one.metric for one in found.values() if one.primary] == ["exact_match"]
    assert found["capitals:language=en/perplexity"].error == ("HELM derives it from other statistics; the log says 4")
    manifest = run.read_manifest()
    assert (manifest.status, manifest.model.source) == ("complete", "local/tiny")
    assert manifest.started.isoformat() == "2026-01-01T00:00:00+00:00"
    settings = manifest.tasks["capitals:language=en"]
    assert (settings["temperature"], settings["max_tokens"], "model" in settings) == (0.0, 5, False)


def test_a_task_has_the_same_name_for_every_model(tmp_path: Path) -> None:
    named = {
        "mmlu:subject=law,model=a_b": "mmlu:subject=law",
        "mmlu:model=a_b,model_deployment=c,subject=law": "mmlu:subject=law",
        "simple:model=a": "simple",
        "simple": "simple",
    }
    for given, name in named.items():
        assert read(write(tmp_path, name=given)).tasks[0].name == name


def test_it_is_recognised_by_its_specification(tmp_path: Path) -> None:
    folder = write(tmp_path / "suite" / "a")
    assert registry.reader_for([folder], None) is READER
    assert registry.reader_for([tmp_path / "suite"], None) is READER
    assert not READER.recognises([folder / "run_spec.json"])
    assert not READER.recognises([tmp_path])
    with pytest.raises(UsageError, match=r"no run_spec\.json with scenario_state\.json in this folder"):
        read(tmp_path)


def test_splits_and_perturbations_are_tasks(tmp_path: Path) -> None:
    asked, found, stats = requests(), entries(), list(STATS)
    for trial in (0, 1):
        asked.append(request("id0", trial, instance={"perturbation": TYPOS, "input": {"text": "Qestion?"}}))
        asked.append(request("id9", trial, instance={"split": "valid"}))
        found.append(entry("id0", trial, stat("exact_match", 0.0, perturbation=TYPOS), perturbation=TYPOS))
        found.append(
            entry("id9", trial, stat("exact_match", 1.0) | {"name": {"name": "exact_match", "split": "valid"}})
        )
    stats.append(stat("exact_match", 0.0, 2, perturbation=TYPOS))
    stats.append(stat("exact_match", 1.0, 2) | {"name": {"name": "exact_match", "split": "valid"}})
    log = read(write(tmp_path, name="qa", requests=asked, entries=found, stats=stats))
    values = {task.name: metrics(log, place)["exact_match"].value for place, task in enumerate(log.tasks)}
    assert values == {"qa_test": 0.5, "qa_test_typos": 0.0, "qa_valid": 1.0}
    assert len({task.data for task in log.tasks}) == 3
    assert "typos" in log.tasks[1].settings["perturbation"]


def test_an_edited_statistic_is_a_contradiction_and_one_over_several_values_the_nearest(tmp_path: Path) -> None:
    edited = [stat("exact_match", 0.5000001, 2), *STATS[1:]]
    with pytest.raises(EvidenceInvalid, match=r"exact_match: the log says 0\.5000001, the samples give 0\.5"):
        metrics(read(write(tmp_path, stats=edited)))
    several = entries()
    several[0]["stats"][0] = stat("exact_match", 0.25, 4)
    found = metrics(read(write(tmp_path, entries=several)))["exact_match"]
    assert (found.value, found.error) == (None, "the log says 0.5, the samples give 0.375 by the nearest definition")


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"requests": requests()[:5], "entries": []}, "an instance has 1 of 2 trials"),
        (
            {"requests": [one for one in requests() if one["instance"]["id"] != "id2"], "entries": []},
            "2 of 3 instances",
        ),
        ({"entries": entries()[:3]}, "per_instance_stats.json was truncated: 3 of 6 entries"),
        ({"entries": entries()[:1]}, "per_instance_stats.json was truncated: 1 of 6 entries"),
    ],
)
def test_what_is_missing_makes_metrics_null(tmp_path: Path, change: dict[str, Any], missing: str) -> None:
    log = read(write(tmp_path, **change))
    assert missing in (log.tasks[0].incomplete or "")
    assert all(one.value is None for name, one in metrics(log).items() if name == "exact_match")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"state_adapter": {**ADAPTER, "temperature": 1.0}}, r"its adapter_spec is not that of run_spec\.json"),
        ({"stats": [*STATS[:4], stat("num_instances", 2.0, 2)]}, r"it holds 3 instances, stats\.json is on 2"),
    ],
)
def test_files_of_two_runs_are_refused(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(EvidenceInvalid, match=fault):
        read(write(tmp_path, **change))


def test_a_statistic_twice_and_two_models_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"stats\.json: entry 8: exact_match occurs twice: two runs were joined"):
        read(write(tmp_path / "a", stats=[*STATS, STATS[0]]))
    other = {**ADAPTER, "model": "local/large"}
    with pytest.raises(UsageError, match=r"model local/large, in run_spec\.json local/tiny: import them separately"):
        read(write(tmp_path / "a"), write(tmp_path / "b", adapter=other))


def test_a_failed_request_has_no_score_whatever_helm_computed(tmp_path: Path) -> None:
    """In one trial the other counts; in both the instance is unscored. HELM's mean is over all, so there is none."""
    lost = [request("id0", 0, None), request("id1", 0, None), request("id1", 1, None)]
    kept = [request("id0", 1), *(request("id2", trial) for trial in (0, 1))]
    log = read(write(tmp_path, requests=[*lost, *kept]))
    items = {item.fields["id"]: item for item in log.tasks[0].items}
    assert [items[name].scores["exact_match"] for name in ("id0", "id1", "id2")] == [0.0, None, 0.0]
    assert items["id1"].error == "the tool failed on it: cut off"
    found = metrics(log)["exact_match"]
    assert found.value is None
    assert "the log says 0.5, the samples give 0 by the nearest definition" in (found.error or "")


def test_a_log_names_its_files_model_and_times(tmp_path: Path) -> None:
    asked = requests()
    for place, one in enumerate(asked):
        one["result"]["request_datetime"] = 1767225600 + 60 * place
    runs = [write(tmp_path / name, requests=asked[::-1], name=name) for name in ("b", "a")]
    log = read(tmp_path)
    assert (log.tool, log.model) == ("helm unknown", "local/tiny")
    assert log.identity == {"model": "local/tiny", "model_deployment": "local/tiny"}
    assert log.files == [
        folder / f"{name}.json"
        for folder in runs[::-1]
        for name in ("run_spec", "scenario_state", "stats", "per_instance_stats")
    ]
    assert [task.name for task in log.tasks] == ["a", "b"]
    assert log.started == datetime(2026, 1, 1, tzinfo=UTC)
    assert log.finished == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    assert log.warnings == []
    lost = [request(name, trial, None) for name in ("id0", "id1", "id2") for trial in (0, 1)]
    untimed = read(write(tmp_path / "a", requests=lost))
    assert (untimed.started, untimed.finished) == (None, None)
    assert READER.recognises(runs)
    assert not READER.recognises([*runs, tmp_path / "c"])
    other = {**ADAPTER, "model_deployment": "local/other"}
    with pytest.raises(UsageError, match=r"model_deployment local/other, in run_spec\.json local/tiny: import them"):
        read(runs[0], write(tmp_path / "c", adapter=other))


def test_data_and_settings_of_a_task(tmp_path: Path) -> None:
    adapter = {**ADAPTER, "num_train_trials": 1}
    asked = [request("id0", 0), request("id0", 0, instance={"split": "valid", "sub_split": "s", "perturbation": TYPOS})]
    log = read(write(tmp_path, name="qa:model=m,k=1,,model_deployment=d", adapter=adapter, requests=asked, entries=[]))
    plain, typos = log.tasks
    assert (plain.name, typos.name) == ("qa:k=1", "qa:k=1_valid_s_typos")
    assert plain.data == 'helm.Capitals:{"language": "en"}:test'
    assert typos.data == 'helm.Capitals:{"language": "en"}:valid/s/typos'
    asked_so = {"method": "generation", "temperature": 0.0, "max_tokens": 5, "num_train_trials": 1}
    assert plain.settings == {"harness": "helm", "metric_specs": [], **asked_so}
    said = '{"computed_on": "perturbed", "fairness": false, "name": "typos", "robustness": true}'
    assert typos.settings == {**plain.settings, "perturbation": said}


def test_contexts_of_one_name_are_numbered(tmp_path: Path) -> None:
    adapter = {**ADAPTER, "num_train_trials": 1}
    every: list[Any] = [None, {"name": "x", "p": 1}, {"name": "x", "p": 2}, {"name": "x", "p": 3}]
    asked = [request("id0", 0, instance={"perturbation": one}) for one in every]
    log = read(write(tmp_path, name="qa", adapter=adapter, requests=asked, entries=[], stats=[]))
    assert [task.name for task in log.tasks] == ["qa", "qa_test_x", "qa_test_x_2", "qa_test_x_3"]


def test_what_is_stated_of_each_statistic(tmp_path: Path) -> None:
    """A share is in [0, 1] and of a known name; what no instance has is derived."""
    values = {"f1_score": (0.0, 1.0), "rouge_l": (0.5, 1.5), "bleu_1": (-0.5, 0.5), "toxicity": (0.5, 0.5)}
    every = [("id0", 0), ("id0", 1), ("id1", 0), ("id1", 1)]
    asked = [request(name, trial) for name, trial in every]
    found = [
        entry(name, trial, *(stat(label, ends[place % 2]) for label, ends in values.items()))
        for place, (name, trial) in enumerate(every)
    ]
    stats = [stat("perplexity", 2.0, 2), *(stat(label, sum(ends) / 2, 2) for label, ends in values.items())]
    stats += [stat("exact_match", 0.5, 0), stat("num_bytes", 1.0, 2), stat("num_instances", 2.0, 2)]
    stats[3]["mean"] = "x"
    [task] = read(write(tmp_path, requests=asked, entries=found, stats=stats)).tasks

    def of(name: str, value: float | None, **fields: Any) -> Stated:
        return Stated(metric=name, definition=Mean(of=f"scores.{name}"), value=value, **fields)

    derived = "HELM derives it from other statistics"
    assert task.stated == [
        Stated(metric="perplexity", definition=None, value=2.0, certain=False, reason=derived),
        of("f1_score", 0.5, unit="share", higher_is_better=True, primary=True),
        of("rouge_l", 1.0, higher_is_better=True),
        of("bleu_1", None, higher_is_better=True),
        of("toxicity", 0.5),
    ]
    assert [list(item.scores.items()) for item in task.items] == [
        [("f1_score", 0.5), ("rouge_l", 1.0), ("bleu_1", 0.0), ("toxicity", 0.5)]
    ] * 2
    assert task.incomplete is None


def test_a_value_is_certain_where_each_trial_has_one_of_its_own(tmp_path: Path) -> None:
    for change, certain in ((lambda _: None, True), (lambda one: one["result"].update(success=False), False)):
        asked = requests()
        change(asked[3])
        [task] = read(write(tmp_path, requests=asked)).tasks
        assert [one.certain for one in task.stated if one.metric == "exact_match"] == [certain]
    [task] = read(write(tmp_path, entries=entries()[:9])).tasks  # three entries lack the second metric
    assert [(one.metric, one.certain) for one in task.stated] == [
        ("exact_match", True), ("f1_at_5", False), ("perplexity", False),
    ]  # fmt: skip
    assert [item.scores["f1_at_5"] for item in task.items] == [0.25, 0.25, 0.0]


def test_statistics_of_no_instance_and_without_their_number_are_not_missing(tmp_path: Path) -> None:
    stats = [one for one in STATS if one["name"]["name"] != "num_instances"]
    few = [one for one in requests() if one["instance"]["id"] == "id0"]
    [task] = read(write(tmp_path, stats=stats, requests=few, entries=[])).tasks
    assert (task.incomplete, len(task.items)) == (None, 1)
    adapter = {name: value for name, value in ADAPTER.items() if name != "num_train_trials"}
    [task] = read(write(tmp_path, stats=stats, requests=few[:1], entries=[], adapter=adapter)).tasks
    assert task.incomplete is None
    few = [one for one in requests() if (one["instance"]["id"], one["train_trial_index"]) != ("id1", 1)]
    lacking = [one for one in entries() if (one["instance_id"], one["train_trial_index"]) != ("id1", 1)]
    [task] = read(write(tmp_path, requests=few, entries=lacking)).tasks
    assert task.incomplete == "scenario_state.json was truncated: an instance has 1 of 2 trials"
    [task] = read(write(tmp_path, stats=[*STATS[:4], stat("num_instances", 4.0, 2)])).tasks
    assert task.incomplete == "scenario_state.json was truncated: 3 of 4 instances"


def test_statistics_of_the_same_name_in_another_context_are_not_doubles(tmp_path: Path) -> None:
    other = stat("exact_match", 0.9, 2) | {"name": {"name": "exact_match", "split": "valid"}}
    [task] = read(write(tmp_path, stats=[*STATS, other])).tasks
    assert [one.value for one in task.stated if one.metric == "exact_match"] == [0.5]


NO_QUALITY = (
    "num_train_instances training_co2_cost training_energy_cost inference_runtime finish_reason_stop batch_size"
    " prompt_truncated max_prob logprob estimated_num_tokens_cost predicted_index"
)


def test_names_of_statistics() -> None:
    assert [name for name in NO_QUALITY.split() if not BOOKKEEPING.fullmatch(name)] == []
    for name in ("exact_match", "x_num_y", "logprob_per_byte", "training", "inference", "finish_reason", "max_prob_x"):
        assert not BOOKKEEPING.fullmatch(name)
    for name in (
        "match",
        "quasi_prefix_exact_match@5",
        "accuracy",
        "f1_score",
        "rouge_l",
        "bleu_4",
        "recall",
        "precision_x",
    ):
        assert QUALITY.fullmatch(name)
    for name in ("perplexity", "toxicity", "bits_per_byte", "ece_10_bin"):
        assert not QUALITY.fullmatch(name)


def test_a_task_is_named_without_the_model_wherever_its_argument_stands(tmp_path: Path) -> None:
    for given, name in (
        ("qa:a=1,model=x,b=2", "qa:a=1,b=2"),
        ("qa:submodel=x,model=y", "qa:submodel=x"),
        ("qa:model=x:y,b=2:3", "qa:b=2:3"),
        ("qa:", "qa"),
    ):
        assert read(write(tmp_path, name=given)).tasks[0].name == name
