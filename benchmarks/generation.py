"""Generation compared with lm-eval's ``HFLM.generate_until``: ASDiv, greedy, stop strings, one process and model.

python benchmarks/generation.py --out benchmarks/results
python benchmarks/generation.py --items 20 --repeats 1
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance

sys.path.insert(0, str(Path(__file__).parent))
from measure import Peer, Results, alternate, best_batch, loaded, matrix_rate, options, setting

from audit.core import assets
from audit.engine import GenerateRequest

HEADINGS = ("workload", "HFLM s", "batch", "ours s", "ratio", "aim", "new tokens", "tok/s", "equal texts")
AIM = 2.0
NEW_TOKENS = 96
STOPS = ["\n\n", "Problem:"]
BATCHES = {"cpu": (8, 16, 32, 64), "cuda": (64, 128, 256)}
TRIED = {"cpu": 32, "cuda": 512}
"""Items with which the peer's best batch size is found."""
ASK = "Solve the problem. Answer in one short sentence that ends with the number.\nProblem: {} {}\nAnswer:"


def main() -> None:
    """Measure and write."""
    parser = options(__doc__)
    parser.add_argument("--items", type=int, default=100)
    arguments = parser.parse_args()
    engine = loaded(arguments)
    results = Results(arguments.out and arguments.out / "generation.json", setting(arguments, engine))
    name = f"ASDiv, greedy, {arguments.items} items, stop strings"
    if not (arguments.missing and name in results.rows):
        results.add(name, measure_generation(engine, arguments.items, arguments.repeats))
    print(results.table(HEADINGS, _line))


def measure_generation(engine: Any, items: int, repeats: int) -> dict[str, Any]:
    """Both sides on the first items."""
    rows = assets.dataset("asdiv").rows[:items]
    asked = [{"role": "user", "content": ASK.format(row["passage"], row["question"])} for row in rows]
    prompts = [engine.apply_chat_template([turn]) if engine.has_chat_template else turn["content"] for turn in asked]
    requests = [GenerateRequest(prompt, max_new_tokens=NEW_TOKENS, stop=tuple(STOPS)) for prompt in prompts]
    settings = {"until": STOPS, "max_gen_toks": NEW_TOKENS, "do_sample": False}
    instances = [Instance("generate_until", {}, (prompt, settings), index) for index, prompt in enumerate(prompts)]
    peers = Peer(engine)
    theirs: list[str] = []

    def ours() -> Any:
        engine._forward.forget()
        return engine.generate(requests)

    def peer(size: int, part: int | None = None) -> None:
        theirs[:] = peers.at(size).generate_until(instances[:part], disable_tqdm=True)

    sizes = BATCHES[engine.model.device.type]
    size = best_batch(lambda size: peer(size, TRIED[engine.model.device.type]), sizes)
    answers = ours()
    timing = alternate(ours, lambda: peer(size), repeats, lambda: matrix_rate(engine.model.device, engine.model.dtype))
    texts = [answer.generations[0].text for answer in answers]
    return {
        "peer_seconds": statistics.median(timing.peer), "peer_batch": size, "seconds": statistics.median(timing.ours),
        "ratio": timing.ratio, "tokens": sum(answer.generations[0].token_count for answer in answers),
        "equal": sum(text.strip() == other.strip() for text, other in zip(texts, theirs, strict=True)),
        "items": len(rows), "ours": timing.ours, "peer": timing.peer, "matrix_rates": timing.rates,
    }  # fmt: skip


def _line(name: str, row: dict[str, Any]) -> list[str]:
    return [
        name, f"{row['peer_seconds']:.1f}", str(row["peer_batch"]), f"{row['seconds']:.1f}", f"{row['ratio']:.2f}",
        f"{AIM:.1f}", f"{row['tokens']:,}", f"{row['tokens'] / row['seconds']:.0f}",
        f"{row['equal']} of {row['items']}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
