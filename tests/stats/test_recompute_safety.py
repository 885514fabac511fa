"""Every number of all probes follows from the run folder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stats.conftest import follows_from_its_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder


@pytest.mark.slow
def test_every_number_of_the_probes(audited: Callable[..., RunFolder]) -> None:
    from audit.safety.suite import PROBES

    run = audited(PROBES)
    found = {name.partition("/")[0] for name in follows_from_its_folder(run)}
    skipped = {one.task for one in run.read_manifest().not_run}
    assert found >= set(PROBES) - skipped
    assert len(found) > 10
