from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from audit.cli import explain as command
from audit.cli.console import out
from audit.core.errors import UsageError
from audit.core.records import Attribution

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "The dog \x1b[31msleeps\u202e.\nAnswer:"


@pytest.fixture
def program() -> typer.Typer:
    program = typer.Typer(rich_markup_mode=None)
    command.register(program)
    program.command("other")(lambda: None)
    return program


def test_json_is_an_attribution(program: typer.Typer, tiny_model: Path) -> None:
    given = ["explain", "-m", str(tiny_model), "-p", "-", "--target", " fox", "--against", " dog", "--json"]
    done = CliRunner().invoke(program, given, input=PROMPT, catch_exceptions=False)
    made = Attribution.model_validate(json.loads(done.stdout))
    assert done.exit_code == 0
    assert (made.prompt, made.target, made.method, made.sample_id) == (PROMPT, " fox", "occlusion", None)
    assert "log P(' dog')" in str(made.note)


def test_the_heat_map_shows_the_prompt_escaped(program: typer.Typer, tiny_model: Path) -> None:
    given = ["explain", "-m", str(tiny_model), "-p", PROMPT, "--method", "attention_rollout"]
    with out.capture() as captured:
        done = CliRunner().invoke(program, given, catch_exceptions=False)
    shown = captured.get()
    assert done.exit_code == 0
    assert "\x1b[31m" not in shown
    assert "\\x1b[31msleeps\\u202e.⏎\nAnswer:" in shown
    assert any(verdict in shown for verdict in ("believable", "weak", "do not believe"))
    assert "explaining the model's own answer" in done.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["-p", "one two", "--method", "oclusion"], "Did you mean 'occlusion'"),
        (["-p", " "], "--prompt is empty"),
        (["-p", "one two", "--target", ""], "target is empty"),
        (["-p", "one two", "--target", " x", "--against", " x"], "two different continuations"),
    ],
)
def test_bad_input_is_one_clear_error(program: typer.Typer, tiny_model: Path, given: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        CliRunner().invoke(program, ["explain", "-m", str(tiny_model), *given], catch_exceptions=False)


def test_heat_map_text_is_the_prompt(tiny_model: Path) -> None:
    from audit.engine import load
    from audit.explain.attribute import attribute, prepare
    from audit.explain.methods import METHODS

    engine = load(str(tiny_model), device="cpu")
    text = "One two.\nThree 狗 🤖 "
    made = attribute(prepare(engine, text, " x", max_features=20), METHODS["occlusion"], seed=1)
    assert command.heat_map(made).plain == "One two.⏎\nThree 狗 🤖 "
