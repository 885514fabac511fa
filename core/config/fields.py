"""Building blocks of configuration fields: values, paths on this machine, command-line options.

A field says everything about itself once. Its annotation bears

- a type and its limits, which ``audit.core.config.yaml_file.validate`` turns into one line per fault,
- a :class:`PathMark` where its value names a file, a folder or a checkpoint, by which :meth:`Section.resolved` makes it
  independent of the working directory,
- an :class:`Option` where the command line sets it, from which ``audit.cli.options`` builds the commands.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from audit.core.names import split_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True)
class PathMark:
    """Marks a field, or the entries of a list, whose value names a path on this machine."""

    in_full: Callable[[Any, Path], Any]
    """Turns the value, and the folder that relative paths start from, into the absolute value."""


@dataclass(frozen=True)
class Option:
    """The command-line option that sets a field."""

    help: str
    """One sentence for ``--help``. ``{choices}`` is replaced by the values that the field's type allows."""
    commands: tuple[str, ...]
    """Commands that have the option."""
    name: str = ""
    """``--name``; empty is the field's name with hyphens."""
    short: str = ""
    """``-n``; empty is none."""


def option_name(field: str, option: Option) -> str:
    """``--name`` of an option, as it is typed."""
    return option.name or f"--{field.replace('_', '-')}"


def option_of(field: FieldInfo) -> Option | None:
    """The option that sets a field."""
    return next((mark for mark in marks(field) if isinstance(mark, Option)), None)


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, types are not converted."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, strict=True)

    def resolved(self, base: Path) -> Self:
        """The same with absolute paths, and absolute checkpoints where they are files or folders.

        Args:
            base: The folder that relative paths start from.
        """
        fields = type(self).model_fields.items()
        return self.model_copy(
            update={name: _in_full(getattr(self, name), place_of(field), base) for name, field in fields}
        )


def option_at(section: type[Section], path: Sequence[int | str]) -> str:
    """The option, ``--max-length``, that sets the field at a path; the path itself, with dots, where none does."""
    inside: object = section
    for name in path:
        if not (isinstance(inside, type) and issubclass(inside, Section) and name in inside.model_fields):
            break
        field = inside.model_fields[str(name)]
        if option := option_of(field):
            return option_name(str(name), option)
        inside = field.annotation
    return ".".join(map(str, path))


def _in_full(value: object, place: PathMark | None, base: Path) -> object:
    """A field's absolute value: sections and lists entry by entry."""
    if isinstance(value, Section):
        return value.resolved(base)
    if isinstance(value, list):
        return [_in_full(entry, place, base) for entry in value]
    return place.in_full(value, base) if place and value is not None else value


def place_of(field: FieldInfo) -> PathMark | None:
    """The mark of a field whose value, or whose entries, name paths on this machine."""
    return next((mark for mark in marks(field) if isinstance(mark, PathMark)), None)


def marks(field: FieldInfo) -> Iterator[object]:
    """Everything attached to a field's annotation, at any depth: ``list[Annotated[Path, mark]] | None``."""
    yield from field.metadata
    yield from _marks_in(field.annotation)


def _marks_in(annotation: object) -> Iterator[object]:
    """The marks inside an annotation; a type has no arguments, and a section's fields bear their own marks."""
    if isinstance(annotation, FieldInfo):
        yield from annotation.metadata
    for argument in get_args(annotation):
        if not isinstance(argument, type):
            yield argument
        yield from _marks_in(argument)


def _path_in_full(path: Path, base: Path) -> Path:
    """An absolute path."""
    return (base / path).resolve()


def _checkpoint_in_full(name: str, base: Path) -> str:
    """The absolute path of a checkpoint's folder or file; names of assets, hub ids and servers are unchanged."""
    engine, name = split_engine(name)
    path = base / Path(name).expanduser()
    found = str(path.resolve()) if name and path.exists() else name
    return f"{engine}:{found}" if engine else found


