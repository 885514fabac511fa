"""The example package, installed as a user would, in an audit of the tiny checkpoint from the command line."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.cli.main import run_command
from audit.core.run_folder import RunFolder

if TYPE_CHECKING:
    from tests.cli.whole.processes import Forks

PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "extend.md"
INSTALLED = PAGE.read_text("utf-8").partition("pip install ./examples/plugin\n")[2]
"""The page on plug-ins after it has installed the package."""
Answers = dict[str, tuple[int, str, str]]
pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "plugin"


ALL = """
import json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
site, folder, lines = sys.argv[1:]
sys.path.insert(0, site)
os.chdir(folder)
from audit.cli.main import run_command
found = {}
for name, words in json.loads(lines).items():
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as error:
        code = run_command(words)
    found[name] = [code, out.getvalue(), error.getvalue()]
print(json.dumps(found))
"""
"""A program that runs several command lines, one after the other, in a process that finds the package."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package is installed."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder / "site")]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True, capture_output=True)
    return folder / "site"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run."""
    return tmp_path_factory.mktemp("commands")


@pytest.fixture(scope="module")
def answers(forks: Forks, site: Path, folder: Path, tiny_model: Path) -> dict[str, tuple[int, str, str]]:
    """Exit code, stdout and stderr of each command."""
    config = folder / "audit.yaml"
    config.write_text(
        "explain: {methods: [leave_one_in], errors: 1}\nsafety: {toxicity_scorer: 'plugin:word_list'}\n", "utf-8"
    )
    policy = folder / "policy.yaml"
    policy.write_text("rules: [{metric: yes_lead/median_lead, min: -1000}]\n")
    probe, prompt = EXAMPLE / "audit_example" / "probe.py", "The capital of France is"
    model = ["--model", tiny_model]
    lines: dict[str, list[object]] = {
        "list": ["tasks", "list", "--json"],
        "run": [
            "run",
            *model,
            "--config",
            config,
            "--tasks",
            "yes_saying,yes_lead,capitals",
            "--out",
            "runs",
            "--offline",
        ],
        "explain": ["explain", *model, "-p", prompt, "--target", " Paris", "--offline", "--json"],
        "clash": ["run", *model, "--plugin", probe, "--tasks", "yes_saying", "--out", "clash"],
    }
    lines["gate"] = ["gate", "latest", "--runs", "runs", "--policy", policy]
    lines["explain"] += ["--method", "leave_one_in"]
    run, report = (words.split()[1:] for words in re.findall(r"^audit (?:run|report) .*", INSTALLED, re.MULTILINE))
    lines["run of the page"] = [*run, *model, "--offline", "--no-explain", "--out", "page"]
    lines["report of the page"] = [*report, "--runs", "page"]
    given = json.dumps({name: [str(word) for word in words] for name, words in lines.items()})
    answers = forks.start([site, folder, given], ALL).answer()
    return {name: tuple(answer) for name, answer in answers.items()}


def test_everything_of_it_runs_and_stands_in_the_manifest(answers: Answers, folder: Path) -> None:
    code, _, error = answers["run"]
    assert code == 0, error
    [run] = (folder / "runs").iterdir()
    manifest = json.loads((run / "manifest.json").read_text())
    [plugin] = manifest["plugins"]
    assert (plugin["name"], plugin["version"]) == ("audit-example", "1.0")
    assert plugin["used"] == [
        "probe yes_lead",
        "probe yes_saying",
        "method leave_one_in",
        "scorer word_list",
        "task capitals",
        "definition audit-example.median",
    ]
    assert f"plugins:audit-example@{plugin['sha256'][:6]}" in manifest["signature"]
    metrics = {one["name"]: one for one in json.loads((run / "metrics.json").read_text()) if one["slice"] is None}
    assert metrics["yes_saying/share_contradicting"]["n"] == 6
    assert metrics["capitals/accuracy"]["n"] == 6
    attributions = [json.loads(file.read_text()) for file in (run / "attributions").glob("*.json")]
    assert {one["method"] for one in attributions} == {"leave_one_in"}
    assert {one["task"] for one in attributions} <= {"yes_saying", "yes_lead", "capitals"}


def test_its_metric_definition_is_needed_to_judge_the_run_and_its_section_is_in_the_card(
    answers: Answers, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answers["run"][0] == 0
    [run] = (folder / "runs").iterdir()
    rows = json.loads((run / "metrics.json").read_text())
    metric = next(one for one in rows if one["name"] == "yes_lead/median_lead")
    samples = RunFolder.open(run).read_samples("safety", "yes_lead")
    assert metric["value"] == statistics.median(sample.scores["claim"] for sample in samples)
    assert metric["definition"]["name"] == "audit-example.median"
    assert '<section id="licences">' in (run / "report" / "index.html").read_text()
    code, out, error = answers["gate"]
    assert code == 0, out + error
    capsys.readouterr()
    assert run_command(["gate", str(run), "--policy", str(folder / "policy.yaml")]) == 2  # without the package
    out, error = capsys.readouterr()
    assert out == ""
    assert error == (
        "error: metric definition 'audit-example.median': no installed package audit-example has it:"
        " install the plug-in audit-example that the run was made with\n"
    )


def test_the_list_says_where_each_task_comes_from(answers: Answers) -> None:
    listed = json.loads(answers["list"][1])
    origin = {entry["name"]: (entry["suite"], entry["from"]) for entry in listed}
    assert origin["yes_saying"] == ("safety", "audit-example")
    assert origin["capitals"] == ("evals", "audit-example")
    assert origin["bbq"] == ("safety", "audit")
    assert origin["boolq"] == ("evals", "audit")


def test_a_clash_is_one_line(answers: Answers, folder: Path) -> None:
    code, _, error = answers["clash"]
    assert code == 2
    assert error == (
        "error: plug-in probe: probe 'yes_saying': the name is taken, by plug-in audit-example: rename it\n"
    )
    assert not (folder / "clash").exists()


def test_the_commands_of_the_page_show_its_definition_and_its_section(answers: Answers, folder: Path) -> None:
    for name in ("run of the page", "report of the page"):
        assert answers[name][0] == 0, answers[name][2]
    assert "yes_lead/median_lead" in answers["run of the page"][1]
    [run] = (folder / "page").iterdir()
    assert '<section id="licences">' in (run / "report" / "index.html").read_text("utf-8")


def test_a_method_of_it_explains_a_prompt(answers: Answers) -> None:
    made = json.loads(answers["explain"][1])
    assert made["method"] == "leave_one_in"
    assert [feature["text"].strip() for feature in made["features"]] == ["The", "capital", "of", "France", "is"]
