"""The options of commands: those of the configuration, read off its fields, and those of the command itself.

A field of :class:`audit.core.config.RunConfig` that bears an ``Option`` is an option of the commands that it names, and
nothing else has to be written for it. What belongs to one command alone is a field of that command's own dataclass::

    @dataclass(frozen=True)
    class Arguments:
        tasks: Annotated[str | None, typer.Option(help="...")] = None

    program.command("run")(command("run", run, Arguments))      # def run(given: Given, arguments: Arguments) -> int
"""

from __future__ import annotations

import inspect
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Protocol,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import typer

from audit.cli import values
from audit.core.config import DEFAULT_OUT, RunConfig
from audit.core.config.fields import Option, Section, marks, option_name, option_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pydantic.fields import FieldInfo


class _Dataclass(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Own = TypeVar("Own", bound=_Dataclass)

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="YAML configuration file; overrides the profile.", show_default=False)
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder with run folders, where run ids are looked up.")]
"""With :data:`audit.core.config.DEFAULT_OUT` as its default."""
RUNS = DEFAULT_OUT


@dataclass(frozen=True)
class FieldOption:
    """An option that sets a field of the configuration."""

    path: tuple[str, ...]
    """Names of the field and of the sections around it, the outermost first."""
    field: FieldInfo
    option: Option

    @property
    def name(self) -> str:
        """``--name``, as it is typed."""
        return option_name(self.path[-1], self.option)

    @property
    def parameter(self) -> str:
        """Name of the command's parameter."""
        return self.name.removeprefix("--").replace("-", "_")

    @property
    def annotation(self) -> Any:  # noqa: ANN401 - a type that typer reads
        """What typer makes the option of: the type that is typed, None where it was not, and the words for help."""
        typed = _typed(self.field)
        bounds = (getattr(mark, "ge", None) for mark in marks(self.field))
        least = next((bound for bound in bounds if bound is not None), None)
        words = [self.name, *([self.option.short] if self.option.short else [])]
        switch = typed is str and bool in _types(self.field.annotation)
        option = typer.Option(
            *words,
            help=self.option.help.replace("{choices}", _listed(_choices(self.field.annotation))),
            min=least if typed is int else None,
            metavar="true|false" if switch else None,
        )
        return Annotated[typed | None, option]

    def read(self, typed: Any) -> Any:  # noqa: ANN401 - any value of any option
        """The field's value from what was typed.

        Raises:
            ConfigError: It cannot be read.
        """
        if not isinstance(typed, str):
            return typed
        types = _types(self.field.annotation)
        if dict in types:
            return values.settings(typed, self.name)
        if list in types:
            return [word.strip() for word in typed.split(",")]
        return values.boolean(typed, self.name) if bool in types else typed


@dataclass(frozen=True)
class Given:
    """The options of the configuration that were typed."""

    values: dict[str, Any]
    """The fields that they set, nested as in the configuration."""
    names: tuple[str, ...] = ()
    """Their names, ``--thinking-tokens``, in the order of the configuration."""

    def has(self, name: str) -> bool:
        """Whether an option was typed."""
        return name in self.names


def of_configuration(command: str) -> list[FieldOption]:
    """The options of a command that set fields of the configuration, in its order."""
    return [found for found in _all() if command in found.option.commands]


@cache
def _all() -> tuple[FieldOption, ...]:
    """Every option that sets a field."""
    return tuple(_inside(RunConfig, ()))


