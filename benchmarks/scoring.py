"""Scoring beside lm-eval's ``HFLM``: the same model object, requests, dtype and threads, in one process.

python benchmarks/scoring.py --out benchmarks/results
python benchmarks/scoring.py --only OpenBookQA --repeats 1
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

sys.path.insert(0, str(Path(__file__).parent))
from measure import alternate, best_batch, markdown, matrix_rate, setting
from workloads import Workload, workloads

from audit.engine import ScoreRequest, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine

HEADINGS = (
    "workload", "requests", "HFLM s", "batch", "ours s", "ratio", "aim", "tokens HFLM", "tokens ours", "tok/s",
    "of matrix rate", "max Δ",
)  # fmt: skip

TRIED = 64
"""Requests with which the peer's best batch size is found."""


class Counter:
    """Counts tokens through the layers and positions through the output head, filling included."""

    def __init__(self, model: Any) -> None:
        self.tokens = self.positions = 0
        self.hooks = [
            model.base_model.register_forward_pre_hook(self._count, with_kwargs=True),
            model.get_output_embeddings().register_forward_hook(self._head),
        ]

    def _count(self, _module: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.tokens += (kwargs["input_ids"] if "input_ids" in kwargs else args[0]).numel()

    def _head(self, _module: object, _args: object, output: torch.Tensor) -> None:
        self.positions += output.shape[:-1].numel()

    def count(self, work: Callable[[], Any]) -> tuple[Any, int, int]:
        """What ``work`` returns, and the tokens and positions it computed."""
        self.tokens = self.positions = 0
        result = work()
        return result, self.tokens, self.positions

    def close(self) -> None:
        """Count no more."""
        for hook in self.hooks:
            hook.remove()


def measure(engine: Engine, work: Workload, repeats: int, rate: float) -> dict[str, Any]:
    """Both sides on one workload."""
    from lm_eval.models.huggingface import HFLM

    counter = Counter(engine.model)
    requests = [ScoreRequest(tuple(context), tuple(target)) for context, target in work.pairs]
    forward = engine._forward

    def ours() -> Any:
        forward.forget()
        return engine.score(requests)

    peers: dict[int, Any] = {}

    def peer(size: int, part: int | None = None) -> Any:
        if size not in peers:
            peers[size] = HFLM(
                pretrained=engine.model, tokenizer=engine.tokenizer, max_length=engine.max_length, batch_size=size
            )
        return peers[size]._loglikelihood_tokens(
            [((str(i), ""), context, target) for i, (context, target) in enumerate(work.pairs[:part])],
            disable_tqdm=True,
        )

    size = best_batch(lambda size: peer(size, TRIED), work.peer_batches)
    answers, tokens, positions = counter.count(ours)
    theirs, peer_tokens, _ = counter.count(lambda: peer(size))
    counter.close()
    worst = max(
        abs(score.total - total) / len(score.log_probs) for score, (total, _) in zip(answers, theirs, strict=True)
    )
    timing = alternate(ours, lambda: peer(size), repeats)
    mine, other = statistics.median(timing.ours), statistics.median(timing.peer)
    flops = _flops(engine, tokens, positions)
    return {
        "workload": work.name, "requests": len(requests), "peer_seconds": other, "peer_batch": size,
        "seconds": mine, "ratio": timing.ratio, "aim": work.at_least, "peer_tokens": peer_tokens, "tokens": tokens,
        "tokens_per_second": tokens / mine, "matrix_share": flops / mine / rate, "max_difference": worst,
        "ours": timing.ours, "peer": timing.peer,
    }  # fmt: skip


def _flops(engine: Engine, tokens: int, asked: int) -> float:
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--out", type=Path, help="folder for scoring.json and scoring.md")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    engine: Any = load(options.model, device=options.device, dtype=options.dtype)
    device, dtype = engine.model.device, engine.model.dtype
    rate = matrix_rate(device, dtype)
    print(f"matrix rate {rate / 1e9:.0f} GFLOP/s", flush=True)
    results = []
    for work in workloads(engine):
        if options.only in work.name:
            results.append(measure(engine, work, options.repeats, rate))
            print(_row(results[-1]), flush=True)
    table = markdown(HEADINGS, [_row(result) for result in results])
    print(table)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        about = {**setting(device, dtype), "matrix_rate": rate, "repeats": options.repeats}
        (options.out / "scoring.json").write_text(json.dumps({"setting": about, "results": results}, indent=1) + "\n")
        (options.out / "scoring.md").write_text(table)


def _row(result: dict[str, Any]) -> list[str]:
    return [
        result["workload"], str(result["requests"]), f"{result['peer_seconds']:.2f}", str(result["peer_batch"]),
        f"{result['seconds']:.2f}", f"{result['ratio']:.2f}", f"{result['aim']:.1f}", str(result["peer_tokens"]),
        str(result["tokens"]), f"{result['tokens_per_second']:.0f}", f"{result['matrix_share']:.0%}",
        f"{result['max_difference']:.1e}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
