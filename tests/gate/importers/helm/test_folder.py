"""Run folders of HELM: sound ones give the tool's values, and what was changed is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import registry
from audit.gate.importers.helm.folder import READER
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
