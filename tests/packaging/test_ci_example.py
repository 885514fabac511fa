"""The CI recipes do what they say: their own lines are run by the shell that CI runs them with.

GitHub and GitLab are played by a few lines: which steps run after one that failed, and with which variables.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.cli.main import load_command
from audit.core import assets
from audit.core.assets.settings import cache_dir
from audit.core.config import load_config
from audit.evals.catalogue import own_tasks
from audit.gate.policy import load_policy
from audit.safety import suite as safety
from tests.cli.whole.warm import warm_commands
from tests.conftest import network_allowed
from tests.packaging.composite import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.whole.processes import Forks

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
(INSTALL,) = (step for step in ACTION["runs"]["steps"] if step["name"] == "Install")
(JOB,) = yaml.safe_load((ROOT / "examples" / "github-action.yml").read_text("utf-8"))["jobs"].values()
(USED,) = (step for step in JOB["steps"] if step.get("uses") == "./")
INPUTS = {"CHECKPOINT": "model", "CONFIG": "config", "POLICY": "policy", "LIMIT": "limit"}
"""Of the action, by the variables of the job of GitLab."""
INDEX = ("--extra-index-url", ACTION["inputs"]["index"]["default"])
CI_PAGE = (ROOT / "docs" / "howto" / "ci.md").read_text("utf-8")
GITLAB = yaml.safe_load((ROOT / "examples" / "gitlab-ci.yml").read_text("utf-8"))
COPIED = (
    "api", "app", "cli", "core", "engine", "evals", "examples", "explain", "gate", "pipeline", "ratings", "reports",
    "safety", "stats",
)  # fmt: skip
FILES = ("pyproject.toml", "README.md", "LICENSE", "constraints.txt")
CONFIG = """
evals: {tasks: []}
safety: {tasks: [{name: crows_pairs, limit: 40}]}
explain: {methods: [], drivers: 0}
"""


def documented_commands() -> list[str]:
    """Lines of the shell blocks of ``docs/howto/ci.md``."""
    blocks = re.findall(r"```sh\n(.*?)```", CI_PAGE, re.DOTALL)
    return [line.partition(" || ")[0] for block in blocks for line in block.splitlines()]


COMMANDS = [line for line in documented_commands() if line.startswith("audit ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_parse(line: str) -> None:
    """Parsed by the program itself, up to but not into the command's own code."""
    name, *words = shlex.split(line)[1:]
    command: Any = load_command(name)
    while hasattr(command, "commands"):
        assert words[0] in command.commands, line
        command = command.commands[words.pop(0)]
    with command.make_context(line, words) as context:
        assert not context.args


def test_the_policy_asks_for_what_the_configuration_measures() -> None:
    config = load_config(ROOT / "examples" / "audit.yaml", {})
    measured = {task.name for task in (*config.evals.tasks, *config.safety.tasks)}
    asked = {rule.metric.partition("/")[0] for rule in load_policy(ROOT / "examples" / "policy.yaml").policy.rules}
    assert asked == measured
    assert config.explain.methods == []


@dataclass
class Job:
    """What a job left behind."""

    codes: dict[str, int] = field(default_factory=dict)
    """Exit code of each step that ran, by its name."""
    log: str = ""
    """What the steps printed."""
    summary: str = ""
    """The job's summary."""
    runs: Path = Path("runs")
    """Folder of the run folder."""


