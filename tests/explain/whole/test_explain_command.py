from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from audit.cli.commands import explain as command
from audit.cli.console import out
from audit.cli.explain import attribution as terminal
from audit.cli.explain import typed_prompt
from audit.cli.progress import Bars
from audit.core.errors import AuditError, UsageError, WhiteBoxUnavailable
from audit.core.records import Attribution
from audit.explain.attribute import How, attribute_one, prepare
from audit.explain.counterfactual import removals_and_swaps
from audit.explain.methods.registry import METHODS
from audit.reports.attribution.counterfactuals import sentences
from tests.engine.whole.scripts import PROMPT as QUESTION
from tests.engine.whole.scripts import tokenizer_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine

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


@pytest.mark.slow
def test_the_steps_of_the_models_own_trace(program: typer.Typer, tiny_model: Path, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(tiny_model, added=["<think>", "</think>"])
    trace = "The dog runs. The fox is red. It is late. So 7."
    model = write(tmp_path, tokenizer, f"<think>\n{trace}\n</think>\n\n7.")
    given = ["explain", "-m", str(model), "-p", QUESTION, "--features", "steps", "--json"]
    done = CliRunner().invoke(program, given, catch_exceptions=False)
    made = Attribution.model_validate(json.loads(done.stdout))
    assert (made.level, made.target, made.prompt) == ("steps", "7.", f"{QUESTION}<think>\n{trace}\n</think>\n\n")
    assert [feature.text for feature in made.features] == [
        "The dog runs. ",
        "The fox is red. ",
        "It is late. ",
        "So 7.",
    ]
    assert "its exact tokens are not stored" in str(made.note)
    with out.capture() as captured:
        done = CliRunner().invoke(program, [*given[:-1], "--target", "8", "--against", "7"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "step 1: The dog runs." in captured.get()
    assert "own answer" not in done.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["-p", "one two", "--method", "oclusion"], "Did you mean 'occlusion'"),
        (["-p", " "], "--prompt is empty"),
        (["-p", "one two", "--target", ""], "target is empty"),
        (["-p", "one two", "--target", " x", "--against", " x"], "two different continuations"),
        (["-p", "one two", "--features", "word"], "unknown --features word.*Did you mean 'words'"),
        (["-p", "one two", "--target", " x", "--features", "fields"], "no fields are known"),
        (["-p", "one two", "--features", "steps", "--field", "q=two"], "leave out --field and --within"),
        (["-p", "one two", "--features", "steps"], "writes no reasoning trace before its answer"),
        (["-p", "one two", "--field", "question"], "--field question: write NAME=TEXT"),
        (["-p", "one two", "--field", "=two"], "write NAME=TEXT"),
        (["-p", "one two", "--field", "q="], "write NAME=TEXT"),
        (["-p", "one two", "--field", "q=three"], "--field q: its text is not in the prompt: three"),
        (["-p", "aaa", "--field", "q=aa"], "more than once"),
        (["-p", "one two", "--field", "q=two", "--field", "q=one"], "--field q: named twice"),
        (["-p", "one two", "--target", " x", "--within", "q"], "no part called q; known parts: none"),
        (["-p", "one two", "--option", " yes"], "a single --option is not a choice"),
        (["-p", "one two", "--option", " yes", "--option", " "], "an --option is empty"),
        (["-p", "one two", "--option", " yes", "--option", " yes"], "a single --option is not a choice"),
        (["-p", "one two", "--method", "occlusion,"], "unknown attribution method ''"),
        (["-p", "one two", "--out", "why.pdf"], r"choose a file name that ends in .html, .svg, .png, .json"),
        (["-p", "one two", "--out", "why"], "choose a file name that ends in"),
        (["-p", "one \udcff two"], "--prompt is not valid Unicode"),
    ],
)
def test_bad_input_is_one_clear_error(program: typer.Typer, tiny_model: Path, given: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        CliRunner().invoke(program, ["explain", "-m", str(tiny_model), *given], catch_exceptions=False)
    assert "\n" not in str(raised.value)


def test_heat_map_text_is_the_prompt(tiny: Engine) -> None:
    text = "One two.\nThree 狗 🤖 "
    made = attribute_one(prepare(tiny, text, " x", max_features=20), METHODS["occlusion"], How(seed=1))
    assert terminal.heat_map(made).plain == "One two.⏎\nThree 狗 🤖 "


def run_json(program: typer.Typer, *given: str) -> Any:
    done = CliRunner().invoke(program, ["explain", "--json", *given], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_target_is_the_likeliest_option(program: typer.Typer, tiny: Engine, tiny_model: Path) -> None:
    options = [" fox", " lazy dog", " the dog jumps"]
    scores = tiny.score([tiny.encode_pair(PROMPT, option) for option in options])
    ranked = sorted(zip(scores, options, strict=True), key=lambda pair: -sum(pair[0].log_probs))
    wanted = [part for option in options for part in ("--option", option)]
    made = Attribution.model_validate(run_json(program, "-m", str(tiny_model), "-p", PROMPT, *wanted))
    assert (made.target, made.against) == (ranked[0][1], ranked[1][1])
    assert set(made.alternatives) == set(options) - {made.target}
    assert len({token.continuation for token in made.output_tokens}) == 3
    other = run_json(program, "-m", str(tiny_model), "-p", PROMPT, *wanted, "--target", ranked[2][1])
    assert (other["target"], other["against"]) == (ranked[2][1], ranked[0][1])


def test_named_parts_are_features_or_what_is_explained(program: typer.Typer, tiny_model: Path) -> None:
    given = ["-m", str(tiny_model), "-p", "The dog sleeps. A fox jumps?\nAnswer:", "--target", " yes"]
    fields = ["--field", "passage=The dog sleeps.", "--field", "question=A fox = jumps?".replace(" =", "")]
    made = Attribution.model_validate(run_json(program, *given, *fields, "--features", "fields"))
    assert [feature.name for feature in made.features] == ["passage", "question"]
    assert [feature.text.strip() for feature in made.features] == ["The dog sleeps.", "A fox jumps?"]
    within = Attribution.model_validate(run_json(program, *given, *fields, "--within", "question"))
    assert "".join(feature.text for feature in within.features).strip() == "A fox jumps?"
    assert (within.level, made.level) == ("words", "fields")


@pytest.mark.slow
def test_a_counterfactual_is_run_and_told(program: typer.Typer, tiny: Engine, tiny_model: Path, tmp_path: Path) -> None:
    options = [" fox", " lazy dog", " the dog jumps"]
    wanted = [part for option in options for part in ("--option", option)]
    path = tmp_path / "why.json"
    given = ["-m", str(tiny_model), "-p", PROMPT, *wanted, "--method", "occlusion,surrogate", "--counterfactual"]
    first, second = run_json(program, *given, "--out", str(path))
    assert json.loads(path.read_text()) == [first, second]
    assert second["counterfactual"] is None
    made = Attribution.model_validate(first)
    search = made.counterfactual
    assert search is not None
    assert search == removals_and_swaps(prepare(tiny, PROMPT, made.target, options=options, max_features=48))
    assert search.answer == made.target
    with out.capture() as captured:
        CliRunner().invoke(program, ["explain", *given], catch_exceptions=False)
    shown = " ".join(captured.get().split())
    assert [" ".join(told.split()) in shown for told in sentences(made)] == [True] * len(sentences(made))
    assert sentences(made)


def test_several_methods_share_their_masks_and_print_a_list(program: typer.Typer, tiny_model: Path) -> None:
    given = ["-m", str(tiny_model), "-p", "The dog sleeps.", "--target", " x"]
    listed = run_json(program, *given, "--method", "occlusion,attention_rollout", "--method", "occlusion")
    made = [Attribution.model_validate(record) for record in listed]
    assert [one.method for one in made] == ["occlusion", "attention_rollout"]
    assert made[0].features == made[1].features
    assert made[0].target_log_prob == made[1].target_log_prob


def test_a_method_that_cannot_is_told_and_the_others_are_shown(program: typer.Typer, tiny: Engine) -> None:
    class Server(type(tiny)):  # type: ignore[misc] # an engine whose weights are elsewhere
        """An engine whose weights are elsewhere."""

        def __init__(self) -> None:
            self.__dict__.update(tiny.__dict__)

        @property
        def model(self) -> Any:
            raise WhiteBoxUnavailable("its weights are not here")

    masked = prepare(Server(), "The dog sleeps.", " x", max_features=20)
    bars = Bars(quiet=True)
    made = typed_prompt._attributions(masked, [METHODS["attention_rollout"], METHODS["occlusion"]], 1, bars)
    assert [one.method for one in made] == ["occlusion"]
    assert bars.messages == ["attention_rollout: its weights are not here"]
    with pytest.raises(AuditError, match="not here"):
        typed_prompt._attributions(masked, [METHODS["attention_rollout"]], 1, bars)
    with pytest.raises(AuditError, match="attention_rollout: its weights are not here; attention: its"):
        typed_prompt._attributions(masked, [METHODS["attention_rollout"], METHODS["attention"]], 1, bars)


def test_the_terminal_shows_every_view(program: typer.Typer, tiny_model: Path) -> None:
    given = ["explain", "-m", str(tiny_model), "-p", "The dog sleeps.", "--target", " fox \x1b[31m dog"]
    with out.capture() as captured:
        done = CliRunner().invoke(program, [*given, "--method", "occlusion,attention_rollout"], catch_exceptions=False)
    shown = captured.get()
    assert done.exit_code == 0
    for words in (
        "occlusion · words · target:  fox \\x1b[31m dog",
        "everything masked",
        "whole prompt",
        "█",
        "orders beaten",
        "evaluations",
        "rank agreement (Spearman)",
        "1.00",
    ):
        assert words in shown, words
    assert "\x1b[31m" not in shown.replace("\\x1b[31m", "")


def test_intervals_stand_beside_their_values(tiny: Engine) -> None:
    made = attribute_one(prepare(tiny, "The dog.", " fox", max_features=20), METHODS["occlusion"], How(seed=1))
    sampled = made.model_copy(update={"intervals": [(value - 1, value + 1) for value in made.values]})
    with out.capture() as captured:
        out.print(terminal.waterfall(sampled))
    for value in made.values:
        line = next(line for line in captured.get().splitlines() if f"{value:+.3f}".replace("-", "−") in line)
        assert f"{value - 1:.3f} to {value + 1:.3f}".replace("-", "−") in line


def test_the_matrix_fits_the_terminal_or_says_that_it_does_not(tiny: Engine) -> None:
    made = attribute_one(
        prepare(tiny, "The dog sleeps.", " fox dog", max_features=20), METHODS["occlusion"], How(seed=1)
    )
    assert made.matrix is not None
    wide, narrow, none = (terminal.matrix(made, width) for width in (160, 25, 10))
    assert isinstance(wide, Table)
    assert isinstance(narrow, Table)
    assert isinstance(none, Text)
    with out.capture() as captured:
        out.print(wide)
    shown = captured.get()
    rows = [line for line in shown.splitlines() if line.strip()][1:]
    assert len(rows) == len(made.output_tokens)
    for line, values in zip(rows, made.matrix, strict=True):
        written = [part for part in line.split() if part[0] in "+−" and len(part) > 1]
        assert written == [f"{value:+.2f}".replace("-", "−") for value in values if abs(value) >= 0.005]
    assert "--out FILE.html" in none.plain


@pytest.mark.parametrize("suffix", ["html", "SVG", "png", "json"])
def test_files_by_suffix(program: typer.Typer, tiny_model: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new folder" / f"why.{suffix}"
    given = ["-m", str(tiny_model), "-p", "The dog <b>sleeps</b>.", "--target", " fox dog", "--out", str(path)]
    record = run_json(program, *given)
    data = path.read_bytes()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    if suffix == "json":
        assert Attribution.model_validate_json(data) == Attribution.model_validate(record)
        assert json.loads(data) == record
    elif suffix == "png":
        assert data.startswith(b"\x89PNG")
    else:
        assert data.startswith(b"<!DOCTYPE html>" if suffix == "html" else b"<svg xmlns")
        assert b"<b>" not in data
        assert b"&lt;b" in data


@pytest.mark.slow
def test_a_file_that_cannot_be_written_is_one_line(program: typer.Typer, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.html").mkdir()
    given = ["explain", "-m", str(tiny_model), "-p", "The dog.", "--target", " x", "--out"]
    for path, message in (
        (tmp_path / "file" / "why.html", "cannot be written"),
        (tmp_path / "folder.html", "there is a folder of that name"),
    ):
        with pytest.raises(UsageError, match=message):
            CliRunner().invoke(program, [*given, str(path)], catch_exceptions=False)


def test_help_has_examples(program: typer.Typer) -> None:
    shown = CliRunner().invoke(program, ["explain", "--help"]).stdout
    assert "Examples:" in shown
    for name in ("--features", "--field", "--within", "--option", "--method", "--out", *METHODS):
        assert name in " ".join(shown.split()), name


def test_the_line_of_measures_names_measures_that_there_are() -> None:
    from audit.core.records.measures import MEASURES
    from audit.reports.attribution.measures import IN_SHORT

    assert set(IN_SHORT) <= set(MEASURES)
