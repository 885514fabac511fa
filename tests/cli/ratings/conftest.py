"""``audit ratings`` in this process, without the other commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
import typer
from typer.testing import CliRunner

from audit.cli.commands import ratings as command
from audit.ratings import default_url

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


class Ratings(Protocol):
    def __call__(self, *words: object) -> Result: ...


@pytest.fixture
def ratings() -> Ratings:
    def call(*words: object) -> Result:
        program = typer.Typer()
        program.callback()(lambda: None)
        command.register(program)
        return CliRunner().invoke(program, ["ratings", *map(str, words)])

    return call


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return default_url(tmp_path)
