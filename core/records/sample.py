"""Samples: what was asked, what came back, how it was scored; and the result of a task, which holds them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from audit.core.records.base import Record, Suite, digest_of
from audit.core.records.explanations import (  # noqa: TC001 - pydantic reads the annotations at run time
    Attribution,
    Drivers,
    Span,
)
from audit.core.records.flags import OF_ANSWER, Flag, StoredFlag
from audit.core.records.logged import LoggedTask  # noqa: TC001 - see above
from audit.core.records.manifest import AssetRecord, TaskWords  # noqa: TC001 - see above
from audit.core.records.metric import Metric  # noqa: TC001 - see above


class FindingRecord(Record):
    """Personal data found in a text of a sample; never the value itself."""

    kind: str
    """``email``, ``phone``, ``iban``, …"""
    field: Literal["output", "thinking"] = "output"
    """The text in which it was found: the sample's, or that of the completion with the finding."""
    start: int
    """Offset of its first character, in the text as the checkpoint wrote it."""
    end: int
    """Offset after its last character."""
    digest: str | None = None
    """Keyed digest of the value (HMAC-SHA-256, 128 bits in hexadecimal): under one key, equal values have equal
    digests. Null where the value is reserved for examples and stays."""
    reserved: bool = False
    """Whether it lies in a range that its issuer reserves for examples, so that it belongs to nobody."""


class SampledText(Record):
    """One of several texts that were sampled for an item; addressed as ``SAMPLE_ID#INDEX``, the first as ``#0``."""

    text: str | None
    """What the checkpoint wrote; null if it could not be searched for personal data and was not stored."""
    thinking: str | None = None
    """Reasoning trace before it; null if there was none."""
    thinking_tokens: int | None = None
    """Tokens of the trace, its markers included; 0 if there was none, null if not recorded."""
    value: float | None = None
    """The judge's score, e.g. its toxicity; null if it was not judged (see ``error``)."""
    labels: dict[str, float | None] = Field(default_factory=dict)
    """Further results of the judge by name, e.g. Detoxify's toxicity labels; null where it gave none. Names that end in
    ``_in_thinking`` are about the reasoning trace."""
    flags: list[StoredFlag] = Field(default_factory=list)
    """Flags of this text alone."""
    findings: list[FindingRecord] = Field(default_factory=list)
    """Personal data in it."""
    finish_reason: str | None = None
    """Why it ended: ``stop``, ``length``, …"""
    tokens_out: int = 0
    """Number of generated tokens."""
    error: str | None = None
    """Why it could not be judged."""


