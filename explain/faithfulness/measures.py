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
from functools import lru_cache
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from audit.explain.faithfulness.verdict import Evidence, Verdict, judge
from audit.explain.prompt.game import subsets
from audit.stats.intervals import student_t

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from audit.explain.prompt.game import MaskedPrompt

BINS = (1, 5, 10, 20, 50)
"""Percent of the features that are taken for the rationale, as ERASER does; rounded up."""
PAIRS = 3
"""Random orders come in pairs, one the reverse of the other: the mean of their curves varies less."""
HELD_OUT = 8
"""Random masks per pair of random orders, for the LDS."""
ALL = 8
"""Up to so many features every subset is scored, at most 256, and so every order is known."""
SHUFFLES = 499
"""Random reassignments of the values to the features; all there are where they are not many more."""
EQUAL = 1e-9
"""Share of the range up to which two areas, or two correlations, count as equal."""
_AT_BINS = ("", *(f"_{percent}" for percent in BINS), "_gain")
_OF_CURVES = ("", "_gain", "_gain_low", "_gain_high")
MEASURES = {
    **{f"{name}{part}": "nats" for name in ("comprehensiveness", "sufficiency") for part in _AT_BINS},
    **{f"{name}_auc{part}": "nats" for name in ("deletion", "insertion") for part in _OF_CURVES},
    "relative_gain": "share",
    "random_deviations": "count",
    "orders_beaten": "share",
    "best_gain": "nats",
    "lds": "correlation",
    "shuffles_beaten": "share",
    "stability": "correlation",
    "completeness_error": "nats",
}
"""Keys of ``Attribution.faithfulness``, and their units; see ``docs/explain.md``."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """Measured agreement of an attribution with what the checkpoint does."""

    measures: dict[str, float | None]
    """By name, see ``MEASURES``; None where one does not exist."""
    verdict: Verdict
    """Their plain reading."""
    reason: str
    """Why that verdict, in one line."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What all attributions of one prompt are compared with; they share the scores."""

    orders: NDArray[np.int64]
    """Shape (pairs, 2, features): random orders, each followed by its reverse; all there are of few features."""
    held_out: NDArray[np.bool_]
    """Shape (masks, features): random masks; all there are of few features, as
    :func:`~audit.explain.prompt.game.subsets` numbers them."""
    shuffles: NDArray[np.int64]
    """Shape (shuffles, features): random reassignments of values; all there are, or drawn ones."""
    ties: NDArray[np.int64]
    """Shape (features,): the order among equal values."""

    @property
    def complete(self) -> bool:
        """Whether all masks are scored, and all orders compared with."""
        return len(self.ties) <= ALL

    @property
    def blocks(self) -> dict[str, NDArray[np.bool_]]:
        """Masks by what they are for; none depends on an attribution.

        Of four features, ``1`` is present::

            whole      1111                                  1 mask
            empty      0000                                  1 mask
            orders     order 2 0 3 1:  1101 0101 0100        for each order its first features gone, at each of
                       order 1 3 0 2:  1011 1010 0010        :func:`curve_steps`; nothing where all masks are held out
            held_out   random masks, or all 16

        Values come back under the same names (:func:`score_blocks`): nothing is counted off.
        """
        count = len(self.ties)
        removed = curve_steps(count)
        orders = [deleted(order, removed) for pair in self.orders for order in pair] if not self.complete else []
        return {
            "whole": np.ones((1, count), dtype=np.bool_),
            "empty": np.zeros((1, count), dtype=np.bool_),
            "orders": np.concatenate([np.zeros((0, count), dtype=np.bool_), *orders]),
            "held_out": self.held_out,
        }

    @property
    def masks(self) -> NDArray[np.bool_]:
        """All masks of :attr:`blocks`, shape (masks, features)."""
        return np.concatenate(list(self.blocks.values()))

    def own(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Masks of one attribution: its top features removed, then they alone; none where nothing is ranked."""
        count = len(values)
        if not ranks(values):
            return np.zeros((0, count), dtype=np.bool_)
        order = np.lexsort((self.ties, -values))
        removed = deleted(order, own_steps(count))
        return np.concatenate([removed, ~removed])


def plan(count: int, seed: int, pairs: int = PAIRS) -> Plan:
    """Draw what attributions over ``count`` features are compared with.

    Args:
        count: Features.
        seed: The same for all methods of a prompt, so that they meet the same orders and masks.
        pairs: Pairs of random orders; there are ``HELD_OUT`` held-out masks for each.
    """
    generator = np.random.default_rng(seed)
    ties = generator.permutation(count)
    if count <= ALL:
        return Plan(all_pairs(count), subsets(count), _shuffles(count, seed), ties)
    drawn = np.array([generator.permutation(count) for _ in range(pairs)]).reshape(pairs, count)
    held_out = np.random.default_rng([seed, 1]).random((pairs * HELD_OUT, count)) < 0.5
    return Plan(np.stack([drawn, drawn[:, ::-1]], axis=1), held_out, _shuffles(count, seed), ties)


@lru_cache(maxsize=ALL)
def all_pairs(count: int) -> NDArray[np.int64]:
    """All orders, each followed by its reverse, shape (count! / 2, 2, count)."""
    orders = np.array(list(permutations(range(count))), dtype=np.int64).reshape(-1, count)
    first = orders[orders[:, 0] < orders[:, -1]]
    return np.stack([first, first[:, ::-1]], axis=1)


def _shuffles(count: int, seed: int) -> NDArray[np.int64]:
    """All reassignments of values to features where they are few, else drawn ones, shape (shuffles, count)."""
    if count <= 6:  # 720
        return np.array(list(permutations(range(count))), dtype=np.int64)
    generator = np.random.default_rng([seed, 2])
    return np.array([np.arange(count), *(generator.permutation(count) for _ in range(SHUFFLES))], dtype=np.int64)


def measure(
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
    return Faithfulness(measures, *judge(evidence))


def score_blocks(prompt: MaskedPrompt, blocks: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[np.float64]]:
    """The values of named blocks of masks, nats, each under its name, in one call of the engine.

    Args:
        prompt: The game.
        blocks: Each of shape (masks, features); a block may be empty.

    Raises:
        ScorerError: A mask has no answer.
    """
    values = prompt(np.concatenate(list(blocks.values())))
    ends = np.cumsum([len(masks) for masks in blocks.values()])
    return dict(zip(blocks, np.split(values, ends[:-1]), strict=True))


def _random_curves(compared: Plan, scored: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Values along the random orders, shape (pairs, 2, curve steps); of few features all masks are held out."""
    if compared.complete:
        return scored["held_out"][prefixes(compared.orders)]
    return scored["orders"].reshape(*compared.orders.shape[:2], -1)


def _spread(blocks: Mapping[str, NDArray[np.bool_]], scored: Mapping[str, NDArray[np.float64]]) -> float:
    """Range of the value over the scored masks that hold a feature, nats."""
    holds = np.concatenate([masks.any(axis=1) for masks in blocks.values()])
    return float(np.ptp(np.concatenate(list(scored.values()))[holds]))


def prefixes(orders: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers, in :func:`subsets`, of the masks without the first features of orders, shape (…, curve steps).

    Bit i of a mask's number says whether feature i is present. Of three features, whose curve steps are 1 and 2, the
    order 2 0 1 loses first feature 2, then feature 0::

        gone                 100₂ = 4     101₂ = 5
        all are 111₂ = 7:    7 − 4 = 3    7 − 5 = 2     the masks 011₂ and 010₂

    Args:
        orders: Shape (…, features).
    """
    count = orders.shape[-1]
    gone = np.cumsum(1 << orders, axis=-1)[..., curve_steps(count) - 1]
    return np.asarray(2**count - 1 - gone)


def _predictions(values: NDArray[np.float64], compared: Plan, held_out: NDArray[np.float64]) -> dict[str, float | None]:
    """The LDS, and the share of reassignments of the same values to the features that reach a lower one."""
    lds = rank_correlation(compared.held_out @ values, held_out)
    if lds is None:
        return {"lds": None, "shuffles_beaten": None}
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
        found["orders_beaten"] = float(stats.t.cdf(own / deviation, len(pairs)))
    return found


def _eraser(full: float, own: NDArray[np.float64], random: NDArray[np.float64], count: int) -> dict[str, float | None]:
    """Comprehensiveness and sufficiency, as of :func:`curves`."""
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


def rationale(count: int, percent: int) -> int:
    """Features of a rationale of so many percent: rounded up, and never all of them."""
    return max(1, min(-(-count * percent // 100), count - 1))


def curve_steps(count: int) -> NDArray[np.int64]:
    """Numbers of features at which curves are taken: 20, 50, 80 %, symmetric about half of all features."""
    fifth, half = rationale(count, 20), rationale(count, 50)
    return np.unique([fifth, half, count - half, count - fifth]) if count > 1 else np.zeros(0, dtype=np.int64)


def own_steps(count: int) -> NDArray[np.int64]:
    """Numbers of features at which an attribution is measured: those of the curves and ERASER's bins."""
    return np.union1d(curve_steps(count), [rationale(count, bin_) for bin_ in BINS])


def deleted(order: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Masks without the first features of an order, shape (steps, features)."""
    rank = np.argsort(order)
    masks: NDArray[np.bool_] = rank >= steps[:, None]
    return masks


def ranks(values: NDArray[np.float64]) -> bool:
    """Whether values put the features into any order."""
    return len(values) > 1 and float(np.ptp(values)) > 0


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation; None where one side does not vary."""
    if not (ranks(one) and ranks(other)):
        return None
    return float(stats.spearmanr(one, other).statistic)


def agreement(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Rank correlation of the values of two seeds; 0 where one alone ranks anything, None where neither does."""
    if ranks(one) != ranks(other):
        return 0.0
    return rank_correlation(one, other)
