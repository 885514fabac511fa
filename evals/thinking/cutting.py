"""Where a trace is cut at a budget, and what the checkpoint is then asked: budget forcing.

Muennighoff et al. 2025, "s1: Simple test-time scaling" (arXiv:2501.19393), section 3.1: the trace ends at the budget,
the marker that ends it and the opening of an answer are appended, and the checkpoint goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from audit.core.records import Flag

if TYPE_CHECKING:
    from audit.core.records import Sample
    from audit.engine import Engine

GAPS = ("", "\n", "\n\n", " ")
"""White space around a trace, which is not stored. The usual one is tried first; the first that gives the number of
tokens that was counted is taken, so that where it is unusual a cut may be off by a token of white space."""
UNCOUNTED = "the tokens of its trace were not counted, so that it cannot be cut at a number of them"
NO_MARKER = "no marker of a reasoning trace is known behind which an answer could be forced"
UNLIKE = (
    "the text of its trace does not have the tokens that were counted, so that it cannot be cut at a number of them"
)
SHORT = "its trace was cut after {} tokens, before the budget: the context has no room for more"


@dataclass(frozen=True, slots=True)
class CutTrace:
    """A trace that ends at a budget, or that ended without an answer before."""

    text: str
    """The trace, without markers."""
    tokens: int
    """Of it, markers that it begins with included."""
    prompt: str
    """What the checkpoint goes on with: the prompt, the trace, its end and the opening of an answer."""


def in_time(sample: Sample, budget: int) -> bool:
    """Whether an answer came by itself within a budget, so that none has to be forced.

    Args:
        sample: With its tokens of thinking.
        budget: In tokens, markers included.
    """
    unanswered = Flag.THINKING_CUT in sample.flags or Flag.THINKING_ONLY in sample.flags
    return sample.thinking_tokens is not None and sample.thinking_tokens <= budget and not unanswered


def cut_at(engine: Engine, sample: Sample, budget: int, opening: str) -> CutTrace | str:
    """The trace of a sample, cut at a budget.

    With greedy decoding, what a run with that limit would have written is the beginning of what one with a larger limit
    has written. A text that ended inside its trace by itself, before the budget, has its answer forced there.

    Args:
        engine: The checkpoint that wrote it.
        sample: One whose answer did not come within the budget.
        budget: In tokens, markers included.
        opening: What the answer begins with.

    Returns:
        The reason, where it cannot be cut.
    """
    written = sample.thinking_tokens
    around = engine.thinking.around(sample.prompt)
    if written is None:
        return UNCOUNTED
    if around is None:
        return NO_MARKER
    trace = sample.thinking or ""
    if written > budget:
        end = "" if _is_open(sample) else around.after.strip()
        found = _beginning(engine, sample, around.before, trace, end, budget)
        if found is None:
            return UNLIKE
        trace = found
    elif written < budget and Flag.THINKING_CUT in sample.flags:
        return SHORT.format(written)
    return CutTrace(trace.strip(), min(written, budget), f"{around.closed(sample.prompt, trace)}{opening}")


def _is_open(sample: Sample) -> bool:
    """Whether no marker ended the trace."""
    return Flag.THINKING_CUT in sample.flags or Flag.THINKING_ONLY in sample.flags


def _beginning(engine: Engine, sample: Sample, before: str, trace: str, end: str, budget: int) -> str | None:
    """The part of a trace in so many first tokens; None where its text does not have the tokens that were counted.

    Args:
        engine: Its tokenizer splits the text.
        sample: With prompt and number of tokens.
        before: What checkpoints write before the trace.
        trace: The trace.
        end: What ended it.
        budget: Number of tokens.
    """
    wanted = (sample.thinking_tokens or 0) - (Flag.THINKING_ONLY in sample.flags)  # the end of the turn was counted
    stem = before.rstrip()
    starts = dict.fromkeys([before, *(f"{stem}{gap}" for gap in GAPS)])
    for start, gap in product(starts, dict.fromkeys(["\n" if end.startswith("</") else "", *GAPS])):
        text = f"{start}{trace}{gap}{end}"
        asked = engine.encode_answer(sample.prompt, text)
        head = _spelled(engine, asked.context_ids)
        ids = (*asked.context_ids, *asked.target_ids)
        if len(asked.target_ids) == wanted and _spelled(engine, ids) == f"{head}{text}":
            first = _spelled(engine, ids[: len(asked.context_ids) + budget])
            part = first.removeprefix(head).rstrip("\ufffd")
            is_beginning = first.startswith(head) and text.startswith(part)  # some decoders change what came before
            return part[len(start) :][: len(trace)] if is_beginning else None
    return None


def _spelled(engine: Engine, ids: tuple[int, ...]) -> str:
    """Text of token ids, special tokens and spaces as they are."""
    return str(engine.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))
