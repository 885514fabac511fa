"""What starting the command line costs: no library that a command does not need is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from audit.cli import main
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

HEAVY = {
    "torch", "transformers", "scipy", "sklearn", "pandas", "lm_eval", "statsmodels", "datasets", "streamlit", "altair",
    "sqlalchemy", "peft", "tokenizers", "vl_convert", "presidio_analyzer",
}  # fmt: skip
MODEL = {"torch", "transformers", "lm_eval", "datasets", "streamlit", "scipy", "statsmodels", "pandas"}
SCRIPT = """
import json, sys
from audit.cli.main import run_command
found = []
for words in json.loads(sys.argv[1]):
    code = run_command(words)
    found.append([code, sorted({name.split(".")[0] for name in sys.modules} | {"scipy.stats"} & {*sys.modules})])
sys.stdout.write("\\n" + json.dumps(found))
"""

FIRST_TASK = """
import json, sys
import audit
from audit.core.progress import Silent

class Stops(Silent):
    def task(self, suite, task):
        sys.stdout.write("\\n" + json.dumps(sorted({{*sys.modules, *(name.split(".")[0] for name in sys.modules)}})))
        raise KeyboardInterrupt

try:
    audit.run({model!r}, tasks=["boolq"], limit=1, out={out!r}, progress=Stops())
except audit.Interrupted:
    pass
"""
"""Names what is imported when the first task of a run begins."""


def started(environment: dict[str, str], *lines: list[str]) -> list[tuple[int, set[str]]]:
    """Exit code and imported packages, and ``scipy.stats``, after each of some command lines in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(lines)], env=environment, capture_output=True, text=True, check=True
    )
    return [(code, set(modules)) for code, modules in json.loads(done.stdout.splitlines()[-1])]


@pytest.mark.slow
def test_help_imports_no_heavy_library(environment: dict[str, str]) -> None:
    found = started(environment, ["--help"], ["--version"], [])
    assert [code for code, _ in found] == [0, 0, 2]
    for _, modules in found:
        assert not modules & (HEAVY | {"numpy", "pyarrow", "pydantic", "yaml"})
        assert "typer" in modules


@pytest.mark.slow
def test_help_of_each_command_imports_no_model_library(environment: dict[str, str]) -> None:
    found = started(environment, *([name, "--help"] for name in main.COMMANDS))
    for name, (code, modules) in zip(main.COMMANDS, found, strict=True):
        assert code == 0
        assert not modules & MODEL, name


@pytest.mark.slow
def test_slips_in_the_words_of_a_run_are_said_before_the_model_library_is_imported(
    environment: dict[str, str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("rules: [", "utf-8")
    slips = [["--config", str(broken)], ["--until-decided", str(broken)], ["--limit", "0"], ["--model", "./nowhere"]]
    slips += [["--resume", "nowhere"], ["--extend", "nowhere", "--limit", "3"]]
    *told, (code, modules) = started(environment, *(["run", *slip] for slip in [*slips, ["--tasks", "nosuch"]]))
    for early, imported in told:
        assert early == 2
        assert not imported & MODEL
    assert code == 2
    assert "torch" in modules  # but nothing that the first task may not need
    assert not modules & {"sklearn", "pandas", "scipy", "statsmodels", "altair", "sqlalchemy", "lm_eval", "requests"}


@pytest.mark.slow
def test_a_card_is_drawn_without_altair(environment: dict[str, str], finished: RunFolder) -> None:
    [(code, modules)] = started(environment, ["report", str(finished.path)])
    assert code == 0
    assert "vl_convert" in modules
    assert not modules & {"altair", "jsonschema", "narwhals", "torch"}


@pytest.mark.slow
def test_gate_imports_what_it_needs_alone(environment: dict[str, str], finished: RunFolder) -> None:
    """The shipped policy names tasks that the run has not: these are looked up, too."""
    [(code, modules)] = started(environment, ["gate", str(finished.path)])
    assert code == 11
    assert finished.read_decision() is not None
    assert not modules & (HEAVY - {"scipy"} | {"scipy.stats"})  # the exact test of a share takes scipy.special


@pytest.mark.slow
def test_the_card_with_a_verdict_is_the_card_rendered_with_it(
    audit: Callable[..., tuple[int, str, str]], finished: RunFolder
) -> None:
    assert "NOT JUDGED" in finished.report_path.read_text("utf-8")
    for policy in ("pass", "fail"):
        file = finished.path / f"{policy}.yaml"
        limit = 99 if policy == "pass" else 1
        file.write_text(f"rules: [{{metric: crows_pairs/pct_stereotype, max: {limit}}}]\n")
        assert audit("gate", finished.path, "--policy", file)[0] == (0 if policy == "pass" else 10)
        card = finished.report_path.read_bytes()
        assert audit("report", finished.path)[0] == 0
        assert finished.report_path.read_bytes() == card
        assert policy.upper().encode() in card


@pytest.mark.slow
def test_a_card_of_other_metrics_is_rendered_as_a_whole(
    audit: Callable[..., tuple[int, str, str]], finished: RunFolder
) -> None:
    metrics = finished.read_metrics()
    finished.write_metrics(metrics[:-1])
    sealed(finished)
    _, _, error = audit("gate", finished.path)
    assert "updating the report card" in error
    card = finished.report_path.read_bytes()
    assert audit("report", finished.path)[0] == 0
    assert finished.report_path.read_bytes() == card


@pytest.mark.slow
def test_run_imports_nothing_heavy_that_its_first_task_does_not_need(
    environment: dict[str, str], tiny_model: Path, tmp_path: Path
) -> None:
    code = FIRST_TASK.format(model=str(tiny_model), out=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    assert "torch" in modules
    assert not modules & {
        "sklearn",
        "pandas",
        "statsmodels",
        "altair",
        "sqlalchemy",
        "lm_eval",
        "datasets",
        "phonenumbers",
    }
    of_others = ("audit.safety.probes.", "audit.safety.judges.", "audit.safety.privacy.detectors")
    assert not [name for name in modules if name.startswith(of_others)]
