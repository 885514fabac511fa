"""The pages on Python and on plug-ins: their code runs, and is the code of the example."""

from __future__ import annotations

import re
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


@pytest.mark.slow
def test_the_command_on_plugins_runs(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(PACKAGE.parent)
    [line] = blocks("extend.md", "sh")
    _, *words = line.split()
    before = set(plugins.LOADED)
    try:
        code = run_command([*words, "--model", str(tiny_model), "--offline", "--no-explain", "--out", "runs"])
    finally:
        for key in plugins.LOADED.keys() - before:
            plugins.unload(key)
    assert code == 0
    run = RunFolder.resolve("latest", tmp_path / "runs")
    assert [one.name for one in run.read_manifest().plugins] == ["probe"]
    (share,) = (one for one in run.read_metrics() if one.name == "yes_saying/share_contradicting" and not one.slice)
    agreed = [sample.score for sample in run.read_samples("safety", "yes_saying")]
    assert share.value == sum(score or 0 for score in agreed) / 6
