"""Where the app finds its runs and ratings. The environment says it, since a URL may hold a password."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from audit.ratings import default_url

RUNS_VARIABLE = "AUDIT_APP_RUNS"
DATABASE_VARIABLE = "AUDIT_APP_DATABASE"
LOGIN_VARIABLE = "AUDIT_APP_LOGIN"


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The options of ``audit app``.

    Attributes:
        runs: Folder with run folders.
        database_url: The ratings database.
        login: Whether people sign in, and roles are checked.
    """

    runs: Path
    database_url: str
    login: bool = False

    @classmethod
    def from_environment(cls) -> AppSettings:
        """Read ``AUDIT_APP_RUNS`` (default ``runs``), ``AUDIT_APP_DATABASE`` (default: inside it), ``AUDIT_APP_LOGIN``.

        Whatever stands in the last one, people sign in; only where it is missing or empty they do not.
        """
        runs = Path(os.environ.get(RUNS_VARIABLE) or "runs")
        url = os.environ.get(DATABASE_VARIABLE) or default_url(runs)
        return cls(runs, url, bool(os.environ.get(LOGIN_VARIABLE)))

    def to_environment(self) -> dict[str, str]:
        """The variables that :meth:`from_environment` reads."""
        login = "1" if self.login else ""
        return {RUNS_VARIABLE: str(self.runs), DATABASE_VARIABLE: self.database_url, LOGIN_VARIABLE: login}
