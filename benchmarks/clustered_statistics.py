"""How often intervals of statistics that are no means contain the true value, where items come in clusters.

Prints the third table of ``docs/explanation/statistics.md``; ten minutes on one core.
"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.bootstrap import cluster_bootstrap, jackknife_t
from audit.stats.definitions import Macro, Perplexity
from audit.stats.intervals import FEWEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from audit.stats.definitions.statistic import Statistic
    from audit.stats.intervals import Interval

    Rows = NDArray[np.float64]

GROUPS = (2, 3, 4, 5, 10, 30, 57)
RESAMPLES = 400
TRUTH = 40_000
"""Number of clusters whose statistic is taken for the true one."""


def classes(generator: np.random.Generator, size: int, count: int) -> Rows:
    """Right and chosen class of the items of a cluster, which shares its accuracy."""
    right = generator.integers(0, count, size)
    hit = generator.random(size) < generator.beta(0.7, 0.3)
    return np.stack([right, np.where(hit, right, (right + generator.integers(1, count, size)) % count)], axis=1)


def texts(generator: np.random.Generator, size: int) -> Rows:
    """Log-likelihood and length of texts whose cluster shares a level."""
    lengths, level = generator.integers(5, 60, size), generator.gamma(4, 0.6)
    return np.stack([-lengths * np.maximum(0.05, level + generator.normal(0, 0.5, size)), lengths], axis=1)


CASES: dict[str, tuple[Statistic, Callable[[np.random.Generator, int], Rows]]] = {
    "macro F1, two classes": (Macro(of="f1"), lambda generator, size: classes(generator, size, 2)),
    "macro F1, four classes": (Macro(of="f1"), lambda generator, size: classes(generator, size, 4)),
    "perplexity, skewed": (Perplexity(of="score", per="scores.length"), texts),
}


def drawn(generator: np.random.Generator, groups: int, cluster: Callable[..., Rows]) -> tuple[Rows, NDArray[np.intp]]:
    """Rows of so many clusters, and the cluster of each."""
    sizes = generator.integers(2, 9, groups)
    rows = [np.asarray(cluster(generator, int(size)), dtype=np.float64) for size in sizes]
    return np.concatenate(rows), np.repeat(np.arange(groups), sizes)


def both(statistic: Statistic, rows: Rows, codes: NDArray[np.intp], groups: int) -> list[Interval | None]:
    """The interval that is chosen for so many clusters, then the other one."""
    value = statistic.of_rows(rows)

    def weighted(weights: NDArray[np.float64]) -> float:
        return statistic.of_rows(np.repeat(rows, weights[codes].astype(np.intp), axis=0))

    few = jackknife_t(weighted, value, groups)
    many = cluster_bootstrap(weighted, value, groups, seed=0, resamples=RESAMPLES) if groups > 3 else None
    return [few, many] if groups < FEWEST else [many, few]


def cell(statistic: Statistic, cluster: Callable[..., Rows], truth: float, groups: int, simulations: int) -> str:
    """Coverage of both intervals in percent, among those that there are."""
    generator = np.random.default_rng(groups)
    hits: list[list[bool]] = [[], []]
    for _ in range(simulations):
        rows, codes = drawn(generator, groups, cluster)
        if math.isnan(statistic.of_rows(rows)):
            continue
        for kept, interval in zip(hits, both(statistic, rows, codes, groups), strict=True):
            kept.extend([interval.low <= truth <= interval.high] if interval else [])
    chosen, other = (f"{100 * np.mean(kept):.0f}" if kept else "" for kept in hits)
    return f"{chosen} ({other})" if other else chosen


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=300, help="data sets per cell")
    simulations = parser.parse_args().simulations
    for name, (statistic, cluster) in CASES.items():
        truth = statistic.of_rows(drawn(np.random.default_rng(0), TRUTH, cluster)[0])
        cells = [cell(statistic, cluster, truth, groups, simulations) for groups in GROUPS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
