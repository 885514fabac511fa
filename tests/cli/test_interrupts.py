"""SIGTERM, SIGHUP and Ctrl-C end a command alike, in every phase: a line, a manifest that says so, a run that resumes.

Tests of whole commands signal a process of their own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from typing import TYPE_CHECKING

import pytest

from audit.cli import interrupts
from audit.core.run_folder import RunFolder
from tests.cli.whole.processes import PATIENCE, Forks
from tests.cli.whole.words import only_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from audit.core.errors import Interrupted

HARNESS = """
import signal, sys, time
from audit.cli import interrupts, main
{body}
main.main()
"""
"""The program as its entry point starts it, with something in it made slow."""


def started(body: str, environment: dict[str, str], *words: object) -> subprocess.Popen[str]:
    """A process that runs the command line after ``body``, which says ``ready`` on stdout where it is to be stopped."""
    code = HARNESS.format(body=textwrap.dedent(body))
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.fixture(scope="module")
def small_forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Starts processes that have nothing of the package yet, nor torch: only what every command imports."""
    made = Forks(tmp_path_factory.mktemp("forks"), "import numpy, pyarrow, pydantic, rich.table, typer, yaml")
    yield made
    made.close()


def stopped_fork(forks: Forks, body: str, words: Sequence[object], by: signal.Signals) -> tuple[int, str]:
    """Exit code and stderr of a command line, run after ``body``, that gets a signal when it is ready."""
    fork = forks.start([*words], HARNESS.format(body=textwrap.dedent(body)))
    fork.wait_until_ready()
    return fork.stop(by)


SLOW_IMPORT = """
import importlib.abc
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            print("ready", flush=True)
            time.sleep(300)
sys.meta_path.insert(0, Slow())
"""


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_while_libraries_are_imported(by: signal.Signals, small_forks: Forks, tmp_path: Path) -> None:
    words = ("run", "--out", tmp_path / "runs", "--tasks", "boolq")
    code, error = stopped_fork(small_forks, SLOW_IMPORT.format(module="torch"), words, by)
    assert (code, error) == (13, "interrupted: nothing was measured yet\n")
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "module", "expected"),
    [
        (["score", "bbq", "--predictions", "none.jsonl"], "torch", 13),
        (["explain", "-p", "x"], "torch", 13),
        (["run", "--resume", "{run}"], "torch", 13),
        (["canaries", "make", "--out", "made.jsonl"], "torch", 130),
        (["gate", "latest"], "audit.gate.decide", 130),
        (["ratings", "judge", "--project", "p"], "audit.core.assets", 130),
    ],
)
def test_other_commands(words: list[str], module: str, expected: int, small_forks: Forks, finished: RunFolder) -> None:
    words = [word.format(run=finished.path) for word in words]
    code, error = stopped_fork(small_forks, SLOW_IMPORT.format(module=module), words, signal.SIGTERM)
    how = {
        "run": "interrupted: nothing was added to the run yet\n",
        "ratings": "interrupted: what was judged is kept; repeat the command to go on\n",
    }
    assert (code, error) == (expected, how.get(words[0], "interrupted\n"))


SLOW_STEP = """
import {module}
def slow(*_arguments, **_options):
    print("ready", flush=True)
    {how}
{module}.{name} = slow
"""
WAITING = "time.sleep(300)"
IN_C = """
import threading
from hashlib import pbkdf2_hmac
sys.setswitchinterval(1000)  # so that the thread below, once it slept, gets its turn only inside the call of C
threading.Timer(0.3, print, args=("ready",), kwargs={"flush": True}).start()
pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)  # half an hour in one call of C
"""
STUCK = "\n" + textwrap.indent(IN_C, "    ")
BEFORE = [
    ("audit.pipeline.context", "fetch_data"),
    ("audit.pipeline.context", "engine_of"),
    ("audit.pipeline.audit", "first"),
]
"""What a run does before it has a folder."""
PHASES = [
    ("audit.pipeline.ratings", "keep", WAITING),
    ("audit.pipeline.audit", "_suites", WAITING),
    ("audit.pipeline.results", "handle", WAITING),
    ("audit.pipeline.results", "handle", STUCK),
    ("audit.pipeline.results", "_write", WAITING),
]
"""What it does then, and how it is made slow."""


