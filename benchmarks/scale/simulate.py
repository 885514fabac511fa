"""A driver with a thousand workers: the real driver, from the message to the journal; simulated workers and time.

What the driver does is what it does in an audit: it reads messages, keeps account of units, decodes answers, writes
them into the journal and hands out units. Each worker has its speed, costs differ from the modelled ones, messages take
time, processes die, hang and are started again, and one request kills each worker that begins it.

The ideal is the work of all requests at the sum of all speeds: no start, no failure, no message, perfect division. The
clock starts when the first unit is sent; what the driver does before (keys, cutting, packing) is given in seconds. The
plan of the passes is not made: passes are neighbouring requests.

``--mean 0.005`` offers more answers than a driver can take: answers per second are then its limit.

python benchmarks/scale/simulate.py
python benchmarks/scale/simulate.py --requests 400000 --mean 0.005 --costs realistic --failures 0 --processor
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from cluster import DIGEST, RECORD, TOGETHER, Cluster
from measure import markdown

from audit.core.progress import Silent
from audit.engine.answering import Answering, decode_score, local_identity
from audit.engine.journal import Journal
from audit.engine.local.scoring_plan import Planning
from audit.engine.requests import ScoreRequest
from audit.engine.workers.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.engine.requests import Batches

HEADINGS = (
    "workers, requests", "costs", "failures per worker and minute", "ideal, s", "simulated, s", "overhead",
    "lost work, twice, away", "driver busy", "failures", "requests given up", "answers per second", "per CPU second",
    "before, s", "driver memory, GB",
)  # fmt: skip
COMMON = tuple(range(100, 124))
"""Tokens that all contexts begin with."""


class Passes(Planning):
    """A planning whose passes are neighbouring requests."""

    found: ClassVar[Batches]

    def batches(self, _requests: Sequence[Any]) -> Batches:
        """What is computed together."""
        return self.found


def costs_of(
    random: np.random.Generator, requests: int, mean: float, kind: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Modelled and real seconds of each request; the model errs by a fifth."""
    if kind == "realistic":  # of an audit: three quarters are short options, the rest are texts of some length
        short = random.random(requests) < 0.75
        drawn = np.where(short, random.lognormal(-2.0, 0.5, requests), random.lognormal(1.0, 0.8, requests))
    else:  # Pareto with infinite variance, cut at a thousand times the least
        drawn = np.minimum(1.0 + random.pareto(1.3, requests), 1000.0)
    modelled = drawn * mean / drawn.mean()
    return modelled, modelled * random.lognormal(0.0, 0.2, requests)


def simulate(arguments: argparse.Namespace, kind: str, failures: float) -> list[str]:
    """One run: a row of the table.

    Raises:
        RuntimeError: Something else was given up than the request that kills, or an answer is missing.
    """
    random = np.random.default_rng(arguments.seed)
    count, workers = arguments.requests, arguments.workers
    modelled, real = costs_of(random, count, arguments.mean, kind)
    poison = int(random.integers(count)) if failures else -1
    speeds = random.uniform(0.8, 1.2, workers)
    ideal = float(real.sum() / speeds.sum())
    requests = [ScoreRequest((*COMMON, index // 40_000, index % 40_000), (1, 2, 3, 4)) for index in range(count)]
    passes = [tuple(range(low, min(low + TOGETHER, count))) for low in range(0, count, TOGETHER)]
    timer = time.process_time if arguments.busy else time.perf_counter
    cluster = Cluster(real, speeds, random, failures, poison, counts_processor=arguments.processor, timer=timer)
    pool = Pool(cluster, workers, {}, DIGEST, clock=cluster.clock)
    loaded = pool.start()
    while pool.alive < workers:
        pool._turn()
    Passes.found = [(one, float(modelled[list(one)].sum())) for one in passes]
    pool._loaded = replace(loaded, planning=Passes(**vars(loaded.planning)))
    work = Answering(local_identity("score", RECORD, "cpu"), partial(pool.work, "score"), decode_score)
    with tempfile.TemporaryDirectory() as folder, closing(Journal(Path(folder) / "journal.sqlite")) as journal:
        scores = work.answer(requests, journal, Silent())
        written = len(journal)
    given_up = [index for index, score in enumerate(scores) if score.error]
    if given_up != ([poison] if failures else []) or written != count - len(given_up):
        msg = f"{written:,} answers, given up {given_up}, poisoned {poison}"
        raise RuntimeError(msg)
    return row(arguments, kind, failures, ideal, cluster, given_up)


def row(
    arguments: argparse.Namespace, kind: str, failures: float, ideal: float, cluster: Cluster, given_up: list[int]
) -> list[str]:
    """What a run was like; also what it sent, to standard error."""
    cluster.receive(0.0)  # takes account of what the driver did last
    began, busy_before, processor_before = cluster.before or (0.0, 0.0, 0.0)
    seconds, busy = cluster.now - began, cluster.busy - busy_before
    answered, lost = arguments.requests - len(given_up), cluster.lost
    capacity = ideal * arguments.workers
    sent = ", ".join(f"{name} {count / arguments.requests:,.1f}" for name, count in cluster.bytes.items())
    print(f"{kind}, {failures:.0%}: bytes per request: {sent}", file=sys.stderr)
    return [
        f"{arguments.workers:,}, {arguments.requests:,}",
        kind,
        f"{failures:.0%}",
        f"{ideal:.0f}",
        f"{seconds:.0f}",
        f"{seconds / ideal - 1:.1%}",
        ", ".join(f"{part / capacity:.1%}" for part in (lost.work, lost.twice, lost.away)),
        f"{busy / seconds:.0%}",
        f"{lost.failures:,}",
        f"{len(given_up)}",
        f"{answered / busy:,.0f}",
        f"{answered / (cluster.processor - processor_before):,.0f}" if arguments.processor else "–",
        f"{busy_before:.0f}",
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f}",
    ]


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--mean", type=float, default=1.0, help="seconds of a request at speed 1")
    parser.add_argument("--costs", choices=("realistic", "heavy"))
    parser.add_argument("--failures", type=float, help="per worker and minute")
    parser.add_argument("--processor", action="store_true", help="also the driver's CPU time; asking for it takes time")
    parser.add_argument("--busy", action="store_true", help="the driver's seconds are its processor's: a busy machine")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rows = [
        simulate(arguments, costs, failures)
        for costs in ((arguments.costs,) if arguments.costs else ("realistic", "heavy"))
        for failures in ((0.0, 0.01) if arguments.failures is None else (arguments.failures,))
    ]
    print(markdown(HEADINGS, rows))


if __name__ == "__main__":
    main()
