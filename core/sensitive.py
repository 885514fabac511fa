"""Which stored text is hidden by default, and what cannot be computed from text that was changed before storing.

``audit.safety.privacy.storing`` sets the flags before a sample is stored; reports, app and explanations obey them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records.flags import Flag

if TYPE_CHECKING:
    from audit.core.records import Sample, SampledText

OFFENSIVE, UNJUDGED = Flag.OFFENSIVE, Flag.UNJUDGED
REDACTED, WITHHELD = Flag.REDACTED, Flag.WITHHELD
THINKING_REDACTED, THINKING_WITHHELD = Flag.THINKING_REDACTED, Flag.THINKING_WITHHELD

HIDING = frozenset({Flag.OFFENSIVE, Flag.UNJUDGED})
"""Flags of text that is only shown on request."""


def is_hidden(sample: Sample) -> bool:
    """Whether the text of a sample stays hidden until a reader asks for it.

    That is every sample of a probe, because probes ask for text that may offend, and every other sample with a flag.
    Text that could not be judged is hidden.
    """
    return sample.suite != "evals" or not HIDING.isdisjoint(sample.flags)


def is_completion_hidden(sample: Sample, completion: SampledText) -> bool:
    """Whether one completion stays hidden: because its sample is hidden, or because it carries a flag itself."""
    return is_hidden(sample) or not HIDING.isdisjoint(completion.flags)


def thought(sample: Sample) -> bool:
    """Whether a reasoning trace came before the output, stored or not."""
    return bool((sample.thinking or "").strip()) or Flag.THINKING_WITHHELD in sample.flags


def is_incomplete(sample: Sample) -> bool:
    """Whether the stored output differs from what the checkpoint wrote, so that nothing can be computed from it.

    These flags of a sample are about its output alone: its other completions have their own flags.
    """
    return not {Flag.REDACTED, Flag.WITHHELD}.isdisjoint(sample.flags)


def not_explainable(sample: Sample) -> str | None:
    """Why the answer of a stored sample cannot be explained; None if it can."""
    if sample.error is not None:
        return "it could not be scored"
    if is_incomplete(sample):
        return "its original output was not stored (personal data)"
    if not {Flag.THINKING_REDACTED, Flag.THINKING_WITHHELD}.isdisjoint(sample.flags):
        return "its answer follows a reasoning trace that was not stored as it was (personal data)"
    if not (sample.output or "").strip() and sample.choice is None:
        return "it has no output"
    if not sample.prompt.strip() and sample.choice is None:
        return "it has no prompt"
    return None
