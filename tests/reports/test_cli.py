from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner, Result

from audit.cli.commands import gate, report
from audit.core.errors import AuditError, ConfigError, RunFolderError
from audit.ratings import NewRating, add, default_url
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


@pytest.fixture
def program() -> typer.Typer:
    made = typer.Typer()
    gate.register(made)
    report.register(made)
    return made


def invoke(program: typer.Typer, *words: object) -> Result:
    """Run a command; the value it returns is its exit code, as in the real program."""
    return CliRunner().invoke(program, [str(word) for word in words], standalone_mode=False)


def write_policy(folder: Path, text: str) -> Path:
    file = folder / "policy.yaml"
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize(
    ("rule", "status", "code", "verdict"),
    [
        ("min: 0.4", "complete", 0, "PASS"),
        ("min: 0.9", "complete", 10, "FAIL"),
        ("min: 0.6", "complete", 11, "INCONCLUSIVE"),
        ("min: 0.4", "partial", 13, "INCONCLUSIVE"),
        ("min: 0.9", "partial", 10, "FAIL"),
    ],
)
def test_gate_exit_codes(
    rule: str,
    status: str,
    code: int,
    verdict: str,
    program: typer.Typer,
    make_run: Callable[..., RunFolder],
    records: Records,
    tmp_path: Path,
) -> None:
    run = make_run([records["metric"](), records["unscored"]()], status=status)
    policy = write_policy(tmp_path, f"rules: [{{metric: boolq/accuracy, {rule}}}]")
    summary = tmp_path / "summary.md"
    result = invoke(program, "gate", run.path, "--policy", policy, "--summary", summary)
    assert result.exception is None
    assert result.return_value == code
    assert result.stdout.rstrip().splitlines()[-1].startswith(f"{verdict}: ")
    decision = run.read_decision()
    assert decision is not None
    assert decision.verdict == verdict
    assert verdict in summary.read_text("utf-8")
    assert not run.report_path.exists()


