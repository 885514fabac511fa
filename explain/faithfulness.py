"""How far an attribution can be believed: what really happens when its top features go, or alone stay.

Comprehensiveness and sufficiency are those of ERASER (DeYoung et al. 2020, arXiv:1911.03429, section 4.2)
in log-probability instead of probability, with the top 20 % of the features as the rationale. The deletion
curve is that of Petsiuk et al. 2018 (RISE, arXiv:1806.07421, section 3.3), taken at five steps. Each is
compared with orders drawn at random: a measure means little without what chance gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import spearmanr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.explain.masking import MaskedPrompt

Verdict = Literal["believable", "weak", "do not believe"]

FRACTIONS = (0.2, 0.4, 0.6, 0.8)
"""Shares of the features that are removed, in order of attribution; the first is the rationale."""
PAIRS = 2
"""Random orders come in pairs, one the reverse of the other: the mean of their curves varies less."""
LEAST_EFFECT = 0.05
"""Below this range of log-probability over all masks, in nats, there is nothing to explain."""
WEAK_GAIN = 0.05
"""Relative deletion gain up to which an attribution is not believed."""
BELIEVABLE_GAIN = 0.1
"""Relative deletion gain from which one may be."""
BELIEVABLE_DEVIATIONS = 2.0
"""And its distance from the mean of the random orders, in their standard deviations."""
COMPLETENESS = 0.1
"""Share of the difference that an additive method's values may miss and still be believable."""
MEASURES = (
    "comprehensiveness",
    "comprehensiveness_gain",
    "sufficiency",
    "sufficiency_gain",
    "deletion_auc",
    "deletion_auc_gain",
    "relative_deletion_gain",
    "random_deviations",
    "completeness_error",
    "stability",
)
"""Keys of ``Attribution.faithfulness``; see ``docs/explain.md``."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Measured agreement of an attribution with what the checkpoint does."""

    measures: dict[str, float | None]
    """By name, see ``MEASURES``; None where one does not exist."""
    verdict: Verdict
    """Their plain reading."""
    reason: str
    """Why that verdict, in one line."""


def measure(
    prompt: MaskedPrompt,
    values: NDArray[np.float64],
    *,
    seed: int,
    pairs: int = PAIRS,
    difference: float | None = None,
    stability: float | None = None,
) -> Faithfulness:
    """Measure one attribution; everything it needs is scored in one call of the engine.

    Args:
        prompt: The game that was attributed.
        values: One per feature; the highest is held to support the target most.
        seed: Of the random orders and of the order among equal values; the same for all methods of a
            prompt, so that they are compared with the same orders and share their scores.
        pairs: Pairs of random orders.
        difference: What the values should sum to, nats; None for methods that promise no sum.
        stability: Rank correlation with the values of another seed, where that was measured.
    """
    count = len(values)
    if count < 2 or np.ptp(values) == 0:
        why = "there is one feature only" if count < 2 else "all values are equal"
        return Faithfulness(dict.fromkeys(MEASURES), "do not believe", f"{why}: nothing is ranked")
    removed = steps(count)
    scored = prompt(np.concatenate([shared_masks(count, seed, pairs), own_masks(values, seed)]))
    rows = np.roll(scored[2:].reshape(-1, len(removed) + 1), 1, axis=0)
    measures = compare(float(scored[0]), float(scored[1]), rows, removed / count)
    verdict, reason = judge(measures, float(np.ptp(np.append(rows, scored[0]))))
    measures["stability"] = stability
    if difference is not None:
        missed = measures["completeness_error"] = float(np.sum(values)) - difference
        if verdict == "believable" and abs(missed) > COMPLETENESS * abs(difference):
            verdict, reason = "weak", f"its values should sum to {difference:.2f} nats and miss that by {missed:+.2f}"
    return Faithfulness(measures, verdict, reason)


def shared_masks(count: int, seed: int, pairs: int = PAIRS) -> NDArray[np.bool_]:
    """What every attribution of a prompt is compared with: whole and empty prompt, and the random orders.

    Args:
        count: Number of features.
        seed: Of the random orders.
        pairs: Pairs of random orders.
    """
    generator = np.random.default_rng(seed)
    drawn = [generator.permutation(count) for _ in range(pairs)]
    ends = np.array([[True], [False]]).repeat(count, axis=1)
    if count < 2:
        return ends
    return np.concatenate([ends, *(_masks(order, steps(count)) for one in drawn for order in (one, one[::-1]))])


