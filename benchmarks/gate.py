"""Error rates of paired comparisons: simulated, by kind of metric, number of items and number of clusters.

One line of JSON per cell goes to ``--out``; cells that the file has are not simulated again. ``--table`` prints a file
as a Markdown table.

    python benchmarks/gate.py --repeats 1000 --cells binary,100
    python benchmarks/gate.py --repeats 10000 --out gate.jsonl
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
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from paired_runs import KINDS, Corpus, Runs, keep_draws, resample_ahead, settings

from audit.core.records import BaselineComparison, Metric
from audit.gate.comparison.compare import bare_difference
from audit.gate.judging import check
from audit.gate.policy import Rule
from audit.gate.rules.differences import gain_of
from audit.gate.rules.family import Compared, holm
from audit.stats import bootstrap
from audit.stats.clusters import clustered_standard_error
from audit.stats.interval import Interval, score_interval
from audit.stats.pairing import power, resampled
from audit.stats.pairing.means import _bounded, of_means, of_shares
from audit.stats.pairing.resampled import of_resamples
from audit.stats.pairing.tango import critical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.stats.pairing.difference import Inference

try:
    from nemo_evaluator.engine.gate import _paired_delta_ci as nemo_interval
except ImportError:
    nemo_interval = None

SIZES = (100, 300, 1000, 2000)
CLUSTERS = (None, 2, 3, 5, 57)
RESAMPLES = 1_000
"""Of each interval; the product's default of 10,000 would take ten times as long."""
CONFIDENCE = 0.95
POSSIBLE = 0.9
"""Share of comparisons whose minimum detectable effect can be simulated, for its power to be shown."""
NORMAL = critical(CONFIDENCE, math.inf)
VERIFIED = 100
"""Comparisons of each cell in which NeMo's own function is asked although its formula is used."""
ALONE = "open", "skewed"
"""Kinds that are simulated only if they are named."""
BATCH = 20
"""Comparisons that are resampled together."""
POLICIES = {5: 2_000, 20: 2_000, 50: 1_000}
"""Number of simulated policies, by the number of their rules."""
POLICY_ITEMS = 300
"""Of each task that a policy is about."""


@cache
def shares_of(better: int, worse: int, n: int, confidence: float) -> Inference:
    """What the product says of so many changes."""
    changes = np.repeat([1.0, -1.0, 0.0], [better, worse, n - better - worse])
    return of_shares(changes, None, confidence=confidence, seed=0)


def compare(kind: Any, runs: Runs, resamples: int, confidence: float = CONFIDENCE) -> Inference:
    """What the product says of two runs."""
    if isinstance(kind, Corpus):
        return of_resamples(kind.pair(runs), confidence=confidence, seed=0, resamples=resamples)
    names, changes = runs.names, runs.after - runs.before
    if kind.name == "binary" and names is None:
        return shares_of(int((changes > 0).sum()), int((changes < 0).sum()), len(changes), confidence)
    if kind.name == "binary":
        return of_shares(changes, names, confidence=confidence, seed=0)
    width = math.inf if kind.name == "open" else 1.0
    return of_means(changes, names, width=width, confidence=confidence, seed=0, resamples=resamples)


def unpaired(kind: Any, runs: Runs) -> tuple[float, float]:
    """The interval if both runs were of different items: the variances add up."""
    sides = [kind.influence(rows) if isinstance(kind, Corpus) else rows for rows in (runs.before, runs.after)]
    codes = range(len(sides[0])) if runs.codes is None else runs.codes.tolist()
    error = math.hypot(*(clustered_standard_error(side, codes) for side in sides))
    freedom = len(set(codes)) - 1
    middle, reach = float(sides[1].mean() - sides[0].mean()), critical(CONFIDENCE, freedom) * error
    return middle - reach, middle + reach


def of_nemo(runs: Runs, *, verified: bool) -> tuple[float, float]:
    """NeMo's interval; with clusters by its formula, which its own function adds up item by item in a millisecond.

    Args:
        runs: Two runs.
        verified: Whether its own function is asked, too.
    """
    changes = runs.after - runs.before
    if runs.codes is None:
        return nemo_interval(changes.tolist())
    mean, codes = float(changes.mean()), np.unique(runs.codes, return_inverse=True)[1]
    sums = np.bincount(codes, weights=changes - mean)
    reach = NORMAL * math.sqrt(len(sums) / (len(sums) - 1) * float(np.sum(sums**2))) / len(changes)
    ends = round(mean - reach, 6), round(mean + reach, 6)
    if verified and not np.allclose(ends, nemo_interval(changes.tolist(), clusters=runs.names), rtol=0, atol=2e-6):
        msg = f"{ends} is not what NeMo's function says"
        raise AssertionError(msg)
    return ends