@pytest.fixture
def words(tiny_model: Path, data_dir: Path, tmp_path: Path) -> list[object]:
    """A small audit."""
    given = ["--model", tiny_model, "--data-dir", data_dir, "--out", tmp_path, "--offline", "--no-explain"]
    return ["run", *given, "--tasks", "crows_pairs", "--limit", 4]


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name"), BEFORE)
def test_before_there_is_a_run_folder(
    module: str, name: str, forks: Forks, words: list[object], tmp_path: Path
) -> None:
    body = SLOW_STEP.format(module=module, name=name, how=WAITING)
    code, error = stopped_fork(forks, body, words, signal.SIGTERM)
    assert code == 13
    assert error.endswith("interrupted: nothing was measured yet\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_in_every_phase_of_a_run(
    forks: Forks, words: list[object], tmp_path: Path, audit: Callable[..., tuple[int, str, str]]
) -> None:
    """One run, interrupted in each phase and resumed: its manifest says so and the command line how it goes on."""
    for module, name, how in PHASES:
        body = SLOW_STEP.format(module=module, name=name, how=how)
        if how is STUCK:
            body = f"interrupts.PATIENCE_SECONDS = 0.5{body}"
        code, error = stopped_fork(forks, body, words, signal.SIGTERM)
        assert code == 13, (name, error)
        run = only_run(tmp_path)
        assert error.endswith(f"interrupted: finish it with `audit run --resume {run}`\n"), name
        manifest = json.loads((run / "manifest.json").read_text())
        assert (manifest["status"], manifest["interrupted"]) == ("partial", True), name
        assert manifest["finished"] is not None
        assert audit("gate", run)[0] == 13, name  # interrupted, not tampered with
        words = ["run", "--resume", run]


@pytest.mark.slow
@pytest.mark.parametrize("how", [WAITING, STUCK], ids=["waiting", "stuck"])
def test_while_the_card_is_written(how: str, forks: Forks, words: list[object], tmp_path: Path) -> None:
    """The run is complete: its results are printed, and the exit code is that of any complete run."""
    body = SLOW_STEP.format(module="audit.reports.render.card", name="write_card", how=how)
    fork = forks.start(words, HARNESS.format(body=f"interrupts.PATIENCE_SECONDS = 0.5{body}"))
    fork.wait_until_ready()
    code, error = fork.stop(signal.SIGTERM)
    run = only_run(tmp_path)
    assert code == 0, error
    advice = f"the run is complete: write the card with `audit report {run}`\n"
    assert error.endswith(f"interrupted while the report card was written, {advice}")
    assert "crows_pairs/pct_stereotype" in fork.out.read_text()
    assert f"metrics {run / 'metrics.json'}\n" in fork.out.read_text()
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["status"], manifest["warnings"]) == ("complete", [])


@pytest.mark.slow
def test_while_the_results_are_printed(forks: Forks, words: list[object], tmp_path: Path) -> None:
    body = SLOW_STEP.format(module="audit.cli.commands.run", name="_show", how=WAITING)
    code, error = stopped_fork(forks, body, words, signal.SIGINT)
    assert code == 0, error
    assert error.endswith(f"interrupted while the results were printed: they are in {only_run(tmp_path)}\n")


SWALLOWED = """
import audit.safety.privacy.redaction
def once(*_arguments):
    audit.safety.privacy.redaction.find = lambda *_arguments: iter(())
    try:
        print("ready", flush=True)
        time.sleep(300)
    except BaseException:
        return iter(())
audit.safety.privacy.redaction.find = once
"""


@pytest.mark.slow
def test_an_interruption_that_a_library_swallows_is_raised_again(
    forks: Forks, words: list[object], tmp_path: Path
) -> None:
    words[words.index("crows_pairs")] = "personal_data,crows_pairs"
    code, _ = stopped_fork(forks, SWALLOWED, words, signal.SIGTERM)
    assert code == 13
    assert json.loads((only_run(tmp_path) / "manifest.json").read_text())["interrupted"] is True


