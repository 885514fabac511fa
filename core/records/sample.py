"""Samples: what was asked, what came back, how it was scored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from audit.core.records.base import Record, Suite, digest_of
from audit.core.records.explanations import Span  # noqa: TC001 - pydantic reads the annotations at run time
from audit.core.records.flags import OF_ANSWER, Flag, StoredFlag


class Finding(Record):
    """Personal data that was found in a text of a sample, and never the value itself."""

    kind: str
    """``email``, ``phone``, ``iban``, …"""
    field: Literal["output", "thinking"] = "output"
    """The text that it was found in: of the sample, or of the completion that holds the finding."""
    start: int
    """First character, counted in the text as the checkpoint wrote it."""
    end: int
    """Behind the last character."""
    digest: str | None = None
    """Keyed digest of the value (HMAC-SHA-256, 128 bits in hexadecimal): equal values of one key have equal ones. Null
    where the value is reserved for examples and stays."""
    reserved: bool = False
    """Whether it lies in a range that its issuer reserves for examples, so that it belongs to nobody."""


class SampledText(Record):
    """One of several texts that were sampled for an item; addressed as ``SAMPLE_ID#INDEX``, the first as ``#0``."""

    text: str | None
    """What the checkpoint wrote; null where it could not be searched for personal data and was not kept."""
    thinking: str | None = None
    """Reasoning trace before it; null where there was none."""
    value: float | None = None
    """What its judge says of it, e.g. its toxicity; null where it was not judged (see ``error``)."""
    labels: dict[str, float | None] = Field(default_factory=dict)
    """Further results of the judge by name, e.g. the toxicity labels of Detoxify; null where it could not say. Names
    that end in ``_in_thinking`` are about the reasoning trace."""
    flags: list[StoredFlag] = Field(default_factory=list)
    """Remarks on this text alone."""
    findings: list[Finding] = Field(default_factory=list)
    """Personal data in it."""
    finish_reason: str | None = None
    """Why it ended: ``stop``, ``length``, …"""
    tokens_out: int = 0
    """Generated tokens."""
    error: str | None = None
    """Why it could not be judged."""


class Choice(Record):
    """What a checkpoint chose among, and how sure it was."""

    options: list[str]
    """The continuations, exactly as they were scored, in the task's order."""
    log_likelihoods: list[float] | None = None
    """Of each option, in nats, as the choice was made by (see ``normalised``); null where the answer was generated."""
    normalised: Literal["none", "characters", "tokens"] = "none"
    """What a log-likelihood was divided by before options were compared."""
    chosen: int | None = None
    """Position of the option that it took; null where it took none, or two are equally likely."""
    right: int | None = None
    """Position of the right option; null where none is right."""
    contrast: int | None = None
    """Position of the option that the chosen one is to be compared with: the likeliest wrong one, or the other sentence
    of a pair."""
    gap: float | None = None
    """How much further the probe finds the chosen option, or the first one of a pair, ahead of ``contrast``."""
    gap_unit: str = "nats"
    """Unit of ``gap``."""


