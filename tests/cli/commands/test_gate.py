"""``audit gate``: the verdict is written and exits as it is; whatever else cannot be written is a line."""

from __future__ import annotations

import os
import subprocess
import threading
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.commands import gate
from audit.core import filesystem
from audit.core.records import Decision, GateCheck
from audit.core.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    Audit = Callable[..., tuple[int, str, str]]


CODES = {"PASS": 0, "FAIL": 10, "INCONCLUSIVE": 11}


def policy_for(verdict: str, run: RunFolder) -> Path:
    """A policy that the run gets this verdict under: a ceiling above, below or inside the interval of its metric."""
    (metric,) = [m for m in run.read_metrics() if m.name == "crows_pairs/pct_stereotype" and m.slice is None]
    assert metric.ci_low is not None
    # Far beyond the interval: with 20 items the exact binomial test asks for more than its ends say.
    ceiling = {"PASS": 99.0, "FAIL": metric.ci_low - 1, "INCONCLUSIVE": metric.value}[verdict]
    policy = run.path.parent / f"{verdict}.yaml"
    policy.write_text(f"rules: [{{metric: {metric.name}, max: {ceiling}}}]\n")
    return policy


@pytest.fixture(params=CODES)
def verdict(request: pytest.FixtureRequest, finished: RunFolder) -> tuple[str, int, Path]:
    """A verdict, its exit code, and a policy that gives it."""
    return request.param, CODES[request.param], policy_for(request.param, finished)


def each_with_a_verdict(faults: list[Callable[..., Any]]) -> list[Any]:
    """Each fault with one of the verdicts in turn."""
    return [
        pytest.param(fault, verdict, id=f"{fault.__name__}-{verdict}")
        for fault, verdict in zip(faults, cycle(CODES), strict=False)
    ]


def stale_card(run: RunFolder) -> None:
    """A card of another version: it has to be rendered as a whole."""
    run.report_path.write_text("<html></html>")


def cut_in_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def broken_samples(run: RunFolder) -> None:
    stale_card(run)
    cut_in_half(run.samples_path("safety", "crows_pairs"))


def broken_attribution(run: RunFolder) -> None:
    stale_card(run)
    (run.path / "attributions").mkdir(exist_ok=True)
    (run.path / "attributions" / "a.json").write_text("{")


def broken_drivers(run: RunFolder) -> None:
    stale_card(run)
    run.drivers_path.write_text("{")


def broken_ratings(run: RunFolder) -> None:
    stale_card(run)
    (run.path.parent / "ratings.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)


def card_is_a_folder(run: RunFolder) -> None:
    run.report_path.unlink()
    run.report_path.mkdir()


def card_elsewhere(run: RunFolder) -> None:
    (run.path / "report").rename(run.path.parent / "elsewhere")
    (run.path / "report").symlink_to("../elsewhere")


BROKEN = [broken_ratings, card_is_a_folder, card_elsewhere]


NO_EVIDENCE = [broken_samples, broken_attribution, broken_drivers]


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "verdict"), each_with_a_verdict(BROKEN), indirect=["verdict"])
def test_the_verdict_stands_whatever_becomes_of_the_card(
    broken: Callable[[RunFolder], None], verdict: tuple[str, int, Path], audit: Audit, finished: RunFolder
) -> None:
    word, code, policy = verdict
    broken(finished)
    got, shown, error = audit("gate", finished.path, "--policy", policy)
    assert got == code, error
    assert shown.splitlines()[-1].startswith(f"{word}: ")
    assert sum(line.startswith("the report card is not updated: ") for line in error.splitlines()) == 1
    assert "crashed" not in error
    decision = finished.read_decision()
    assert decision is not None
    assert decision.verdict == word


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "verdict"), each_with_a_verdict(NO_EVIDENCE), indirect=["verdict"])
def test_broken_evidence_is_named_and_nothing_is_decided(
    broken: Callable[[RunFolder], None], verdict: tuple[str, int, Path], audit: Audit, finished: RunFolder
) -> None:
    _, _, policy = verdict
    broken(finished)
    code, _, error = audit("gate", finished.path, "--policy", policy)
    assert code == 12
    assert "evidence invalid" in error
    assert finished.read_decision() is None


def summary_is_a_folder(folder: Path) -> str:
    return str(folder)


def summary_below_a_file(folder: Path) -> str:
    (folder / "file").write_text("")
    return str(folder / "file" / "summary.md")


