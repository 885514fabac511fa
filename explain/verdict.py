"""The plain reading of the measures of an attribution: believable, weak, do not believe.

The thresholds were set on simulated games with known weights, so that values drawn at random are called
believable in fewer than one of ten; ``docs/explain.md`` states the shares and a test counts them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Verdict = Literal["believable", "weak", "do not believe"]

LEAST_EFFECT = 0.05
"""Below this range of log-probability over all scored masks, in nats, there is nothing to explain."""
WEAK_GAIN = 0.05
"""Relative gain up to which an attribution is not believed."""
BELIEVABLE_GAIN = 0.1
"""Relative gain from which one may be."""
DEVIATIONS = 2.0
"""And the distance of that gain from 0, in standard deviations of random orders."""
PREDICTIVE_DEVIATIONS = 1.0
"""Enough of them where the values also predict held-out masks well."""
PREDICTIVE = 0.5
"""Rank correlation from which they do; more with few features, see :func:`needed_correlation`."""
STABILITY = 0.5
"""Rank correlation of two seeds below which half of what the ranks tell is the seed."""
COMPLETENESS = 0.1
"""Share of the difference that an additive method's values may miss and still be believable."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on."""

    measures: Mapping[str, float | None]
    """Of :data:`audit.explain.faithfulness.MEASURES`."""
    count: int
    """Features."""
    spread: float
    """Range of the value over the scored masks that hold a feature, nats."""
    predicts: bool = True
    """Whether the values claim to be changes of log-probability."""
    difference: float | None = None
    """What the values should sum to, nats; None for methods that promise no sum."""


def judge(evidence: Evidence) -> tuple[Verdict, str]:
    """The verdict and the reason for it."""
    verdict, reason = _by_order(evidence)
    measures = evidence.measures
    lds, stability, missed = measures["lds"], measures["stability"], measures["completeness_error"]
    if evidence.predicts and lds is not None and lds <= 0:
        verdict, reason = _weaker(verdict, reason, f"its values do not predict masks that were held out ({lds:+.2f})")
    if stability is not None and stability < STABILITY:
        verdict, reason = _weaker(verdict, reason, f"another seed ranks the features differently ({stability:+.2f})")
    due = evidence.difference
    if verdict == "believable" and due is not None and missed is not None and abs(missed) > COMPLETENESS * abs(due):
        return "weak", f"its values should sum to {due:.2f} nats and miss that by {missed:+.2f}"
    return verdict, reason


def judge_one(value: float, effect: float, *, predicts: bool) -> tuple[Verdict, str]:
    """The verdict on a single feature: its value is right, or it is not.

    Args:
        value: The feature's.
        effect: What its presence really changes, nats.
        predicts: Whether the value claims to be that change.
    """
    if not predicts:
        return "do not believe", "there is one feature only: nothing is ranked"
    if abs(effect) < LEAST_EFFECT:
        return "do not believe", f"the prompt moves the target by {abs(effect):.2f} nats at most: nothing to explain"
    told = f"the one feature changes the target by {effect:+.2f} nats and its value says {value:+.2f}"
    if abs(value - effect) <= COMPLETENESS * abs(effect):
        return "believable", told
    return ("weak" if value * effect > 0 else "do not believe"), told


def needed_correlation(count: int) -> float:
    """Rank correlation with held-out masks that values drawn at random reach in about one of twenty.

    Two random directions in ``count`` dimensions have a cosine with standard deviation 1 / sqrt(count).
    """
    return max(PREDICTIVE, 1.65 / sqrt(count))


def _by_order(evidence: Evidence) -> tuple[Verdict, str]:
    """By the deletion and insertion curves, and the prediction of held-out masks."""
    measures = evidence.measures
    relative, deviations, lds = measures["relative_gain"], measures["random_deviations"], measures["lds"]
    if relative is None or evidence.spread < LEAST_EFFECT:
        least = f"leaving parts of the prompt out moves the target by {evidence.spread:.2f} nats at most"
        return "do not believe", f"{least}: nothing to explain"
    if relative <= WEAK_GAIN:
        return "do not believe", f"its order of the features is no better than random ones ({relative:+.0%})"
    worse = [name for name in ("deletion", "insertion") if (measures[f"{name}_auc_gain"] or 0.0) <= 0]
    if worse:
        return "weak", f"its {worse[0]} curve is no better than of random orders"
    gain = f"its curves are better than of random orders by {relative:.0%} of the range"
    if relative < BELIEVABLE_GAIN:
        return "weak", gain
    told = [
        "random orders show no spread to compare with"
        if deviations is None
        else f"{deviations:.1f} of their standard deviations"
    ]
    predictive = lds is not None and lds >= needed_correlation(evidence.count)
    if lds is not None and (evidence.predicts or predictive):
        told.append(f"its values predict held-out masks {_how_well(lds, evidence.count)} ({lds:+.2f})")
    enough = deviations is not None and deviations >= (PREDICTIVE_DEVIATIONS if predictive else DEVIATIONS)
    return ("believable" if enough else "weak"), ", ".join([gain, *told])


def _how_well(lds: float, count: int) -> str:
    """The rank correlation with held-out masks in words."""
    if lds >= needed_correlation(count):
        return "well"
    return "badly" if lds < PREDICTIVE else f"no better than chance may with {count} pieces"


def _weaker(verdict: Verdict, reason: str, why: str) -> tuple[Verdict, str]:
    """One step down, for a further reason."""
    if verdict == "do not believe":
        return verdict, reason
    return ("weak" if verdict == "believable" else "do not believe"), why
