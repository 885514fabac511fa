"""Samples: what was asked, what came back, how it was scored."""

from __future__ import annotations

from pydantic import Field

from audit.core.records.base import Record, Suite, digest_of
from audit.core.records.explanations import Span  # noqa: TC001 - pydantic reads the annotation at run time


class Sample(Record):
    """One item of a task: what was asked, what came back, how it was scored."""

    sample_id: str
    """Digest of task, data set and item (:func:`sample_id`); stable across runs and machines."""
    suite: Suite
    """The wing that asked."""
    task: str
    """Task or probe."""
    cluster: str | None = None
    """Items that share a template or passage share this; standard errors are clustered by it."""
    prompt: str
    """The exact text the checkpoint saw, chat template and few-shot examples included."""
    prompt_sha256: str | None = None
    """SHA-256 of ``prompt`` as the checkpoint saw it: equal prompts of two runs are known by it, redacted ones too.
    Where each option has a prompt to itself, over all of them."""
    reference: str | None = None
    """The right answer, where there is one; for options, the continuation exactly as it was scored."""
    output: str | None = None
    """What came back: generated text, or the chosen continuation exactly as it was scored."""
    options: list[str] | None = None
    """The continuations that the output was chosen among, exactly as they were scored, in the task's order; empty where
    it was not; null where nobody wrote them down."""
    spans: list[Span] = Field(default_factory=list)
    """Named parts of ``prompt``: fields of the task's template, few-shot examples."""
    thinking: str | None = None
    """Reasoning trace that came before the output, without its markers; null where the checkpoint did not think."""
    score: float | None = None
    """The primary score of this item; null when it could not be scored (see ``error``)."""
    scores: dict[str, float | None] = Field(default_factory=dict)
    """All scores of the item by name; ``confidence`` (0 to 1) is the checkpoint's own where it has one."""
    slices: dict[str, str] = Field(default_factory=dict)
    """Subset name to value, e.g. ``{"bias_type": "gender"}``."""
    flags: list[str] = Field(default_factory=list)
    """Remarks such as ``truncated_prompt``, ``truncated_output``, ``unparsed_answer``; what is true of this sample
    alone stands behind a colon (``email:3-21:…``)."""
    error: str | None = None
    """Why the item could not be scored."""
    tokens_in: int = 0
    """Prompt tokens; for likelihood tasks those of context and target, of the longest option."""
    tokens_out: int = 0
    """Generated tokens."""
    seconds: float = 0.0
    """The item's share of its task's wall-clock time."""

    @property
    def flag_kinds(self) -> set[str]:
        """Its flags without what is true of this sample alone: ``email`` of ``email:3-21:…``."""
        return {flag.partition(":")[0] for flag in self.flags}


class RawOutput(Record):
    """A line of ``raw.jsonl``: output and reasoning trace as the checkpoint wrote them, personal data included."""

    suite: Suite
    """Its wing."""
    task: str
    """Its task."""
    sample_id: str
    """Its sample."""
    output: str | None
    """The text; null where there was none."""
    thinking: str | None = None
    """Reasoning trace before it; null where the checkpoint did not think."""


def sample_id(task: str, dataset: str, item: object) -> str:
    """The stable identity of an item: 16 hexadecimal digits over task, data set and the item itself."""
    return digest_of(task, dataset, item)[:16]
