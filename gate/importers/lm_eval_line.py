"""One line of lm-eval's samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.gate.importers.contract import bad
from audit.gate.importers.files import member


@dataclass(frozen=True)
class Line:
    """One line."""

    place: str
    """``FILE: line 3``."""
    doc_id: int
    """Position of the item in the data set."""
    filter: str
    """Name of the filter."""
    row: dict[str, Any]
    """All of it."""

    @property
    def hashes(self) -> str:
        """What lm-eval's digest of the task takes of the line; empty where an older version wrote it."""
        return "".join(str(self.row.get(name, "")) for name in ("doc_hash", "prompt_hash", "target_hash"))

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that it has a value of."""
        names = member(self.row, "metrics", list, self.place)
        if not all(isinstance(name, str) for name in names):
            raise bad(self.place, "'metrics' is not a list of names")
        return list(names)