def github(checkout: Path, variables: dict[str, str], **changed: str) -> Job:
    """Run the action as the example uses it, by a runner that has installed the program already.

    Args:
        checkout: The working directory, in which the step that installs has run.
        variables: Of the runner.
        changed: Inputs of the action that its user has edited, and the folder of data sets, by the names that the
            job of GitLab has for them.
    """
    temporary = checkout.parent
    summary = temporary / "summary.md"
    summary.write_text("earlier step\n", "utf-8")
    cache = temporary / "audit-cache"
    cache.unlink(missing_ok=True)
    kept = Path(changed.pop("AUDIT_CACHE"))
    kept.mkdir(exist_ok=True)
    cache.symlink_to(kept)
    given = USED["with"] | {INPUTS[name]: value for name, value in changed.items()}
    own = {"RUNNER_TEMP": temporary, "GITHUB_ACTION_PATH": checkout, "GITHUB_STEP_SUMMARY": summary}
    context = {f"inputs.{name}": value for name, value in given.items()} | {"github.event_name": "workflow_dispatch"}
    steps = [step for step in ACTION["runs"]["steps"] if step is not INSTALL]
    environment = variables | {name: str(path) for name, path in own.items()}
    runner = Runner({**ACTION, "runs": {"steps": steps}}, checkout, environment, context)
    outputs = runner.run()
    assert runner.used["actions/upload-artifact"]["path"] == outputs["runs"]
    return Job(runner.codes, runner.log, summary.read_text("utf-8"), Path(outputs["runs"]))


def gitlab(checkout: Path, variables: dict[str, str], **changed: str) -> Job:
    """Run the documented job of GitLab: all lines in one shell that ends at the first that fails."""
    job = Job()
    install, *script = GITLAB["audit"]["script"]
    assert shlex.split(install) == ["pip", "install", "--constraint", "constraints.txt", *INDEX, "."]
    own = {name: text.replace("$CI_PROJECT_DIR", str(checkout)) for name, text in GITLAB["audit"]["variables"].items()}
    environment = {**variables, **own, **changed}
    _step(job, "script", "set -o pipefail\n" + "\n".join(script), checkout, environment)
    assert GITLAB["audit"]["artifacts"]["when"] == "always"
    assert GITLAB["audit"]["artifacts"]["paths"] == ["runs/", "summary.md"]
    job.summary, job.runs = (checkout / "summary.md").read_text("utf-8"), checkout / "runs"
    return job


