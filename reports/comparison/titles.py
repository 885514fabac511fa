"""Titles of metrics that runs are compared by, as one of the runs has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core import words
from audit.core.formatting import metric_label

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder


def titles(run: RunFolder) -> dict[str, str]:
    """The titles of a run's tasks and metrics in one line, by :func:`audit.core.formatting.metric_label`.

    Args:
        run: The later of the runs that are compared; metrics without words of their own have no title.

    Raises:
        RunFolderError: The run cannot be read.
    """
    manifest = run.read_manifest()
    return {metric_label(one): words.full_title(manifest, one) for one in run.read_metrics() if one.words}
