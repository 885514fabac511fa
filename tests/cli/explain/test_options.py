"""Options of ``audit explain``: what they name, and what they refuse before anything is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import load_command as command_named
from audit.explain.methods.registry import METHODS
from audit.explain.prompt.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable

    Audit = Callable[..., tuple[int, str, str]]


def test_the_help_names_every_method_and_every_unit() -> None:
    options: dict[str, Any] = {option.name: option for option in command_named("explain").params}
    named = options["method"].help.split(". ")[0].split(", ")
    assert sorted(named) == sorted(METHODS)
    assert options["features"].metavar.split("|") == list(UNITS)


@pytest.mark.parametrize("option", ["--steps", "--evaluations"])
def test_an_effort_below_one_is_refused(option: str, audit: Audit) -> None:
    code, out, err = audit("explain", "--prompt", "Hello", option, 0)
    assert (code, out) == (2, "")
    assert option in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ((), "nothing to explain: give --prompt TEXT, --messages FILE, or --run RUN with --sample ID"),
        (("--prompt", "a", "--run", "latest"), "--prompt and --run are given: only one of them can be explained"),
        (("--run", "latest"), "--run and --sample go together: --run RUN --sample ID"),
    ],
)
def test_one_source_is_named(words: tuple[str, ...], fault: str, audit: Audit) -> None:
    code, out, err = audit("explain", *words)
    assert (code, out) == (2, "")
    assert fault in " ".join(err.split())
