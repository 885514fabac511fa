"""The verdict that an export shows, or a line that there is none."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from audit.core.records import Decision
    from audit.reports.contents import RunContents


def decision_of(contents: RunContents) -> Decision:
    """The gate's verdict on exactly these numbers.

    Raises:
        ConfigError: There is none, or it is out of date.
    """
    if contents.decision is None:
        run = contents.path or contents.manifest.run_id
        why = (
            f"the last verdict is not shown: {contents.stale_reason}" if contents.stale_reason else "it has no verdict"
        )
        msg = f"{run}: {why}: run audit gate {quote(str(run))} first"
        raise ConfigError(msg)
    return contents.decision
