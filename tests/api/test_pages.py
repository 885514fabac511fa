"""The pages on Python and on plug-ins: their code runs, and is the code of the example."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from audit.cli.main import run_command
from audit.core.run_folder import RunFolder
from audit.pipeline import plugins

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "examples" / "plugin"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page."""
    text = (ROOT / "docs" / "howto" / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_code_on_python_runs(
    tiny_model: Path, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkpoint").symlink_to(tiny_model)
    (tmp_path / "data").symlink_to(pairs)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    code = blocks("python.md", "python")
    assert len(code) == 5
    for block in code:
        exec(compile(block, "docs/howto/python.md", "exec"), names)  # noqa: S102 - our own page
    assert (tmp_path / "why.html").stat().st_size > 1000
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_the_page_on_plugins_shows_the_example_as_it_is() -> None:
    names = ("probe.py", "method.py", "scorer.py", "definition.py", "lead.py", "section.py")
    files = [PACKAGE / "audit_example" / name for name in names]
    assert blocks("extend.md", "python") == [file.read_text("utf-8") for file in files]
    [task] = blocks("extend.md", "yaml")
    assert task == (PACKAGE / "audit_example" / "tasks" / "capitals.yaml").read_text("utf-8")
    [points] = blocks("extend.md", "toml")
    assert points in (PACKAGE / "pyproject.toml").read_text("utf-8")


def commands(page: str) -> list[list[str]]:
    """The words of each command of a page, in order."""
    return [shlex.split(line) for block in blocks(page, "sh") for line in block.splitlines()]


def few_texts(folder: Path) -> Path:
    """Labelled texts: the package's own sentences, which are evaluated by default, take minutes."""
    texts = [("you are an idiot", True), ("what a stupid thing to say", True), ("good morning", False)] * 4
    file = folder / "labelled.jsonl"
    file.write_text("".join(f"{json.dumps({'prediction': text, 'label': label})}\n" for text, label in texts))
    return file


@pytest.mark.slow
def test_the_commands_on_plugin_files_run(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of the package that is installed: tests/pipeline/whole/test_installed_plugin.py."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(PACKAGE.parent)
    given = commands("extend.md")
    names = [" ".join(words[:2]) for words in given]
    assert names == ["audit run", "audit explain", "echo safety: {toxicity_scorer: 'plugin:scorer'}", "audit score",
                     "audit run", "pip install", "audit run", "audit report"]  # fmt: skip
    (tmp_path / given[2][-1]).write_text(f"{given[2][1]}\n")
    before = set(plugins.LOADED)
    loading = ["--model", str(tiny_model), "--offline"]
    made = ["--no-explain", "--out", "runs"]
    try:
        assert run_command([*given[0][1:], *loading, *made]) == 0
        probed = RunFolder.resolve("latest", tmp_path / "runs")
        assert run_command([*given[1][1:], *loading, "--json"]) == 0
        assert '"method": "leave_one_in"' in capsys.readouterr().out
        assert run_command([*given[3][1:], "--json", "--predictions", str(few_texts(tmp_path))]) == 0
        assert "word_list" in capsys.readouterr().out
        assert run_command([*given[4][1:], *loading, *made, "--limit", "2"]) == 0
    finally:
        for key in plugins.LOADED.keys() - before:
            plugins.unload(key)
    assert [one.name for one in probed.read_manifest().plugins] == ["probe"]
    (share,) = (one for one in probed.read_metrics() if one.name == "yes_saying/share_contradicting" and not one.slice)
    agreed = [sample.score for sample in probed.read_samples("safety", "yes_saying")]
    assert share.value == sum(score or 0 for score in agreed) / 6
