"""Error rates of paired comparisons: simulated, by kind of metric, number of items and number of clusters.

One line of JSON per cell goes to ``--out``; cells that the file has are not simulated again. ``--table`` prints a file
as a Markdown table.

    python benchmarks/gate.py --repeats 1000 --cells binary,100
    python benchmarks/gate.py --out gate.jsonl
    python benchmarks/gate.py --uniform --power-repeats 0 --cells G3 --out uniform.jsonl
    python benchmarks/gate.py --cells open --repeats 2000 --out open.jsonl
    python benchmarks/gate.py --cells skewed,300 --repeats 4000 --out skewed.jsonl
    python benchmarks/gate.py --policies --out policies.jsonl
    python benchmarks/gate.py --table gate.jsonl

The true difference lies exactly at the margin; a comparison whose interval clears it is a false PASS. NeMo Evaluator's
interval (``nemo_evaluator.engine.gate._paired_delta_ci``) is computed on the same data if the package can be imported:
``pip install --no-deps --ignore-requires-python --target nemo nemo-evaluator==0.3.0``, with nemo on
``PYTHONPATH``.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from simulated.comparisons import CONFIDENCE, compare, nemo_interval, of_nemo, student, unpaired
from simulated.kept_draws import keep_draws, resample_ahead
from simulated.paired_runs import KINDS, Corpus, Runs, settings
from simulated.policies import POLICIES, simulate_policies

from audit.stats.interval import score_interval
from audit.stats.pairing import power

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = (100, 300, 1000, 2000)
CLUSTERS = (None, 2, 3, 5, 57)
RESAMPLES = 1_000
"""Of each interval; the product's default of 10,000 would take ten times as long."""
POSSIBLE = 0.9
"""Share of comparisons whose minimum detectable effect the scale allows, for its power to be shown."""
VERIFIED = 100
"""Comparisons of each cell in which NeMo's own function is asked although its formula is used."""
ALONE = "open", "skewed"
"""Kinds that are simulated only if they are named."""
BATCH = 20
"""Comparisons that are resampled together."""


def at_margin(kind: Any, n: int, groups: int | None, repeats: int, resamples: int) -> dict[str, Any]:
    """False PASS and coverage where the candidate is worse by exactly the margin."""
    generator = np.random.default_rng([n, groups or 0, 1])
    names = "passed", "covered", "missing", "nemo_passed", "nemo_covered", "student_passed", "student_covered"
    found: dict[str, list[bool]] = {name: [] for name in names}
    for place, runs in enumerate(at_once(kind, [generator, n, groups, kind.margin], repeats, resamples)):
        ends = compare(kind, runs, resamples).interval
        found["missing"].append(ends is None)
        found["passed"].append(ends is not None and ends.low > -kind.margin)
        found["covered"].append(ends is None or ends.low <= -kind.margin <= ends.high)
        if kind.name in ("continuous", "skewed"):
            low, high = student(runs)
            found["student_passed"].append(low > -kind.margin)
            found["student_covered"].append(low <= -kind.margin <= high)
        if nemo_interval and not isinstance(kind, Corpus):
            low, high = of_nemo(runs, verified=place < VERIFIED)
            found["nemo_passed"].append(low > -kind.margin)
            found["nemo_covered"].append(low <= -kind.margin <= high)
    shares: dict[str, Any] = {name: float(np.mean(values)) for name, values in found.items() if values}
    shares["passed_upper"] = score_interval(shares["passed"], repeats, 0.9, "wilson").high
    return shares


def at_once(kind: Any, drawn: list[Any], repeats: int, resamples: int) -> Iterator[Runs]:
    """Pairs of runs; some of them are resampled together."""
    for start in range(0, repeats, BATCH):
        batch = [kind.draw(*drawn) for _ in range(min(BATCH, repeats - start))]
        resample_ahead(kind, batch, resamples)
        yield from batch


def of_equal_runs(kind: Any, n: int, groups: int | None, repeats: int, resamples: int) -> dict[str, Any]:
    """Power where the runs do not differ, against the unpaired test; power at the printed minimum detectable effect.

    The effect that one comparison prints is the true loss of the next one.
    """
    generator = np.random.default_rng([n, groups or 0, 2])
    passed, unpaired_passed, student_passed, correlations, spreads, shown, possible = [], [], [], [], [], [], 0
    for _ in range(repeats):
        runs = kind.draw(generator, n, groups, 0.0)
        found = compare(kind, runs, resamples)
        passed.append(found.interval is not None and found.interval.low > -kind.margin)
        unpaired_passed.append(unpaired(kind, runs)[0] > -kind.margin)
        student_passed.append(not isinstance(kind, Corpus) and student(runs)[0] > -kind.margin)
        sides = [kind.influence(rows) if isinstance(kind, Corpus) else rows for rows in (runs.before, runs.after)]
        correlations.append(np.corrcoef(*sides)[0, 1])
        if groups:
            codes = np.unique(runs.codes, return_inverse=True)[1]  # small clusters may be empty
            spreads.append(np.cov([np.bincount(codes, weights=rows) / np.bincount(codes) for rows in sides]))
        smallest = math.inf
        if found.standard_error is not None:
            smallest = power.detectable(found.standard_error, found.growth, CONFIDENCE, found.freedom)
        if smallest <= kind.most():
            possible += 1
            ends = compare(kind, kind.draw(generator, n, groups, smallest), resamples).interval
            shown.append(ends is not None and ends.high < 0)
    return {
        "power": float(np.mean(passed)),
        "power_unpaired": float(np.mean(unpaired_passed)),
        "power_student": float(np.mean(student_passed)),
        "correlation": float(np.mean(correlations)),
        "correlation_of_clusters": of_clusters(spreads),
        "detectable_possible": possible / repeats,
        "power_at_detectable": float(np.mean(shown)) if shown else None,
    }


