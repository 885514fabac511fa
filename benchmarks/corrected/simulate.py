"""Metrics of biased scorers, corrected by labels of a random sample: coverage of simulated intervals.

    OMP_NUM_THREADS=1 python benchmarks/corrected/simulate.py --simulations 2000
    OMP_NUM_THREADS=1 python benchmarks/corrected/simulate.py --simulations 200 --cells yes_or_no,30

Each cell draws outputs, of which a share is good, a scorer that errs, and labels for some of them. Raw: the mean of the
scorer with its own interval (Student's). Ours: :func:`audit.stats.prediction_powered.share.powered_share`. ppi-python,
where it is installed: ``ppi_mean_ci`` (a normal interval, which knows no clusters).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audit.stats.clusters import clustered_standard_error
from audit.stats.interval import Interval, t_interval
from audit.stats.prediction_powered.share import powered_share

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ppi_py import ppi_mean_ci  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    ppi_mean_ci = None

SIZES = ((30, 300), (50, 300), (50, 1000), (100, 1000), (300, 2000))
"""Labels and outputs."""
TRUTHS = (0.05, 0.3, 0.5, 0.8)
PER_CLUSTER = 10


@dataclass(frozen=True)
class Scorer:
    """A scorer with errors."""

    name: str
    found: float = 0.0
    """Share of good outputs that it calls good."""
    spared: float = 0.0
    """Share of other outputs that it calls so."""
    distance: float = 0.0
    """If it is continuous: distance of the two kinds from 0, before noise with a standard deviation of 1."""
    shift: float = 0.0
    """By how much it is too kind."""

    def judge(self, generator: np.random.Generator, good: np.ndarray, of_cluster: np.ndarray) -> np.ndarray:
        """Its value of each output; in clusters, what it gets wrong is alike."""
        if self.distance:
            noise = generator.normal(size=len(good)) + 0.5 * of_cluster
            return 1 / (1 + np.exp(-(self.distance * (2 * good - 1) + self.shift + noise)))
        found, spared = (np.clip(share + 0.05 * of_cluster, 0, 1) for share in (self.found, self.spared))
        drawn = generator.random(len(good))
        return np.where(good == 1, drawn < found, drawn >= spared).astype(float)


SCORERS = (
    Scorer("yes_or_no", found=0.9, spared=0.8),
    Scorer("blind", found=0.7, spared=0.95),
    Scorer("accurate", found=0.98, spared=0.93),
    Scorer("continuous", distance=1.0, shift=0.7),
    Scorer("weak", distance=0.3, shift=-0.5),
    Scorer("sharp", distance=3.0, shift=1.0),
)


def draw(
    generator: np.random.Generator, scorer: Scorer, truth: float, outputs: int, *, clustered: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Labels and scorer's values of all outputs in random order, and their clusters."""
    chance, of_cluster, clusters = np.full(outputs, truth), np.zeros(outputs), None
    order = generator.permutation(outputs)
    if clustered:
        groups = outputs // PER_CLUSTER
        clusters = np.repeat(np.arange(groups), PER_CLUSTER)[order]
        chance = generator.beta(4 * truth, 4 * (1 - truth), groups)[clusters]
        of_cluster = generator.normal(size=groups)[clusters]
    good = (generator.random(outputs) < chance).astype(float)
    return good, scorer.judge(generator, good, of_cluster), clusters


def raw(judged: np.ndarray, clusters: list[int] | None) -> Interval:
    """The scorer's own mean with its (clustered) standard error and Student's quantile."""
    if clusters is None:
        error, units = float(judged.std(ddof=1)) / math.sqrt(len(judged)), len(judged)
    else:
        error, units = clustered_standard_error(judged, clusters), len(set(clusters))
    return t_interval(float(judged.mean()), error, units - 1, 0.95, "raw")


def simulate(
    scorer: Scorer, truth: float, labels: int, outputs: int, simulations: int, *, clustered: bool
) -> dict[str, Any]:
    """One cell."""
    generator = np.random.default_rng([SCORERS.index(scorer), round(100 * truth), labels, outputs, clustered])
    found: defaultdict[str, list[float]] = defaultdict(list)
    started = time.process_time()
    for _ in range(simulations):
        good, judged, clusters = draw(generator, scorer, truth, outputs, clustered=clustered)
        names = None if clusters is None else clusters.tolist()
        corrected = powered_share(good[:labels], judged[:labels], judged[labels:], clusters=names)
        ends = {"ours": corrected.interval, "raw": raw(judged, names)}
        for name, one in ends.items():
            found[name].append(one is not None and one.low <= truth <= one.high)
        found["above"].append(corrected.interval is not None and corrected.interval.low > truth)
        found["below"].append(corrected.interval is not None and corrected.interval.high < truth)
        found["error"].append(corrected.value - truth)
        found["width"].append(corrected.interval.high - corrected.interval.low if corrected.interval else 1.0)
        if ppi_mean_ci is not None:
            low, high = (end[0] for end in ppi_mean_ci(good[:labels], judged[:labels], judged[labels:], alpha=0.05))
            found["ppi_python"].append(low <= truth <= high)
            found["ppi_python_width"].append(high - low)
    cell = {"scorer": scorer.name, "truth": truth, "labels": labels, "outputs": outputs, "clustered": clustered}
    means = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    return cell | {"simulations": simulations, **means, "seconds": round(time.process_time() - started, 1)}


def table(cells: list[dict[str, Any]]) -> str:
    """Coverage in percent by scorer and number of labels: lowest and highest over true shares and sizes."""
    rows: defaultdict[tuple[bool, str], list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        rows[cell["clustered"], cell["scorer"]].append(cell)
    heads = ["scorer", "clusters", "ours, 30 and 50 labels", "ours, 100 and 300", "raw"]
    heads += ["ppi-python, 30 and 50", "ppi-python, 100 and 300"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]

    def span(group: list[dict[str, Any]], name: str) -> str:
        values = [100 * cell[name] for cell in group if name in cell]
        return f"{min(values):.1f}–{max(values):.1f}" if values else "–"

    for (clustered, scorer), group in rows.items():
        few = [cell for cell in group if cell["labels"] <= 50]
        many = [cell for cell in group if cell["labels"] > 50]
        asked = ((few, "ours"), (many, "ours"), (group, "raw"), (few, "ppi_python"), (many, "ppi_python"))
        found = " | ".join(span(*one) for one in asked)
        lines.append(f"| {scorer} | {'of ten' if clustered else 'none'} | {found} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Simulate cells, one line of JSON each, or print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=2_000, help="of each cell")
    parser.add_argument("--cells", default="", help="words that a cell must have: yes_or_no,30,clusters")
    parser.add_argument("--out", type=Path, default=Path("corrected.jsonl"))
    parser.add_argument("--table", type=Path, help="print this file and end")
    given = parser.parse_args()
    if given.table:
        done = [json.loads(line) for line in given.table.read_text("utf-8").splitlines()]
        sys.stdout.write(table(done))
        return
    wanted = set(filter(None, given.cells.split(",")))
    for clustered in (False, True):
        for scorer in SCORERS:
            for labels, outputs in SIZES:
                words = {scorer.name, str(labels), str(outputs), "clusters" if clustered else "none"}
                for truth in TRUTHS if wanted <= words else ():
                    cell = simulate(scorer, truth, labels, outputs, given.simulations, clustered=clustered)
                    with given.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(cell) + "\n")
                    sys.stdout.write(json.dumps(cell) + "\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
