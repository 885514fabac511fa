"""The verdict is written and exits as it is; whatever else cannot be written is a line. Impossible paths are a line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.command import MAY_BE_EMPTY
from audit.cli.main import COMMANDS, load_command
from audit.core import filesystem
from audit.core.errors import WriteError
from audit.core.run_folder import RunFolder, refuse_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Audit = Callable[..., tuple[int, str, str]]

CODES = {"PASS": 0, "FAIL": 10, "INCONCLUSIVE": 11}


def policy_for(verdict: str, run: RunFolder) -> Path:
    """A policy that the run gets this verdict under: a ceiling above, below or inside the interval of its metric."""
    (metric,) = [m for m in run.read_metrics() if m.name == "crows_pairs/pct_stereotype" and m.slice is None]
    assert metric.ci_low is not None
    assert metric.ci_high is not None
    ceiling = {"PASS": metric.ci_high + 1, "FAIL": metric.ci_low - 1, "INCONCLUSIVE": metric.value}[verdict]
    policy = run.path.parent / f"{verdict}.yaml"
    policy.write_text(f"rules: [{{metric: {metric.name}, max: {ceiling}}}]\n")
    return policy


@pytest.fixture(params=CODES)
def verdict(request: pytest.FixtureRequest, finished: RunFolder) -> tuple[str, int, Path]:
    """A verdict, its exit code, and a policy that gives it."""
    return request.param, CODES[request.param], policy_for(request.param, finished)


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
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
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
@pytest.mark.parametrize("broken", NO_EVIDENCE, ids=lambda broken: broken.__name__)
def test_broken_evidence_is_named_and_nothing_is_decided(
    broken: Callable[[RunFolder], None], verdict: tuple[str, int, Path], audit: Audit, finished: RunFolder
) -> None:
    _, _, policy = verdict
    broken(finished)
    code, _, error = audit("gate", finished.path, "--policy", policy)
    assert code == 12
    assert "evidence invalid" in error
    assert finished.read_decision() is None


def test_a_card_is_not_written_out_of_the_run_folder(audit: Audit, finished: RunFolder) -> None:
    card_elsewhere(finished)
    before = finished.report_path.read_bytes()
    _, _, error = audit("gate", finished.path)
    elsewhere = finished.path.parent / "elsewhere"
    assert f"leads out of the run folder, to {elsewhere.resolve()}" in error
    for words in ([], ["--format", "md"], ["--format", "json"], ["--format", "lm-eval"]):
        code, _, error = audit("report", finished.path, *words)
        assert code == 2
        assert "leads out of the run folder" in error
    assert [entry.name for entry in elsewhere.iterdir()] == ["index.html"]
    assert finished.report_path.read_bytes() == before


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


@pytest.mark.parametrize("name", NO_SUMMARY, ids=lambda name: name.__name__)
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


PRINTING = [sys.executable, "-m", "audit.cli"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("as_json", [False, True])
def test_the_verdict_stands_though_nobody_reads_it(
    as_json: bool, unbuffered: str, verdict: tuple[str, int, Path], environment: dict[str, str], finished: RunFolder
) -> None:
    """`audit gate … | head -1`, or a log on a full disk."""
    _, code, policy = verdict
    environment = environment | {"PYTHONUNBUFFERED": unbuffered}
    words = [*PRINTING, "gate", str(finished.path), "--policy", str(policy), *(["--json"] if as_json else [])]
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as closed, Path("/dev/full").open("wb") as full:
        for stdout in (closed, full):
            done = subprocess.run(words, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode == code
            (line,) = done.stderr.splitlines()
            assert line.startswith("the verdict is not printed: ")


def test_a_report_that_nobody_reads_is_no_success(environment: dict[str, str], finished: RunFolder) -> None:
    words = [*PRINTING, "report", str(finished.path), "--format", "md", "--out", "-"]
    environment = environment | {"PYTHONUNBUFFERED": ""}  # buffered, as in a pipeline: the end of the program writes it
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output: cannot be written: No space left on device")


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


def test_a_summary_goes_through_a_pipe_and_to_standard_output(
    environment: dict[str, str], finished: RunFolder, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    words = [*PRINTING, "gate", str(finished.path), "-q", "--summary"]
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


EVIDENCE = ["manifest.json", "metrics.json", "decision.json", "samples/safety/crows_pairs.parquet", "raw.jsonl"]


@pytest.mark.parametrize("name", [*EVIDENCE, "report/index.html"])
def test_evidence_is_no_summary(name: str, audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    target = finished.path / name
    before = target.read_bytes() if target.exists() else None
    (tmp_path / "link.md").symlink_to(target)
    for given in (target, os.path.relpath(target), tmp_path / "link.md"):
        code, _, error = audit("gate", finished.path, "--summary", given)
        assert code == 2
        assert "choose another name" in error
    assert (target.read_bytes() if target.exists() else None) == before
    assert finished.read_decision() is None
    assert audit("gate", finished.path, "--summary", finished.path / "summary.md")[0] == 11


def test_evidence_is_no_output_of_any_command(audit: Audit, finished: RunFolder) -> None:
    target = finished.metrics_path
    before = target.read_bytes()
    (finished.path.parent / "ratings.sqlite").write_bytes(b"SQLite format 3\0" + bytes(84))
    (finished.path / "attributions").mkdir(exist_ok=True)
    for words in (
        ("report", finished.path, "--format", "json", "--out", target),
        ("report", finished.path, "--format", "lm-eval", "--out", finished.path / "logged"),
        ("report", finished.path, "--out", finished.path.parent / "ratings.sqlite"),
        ("ratings", "export", "--run", finished.path, "--out", target),
        ("explain", "-p", "x", "--out", finished.path / "attributions" / "x.json"),
    ):
        code, _, error = audit(*words)
        assert (code, "choose another name" in error) == (2, True), error
    assert target.read_bytes() == before


def test_files_that_are_no_evidence_are_free(finished: RunFolder, tmp_path: Path) -> None:
    for path in (finished.path / "summary.md", finished.path / "report" / "x.json", tmp_path / "metrics.json"):
        refuse_evidence(path, "--out")
    with pytest.raises(WriteError, match="evidence of the run"):
        refuse_evidence(finished.path / "samples", "--out")


def all_commands() -> Iterator[tuple[list[str], Any]]:
    """Every command with its words."""

    def below(words: list[str], command: Any) -> Iterator[tuple[list[str], Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield words, command
        for name, one in (inner or {}).items():
            yield from below([*words, name], one)

    for name in COMMANDS:
        yield from below([name], load_command(name))


def takes_text(parameter: Any) -> bool:
    return parameter.type_descriptor.annotation in {str, Path} and not getattr(parameter, "is_eager", False)


EMPTY = [
    (words, option)
    for words, command in all_commands()
    for parameter in command.params
    for option in parameter.opts
    if takes_text(parameter) and option.startswith("--") and option not in MAY_BE_EMPTY
]


def test_every_path_that_is_written_is_among_them() -> None:
    found = {(" ".join(words), option) for words, option in EMPTY}
    assert {
        ("run", "--out"), ("report", "--out"), ("ratings export", "--out"), ("explain", "--out"),
        ("canaries make", "--out"), ("people make", "--out"), ("gate", "--runs"), ("ratings export", "--database"),
    } <= found  # fmt: skip


@pytest.mark.parametrize(("words", "option"), EMPTY, ids=str)
def test_an_empty_value_is_one_line(words: list[str], option: str, audit: Audit) -> None:
    code, shown, error = audit(*words, option, "")
    assert (code, shown, error) == (2, "", f"error: {option} is empty: is the variable behind it set?\n")


@pytest.mark.parametrize("command", ["gate", "report"])
def test_an_empty_run_is_one_line(command: str, audit: Audit) -> None:
    assert audit(command, "") == (2, "", "error: RUN is empty: is the variable behind it set?\n")


@pytest.mark.parametrize("place", [".", "/", ".."])
def test_a_folder_is_no_file_to_write(place: str, audit: Audit, finished: RunFolder) -> None:
    for words in (
        ("report", finished.path, "--format", "md", "--out", place),
        ("ratings", "export", "--runs", finished.path.parent, "--out", place),
        ("canaries", "make", "--out", place),
        ("people", "make", "--out", place),
        ("explain", "-p", "x", "--out", place),
    ):
        code, shown, error = audit(*words)
        assert (code, shown) == (2, ""), error
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        assert "crashed" not in error


def test_outputs_may_be_streams(audit: Audit, finished: RunFolder, environment: dict[str, str]) -> None:
    words = [*PRINTING, "report", str(finished.path), "--format", "json", "--out", "/dev/stdout"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout)["manifest"]["run_id"] == finished.run_id
    words = [*PRINTING, "canaries", "make", "--count", "1", "--out", "/dev/stdout"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert [sorted(json.loads(line)) for line in done.stdout.splitlines()]
    assert done.returncode == 0


def test_a_linked_output_stays_a_link(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("target.json")
    assert audit("report", finished.path, "--format", "json", "--out", tmp_path / "link.json")[0] == 0
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "target.json").read_text("utf-8"))
