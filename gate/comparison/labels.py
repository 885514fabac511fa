"""Short names that distinguish runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import RunManifest


def labels(manifests: Sequence[RunManifest]) -> list[str]:
    """The name of each run's checkpoint; with revision, number type, or the run's place where names are the same.

    Args:
        manifests: Of the runs, in the order in which they are shown.
    """
    precision = [
        ", ".join(filter(None, (one.model.quantization, one.model.dtype))) or one.model.name for one in manifests
    ]
    names = [one.model.name for one in manifests]
    attempts = (
        names,
        [f"{name} {one.model.revision or ''}".strip() for name, one in zip(names, manifests, strict=True)],
        [one.model.dtype for one in manifests],
        precision,
        [f"{name} {text}" for name, text in zip(names, precision, strict=True)],
    )
    distinct = (found for found in attempts if len(set(found)) == len(found))
    return next(distinct, [f"{name} #{place}" for place, name in enumerate(names, 1)])
