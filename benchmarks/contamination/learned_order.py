"""Does the order test find a benchmark that was trained on, and only then? A small model learns it, step by step.

    OMP_NUM_THREADS=1 python benchmarks/contamination/learned_order.py --simulations 200

A byte-level model of two layers with random weights is trained on questions of BoolQ. **Planted**: always in the
published order; **shuffled**: the same questions as often, but in another order at each step, so that the model knows
them, not their order. The test is run after some numbers of steps. **A/A**: the model that learned them shuffled is
tested on questions in random orders, each taken for the published one: p-values must be uniform.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import stats
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from audit.core.assets import dataset
from audit.core.config import RunConfig, TaskConfig
from audit.engine import load
from audit.evals.contamination.benchmark import BenchmarkItem, PublishedItems
from audit.evals.contamination.order import check_order

if TYPE_CHECKING:
    from audit.core.records import TaskResult
    from audit.engine import Engine

ITEMS, OTHERS = 50, 400
"""Questions that are planted, and those that the A/A tests draw from."""
CHARACTERS = 32
"""Of a question at most: the model reads bytes."""
OF_A_TEST = 30
"""Questions of an A/A test."""
STEPS = (0, 50, 100, 200, 400)
BATCH, LENGTH = 4, 256
"""Windows of a step, and bytes of a window."""
CONTEXT = 1024
FIRST = "<s>"
LEVELS = (0.01, 0.05, 0.2, 0.5)


def tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytes_alone = Tokenizer(models.BPE({word: place for place, word in enumerate([FIRST, *alphabet])}, []))
    bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_alone.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=bytes_alone, bos_token=FIRST, model_max_length=CONTEXT)


def untrained(seed: int) -> LlamaForCausalLM:
    """A model of two layers that knows nothing."""
    torch.manual_seed(seed)
    shape = LlamaConfig(
        vocab_size=257,
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
    )
    return LlamaForCausalLM(shape)


def questions(count: int) -> list[BenchmarkItem]:
    """The beginnings of the first questions of BoolQ."""
    texts = [str(row["question"])[:CHARACTERS] for row in dataset("boolq").rows[:count]]
    return [BenchmarkItem({"question": text}, text, str(place), None) for place, text in enumerate(texts)]


def benchmark(items: list[BenchmarkItem]) -> PublishedItems:
    """Items as a benchmark."""
    return PublishedItems("questions", tuple(items), True, (), None)


def trained(
    model: LlamaForCausalLM, items: list[BenchmarkItem], steps: int, generator: random.Random, *, shuffled: bool
) -> None:
    """Train on windows of all items, joined as a file would have them."""
    words, adam = tokenizer(), torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(steps):
        windows = []
        for _ in range(BATCH):
            order = generator.sample(items, len(items)) if shuffled else items
            ids = words("\n\n".join(item.text for item in order))["input_ids"]
            start = generator.randrange(len(ids) - LENGTH)
            windows.append(ids[start : start + LENGTH])
        batch = torch.tensor(windows)
        loss = model(input_ids=batch, labels=batch).loss
        adam.zero_grad()
        loss.backward()
        adam.step()
    model.eval()


def run_test(
    model: LlamaForCausalLM, items: list[BenchmarkItem], seed: int, engine: Engine | None = None
) -> TaskResult:
    """The result of the test."""
    with tempfile.TemporaryDirectory() as folder:
        engine = engine or loaded(model, Path(folder))
        return check_order(engine, RunConfig(seed=seed), TaskConfig(name="questions.order"), benchmark(items))


def loaded(model: LlamaForCausalLM, folder: Path) -> Engine:
    """The model as the audit loads it."""
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return load(str(folder), device="cpu")


def found(result: TaskResult, metric: str) -> float | None:
    """The value of a metric."""
    return next(one.value for one in result.metrics if one.metric == metric)


def planted(seeds: int) -> None:
    """p-values and gains by the number of steps."""
    print(
        "| training | seed | steps | p (permutation) | p (t-test) | gain, nats per shard |\n|---|---|---|---|---|---|"
    )
    items = questions(ITEMS)
    for shuffled in (False, True):
        for seed in range(seeds):
            model, done = untrained(seed), 0
            generator = random.Random(seed)
            for steps in STEPS:
                trained(model, items, steps - done, generator, shuffled=shuffled)
                done, result = steps, run_test(model, items, seed)
                values = [found(result, name) for name in ("p_value", "sharded_t_p_value", "gain")]
                cells = ["–" if value is None else f"{value:.2g}" for value in values]
                name = "shuffled" if shuffled else "planted"
                print(f"| {name} | {seed} | {steps} | {' | '.join(cells)} |", flush=True)


def same(simulations: int) -> None:
    """Shares of small p-values where each order is as good as any other."""
    items, model = questions(OTHERS), untrained(0)
    trained(model, items, max(STEPS), random.Random(0), shuffled=True)
    values: dict[str, list[float]] = {"p_value": [], "sharded_t_p_value": []}
    refused = 0
    with tempfile.TemporaryDirectory() as folder:
        engine = loaded(model, Path(folder))
        for seed in range(simulations):
            drawn = random.Random(f"a/a {seed}").sample(items, OF_A_TEST)
            result = run_test(model, drawn, seed, engine)
            p = found(result, "p_value")
            refused += p is None
            if p is not None:
                values["p_value"].append(p)
            if (t := found(result, "sharded_t_p_value")) is not None:
                values["sharded_t_p_value"].append(t)
    print(f"\nA/A: {simulations} tests, {refused} refused since neighbours look alike\n")
    print(f"| test | n | {' | '.join(f'p ≤ {level:g}' for level in LEVELS)} | uniform (KS) |")
    print("|---|---|" + "---|" * (len(LEVELS) + 1))
    for name, some in values.items():
        if some:
            shares = [f"{100 * float(np.mean(np.array(some) <= level)):.1f} %" for level in LEVELS]
            print(f"| {name} | {len(some)} | {' | '.join(shares)} | p = {stats.kstest(some, 'uniform').pvalue:.2f} |")


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    planted(arguments.seeds)
    same(arguments.simulations)
    return 0


if __name__ == "__main__":
    sys.exit(main())
