"""How far an attribution can be believed: what really happens when its top features go, or alone stay.

Comprehensiveness and sufficiency are those of ERASER (DeYoung et al. 2020, arXiv:1911.03429, section 4.2)
in log-probability instead of probability, with its bins. The deletion and insertion curves are those of
Petsiuk et al. 2018 (RISE, arXiv:1806.07421, section 3.3), taken at 20, 50 and 80 %. The linear datamodelling
score (LDS) is that of Park et al. 2023 (TRAK, arXiv:2303.14186, section 2), over random subsets of features
as in Cohen-Wang et al. 2024 (ContextCite, arXiv:2409.00729, section 3). Curves are compared with orders
drawn at random, with all there are where the features are few: a measure means little without what chance gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records.measures import BINS, MEASURES
from audit.explain.faithfulness.plan import Plan, curve_steps, own_steps, prefixes, ranks, rationale, score_blocks
from audit.explain.faithfulness.verdict import Believability, Evidence, judge_faithfulness
from audit.stats.intervals import student_t

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt

EQUAL = 1e-9
"""Share of the range up to which two areas, or two correlations, count as equal."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Measured agreement of an attribution with what the checkpoint does."""

    measures: dict[str, float | None]
    """By name, see ``MEASURES``; None where one does not exist."""
    verdict: Believability
    """Their plain reading."""
    reason: str
    """Why that verdict, in one line."""


def measure_faithfulness(
    prompt: MaskedPrompt,
    values: NDArray[np.float64],
    compared: Plan,
    *,
    difference: float | None = None,
    stability: float | None = None,
    predicts: bool = True,
    doubt: str | None = None,
) -> Faithfulness:
    """Measure one attribution; everything it needs is scored in one call of the engine.

    Args:
        prompt: The game that was attributed.
        values: One per feature; the highest is held to support the target most.
        compared: From :func:`plan`.
        difference: What the values should sum to, nats; None for methods that promise no sum.
        stability: Rank correlation with the values of another seed, where that was measured.
        predicts: Whether the values claim to be changes of log-probability.
        doubt: Why the values cannot be believed whatever they measure, as found by the method.

    Raises:
        ScorerError: A mask has no answer.
    """
    count = len(values)
    missed = None if difference is None else float(np.sum(values)) - difference
    measures = {**dict.fromkeys(MEASURES), "stability": stability, "completeness_error": missed}
    if not ranks(values):
        alone = "there is one feature only" if count == 1 else "all values are equal"
        return Faithfulness(measures, "do not believe", f"{alone}: nothing is ranked")
    blocks = {**compared.blocks, "own": compared.own(values)}
    scored = score_blocks(prompt, blocks)
    whole, empty = float(scored["whole"][0]), float(scored["empty"][0])
    random = _random_curves(compared, scored)
    measures |= curves(whole, empty, scored["own"].reshape(2, -1), random, count, complete=compared.complete)
    measures |= _predictions(values, compared, scored["held_out"])
    spread = _spread(blocks, scored)
    gain = (measures["deletion_auc_gain"] or 0.0) + (measures["insertion_auc_gain"] or 0.0)
    measures["relative_gain"] = gain / 2 / spread if spread > 0 else None
    evidence = Evidence(measures, count, spread, predicts, difference, complete=compared.complete, doubt=doubt)
    return Faithfulness(measures, *judge_faithfulness(evidence))


