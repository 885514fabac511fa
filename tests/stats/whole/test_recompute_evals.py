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
CANNOT = {"ifeval", "reasoning_gym", "xsum", *(f"long_context_{length}k" for length in (16, 32, 64, 128))}
"""Tasks that need a package, data or a context that is not here."""


@pytest.mark.slow
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
