"""The command that explains a stored sample, for pages that have no explanation of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from audit.core.sensitive import not_explainable

if TYPE_CHECKING:
    from audit.core.records import Sample


def explain_command(run: str, sample: Sample) -> str | None:
    """What to type; None where the sample cannot be explained, or its run did not store what that needs.

    Args:
        run: Path of the run folder, or its id.
        sample: One of its samples.
    """
    unknown = sample.choice is None and sample.answered_by is None
    # An id of another tool may hold anything: what cannot be shown cannot be copied.
    if unknown or not_explainable(sample) or not sample.sample_id.isprintable():
        return None
    return shlex.join(["audit", "explain", "--run", run, "--sample", sample.sample_id])