class Sample(Record):
    """One item of a task: what was asked, what came back, how it was scored."""

    sample_id: str
    """Digest of task, data set and item (:func:`sample_id`); stable across runs and machines."""
    suite: Suite
    """The suite that asked."""
    task: str
    """Task or probe."""
    cluster: str | None = None
    """Items that share a template or passage share this; standard errors are clustered by it."""
    pair: str | None = None
    """Items that are compared with each other share this; unlike a slice it is not a subset to report on."""
    prompt: str
    """The exact text the checkpoint saw, chat template and few-shot examples included."""
    prompt_sha256: str | None = None
    """SHA-256 of ``prompt`` as the checkpoint saw it: equal prompts of two runs are known by it, redacted ones too.
    Where each option has a prompt to itself, over all of them."""
    reference: str | None = None
    """The right answer, where there is one; for options, the continuation exactly as it was scored."""
    output: str | None = None
    """What came back: generated text, or the chosen continuation exactly as it was scored."""
    spans: list[Span] = Field(default_factory=list)
    """Named parts of ``prompt``: fields of the task's template, few-shot examples."""
    completions: list[SampledText] = Field(default_factory=list)
    """All texts that were sampled for the item, in order; ``output`` is the one that the item's score is about. Empty
    where one answer was asked for."""
    choice: Choice | None = None
    """What was chosen among; null where the item is no choice."""
    answered_by: Literal["likelihood", "generation"] | None = None
    """Whether the answer is the likeliest option or was written; null where that was not recorded."""
    thinking: str | None = None
    """Reasoning trace that came before the output, without its markers; null where the checkpoint did not think."""
    score: float | None = None
    """The primary score of this item; null when it could not be scored (see ``error``)."""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """The checkpoint's own probability of its choice among the options, 0 to 1; null where it has none (a written
    answer, an item that is no choice)."""
    scores: dict[str, float | None] = Field(default_factory=dict)
    """All scores of the item by name."""
    slices: dict[str, str] = Field(default_factory=dict)
    """Subset name to value, e.g. ``{"bias_type": "gender"}``."""
    flags: list[StoredFlag] = Field(default_factory=list)
    """Remarks such as ``truncated_prompt``, ``truncated_output``, ``unparsed_answer``."""
    findings: list[Finding] = Field(default_factory=list)
    """Personal data in output and reasoning trace; that of ``completions`` is kept with each of them."""
    error: str | None = None
    """Why the item could not be scored."""
    tokens_in: int = 0
    """Prompt tokens; for likelihood tasks those of context and target, of the longest option."""
    tokens_out: int = 0
    """Generated tokens."""
    seconds: float = 0.0
    """The item's share of its task's wall-clock time."""

    @property
    def all_flags(self) -> set[Flag]:
        """Its flags and those of its completions: what a reader looks for in it."""
        return {*self.flags, *(flag for completion in self.completions for flag in completion.flags)}

    def as_answered_by(self, index: int) -> Sample:
        """One completion as if it were the whole answer: a sample with the address ``SAMPLE_ID#INDEX``.

        Its score is the completion's ``value``, its scores are the completion's ``labels``.

        Raises:
            IndexError: There is no such completion.
        """
        one = self.completions[index]
        return self.model_copy(
            update={
                "sample_id": completion_address(self.sample_id, index),
                "output": one.text,
                "thinking": one.thinking,
                "score": one.value,
                "confidence": None,
                "scores": dict(one.labels),
                "flags": [*(flag for flag in self.flags if flag not in OF_ANSWER), *one.flags],
                "findings": one.findings,
                "error": one.error,
                "tokens_out": one.tokens_out,
                "completions": [],
            }
        )


class RawOutput(Record):
    """A line of ``raw.jsonl``: output and reasoning trace as the checkpoint wrote them, personal data included."""

    suite: Suite
    """Its suite."""
    task: str
    """Its task."""
    sample_id: str
    """Its sample, or the address of one completion: ``SAMPLE_ID#3``."""
    output: str | None
    """The text; null where there was none."""
    thinking: str | None = None
    """Reasoning trace before it; null where the checkpoint did not think."""


def sample_id(task: str, dataset: str, item: object) -> str:
    """The stable identity of an item: 16 hexadecimal digits over task, data set and the item itself."""
    return digest_of(task, dataset, item)[:16]


def completion_address(identity: str, index: int) -> str:
    """The address of a completion: ``0123456789abcdef#3``."""
    return f"{identity}#{index}"


MOST_DIGITS = 9
"""Of a completion's number in an address."""


def split_address(address: str) -> tuple[str, int | None]:
    """A sample's id and the position of one of its completions; None where the address is of the whole sample."""
    identity, mark, index = address.rpartition("#")
    is_number = bool(mark) and index.isascii() and index.isdigit() and len(index) <= MOST_DIGITS
    return (identity, int(index)) if is_number and str(int(index)) == index else (address, None)
