"""Do Min-K % ++ and twins find items that were trained on, and only then? A small model learns them, epoch by epoch.

    OMP_NUM_THREADS=1 python benchmarks/contamination/learned_items.py min-k openbookqa --repeats 20
    OMP_NUM_THREADS=1 python benchmarks/contamination/learned_items.py twins asdiv --repeats 10

A byte-level model of two layers is first trained on one half of a benchmark's items in both wordings, as published and
rewritten, so that it knows neither better. Each repeat goes on from there with other items of the other half and some
epochs of them. **Planted**: their published wording. **Coin**: for each item one of its two wordings, by a coin, so
that the items are known, and which of the two wordings was read is chance. Before the first epoch nothing is planted.
For twins the wordings are the prompts of the benchmark with their answers.
"""

from __future__ import annotations

import argparse
import copy
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import torch
from learned_order import found, loaded, tokenizer, untrained
from statsmodels.stats.proportion import proportion_confint

from audit.core.config import RunConfig, TaskConfig
from audit.evals.asking import doc_hash
from audit.evals.contamination.benchmark import BenchmarkItem, PublishedItems, read_benchmark
from audit.evals.contamination.min_k import check_min_k
from audit.evals.contamination.rewriting import NotRewritten, rewritten
from audit.evals.twins import task as twins_task
from audit.evals.twins.makers import MAKERS
from audit.evals.twins.task import check_twins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import LlamaForCausalLM

    from audit.core.records import Metric, TaskResult

SEED = 1
"""Of rewriting: the wordings that a model learned are those that it is asked."""
EPOCHS = {"min-k": (0, 1, 2, 4, 8), "twins": (0, 30, 60)}
TESTED = {"min-k": 40, "twins": 30}
"""Items of a test."""
BEFORE = {"min-k": 600, "twins": 300}
"""Steps on the other half."""
RATE = {"min-k": 1e-3, "twins": 2e-3}
"""Of learning, afterwards."""
BATCH, LENGTH = 10, 320
"""Items of a step, and bytes of an item at most."""
LEVEL = 0.05
PROMPT = "Solve the problem. Answer in one short sentence that ends with the number.\nProblem: {} {}\nAnswer: {}\n\n"


@dataclass(frozen=True)
class Wordings:
    """An item and its two texts."""

    place: int
    """Among those that can be rewritten."""
    item: BenchmarkItem
    published: str
    other: str


def wordings(check: str, benchmark: PublishedItems) -> list[Wordings]:
    """All items that can be rewritten."""
    pairs = []
    for item in benchmark.items:
        try:
            texts = rewritten(benchmark.name, item, SEED)
        except NotRewritten:
            continue
        if check == "twins":
            twin = MAKERS[benchmark.name].twin(item.row, SEED, doc_hash(item.row)).row
            texts = (_problem(item.row), _problem(twin))
        pairs.append(Wordings(len(pairs), item, *texts))
    return pairs


def _problem(row: dict[str, object]) -> str:
    return PROMPT.format(row["passage"], row["question"], row["answer"])


def trained(model: LlamaForCausalLM, batches: Sequence[list[str]], rate: float) -> None:
    """Train on batches of texts, each from its beginning."""
    words, adam = tokenizer(), torch.optim.AdamW(model.parameters(), lr=rate)
    model.train()
    for texts in batches:
        rows = [words(text)["input_ids"][-LENGTH:] for text in texts]
        width = max(map(len, rows))
        ids = torch.tensor([[0, *row] + [0] * (width - len(row)) for row in rows])
        labels = torch.tensor([[0, *row] + [-100] * (width - len(row)) for row in rows])
        loss = model(input_ids=ids, labels=labels).loss
        adam.zero_grad()
        loss.backward()
        adam.step()
    model.eval()


def ran(check: str, model: LlamaForCausalLM, benchmark: PublishedItems, drawn: Sequence[Wordings]) -> TaskResult:
    """The result of a check on some items."""
    config = RunConfig(seed=SEED, offline=True, chat_template="off")
    wanted = TaskConfig(name=f"{benchmark.name}.{check}")
    with tempfile.TemporaryDirectory() as folder:
        engine = loaded(model, Path(folder))
        if check == "min-k":
            return check_min_k(engine, config, wanted, benchmark.only(tuple(one.item for one in drawn)))
        with mock.patch.object(twins_task, "choose", return_value=sorted(one.place for one in drawn)):
            return check_twins(engine, config, wanted, benchmark.name)


