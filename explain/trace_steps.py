"""An answer behind a reasoning trace, explained by the steps of that trace: which step led to this answer?

What is explained is log P(answer | prompt, trace): the trace stands between the checkpoint's markers, each of its steps
is a feature, and a step is left out as any feature is, by dropping its tokens. Prompt and markers are always present.
Lanham et al. 2023 ("Measuring Faithfulness in Chain-of-Thought Reasoning", arXiv:2307.13702) cut traces and look
whether the answer changes; Bogdan et al. 2025 ("Thought Anchors", arXiv:2506.19143) rank sentences of traces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from audit.core.errors import UsageError
from audit.core.reasoning.steps import MOST_STEPS, steps_of
from audit.core.records import Flag, Span
from audit.engine import GenerateRequest
from audit.explain.own_answer import ANSWER_TOKENS

if TYPE_CHECKING:
    from audit.engine import Engine
    from audit.explain.prompt.units import Unit
    from audit.explain.run.selected import Selected

STEPS: Unit = "steps"
REMARK = (
    "features are the steps of the reasoning trace, which was put back between the checkpoint's markers with the usual"
    " white space: its exact tokens are not stored"
)


@dataclass(frozen=True, slots=True)
class TracedPrompt:
    """A prompt with a reasoning trace behind it: the answer follows."""

    text: str
    """Prompt, markers and trace."""
    spans: tuple[Span, ...]
    """The steps of the trace, named ``step 1``, …"""


def with_steps(engine: Engine, prompt: str, trace: str, most: int) -> TracedPrompt:
    """A prompt with a trace behind it.

    Args:
        engine: The checkpoint, for the markers of its traces.
        prompt: What the trace followed.
        trace: Without markers.
        most: Steps at most; at most ``MOST_STEPS`` in any case.

    Raises:
        UsageError: The trace is empty, no marker is known that it could stand between, or the prompt ends in a trace.
    """
    around, text = engine.thinking.around(prompt), trace.strip()
    if not text:
        msg = "there is no reasoning trace: choose another unit than steps"
        raise UsageError(msg)
    if around is None:
        msg = (
            f"{engine.record.name}: neither its tokenizer nor its chat template names a marker of reasoning traces, or"
            " the prompt closes the trace: name the marker with --think-end"
        )
        raise UsageError(msg)
    start, end = around.before.strip(), around.after.strip()
    if start and prompt.rfind(start) > prompt.rfind(end):
        msg = "the prompt ends within a reasoning trace, of which only the rest is stored: it cannot be explained"
        raise UsageError(msg)
    steps = steps_of(text, min(most, MOST_STEPS))
    begin = len(prompt) + len(around.before)
    ends = [begin, *(begin + reached for reached in accumulate(map(len, steps)))]
    spans = [
        Span(name=f"step {number}", kind="field", start=ends[number - 1], end=ends[number])
        for number in range(1, len(steps) + 1)
    ]
    return TracedPrompt(around.closed(prompt, text), tuple(spans))


def by_steps(engine: Engine, selected: Selected, most: int) -> Selected:
    """A sample whose answer follows a trace, with the steps of the trace to be explained.

    Args:
        engine: The checkpoint.
        selected: With its whole prompt.
        most: Steps at most.

    Raises:
        UsageError: See :func:`with_steps`.
    """
    traced = with_steps(engine, selected.prompt, selected.sample.thinking or "", most)
    return replace(selected, prompt=traced.text, spans=traced.spans)


def own_trace(engine: Engine, prompt: str, how: str) -> tuple[str, str]:
    """What a checkpoint itself thinks and answers, greedily: trace and answer.

    Args:
        engine: The checkpoint.
        prompt: The exact text that it sees.
        how: How the user can go on without it, for the error.

    Raises:
        UsageError: It does not reason, its trace does not end, it gives no answer, or the prompt is too long.
    """
    completion = engine.generate([GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS)])[0]
    generation = completion.generations[0] if completion.generations else None
    if generation is None or not (generation.thinking or "").strip():
        why = f" ({completion.error})" if completion.error else ""
        msg = f"the model writes no reasoning trace before its answer{why}: {how}"
        raise UsageError(msg)
    if not generation.thinking_closed:
        within = f" within {engine.thinking.tokens:,} tokens" if generation.unanswered is Flag.THINKING_CUT else ""
        msg = f"the model did not end its reasoning trace{within}: {how}"
        raise UsageError(msg)
    if completion.truncated or not generation.text.strip():
        why = (
            "the prompt was cut off" if completion.truncated else "the model gives no answer behind its reasoning trace"
        )
        msg = f"{why}: {how}"
        raise UsageError(msg)
    return str(generation.thinking), generation.text
