"""The plain reading of the measures of an attribution: believable, weak, do not believe.

Two questions decide, both asked of chance: what share of all orders of the features is worse than this one, and what
share of all ways to hand the same values to other features predicts worse? Nothing is asked that no attribution of
this prompt could reach. ``docs/explanation/faithfulness.md`` states how often the verdict errs, and a test counts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING, Literal

from audit.core.formatting import number, percent, signed

if TYPE_CHECKING:
    from collections.abc import Mapping

Believability = Literal["believable", "weak", "do not believe"]

LEAST_EFFECT = 0.05
"""Below this range of log-probability over all scored masks, in nats, there is nothing to explain."""
LEAST_GAIN = 0.005
"""Below this mean gain of the two curves, in nats, orders differ by hardly more than rounding."""
FEW = 4
"""With fewer features chance finds the best of all orders in more than one of twenty cases."""
WEAK_ORDER = 0.75
"""Share of all orders that an attribution must beat to be more than chance."""
GOOD_ORDER = 0.8
"""Share from which it may be believed where the values also predict held-out masks well."""
BEST_ORDER = 0.985
"""Share from which it may be believed for its order alone."""
PREDICTIVE = 0.5
"""Rank correlation from which values predict held-out masks well,"""
PREDICTIVE_SHUFFLES = 0.958
"""and the share of reassignments of the same values to the features that must then predict worse: of the 24
of four features, all others."""
EFFECT = "predict the effect of leaving out other parts"
STABILITY = 0.5
"""Rank correlation of two seeds below which half of what the ranks say is the seed."""
COMPLETENESS = 0.1
"""Share of the difference that an additive method's values may miss and still be believable."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a verdict rests on."""

    measures: Mapping[str, float | None]
    """Of :data:`audit.explain.faithfulness.measures.MEASURES`."""
    count: int
    """Features, two or more."""
    spread: float
    """Range of the value over the scored masks that hold a feature, nats."""
    predicts: bool = True
    """Whether the values claim to be changes of log-probability."""
    difference: float | None = None
    """What the values should sum to, nats; None for methods that promise no sum."""
    complete: bool = False
    """Whether all orders of the features were compared with, not drawn ones."""
    doubt: str | None = None
    """Why the values cannot be believed, as found by the method."""

    @property
    def predictive(self) -> bool:
        """Whether the values predict held-out masks better than chance, and well."""
        lds, beaten = self.measures["lds"], self.measures["shuffles_beaten"]
        return lds is not None and lds >= PREDICTIVE and beaten is not None and beaten >= PREDICTIVE_SHUFFLES

    @property
    def orders(self) -> str:
        """What the order was compared with, in words."""
        return f"all {factorial(self.count):,} orders" if self.complete else "random orders"


def judge_faithfulness(evidence: Evidence) -> tuple[Believability, str]:
    """The verdict and the reason for it."""
    if evidence.doubt is not None:
        return "do not believe", evidence.doubt
    verdict, reason = _by_order(evidence)
    measures = evidence.measures
    lds, stability, missed = measures["lds"], measures["stability"], measures["completeness_error"]
    if evidence.predicts and lds is not None and lds <= 0:
        verdict, reason = _weaker(verdict, reason, f"its values do not {EFFECT} ({_correlation(lds)})")
    if stability is not None and stability < STABILITY:
        verdict, reason = _weaker(
            verdict, reason, f"another seed ranks the features differently ({_correlation(stability)})"
        )
    due = evidence.difference
    if verdict == "believable" and due is not None and missed is not None and abs(missed) > COMPLETENESS * abs(due):
        return "weak", f"its values should sum to {number(due, 'nats')} nats and miss that by {signed(missed, 'nats')}"
    return verdict, reason


def _by_order(evidence: Evidence) -> tuple[Believability, str]:
    """By the deletion and insertion curves, and the prediction of held-out masks."""
    nothing = _nothing(evidence)
    if nothing:
        return "do not believe", nothing
    measures, orders = evidence.measures, evidence.orders
    beaten = measures["orders_beaten"] or 0.0
    if evidence.count < FEW:
        return _few(evidence, beaten)
    reason = f"its order of the features beats {_share(beaten)} of {orders}{_prediction(evidence)}"
    if _gain(measures) < LEAST_GAIN or beaten < (0.5 if evidence.predictive else WEAK_ORDER):
        return "do not believe", reason
    worse = [name for name in ("deletion", "insertion") if (measures[f"{name}_auc_gain"] or 0.0) <= 0]
    if worse:
        return "weak", f"{reason}; however, its {worse[0]} curve is no better than that of the average order"
    enough = beaten >= (GOOD_ORDER if evidence.predictive else BEST_ORDER)
    return ("believable" if enough else "weak"), reason


def _nothing(evidence: Evidence) -> str | None:
    """Why no attribution of this prompt could be believed; None where one could."""
    if evidence.spread < LEAST_EFFECT:
        least = f"leaving parts of the prompt out moves the target by {evidence.spread:.2f} nats at most"
        return f"{least}: nothing to explain"
    best = evidence.measures["best_gain"]
    if evidence.measures["orders_beaten"] is None or (best is not None and best < LEAST_GAIN):
        return f"{evidence.orders} of the features are equally good: nothing is ranked"
    return None


def _gain(measures: Mapping[str, float | None]) -> float:
    """Mean gain of the two curves, nats."""
    return ((measures["deletion_auc_gain"] or 0.0) + (measures["insertion_auc_gain"] or 0.0)) / 2


def _few(evidence: Evidence, beaten: float) -> tuple[Believability, str]:
    """Two or three features: their best order may be chance."""
    every = factorial(evidence.count)
    if (evidence.measures["best_gain"] or 0.0) - _gain(evidence.measures) >= LEAST_GAIN:
        return "do not believe", f"its order beats {round(beaten * every)} of {evidence.orders} and is not the best"
    reason = f"with {evidence.count} features chance finds it in one of {every} cases"
    return "weak", f"its order is the best of {evidence.orders}, but {reason}"


def _prediction(evidence: Evidence) -> str:
    """How well the values predict held-out masks, in words; nothing where they neither claim to nor do."""
    lds, beaten = evidence.measures["lds"], evidence.measures["shuffles_beaten"]
    if lds is None or beaten is None or not (evidence.predicts or evidence.predictive):
        return ""
    if evidence.predictive:
        how = "well"
    elif lds >= PREDICTIVE:
        how = f"better than {_share(beaten)} of the same values reshuffled"
    else:
        how = "badly"
    joined = "and" if (lds >= PREDICTIVE) == ((evidence.measures["orders_beaten"] or 0.0) >= 0.5) else "but"
    return f", {joined} its values {EFFECT} {how} ({_correlation(lds)})"


def _correlation(value: float) -> str:
    return f"rank correlation {number(value, 'correlation')}"


def _share(share: float) -> str:
    """A share in percent that is 100 only where it is all."""
    return f"{min(share, 0.999) * 100:.1f} %" if share > 0.99 else percent(share)


def _weaker(verdict: Believability, reason: str, why: str) -> tuple[Believability, str]:
    """One step down, for a further reason."""
    if verdict == "do not believe":
        return verdict, reason
    return ("weak" if verdict == "believable" else "do not believe"), why
