"""Exact coverage of corrected shares with few labels, and the least that any interval of the kind can have.

    OMP_NUM_THREADS=1 python benchmarks/corrected/exact.py

A scorer says yes or no; outputs are independent. All that counts is how many labels lie on either side of the scorer,
how many of them are positive there, and how many other outputs the scorer calls positive. Every outcome with a
probability above 1e-6 has its interval computed (:func:`audit.stats.prediction_powered.share.powered_share`; of the
last number ``OTHERS`` quantiles), so that nothing is drawn at random.

**Least coverage**: the share of outputs that the scorer calls positive is known, and given how many labels lie on
either side. An interval that keeps its error in each tail for every scorer with these numbers, and whose ends do not
fall when a label turns positive, can lie above the true share θ only where outcomes with as many positive labels on
both sides, or more, have at most this probability for every scorer under which the share is θ; below θ likewise.
"""

from __future__ import annotations

import sys
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from simulate import SCORERS, TRUTHS

from audit.stats.prediction_powered.share import powered_share

if TYPE_CHECKING:
    from simulate import Scorer

SIZES = ((30, 300), (50, 300))
"""Labels and outputs."""
OTHERS = 5
"""Quantiles of the number of other outputs that the scorer calls positive."""
TAIL = 0.025
"""Nominal error of each tail."""
SCORERS_TRIED = 300
"""Scorers under which the true share is the same, for the least coverage."""
SMALL = 1e-6
"""Less probable outcomes are left out."""


def shares(scorer: Scorer, truth: float) -> tuple[float, float, float]:
    """Share of outputs that the scorer calls positive, and the shares of positive ones among these and the others."""
    called = truth * scorer.found + (1 - truth) * (1 - scorer.spared)
    return called, truth * scorer.found / called, truth * (1 - scorer.found) / (1 - called)


def ones(count: int, n: int) -> np.ndarray:
    """So many ones among n."""
    return (np.arange(n) < count).astype(float)


def missed(scorer: Scorer, truth: float, labels: int, outputs: int) -> tuple[float, float]:
    """Probability that the interval lies above the true share, and below it."""
    called, upper, lower = shares(scorer, truth)
    quantiles = (np.arange(OTHERS) + 0.5) / OTHERS
    others = [ones(int(count), outputs - labels) for count in stats.binom.ppf(quantiles, outputs - labels, called)]
    above = below = 0.0
    for inside in range(labels + 1):
        outside = labels - inside
        for good, bad in product(range(inside + 1), range(outside + 1)):
            chance = stats.binom.pmf([inside, good, bad], [labels, inside, outside], [called, upper, lower]).prod()
            if chance < SMALL:
                continue
            rated = np.concatenate([ones(good, inside), ones(bad, outside)])
            found = [powered_share(rated, ones(inside, labels), one).interval for one in others]
            above += chance * float(np.mean([one is not None and one.low > truth for one in found]))
            below += chance * float(np.mean([one is not None and one.high < truth for one in found]))
    return above, below


def one_of_each(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Products of the columns of two tables, row by row."""
    return first[:, :, None] * second[:, None]


def most_missed(scorer: Scorer, truth: float, labels: int) -> tuple[float, float]:
    """The most that an interval with its nominal error in each tail can lie above the true share, and below it."""
    called, upper, lower = shares(scorer, truth)
    tried = np.linspace(max(0.0, (truth - 1 + called) / called), min(1.0, truth / called), SCORERS_TRIED)[:, None]
    rest = np.clip((truth - called * tried) / (1 - called), 0, 1)
    above = below = 0.0
    for inside in range(labels + 1):
        good, bad = np.arange(inside + 1), np.arange(labels - inside + 1)
        here = stats.binom.pmf(inside, labels, called)
        chance = here * np.outer(stats.binom.pmf(good, inside, upper), stats.binom.pmf(bad, labels - inside, lower))
        more = (
            stats.binom.sf(good - 1, inside, tried)[:, :, None]
            * stats.binom.sf(bad - 1, labels - inside, rest)[:, None]
        )
        fewer = stats.binom.cdf(good, inside, tried)[:, :, None] * stats.binom.cdf(bad, labels - inside, rest)[:, None]
        above += float(chance[more.max(axis=0) <= TAIL].sum())
        below += float(chance[fewer.max(axis=0) <= TAIL].sum())
    return above, below


def main() -> None:
    """Print a table, in percent."""
    heads = "scorer", "labels", "true share", "above", "below", "coverage", "most above", "most below", "least coverage"
    sys.stdout.write(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|\n")
    for scorer in (one for one in SCORERS if one.found):
        for (labels, outputs), truth in product(SIZES, TRUTHS):
            found = [*missed(scorer, truth, labels, outputs), *most_missed(scorer, truth, labels)]
            above, below, most_above, most_below = (100 * one for one in found)
            numbers = (above, below, 100 - above - below, most_above, most_below, 100 - most_above - most_below)
            row = (scorer.name, str(labels), f"{truth:g}", *(f"{one:.1f}" for one in numbers))
            sys.stdout.write(f"| {' | '.join(row)} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
