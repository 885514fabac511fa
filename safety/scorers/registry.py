"""The toxicity scorers there are, by the name that a configuration gives."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Protocol

from audit.core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from audit.core.config import SafetyConfig
    from audit.safety.scorers.toxicity import ToxicityScorer

GROUP = "audit.scorers"
"""Group of entry points."""


class Maker(Protocol):
    """What an entry point of this group names."""

    def __call__(self, variant: str, config: SafetyConfig, /) -> ToxicityScorer:
        """A scorer.

        Args:
            variant: What follows the name and a colon, e.g. ``original`` of ``detoxify:original``; else empty.
            config: Of the probes.

        Raises:
            AssetMissing: What it needs is nowhere to be found.
            AssetError: Its weights cannot be used.
        """


BUILT_IN = {
    name: EntryPoint(name, f"audit.safety.scorers.{place}", GROUP)
    for name, place in {
        "auto": "detoxify:make_if_at_hand",
        "audit-toxicity": "audit_toxicity:make",
        "profanity-check": "profanity_check:make",
        "detoxify": "detoxify:make",
        "folder": "folder:make",
        "plugin": "plugin:make",
    }.items()
}
"""The scorers of the package. They are imported when they are used: most of them load torch and transformers."""


def scorers() -> dict[str, EntryPoint]:
    """Every scorer by its name."""
    return dict(BUILT_IN)


def choose_scorer(config: SafetyConfig) -> ToxicityScorer:
    """The scorer that a configuration asks for.

    Raises:
        UsageError: No scorer is called so.
        AssetMissing: What was asked for is nowhere to be found.
        AssetError: Its weights cannot be used.
    """
    name, _, variant = config.toxicity_scorer.partition(":")
    known = scorers()
    if name not in known:
        msg = f"safety.toxicity_scorer: unknown scorer {name!r}: use {', '.join(known)}.{did_you_mean(name, known)}"
        raise UsageError(msg)
    make: Maker = known[name].load()
    return make(variant, config)
