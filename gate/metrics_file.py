"""The metrics of a run and the digest that a verdict on them names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.core.records import Metric, RunManifest
    from audit.core.run_folder import RunFolder


def metrics_digest(run: RunFolder) -> str:
    """SHA-256 of ``metrics.json`` as it lies on disk."""
    return hashlib.sha256(run.metrics_path.read_bytes()).hexdigest()


def read_metrics(run: RunFolder, manifest: RunManifest) -> tuple[list[Metric], str]:
    """The metrics and the SHA-256 of ``metrics.json`` as it lies on disk.

    A run that was killed or failed before it wrote any has none, and an empty digest: reports say so and the
    gate finds it incomplete. A complete run without them is broken.

    Raises:
        RunFolderError: The file is broken, or missing though the run ended.
    """
    if manifest.status != "complete" and not run.metrics_path.exists():
        return [], ""
    metrics = run.read_metrics()
    return metrics, metrics_digest(run)
