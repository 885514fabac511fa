"""``audit import``: from files to a folder that gate and report take, and one line for what cannot be read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from audit.core.run_folder import RunFolder
from tests.gate.importers import harness

Audit = Any
LOGS = Path(__file__).parents[2] / "gate" / "importers" / "logs"
CSV = "id,prompt,output,score\n1,a?,x,1\n2,b?,y,0\n3,c?,z,1\n4,d?,w,1\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "answers.csv"
    file.write_text(CSV, "utf-8")
    return file


def test_it_ends_with_the_table_and_the_path(audit: Audit, table: Path, tmp_path: Path) -> None:
    code, out, error = audit("import", table, "--model", "mine", "--out", tmp_path / "runs")
    assert code == 0
    assert "answers/score" in out
    run = RunFolder(Path(out.splitlines()[-1].removeprefix("run").strip()))
    assert run.read_manifest().config["import"]["files"][0]["name"] == "answers.csv"
    assert "personal data" in error


@pytest.mark.parametrize("name", ["[/foo]", "[red]x"])
def test_names_of_strangers_are_no_markup(audit: Audit, table: Path, tmp_path: Path, name: str) -> None:
    code, out, _ = audit("import", table, "--task", name, "--model", name, "--out", tmp_path / "runs")
    assert (code, f"{name}/score" in out) == (0, True)


def test_the_table_leaves_out_the_bounds_of_cut_answers_but_no_metric_that_is_called_like_one(
    audit: Audit, tmp_path: Path
) -> None:
    code, shown, _ = audit("import", LOGS / "inspect" / "letters.eval", "--out", tmp_path / "logs")
    (run,) = (tmp_path / "logs").iterdir()
    assert "choice_accuracy_if_cut_right" in {metric.metric for metric in RunFolder(run).read_metrics()}
    assert (code, "letters/choice_accuracy " in shown, "if_cut" in shown) == (0, True, False)
    file = tmp_path / "answers.csv"
    file.write_text("id,prompt,output,won_if_cut_right\n1,a?,x,1\n2,b?,y,0\n", "utf-8")
    code, shown, _ = audit("import", file, "--score", "won_if_cut_right", "--out", tmp_path / "tables")
    assert (code, "answers/won_if_cut_right " in shown) == (0, True)


@pytest.mark.parametrize("name", ["a.jsonl", "a.eval", "results_a.json"])
def test_a_pipe_is_not_waited_for(audit: Audit, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    code, _, error = audit("import", tmp_path / name, "--out", tmp_path / "runs")
    assert (code, "neither a file nor a folder" in error, len(error.splitlines())) == (2, True, 1)
    if name == "a.eval":
        code, _, error = audit("import", tmp_path, "--from", "inspect", "--out", tmp_path / "runs")
        assert (code, "a.eval: not a file" in error) == (2, True)


def test_json_holds_manifest_and_metrics(audit: Audit, tmp_path: Path) -> None:
    code, out, _ = audit("import", LOGS / "inspect" / "letters.eval", "--out", tmp_path / "runs", "--json")
    found = json.loads(out)
    assert (code, found["manifest"]["model"]["name"]) == (0, "mockllm/model")
    assert "letters/choice_accuracy" in {metric["name"] for metric in found["metrics"]}


def test_gate_and_report_take_it(audit: Audit, table: Path, tmp_path: Path) -> None:
    audit("import", table, "--out", tmp_path / "runs")
    (tmp_path / "policy.yaml").write_text("rules:\n  - {metric: answers/score, min: 0.2}\n", "utf-8")
    runs = ("--runs", tmp_path / "runs")
    assert audit("gate", "latest", "--policy", tmp_path / "policy.yaml", *runs)[0] == 0
    code, out, _ = audit("report", "latest", "--format", "json", "--out", "-", *runs)
    assert (code, json.loads(out)["manifest"]["status"]) == (0, "complete")


def test_an_incomplete_log_is_imported_and_exits_with_13(audit: Audit, tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    plain = json.loads((LOGS / "inspect" / "sums.json").read_text("utf-8"))
    file.write_text(json.dumps(plain | {"status": "cancelled"}), "utf-8")
    code, out, error = audit("import", file, "--out", tmp_path / "runs")
    assert (code, "status  partial" in out, "status cancelled" in error) == (13, True, True)


def test_a_log_that_contradicts_itself_exits_with_12(audit: Audit, tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    plain = json.loads((LOGS / "inspect" / "sums.json").read_text("utf-8"))
    plain["results"]["scores"][0]["metrics"]["accuracy"]["value"] = 1.0
    file.write_text(json.dumps(plain), "utf-8")
    code, out, error = audit("import", file, "--out", tmp_path / "runs")
    assert (code, out, len(error.splitlines())) == (12, "", 1)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("missing.csv",), "no such file or folder"),
        (("{table}", "--from", "csv"), "--from csv: no such format"),
        (("{table}", "--unit", "shares"), "--unit shares: no such unit"),
        (("{logs}/inspect/sums.eval", "--score", "match"), "--score is about tables, and the format is inspect"),
        (("{logs}/inspect/sums.eval", "--id", "id"), "--id is about tables"),
        (("{table}", "--from", "lm-eval"), "no results_*.json"),
        (("{table}", "--from", "inspect"), "not valid JSON"),
    ],
)
def test_bad_input_is_one_line(audit: Audit, table: Path, tmp_path: Path, words: tuple[str, ...], fault: str) -> None:
    given = [word.format(table=table, logs=LOGS) for word in words]
    code, out, error = audit("import", *given, "--out", tmp_path / "runs")
    assert (code, out, len(error.splitlines())) == (2, "", 1)
    assert fault in error


@pytest.mark.slow
def test_our_own_export_in_lm_evals_format_comes_back_the_same(
    audit: Audit, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The samples of a run and of an import of the same task pair up: ids and prompts are equal."""
    harness.write_tasks(tmp_path)
    monkeypatch.chdir(tmp_path)
    tasks = ["tiny_choice", "tiny_generate"]
    words = ("--include-path", ".", "--tasks", ",".join(tasks), "--no-explain", "--offline", "--limit", 6)
    assert audit("run", "--model", tiny_model, *words)[0] == 0
    assert audit("report", "latest", "--format", "lm-eval", "--out", "exported")[0] == 0
    assert audit("import", "exported", "--out", "imported")[0] == 0
    run, back = RunFolder.resolve("latest", Path("runs")), RunFolder.resolve("latest", Path("imported"))
    for task in tasks:
        one, two = (
            [(sample.sample_id, sample.prompt_sha256, sample.score) for sample in folder.read_samples("evals", task)]
            for folder in (run, back)
        )
        assert one == two
    first = {metric.name: metric for metric in run.read_metrics()}
    for metric in back.read_metrics():
        own = first[metric.name]
        assert (metric.value, metric.n, metric.ci_low, metric.ci_high) == (own.value, own.n, own.ci_low, own.ci_high)
