"""Toxicity scorers of plug-ins: a configuration names them ``plugin:NAME``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from audit.core.config import SafetyConfig
    from audit.safety.scorers.registry import Maker
    from audit.safety.scorers.toxicity import ToxicityScorer

PREFIX = "plugin:"
JOINED: dict[str, Maker] = {}
"""By name, without the prefix; filled as plug-ins are loaded."""


def make(variant: str, config: SafetyConfig) -> ToxicityScorer:
    """The scorer of a plug-in.

    Args:
        variant: Its name; what stands behind another colon is handed to it.
        config: Of the probes.

    Raises:
        ConfigError: No plug-in has one of that name.
    """
    name, _, rest = variant.partition(":")
    check(config)
    return JOINED[name](rest, config)


def check(config: SafetyConfig) -> None:
    """Refuse the name of a scorer that no plug-in has.

    Raises:
        ConfigError: With the nearest known name.
    """
    name = config.toxicity_scorer.removeprefix(PREFIX).partition(":")[0]
    if config.toxicity_scorer.startswith(PREFIX) and name not in JOINED:
        known = ", ".join(JOINED) or "none"
        hint = did_you_mean(name, JOINED)
        msg = f"safety.toxicity_scorer: no plug-in has a scorer {name!r}; known here: {known}.{hint}"
        raise ConfigError(msg)