_SCORERS_WITH_PATH = ("folder", "sequence", "guard", "judge")


def _scorer_in_full(name: str, base: Path) -> str:
    """The name of a scorer, with an absolute path where one follows the colon."""
    kind, _, place = name.partition(":")
    return f"{kind}:{_checkpoint_in_full(place, base)}" if kind in _SCORERS_WITH_PATH and place else name


def _not_empty(value: object) -> object:
    """Refuse an empty name: as a path it would be the working directory."""
    if value == "":
        msg = "empty", "is empty: is the variable behind it set?"
        raise PydanticCustomError(*msg)
    return value


def _device(value: object) -> object:
    """Refuse a name that is none of a device, before anything is loaded."""
    if isinstance(value, str) and not _DEVICE.fullmatch(value):
        msg = "device", "must be auto, cpu, cuda or cuda:N"
        raise PydanticCustomError(*msg)
    return value


_DEVICE = re.compile(r"auto|(?:cpu|cuda)(?::[0-9]+)?")
Device = Annotated[str, BeforeValidator(_device)]
"""Where a checkpoint runs; whether it is there is seen when it is loaded."""
Folder = Annotated[Path, BeforeValidator(_not_empty), Field(strict=False), PathMark(_path_in_full)]
"""A path written as text; the one type that is converted."""
Checkpoint = Annotated[str, BeforeValidator(_not_empty), PathMark(_checkpoint_in_full)]
"""A checkpoint, or its tokenizer: a folder, a file, or a name that is not on this machine."""
Scorer = Annotated[str, PathMark(_scorer_in_full)]
"""A scorer by its name, which may hold a folder."""
Count = Annotated[int, Field(ge=1)]
Draws = Annotated[Count, Field(exclude_if=lambda count: count == 1)]
"""A number of draws; the manifest lists it where it is more than one."""
Number = Annotated[int, Field(ge=0)]
LEAST_RESAMPLES = 100
"""Minimum of a bootstrap: fewer than 40 resamples have no 2.5 % quantile, and the interval would be too narrow."""
MOST_RESAMPLES = 100_000
"""Maximum of a bootstrap: the gate repeats those of a run, and must finish whatever a run folder says."""
Resamples = Annotated[int, Field(ge=LEAST_RESAMPLES, le=MOST_RESAMPLES)]


def _limit(value: object) -> object:
    """Refuse what is neither a count, a share nor ``all``, with one message for the three."""
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if value is None or value == "all" or whole or (isinstance(value, float) and 0 < value < 1):
        return value
    msg = "limit", "must be a whole number of items from 1, a share between 0 and 1, or all"
    raise PydanticCustomError(*msg)


Limit = Annotated[int | float | Literal["all"], BeforeValidator(_limit)]
"""Maximum number of a task's items: a count, a share below 1 (at least one item), or ``all``."""


def _switch(value: object) -> object:
    """YAML 1.1 reads a bare ``on`` or ``off`` as true or false."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


Switch = Annotated[str, BeforeValidator(_switch), Field(min_length=1)]


def _as_json(values: object) -> object:
    """Values that JSON cannot hold (YAML reads 2024-07-26 as a date), as the text that they were written as."""
    return json.loads(json.dumps(values, default=str)) if isinstance(values, dict) else values


def _words(values: object) -> object:
    """Numbers as text. YAML 1.1 reads a bare ``yes``, ``no``, ``on`` or ``off`` as true or false: they need quotes."""
    if not isinstance(values, list):
        return values
    if any(isinstance(value, bool) for value in values):
        msg = "words", "YAML reads yes, no, on, off, true and false without quotes as booleans: write them in quotes"
        raise PydanticCustomError(*msg)
    return [str(value) if isinstance(value, int) else value for value in values]


Words = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_words), Field(min_length=1)]
"""Names, or other short texts."""
Variables = Annotated[dict[str, Any], BeforeValidator(_as_json)]
"""Free-form settings that others read: a chat template, transformers, a task's code."""
