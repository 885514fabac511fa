"""Intervals of shares and of their differences in clusters of very unequal size: coverage with and without their sizes.

    OMP_NUM_THREADS=1 python benchmarks/unequal_clusters.py --simulations 4000

Whole clusters are drawn until there are 150 items. Clusters differ (intraclass correlation 0.15), and those of ten and
more items may have other answers than small ones. **Above** and **below**: percentage of 95 % intervals that lie above
the true value, and below it; once with the degrees of freedom of :func:`audit.stats.clusters.cluster_freedom`, and once
with one less than there are clusters.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np

from audit.stats import intervals
from audit.stats.clusters import cluster_freedom
from audit.stats.intervals import clustered_interval
from audit.stats.pairing import means, sign_flips
from audit.stats.pairing.means import of_shares

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT, LARGE = 150, 10
MEAN, TIED, CORRELATION = 0.6, 0.15, 0.15
"""Share of right answers, how much more or less large clusters have, and the intraclass correlation."""
CHANGED, LOSS, TIED_LOSS = 0.2, 0.05, 0.05
"""Share of answers that change, the mean loss, and how much more or less large clusters lose."""
MANY = 200_000
"""Clusters whose mean is taken for the true value."""
SIZES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "one in ten has 30 items, the others 1": lambda g, n: np.where(g.random(n) < 0.1, 30, 1),
    "1, 2, 10, 20 or 30": lambda g, n: g.choice([1, 2, 10, 20, 30], n, p=[0.5, 0.2, 0.1, 0.1, 0.1]),
    "log-normal (1, 1.3)": lambda g, n: np.maximum(1, g.lognormal(1.0, 1.3, n).astype(int)),
    "5 to 15": lambda g, n: g.integers(5, 16, n),
    "10": lambda _, n: np.full(n, 10),
}


def signs(sizes: np.ndarray) -> np.ndarray:
    """1 for a large cluster, -1 for a small one."""
    return np.where(sizes >= LARGE, 1, -1)


def a_share(generator: np.random.Generator, sizes: np.ndarray, tie: int) -> np.ndarray:
    """Right and wrong answers."""
    mean, rest = MEAN + tie * TIED * signs(sizes), 1 / CORRELATION - 1
    chances = generator.beta(mean * rest, (1 - mean) * rest)
    return (generator.random(sizes.sum()) < np.repeat(chances, sizes)).astype(float)


def a_difference(generator: np.random.Generator, sizes: np.ndarray, tie: int) -> np.ndarray:
    """1, 0 or -1 for each item; clusters gain and lose by up to another 10 points."""
    net = -LOSS - tie * TIED_LOSS * signs(sizes) + generator.uniform(-0.1, 0.1, len(sizes))
    of_items, drawn = np.repeat(net, sizes), generator.random(sizes.sum())
    better, worse = (CHANGED + of_items) / 2, (CHANGED - of_items) / 2
    return np.where(drawn < better, 1.0, np.where(drawn < better + worse, -1.0, 0.0))


def truth(sizes: np.ndarray, *, share: bool, tie: int) -> float:
    """The mean over items."""
    values = MEAN + tie * TIED * signs(sizes) if share else -LOSS - tie * TIED_LOSS * signs(sizes)
    return float(np.average(values, weights=sizes))


def simulate(name: str, tie: int, simulations: int, *, share: bool) -> list[float]:
    """Percentage above and below, with the sizes and without, and the mean degrees of freedom of both."""
    generator = np.random.default_rng([list(SIZES).index(name), tie + 1, share])
    true = truth(SIZES[name](generator, MANY), share=share, tie=tie)
    found = []
    for _ in range(simulations):
        sizes = SIZES[name](generator, LIMIT)
        sizes = sizes[: 1 + int(np.searchsorted(sizes.cumsum(), LIMIT))]
        values = (a_share if share else a_difference)(generator, sizes, tie)
        codes = np.repeat(np.arange(len(sizes)), sizes)
        row: list[float] = []
        for freedom in (cluster_freedom, lambda codes: float(codes.max())):
            with patch.object(intervals, "cluster_freedom", freedom), patch.object(means, "cluster_freedom", freedom):
                names = codes.tolist()
                ends = (
                    clustered_interval(values, names)
                    if share
                    else of_shares(values, names, confidence=0.95, seed=0).interval
                )
            row += [ends is not None and ends.low > true, ends is not None and ends.high < true, freedom(codes) / 100]
        found.append(row)
    return [100 * float(one) for one in np.mean(found, axis=0)]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=4_000)
    given = parser.parse_args()
    sign_flips.FLIPS = 1  # p-values are not looked at
    heads = (
        "metric",
        "sizes",
        "large clusters",
        "degrees of freedom",
        "above",
        "below",
        "clusters − 1",
        "above",
        "below",
    )
    sys.stdout.write(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|\n")
    for share in (True, False):
        for name in SIZES:
            for tie in (0, 1, -1):
                above, below, freedom, *others = simulate(name, tie, given.simulations, share=share)
                words = ("the same", "higher" if share else "lower", "lower" if share else "higher")[tie]
                numbers = (freedom, above, below, others[2], *others[:2])
                row = ("share" if share else "difference", name, words, *(f"{one:.1f}" for one in numbers))
                sys.stdout.write(f"| {' | '.join(row)} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
