"""Options of every command: once each, underscores for hyphens, and a hint for a word that has no option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.core import TyperGroup, TyperOption
from typer.models import Context

from audit.cli.command import hyphenated
from audit.cli.main import COMMANDS, load_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Audit = "Callable[..., tuple[int, str, str]]"


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command by the words that call it."""
    todo: list[tuple[tuple[str, ...], Any]] = [((name,), load_command(name)) for name in COMMANDS]
    while todo:
        words, command = todo.pop()
        if isinstance(command, TyperGroup):
            todo += [((*words, name), command.commands[name]) for name in command.list_commands(Context(command))]
        else:
            yield words, command


def options(*, single: bool) -> list[tuple[tuple[str, ...], str]]:
    """Options with a value, of every command: those for one value, or those that may be repeated."""
    return [
        (words, option.opts[0])
        for words, command in commands()
        for option in command.params
        if isinstance(option, TyperOption) and not option.is_flag and option.multiple is not single
    ]


def test_every_command_is_looked_at() -> None:
    names = {" ".join(words) for words, _ in commands()}
    assert {"run", "gate", "report", "explain", "score", "app", "ratings export", "tasks list", "doctor"} <= names
    assert (("run",), "--data-dir") in options(single=False)


@pytest.mark.parametrize(
    ("words", "option"),
    options(single=True),
    ids=lambda value: " ".join([*value]) if isinstance(value, tuple) else value,
)
def test_an_option_for_one_value_is_refused_when_it_is_given_twice(
    audit: Callable[..., tuple[int, str, str]], words: tuple[str, ...], option: str
) -> None:
    code, _, error = audit(*words, option, "1", option, "2")
    assert (code, error) == (2, f"error: {option} was given 2 times and takes one value: leave out the others\n")


@pytest.mark.parametrize(("words", "option"), options(single=False))
def test_a_list_stays_repeatable(
    audit: Callable[..., tuple[int, str, str]], words: tuple[str, ...], option: str
) -> None:
    _, _, error = audit(*words, option, "a", option, "b", "--no-such-option")
    assert "no such option" in error.lower()
    _, _, error = audit(*words, option, "a", option, "b")
    assert "was given" not in error


def test_a_flag_may_be_repeated(audit: Callable[..., tuple[int, str, str]]) -> None:
    assert audit("tasks", "list", "-q", "-q")[0] == 0


@pytest.mark.parametrize(("written", "option"), [("--max_length", "--max-length"), ("--data_dir", "--data-dir")])
def test_underscores_stand_for_hyphens(audit: Callable[..., tuple[int, str, str]], written: str, option: str) -> None:
    for given in (written, option):
        code, _, error = audit("run", given, "no/such/thing", "--model", "./no/such/model")
        assert code == 2
        assert "no such option" not in error.lower()


def test_underscores_in_every_long_option() -> None:
    for words, command in commands():
        context = Context(command, token_normalize_func=hyphenated)
        parser = command.make_parser(context)
        for option in command.params:
            if isinstance(option, TyperOption) and not option.is_flag and option.opts[0].startswith("--"):
                name = option.opts[0].replace("--", "", 1).replace("-", "_")
                values, _, _ = parser.parse_args([f"--{name}", "1"])
                assert option.name in values, (words, option.name)


@pytest.mark.parametrize("command", ["run", "explain"])
def test_a_stray_word_is_told_the_option_for_checkpoints(
    audit: Callable[..., tuple[int, str, str]], command: str
) -> None:
    code, _, error = audit(command, "../ck/tiny", "again")
    assert code == 2
    assert "--model ../ck/tiny" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "--threads", "0"), "no such option: --threads: set it in a --config file: threads: VALUE"),
        (("run", "--batch_tokens=0"), "no such option: --batch-tokens: set it in a --config file: batch_tokens: VALUE"),
        (("run", "--drivers", "3"), "no such option: --drivers: set it in a --config file: explain: {drivers: VALUE}"),
        (("run", "--runs", "runs"), "no such option: --runs: see --help for the options."),
        (("run", "--modle", "x"), "no such option: --modle: see --help for the options. Did you mean '--model'?"),
        (("gate", "latest", "--threads", "2"), "no such option: --threads: see --help for the options."),
    ],
)
def test_an_unknown_option_is_answered_by_what_sets_it(
    audit: Callable[..., tuple[int, str, str]], words: tuple[str, ...], said: str
) -> None:
    code, _, error = audit(*words)
    assert (code, error) == (2, f"error: {said}\n")


def test_a_word_that_no_argument_takes_is_named_with_what_to_do(audit: Callable[..., tuple[int, str, str]]) -> None:
    for words in (("score", "toxicity", "stray.csv"), ("verify", "latest", "stray.csv"), ("doctor", "stray.csv")):
        code, _, said = audit(*words)
        assert code == 2
        assert said == "error: unexpected argument 'stray.csv': type its option before it, see --help\n"