def summary_on_a_full_device(_folder: Path) -> str:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full")
    return "/dev/full"


def summary_of_a_long_name(folder: Path) -> str:
    return str(folder / ("x" * 300))


def summary_that_leads_to_itself(folder: Path) -> str:
    (folder / "loop").symlink_to("loop")
    return str(folder / "loop")


def summary_is_the_root(_folder: Path) -> str:
    return "/"


def summary_unset(_folder: Path) -> str:
    return ""


NO_SUMMARY = [
    summary_is_a_folder,
    summary_below_a_file,
    summary_on_a_full_device,
    summary_of_a_long_name,
    summary_that_leads_to_itself,
    summary_is_the_root,
    summary_unset,
]


@pytest.mark.parametrize(("name", "verdict"), each_with_a_verdict(NO_SUMMARY), indirect=["verdict"])
def test_the_verdict_stands_without_a_summary(
    name: Callable[[Path], str], verdict: tuple[str, int, Path], audit: Audit, finished: RunFolder, tmp_path: Path
) -> None:
    word, code, policy = verdict
    got, shown, error = audit("gate", finished.path, "--policy", policy, "--summary", name(tmp_path))
    assert got == code, error
    assert shown.splitlines()[-1].startswith(f"{word}: ")
    (line,) = error.splitlines()
    assert line.startswith("no summary: ")
    if name is summary_unset:
        assert line == "no summary: --summary is empty: is $GITHUB_STEP_SUMMARY set?"


