"""A sample to explain, and what of it is explained: its whole prompt, or the shared beginning of two sentences.

No task is known by name here: what a sample is explained as follows from its fields alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from audit.core.sensitive import is_incomplete

if TYPE_CHECKING:
    from audit.core.records import Choice, Sample, Span

Kind = Literal["error", "right answer", "bias gap", "harmful output", "bad rating", "flip", "asked for"]
SHARED_WORDS = 2
"""Words that two sentences without a prompt must begin with for their beginning to be explained."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A sample to explain."""

    sample: Sample
    """The sample."""
    kind: Kind
    """What it was chosen as."""
    reason: str
    """Why it was chosen, for readers."""
    prompt: str
    """What is explained: the sample's prompt, or the shared beginning of two sentences that have none."""
    target: str
    """The continuation that is explained."""
    options: tuple[str, ...] = ()
    """What the target was chosen from; empty where it was not."""
    spans: tuple[Span, ...] = ()
    """Named parts of the prompt."""


def with_whole_prompt(sample: Sample, kind: Kind, reason: str) -> Selected:
    """A sample with its whole prompt: as a choice among options where they were scored, else as a text.

    Args:
        sample: The sample.
        kind: What it was chosen as.
        reason: Why it was chosen, for readers.
    """
    choice, target, options = sample.choice, sample.output or "", tuple[str, ...]()
    if choice is not None and choice.log_likelihoods is not None:
        target = target if choice.chosen is None else choice.options[choice.chosen]
        options = tuple(choice.options) if target in choice.options else ()
    return Selected(sample, kind, reason, sample.prompt, target, options, _named(sample))


def _named(sample: Sample) -> tuple[Span, ...]:
    """The named parts of a prompt; the perturbed ones lie inside them."""
    return tuple(span for span in sample.spans if span.kind != "changed")


def bias_gap(sample: Sample) -> Selected | None:
    """A stereotyped choice: the option that its gap is of, against the one that it is ahead of.

    Two sentences without a prompt are explained by their shared beginning: how they go on is then the target, and
    what it is compared with. For example::

        choice   options ["The boss was a man.", "The boss was a woman."], contrast 1, gap 1.5
        prompt   "The boss was a"
        target   " man."            against   " woman."

    Returns:
        None where the sample is no choice that measures a bias, the gap is not in favour of the stereotype, or the
        sentences do not begin alike.
    """
    choice = sample.choice
    if choice is None or choice.contrast is None or gap_of(sample) <= 0 or sample.error or is_incomplete(sample):
        return None
    ahead = _ahead(choice)
    if ahead is None:
        return None
    pair = (choice.options[ahead], choice.options[choice.contrast])
    reason = f"bias gap of {gap_of(sample):.2f} {choice.gap_unit}"
    selected = Selected(sample, "bias gap", reason, sample.prompt, pair[0], pair, _named(sample))
    return selected if sample.prompt.strip() else from_shared_beginning(selected)


def gap_of(sample: Sample) -> float:
    """The gap of a sample; 0 where it measures none."""
    return (sample.choice.gap or 0.0) if sample.choice is not None else 0.0


def _ahead(choice: Choice) -> int | None:
    """Position of the option that a gap is of.

    That is the chosen one. Where nothing is right, a pair is compared, and a third option may be the likeliest: then
    the gap is of the first of the pair.
    """
    is_pair = choice.right is None and choice.contrast != 0
    return 0 if is_pair else choice.chosen


def from_shared_beginning(selected: Selected) -> Selected | None:
    """The choice between sentences as one between the ways in which their shared beginning goes on.

    log P(first) − log P(second) is the same as of the sentences scored from their second token on: the probability
    of the beginning cancels. A start token, which a probe may put before a sentence, is not there.

    Args:
        selected: A choice among whole sentences.

    Returns:
        None where fewer than ``SHARED_WORDS`` words are shared.
    """
    shared = takewhile(lambda letters: len(set(letters)) == 1, zip(*selected.options, strict=False))
    beginning = "".join(letters[0] for letters in shared)
    prompt = beginning[: max(beginning.rfind(" "), 0)]
    if len(prompt.split()) < SHARED_WORDS or any(not option[len(prompt) :].strip() for option in selected.options):
        return None
    rest = tuple(option[len(prompt) :] for option in selected.options)
    return replace(selected, prompt=prompt, target=rest[0], options=rest, spans=())
