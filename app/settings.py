"""Where the app finds its runs and ratings. The environment says it, since a URL may hold a password."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from audit.ratings import default_url

RUNS_VARIABLE = "AUDIT_APP_RUNS"
DATABASE_VARIABLE = "AUDIT_APP_DATABASE"


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The options of ``audit app``.

    Attributes:
        runs: Folder with run folders.
        database_url: The ratings database.
    """

    runs: Path
    database_url: str

    @classmethod
    def from_environment(cls) -> AppSettings:
        """Read ``AUDIT_APP_RUNS`` (default ``runs``) and ``AUDIT_APP_DATABASE`` (default: inside that folder)."""
        runs = Path(os.environ.get(RUNS_VARIABLE) or "runs")
        return cls(runs, os.environ.get(DATABASE_VARIABLE) or default_url(runs))

    def to_environment(self) -> dict[str, str]:
        """The variables that :meth:`from_environment` reads."""
        return {RUNS_VARIABLE: str(self.runs), DATABASE_VARIABLE: self.database_url}
