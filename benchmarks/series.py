"""Error rates of three and more runs: letters, changes from run to run, and trends, simulated with known truth.

One line of JSON per cell goes to ``--out``; ``--table`` prints a file as a Markdown table.

    python benchmarks/series.py --repeats 2000 --out series.jsonl
    python benchmarks/series.py --table series.jsonl

Runs answer the same items; most answers stay as they are from run to run (``KEPT``), so that runs are correlated as
checkpoints of one training are. Items of a cluster share a part of their difficulty and of their answers. Three
truths: ``equal`` (no run differs: every difference, change or trend that is shown is false), ``jump`` (one change in
the middle: others that are shown are false), ``line`` (every run is better than the one before by the same amount:
does the interval of the trend cover it?).
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from audit.stats.multiplicity import holm
from audit.stats.pairing.means import of_means, of_shares
from audit.stats.pairing.trend import weights_of

SIZES = (100, 300, 1000)
RUNS = (3, 5, 10)
CLUSTERS = (None, 10)
KINDS = ("binary", "continuous")
KEPT = 0.8
"""Share of answers that the next run repeats."""
EFFECT = 0.12
"""Size of the jump, and of the whole line, as a share of the range."""
MEASURED = ("false_letters", "false_steps", "found_jump", "trend", "covered")
ALPHA = 0.05
RESAMPLES = 500


def scores(generator: np.random.Generator, kind: str, n: int, groups: int | None, steps: np.ndarray) -> np.ndarray:
    """Scores of each run (runs × items), whose true means differ from the first run's by ``steps``."""
    codes = np.arange(n) if groups is None else np.arange(n) % groups
    share = 0.0 if groups is None else 0.4
    difficulty = np.sqrt(share) * generator.normal(size=n)[codes] + np.sqrt(1 - share) * generator.normal(size=n)
    chance = 0.1 + 0.65 * special.ndtr(difficulty)
    luck = _luck(generator, n, codes, share)
    rows = []
    for place, step in enumerate(steps):
        if place:
            luck = np.where(generator.random(n) < KEPT, luck, _luck(generator, n, codes, share))
        level = np.clip(chance + step, 0, 1)
        rows.append((luck < level).astype(float) if kind == "binary" else level * special.betaincinv(2, 2, luck) * 2)
    return np.array(rows)


def _luck(generator: np.random.Generator, n: int, codes: np.ndarray, share: float) -> np.ndarray:
    """Uniform numbers that items of a cluster share in part."""
    common, own = generator.normal(size=n)[codes], generator.normal(size=n)
    found: np.ndarray = special.ndtr(np.sqrt(share) * common + np.sqrt(1 - share) * own)
    return found


def differing(rows: np.ndarray, kind: str, names: list[str] | None, pairs: list[tuple[int, int]]) -> list[bool]:
    """Which pairs the product shows to differ, adjusted for all that are given."""
    shown = []
    for first, second in pairs:
        changes = rows[second] - rows[first]
        if kind == "binary":
            shown.append(of_shares(changes, names, confidence=1 - ALPHA, seed=0))
        else:
            how: dict[str, Any] = {"width": 2.0, "confidence": 1 - ALPHA, "seed": 0, "resamples": RESAMPLES}
            shown.append(of_means(changes, names, **how))
    adjusted = holm([one.p_value if one.p_value is not None else 1.0 for one in shown])
    return [
        p <= ALPHA and one.interval is not None and not one.interval.low <= 0 <= one.interval.high
        for p, one in zip(adjusted, shown, strict=True)
    ]


def simulate(kind: str, n: int, count: int, groups: int | None, truth: str, repeats: int) -> dict[str, Any]:
    """One cell: shares of repetitions in which something holds."""
    generator = np.random.default_rng([KINDS.index(kind), n, count, groups or 0, len(truth)])
    steps = {
        "equal": np.zeros(count),
        "jump": np.where(np.arange(count) >= (count + 1) // 2, EFFECT, 0.0),
        "line": np.linspace(0, EFFECT, count),
    }[truth]
    names = None if groups is None else [f"c{item % groups}" for item in range(n)]
    everything, next_ones = list(combinations(range(count), 2)), list(pairwise(range(count)))
    weights = weights_of(range(count))
    true_line = float(weights @ steps)
    width = float(np.abs(weights).sum()) / 2 * (1.0 if kind == "binary" else 2.0)
    found: dict[str, list[bool]] = {name: [] for name in MEASURED}
    for _ in range(repeats):
        rows = scores(generator, kind, n, groups, steps)
        pairs = dict(zip(everything, differing(rows, kind, names, everything), strict=True))
        changed = dict(zip(next_ones, differing(rows, kind, names, next_ones), strict=True))
        found["false_letters"].append(any(shown and steps[a] == steps[b] for (a, b), shown in pairs.items()))
        found["false_steps"].append(any(shown and steps[a] == steps[b] for (a, b), shown in changed.items()))
        found["found_jump"].append(any(shown and steps[a] != steps[b] for (a, b), shown in changed.items()))
        line = of_means(
            weights @ (rows - rows[0]), names, width=width, confidence=1 - ALPHA, seed=0, resamples=RESAMPLES
        )
        shown = line.interval is not None and not line.interval.low <= 0 <= line.interval.high
        found["trend"].append(shown and (line.p_value or 0.0) <= ALPHA)
        found["covered"].append(line.interval is None or line.interval.low <= true_line <= line.interval.high)
    shares = {name: float(np.mean(values)) for name, values in found.items()}
    cell = {"kind": kind, "n": n, "runs": count, "clusters": groups, "truth": truth, "repeats": repeats}
    return {**cell, **shares}


def table(path: Path) -> str:
    """The cells of a file as a Markdown table, in percent."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    titles = ("kind", "n", "runs", "clusters", "truth", *MEASURED)
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for row in rows:
        cells = [row[name] if not isinstance(row[name], float) else f"{100 * row[name]:.1f}" for name in titles]
        lines.append("| " + " | ".join("–" if cell is None else str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Simulate the cells that the file does not have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--runs", default=",".join(map(str, RUNS)))
    given = parser.parse_args()
    if given.table:
        print(table(given.table))
        return
    cells = [
        (kind, n, count, groups, truth)
        for kind in KINDS
        for n in map(int, given.sizes.split(","))
        for count in map(int, given.runs.split(","))
        for groups in CLUSTERS
        for truth in ("equal", "jump", "line")
    ]
    for cell in cells:
        start = time.time()
        line = json.dumps(simulate(*cell, given.repeats))
        print(f"{line}  {time.time() - start:.0f} s", flush=True)
        if given.out:
            with given.out.open("a") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
