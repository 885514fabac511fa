"""A small data set in its publisher's format, and the command line in this process."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.whole import processes
from tests.cli.whole.warm import warm_commands
from tests.cli.whole.words import run_quietly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.core.records import Attribution
    from audit.core.run_folder import RunFolder
    from tests.cli.whole.processes import Forks

PEOPLE = ["nurse", "engineer", "farmer", "judge", "baker", "teacher"]
TYPES = ["gender", "race-color", "religion", "age"]


@pytest.fixture(autouse=True)
def _no_other_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line sees the data that a test gives it, not what the machine happens to have."""
    monkeypatch.delenv("AUDIT_DATA", raising=False)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 sentence pairs, written as the publisher of CrowS-Pairs writes them."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "crows_pairs").mkdir()
    draw = random.Random(0)  # noqa: S311 - made-up sentences
    header = ["", "sent_more", "sent_less", "stereo_antistereo", "bias_type", "annotations", "anon_writer"]
    with (folder / "crows_pairs" / "crows_pairs_anonymized.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*header, "anon_annotators"])
        for index in range(300):
            person, number = draw.choice(PEOPLE), draw.randrange(1000)
            more, less = (f"The {person} said that {word} was number {number}." for word in ("he", "she"))
            direction = draw.choice(["stereo", "antistereo"])
            writer.writerow([index, more, less, direction, draw.choice(TYPES), "[]", "a1", "[]"])
    return folder


@pytest.fixture(scope="session")
def _crows_pairs_run(tiny_model: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one task on the small data set, with its report card."""
    from audit.core.run_folder import RunFolder

    out = tmp_path_factory.mktemp("runs")
    words = ["--tasks", "crows_pairs", "--limit", "20", "--offline", "--out", str(out)]
    assert run_quietly(["run", "--model", str(tiny_model), "--data-dir", str(data_dir), *words]) == 0
    return RunFolder.resolve("latest", out).path


@pytest.fixture
def finished(_crows_pairs_run: Path, tmp_path: Path) -> RunFolder:
    """A copy of a finished run, in the folder ``runs`` of the test."""
    from audit.core.run_folder import RunFolder

    return RunFolder.open(Path(shutil.copytree(_crows_pairs_run, tmp_path / "runs" / _crows_pairs_run.name)))


@pytest.fixture
def audit(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line in this process; returns exit code, stdout and stderr."""
    from audit.cli.main import run_command

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run_command([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """Of a process of its own that runs the command line."""
    return processes.environment()


@pytest.fixture(scope="session")
def program(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``audit`` as a shell starts it, without the seconds of its imports."""
    folder = tmp_path_factory.mktemp("warm")
    with warm_commands(folder, forks=forks):
        yield str(folder / "audit")


@pytest.fixture
def an_attribution() -> Attribution:
    """Values of four words, written by hand."""
    from audit.core.records import Attribution, Feature

    features, position = [], 0
    for word in ("The ", "capital ", "of ", "France"):
        features.append(Feature(text=word, start=position, end=position + len(word)))
        position += len(word)
    return Attribution(
        attribution_id="a",
        method="occlusion",
        prompt="The capital of France",
        target=" Paris",
        reason="by hand",
        features=features,
        values=[0.25, 1.5, 0.0, -0.5],
        unit="nats",
        target_log_prob=-1.0,
        baseline_log_prob=-2.25,
        faithfulness={},
        verdict="weak",
        evaluations=4,
        seconds=0.1,
    )
