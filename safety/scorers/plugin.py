"""Toxicity scorers of plug-ins: a configuration names them ``plugin:NAME``."""

from __future__ import annotations

import logging
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from audit.core.errors import RAISED_BY_OTHERS, AssetError, AuditError, ConfigError, did_you_mean
from audit.core.records import AssetRecord
from audit.safety.scorers.validity import Validity

if TYPE_CHECKING:
    from audit.core.config import SafetyConfig
    from audit.safety.scorers.registry import Maker
    from audit.safety.scorers.toxicity import ToxicityScorer

logger = logging.getLogger(__name__)

PREFIX = "plugin:"
JOINED: dict[str, Maker] = {}
"""By name, without the prefix; filled as plug-ins are loaded."""
OWNERS: dict[str, str] = {}
"""The plug-in of each."""


def make(variant: str, config: SafetyConfig) -> ToxicityScorer:
    """The scorer of a plug-in.

    Args:
        variant: Its name; what follows another colon is passed to it.
        config: Of the probes.

    Raises:
        ConfigError: No plug-in has one of that name.
        AssetError: It cannot be made, or is no scorer.
    """
    name, _, rest = variant.partition(":")
    check(config)
    whose = f"plug-in {OWNERS.get(name, name)}: scorer {name}"
    try:
        scorer = JOINED[name](rest, config)
        wrong = _wrong(scorer)
    except AuditError:
        raise
    except RAISED_BY_OTHERS as error:
        logger.debug("%s broke", whose, exc_info=True)
        msg = f"{whose} cannot be made ({type(error).__name__}): --verbose shows where"
        raise AssetError(msg) from error
    if wrong:
        msg = f"{whose} is not a scorer: its {wrong}"
        raise AssetError(msg)
    return scorer


def _wrong(scorer: object) -> str | None:
    """What a scorer must have and this has not; None where it has all."""
    record, languages = getattr(scorer, "record", None), getattr(scorer, "languages", None)
    if not isinstance(record, AssetRecord):
        return "record is not an AssetRecord"
    if not isinstance(languages, AbstractSet) or not all(isinstance(one, str) for one in languages):
        return "languages are not a set of ISO 639 codes"
    if not isinstance(getattr(scorer, "validity", ""), Validity | None):
        return "validity is neither a Validity nor None"
    return None if callable(getattr(scorer, "score", None)) else "score is not a method"


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
