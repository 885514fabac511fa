"""Every number of all probes follows from the run folder alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stats.conftest import follows_from_its_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder


NEED_OWN_DATA = {"canaries", "associations", "memorisation", "membership", "book_cloze", "jailbreakbench"}
"""Probes of what a user planted in the training data, of the user's documents, or of data that is not at hand."""
NOT_RUN = NEED_OWN_DATA | {"trace_faithfulness", "toxicity_de", "toxicity_es", "toxicity_fr"}
"""And the probe of reasoning traces, which this checkpoint does not write, and those of languages without a scorer."""


@pytest.mark.slow
def test_every_number_of_the_probes(audited: Callable[..., RunFolder]) -> None:
    from audit.safety.suite import PROBES

    run = audited(PROBES)
    assert {one.task for one in run.read_manifest().not_run} == NOT_RUN
    assert {name.partition("/")[0] for name in follows_from_its_folder(run)} == set(PROBES) - NOT_RUN
