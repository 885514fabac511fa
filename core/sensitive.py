"""Text that is not shown before a reader asks for it, and text that is not kept at all: the words for both.

``audit.safety.privacy.storing`` sets the flags before a sample is stored; reports, app and explanations obey them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.core.records import Sample

OFFENSIVE = "offensive"
"""Flag: the shipped scorer calls prompt, reference, output or reasoning trace toxic."""
UNJUDGED = "offence_unknown"
"""Flag: the scorer failed or does not read the language, so the text counts as offensive."""
REDACTED = "redacted"
"""Flag: personal data in the output was replaced by its kind."""
WITHHELD = "withheld"
"""Flag: the output could not be searched for personal data and was not kept."""
THINKING_REDACTED = "thinking_redacted"
"""Flag: personal data in the reasoning trace was replaced by its kind."""
THINKING_WITHHELD = "thinking_withheld"
"""Flag: the reasoning trace could not be searched for personal data and was not kept."""


def is_hidden(sample: Sample) -> bool:
    """Whether the text of a sample stays hidden until a reader asks for this one.

    That is every sample of a probe, which asks for what may offend, and every other one with a flag. What
    cannot be told is hidden.
    """
    return sample.suite != "evals" or not {OFFENSIVE, UNJUDGED}.isdisjoint(sample.flags)


def thought(sample: Sample) -> bool:
    """Whether a reasoning trace came before the output, kept or not."""
    return bool((sample.thinking or "").strip()) or THINKING_WITHHELD in sample.flags


def is_incomplete(sample: Sample) -> bool:
    """Whether the output is not what the checkpoint wrote, so that nothing can be computed from it."""
    return not {REDACTED, WITHHELD}.isdisjoint(sample.flags)


def not_explainable(sample: Sample) -> str | None:
    """Why the answer of a stored sample cannot be explained; None where it can."""
    if sample.error is not None:
        return "it could not be scored"
    if is_incomplete(sample):
        return "its output was not kept as the checkpoint wrote it (personal data)"
    if thought(sample):
        return "its answer comes after a reasoning trace and rests on prompt and trace together"
    if not (sample.output or "").strip() and not sample.options:
        return "it has no output"
    if not sample.prompt.strip() and not sample.options:
        return "it has no prompt"
    return None