def test_gate_as_json_is_the_decision(
    program: typer.Typer, make_run: Callable[..., RunFolder], records: Records, tmp_path: Path
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    policy = write_policy(tmp_path, "rules: [{metric: boolq/accuracy, min: 0.4}]")
    result = invoke(program, "gate", run.run_id, "--runs", run.path.parent, "--policy", policy, "--json")
    decision = run.read_decision()
    assert decision is not None
    assert json.loads(result.stdout) == decision.model_dump(mode="json")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--policy", "absent.yaml"], ConfigError),
        (["--policy", "POLICY"], ConfigError),
    ],
)
def test_gate_refuses_bad_input_and_decides_nothing(
    words: list[str],
    error: type[AuditError],
    program: typer.Typer,
    make_run: Callable[..., RunFolder],
    records: Records,
    tmp_path: Path,
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    policy = write_policy(tmp_path, "rules: [{metric: boolq/acuracy, min: 0.4}]")
    result = invoke(program, "gate", run.path, *[policy if word == "POLICY" else word for word in words])
    assert isinstance(result.exception, error)
    assert result.exception.exit_code == 2
    assert run.read_decision() is None


def test_a_missing_run_is_bad_input(program: typer.Typer, tmp_path: Path) -> None:
    for command in ("gate", "report"):
        result = invoke(program, command, "no-such-run", "--runs", tmp_path)
        assert isinstance(result.exception, RunFolderError)


@pytest.mark.slow
def test_gate_shows_the_verdict_in_a_card_that_exists(
    program: typer.Typer, full_run: RunFolder, tmp_path: Path
) -> None:
    policy = write_policy(tmp_path, "rules: [{metric: boolq/accuracy, min: 0.999}]")
    assert invoke(program, "report", full_run.path).return_value == 0
    assert "NOT JUDGED" in full_run.report_path.read_text("utf-8")
    assert invoke(program, "gate", full_run.path, "--policy", policy).return_value == 10
    card = full_run.report_path.read_text("utf-8")
    assert "NOT JUDGED" not in card
    assert "FAIL</strong>" in card


def test_hostile_names_do_not_reach_the_terminal(
    program: typer.Typer, make_run: Callable[..., RunFolder], records: Records, tmp_path: Path
) -> None:
    error = "\x1b[2J[red]gone[/red]\u202e"
    run = make_run([records["failed"]("evals", "boolq", "accuracy", error), records["unscored"]()])
    policy = write_policy(tmp_path, "rules: [{metric: boolq/accuracy, min: 0.4}]")
    result = invoke(program, "gate", run.path, "--policy", policy)
    assert result.return_value == 11
    assert "\x1b[2J" not in result.stdout
    assert "\u202e" not in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("form", ["md", "json"])
def test_report_formats_go_to_a_file_or_to_standard_output(
    form: str, program: typer.Typer, full_run: RunFolder, tmp_path: Path
) -> None:
    target = tmp_path / "folder" / "report"
    assert invoke(program, "report", full_run.path, "--format", form, "--out", target).return_value == 0
    printed = invoke(program, "report", full_run.path, "--format", form, "--out", "-").stdout
    assert printed == target.read_text("utf-8")
    if form == "json":
        tasks = json.loads(printed)["tasks"]
        metrics = [metric for task in tasks for metric in task["metrics"]]
        assert sorted(map(json.dumps, metrics)) == sorted(
            json.dumps(metric.model_dump(mode="json")) for metric in full_run.read_metrics()
        )
        explained = [attribution for task in tasks for attribution in task["attributions"]]
        assert {attribution["attribution_id"] for attribution in explained} == {
            attribution.attribution_id for attribution in full_run.read_attributions()
        }
        assert all(attribution["values"] and "heads" not in attribution for attribution in explained)


@pytest.mark.parametrize("form", ["md", "json"])
def test_what_a_build_server_keeps_holds_no_hidden_text(
    form: str, program: typer.Typer, full_run: RunFolder, records: Records
) -> None:
    """Ids and scores of probes, and of flagged samples of benchmarks; the full texts stay in the run folder."""
    samples = full_run.read_samples("evals", "boolq")
    vile = "A text that may offend"
    worst = [
        sample.model_copy(update={"output": vile, "flags": ["offensive"]}) if sample.score == 0 else sample
        for sample in samples
    ]
    full_run.write_samples("evals", "boolq", worst)
    sealed(full_run)
    printed = invoke(program, "report", full_run.path, "--format", form, "--out", "-").stdout
    assert vile not in printed
    assert "An offensive sentence" not in printed
    if form == "json":
        tasks = {task["task"]: task for task in json.loads(printed)["tasks"]}
        listed = tasks["boolq"]["analysis"]["listed"] + tasks["crows_pairs"]["analysis"]["listed"]
        assert len(listed) > 5
        assert all("output" not in sample and sample["sample_id"] for sample in listed)
        assert tasks["boolq"]["attributions"] == []


def test_a_report_takes_a_baseline_that_is_another_run(program: typer.Typer, full_run: RunFolder) -> None:
    result = invoke(program, "report", full_run.path, "--baseline", full_run.path)
    assert isinstance(result.exception, ConfigError)
    assert "the baseline is the run itself: give the run to compare it with" in str(result.exception)


def test_formats_of_later_releases_are_refused(program: typer.Typer, full_run: RunFolder) -> None:
    result = invoke(program, "report", full_run.path, "--format", "pdf")
    assert result.exception is not None
    assert "pdf" in str(result.exception.format_message())  # type: ignore[attr-defined] # typer's usage error


@pytest.mark.slow
def test_ratings_beside_the_run_are_in_the_report(program: typer.Typer, full_run: RunFolder) -> None:
    url = default_url(full_run.path.parent)
    for rater, points in (("ann", 2), ("bob", 5)):
        rating = NewRating(
            rater=rater,
            run_id=full_run.run_id,
            suite="evals",
            task="boolq",
            sample_id="0" * 16,
            output_sha256="0" * 64,
            rating=points,
        )
        add(url, rating)
    printed = invoke(program, "report", full_run.path, "--format", "json", "--out", "-").stdout
    (summary,) = json.loads(printed)["ratings"]
    assert (summary["mean"], summary["n_raters"]) == (3.5, 2)
