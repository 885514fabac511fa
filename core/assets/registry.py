"""Every asset by name. A new one is an entry in ``task_sets`` or ``probe_sets``, and a reader if its format is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.assets.jailbreak_sets import JAILBREAKS
from audit.core.assets.probe_sets import BEHAVIOUR, BIAS, HARM
from audit.core.assets.security_sets import SECURITY
from audit.core.assets.task_sets import CHECKPOINTS, QUESTIONS, TOOLS, TRANSLATION
from audit.core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from audit.core.assets.asset import Asset, Wheel

ASSETS: dict[str, Asset] = {
    one.name: one
    for one in (*CHECKPOINTS, *QUESTIONS, *TOOLS, *TRANSLATION, *BIAS, *HARM, *BEHAVIOUR, *JAILBREAKS, *SECURITY)
}


def asset(name: str) -> Asset:
    """The asset of that name.

    Raises:
        UsageError: There is none; the message suggests the nearest name.
    """
    if name not in ASSETS:
        msg = f"unknown asset {name!r}: `audit assets list` shows all names.{did_you_mean(name, ASSETS)}"
        raise UsageError(msg)
    return ASSETS[name]


def patterns_of(wheel: Wheel) -> tuple[str, ...]:
    """Patterns of the members that any asset takes from a wheel."""
    sources = [entry.wheel for entry in ASSETS.values() if entry.wheel]
    return tuple(sorted({pattern for source in sources for owner, pattern in source.members if owner == wheel}))
