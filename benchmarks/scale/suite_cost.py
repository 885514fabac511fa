"""What a profile costs a checkpoint of a given size, counted by suite: tokens, operations, bytes, hours.

No weights are loaded: every task and probe asks an engine that answers nothing sensible, and counts what our own engine
would compute. Scoring is planned as on a GPU, so shared prefixes count once. Every generated text is counted at its
limit, which is the most that it can be. Explanations are left out: which samples they take depends on the answers.

python benchmarks/scale/suite_cost.py
python benchmarks/scale/suite_cost.py --profile standard --json counted.json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).parent.parent))

from measure import markdown

from audit.core import assets
from audit.core.config import load_config
from audit.core.records import ModelRecord
from audit.engine.checkpoint.source import tokenizer_folder
from audit.engine.checkpoint.tokenizer import load_tokenizer
from audit.engine.engine import Engine
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.plan.passes import plan
from audit.engine.local.scoring_plan import tree_of
from audit.engine.requests import Completion, Generation, Score
from audit.evals import suite as evals
from audit.safety import suite as safety

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.config import RunConfig
    from audit.engine.requests import GenerateRequest, ScoreRequest

CONTEXT = 8192
TEXTS = 512
"""Texts that are written together on a GPU."""
BYTES = 2
"""Of a number in bfloat16."""


@dataclass(frozen=True)
class Model:
    """Sizes of a checkpoint, from its published configuration."""

    name: str
    weights: float
    """Weights that a token goes through, without the input embeddings."""
    layers: int
    heads: int
    kv_heads: int
    head: int
    cards: int
    """GPUs of 80 GB that hold it."""

    @property
    def cached(self) -> int:
        """Bytes of keys and values of one position."""
        return 2 * self.layers * self.kv_heads * self.head * BYTES

    def cost(self, rates: Rates) -> Cost:
        """The planner's cost model, in FLOP."""
        pair = 4.0 * rates.matrix / rates.attention * self.heads * self.head * self.layers
        copied = 2 * self.layers * self.head * (self.kv_heads + self.heads) * BYTES
        call = max(rates.matrix / rates.memory * self.weights * BYTES, rates.matrix * rates.empty)
        return Cost(2.0 * self.weights, pair, rates.matrix / rates.memory * copied, call)


@dataclass(frozen=True)
class Rates:
    """Of one H100: measured values of ``benchmarks/docs/gpu.md``."""

    matrix: float = 6.4e14
    attention: float = 8.0e13
    memory: float = 2.6e12
    empty: float = 0.019


MODELS = (
    Model("1B (Llama 3.2's shape)", 1.24e9, 16, 32, 8, 64, 1),
    Model("8B (Llama 3.1's shape)", 7.50e9, 32, 32, 8, 128, 1),
    Model("70B (Llama 3.1's shape)", 69.5e9, 80, 64, 8, 128, 2),
)


@dataclass
class Counted:
    """What one task asks for."""

    scored: int = 0
    """Requests of log-probabilities."""
    written: int = 0
    """Texts to generate."""
    named: int = 0
    """Tokens of all contexts and targets, each counted for each request."""
    computed: dict[str, float] = field(default_factory=lambda: dict.fromkeys((one.name for one in MODELS), 0.0))
    """Per model, FLOP that the planner expects for scoring, attention and passes included."""
    positions: int = 0
    """Tokens that go through the model for scoring once prefixes are shared (plan of the 8B model)."""
    prompts: int = 0
    """Tokens of the distinct prompts to continue."""
    new: int = 0
    """Tokens of the texts at their limit."""
    steps: int = 0
    """Steps in which a token is written to each of up to :data:`TEXTS` texts of a call."""
    seen: float = 0.0
    """Cached positions read while these are written, one token at a time."""


