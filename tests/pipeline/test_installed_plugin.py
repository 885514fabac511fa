"""The example package, installed as a user would, in an audit of the tiny checkpoint from the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plugin"


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command line in an environment with the package."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    install = [
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--target",
        folder / "site",
    ]
    subprocess.run([sys.executable, "-m", *map(str, install), str(source)], check=True, capture_output=True)
    paths = [str(folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}

    def call(*words: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "audit.cli", *map(str, words)]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, cwd=folder)

    return call


def test_everything_of_it_runs_and_stands_in_the_manifest(command: Any, tiny_model: Path, tmp_path: Path) -> None:
    config = tmp_path / "audit.yaml"
    config.write_text(
        "explain: {methods: [leave_one_in], errors: 1}\nsafety: {toxicity_scorer: 'plugin:word_list'}\n", "utf-8"
    )
    words = ["--model", tiny_model, "--config", config, "--tasks", "yes_saying,capitals", "--out", tmp_path / "runs"]
    done = command("run", *words, "--offline")
    assert done.returncode == 0, done.stderr
    [folder] = (tmp_path / "runs").iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    [plugin] = manifest["plugins"]
    assert (plugin["name"], plugin["version"]) == ("audit-example", "1.0")
    assert plugin["used"] == ["probe yes_saying", "method leave_one_in", "scorer word_list", "task capitals"]
    assert f"plugins:audit-example@{plugin['sha256'][:6]}" in manifest["signature"]
    metrics = {one["name"]: one for one in json.loads((folder / "metrics.json").read_text()) if one["slice"] is None}
    assert metrics["yes_saying/share_contradicting"]["n"] == 6
    assert metrics["capitals/accuracy"]["n"] == 6
    attributions = [json.loads(file.read_text()) for file in (folder / "attributions").glob("*.json")]
    assert {one["method"] for one in attributions} == {"leave_one_in"}
    assert {one["task"] for one in attributions} == {"yes_saying", "capitals"}


def test_the_list_says_where_each_task_comes_from(command: Any) -> None:
    listed = json.loads(command("tasks", "list", "--json").stdout)
    origin = {entry["name"]: (entry["suite"], entry["from"]) for entry in listed}
    assert origin["yes_saying"] == ("safety", "audit-example")
    assert origin["capitals"] == ("evals", "audit-example")
    assert origin["bbq"] == ("safety", "audit")
    assert origin["boolq"] == ("evals", "audit")


def test_a_clash_is_one_line(command: Any, tiny_model: Path, tmp_path: Path) -> None:
    probe = EXAMPLE / "audit_example" / "probe.py"
    done = command("run", "--model", tiny_model, "--plugin", probe, "--tasks", "yes_saying", "--out", tmp_path / "runs")
    assert done.returncode == 2
    assert done.stderr == (
        "error: plug-in probe: probe 'yes_saying': the name is taken, by plug-in audit-example: rename it\n"
    )
    assert not (tmp_path / "runs").exists()


def test_a_method_of_it_explains_a_prompt(command: Any, tiny_model: Path) -> None:
    words = ("--model", tiny_model, "-p", "The capital of France is", "--target", " Paris", "--offline", "--json")
    made = json.loads(command("explain", *words, "--method", "leave_one_in").stdout)
    assert made["method"] == "leave_one_in"
    assert [feature["text"].strip() for feature in made["features"]] == ["The", "capital", "of", "France", "is"]