def _step(job: Job, name: str, text: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a step's lines as the runner does: a file for ``bash -e``."""
    done = subprocess.run(
        ["bash", "-e", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    job.codes[name] = done.returncode
    job.log += done.stdout + done.stderr


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a runner with an empty Python environment, whose package index is this environment's folder."""
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "third_party.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    pip = folder / "bin" / "pip"
    pip.write_text(f'#!/bin/sh\nexec {folder / "bin" / "python"} -m pip --disable-pip-version-check "$@"\n', "utf-8")
    pip.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AUDIT", "PIP"))}
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_COMPILE": "1"}
    offline["AUDIT_HMAC_KEY"] = os.environ["AUDIT_HMAC_KEY"]
    return {**inherited, **offline, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def installed(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository, as a runner checks it out, after the step that installs."""
    folder = tmp_path_factory.mktemp("work") / "checkout"
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    job = Job()
    _step(job, "Install", INSTALL["run"], folder, {**variables, "GITHUB_ACTION_PATH": str(folder), "INDEX": INDEX[1]})
    assert job.codes == {"Install": 0}, job.log
    assert shutil.which("audit", path=variables["PATH"].partition(os.pathsep)[0]), "in the runner's own environment"
    return folder


@pytest.fixture
def checkout(installed: Path) -> Path:
    """The same, without what an earlier job left."""
    shutil.rmtree(installed / "runs", ignore_errors=True)
    (installed / "summary.md").unlink(missing_ok=True)
    return installed


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 40 sentence pairs in the publisher's format."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "crows_pairs").mkdir()
    words = ("old", "young")  # whichever the checkpoint prefers, it is the stereotype in half of the pairs
    rows = [f"{i},The {words[i % 2]} baker {i}.,The {words[1 - i % 2]} baker {i}.,stereo,age" for i in range(40)]
    text = "\n".join([",sent_more,sent_less,stereo_antistereo,bias_type", *rows, ""])
    (folder / "crows_pairs" / "crows_pairs_anonymized.csv").write_text(text, "utf-8")
    return folder


def policy(checkout: Path, rule: str) -> str:
    """A policy of one rule, on all pairs."""
    (checkout / "policy.yaml").write_text(f"rules: [{{metric: crows_pairs/pct_stereotype, {rule}}}]\n", "utf-8")
    return "policy.yaml"


CASES = {"PASS": ("min: 1, max: 99", True, 0), "FAIL": ("max: 1", True, 10), "INCONCLUSIVE": ("max: 99", False, 13)}
"""By verdict: the rule, whether the data set is there, and the gate's exit code."""


JOBS = [(github, "PASS"), (github, "FAIL"), (github, "INCONCLUSIVE"), (gitlab, "INCONCLUSIVE")]


@pytest.fixture(scope="module")
def warm(variables: dict[str, str], forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The ``PATH`` of a runner on which ``audit`` starts without the seconds of its imports.

    That an installed script starts is tested by tests/packaging/test_wheel.py.
    """
    folder = tmp_path_factory.mktemp("warm")
    with warm_commands(folder, forks=forks):
        yield f"{folder}{os.pathsep}{variables['PATH']}"


@pytest.mark.slow
@pytest.mark.parametrize(("runner", "verdict"), JOBS)
def test_a_job_shows_its_verdict_whatever_it_is(
    runner: Any, verdict: str, checkout: Path, pairs: Path, variables: dict[str, str], warm: str, tiny_model: Path
) -> None:
    """Without its data set the task does not run: the run is incomplete, and the gate says so all the same."""
    rule, complete, code = CASES[verdict]
    data = {"AUDIT_DATA": str(pairs)} if complete else {}
    changed = {"CHECKPOINT": str(tiny_model), "CONFIG": "config.yaml", "POLICY": policy(checkout, rule)}
    job = runner(checkout, {**variables, **data, "PATH": warm}, **changed, AUDIT_CACHE=str(checkout / "cache"))
    assert re.search(rf"^# Release gate: .* {verdict}$", job.summary, re.MULTILINE), job.log
    (run,) = (path for path in job.runs.glob("*/") if path.is_dir())
    assert json.loads((run / "decision.json").read_text("utf-8"))["verdict"] == verdict
    assert (run / "report" / "index.html").is_file()
    if runner is gitlab:
        assert job.codes == {"script": code}
    else:
        assert job.codes == {"Place": 0, "Audit": 0, "Gate": code}
        assert job.summary.startswith("earlier step\n")
    if not complete:
        assert "not run: crows_pairs" in job.log
        assert r"AUDIT\_DATA/crows\_pairs" in job.summary


def test_a_job_that_could_not_be_installed_does_not_gate(tmp_path: Path) -> None:
    (gate,) = (step for step in ACTION["runs"]["steps"] if step["name"] == "Gate")
    runner = Runner(ACTION, tmp_path, {"RUNNER_TEMP": str(tmp_path)}, {}, codes={"Install": 1})
    for outcome, gates in (("skipped", False), ("failure", True)):
        runner.context["steps.audit.outcome"] = outcome
        assert runner.holds(gate["if"]) is gates


@pytest.fixture
def assets_on_disk() -> Path:
    """The cache with the data sets of the example's configuration; first use fetches them."""
    config = load_config(ROOT / "examples" / "audit.yaml", {})
    own = own_tasks()
    names = {name for task in config.evals.tasks for name in own[task.name].data}
    names |= {name for task in config.safety.tasks for name in safety.PROBES[task.name].datasets}
    with network_allowed():
        for name in sorted(names):
            assets.pull(name)
    return cache_dir()


@pytest.mark.slow
def test_the_example_as_it_is_with_few_items(
    checkout: Path, variables: dict[str, str], warm: str, tiny_model: Path, assets_on_disk: Path
) -> None:
    """Its own configuration and policy, on another checkpoint."""
    changed = {"CHECKPOINT": str(tiny_model), "LIMIT": "4", "AUDIT_CACHE": str(assets_on_disk)}
    job = github(checkout, {**variables, "PATH": warm}, **changed)
    assert job.codes["Audit"] == 0, job.log
    assert job.codes["Gate"] in {10, 11}, job.log
    for rule in load_policy(ROOT / "examples" / "policy.yaml").policy.rules:
        assert rule.metric.replace("_", r"\_") in job.summary