def _inside(section: type[Section], path: tuple[str, ...]) -> Iterator[FieldOption]:
    """The options of a section and of the sections inside it."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _inside(field.annotation, (*path, name))
        option = option_of(field)
        if option is not None:
            yield FieldOption((*path, name), field, option)


def field_called(option: str) -> tuple[str, ...] | None:
    """The field of the configuration whose name an option has, with the sections around it; None if there is none.

    Args:
        option: ``--batch-tokens``, as typed.
    """
    name = option.removeprefix("--").replace("-", "_")
    return next((path for path in sorted(_fields(RunConfig, ()), key=len) if path[-1] == name), None)


def _fields(section: type[Section], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The path of every field of a section and of the sections inside it."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _fields(field.annotation, (*path, name))
        else:
            yield (*path, name)


def command(
    name: str,
    run: Callable[[Given, Own], int | None],
    own: type[Own],
    first: Sequence[str] = (),
    *,
    like: str | None = None,
    without: Sequence[str] = (),
) -> Callable[..., int | None]:
    """A command whose parameters are the options that typer is to read.

    Args:
        name: Of the command, as fields' ``Option.commands`` has it.
        run: Does the work; its docstring is the command's help.
        own: The dataclass of the command's own options; each field's annotation has its ``typer.Option``.
        first: Names of options of the configuration that help lists before the command's own.
        like: Command whose options of the configuration it has; None gives it its own.
        without: Names of those that it does not have.
    """
    options = {found.parameter: found for found in of_configuration(like or name) if found.name not in without}
    parameters = _parameters_of(own)
    derived = [_parameter(found.parameter, found.annotation, None) for found in options.values()]
    leading = [one for one in derived if options[one.name].name in first]
    listed = [*leading, *parameters, *(one for one in derived if one not in leading)]

    def called(**typed: object) -> int | None:
        mine = own(**{one.name: typed[one.name] for one in parameters})
        return run(_given([(found, typed[parameter]) for parameter, found in options.items()]), mine)

    called.__name__, called.__doc__ = name, run.__doc__
    called.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in listed}
    return called


def _given(typed: Sequence[tuple[FieldOption, object]]) -> Given:
    """What was typed, as the configuration has it; nothing for options that were not given."""
    nested: dict[str, Any] = {}
    names = []
    for found, value in typed:
        if value is None:
            continue
        names.append(found.name)
        inner = nested
        for section in found.path[:-1]:
            inner = inner.setdefault(section, {})
        inner[found.path[-1]] = found.read(value)
    return Given(nested, tuple(names))


def typed_names(arguments: _Dataclass) -> list[str]:
    """The command's own options that were typed, as far as they differ from their defaults."""
    hints = get_type_hints(type(arguments), include_extras=True)
    return [
        _option_name(field.name, hints[field.name])
        for field in fields(arguments)
        if field.default is not MISSING and getattr(arguments, field.name) != field.default
    ]


def _option_name(parameter: str, annotation: object) -> str:
    """``--name`` of one of a command's own options."""
    info = next((part for part in get_args(annotation) if hasattr(part, "param_decls")), None)
    # Inside Annotated, typer takes the first of the option's names for a default until it reads the command.
    words = [info.default, *(info.param_decls or ())] if info else []
    names = [word for word in words if isinstance(word, str) and word.startswith("--")]
    return names[0] if names else f"--{parameter.replace('_', '-')}"


def _parameters_of(own: type[_Dataclass]) -> list[inspect.Parameter]:
    """The parameters of a command's own options."""
    hints = get_type_hints(own, include_extras=True)
    return [_parameter(field.name, hints[field.name], field.default) for field in fields(own)]


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    """A parameter that typer reads; without a default it must be given."""
    empty = inspect.Parameter.empty if default is MISSING else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=empty, annotation=annotation)


def _typed(field: FieldInfo) -> Any:  # noqa: ANN401 - a type
    """The type in which an option is typed: a flag for what is false by default, text for what is read further."""
    types = _types(field.annotation)
    if list in types and _choices(field.annotation):
        return str
    if list in types:
        return list[Path] if Path in types else list[str]
    if bool in types:
        return bool if field.default is False else str
    if dict in types or str in types:
        return str
    return next(kind for kind in (int, float, Path) if kind in types)


def _types(annotation: object) -> set[type]:
    """The plain types inside an annotation: ``list[Annotated[Path, mark]] | None`` gives list, Path and NoneType."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return {annotation}
    if get_origin(annotation) is Literal:
        return {type(choice) for choice in get_args(annotation)}
    origin = get_origin(annotation)
    if origin is Annotated:
        return _types(get_args(annotation)[0])
    if origin is dict:
        return {dict}
    inner = {kind for argument in get_args(annotation) for kind in _types(argument)}
    return inner | ({origin} if isinstance(origin, type) else set())


def _choices(annotation: object) -> list[str]:
    """The values that a type lists."""
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for argument in get_args(annotation) for choice in _choices(argument)]


def _listed(choices: Sequence[str]) -> str:
    """``int8 or nf4``; ``auto, float32, bfloat16 or float16``."""
    return " or ".join([*([", ".join(choices[:-1])] if choices[:-1] else []), *choices[-1:]])
