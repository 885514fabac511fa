"""The toxicity scorers there are, by the name that a configuration gives."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, NamedTuple, Protocol

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


class HubMaker(Protocol):
    """A maker of scorers that may be fetched from the hub."""

    def __call__(self, variant: str, config: SafetyConfig, /, *, offline: bool) -> ToxicityScorer:
        """As :class:`Maker`; the hub is not asked where ``offline``."""


class BuiltIn(NamedTuple):
    """A scorer of this package."""

    maker: str
    """Its module in this folder, and the function there that makes it."""
    variants: tuple[str, ...] | None = ()
    """What may follow the name and a colon; None: anything."""
    of_hub: bool = False
    """Whether it may be fetched from the hub."""
    languages: frozenset[str] | None = None
    """What it reads, where that is known before it is loaded and is not what the configuration says."""


CHINESE = frozenset({"zh"})
BUILT_IN = {
    "auto": BuiltIn("detoxify:make_if_at_hand"),
    "audit-toxicity": BuiltIn("audit_toxicity:make"),
    "encoder-toxicity": BuiltIn("encoder.toxicity:make"),
    "audit-toxicity-zh": BuiltIn("audit_toxicity_zh:make", languages=CHINESE),
    "profanity-check": BuiltIn("profanity_check:make"),
    "detoxify": BuiltIn("detoxify:make", ("original", "unbiased", "multilingual")),
    "folder": BuiltIn("folder:make", None),
    "sequence": BuiltIn("folder:make_sequence", None, of_hub=True),
    "guard": BuiltIn("guard.guard:make", None, of_hub=True),
    "judge": BuiltIn("rubric_judge:make", None, of_hub=True),
    "plugin": BuiltIn("plugin:make", None),
}
"""The scorers of the package. They are imported when they are used: most of them load torch and transformers."""

NAMED = {"plugin": "NAME", "guard": "MODEL", "judge": "ENGINE", "sequence": "MODEL"}
"""Those that say nothing without a variant, and what it is."""


def check_scorer(scorer: str) -> None:
    """Refuse a scorer that does not exist, by what a configuration says.

    Raises:
        UsageError: With the nearest known name, or the variants that there are.
    """
    name, colon, variant = scorer.partition(":")
    variants = BUILT_IN[name].variants if name in BUILT_IN else ()
    if name in NAMED and not variant:
        msg = f"safety.toxicity_scorer: {name!r} names no scorer: write {name}:{NAMED[name]}"
        raise UsageError(msg)
    if colon and not variant:
        msg = f"safety.toxicity_scorer: {scorer!r} says nothing after the colon: leave the colon out, or add to it"
        raise UsageError(msg)
    if name in BUILT_IN and (not colon or variants is None or variant in variants):
        return
    known = [name, *(f"{name}:{one}" for one in variants or ())] if name in BUILT_IN else [*BUILT_IN]
    hint = did_you_mean(scorer, known)
    msg = f"safety.toxicity_scorer: unknown scorer {scorer!r}: use {', '.join(known)}.{hint}"
    raise UsageError(msg)


def languages_before_loading(config: SafetyConfig) -> frozenset[str]:
    """What the scorer of a configuration reads, as far as is known before it is loaded; else what the user declares."""
    name = config.toxicity_scorer.partition(":")[0]
    known = BUILT_IN[name].languages if name in BUILT_IN else None
    return known or frozenset(config.toxicity_languages)


def choose_scorer(config: SafetyConfig, *, offline: bool = False) -> ToxicityScorer:
    """The scorer that a configuration asks for.

    Args:
        config: Of the probes.
        offline: Never ask the hub.

    Raises:
        UsageError: No scorer is called so.
        AssetMissing: What was asked for is nowhere to be found.
        AssetError: Its weights cannot be used.
    """
    check_scorer(config.toxicity_scorer)
    name, _, variant = config.toxicity_scorer.partition(":")
    kind = BUILT_IN[name]
    entry = EntryPoint(name, f"audit.safety.scorers.{kind.maker}", GROUP)
    if kind.of_hub:
        of_hub: HubMaker = entry.load()
        return of_hub(variant, config, offline=offline)
    make: Maker = entry.load()
    return make(variant, config)
