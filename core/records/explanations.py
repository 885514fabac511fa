"""Records of explanations: the features of a prompt, what they are worth, and how far to believe it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Suite

LEAST_SAMPLES = 5
"""A word or part of fewer samples is not tested: with short prompts its p-value could hardly be small."""
DISCOVERY_RATE = 0.1
"""Expected share of false ones among the drivers, at most."""


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
    """A stretch of the prompt that an attribution gives a value to."""

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


class Counterfactual(Record):
    """A change of a prompt that changes what the checkpoint prefers; it was run."""

    change: Literal["removal", "swap"]
    """What was done to the features."""
    features: tuple[int, ...]
    """Indices of the changed features, ascending."""
    after: str | None
    """The continuation that the checkpoint prefers given the changed prompt; null where the target has no alternatives
    and is no longer the greedy answer: what comes instead was not asked for."""
    proof: Literal["smallest", "irreducible", "sufficient"] | None = None
    """Of a removal: ``smallest``: no smaller set does it, all were run; ``irreducible``: each feature of the set is
    needed; ``sufficient``: a part of it may do, the budget ended before all of that was run."""
    context_ids: tuple[int, ...]
    """Token ids of the changed prompt, as it was run."""


class CounterfactualSearch(Record):
    """Which changes of a prompt change the answer: what was run on the checkpoint, and the smallest that did."""

    answer: str | None
    """The continuation that the checkpoint prefers given the whole prompt: the likeliest of target and alternatives;
    null where there is none to change: a target without alternatives that is not the greedy answer."""
    found: list[Counterfactual] = Field(default_factory=list)
    """The smallest removal that was found, then swaps."""
    complete: int
    """No removal of up to this many features changes the answer: all of them were run."""
    swaps: int = 0
    """Swaps of two named features that were run."""
    evaluations: int
    """Changed prompts that were run."""


class Attribution(Record):
    """How much each feature of a prompt moved the log-probability of a target, and how far to believe it."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    attribution_id: str
    """Digest of sample, target and method; the file's name."""
    sample_id: str | None = None
    """The explained sample; null for a prompt given by hand."""
    suite: Suite | None = None
    """Its suite."""
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
    """Continuations that were scored as well as the target: ``against``, and the other options of the task."""
    reason: str
    """Why this sample was chosen, e.g. ``confident error``."""
    level: str = "words"
    """What a feature is: ``tokens``, ``words``, ``clauses``, ``sentences``, ``lines``, ``turns``, ``fields``, …"""
    features: list[Feature]
    """Features of the prompt, in order, without overlap; what lies between them is not explained and always present."""
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
    settings: dict[str, Any] = Field(default_factory=dict)
    """What decided the values, apart from checkpoint, prompt and seed: ``steps``, ``layers_with_attention``, …"""
    note: str | None = None
    """Limits of the method that a reader must know."""
    counterfactual: CounterfactualSearch | None = None
    """What would change the answer; of several methods in the record of the first that explains the choice; null
    where none was asked for."""


class Driver(Record):
    """A word, or a part of prompts, with what its features do across samples."""

    kind: Literal["word", "part"]
    """``part``: a field of the template or a few-shot example."""
    name: str
    """The word in lower case without punctuation, or the part's name."""
    hidden: bool = False
    """Whether the word is hidden by default: it occurs only in texts that may offend."""
    samples: int
    """Samples that it occurs in together with other features."""
    mean_value: float
    """Mean over those samples of the mean value of its features, nats."""
    mean_rank: float
    """Mean over those samples of the mean rank of its features: 0 the lowest of their prompts, 1 the highest."""
    p: float
    """Probability of so high a mean rank if the label meant nothing; one-sided."""
    q: float
    """The smallest false discovery rate at which it still counts as a driver (Benjamini-Hochberg)."""

    @property
    def is_driver(self) -> bool:
        """Whether it counts as driving the answers, at a false discovery rate of ``DISCOVERY_RATE``."""
        return self.q <= DISCOVERY_RATE and self.mean_value > 0


class DrivenAnswers(Record):
    """What drives one kind of answer."""

    answers: str
    """``error``, ``right answer``, ``bias gap``, ``harmful output`` or ``bad rating``."""
    samples: int
    """Samples that were explained for it."""
    failures: list[str] = Field(default_factory=list)
    """Why others could not be."""
    tested: list[Driver]
    """Every word and part that occurs in at least ``LEAST_SAMPLES`` of them: words, then parts, each by p-value."""


class Drivers(Record):
    """Which words, template fields and few-shot examples drive which kind of answer, across samples."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    method: str
    """The method of attribution."""
    asked: int
    """Samples of each kind that were asked for, over all tasks."""
    groups: list[DrivenAnswers]
    """By kind of answer."""
