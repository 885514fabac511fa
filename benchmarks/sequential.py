"""Audits that stop as soon as every rule is decided, next to audits of all items: simulated verdicts, items and errors.

    OMP_NUM_THREADS=1 python benchmarks/sequential.py --audits 2000
    OMP_NUM_THREADS=1 python benchmarks/sequential.py --audits 200 --cells far,none

Each rule says that a candidate is no worse than a baseline by a margin of 5 points, on a task of 3,000 yes-or-no items,
of which one in ten changes. The audit looks at 50 items of each task, then at a quarter more again and again. A rule is
closed when :func:`audit.stats.sequential.decided` says so; what is open at the end is judged by Tango's interval at
:func:`audit.stats.sequential.last_confidence`. The audit of all items has the interval at 95 %. Violations are
Bonferroni-adjusted over the rules in both, and over the audits
that share an error.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass

import numpy as np

from audit.stats.interval import score_interval
from audit.stats.pairing import sign_flips
from audit.stats.pairing.means import of_shares
from audit.stats.sequential import EARLY, decided, last_confidence, units

ITEMS, MARGIN, CHANGED, CONFIDENCE = 3_000, 0.05, 0.1, 0.95
FIRST, GROWTH = 50, 1.25
PER_CLUSTER = 10
"""Items of a cluster, all answered before it counts."""


@dataclass(frozen=True)
class World:
    """Where the true differences of the rules lie."""

    name: str
    truths: tuple[float, ...]
    """Each rule has one of them, with equal chances; two with a range between them if ``between``."""
    between: bool = False
    rules: int = 5
    nights: int = 1
    """Audits that share one error: none of them should FAIL where nothing is worse."""

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """The true difference of each rule."""
        if self.between:
            return generator.uniform(self.truths[0], self.truths[1], size=self.rules)
        return generator.choice(self.truths, size=self.rules)


WORLDS = (
    World("far", (0.0, 0.0, 0.02, -0.1)),
    World("anywhere", (-0.12, 0.04), between=True),
    World("margin", (-MARGIN,)),
    World("equal", (0.0,)),
    World("equal20", (0.0,), rules=20),
    World("equal50", (0.0,), rules=50),
    World("nightly", (0.0,), nights=100),
)
CLUSTERS = ("none", "clusters")


def changes(generator: np.random.Generator, truth: float, *, clustered: bool) -> np.ndarray:
    """1, 0 or -1 for each item; in clusters, the chances vary by up to 4 points, equal for all items of a cluster."""
    of_items = np.zeros(ITEMS)
    if clustered:
        of_items = np.repeat(generator.uniform(-0.04, 0.04, ITEMS // PER_CLUSTER), PER_CLUSTER)
    changed = max(CHANGED, abs(truth))
    better = np.clip((changed + truth + of_items) / 2, 0, 1)
    worse = np.clip((changed - truth - of_items) / 2, 0, 1)
    drawn = generator.random(ITEMS)
    return np.where(drawn < better, 1.0, np.where(drawn < better + worse, -1.0, 0.0))


def at_end(found: np.ndarray, clusters: list[str] | None, confidence: float, rules: int) -> str:
    """The verdict on all items."""
    ends = of_shares(found, clusters, confidence=confidence, seed=0).interval
    if ends is not None and ends.low > -MARGIN:
        return "PASS"
    ends = of_shares(found, clusters, confidence=1 - (1 - confidence) / rules, seed=0).interval
    return "FAIL" if ends is not None and ends.high < -MARGIN else "INCONCLUSIVE"


def looked_at(found: np.ndarray, clusters: list[str] | None, rules: int) -> tuple[str, int]:
    """The verdict of an audit that may stop early, and the items that it took."""
    n, error = float(FIRST), (1 - CONFIDENCE) / 2 * EARLY
    while n < ITEMS:
        whole = int(n) if clusters is None else int(n) // PER_CLUSTER * PER_CLUSTER
        seen = units(found[:whole], (-1, 1), clusters and clusters[:whole], PER_CLUSTER)
        inside = decided(seen, seen, -MARGIN, None, error=error, tests=rules)
        if inside is not None:
            return "PASS" if inside else "FAIL", whole
        n *= GROWTH
    return at_end(found, clusters, last_confidence(CONFIDENCE), rules), ITEMS


def overall(verdicts: list[str]) -> str:
    """As of a policy."""
    return next((word for word in ("FAIL", "INCONCLUSIVE") if word in verdicts), "PASS")


def simulate(world: World, clusters: str, audits: int) -> dict[str, object]:
    """One cell."""
    started = time.process_time()
    generator = np.random.default_rng([WORLDS.index(world), CLUSTERS.index(clusters)])
    names = [f"c{place // PER_CLUSTER}" for place in range(ITEMS)] if clusters == "clusters" else None
    items, same, same_rules = [], [], []
    false_pass, false_fail, full_pass, full_fail = [], [], [], []
    for _ in range(audits):
        truths = world.draw(generator)
        drawn = [changes(generator, truth, clustered=names is not None) for truth in truths]
        early = [looked_at(one, names, world.rules * world.nights) for one in drawn]
        full = [at_end(one, names, CONFIDENCE, world.rules * world.nights) for one in drawn]
        verdicts = [verdict for verdict, _ in early]
        items += [count / ITEMS for _, count in early]
        same.append(overall(verdicts) == overall(full))
        same_rules += [one == other for one, other in zip(verdicts, full, strict=True)]
        false_pass += [one == "PASS" for one, truth in zip(verdicts, truths, strict=True) if truth <= -MARGIN]
        full_pass += [one == "PASS" for one, truth in zip(full, truths, strict=True) if truth <= -MARGIN]
        false_fail.append(any(one == "FAIL" and truth >= -MARGIN for one, truth in zip(verdicts, truths, strict=True)))
        full_fail.append(any(one == "FAIL" and truth >= -MARGIN for one, truth in zip(full, truths, strict=True)))
    nights = world.nights
    false_fail, full_fail = (
        [any(found[start : start + nights]) for start in range(0, len(found), nights)]
        for found in (false_fail, full_fail)
    )
    return {
        "world": world.name,
        "rules": world.rules,
        "nights": nights,
        "clusters": clusters,
        "audits": audits,
        "items": float(np.mean(items)),
        "same_verdict": float(np.mean(same)),
        "same_of_rules": float(np.mean(same_rules)),
        "false_pass": float(np.mean(false_pass)) if false_pass else None,
        "false_pass_upper": upper(false_pass),
        "false_pass_full": float(np.mean(full_pass)) if full_pass else None,
        "false_fail": float(np.mean(false_fail)),
        "false_fail_upper": upper(false_fail),
        "false_fail_full": float(np.mean(full_fail)),
        "seconds": round(time.process_time() - started, 1),
    }


def upper(found: list[bool]) -> float | None:
    """Upper 95 % limit of a share."""
    return score_interval(float(np.mean(found)), len(found), 0.9, "wilson").high if found else None


def main() -> None:
    """Simulate cells; one line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audits", type=int, default=2_000, help="of each cell")
    parser.add_argument("--cells", default="", help="words that a cell must have: far,none")
    given = parser.parse_args()
    sign_flips.FLIPS = 1  # p-values are not looked at
    wanted = set(filter(None, given.cells.split(",")))
    for world in WORLDS:
        for clusters in CLUSTERS:
            if wanted <= {world.name, clusters}:
                sys.stdout.write(json.dumps(simulate(world, clusters, given.audits)) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
