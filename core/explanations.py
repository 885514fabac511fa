"""Records of explanations: the pieces of a prompt, what they are worth, and how far to believe it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from audit.core.record import SCHEMA_VERSION, Record, Suite


class Span(Record):
    """A named part of a prompt: a field of its task's template or a few-shot example."""

    name: str
    """``question``, ``option A``, ``example 1``, …"""
    kind: Literal["field", "example"]
    """What it is."""
    start: int
    """Offset of its first character in the prompt."""
    end: int
    """Offset behind its last character."""


class Feature(Record):
    """One piece of the prompt that an attribution gives a value to."""

    text: str
    """The characters."""
    start: int
    """Offset of its first character in the prompt."""
    end: int
    """Offset behind its last character."""
    name: str | None = None
    """What it is where it has a name: ``question``, ``example 1``, ``user 2``, …"""


class OutputToken(Record):
    """One token of an explained continuation."""

    text: str
    """Its characters; tokens that share a character both show it."""
    continuation: int
    """0 for the target, k for ``alternatives[k - 1]``."""
    log_prob: float
    """Its log-probability given the whole prompt and the tokens before it, nats."""
    baseline_log_prob: float
    """The same with every feature masked."""


class Attribution(Record):
    """How much each piece of a prompt moved the log-probability of a target, and how far to believe it."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    attribution_id: str
    """Digest of sample, target and method; the file's name."""
    sample_id: str | None = None
    """The explained sample; null for a prompt given by hand."""
    suite: Suite | None = None
    """Its wing."""
    task: str | None = None
    """Its task."""
    method: str
    """``occlusion``, ``attention_rollout``, …"""
    prompt: str
    """The exact text that was explained."""
    target: str
    """The continuation whose log-probability is explained."""
    against: str | None = None
    """The continuation it is compared with: explained is then log P(target) - log P(against)."""
    alternatives: list[str] = Field(default_factory=list)
    """Continuations that were scored beside the target: ``against``, and the other options of the task."""
    reason: str
    """Why this sample was chosen, e.g. ``confident error``."""
    level: str = "words"
    """What a feature is: ``tokens``, ``words``, ``clauses``, ``sentences``, ``lines``, ``turns``, ``fields``, …"""
    features: list[Feature]
    """Pieces of the prompt, in order, without overlap; what lies between them is not explained and always present."""
    values: list[float]
    """One per feature, in ``unit``."""
    intervals: list[tuple[float, float]] | None = None
    """Per feature the 95 % interval of its sampling; null for methods that do not sample or state none."""
    output_tokens: list[OutputToken] = Field(default_factory=list)
    """Tokens of the target, then those of each alternative."""
    matrix: list[list[float]] | None = None
    """Row per output token, column per feature: the values of that token's log-probability. The rows of the
    target less those of ``against`` sum to ``values``; null where the method cannot be split over tokens."""
    heads: list[list[list[float]]] | None = None
    """Layer × head × feature: share of attention; from attention methods alone."""
    value: float | None = None
    """What is explained, given the whole prompt: log P(target), less log P(against) where there is one; nats."""
    baseline_value: float | None = None
    """The same at the method's baseline; an additive method's values sum to the difference."""
    unit: str
    """``nats`` for changes of log-probability; ``share`` where the method gives weights that sum to 1."""
    target_log_prob: float
    """Log-probability of the target given the whole prompt, nats."""
    baseline_log_prob: float | None = None
    """Log-probability of the target with every feature masked, nats."""
    faithfulness: dict[str, float | None]
    """Measured agreement with what the checkpoint does, by measure; null where it could not be computed."""
    verdict: Literal["believable", "weak", "do not believe"]
    """Plain reading of ``faithfulness``."""
    evaluations: int
    """Rows that the values needed, shared with other methods or not; those of faithfulness not counted."""
    seconds: float
    """Wall-clock time."""
    note: str | None = None
    """Limits of the method that a reader must know."""
