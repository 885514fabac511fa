"""Every number of all benchmarks and of the explanations follows from the run folder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stats.conftest import follows_from_its_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder


@pytest.mark.slow
def test_every_number_of_the_benchmarks(audited: Callable[..., RunFolder]) -> None:
    from audit.evals.suite import TASKS

    found = follows_from_its_folder(audited(TASKS, "gradient_x_input"))
    assert {name.partition("/")[0] for name in found} >= {*TASKS, "gradient_x_input"}
    assert len([name for name in found if name.partition("/")[0] in TASKS]) > 50
