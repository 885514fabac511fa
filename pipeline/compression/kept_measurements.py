"""What was measured on weights of compressed checkpoints, kept until a check is done: an interrupted one goes on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from audit.core.assets.digest import file_sha256
from audit.core.assets.settings import cache_dir
from audit.core.errors import AuditError
from audit.core.filesystem import make_folder
from audit.core.provenance import package_versions
from audit.core.records import SCHEMA_VERSION, Record, digest_of
from audit.core.records.files import json_file
from audit.core.records.many.compression import Divergence, LanguageFit  # noqa: TC001 - pydantic reads them at run time
from audit.stats.recount import COMPUTING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.run_folder import RunFolder


class WeightMeasurement(Record):
    """What the weights of a compressed checkpoint say: the fields of a ``CompressedTwin`` that need them."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    divergence: Divergence | None
    """Of the next-token distributions."""
    no_divergence: str | None
    """Why there is none."""
    languages: list[LanguageFit]
    """Texts by language."""


class KeptMeasurements:
    """Measurements of one check in the user's cache, one file per compressed checkpoint.

    A measurement is found by everything that decides it: the manifests of both runs, byte by byte, what was asked, and
    the versions of the packages that compute. Where the cache cannot be written, nothing is kept.

    Args:
        original: Run of the original.
        asked: Items, texts and coverage of the check.
    """

    def __init__(self, original: RunFolder, asked: Sequence[object]) -> None:
        versions = sorted({**package_versions(), **package_versions(COMPUTING)}.items())
        self._about = (file_sha256(original.manifest_path), list(asked), versions)

    def of(self, twin: RunFolder) -> WeightMeasurement | None:
        """What was measured on a checkpoint; None where nothing is kept, or what is there cannot be read."""
        with contextlib.suppress(AuditError):
            return json_file.read_record(self._path(twin), WeightMeasurement)
        return None

    def keep(self, twin: RunFolder, found: WeightMeasurement) -> None:
        """Keep what was measured on a checkpoint."""
        path = self._path(twin)
        with contextlib.suppress(AuditError):
            make_folder(path.parent)
            json_file.write_record(path, found)

    def drop(self, twins: Sequence[RunFolder]) -> None:
        """Remove what is kept of these checkpoints, once the check is there."""
        for twin in twins:
            with contextlib.suppress(OSError):
                self._path(twin).unlink(missing_ok=True)

    def _path(self, twin: RunFolder) -> Path:
        name = digest_of("compression", *self._about, file_sha256(twin.manifest_path))
        return cache_dir() / "compression" / f"{name}.json"
