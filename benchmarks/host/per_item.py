"""What the host does for each item while a GPU scores: tokens, keys, plan, arrays, answers. No model, one thread.

python benchmarks/host/per_item.py
python benchmarks/host/per_item.py --items 200
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from measure import markdown
from workloads import hellaswag, hellaswag_drawn, mmlu

from audit.engine import ScoreRequest
from audit.engine.answering import Keys
from audit.engine.checkpoint.source import tokenizer_folder
from audit.engine.checkpoint.tokenizer import load_tokenizer
from audit.engine.engine import Engine
from audit.engine.local.model.transfer import Fetched
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import plan
from audit.engine.local.score import Flight, Scorer, _predictions
from audit.engine.local.scoring_plan import tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

HEADINGS = ("per 1,000 items", "tokens, s", "keys, s", "plan, s", "arrays, s", "answers, s", "in all, s", "at most, s")
H100 = Cost(token=1.396e10, pair=4.06e6, copy=1.56e8, call=2.4e13)
"""Llama 3.1 8B in bfloat16 on one H100, from the rates measured there."""
BUDGET = Budget(tokens=32_768, cached=200_000, width=8192)
CONTEXT = 8192


class Tokenizing(Engine):
    """An engine that can only split texts into tokens."""

    def __init__(self, name: str) -> None:
        super().__init__()
        folder = tokenizer_folder(name, None, offline=True)
        self.tokenizer = load_tokenizer(folder, {"local_files_only": True})

    def score(self, requests: Any) -> Any:
        """Not there."""
        raise NotImplementedError

    generate = score
    model = property(score)


def measure(texts: Callable[[Any], list[Any]], engine: Tokenizing, items: int) -> list[float]:
    """Seconds of processor time per 1,000 items, by phase."""
    marks = [time.process_time()]
    requests = [ScoreRequest(tuple(context), tuple(target)) for context, target in texts(engine)]
    marks.append(time.process_time())
    keys = Keys(("score", "digest", "bfloat16", "None", "cuda", "8192"))
    for request in requests:
        keys.of(request)
    marks.append(time.process_time())
    scorer: Any = Scorer(SimpleNamespace(device=torch.device("cpu")), CONTEXT, BUDGET)  # type: ignore[arg-type]
    tree, targets = tree_of(requests, scorer.max_length)
    passes = plan(tree, H100, BUDGET)
    marks.append(time.process_time())
    flights = []
    for work in passes:
        layout = lay_out(work, tree, 0)
        mine = [(target, layout.places[index]) for index in work.members for target in targets[index]]
        wanted = _predictions(mine, layout.ids.shape[1])
        by_place = np.argsort(wanted.which, kind="stable")
        fetched = Fetched(torch.zeros(4, len(wanted.tokens)), None)
        flights.append(Flight(work, [target for target, _ in mine], by_place, fetched))
    marks.append(time.process_time())
    for flight in flights:
        flight.scores(torch.bfloat16)
    marks.append(time.process_time())
    return [float(seconds) * 1000 / items for seconds in np.diff(marks)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--tokenizer", default="smollm2-135m-instruct")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine, items = Tokenizing(arguments.tokenizer), arguments.items
    kinds: list[tuple[str, Callable[[Any], list[Any]], float]] = [
        ("MMLU 5-shot, first-n shots", lambda engine: mmlu(engine, 5, items), 4.0),
        ("HellaSwag format 10-shot, first-n shots", lambda engine: hellaswag(engine, 10, items), 6.0),
        ("HellaSwag format, 10 shots drawn per item", lambda engine: hellaswag_drawn(engine, 10, items), 6.0),
    ]
    rows = []
    for name, texts, most in kinds:
        texts(engine)  # data sets are read and the tokenizer is warm
        seconds = measure(texts, engine, items)
        rows.append([name, *(f"{part:.2f}" for part in (*seconds, sum(seconds))), f"{most:.0f}"])
    print(markdown(HEADINGS, rows))


if __name__ == "__main__":
    main()