def student(runs: Runs) -> tuple[float, float]:
    """Student's interval of the mean difference alone, without the bootstrap's ends."""
    changes = runs.after - runs.before
    codes = range(len(changes)) if runs.codes is None else runs.codes.tolist()
    reach = critical(CONFIDENCE, len(set(codes)) - 1) * clustered_standard_error(changes, codes)
    return float(changes.mean()) - reach, float(changes.mean()) + reach


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
    cell |= at_margin(kind, n, groups, given.repeats, given.resamples)
    if given.power_repeats:
        cell |= of_equal_runs(kind, n, groups, given.power_repeats, given.resamples)
    return cell | {"seconds": round(time.process_time() - started, 1)}


@dataclass(frozen=True)
class Asked:
    """What a rule of a simulated policy is about."""

    kind: Any
    runs: Runs

    def compared(self, metric: Metric, confidence: float) -> BaselineComparison:
        """The record of the comparison, as the gate has it."""
        found = self._without_loss() if confidence == CONFIDENCE else None
        found = found or compare(self.kind, self.runs, bootstrap.RESAMPLES, confidence).interval
        fields = {"n": metric.n, "aligned": 1.0, "units": metric.n, "difference": 0.0}
        fields |= {"ci_low": found and found.low, "ci_high": found and found.high}
        bare = bare_difference(metric, confidence)
        return BaselineComparison(confidence=confidence, difference=bare.model_copy(update=fields))

    def _without_loss(self) -> Interval | None:
        """Student's interval, if it says that the product's, which has the outer ends of two, does not lie below 0.

        It spares most of the bootstraps: only a FAIL counts here.
        """
        if isinstance(self.kind, Corpus):
            pair = self.kind.pair(self.runs)
            left_out, value = resampled.jackknife(pair, 0), pair.value
            count = len(left_out)
            error = math.sqrt((count - 1) / count * float(np.sum((left_out - value) ** 2)))
        else:
            changes = self.runs.after - self.runs.before
            clusters = self.runs.names or list(range(len(changes)))
            value, count = float(changes.mean()), len(set(clusters))
            error = clustered_standard_error(changes, clusters)
            if self.kind.name == "continuous" and _bounded(changes, self.runs.names, 1.0, CONFIDENCE)[0].high < 0:
                return None  # the narrower one counts
            if self.kind.name == "binary" and self.runs.codes is None:
                return None  # no bootstrap
        reach = critical(CONFIDENCE, count - 1) * error
        return Interval(value - reach, value + reach, "t", CONFIDENCE) if error > 1e-9 and value + reach >= 0 else None


def policy_of_equal_runs(generator: np.random.Generator, rules: int, groups: int | None) -> list[Asked]:
    """What its rules are about: of five, a share, its two halves as slices, a mean and a score of a corpus.

    Every task has its own items; the runs do not differ.
    """
    asked: list[Asked] = []
    while len(asked) < rules:
        whole = KINDS["binary"].draw(generator, POLICY_ITEMS, groups, 0.0)
        halves = [whole.only(np.arange(POLICY_ITEMS) % 2 == half) for half in (0, 1)]
        asked += [Asked(KINDS["binary"], runs) for runs in (whole, *halves)]
        others = [KINDS["continuous"], KINDS["corpus"]]
        asked += [Asked(kind, kind.draw(generator, POLICY_ITEMS, groups, 0.0)) for kind in others]
    return asked[:rules]


def false_fails(asked: list[Asked]) -> tuple[bool, bool]:
    """Whether any rule FAILs by itself, and whether one does as the gate judges all of them together."""
    family: list[Compared] = []
    about: dict[str, Asked] = {}
    for place, one in enumerate(asked):
        rule = Rule(metric=f"t{place}/score", better_than_baseline=True)  # a loss is a FAIL, as with a margin of 0
        fields: dict[str, Any] = {"unit": "bleu" if isinstance(one.kind, Corpus) else "share", "higher_is_better": True}
        fields |= {"name": rule.metric, "task": rule.task, "value": 0.5, "n": len(one.runs.before)}
        metric = Metric(suite="evals", metric="score", **fields)
        found = one.compared(metric, CONFIDENCE)
        gain = gain_of(rule, found)
        checked = check(rule, metric, gain.verdict if gain else "INCONCLUSIVE", "")
        family.append(Compared(rule, metric, checked.model_copy(update={"baseline": found})))
        about[rule.metric] = one
    together = holm(family, lambda one, level: about[one.rule.metric].compared(one.metric, level), lambda *_: "")
    return any(one.check.verdict == "FAIL" for one in family), any(one.verdict == "FAIL" for one in together)


def simulate_policies(rules: int, groups: int | None, policies: int) -> dict[str, Any]:
    """One cell of the table of whole policies."""
    started, generator = time.process_time(), np.random.default_rng([rules, groups or 0, 3])
    alone, together = np.mean(
        [false_fails(policy_of_equal_runs(generator, rules, groups)) for _ in range(policies)], axis=0
    )
    return {
        "rules": rules,
        "clusters": groups,
        "policies": policies,
        "alone": float(alone),
        "together": float(together),
        "together_upper": score_interval(float(together), policies, 0.9, "wilson").high,
        "seconds": round(time.process_time() - started, 1),
    }


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
