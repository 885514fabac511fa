"""Runs made of Inspect's logs: what the tool says is what the samples give, in both of its formats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid
from audit.core.records import Flag
from audit.gate.importers.inspect_log import READER
from tests.gate.importers.conftest import LOGS, by_name, edit, imported

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.run_folder import RunFolder

FOLDER = LOGS / "inspect"
STATED = {
    "sums": {"match_accuracy": 0.8, "length_mean": 0.28, "parts_letters_mean": 2.8, "parts_digit_accuracy": 0.3},
}


def stated(results: dict[str, Any]) -> dict[str, float]:
    """Inspect's own values, under the names of a run."""
    found = {}
    for score in results["scores"]:
        label = score["scorer"] if score["name"] == score["scorer"] else f"{score['scorer']}_{score['name']}"
        for name, metric in score["metrics"].items():
            if name != "stderr":
                found[f"{label}_{name}"] = metric["value"]
    return found


def values(run: RunFolder, task: str) -> dict[str, float | None]:
    return {metric.metric: metric.value for name, metric in by_name(run).items() if name.startswith(f"{task}/")}


def test_recomputed_metrics_are_those_of_inspect(log: Path, tmp_path: Path) -> None:
    found = values(imported(tmp_path / "runs", log), "sums")
    own = stated(json.loads(log.read_text("utf-8"))["results"])
    assert own == pytest.approx(STATED["sums"])
    assert {name: found[name] for name in own} == pytest.approx(own, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", ["sums", "epochs", "letters", "broken"])
def test_of_archives_too(name: str, tmp_path: Path) -> None:
    file = FOLDER / f"{name}.eval"
    found = values(imported(tmp_path, file), name)
    own = stated(READER.read([file], None).tasks and _results(file))  # type: ignore[arg-type]
    assert len(own) in {1, 4}
    assert {name: found[name] for name in own} == pytest.approx(own, rel=1e-9, abs=1e-9)


def _results(file: Path) -> dict[str, Any]:
    from audit.gate.importers.inspect_archive import Archive

    results: dict[str, Any] = Archive(file).read("header.json")["results"]
    return results


def test_a_sample_that_failed_is_unscored(tmp_path: Path) -> None:
    run = imported(tmp_path, FOLDER / "broken.eval")
    [failed] = [sample for sample in run.read_samples("evals", "broken") if sample.error]
    assert "the tool is broken" in (failed.error or "")
    assert failed.score is None
    metrics = by_name(run)
    assert (metrics["broken/unscored"].value, metrics["broken/match_accuracy"].n) == (1, 4)
    assert run.read_manifest().status == "complete"


def test_cut_answers_are_flagged_and_bound_the_accuracy(tmp_path: Path) -> None:
    run = imported(tmp_path, FOLDER / "letters.eval")
    cut = [sample for sample in run.read_samples("evals", "letters") if Flag.TRUNCATED_OUTPUT in sample.flags]
    assert [sample.output for sample in cut] == ["10 11 12"] * len(cut)
    metrics = by_name(run)
    assert metrics["letters/choice_accuracy_if_cut_right"].value == len(cut) / 4
    assert metrics["letters/truncated_outputs"].value == len(cut) > 0


def test_metadata_gives_slices(log: Path, tmp_path: Path) -> None:
    run = imported(tmp_path / "runs", log, slices=("kind",), cluster="kind")
    assert {m.slice["kind"] for m in run.read_metrics() if m.slice} == {"even", "odd"}


def test_an_edited_score_contradicts_the_results(log: Path, tmp_path: Path) -> None:
    edit(log, lambda plain: plain["samples"][0]["scores"]["match"].update(value="I"))
    with pytest.raises(EvidenceInvalid, match=r"match_accuracy: the log says 0\.8, the samples give 0\.6"):
        imported(tmp_path / "runs", log)


def test_a_truncated_log_is_partial(log: Path, tmp_path: Path) -> None:
    edit(log, lambda plain: plain["samples"].pop())
    run = imported(tmp_path / "runs", log)
    assert run.read_manifest().status == "partial"
    assert "truncated: 4 of 5 samples" in (by_name(run)["sums/match_accuracy"].error or "")


def test_other_reducers_and_metrics_are_null_with_the_value_of_the_log(log: Path, tmp_path: Path) -> None:
    def change(plain: Any) -> None:
        plain["results"]["scores"][0]["reducer"] = "max"
        plain["results"]["scores"][1]["metrics"]["mean"]["name"] = "geometric"

    edit(log, change)
    metrics = by_name(imported(tmp_path / "runs", log))
    for name, value in (("match_accuracy_max", "0.8"), ("length_geometric", "0.28")):
        assert metrics[f"sums/{name}"].value is None
        assert f"the log says {value}" in (metrics[f"sums/{name}"].error or "")
