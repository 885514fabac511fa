"""Every number of all benchmarks and of the explanations follows from the run folder alone."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ScorerError
from tests.stats.conftest import follows_from_its_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

METHODS = ("gradient_x_input", "occlusion")
CANNOT = {"ifeval", "reasoning_gym", "xsum"}
"""Tasks that need a package or data that is not here."""
LONG, PER_KIND = 1024, 2
"""Tokens of the longest texts, and how many there are of each kind: attention to 8,192 tokens, and its gradients, take
most of the time otherwise."""


@pytest.fixture
def _short_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """All long contexts are a little over ``LONG`` tokens, each of another length."""
    from audit.evals.generated import long_context

    made = long_context._items
    monkeypatch.setattr(long_context, "PER_KIND", PER_KIND)
    monkeypatch.setattr(long_context, "_items", lambda given, tokens: made(given, min(tokens, LONG + tokens // 256)))


@pytest.mark.slow
@pytest.mark.usefixtures("_short_texts")
def test_every_number_of_the_benchmarks(audited: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the samples explained for drivers fails, for drivers have a metric only where one does."""
    from audit.evals.catalogue import own_tasks
    from audit.explain.run import drivers

    tasks = own_tasks().keys() - CANNOT
    explained, number = drivers._occlude, count()

    def occlude(*given: Any) -> Any:
        if next(number) == 1:
            msg = "no answer"
            raise ScorerError(msg)
        return explained(*given)

    monkeypatch.setattr(drivers, "_occlude", occlude)
    run = audited(sorted(tasks), *METHODS)
    found = follows_from_its_folder(run)
    assert run.read_manifest().not_run == []
    assert {name.partition("/")[0] for name in found} == {*tasks, *METHODS, "drivers"}
    assert len([name for name in found if name.partition("/")[0] in tasks]) > 50
    unscored = next(metric for metric in run.read_metrics() if metric.name == "drivers/unscored")
    assert (unscored.value, unscored.n) == (1.0, next(number))
