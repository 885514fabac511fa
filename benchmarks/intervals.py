"""Coverage of the confidence intervals on few items: simulated, by kind of data and number of items.

Prints a Markdown table of the share of 95 % intervals that hold the true value, and their median width relative to that
of Student's interval. An interval that does not exist counts as neither; its share is in the last column.

    python benchmarks/intervals.py --simulations 4000
    python benchmarks/intervals.py --clusters --simulations 2000
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.clusters import clustered_standard_error
from audit.stats.interval import UNBOUNDED, Interval, student_t, t_interval
from audit.stats.intervals import bca_bootstrap, mean_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

SIZES = (5, 10, 20, 50)
CLUSTERS = (2, 3, 5, 10, 57)
"""Numbers of clusters of the second table."""
RESAMPLES = 2_000
"""Of each interval; the product's 10,000 change no share by more than the noise of the simulation."""
OLD_SMALL_SAMPLE = 10
GROWING_MEAN = (1 + sum((k / 3 + 1) * math.exp(-k / 3) for k in range(1, 400))) / (
    1 + sum(math.exp(-k / 3) for k in range(1, 400))
)
"""Of :func:`growing_clusters`: E[L(1 + K)] / E[1 + K] with L exponential, K the whole part of 3 L."""


@dataclass(frozen=True)
class Data:
    """A distribution of per-item values with a known mean."""

    name: str
    """For the table."""
    draw: Callable[[np.random.Generator, int], tuple[Values, list[int] | None]]
    """Values of n items (or n clusters), and the cluster of each item."""
    mean: float
    """The true mean."""
    bounds: tuple[float, float] = UNBOUNDED
    """Possible values."""
    share: bool = False
    """Whether values are 0 or 1."""


def toxicity(generator: np.random.Generator, n: int) -> Values:
    """Like toxicity scores: 85 % near 0, 15 % near 0.8."""
    return np.where(generator.random(n) < 0.85, generator.beta(0.5, 8, n), generator.beta(8, 2, n))


def rare(generator: np.random.Generator, n: int) -> Values:
    """Nine of ten values are 0, the others between 0 and 1."""
    return np.where(generator.random(n) < 0.1, generator.random(n), 0.0)


def growing_clusters(generator: np.random.Generator, groups: int) -> tuple[Values, list[int]]:
    """Clusters of 1 item and more, the more the higher their level: the mean is not that of a typical cluster."""
    levels = generator.exponential(size=groups)
    codes = np.repeat(np.arange(groups), 1 + np.floor(3 * levels).astype(int))
    return levels[codes] * generator.exponential(size=len(codes)), codes.tolist()


def in_clusters(
    generator: np.random.Generator, groups: int, draw: Callable[[Values, NDArray[np.int_]], Values]
) -> tuple[Values, list[int]]:
    """1 to 8 items in each cluster, whose level is exponential with mean 1."""
    sizes = generator.integers(1, 9, size=groups)
    codes = np.repeat(np.arange(groups), sizes)
    return draw(generator.exponential(size=groups)[codes], codes), codes.tolist()


def kinds() -> list[Data]:
    """All distributions of the table."""
    alone: Sequence[tuple[str, Callable[[np.random.Generator, int], Values], float, tuple[float, float], bool]] = (
        ("normal", lambda g, n: g.normal(size=n), 0.0, UNBOUNDED, False),
        ("bounded, symmetric (Beta(2, 2))", lambda g, n: g.beta(2, 2, n), 0.5, (0, 1), False),
        ("exponential", lambda g, n: g.exponential(size=n), 1.0, UNBOUNDED, False),
        ("squared errors (chi-squared, 1)", lambda g, n: g.normal(size=n) ** 2, 1.0, UNBOUNDED, False),
        ("log-normal (0, 1)", lambda g, n: g.lognormal(size=n), math.exp(0.5), UNBOUNDED, False),
        ("toxicity scores", toxicity, 0.85 * 0.5 / 8.5 + 0.15 * 0.8, (0, 1), False),
        ("rare: 10 % uniform, the rest 0", rare, 0.05, (0, 1), False),
        ("binary, 50 %", lambda g, n: (g.random(n) < 0.5).astype(float), 0.5, (0, 1), True),
        ("binary, 20 %", lambda g, n: (g.random(n) < 0.2).astype(float), 0.2, (0, 1), True),
        ("binary, 5 %", lambda g, n: (g.random(n) < 0.05).astype(float), 0.05, (0, 1), True),
    )
    clustered = [
        Data(
            "clusters, skewed",
            lambda g, n: in_clusters(g, n, lambda level, _: level * g.exponential(size=len(level))),
            1,
        ),
        Data("clusters that grow with their level, skewed", growing_clusters, GROWING_MEAN),
        Data(
            "clusters, binary, 20 %",
            lambda g, n: in_clusters(g, n, lambda level, _: (g.random(len(level)) < 1 - 0.8**level).astype(float)),
            # E[1 - 0.8^L] for L exponential with mean 1
            1 - 1 / (1 - math.log(0.8)),
            (0, 1),
            share=True,
        ),
    ]
    return [
        *(
            Data(name, lambda g, n, draw=draw: (draw(g, n), None), mean, bounds, share)
            for name, draw, mean, bounds, share in alone
        ),
        *clustered,
    ]


