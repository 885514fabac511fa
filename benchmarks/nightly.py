"""Nightly gates of checkpoints that are no worse than their baseline: how often any of 100 nights FAILs.

    OMP_NUM_THREADS=1 python benchmarks/nightly.py --repeats 1000
    OMP_NUM_THREADS=1 python benchmarks/nightly.py --repeats 100 --cells binary,R5

Each repeat has one baseline and 100 candidates, each compared with it by rules that ask for no loss at all. A fifth of
the answers, or half of the scores, changes every night, with a true difference of exactly 0, so that every FAIL is
wrong. Alone: each night has its own error of 5 %. Shared: ``share_error_over: 100``. A night FAILs if any rule does
after Holm's procedure, whose first step decides that: coverage 1 − 0.05 / rules, or 1 − 0.05 / (100 · rules).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from functools import cache

import numpy as np

from audit.stats.bootstrap import RESAMPLES
from audit.stats.clusters import clustered_standard_error
from audit.stats.interval import critical, score_interval
from audit.stats.pairing import sign_flips
from audit.stats.pairing.means import of_means, of_shares

NIGHTS, ERROR = 100, 0.05


@dataclass(frozen=True)
class Cell:
    """What is compared every night."""

    kind: str
    """``binary``, or ``continuous``: skewed toxicity scores of which half are drawn again."""
    items: int
    clusters: int | None
    rules: int

    @property
    def words(self) -> set[str]:
        """What it is called on the command line."""
        return {self.kind, str(self.items), f"G{self.clusters}" if self.clusters else "none", f"R{self.rules}"}


CELLS = (
    Cell("binary", 300, None, 1),
    Cell("binary", 300, None, 5),
    Cell("binary", 1000, None, 5),
    Cell("binary", 300, 57, 5),
    Cell("binary", 300, 5, 5),
    Cell("continuous", 300, None, 1),
)


def scores(generator: np.random.Generator, n: int) -> np.ndarray:
    """Good scores, with few bad ones far below."""
    return 1 - np.where(generator.random(n) < 0.15, generator.beta(8, 2, n), generator.beta(0.5, 8, n))


def candidate(generator: np.random.Generator, cell: Cell, before: np.ndarray, codes: np.ndarray | None) -> np.ndarray:
    """The changes of one night; those of a cluster have a common part."""
    if cell.kind == "continuous":
        again = generator.random(cell.items) < 0.5
        return np.where(again, scores(generator, cell.items), before) - before
    better = 0.5 if codes is None else generator.uniform(0.3, 0.7, cell.clusters)[codes]
    sign = np.where(generator.random(cell.items) < better, 1.0, -1.0)
    return np.where(generator.random(cell.items) < 0.2, sign, 0.0)


@cache
def shares_fail(better: int, worse: int, n: int, confidence: float) -> bool:
    """Whether the interval of so many changes lies below 0."""
    changes = np.repeat([1.0, -1.0, 0.0], [better, worse, n - better - worse])
    found = of_shares(changes, None, confidence=confidence, seed=0).interval
    return found is not None and found.high < 0


def fails(changes: np.ndarray, cell: Cell, codes: np.ndarray | None, confidence: float) -> bool:
    """Whether the interval of the loss lies below 0."""
    if cell.kind == "binary" and codes is None:
        return shares_fail(int((changes > 0).sum()), int((changes < 0).sum()), len(changes), confidence)
    names = None if codes is None else [f"c{code}" for code in codes]
    groups = range(len(changes)) if codes is None else codes.tolist()
    error, mean = clustered_standard_error(changes, groups), float(changes.mean())
    if mean + critical(confidence, len(set(groups)) - 1) * error >= 0:
        return False  # the interval has the outer ends of Student's and another
    if cell.kind == "binary":
        found = of_shares(changes, names, confidence=confidence, seed=0).interval
    else:
        found = of_means(changes, names, width=1.0, confidence=confidence, seed=0, resamples=RESAMPLES).interval
    return found is not None and found.high < 0


def simulate(cell: Cell, repeats: int) -> dict[str, object]:
    """One cell."""
    started = time.process_time()
    generator = np.random.default_rng([cell.items, cell.clusters or 0, cell.rules, len(cell.kind)])
    codes = None if cell.clusters is None else np.arange(cell.items) % cell.clusters
    alone, shared = [], []
    for _ in range(repeats):
        before = [scores(generator, cell.items) for _ in range(cell.rules)]
        any_alone = any_shared = False
        for _ in range(NIGHTS):
            for one in before:
                changes = candidate(generator, cell, one, codes)
                if fails(changes, cell, codes, 1 - ERROR / cell.rules):
                    any_alone = True
                    any_shared = any_shared or fails(changes, cell, codes, 1 - ERROR / cell.rules / NIGHTS)
        alone.append(any_alone)
        shared.append(any_shared)
    upper = score_interval(float(np.mean(shared)), repeats, 0.9, "wilson").high
    return {
        "kind": cell.kind,
        "items": cell.items,
        "clusters": cell.clusters,
        "rules": cell.rules,
        "repeats": repeats,
        "alone": float(np.mean(alone)),
        "shared": float(np.mean(shared)),
        "shared_upper": round(upper, 4),
        "seconds": round(time.process_time() - started, 1),
    }


def main() -> None:
    """Simulate cells; one line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1_000, help="of 100 nights each")
    parser.add_argument("--cells", default="", help="words that a cell must have: binary,300,none,R5")
    given = parser.parse_args()
    sign_flips.FLIPS = 1  # p-values are not looked at
    wanted = set(filter(None, given.cells.split(",")))
    for cell in CELLS:
        if wanted <= cell.words:
            sys.stdout.write(json.dumps(simulate(cell, given.repeats)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
