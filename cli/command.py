"""What every command of the command line does with its options, whatever it is about."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperOption
from typer.main import get_command

from audit.cli import verbosity
from audit.core.errors import UsageError, did_you_mean
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.models import CommandInfo


def hyphenated(name: str) -> str:
    """An option or command as it is listed: ``max_length`` is ``max-length``, as users of lm-eval type it."""
    return name.replace("_", "-")


def commands_of(app: typer.Typer) -> Iterator[CommandInfo]:
    """Every command of a command line and of its groups."""
    yield from app.registered_commands
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from commands_of(group.typer_instance)


MAY_BE_EMPTY = {
    "--prompt", "--target", "--against", "--option", "--field", "--system", "--system-instruction", "--summary",
}  # fmt: skip
"""Options of which an empty text is a value, or gets a message of its command."""


def _shared(*, quiet: verbosity.Quiet = False, verbose: verbosity.Verbose = False) -> None:
    """The options of every command; typer reads this signature, and nothing calls it."""


@cache
def _shared_options() -> tuple[Any, ...]:
    """``-q`` and ``-v`` as the parser has them."""
    program = typer.Typer(add_completion=False)
    program.command()(_shared)
    return tuple(get_command(program).params)


class Command(TyperCommand):
    """A command with ``-q`` and ``-v`` that drops no word it was given.

    An option for one value that is given twice is refused; by itself the parser keeps the last value. An empty value
    is refused: it comes from an unset variable, and as a path it would mean the working directory. A stray word
    is refused, where the command takes a checkpoint with the option that names one.
    """

    def __init__(self, name: str | None, *, params: list[Any] | None = None, **options: Any) -> None:  # noqa: ANN401
        super().__init__(name, params=[*(params or []), *_shared_options()], **options)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the parser's own context is private
        """Run the command, as quietly as was asked for."""
        verbosity.apply(**{option.name: ctx.params.pop(option.name) for option in _shared_options()})
        return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - the parser's own context is private
        """Read the arguments.

        Raises:
            UsageError: An option is unknown, was given twice or without a value, or a word is left without its option.
        """
        try:
            given, words, order = self.make_parser(ctx).parse_args(args=list(args))
        except typer.TyperException as error:
            if type(error).__name__ == "NoSuchOption":  # the class is not exported
                raise UsageError(_unknown(str(getattr(error, "option_name", "")), self.params)) from error
            raise
        options = [given for given in order if isinstance(given, TyperOption)]
        if not any(option.is_eager for option in options):
            _refuse_twice(options)
            _refuse_empty(self.params, given)
            if words:
                named = any("--model" in parameter.opts for parameter in self.params)
                advice = (
                    f"name a checkpoint with --model {words[0]}" if named else "type its option before it, see --help"
                )
                msg = f"unexpected argument {words[0]!r}: {advice}"
                raise UsageError(msg)
        return super().parse_args(ctx, args)


def _unknown(option: str, parameters: list[Any]) -> str:
    """What to do about an option that the command does not have: some fields of the configuration are none."""
    from audit.cli.options import field_called  # noqa: PLC0415 - the configuration is slow to import for --help

    known = [word for parameter in parameters for word in parameter.opts if word.startswith("--")]
    path = field_called(option) if "--config" in known else None
    if path:
        keys = f"{path[-1]}: VALUE"
        for section in reversed(path[:-1]):
            keys = f"{section}: {{{keys}}}"
        return f"no such option: {option}: set it in a --config file: {keys}"
    return f"no such option: {printable(option, 60)}: see --help for the options.{did_you_mean(option, known)}"


def _refuse_empty(parameters: list[Any], given: dict[str, Any]) -> None:
    """Refuse an option or argument whose value is empty."""
    for parameter in parameters:
        value = given.get(parameter.name)
        name = next((word for word in parameter.opts if word.startswith("--")), str(parameter.name).upper())
        if name not in MAY_BE_EMPTY and "" in (value if isinstance(value, list | tuple) else [value]):
            msg = f"{name} is empty: is the variable behind it set?"
            raise UsageError(msg)


def _refuse_twice(options: list[Any]) -> None:
    """Refuse options for one value that were given more than once; a plain flag says the same twice."""
    for option, times in Counter(options).items():
        plain_flag = option.is_flag and not option.secondary_opts
        if times > 1 and not option.multiple and not option.count and not plain_flag:
            msg = f"{option.opts[0]} was given {times} times and takes one value: leave out the others"
            raise UsageError(msg)