def equal_clusters(generator: np.random.Generator, groups: int) -> tuple[Values, list[int]]:
    """4 normal items in each cluster, half of whose variance is that of its level."""
    codes = np.repeat(np.arange(groups), 4)
    return generator.normal(size=groups)[codes] + generator.normal(size=len(codes)), codes.tolist()


def few_clusters() -> list[Data]:
    """Distributions of the second table: 1 to 8 items in a cluster where nothing else is said."""

    def binary(share: float) -> Callable[[np.random.Generator, int], tuple[Values, list[int]]]:
        def draw(generator: np.random.Generator, groups: int) -> tuple[Values, list[int]]:
            codes = np.repeat(np.arange(groups), generator.integers(1, 9, size=groups))
            levels = generator.beta(2 * share, 2 - 2 * share, size=groups)  # intraclass correlation 1 / 3
            return (generator.random(len(codes)) < levels[codes]).astype(float), codes.tolist()

        return draw

    return [
        Data("normal, 4 items each", equal_clusters, 0),
        next(data for data in kinds() if data.name == "clusters, skewed"),
        Data("binary, 50 %", binary(0.5), 0.5, (0, 1), share=True),
        Data("binary, 20 %", binary(0.2), 0.2, (0, 1), share=True),
    ]


def t_coverage(data: Data, groups: int, simulations: int) -> float:
    """Share of mean ± t(G - 1) · clustered standard error that hold the mean."""
    generator = np.random.default_rng(groups)
    hits = []
    for _ in range(simulations):
        values, clusters = data.draw(generator, groups)
        error = clustered_standard_error(values, clusters or [])
        found = t_interval(float(values.mean()), error, groups - 1, 0.95, "clustered_t")
        hits.append(found.low <= data.mean <= found.high)
    return float(np.mean(hits))


def before(values: Values, clusters: list[int] | None, seed: int) -> Interval | None:
    """BCa bootstrap from ten items on, Student's t below: the rule until November 2026."""
    if clusters is not None or len(values) < OLD_SMALL_SAMPLE:
        return student_t(values)
    return bca_bootstrap(values, seed=seed, resamples=RESAMPLES, expanded=False)


def coverage(data: Data, n: int, simulations: int) -> tuple[float, float, float]:
    """Share of intervals that hold the mean now, before, and of those that do not exist now."""
    generator = np.random.default_rng(n)
    now, then, absent = [], [], 0
    for seed in range(simulations):
        values, clusters = data.draw(generator, n)
        found = mean_interval(
            values, clusters=clusters, seed=seed, resamples=RESAMPLES, share=data.share, bounds=data.bounds
        )
        absent += found is None
        if found:
            now.append(found.low <= data.mean <= found.high)
        if not data.share and clusters is None:
            old = before(values, clusters, seed)
            then.append(old is not None and old.low <= data.mean <= old.high)
    return float(np.mean(now)), float(np.mean(then)) if then else math.nan, absent / simulations


def of_clusters(simulations: int) -> None:
    """Print the second table: coverage by number of clusters, in brackets that of Student's t where it is not used."""
    sys.stdout.write(
        "| data | " + " | ".join(f"G = {n}" for n in CLUSTERS) + " |\n|---|" + "---|" * len(CLUSTERS) + "\n"
    )
    for data in few_clusters():
        cells = []
        for groups in CLUSTERS:
            now, _, absent = coverage(data, groups, simulations)
            student = "" if data.share else f" ({100 * t_coverage(data, groups, simulations):.1f})"
            none = f", none {100 * absent:.1f}" if absent else ""
            cells.append(f"{100 * now:.1f}{student}{none}")
        sys.stdout.write(f"| {data.name} | " + " | ".join(cells) + " |\n")
        sys.stdout.flush()


def of_kinds(simulations: int) -> None:
    """Print the first table: coverage by kind of data and number of items or clusters."""
    sys.stdout.write("| data | " + " | ".join(f"n = {n}" for n in SIZES) + " |\n|---|" + "---|" * len(SIZES) + "\n")
    for data in kinds():
        cells = []
        for n in SIZES:
            now, then, absent = coverage(data, n, simulations)
            old = "" if math.isnan(then) else f" ({100 * then:.1f})"
            none = f", none {100 * absent:.1f}" if absent else ""
            cells.append(f"{100 * now:.1f}{old}{none}")
        sys.stdout.write(f"| {data.name} | " + " | ".join(cells) + " |\n")
        sys.stdout.flush()


def main() -> None:
    """Simulate and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=4_000)
    parser.add_argument("--clusters", action="store_true", help="by number of clusters")
    given = parser.parse_args()
    (of_clusters if given.clusters else of_kinds)(given.simulations)


if __name__ == "__main__":
    main()