def _random_curves(compared: Plan, scored: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Values along the random orders, shape (pairs, 2, curve steps); of few features all masks are held out."""
    if compared.complete:
        return scored["held_out"][prefixes(compared.orders)]
    return scored["orders"].reshape(*compared.orders.shape[:2], -1)


def _spread(blocks: Mapping[str, NDArray[np.bool_]], scored: Mapping[str, NDArray[np.float64]]) -> float:
    """Range of the value over the scored masks that hold a feature, nats."""
    holds = np.concatenate([masks.any(axis=1) for masks in blocks.values()])
    return float(np.ptp(np.concatenate(list(scored.values()))[holds]))


def _predictions(values: NDArray[np.float64], compared: Plan, held_out: NDArray[np.float64]) -> dict[str, float | None]:
    """The LDS, and the share of reassignments of the same values to the features that reach a lower one."""
    lds = rank_correlation(compared.held_out @ values, held_out)
    if lds is None:
        return {"lds": None, "shuffles_beaten": None}
    from scipy import stats  # noqa: PLC0415 - a second to import

    predicted = stats.rankdata(compared.held_out @ values[compared.shuffles].T, axis=0)
    ours, actual = predicted - predicted.mean(axis=0), stats.rankdata(held_out)
    lengths = np.linalg.norm(ours, axis=0) * actual.std() * np.sqrt(len(actual))
    others = np.divide(ours.T @ actual, lengths, out=np.zeros(len(lengths)), where=lengths > 0)
    return {"lds": lds, "shuffles_beaten": float(np.mean(others < lds - EQUAL))}


def curves(
    full: float,
    empty: float,
    own: NDArray[np.float64],
    random: NDArray[np.float64],
    count: int,
    *,
    complete: bool = False,
) -> dict[str, float | None]:
    """The measures that follow an order of the features, from scored masks.

    Example: of three features, a is worth 3 nats, b 2 and c 1; ``at`` is 1 and 2 features, and so is ``steps``. The own
    order is a b c, and the only pair of random orders c b a and a b c::

        features gone or in    0  1  2  3     area by trapezoids
        a, b, c gone           6  3  1  0     (4.5 + 2 + 0.5) / 3 = 7/3     deletion_auc
        a, b, c in             0  3  5  6     (1.5 + 4 + 5.5) / 3 = 11/3    insertion_auc
        c, b, a gone           6  5  3  0     (5.5 + 4 + 1.5) / 3 = 11/3    the pair's mean is 3: both gains are 2/3

    ``steps`` has ERASER's bins as well. Of ten features it is 1, 2, 5, 8 and ``at`` is 2, 5, 8, so the curves are
    columns 1, 2, 3 of ``own`` (``on_curve``).

    Args:
        full: Value of the whole prompt, nats.
        empty: Value with every feature absent, nats.
        own: Shape (2, own steps): with the top features of :func:`own_steps` removed; with them alone.
        random: Shape (pairs, 2, curve steps): with the first features of a random order removed, of
            :func:`curve_steps`, and with its last ones.
        count: Number of features.
        complete: Whether these are all orders there are: the gains are then exact.
    """
    steps, at = own_steps(count), curve_steps(count)
    on_curve = np.searchsorted(steps, at)
    removed, kept = own[:, on_curve]
    deletion, insertion = area(full, removed, empty, at), area(empty, kept, full, at)
    # The last features removed first is, read backwards, the first features inserted first: one area for both.
    areas = area(full, random, empty, at)
    found: dict[str, float | None] = {"deletion_auc": float(deletion), "insertion_auc": float(insertion)}
    for name, gains in (("deletion", areas.mean(axis=1) - deletion), ("insertion", insertion - areas.mean(axis=1))):
        gain = float(gains.mean())
        interval = None if complete else student_t(gains)
        found[f"{name}_auc_gain"] = gain
        found[f"{name}_auc_gain_low"] = interval.low if interval else gain if complete else None
        found[f"{name}_auc_gain_high"] = interval.high if interval else gain if complete else None
    found |= _against_orders(float(insertion - deletion), np.diff(areas, axis=1)[:, 0], complete=complete)
    return found | _eraser(full, own, random, count)


def _against_orders(own: float, pairs: NDArray[np.float64], *, complete: bool) -> dict[str, float | None]:
    """How an order compares with others by insertion AUC − deletion AUC.

    The difference of an order's reverse is the negative of its own. Drawn pairs therefore estimate a standard
    deviation about 0, and the share of orders that are worse follows by Student's t.

    Args:
        own: Difference of the order.
        pairs: Shape (pairs,): that of one order of each pair.
        complete: Whether these are all pairs there are.
    """
    deviation = float(np.sqrt(np.mean(pairs**2)))
    found: dict[str, float | None] = dict.fromkeys(("random_deviations", "orders_beaten", "best_gain"))
    if deviation > 0:
        found["random_deviations"] = own / deviation
    if complete:
        every = np.concatenate([pairs, -pairs])
        found["orders_beaten"] = float(np.mean(every < own - EQUAL * np.ptp(every)))
        found["best_gain"] = float(every.max()) / 2
    elif deviation > 0:
        from scipy import stats  # noqa: PLC0415 - a second to import

        found["orders_beaten"] = float(stats.t.cdf(own / deviation, len(pairs)))
    return found


def _eraser(full: float, own: NDArray[np.float64], random: NDArray[np.float64], count: int) -> dict[str, float | None]:
    """Comprehensiveness and sufficiency, as of :func:`curves`.

    ``random`` has the values with the first features of an order gone; what remains are its last ones alone. Of three
    features, 20 and 50 % are 1 and 2 (``sizes``), and so are the curve steps ``at``. Of the order a b c::

        column of random    0: b c present            1: c present
        sizes     1, 2      column 0: a gone          column 1: a b gone      chance of comprehensiveness
        3 - sizes 2, 1      column 1: c alone         column 0: b c alone     chance of sufficiency
    """
    steps, at = own_steps(count), curve_steps(count)
    lost = full - own
    found: dict[str, float | None] = {}
    for name, row in (("comprehensiveness", 0), ("sufficiency", 1)):
        by_bin = [float(lost[row, np.searchsorted(steps, rationale(count, bin_))]) for bin_ in BINS]
        found[name] = float(np.mean(by_bin))
        found |= {f"{name}_{bin_}": value for bin_, value in zip(BINS, by_bin, strict=True)}
    sizes = np.array([rationale(count, bin_) for bin_ in BINS[-2:]])
    by_chance = full - random
    gone, alone = by_chance[..., np.searchsorted(at, sizes)], by_chance[..., np.searchsorted(at, count - sizes)]
    at_sizes = lost[:, np.searchsorted(steps, sizes)].mean(axis=1)
    found["comprehensiveness_gain"] = float(at_sizes[0] - gone.mean())
    found["sufficiency_gain"] = float(alone.mean() - at_sizes[1])
    return found


def area(start: float, values: NDArray[np.float64], end: float, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    """Area under curves over the share of features from 0 to 1, by trapezoids.

    Args:
        start: Value at share 0.
        values: Shape (…, steps): values between.
        end: Value at share 1.
        steps: Numbers of features, ascending; symmetric about half of all features.
    """
    count = steps[0] + steps[-1]
    ends = np.full((*values.shape[:-1], 1), start), values, np.full((*values.shape[:-1], 1), end)
    found: NDArray[np.float64] = np.trapezoid(
        np.concatenate(ends, axis=-1), np.concatenate([[0], steps / count, [1]]), axis=-1
    )
    return found


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation; None where one side does not vary.

    Args:
        one: Shape (n,).
        other: Shape (n,).
    """
    if not (ranks(one) and ranks(other)):
        return None
    from scipy import stats  # noqa: PLC0415 - a second to import

    return float(stats.spearmanr(one, other).statistic)


def agreement(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Rank correlation of the values of two seeds; 0 where one alone ranks anything, None where neither does.

    Args:
        one: Shape (features,): values of one seed.
        other: Shape (features,): those of another.
    """
    if ranks(one) != ranks(other):
        return 0.0
    return rank_correlation(one, other)
