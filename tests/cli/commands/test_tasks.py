"""``audit tasks list``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from audit.cli import console
from audit.cli.commands import tasks
from audit.core.errors import SandboxUnavailable
from audit.evals.catalogue import own_tasks
from audit.safety.suite import PROBES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command where no data set is at hand but GSM8K's test set."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "gsm8k").mkdir()
    (tmp_path / "gsm8k" / "test.jsonl").write_text('{"question": "q", "answer": "#### 1"}\n')
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    app = typer.Typer()
    tasks.register(app)

    def invoke(*arguments: str) -> Any:
        result = CliRunner().invoke(app, ["tasks", "list", *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result

    return invoke


def test_own_tasks_and_probes_come_with_description_and_data(run: Any) -> None:
    entries = json.loads(run("--json").stdout)
    assert [entry["name"] for entry in entries] == [*own_tasks(), *PROBES]
    assert all(entry["description"] for entry in entries)
    data = {entry["name"]: entry["data"] for entry in entries}
    assert data["boolq"] == "missing: boolq"
    assert data["gsm8k"] == "missing: gsm8k_train"


@pytest.mark.slow
def test_all_adds_lm_evals_names_once(run: Any) -> None:
    entries = json.loads(run("--all", "--json").stdout)
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names))
    assert names.index("hellaswag") > names.index("toxicity")
    assert {entry["suite"] for entry in entries} == {"evals", "safety", "lm-eval"}


@pytest.mark.parametrize("width", [80, 200])
def test_table(width: int, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console.out, "_width", width)
    text = run().stdout
    assert "translation_en_zh" in text
    assert "long_context_128k" in text
    assert "gettext_zh" in text


def test_task_files_of_the_user_are_listed_with_their_data(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "rows.csv").write_text("q\n1\n")
    task = "task: {name}\ndataset_path: csv\ndataset_kwargs: {{data_files: {{test: {file}}}}}\n"
    (folder / "here.yaml").write_text(task.format(name="here", file="rows.csv") + "metadata: {description: Rows.}\n")
    (folder / "gone.yaml").write_text(task.format(name="gone", file="other.csv"))
    (folder / "hub.yaml").write_text("task: of_the_hub\ndataset_path: owner/name\n")
    (folder / "group.yaml").write_text("group: pair\ntask: [here, gone]\n")
    entries = json.loads(run("--include-path", str(folder), "--json").stdout)
    found = {entry["name"]: (entry["data"], entry["description"]) for entry in entries if entry["suite"] == "file"}
    assert found == {
        "here": ("available", "Rows."),
        "gone": ("missing: other.csv", "gone.yaml"),
        "of_the_hub": ("unknown", "hub.yaml"),
        "pair": ("unknown", "group or tag"),
    }


def test_a_task_that_needs_an_extra_says_so(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "find_spec", lambda name: None)
    data = {entry["name"]: entry["data"] for entry in json.loads(run("--json").stdout)}
    assert data["reasoning_gym"] == "missing: checkpoint-audit[reasoning-gym]"


def test_a_task_that_needs_a_sandbox_says_what_is_missing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        msg = "no user namespaces"
        raise SandboxUnavailable(msg)

    def lacks() -> str:
        data = {entry["name"]: entry["data"] for entry in json.loads(run("--json").stdout)}
        assert "bubblewrap" not in data["gsm8k"]
        return str(data["humaneval"])

    monkeypatch.setattr(tasks, "which", lambda name: None)
    assert lacks().endswith("bubblewrap")
    monkeypatch.setattr(tasks, "which", lambda name: "/usr/bin/bwrap")
    monkeypatch.setattr(tasks, "this_sandbox", refused)
    assert lacks().endswith("a sandbox (`audit doctor` says why)")
    monkeypatch.setattr(tasks, "this_sandbox", lambda: None)
    assert "sandbox" not in lacks()
