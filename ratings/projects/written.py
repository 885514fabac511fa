"""A project as a user writes it down: questions in a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from audit.core.config.yaml_file import read_yaml, validate
from audit.core.errors import ConfigError
from audit.core.records import Record
from audit.ratings.projects.asking import AnyKind  # noqa: TC001 - pydantic reads the annotation at run time

if TYPE_CHECKING:
    from pathlib import Path


class WrittenProject(Record):
    """The content of such a file."""

    questions: Annotated[list[AnyKind], Field(min_length=1, max_length=20)]
    """What raters are asked, in order."""
    guidelines: str = ""
    """How to rate."""


def read_written(file: Path) -> WrittenProject:
    """Read a file with questions, and perhaps guidelines.

    Raises:
        ConfigError: It cannot be read, a question is none, or two have the same name.
    """
    found = validate(WrittenProject, read_yaml(file, "write questions into it"), str(file))
    names = [one.name for one in found.questions]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        msg = f"{file}: two questions are called {twice}: give each its own name"
        raise ConfigError(msg)
    return found
