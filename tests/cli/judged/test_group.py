"""``audit judge``: its commands, and the page on them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from audit.cli.main import load_command
from audit.core.config import load_config
from audit.safety.judges.rubric import load_rubric

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "judge.md"
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_group_has_its_commands(audit: Callable[..., tuple[int, str, str]]) -> None:
    assert list(load_command("judge").commands) == ["measure", "draw", "outputs"]  # type: ignore[union-attr]
    code, out, _ = audit("judge", "--help")
    assert code == 0
    assert "audit judge draw latest" in out


def test_the_page_has_a_rubric_and_options_that_there_are(tmp_path: Path) -> None:
    """The commands need a judge and a run: what they do is tested here with scripted ones."""
    blocks = FENCE.findall(PAGE.read_text("utf-8"))
    assert [language for language, _ in blocks] == ["yaml", "sh", "sh", "sh", "yaml", "sh"]
    file = tmp_path / "helpful.yaml"
    file.write_text(blocks[0][1])
    assert load_rubric(str(file)).name == "helpful"
    (tmp_path / "audit.yaml").write_text(blocks[4][1])
    inside = load_config(tmp_path / "audit.yaml").safety
    assert (inside.answer_judge, inside.toxicity_scorer) == ("judge:./judge-checkpoint",) * 2
    assert [file.name for file in inside.judge_measured] == ["judge.json"]
    lines = [line.split() for language, code in blocks if language == "sh" for line in code.splitlines()]
    assert len(lines) == 8
    for words in lines:
        assert words[:2] == ["audit", "judge"]
        command = load_command("judge").commands[words[2]]  # type: ignore[union-attr]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
