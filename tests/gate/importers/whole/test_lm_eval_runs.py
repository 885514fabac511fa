"""Runs made of lm-eval's logs: what the tool says is what the samples give."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid
from tests.gate.importers import harness
from tests.gate.importers.conftest import LOGS, by_name, edit, edit_line, imported, samples_file

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.run_folder import RunFolder

SUFFIXES = {"tiny_generate": {"strict": "_strict", "flexible-extract": "_flexible_extract"}}
SHOWN = {"acc": "accuracy", "acc_norm": "normalised_accuracy"}
WITHOUT_DEFINITION = {"tiny_own/f1", "tiny_classes/f1", "tiny_classes/mcc", "tiny_translate/ter"}


def stated(folder: Path) -> dict[str, float]:
    """lm-eval's own values, under the names of a run."""
    [file] = folder.glob("results_*.json")
    found = {}
    for task, row in json.loads(file.read_text("utf-8"))["results"].items():
        for key, value in row.items():
            name, comma, kind = key.partition(",")
            if comma and not name.endswith("_stderr"):
                found[f"{task}/{SHOWN.get(name, name)}{SUFFIXES.get(task, {}).get(kind, '')}"] = value
    return found


def check_equal(run: RunFolder, folder: Path) -> None:
    """Every value of the tool is that of the run, or null with a reason."""
    metrics = by_name(run)
    for name, value in stated(folder).items():
        if name in WITHOUT_DEFINITION:
            assert metrics[name].value is None
            assert f"{value:.10g}" in (metrics[name].error or "")
        else:
            assert metrics[name].value == pytest.approx(value, rel=1e-9, abs=1e-9), name
            assert metrics[name].definition


@pytest.mark.slow
def test_recomputed_metrics_are_those_of_lm_eval(lm_eval_run: RunFolder) -> None:
    check_equal(lm_eval_run, LOGS / "lm_eval")
    assert len(stated(LOGS / "lm_eval")) == 18


@pytest.mark.slow
def test_of_a_log_that_lm_eval_writes_now(tiny_model: Path, tmp_path: Path) -> None:
    harness.write_tasks(tmp_path, seed=1)
    harness.write_logs(tiny_model, tmp_path)
    [folder] = (tmp_path / "out").iterdir()
    check_equal(imported(tmp_path / "runs", tmp_path / "out"), folder)


@pytest.mark.slow
def test_how_the_log_was_made_is_in_the_manifest(lm_eval_run: RunFolder) -> None:
    manifest = lm_eval_run.read_manifest()
    assert (manifest.status, manifest.model.name, manifest.packages["lm_eval"]) == ("complete", "tiny-llama", "0.4.13")
    assert (manifest.model.dtype, manifest.model.parameter_count, manifest.model.max_length) == ("float32", 43168, 256)
    assert f"{manifest.started:%Y-%m-%d}" == "2026-11-26"
    settings = manifest.tasks["tiny_generate"]
    assert (settings["shots"], settings["version"], settings["chat_template"]) == (0, 1.0, "off")
    assert settings["generation"] == {"until": [":"], "max_gen_toks": 12, "do_sample": False}
    assert settings["fewshot_seed"] == 1234


def test_an_edited_score_contradicts_the_results(harness_log: Path, tmp_path: Path) -> None:
    edit_line(samples_file(harness_log, "tiny_choice"), 1, lambda row: row.update(acc_norm=1.0 - row["acc_norm"]))
    with pytest.raises(EvidenceInvalid, match=r"normalised_accuracy: the log says 0\.(\d), the samples give 0\.(?!\1)"):
        imported(tmp_path, harness_log)


def test_a_value_of_one_metric_that_is_no_number_leaves_the_others(harness_log: Path, tmp_path: Path) -> None:
    [results] = harness_log.glob("results_*.json")
    edit(results, lambda plain: plain["results"]["tiny_choice"].update({"acc_norm,none": math.nan}))
    edit_line(samples_file(harness_log, "tiny_choice"), 3, lambda row: row.update(acc_norm=math.nan))
    metrics = by_name(imported(tmp_path / "runs", harness_log))
    assert (metrics["tiny_choice/accuracy"].value, metrics["tiny_choice/accuracy"].n) == (0.5, 10)
    assert metrics["tiny_choice/normalised_accuracy"].value is None
    assert metrics["tiny_choice/unscored"].value == 0


@pytest.mark.parametrize(("written", "known"), [("-inf", True), ("nan", False)])
def test_a_wrong_option_without_finite_likelihood(harness_log: Path, tmp_path: Path, written: str, known: bool) -> None:
    """Minus infinity is never the likeliest; with NaN the likeliest is unknown, and so is every metric of the task."""

    def change(row: Any) -> None:
        row["resps"][(int(row["target"]) + 1) % 3] = [[written, "False"]]

    file = samples_file(harness_log, "tiny_choice")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    edit_line(file, next(place for place, row in enumerate(rows, 1) if row["acc"] == 1), change)
    metrics = by_name(imported(tmp_path / "runs", harness_log))
    accuracy = metrics["tiny_choice/accuracy"]
    assert (accuracy.value, metrics["tiny_choice/unscored"].value) == ((0.5, 0) if known else (None, 1))
    assert known or "an option has no log-likelihood on 1 of 10 lines" in (accuracy.error or "")