def test_a_decision_that_cannot_be_written_is_shown_and_refused(
    verdict: tuple[str, int, Path], audit: Audit, finished: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without decision.json nothing says afterwards what was decided: exit code 2, whatever the verdict."""
    word, _, policy = verdict

    def full(_run: RunFolder, _decision: object) -> None:
        raise filesystem.write_error(finished.decision_path, OSError(28, ""))

    monkeypatch.setattr(RunFolder, "write_decision", full)
    card = finished.report_path.read_bytes()
    code, shown, error = audit("gate", finished.path, "--policy", policy, "--summary", tmp_path / "summary.md")
    assert code == 2
    assert shown.splitlines()[-1].startswith(f"{word}: ")
    assert error == (
        f"error: {finished.decision_path}: cannot be written: No space left on device: free some space or write "
        "elsewhere\n"
    )
    assert word in (tmp_path / "summary.md").read_text("utf-8")
    assert finished.report_path.read_bytes() == card


@pytest.mark.slow
@pytest.mark.parametrize(
    ("verdict", "as_json", "unbuffered"),
    [("PASS", False, ""), ("FAIL", True, ""), ("INCONCLUSIVE", False, "1"), ("PASS", True, "1")],
    indirect=["verdict"],
)
def test_the_verdict_stands_though_nobody_reads_it(
    as_json: bool,
    unbuffered: str,
    verdict: tuple[str, int, Path],
    program: str,
    environment: dict[str, str],
    finished: RunFolder,
) -> None:
    """`audit gate … | head -1`, or a log on a full disk."""
    _, code, policy = verdict
    environment = environment | {"PYTHONUNBUFFERED": unbuffered}
    words = [program, "gate", str(finished.path), "--policy", str(policy), *(["--json"] if as_json else [])]
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as closed, Path("/dev/full").open("wb") as full:
        for stdout in (closed, full):
            done = subprocess.run(words, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode == code
            (line,) = done.stderr.splitlines()
            assert line.startswith("the verdict is not printed: ")


def test_a_command_in_a_reason_is_not_cut(capfd: pytest.CaptureFixture[str]) -> None:
    """A run folder's path is longer than its column; whoever copies the command needs all of it."""
    path = "/data/" + "long-name-of-a-folder-" * 8 + "end"
    absent = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    check = GateCheck(metric="t/m", rule="min 1", verdict="INCONCLUSIVE", reason=f"see {path}", **absent)
    digests: dict[str, Any] = dict.fromkeys(("model_digest", "policy_sha256", "metrics_sha256"), "0" * 64)
    facts: dict[str, Any] = {
        "run_id": "r",
        "policy": "p.yaml",
        "policy_version": 1,
        "confidence": 0.95,
        "max_unscored": 0,
        "optional": [],
        "decided": datetime(2026, 1, 1, tzinfo=UTC),
    }
    gate._show(Decision(**digests, **facts, verdict="INCONCLUSIVE", checks=[check]), {})
    lines = capfd.readouterr().out.splitlines()
    assert path in "".join(line.rstrip(" │").rpartition("│")[2].strip() for line in lines)


def test_the_summary_is_appended_each_time(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Tests\n\n3 passed")
    for verdict in ("PASS", "FAIL"):
        policy = policy_for(verdict, finished)
        assert audit("gate", finished.path, "--policy", policy, "--summary", summary)[0] == CODES[verdict]
    lines = summary.read_text("utf-8").splitlines()
    assert lines[:3] == ["# Tests", "", "3 passed"]
    assert [line for line in lines if line.startswith("# Release gate")] == [
        "# Release gate: ✅ PASS",
        "# Release gate: ❌ FAIL",
    ]


@pytest.mark.slow
def test_a_summary_goes_through_a_pipe_and_to_standard_output(
    program: str, environment: dict[str, str], finished: RunFolder, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    words = [program, "gate", str(finished.path), "-q", "--summary"]
    assert subprocess.run([*words, str(pipe)], env=environment, capture_output=True, check=False).returncode == 11
    reader.join(60)
    assert read[0].startswith("# Release gate: ")
    assert pipe.is_fifo()
    done = subprocess.run([*words, "/dev/stdout"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 11
    assert "\n# Release gate: " in done.stdout
    with (tmp_path / "log").open("wb") as log:
        subprocess.run([*words, "/dev/stdout"], env=environment, stdout=log, check=False)
    assert (tmp_path / "log").read_text("utf-8") == done.stdout


@pytest.mark.parametrize("option", ["--summary", "--junit", "--comment"])
def test_no_output_overwrites_the_policy(option: str, audit: Audit, finished: RunFolder) -> None:
    policy = policy_for("PASS", finished)
    before = policy.read_bytes()
    code, _, error = audit("gate", finished.path, "--policy", policy, option, policy)
    assert (code, error) == (2, f"error: {option} {policy}: --policy names this file, too: choose another name\n")
    assert policy.read_bytes() == before
    assert not finished.decision_path.exists()


def test_two_outputs_need_two_files(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    policy, same = policy_for("PASS", finished), tmp_path / "same.txt"
    (tmp_path / "link").symlink_to(same)
    code, _, error = audit("gate", finished.path, "--policy", policy, "--junit", same, "--comment", tmp_path / "link")
    assert code == 2
    assert error.endswith("link: --junit names this file, too: choose another name\n")
    assert not same.exists()
    assert audit("gate", finished.path, "--policy", policy, "--junit", "/dev/null", "--comment", "/dev/null")[0] == 0


def test_a_log_of_another_tool_is_imported_first(audit: Audit, tmp_path: Path) -> None:
    """Of 40 answers 30 are right, in the baseline 10: the gate pairs them by their content."""
    for name, right in (("new", 30), ("old", 10)):
        rows = "".join(f"{n},{n}?,{int(n < right)}\n" for n in range(40))
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text(f"id,prompt,score\n{rows}", "utf-8")
    policy, runs = tmp_path / "p.yaml", tmp_path / "runs"
    policy.write_text("rules: [{metric: t/score, better_than_baseline: true}]\n")
    new, old = (tmp_path / name / "t.csv" for name in ("new", "old"))
    for unread in (("--policy", new), ("--waivers", tmp_path / "none.yaml"), ("--database", "sqlite:///none.sqlite")):
        assert audit("gate", new, *unread, "--runs", runs)[0] == 2
    assert not runs.exists()
    code, out, error = audit("gate", new, "--baseline", old, "--policy", policy, "--runs", runs)
    assert (code, out.splitlines()[-1][:4]) == (0, "PASS")
    lines = [line for line in error.splitlines() if line.startswith("imported ")]
    assert [line.partition(" (table): ")[0] for line in lines] == [f"imported {new}", f"imported {old}"]
    judged = RunFolder.open(Path(lines[0].partition("): ")[2]))
    decision = judged.read_decision()
    assert decision is not None
    assert (judged.path.parent, decision.verdict) == (runs, "PASS")
    assert audit("compare", old, new, "--runs", runs)[0] == 0
    new.write_text("id,won\n1,1\n", "utf-8")
    code, _, error = audit("gate", new, "--runs", runs)
    assert (code, len(error.splitlines()), "no column 'score'" in error) == (2, 1, True)