class Counting(Engine):
    """An engine that counts and computes nothing."""

    def __init__(self, name: str, rates: Rates) -> None:
        super().__init__()
        folder = tokenizer_folder(name, None, offline=True)
        self.tokenizer = load_tokenizer(folder, {"local_files_only": True})
        self.record = ModelRecord(
            name=name,
            source=name,
            digest="0" * 64,
            architecture="none",
            parameter_count=0,
            dtype="bfloat16",
            max_length=CONTEXT,
            device="cpu",
        )
        self.rates = rates
        self.counted = Counted()

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Equal log-probabilities for all."""
        mine = list(dict.fromkeys(requests))
        self.counted.scored += len(mine)
        self.counted.named += sum(len(one.context_ids) + len(one.target_ids) for one in mine)
        tree, _ = tree_of(mine, CONTEXT)
        for model in MODELS:
            cost, budget = model.cost(self.rates), Budget(32_768, 200_000, CONTEXT)
            passes, trunks = plan(tree, cost, budget), {}
            for one in passes:
                depth = len(one.trunk.ids) if one.trunk else 0
                self.counted.computed[model.name] += float(cost.of_pass(len(one.rows), one.width, depth))
                if one.trunk is not None:
                    trunks[one.trunk.ids] = depth - one.trunk.start
            self.counted.computed[model.name] += sum(trunks.values()) * cost.token
            if model is MODELS[1]:
                self.counted.positions += sum(len(one.rows) * one.width for one in passes) + sum(trunks.values())
        return [
            Score(
                (-1.0,) * len(one.target_ids),
                (False,) * len(one.target_ids),
                *(((-10.0,) * len(one.target_ids), (1.0,) * len(one.target_ids)) if one.moments else (None, None)),
            )
            for one in requests
        ]

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """The same word for all."""
        longest, together = 0, 0
        for one in dict.fromkeys(requests):
            texts = one.n if one.temperature else 1
            prompt = len(self.encode(one.prompt))
            self.counted.written += texts
            self.counted.prompts += prompt
            self.counted.new += texts * one.max_new_tokens
            longest, together = max(longest, one.max_new_tokens), together + texts
            self.counted.seen += texts * one.max_new_tokens * (prompt + one.max_new_tokens / 2)
        self.counted.steps += math.ceil(together / TEXTS) * longest
        made = Generation("Yes.", 2, "stop")
        return [Completion((made,) * one.n) for one in requests]

    @property
    def model(self) -> Any:
        """There is none."""
        raise NotImplementedError

    def renew(self) -> Counted:
        """What was counted since the last call."""
        counted, self.counted = self.counted, Counted()
        return counted


def count(engine: Counting, config: RunConfig) -> Iterator[tuple[str, str, Counted]]:
    """Suite, task and what it asks for, one after the other."""
    for suite in (evals.run_tasks, safety.run_probes):
        for result in suite(engine, config):
            print(f"{result.suite}/{result.task}", result.not_run or "", file=sys.stderr, flush=True)
            yield result.suite, result.task, engine.renew()


def hours(counted: Counted, model: Model, rates: Rates, *, share: float, bandwidth: float) -> tuple[float, float]:
    """Card hours of scoring and of writing; all cards that hold the checkpoint are taken for the whole time.

    Scoring: the planner's FLOP at ``share`` of the matrix rate. Writing: each step reads all weights once, and keys and
    values of each text, at ``bandwidth`` of the memory rate; prompts cost what scoring them would.
    """
    scoring = counted.computed[model.name] / (rates.matrix * share)
    prompts = counted.prompts * 2.0 * model.weights / (rates.matrix * share)
    read = counted.steps * model.weights * BYTES + counted.seen * model.cached
    writing = prompts + read / (rates.memory * bandwidth)
    return scoring * model.cards / 3600, writing * model.cards / 3600


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="full")
    parser.add_argument("--tokenizer", default="smollm2-135m-instruct")
    parser.add_argument("--json", type=Path, help="write what was counted, by task")
    parser.add_argument("--share", type=float, default=0.28, help="of the matrix rate, while scoring")
    parser.add_argument("--bandwidth", type=float, default=0.1, help="of the memory rate, while writing")
    arguments = parser.parse_args()
    rates, started = Rates(), time.monotonic()
    config = load_config(None, {"profile": arguments.profile, "model": arguments.tokenizer, "offline": True})
    assets.configure(data_dirs=config.data_dirs, offline=True)
    engine = Counting(arguments.tokenizer, rates)
    found = [*count(engine, config)]
    if arguments.json:
        arguments.json.write_text(json.dumps([[suite, task, asdict(one)] for suite, task, one in found], indent=1))
    rows = []
    for suite, task, one in [*found, *_totals(found)]:
        if not one.scored and not one.written:
            continue
        cells = []
        for model in MODELS:
            scoring, writing = hours(one, model, rates, share=arguments.share, bandwidth=arguments.bandwidth)
            cells.append(f"{_short(scoring)} + {_short(writing)}")
        shared = one.named / one.positions if one.positions else math.nan
        numbers = (one.scored, one.named, one.positions, one.written, one.prompts, one.new)
        rows.append([suite, task, *(f"{number:,}" for number in numbers), f"{shared:.1f}", *cells])
    headings = (
        "suite",
        "task",
        "scored",
        "their tokens",
        "positions",
        "texts",
        "prompt tokens",
        "new tokens at most",
        "shared",
    )
    print(markdown((*headings, *(f"{model.name}, card hours" for model in MODELS)), rows))
    print(f"counted in {time.monotonic() - started:.0f} s", file=sys.stderr)


def _totals(found: Sequence[tuple[str, str, Counted]]) -> list[tuple[str, str, Counted]]:
    """The sums by suite, and of all."""
    totals: dict[str, Counted] = defaultdict(Counted)
    for suite, _, one in found:
        for name in (suite, "all"):
            total = totals[name]
            for key in ("scored", "written", "named", "positions", "prompts", "new", "steps", "seen"):
                setattr(total, key, getattr(total, key) + getattr(one, key))
            for model, value in one.computed.items():
                total.computed[model] += value
    return [(name, "", total) for name, total in totals.items()]


def _short(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"


if __name__ == "__main__":
    main()