def own_masks(values: NDArray[np.float64], seed: int) -> NDArray[np.bool_]:
    """What is scored for one attribution: none where it ranks nothing.

    Args:
        values: One per feature.
        seed: Of the order among equal values.
    """
    count = len(values)
    if count < 2 or np.ptp(values) == 0:
        return np.zeros((0, count), dtype=np.bool_)
    ties = np.random.default_rng([seed, 1]).permutation(count)
    return _masks(np.lexsort((ties, -values)), steps(count))


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation; None where one side does not vary."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(spearmanr(one, other).statistic)


def steps(count: int) -> NDArray[np.int64]:
    """How many features are removed at each step of the curve: between 1 and all but one."""
    return np.unique(np.clip(np.rint(np.array(FRACTIONS) * count), 1, count - 1).astype(np.int64))


def _masks(order: NDArray[np.int64], removed: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Masks of one order: its deletion steps, then its rationale alone."""
    masks = np.ones((len(removed) + 1, len(order)), dtype=np.bool_)
    for mask, gone in zip(masks, removed, strict=False):
        mask[order[:gone]] = False
    masks[-1] = False
    masks[-1, order[: removed[0]]] = True
    return masks


def compare(
    full: float, empty: float, rows: NDArray[np.float64], shares: NDArray[np.float64]
) -> dict[str, float | None]:
    """The measures, from scored masks.

    Args:
        full: Value of the whole prompt, nats.
        empty: Value with every feature absent, nats.
        rows: One row per order, the attribution's first, then random ones: the values at the deletion
            steps, then that of the rationale alone.
        shares: Share of features removed at each step, ascending.
    """
    comprehensiveness, sufficiency = full - rows[:, 0], full - rows[:, -1]
    ends = np.full((len(rows), 1), full), rows[:, :-1], np.full((len(rows), 1), empty)
    areas = np.trapezoid(np.concatenate(ends, axis=1), np.concatenate([[0], shares, [1]]), axis=1)
    gain = float(areas[1:].mean() - areas[0])
    spread = float(np.ptp(np.append(rows, full)))
    deviation = float(areas[1:].std())
    return {
        "comprehensiveness": float(comprehensiveness[0]),
        "comprehensiveness_gain": float(comprehensiveness[0] - comprehensiveness[1:].mean()),
        "sufficiency": float(sufficiency[0]),
        "sufficiency_gain": float(sufficiency[1:].mean() - sufficiency[0]),
        "deletion_auc": float(areas[0]),
        "deletion_auc_gain": gain,
        "relative_deletion_gain": gain / spread if spread > 0 else None,
        "random_deviations": gain / deviation if deviation > 0 else None,
        "completeness_error": None,
        "stability": None,
    }


def judge(measures: dict[str, float | None], spread: float) -> tuple[Verdict, str]:
    """The plain reading of the measures, and the reason for it.

    Args:
        measures: From :func:`compare`.
        spread: Range of the value over the scored masks that hold a feature, nats.
    """
    relative = measures["relative_deletion_gain"]
    if relative is None or spread < LEAST_EFFECT:
        return "do not believe", f"the prompt moves the target by {spread:.2f} nats at most: nothing to explain"
    deviations = measures["random_deviations"]
    if relative <= WEAK_GAIN:
        return "do not believe", f"removing its top features hurts no more than removing random ones ({relative:+.0%})"
    gains = {name: measures[f"{name}_gain"] or 0.0 for name in ("comprehensiveness", "sufficiency")}
    worse = [name for name, gain in gains.items() if gain <= 0]
    if worse:
        return "weak", f"{' and '.join(worse)} no better than of a random order"
    if relative < BELIEVABLE_GAIN or (deviations is not None and deviations < BELIEVABLE_DEVIATIONS):
        far = "" if deviations is None else f", {deviations:.1f} standard deviations from random orders"
        return "weak", f"its deletion curve is better than random by {relative:.0%} of the range{far}"
    return "believable", f"its deletion curve is better than random by {relative:.0%} of the range"
