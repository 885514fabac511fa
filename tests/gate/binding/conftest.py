"""A run of one task; without samples, its numbers are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.stats.recount import Recount
from tests.gate.waivers.test_judging import made

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder


@pytest.fixture(autouse=True)
def _without_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """No samples lie in made-up folders, from which the gate would derive the metrics again."""
    monkeypatch.setattr(Recount, "check_task", lambda *_: None)


@pytest.fixture
def a_run(make_run: Callable[..., RunFolder], records: dict[str, Callable[..., Any]]) -> Callable[..., RunFolder]:
    """Makes the run; keyword arguments change its manifest."""

    def make(**manifest: Any) -> RunFolder:
        return made(make_run, records, **manifest)

    return make