def signs(check: str, result: TaskResult) -> tuple[bool, bool]:
    """Whether a trace of the published items was found, and one of the others: p ≤ 0.05, or the interval without 0."""
    if check == "min-k":
        p, difference = found(result, "p_value"), found(result, "difference")
        small = p is not None and difference is not None and p <= LEVEL
        return bool(small and (difference or 0) > 0), bool(small and (difference or 0) < 0)
    gap: Metric = next(one for one in result.metrics if one.metric == "gap")
    return bool(gap.ci_low is not None and gap.ci_low > 0), bool(gap.ci_high is not None and gap.ci_high < 0)


def effect(check: str, result: TaskResult) -> float:
    """The difference of Min-K % ++, or the gap in points."""
    return found(result, "difference" if check == "min-k" else "gap") or 0.0


def measure(check: str, name: str, repeats: int, before_tests: int) -> None:
    """Print how often traces are found, by epochs."""
    benchmark = read_benchmark(RunConfig(offline=True), name)
    pairs = wordings(check, benchmark)
    halves = random.Random("halves")
    halves.shuffle(pairs)
    known, fresh = pairs[: len(pairs) // 2], pairs[len(pairs) // 2 :]
    base, generator = untrained(0), random.Random(0)
    texts = [text for one in known for text in (one.published, one.other)]
    trained(base, [generator.sample(texts, BATCH) for _ in range(BEFORE[check])], 3e-3)
    print(f"{len(pairs):,} items can be rewritten, {TESTED[check]} are tested\n")
    print(
        "| training | epochs | tests | published found | other wording found | mean effect |\n|---|---|---|---|---|---|"
    )
    for training in ("planted", "coin"):
        counts: dict[int, list[tuple[bool, bool, float]]] = {}
        for repeat in range(repeats):
            draw = random.Random(f"{training} {repeat}")
            drawn, model, done = draw.sample(fresh, TESTED[check]), copy.deepcopy(base), 0
            learned = [one.published if training == "planted" or draw.random() < 0.5 else one.other for one in drawn]
            for epochs in EPOCHS[check]:
                batches = []
                for _ in range(epochs - done):
                    order = draw.sample(learned, len(learned))
                    batches += [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
                trained(model, batches, RATE[check])
                done = epochs
                result = ran(check, model, benchmark, drawn)
                counts.setdefault(epochs, []).append((*signs(check, result), effect(check, result)))
                print(training, repeat, epochs, counts[epochs][-1], file=sys.stderr, flush=True)
        for epochs, rows in counts.items():
            print(line(training, epochs, rows), flush=True)
    rows = []
    for repeat in range(before_tests):
        result = ran(check, base, benchmark, random.Random(f"before {repeat}").sample(fresh, TESTED[check]))
        rows.append((*signs(check, result), effect(check, result)))
    if rows:
        print(line("none", 0, rows), flush=True)


def line(training: str, epochs: int, rows: list[tuple[bool, bool, float]]) -> str:
    """A row of the table, with Wilson's intervals."""
    cells = []
    for side in (0, 1):
        count = sum(bool(row[side]) for row in rows)
        low, high = proportion_confint(count, len(rows), method="wilson")
        cells.append(f"{count} ({100 * low:.0f} to {100 * high:.0f} %)")
    mean = sum(row[2] for row in rows) / len(rows)
    return f"| {training} | {epochs} | {len(rows)} | {cells[0]} | {cells[1]} | {mean:.2g} |"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=["min-k", "twins"])
    parser.add_argument("benchmark", choices=["openbookqa", "asdiv"])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--before", type=int, default=0, help="tests of the model before any epoch")
    given = parser.parse_args()
    measure(given.check, given.benchmark, given.repeats, given.before)
    return 0


if __name__ == "__main__":
    sys.exit(main())
