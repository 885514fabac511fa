"""Data sets that are part of the package."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from audit.core.assets import DataSet
from audit.core.records import AssetRecord, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def shipped(name: str, rows_of: Callable[[Any], Iterable[dict[str, Any]]]) -> DataSet:
    """A data set of ``safety/data``, written for this project.

    Args:
        name: Of its YAML file and of its record.
        rows_of: Makes its rows out of the file's content.
    """
    source = yaml.safe_load(resources.files("audit.safety").joinpath("data", f"{name}.yaml").read_text("utf-8"))
    digest = digest_of(source)
    record = AssetRecord(
        name=name,
        kind="dataset",
        source="package checkpoint-audit",
        version=digest[:12],
        sha256=digest,
        licence="Apache-2.0",
    )
    return DataSet(record, tuple(rows_of(source)))
