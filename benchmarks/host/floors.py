"""The least time in which a scoring workload can be computed: each distinct prefix of tokens once, at the matrix rate.

python benchmarks/host/floors.py
python benchmarks/host/floors.py --only HellaSwag --rate 1.5e11

A position is computed once for all sequences that begin alike. Its cost is two FLOP per weight of the layers, four per
key, hidden unit and layer in attention, and two per weight of the output head where a target token is asked. The rate
is that of large matrix products, measured with nothing else running; norms, activations and the host's part are free.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))
import torch
from measure import markdown, matrix_rate
from workloads import workloads

from audit.engine import load

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("workload", "sequences", "tokens", "distinct", "keys seen", "asked", "TFLOP", "floor, s")
RATES = 5
"""Times that the matrix rate is measured; the median counts."""


@dataclass(frozen=True)
class Least:
    """What nobody can leave out."""

    tokens: int
    """Positions of all sequences, without the last token of a target, which predicts nothing."""
    distinct: int
    """Positions that differ in what comes before them or in themselves."""
    keys: int
    """Keys that these see in attention, themselves included."""
    asked: int
    """Positions at which the probability of a target token is asked."""


def least(pairs: Sequence[tuple[list[int], list[int]]]) -> Least:
    """Counts of the tree of all sequences.

    Sequences are sorted, so that what each adds to the tree is what follows its common prefix with the one before.
    """
    before: list[int] = []
    distinct = keys = 0
    for ids in sorted([*context, *target[:-1]] for context, target in pairs):
        common = next(
            (i for i, (a, b) in enumerate(zip(before, ids, strict=False)) if a != b), min(len(before), len(ids))
        )
        distinct += len(ids) - common
        keys += sum(range(common + 1, len(ids) + 1))
        before = ids
    asked = {(*context, *target[:place]) for context, target in pairs for place in range(len(target)) if context}
    return Least(sum(len(context) + len(target) - 1 for context, target in pairs), distinct, keys, len(asked))


def flops(model: Any, work: Least) -> float:
    """Of the layers, attention and the output head."""
    config = model.config
    head: int = model.get_output_embeddings().weight.numel()
    layers = sum(p.numel() for name, p in model.named_parameters() if ".layers." in name)
    width: int = config.num_attention_heads * getattr(
        config, "head_dim", config.hidden_size // config.num_attention_heads
    )
    attention: float = 4.0 * width * config.num_hidden_layers * work.keys
    return 2.0 * layers * work.distinct + attention + 2.0 * head * work.asked


def main() -> None:
    """Count, measure the rate, and write a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--rate", type=float, help="FLOP per second, instead of measuring")
    arguments = parser.parse_args()
    engine = load(arguments.model, device="cpu", dtype="float32", offline=True)
    rates = [arguments.rate] if arguments.rate else [
        matrix_rate(torch.device("cpu"), torch.float32) for _ in range(RATES)
    ]  # fmt: skip
    rate = statistics.median(rates)
    print(f"{torch.get_num_threads()} threads, {rate / 1e9:.0f} GFLOP per second")
    rows = []
    for work in workloads(engine):
        if arguments.only in work.name:
            counted = least(work.pairs)
            needed = flops(engine.model, counted)
            rows.append([
                work.name, len(work.pairs), f"{counted.tokens:,}", f"{counted.distinct:,}", f"{counted.keys:,}",
                f"{counted.asked:,}", f"{needed / 1e12:.2f}", f"{needed / rate:.1f}",
            ])  # fmt: skip
    print(markdown(HEADINGS, rows))


if __name__ == "__main__":
    main()
