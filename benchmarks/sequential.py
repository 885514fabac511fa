"""Audits that stop as soon as every rule is decided, next to audits of all items: simulated verdicts, items and errors.

    OMP_NUM_THREADS=1 python benchmarks/sequential.py --audits 2000
    OMP_NUM_THREADS=1 python benchmarks/sequential.py --audits 200 --cells far,none
    OMP_NUM_THREADS=1 python benchmarks/sequential.py --audits 500 --cells margin,passages

Each rule says that a candidate is no worse than a baseline by a margin of 5 points, on a task of 3,000 yes-or-no items,
of which one in ten changes. Items in clusters (300 of ten, passages, or 3,000 of ten in a task of 30,000 items) are
answered cluster by cluster, in random order. The audit looks at 50 items of each task, then at a quarter more again and
again. A rule is closed when :func:`audit.stats.sequential.decided` says so; what is open at the end is judged by
Tango's interval at :func:`audit.stats.sequential.last_confidence`. The audit of all items has the interval at 95 %.
Violations are Bonferroni-adjusted over the rules in both, and over the audits that share an error.
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
MANY = 3_000
"""Clusters of a large task, which has 30,000 items."""
PASSAGES = {1: 2692, 2: 197, 3: 27, 4: 13, 5: 7, 7: 1, 9: 1}
"""How many passages of BoolQ's validation set have so many questions."""
ALONE, TOGETHER = 0.03 * 578 / 2692, -0.03
"""How much better questions alone on their passage are, and others worse: 0 on average over all 3,270 questions."""


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
CLUSTERS = ("none", "clusters", "passages", "many")


def sizes_of(generator: np.random.Generator, clusters: str) -> np.ndarray:
    """Items of each cluster: one, ten, or as many as BoolQ's passages have, in random order."""
    if clusters == "many":
        return np.full(MANY, PER_CLUSTER)
    if clusters != "passages":
        each = 1 if clusters == "none" else PER_CLUSTER
        return np.full(ITEMS // each, each)
    drawn = generator.choice(list(PASSAGES), p=np.array(list(PASSAGES.values())) / sum(PASSAGES.values()), size=ITEMS)
    return drawn[: 1 + int(np.searchsorted(drawn.cumsum(), ITEMS))]


def shifts(generator: np.random.Generator, sizes: np.ndarray, clusters: str) -> np.ndarray:
    """By how much the true difference of each cluster's items is another: by chance, for passages by size, too."""
    if clusters == "none":
        return np.zeros(len(sizes))
    if clusters in ("clusters", "many"):
        return generator.uniform(-0.04, 0.04, len(sizes))
    return generator.uniform(-0.02, 0.02, len(sizes)) + np.where(sizes == 1, ALONE, TOGETHER)


def changes(generator: np.random.Generator, truth: float, sizes: np.ndarray, clusters: str) -> np.ndarray:
    """1, 0 or -1 for each item."""
    of_items = np.repeat(shifts(generator, sizes, clusters), sizes)
    changed = max(CHANGED, abs(truth))
    better = np.clip((changed + truth + of_items) / 2, 0, 1)
    worse = np.clip((changed - truth - of_items) / 2, 0, 1)
    drawn = generator.random(len(of_items))
    return np.where(drawn < better, 1.0, np.where(drawn < better + worse, -1.0, 0.0))


def at_end(found: np.ndarray, clusters: list[str] | None, confidence: float, rules: int) -> str:
    """The verdict on all items."""
    ends = of_shares(found, clusters, confidence=confidence, seed=0).interval
    if ends is not None and ends.low > -MARGIN:
        return "PASS"
    ends = of_shares(found, clusters, confidence=1 - (1 - confidence) / rules, seed=0).interval
    return "FAIL" if ends is not None and ends.high < -MARGIN else "INCONCLUSIVE"


def looked_at(
    found: np.ndarray, sizes: np.ndarray, clusters: list[str] | None, largest: int, rules: int
) -> tuple[str, int]:
    """The verdict of an audit that may stop early, and the items that it took."""
    n, error, ends = float(FIRST), (1 - CONFIDENCE) / 2 * EARLY, sizes.cumsum()
    while n < len(found):
        whole = int(ends[np.searchsorted(ends, int(n))])
        seen = units(found[:whole], (-1, 1), clusters and clusters[:whole], largest)
        inside = decided(seen, seen, -MARGIN, None, error=error, tests=rules)
        if inside is not None:
            return "PASS" if inside else "FAIL", whole
        n *= GROWTH
    return at_end(found, clusters, last_confidence(CONFIDENCE), rules), len(found)


def overall(verdicts: list[str]) -> str:
    """As of a policy."""
    return next((word for word in ("FAIL", "INCONCLUSIVE") if word in verdicts), "PASS")


def simulate(world: World, clusters: str, audits: int) -> dict[str, object]:
    """One cell."""
    started = time.process_time()
    generator = np.random.default_rng([WORLDS.index(world), CLUSTERS.index(clusters)])
    largest = {"none": 1, "passages": max(PASSAGES)}.get(clusters, PER_CLUSTER)
    items, same, same_rules = [], [], []
    false_pass, false_fail, full_pass, full_fail = [], [], [], []
    for _ in range(audits):
        truths = world.draw(generator)
        sizes = sizes_of(generator, clusters)
        names = [f"c{place}" for place in np.repeat(np.arange(len(sizes)), sizes)] if clusters != "none" else None
        drawn = [changes(generator, truth, sizes, clusters) for truth in truths]
        early = [looked_at(one, sizes, names, largest, world.rules * world.nights) for one in drawn]
        full = [at_end(one, names, CONFIDENCE, world.rules * world.nights) for one in drawn]
        verdicts = [verdict for verdict, _ in early]
        items += [count / len(drawn[0]) for _, count in early]
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