def of_clusters(spreads: list[Any]) -> float | None:
    """Correlation of the means of clusters between the runs, from their covariance matrices."""
    if not spreads:
        return None
    (one, common), (_, other) = np.mean(spreads, axis=0)
    return float(common / math.sqrt(one * other))


def simulate(kind: Any, n: int, groups: int | None, given: argparse.Namespace) -> dict[str, Any]:
    """One cell of the table."""
    started = time.process_time()
    cell = {"kind": kind.name, "n": n, "clusters": groups, "repeats": given.repeats}
    cell |= {"power_repeats": given.power_repeats, "resamples": given.resamples}
    if given.repeats:
        cell |= at_margin(kind, n, groups, given.repeats, given.resamples)
    if given.power_repeats:
        cell |= of_equal_runs(kind, n, groups, given.power_repeats, given.resamples)
    return cell | {"seconds": round(time.process_time() - started, 1)}


def table(cells: list[dict[str, Any]]) -> str:
    """A Markdown table of all cells, of comparisons or of policies."""
    columns = OF_POLICIES if "policies" in cells[0] else OF_COMPARISONS
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(text(cell) for text in columns.values())} |" for cell in cells]
    return "\n".join(lines) + "\n"


def count(name: str) -> Callable[[dict[str, Any]], str]:
    """A whole number; none is that of clusters."""
    return lambda cell: f"{cell[name]:,}" if cell[name] else "none"


def share(name: str) -> Callable[[dict[str, Any]], str]:
    """A share, with its upper limit where there is one."""

    def text(cell: dict[str, Any]) -> str:
        if cell.get(name) is None or (name == "power_at_detectable" and cell["detectable_possible"] < POSSIBLE):
            return "–"
        upper = cell.get(f"{name}_upper")
        return f"{100 * cell[name]:.1f}" + ("" if upper is None else f" ({100 * upper:.1f})")

    return text


def correlation(name: str) -> Callable[[dict[str, Any]], str]:
    """A correlation."""
    return lambda cell: "–" if cell.get(name) is None or math.isnan(cell[name]) else f"{cell[name]:.2f}"


OF_COMPARISONS = {
    "metric": lambda cell: cell["kind"],
    "n": count("n"),
    "clusters": count("clusters"),
    "comparisons": count("repeats"),
    "false PASS (upper 95 % limit)": share("passed"),
    "coverage": share("covered"),
    "NeMo: false PASS": share("nemo_passed"),
    "NeMo: coverage": share("nemo_covered"),
    "correlation of items": correlation("correlation"),
    "of clusters": correlation("correlation_of_clusters"),
    "power": share("power"),
    "unpaired": share("power_unpaired"),
    "power at MDE": share("power_at_detectable"),
}
OF_POLICIES = {
    "rules": count("rules"),
    "clusters": count("clusters"),
    "policies": count("policies"),
    "each rule alone": share("alone"),
    "all together (upper 95 % limit)": share("together"),
}


def main() -> None:
    """Simulate cells, or print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10_000, help="comparisons per cell, at the margin")
    parser.add_argument("--power-repeats", type=int, default=1_000, help="comparisons per cell of equal runs")
    parser.add_argument(
        "--cells", default="", help="words a cell must have: binary,100,G5,none; open is run only if named"
    )
    parser.add_argument("--uniform", action="store_true", help="effects of clusters are uniform instead of normal")
    parser.add_argument("--policies", action="store_true", help="whole policies of equal runs instead of comparisons")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help="of each bootstrap")
    parser.add_argument("--out", type=Path, default=Path("gate.jsonl"))
    parser.add_argument("--table", type=Path, help="print this file and end")
    given = parser.parse_args()
    known = given.table or given.out
    done = [json.loads(line) for line in known.read_text("utf-8").splitlines()] if known.is_file() else []
    if given.table:
        order = "kind", "n", "rules", "clusters"
        sys.stdout.write(table(sorted(done, key=lambda cell: [cell.get(name) or 0 for name in order])))
        return
    settings.uniform = given.uniform
    keep_draws()
    if given.policies:
        known_ = {(cell["rules"], cell["clusters"]) for cell in done}
        for rules, groups in product(POLICIES, (None, 57, 5)):
            if (rules, groups) not in known_:
                write(given.out, simulate_policies(rules, groups, POLICIES[rules]))
        return
    wanted = set(filter(None, given.cells.split(",")))
    finished = {(cell["kind"], cell["n"], cell["clusters"]) for cell in done}
    for n, groups, kind in product(SIZES, CLUSTERS, KINDS.values()):
        if kind.name in ALONE and kind.name not in wanted:
            continue
        words = {kind.name, str(n), f"G{groups}" if groups else "none"}
        if wanted <= words and (kind.name, n, groups) not in finished:
            write(given.out, simulate(kind, n, groups, given))


def write(out: Path, cell: dict[str, Any]) -> None:
    """Add a cell to a file."""
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(cell) + "\n")
    print(json.dumps(cell), flush=True)


if __name__ == "__main__":
    main()