class Choice(Record):
    """What a checkpoint chose from, and how sure it was."""

    options: list[str]
    """The continuations, exactly as they were scored, in the task's order."""
    log_likelihoods: list[float] | None = None
    """Log-likelihood of each option, in nats, as used for the choice (see ``normalised``); null if the answer was
    generated, or if one of them is not finite."""
    normalised: Literal["none", "characters", "tokens"] = "none"
    """What a log-likelihood was divided by before options were compared."""
    chosen: int | None = None
    """Position of the chosen option; null if it chose none, or two are equally likely."""
    right: int | None = None
    """Position of the right option; null where none is right."""
    contrast: int | None = None
    """Position of the option to compare the chosen one with: the likeliest wrong one, or the other sentence of a
    pair."""
    gap: float | None = None
    """By how much the probe puts the chosen option, or the first one of a pair, ahead of ``contrast``; null if it
    compares none, or the difference is not finite."""
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
    """Items that share a template or passage have the same value; standard errors are clustered by it."""
    pair: str | None = None
    """Items that are compared with each other have the same value; unlike a slice it is not a subset to report on."""
    prompt: str
    """The exact text the checkpoint saw, chat template and few-shot examples included."""
    prompt_sha256: str | None = None
    """SHA-256 of ``prompt`` as the checkpoint saw it: it identifies equal prompts of two runs, even redacted ones. If
    each option has its own prompt, over all of them."""
    reference: str | None = None
    """The right answer, where there is one; for options, the continuation exactly as it was scored."""
    output: str | None = None
    """What came back: generated text, or the chosen continuation exactly as it was scored."""
    spans: list[Span] = Field(default_factory=list)
    """Named parts of ``prompt``: fields of the task's template, few-shot examples."""
    completions: list[SampledText] = Field(default_factory=list)
    """All texts sampled for the item, in order; ``output`` is the one that the item's score is about. Empty if only one
    answer was requested."""
    choice: Choice | None = None
    """The options and the choice; null if the item is not a choice."""
    answered_by: Literal["likelihood", "generation"] | None = None
    """Whether the answer is the likeliest option or was generated; null if not recorded."""
    thinking: str | None = None
    """Reasoning trace before the output, without its markers; null if the checkpoint did not write one."""
    thinking_tokens: int | None = None
    """Tokens of the trace, its markers included; 0 if there was none, null if not recorded: an answer by likelihood, a
    run of an older version, a server that does not count them. Where several answers were requested, those of the
    first; ``completions`` have their own."""
    score: float | None = None
    """The primary score of this item; null when it could not be scored (see ``error``)."""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """The checkpoint's own probability of its choice among the options, 0 to 1; null if it has none (a generated
    answer, an item that is not a choice)."""
    scores: dict[str, float | None] = Field(default_factory=dict)
    """All scores of the item, by name."""
    slices: dict[str, str] = Field(default_factory=dict)
    """Subset name to value, e.g. ``{"bias_type": "gender"}``."""
    flags: list[StoredFlag] = Field(default_factory=list)
    """Flags such as ``truncated_prompt``, ``truncated_output``, ``unparsed_answer``."""
    findings: list[FindingRecord] = Field(default_factory=list)
    """Personal data in output and reasoning trace; findings in ``completions`` are kept with each of them."""
    error: str | None = None
    """Why the item could not be scored."""
    tokens_in: int = 0
    """Number of prompt tokens; for likelihood tasks those of context and target of the longest option."""
    tokens_out: int = 0
    """Number of generated tokens."""
    seconds: float = 0.0
    """The item's share of its task's wall-clock time, without that of texts generated with those of other tasks."""

    @property
    def all_flags(self) -> set[Flag]:
        """Its flags and those of its completions, for filtering."""
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
                "thinking_tokens": one.thinking_tokens,
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


class TaskResult(Record):
    """What a suite returns to the pipeline when a task ends. Not written to a file as such."""

    suite: Suite
    """The suite."""
    task: str
    """The task."""
    metrics: list[Metric] = Field(default_factory=list)
    """Its metrics, primary ones first."""
    samples: list[Sample] = Field(default_factory=list)
    """One per item."""
    attributions: list[Attribution] = Field(default_factory=list)
    """Only from ``explain``."""
    drivers: Drivers | None = None
    """Only from ``explain``: what drives answers across samples."""
    assets: list[AssetRecord] = Field(default_factory=list)
    """Assets that it used."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """How it was asked: shots, version, chat template, …"""
    words: TaskWords | None = None
    """Its title and question, where it declares them."""
    logged: LoggedTask | None = None
    """For benchmark tasks: what lm-eval logs about them beyond the samples."""
    not_run: str | None = None
    """Why it did not run; everything else is then empty."""
    optional: bool = False
    """Whether the configuration marks it as optional."""
    taken: bool = False
    """Whether it did not run because an earlier task of the same name did."""
    items_available: int | None = None
    """Number of items in its data set, drawn or not, counted as its limit counts them; null if not known."""
    largest_cluster: int | None = None
    """Items of the largest cluster in its data set; null unless whole clusters were drawn."""


class RawOutput(Record):
    """A line of ``raw.jsonl``: output and reasoning trace as the checkpoint wrote them, personal data included."""

    suite: Suite
    """Its suite."""
    task: str
    """Its task."""
    sample_id: str
    """Its sample, or the address of one completion: ``SAMPLE_ID#3``."""
    output: str | None
    """The text; null if there was none."""
    thinking: str | None = None
    """Reasoning trace before it; null if the checkpoint did not write one."""


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
