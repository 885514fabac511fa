"""How often the search for groups finds what is there, and what is not, simulated with known truth.

One line of JSON per cell goes to ``--out``; ``--table`` prints a file as a Markdown table.

    python benchmarks/error_analysis/found_groups.py --repeats 1000 --out found.jsonl
    python benchmarks/error_analysis/found_groups.py --table found.jsonl

Items have a length and three properties of three to five values each; candidates are quarters of the length, all
values, and all pairs of values: some 50 groups that overlap. Errors are independent of all of them (A/A), or more
frequent in one value that a quarter of the items have. Items of a cluster of five share a part of their difficulty, and
in some cells their properties, too (``whole``). Three ways to adjust for the search:

- ``permutation``: the product's, the largest statistic of permutations (:mod:`audit.stats.subgroups.search`);
- ``split``: a random half of the items (or clusters) chooses the five groups that differ most, and the other half tests
  them, with Holm's method;
- ``holm``: all groups tested on all items, with Holm's method.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special
from statsmodels.stats.proportion import proportion_confint

from audit.stats.multiplicity import holm
from audit.stats.subgroups.search import codes_of, is_comparable, search

ALPHA = 0.05
CHOSEN = 5
"""Groups that the first half of a split chooses."""
PLANTED = 0.25
"""Share of the items in the planted group."""
CLUSTER_SIZE = 5
SHARED = 0.5
"""Share of the variance of difficulty that items of a cluster have in common."""


@dataclass(frozen=True)
class Cell:
    """What is simulated."""

    n: int
    rate: float
    """Error rate outside the planted group."""
    effect: float
    """By how much it is higher inside; 0 for A/A."""
    clusters: str = "none"
    """``none``, ``items`` (properties vary within clusters) or ``whole`` (all items of a cluster share them)."""


CELLS = [
    Cell(n, rate, 0.0, clusters)
    for n in (100, 500, 2000)
    for rate in (0.05, 0.4)
    for clusters in ("none", "items", "whole")
]
CELLS += [
    Cell(n, 0.3, effect, clusters)
    for n, effect in ((100, 0.55), (200, 0.4), (500, 0.25), (2000, 0.13))
    for clusters in ("none", "items", "whole")
]
CELLS += [Cell(500, 0.3, 0.5, "whole"), Cell(2000, 0.3, 0.25, "whole")]


@dataclass(frozen=True)
class Data:
    """Items with their errors."""

    errors: np.ndarray
    clusters: list[str | None]
    subsets: np.ndarray
    planted: int
    """Row of the planted group in ``subsets``."""


def simulate(cell: Cell, generator: np.random.Generator) -> Data:
    """Items of a cell."""
    size = 1 if cell.clusters == "none" else CLUSTER_SIZE
    groups = -(-cell.n // size)
    of_item = np.arange(cell.n) // size
    units = groups if cell.clusters == "whole" else cell.n

    def spread(values: np.ndarray) -> np.ndarray:
        return values[of_item] if cell.clusters == "whole" else values

    length = spread(generator.random(units))
    quarter = np.searchsorted(np.quantile(length, [0.25, 0.5, 0.75]), length)
    first = spread(generator.choice(4, size=units, p=[PLANTED, 0.35, 0.2, 0.2]))
    others = [spread(generator.integers(values, size=units)) for values in (3, 5)]
    single = [quarter == k for k in range(4)]
    parts = [[first == k for k in range(4)], *([one == k for k in range(one.max() + 1)] for one in others)]
    pairs = [a & b for one, other in combinations(parts, 2) for a in one for b in other]
    codes = codes_of([str(name) for name in of_item]) if size > 1 else None
    candidates = [*parts[0], *single, *parts[1], *parts[2], *pairs]
    subsets = np.array([one for one in candidates if is_comparable(one, codes)])
    level = SHARED if size > 1 else 0.0
    latent = math.sqrt(level) * generator.standard_normal(groups)[of_item]
    latent += math.sqrt(1 - level) * generator.standard_normal(cell.n)
    rate = cell.rate + cell.effect * parts[0][0]
    errors = (latent < special.ndtri(rate)).astype(float)
    names: list[str | None] = [str(name) if size > 1 else None for name in of_item]
    return Data(errors, names, subsets, 0)


def by_permutation(data: Data, seed: int) -> list[float]:
    """Adjusted p-values of all groups by the product."""
    return search(data.errors, data.clusters, data.subsets, seed=seed).p_values


def raw(data: Data, rows: np.ndarray) -> np.ndarray:
    """P-values of all groups on some items, each on its own: z-test, with clustered standard errors where needed."""
    errors, subsets = data.errors[rows], data.subsets[:, rows]
    codes = codes_of([data.clusters[row] for row in rows])
    centred = errors - errors.mean()
    found = []
    for inside in subsets:
        parts = (inside - inside.mean()) * centred
        sums = np.bincount(codes, weights=parts)
        scale = math.sqrt(float(np.sum(sums**2)))
        if data.clusters[0] is None:
            n, size = len(errors), int(inside.sum())
            scale = math.sqrt(float(np.sum(centred**2)) / (n - 1) * size * (n - size) / n)
        found.append(2 * special.ndtr(-abs(float(parts.sum())) / scale) if scale else 1.0)
    return np.array(found)


def by_holm(data: Data) -> list[float]:
    """All groups on all items."""
    return holm(raw(data, np.arange(len(data.errors))).tolist())


def by_split(data: Data, generator: np.random.Generator) -> list[float]:
    """Five groups chosen on one half, tested on the other; the others have p = 1."""
    codes = codes_of(data.clusters)
    side = generator.random(int(codes.max()) + 1) < 0.5
    first, second = (np.flatnonzero(side[codes] == half) for half in (True, False))
    chosen = np.argsort(raw(data, first), kind="stable")[:CHOSEN]
    tested = holm(raw(data, second)[chosen].tolist())
    found = np.ones(len(data.subsets))
    found[chosen] = tested
    return found.tolist()


def measure(cell: Cell, repeats: int, seed: int) -> dict[str, Any]:
    """Shares of simulations with a finding (A/A), or in which the planted group is found."""
    hits = dict.fromkeys(("permutation", "split", "holm"), 0)
    for repeat in range(repeats):
        generator = np.random.default_rng([seed, repeat])
        data = simulate(cell, generator)
        p_values = {
            "permutation": by_permutation(data, repeat),
            "split": by_split(data, generator),
            "holm": by_holm(data),
        }
        for method, found in p_values.items():
            hits[method] += (found[data.planted] if cell.effect else min(found)) <= ALPHA
    found = {method: count / repeats for method, count in hits.items()}
    upper = float(proportion_confint(hits["permutation"], repeats, method="wilson")[1])
    return {**vars(cell), "groups": len(data.subsets), "repeats": repeats, **found, "upper": upper}


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table, in percent."""
    head = [
        "| n | error rate | planted | clusters | groups | permutation | split | Holm |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines = [
        f"| {row['n']} | {row['rate']:.0%} | {'+' + format(row['effect'], '.0%') if row['effect'] else 'none'}"
        f" | {row['clusters']} | {row['groups']} | {100 * row['permutation']:.1f} | {100 * row['split']:.1f}"
        f" | {100 * row['holm']:.1f} |"
        for row in rows
    ]
    return "\n".join([*head, *lines])


def main() -> None:
    """Measure all cells, or print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.table:
        print(table([json.loads(line) for line in given.table.read_text("utf-8").splitlines()]))
        return
    for cell in CELLS:
        row = measure(cell, given.repeats, given.seed)
        print(json.dumps(row), flush=True)
        if given.out:
            with given.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
