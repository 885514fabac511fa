"""Scoring compared with lm-eval's ``HFLM``: the same model object, requests, dtype and threads, in one process.

python benchmarks/scoring.py --out benchmarks/results
python benchmarks/scoring.py --out benchmarks/results --missing
python benchmarks/scoring.py --only OpenBookQA --repeats 1
python benchmarks/scoring.py --device cuda --model random-1b --dtype bfloat16
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
from measure import Peer, Results, alternate, best_batch, loaded, matrix_rate, options, setting
from workloads import Workload, gpu_workloads, workloads

from audit.engine import ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable

HEADINGS = (
    "workload", "requests", "HFLM s", "batch", "ours s", "ratio", "aim", "tokens HFLM", "tokens ours", "tok/s",
    "of matrix rate", "max Δ",
)  # fmt: skip

TRIED = 2
"""Batches of the largest size with which the peer's best batch size is found."""


class Counter:
    """Counts tokens that go through the layers, filling included."""

    def __init__(self, model: Any) -> None:
        self.tokens = 0
        self.hook = model.base_model.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, _module: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.tokens += (kwargs["input_ids"] if "input_ids" in kwargs else args[0]).numel()

    def count(self, work: Callable[[], Any]) -> tuple[Any, int]:
        """What ``work`` returns, and the tokens it computed."""
        self.tokens = 0
        return work(), self.tokens


def measure_scoring(engine: Any, work: Workload, repeats: int) -> dict[str, Any]:
    """Both sides on one workload."""
    requests = [ScoreRequest(tuple(context), tuple(target)) for context, target in work.pairs]
    forward, peers = engine._forward, Peer(engine)
    given = [((str(i), ""), context, target) for i, (context, target) in enumerate(work.pairs)]
    found: list[tuple[float, bool]] = []

    def ours() -> Any:
        forward.forget()
        return engine.score(requests)

    def peer(size: int, part: int | None = None) -> None:
        found[:] = peers.at(size)._loglikelihood_tokens(given[:part], disable_tqdm=True)

    size = best_batch(lambda size: peer(size, TRIED * max(work.peer_batches)), work.peer_batches)
    counter = Counter(engine.model)
    asked = forward.predicted
    answers, tokens = counter.count(ours)
    asked = forward.predicted - asked
    counter.tokens = 0
    timing = alternate(ours, lambda: peer(size), repeats, lambda: matrix_rate(engine.model.device, engine.model.dtype))
    counter.hook.remove()
    worst = max(
        abs(score.total - total) / len(score.log_probs) for score, (total, _) in zip(answers, found, strict=True)
    )
    mine, other = statistics.median(timing.ours), statistics.median(timing.peer)
    return {
        "requests": len(requests), "peer_seconds": other, "peer_batch": size, "seconds": mine, "ratio": timing.ratio,
        "aim": work.at_least, "peer_tokens": counter.tokens // repeats - tokens, "tokens": tokens,
        "tokens_per_second": tokens / mine,
        "matrix_share": _flops(engine, tokens, asked) / mine / statistics.median(timing.rates),
        "max_difference": worst, "ours": timing.ours, "peer": timing.peer, "matrix_rates": timing.rates,
    }  # fmt: skip


def _flops(engine: Any, tokens: int, asked: int) -> float:
    """Two per weight and token in the layers, two per weight of the head and asked position; attention not counted."""
    model: Any = engine.model
    head = model.get_output_embeddings().weight.numel()
    total = sum(p.numel() for p in model.parameters())
    embeddings = model.get_input_embeddings().weight.numel()
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    layers = total - embeddings - (0 if tied else head)
    return 2.0 * layers * tokens + 2.0 * head * asked


def main() -> None:
    """Measure and write."""
    parser = options(__doc__)
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    arguments = parser.parse_args()
    engine = loaded(arguments)
    results = Results(arguments.out and arguments.out / "scoring.json", setting(arguments, engine))
    all_of_them = gpu_workloads if engine.model.device.type == "cuda" else workloads
    for work in all_of_them(engine):
        if arguments.only in work.name and not (arguments.missing and work.name in results.rows):
            results.add(work.name, measure_scoring(engine, work, arguments.repeats))
            print(_line(work.name, results.rows[work.name]), flush=True)
    print(results.table(HEADINGS, _line))


def _line(name: str, row: dict[str, Any]) -> list[str]:
    return [
        name, str(row["requests"]), f"{row['peer_seconds']:.2f}", str(row["peer_batch"]), f"{row['seconds']:.2f}",
        f"{row['ratio']:.2f}", f"{row['aim']:.1f}", f"{row['peer_tokens']:,}", f"{row['tokens']:,}",
        f"{row['tokens_per_second']:,.0f}", f"{row['matrix_share']:.0%}", f"{row['max_difference']:.1e}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
