"""The verdict that an export shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.reports.exports.verdict import decision_of
from tests.reports.exports.conftest import a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents


def test_it_is_the_one_of_the_run(make_contents: Callable[..., RunContents]) -> None:
    decision = a_decision(a_check())
    assert decision_of(make_contents(decision=decision)) is decision


def test_a_stale_verdict_is_none(make_contents: Callable[..., RunContents]) -> None:
    with pytest.raises(ConfigError, match="the last verdict is not shown: it judged other metrics"):
        decision_of(replace(make_contents(), stale_reason="it judged other metrics"))


def test_the_advice_names_the_folder_wherever_it_is(make_contents: Callable[..., RunContents]) -> None:
    contents = replace(make_contents(), path=Path("else where/run"))
    with pytest.raises(ConfigError, match="run audit gate 'else where/run' first"):
        decision_of(contents)
