"""Options are read off the fields of the configuration: adding one is one field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
import typer
from pydantic import Field
from typer.main import get_command

from audit.cli import options
from audit.cli.options import Given, command, of_configuration, typed_names
from audit.core.config import RunConfig
from audit.core.config.fields import Count, Folder, Option, Section, Variables
from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


class Inner(Section):
    """A section inside."""

    width: Annotated[Count | None, Option("How wide.", ("paint",), name="--inner-width")] = None


class Paint(Section):
    """A configuration with one field of every kind."""

    colour: Annotated[Literal["red", "green", "blue"] | None, Option("{choices}: of it.", ("paint",), short="-c")] = (
        None
    )
    plugins: Annotated[list[Folder], Option("A file; repeatable.", ("paint", "other"), name="--plugin")] = Field(
        default_factory=list
    )
    wet: Annotated[bool, Option("Leave it wet.", ("paint",))] = False
    round_corners: Annotated[bool, Option("Round the corners.", ("paint",))] = True
    tools: Annotated[list[Literal["brush", "knife"]], Option("{choices}, separated by commas.", ("paint",))] = Field(
        default_factory=list
    )
    more: Annotated[Variables, Option("Further.", ("paint",))] = Field(default_factory=dict)
    inner: Inner = Inner()
    hidden: int = 3


@dataclass(frozen=True)
class Own:
    """A command's own options."""

    name: Annotated[str, typer.Argument(help="Of the picture.")]
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False
    times: Annotated[int | None, typer.Option(min=1, help="Times.")] = None


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Given, Own]]:
    """The command ``paint`` of a configuration of the test's own."""
    monkeypatch.setattr(options, "_all", lambda: tuple(options._inside(Paint, ())))
    heard: list[tuple[Given, Own]] = []

    def listen(given: Given, own: Own) -> None:
        """Paint."""
        heard.append((given, own))

    program = typer.Typer(rich_markup_mode=None, add_completion=False)
    program.command("paint")(command("paint", listen, Own))

    def run(*words: str) -> tuple[Given, Own]:
        get_command(program)(args=list(words), standalone_mode=False)
        return heard.pop()

    run.program = program  # type: ignore[attr-defined]
    return run


def test_a_field_is_an_option_of_the_commands_that_it_names(call: Any) -> None:
    found = {option.opts[0]: option for option in get_command(call.program).params}
    assert found.keys() == {
        "name", "--json", "--times", "--colour", "--plugin", "--wet", "--round-corners", "--tools", "--more",
        "--inner-width",
    }  # fmt: skip
    assert found["--colour"].opts == ["--colour", "-c"]
    assert found["--colour"].help == "red, green or blue: of it."
    assert (found["--inner-width"].min, found["--plugin"].multiple, found["--wet"].is_flag) == (1, True, True)
    assert not found["--round-corners"].is_flag, "what is true unless set takes a value"
    assert found["--tools"].help == "brush or knife, separated by commas."
    assert [option.name for option in of_configuration("other")] == ["--plugin"]


def test_what_is_typed_sets_the_fields(call: Any) -> None:
    given, own = call("sea", "-c", "red", "--plugin", "a.py", "--plugin", "b.py", "--wet", "--inner-width", "3")
    assert given.values == {
        "colour": "red",
        "plugins": [Path("a.py"), Path("b.py")],
        "wet": True,
        "inner": {"width": 3},
    }
    assert given.names == ("--colour", "--plugin", "--wet", "--inner-width")
    assert own == Own("sea")
    assert Paint.model_validate(given.values).inner.width == 3
    given, own = call("sea", "--round-corners", "false", "--more", "a=1,b=x", "--tools", "knife, brush", "--json")
    assert given.values == {"round_corners": False, "tools": ["knife", "brush"], "more": {"a": 1, "b": "x"}}
    assert typed_names(own) == ["--json"]
    assert call("sea")[0] == Given({})
    assert typed_names(call("sea", "--times", "2")[1]) == ["--times"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--round-corners", "maybe"), "--round-corners maybe: give true or false"),
        (("--more", "{"), "--more: not valid JSON"),
    ],
)
def test_what_cannot_be_read_names_the_option(call: Any, words: tuple[str, ...], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        call("sea", *words)


@pytest.mark.parametrize("name", ["run", "explain", "score", "tasks list", "assets pull"])
def test_every_derived_option_is_one_sentence_and_one_field(name: str) -> None:
    found = of_configuration(name)
    assert found
    assert len({option.name for option in found}) == len(found) == len({option.path for option in found})
    for option in found:
        section: Any = RunConfig
        for part in option.path[:-1]:
            section = section.model_fields[part].annotation
        assert section.model_fields[option.path[-1]] is option.field
        assert option.option.help.endswith("."), option.name


def test_no_option_is_written_twice() -> None:
    """A command's own options and those of the configuration have different names."""
    from audit.cli.main import COMMANDS, load_command

    for name in COMMANDS:
        group = load_command(name)
        for one in [group, *getattr(group, "commands", {}).values()]:
            words = [word for option in one.params for word in (*option.opts, *option.secondary_opts)]
            assert len(words) == len(set(words)), one.name
