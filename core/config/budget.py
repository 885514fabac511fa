"""What an audit may cost: time and tokens, in a configuration, a policy or on the command line."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from audit.core.config.fields import Count, Option, Section

SECONDS = {"h": 3600, "m": 60, "s": 1}
"""By the letter that follows a number."""
_DURATION = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")


def _duration(text: str) -> str:
    """Refuse what is no duration, or none at all."""
    if not _DURATION.fullmatch(text) or not duration_seconds(text):
        msg = "duration", "must be a duration above 0 such as 90s, 30m, 2h or 1h30m"
        raise PydanticCustomError(*msg)
    return text


def duration_seconds(text: str) -> int:
    """Seconds of a duration as it is written.

    >>> duration_seconds("1h30m")
    5400
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        return 0
    return sum(int(part or 0) * SECONDS[unit] for part, unit in zip(found.groups(), "hms", strict=True))


Duration = Annotated[str, AfterValidator(_duration)]
"""Hours, minutes and seconds, each a whole number with its letter: ``90s``, ``30m``, ``2h``, ``1h30m``."""


class BudgetConfig(Section):
    """What an audit may cost at most."""

    wall_time: Annotated[
        Duration | None,
        Option(
            "Stop when this much time is spent, e.g. 90s, 30m or 2h; --resume goes on.",
            ("run", "merge"),
            name="--budget",
        ),
    ] = None
    """Time from the start of the command, e.g. ``90s``, ``30m``, ``2h`` or ``1h30m``; null is no limit."""
    tokens: Annotated[
        Count | None,
        Option(
            "Stop when the checkpoint has computed this many tokens; --resume goes on.",
            ("run", "merge"),
            "--token-budget",
        ),
    ] = None
    """Tokens that the checkpoint computes, those of prompts included; null is no limit."""

    @property
    def text(self) -> str:
        """The limits in words: ``wall time 30m, tokens 2,000,000``."""
        limits = [f"wall time {self.wall_time}"] if self.wall_time else []
        return ", ".join([*limits, *([f"tokens {self.tokens:,}"] if self.tokens else [])])