@pytest.mark.slow
def test_while_a_library_does_not_return(small_forks: Forks) -> None:
    body = f"interrupts.PATIENCE_SECONDS = 0.5\ndef stuck(_arguments=None):{STUCK}"
    code, error = stopped_fork(small_forks, body + "\nmain.run_command = stuck", ["run"], signal.SIGTERM)
    assert (code, error) == (13, "interrupted: nothing was measured yet\n")


def test_the_second_signal_ends_the_process_at_once(environment: dict[str, str]) -> None:
    body = """
    def stuck(_arguments=None):
        try:
            print("ready", flush=True)
            time.sleep(300)
        except KeyboardInterrupt:
            print("cleaning up", flush=True)
            time.sleep(300)
    main.run_command = stuck
    """
    process = started(body, environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == -signal.SIGTERM
    process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGHUP])
def test_what_the_shell_ignores_for_a_background_job_stays_ignored(ignored: signal.Signals, small_forks: Forks) -> None:
    """``audit run &`` in a script outlives Ctrl-C for the script, ``nohup audit run`` its terminal."""
    body = f"""
    signal.signal({int(ignored)}, signal.SIG_IGN)
    def work(_arguments=None):
        print("ready", flush=True)
        time.sleep(0.5)
        return 0
    main.run_command = work
    """
    assert stopped_fork(small_forks, body, [], ignored)[0] == 0


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process may take signals as the program does, until the test ends."""
    for name, value in (("_interrupted", threading.Event()), ("_watchers", []), ("_last_words", []), ("_folders", [])):
        monkeypatch.setattr(interrupts, name, value)
    handlers = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    wakeup = signal.set_wakeup_fd(-1)
    yield
    written_to = signal.set_wakeup_fd(wakeup)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    if written_to != -1:
        interrupts._interrupted.set()
        os.write(written_to, bytes([signal.SIGINT]))  # whatever the watcher still waits for
    for watcher in interrupts._watchers:
        watcher.join(PATIENCE)
        assert not watcher.is_alive()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_the_first_signal_is_an_interruption_and_the_next_one_the_end(number: signal.Signals) -> None:
    interrupts.install()
    interrupts.check()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert {signal.getsignal(one) for one in interrupts.SIGNALS} == {signal.SIG_DFL}
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()
    (watcher,) = interrupts._watchers
    watcher.join(PATIENCE)
    assert not watcher.is_alive(), "the main thread acted: nothing is left to watch for"


@pytest.mark.usefixtures("here")
def test_what_the_parent_ignored_stays_ignored_unless_it_is_wanted() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for even_ignored, expected in ((False, signal.SIG_IGN), (True, interrupts._interrupt)):
        interrupts.install(even_ignored=even_ignored)
        assert signal.getsignal(signal.SIGHUP) == expected
        assert signal.getsignal(signal.SIGTERM) == interrupts._interrupt
    assert len(interrupts._watchers) == 1
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


@pytest.mark.usefixtures("here")
def test_a_main_thread_that_does_not_act_is_ended_by_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []
    said: list[str] = []
    monkeypatch.setattr(interrupts.os, "_exit", codes.append)
    monkeypatch.setattr(interrupts, "PATIENCE_SECONDS", 0.0)

    def last_words(stopped: Interrupted) -> int:
        said.append(str(stopped))
        return 13

    def arrives(number: signal.Signals) -> None:
        read_end, write_end = os.pipe()
        os.write(write_end, bytes([signal.SIGCHLD, number]))  # a child that ended is no interruption
        interrupts._watch(read_end)
        os.close(write_end)
        os.close(read_end)

    arrives(signal.SIGTERM)
    interrupts.when_stuck(last_words)
    arrives(signal.SIGHUP)
    interrupts.began(RunFolder(tmp_path))
    arrives(signal.SIGINT)
    assert codes == [130, 13, 13]
    assert said == [
        "interrupted: nothing was measured yet",
        f"interrupted: finish it with `audit run --resume {tmp_path}`",
    ]
