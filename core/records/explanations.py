"""Records of explanations: the features of a prompt, their values, and how faithful they are."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record, Suite

LEAST_SAMPLES = 5
"""Words and parts that occur in fewer samples are not tested: with short prompts their p-values could hardly be
small."""
DISCOVERY_RATE = 0.1
"""Maximum expected share of false positives among the drivers."""


class Span(Record):
    """A named part of a prompt: a field of its task's template, a few-shot example, or a part that was perturbed."""

    name: str
    """``question``, ``option A``, ``example 1``, …; of a perturbed part what was there before."""
    kind: Literal["field", "example", "changed"]
    """Kind of part."""
    start: int
    """Offset of its first character in the prompt."""
    end: int
    """Offset after its last character."""


class Feature(Record):
    """A span of the prompt that an attribution gives a value to."""

    text: str
    """Its text."""
    start: int
    """Offset of its first character in the prompt."""
    end: int
    """Offset after its last character."""
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
    """A change to a prompt that changes the checkpoint's preferred answer, confirmed by running it."""

    change: Literal["removal", "swap"]
    """What was done to the features."""
    features: tuple[int, ...]
    """Indices of the changed features, ascending."""
    after: str | None
    """The continuation that the checkpoint prefers given the changed prompt; null where the target has no alternatives
    and is no longer the greedy answer: the new one is not generated."""
    proof: Literal["smallest", "irreducible", "sufficient"] | None = None
    """For a removal. ``smallest``: no smaller set changes the answer (all were run); ``irreducible``: every feature in
    the set is needed; ``sufficient``: a subset may be enough, but the budget ran out first."""
    context_ids: tuple[int, ...]
    """Token ids of the changed prompt, as run."""


class CounterfactualSearch(Record):
    """Changes to a prompt that change the answer: what was run on the checkpoint, and the smallest change that did."""

    answer: str | None
    """The continuation that the checkpoint prefers given the whole prompt: the likeliest of target and alternatives;
    null if there is none to change: a target without alternatives that is not the greedy answer."""
    found: list[Counterfactual] = Field(default_factory=list)
    """The smallest removal found, then swaps."""
    complete: int
    """No removal of up to this many features changes the answer: all of them were run."""
    swaps: int = 0
    """Number of swaps of two named features that were run."""
    evaluations: int
    """Number of changed prompts that were run."""


class Attribution(Record):
    """How much each feature of a prompt changed the log-probability of a target, and how faithful these values are."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    attribution_id: str
    """Digest of sample, target and method; the file's name."""
    sample_id: str | None = None
    """The explained sample; null for a prompt given directly."""
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
    """The continuation it is compared with; the explained value is then log P(target) - log P(against)."""
    alternatives: list[str] = Field(default_factory=list)
    """Other continuations that were scored: ``against``, and the task's other options."""
    reason: str
    """Why this sample was chosen, e.g. ``confident error``."""
    level: str = "words"
    """What a feature is: ``tokens``, ``words``, ``clauses``, ``sentences``, ``lines``, ``turns``, ``fields``, …"""
    features: list[Feature]
    """Features of the prompt, in order, without overlap; text between them is not explained and always present."""
    values: list[float]
    """One value per feature, in ``unit``."""
    intervals: list[tuple[float, float]] | None = None
    """95 % interval of each value due to sampling; null for methods that do not sample or give none."""
    output_tokens: list[OutputToken] = Field(default_factory=list)
    """Tokens of the target, then those of each alternative."""
    matrix: list[list[float]] | None = None
    """One row per output token, one column per feature: values for that token's log-probability. The rows of the target
    minus those of ``against`` sum to ``values``; null if the method cannot be split over tokens."""
    heads: list[list[list[float]]] | None = None
    """Layer × head × feature: share of attention; only from attention methods."""
    value: float | None = None
    """The explained value given the whole prompt: log P(target), minus log P(against) if there is one; nats."""
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
    """Plain-language verdict on ``faithfulness``."""
    evaluations: int
    """Model rows computed for the values, including those shared with other methods; faithfulness not counted."""
    seconds: float
    """Wall-clock time."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What determined the values, apart from checkpoint, prompt and seed: ``steps``, ``layers_with_attention``, …"""
    note: str | None = None
    """Limits of the method to keep in mind."""
    counterfactual: CounterfactualSearch | None = None
    """What would change the answer. With several methods it is in the record of the first one that explains the choice;
    null if it was not requested."""


class Driver(Record):
    """A word or part of prompts, with the values of its features across samples."""

    kind: Literal["word", "part"]
    """``part``: a field of the template or a few-shot example."""
    name: str
    """The word in lower case without punctuation, or the part's name."""
    hidden: bool = False
    """Whether the word is hidden by default: it occurs only in texts that may offend."""
    samples: int
    """Number of samples in which it occurs together with other features."""
    mean_value: float
    """Mean over those samples of the mean value of its features, nats."""
    mean_rank: float
    """Mean over those samples of the mean rank of its features: 0 the lowest of their prompts, 1 the highest."""
    p: float
    """One-sided p-value: the probability of a mean rank this high if the label meant nothing."""
    q: float
    """The smallest false discovery rate at which it would still count as a driver (Benjamini-Hochberg)."""

    @property
    def is_driver(self) -> bool:
        """Whether it counts as driving the answers, at a false discovery rate of ``DISCOVERY_RATE``."""
        return self.q <= DISCOVERY_RATE and self.mean_value > 0


class DrivenAnswers(Record):
    """What drives one kind of answer."""

    answers: str
    """``error``, ``right answer``, ``bias gap``, ``harmful output`` or ``bad rating``."""
    samples: int
    """Number of samples explained for it."""
    failures: list[str] = Field(default_factory=list)
    """Why other samples could not be explained."""
    tested: list[Driver]
    """Every word and part that occurs in at least ``LEAST_SAMPLES`` of them: words, then parts, each by p-value."""


class Drivers(Record):
    """Which words, template fields and few-shot examples drive which kind of answer, across samples."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    method: str
    """The attribution method."""
    asked: int
    """Number of samples of each kind that were requested, over all tasks."""
    groups: list[DrivenAnswers]
    """Drivers by kind of answer."""
