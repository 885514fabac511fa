"""Generation beside lm-eval's ``HFLM.generate_until``: ASDiv, greedy, stop strings, one process, one model object.

python benchmarks/generation.py --out benchmarks/results
python benchmarks/generation.py --items 20 --repeats 1
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

sys.path.insert(0, str(Path(__file__).parent))
from measure import alternate, best_batch, markdown, setting

from audit.core import assets
from audit.engine import GenerateRequest, load

HEADINGS = ("workload", "HFLM s", "batch", "ours s", "ratio", "aim", "new tokens", "tok/s", "equal texts")
AIM = 2.0
NEW_TOKENS = 96
STOPS = ["\n\n", "Problem:"]
BATCHES = (8, 16, 32, 64)
TRIED = 32
"""Items with which the peer's best batch size is found."""
ASK = "Solve the problem. Answer in one short sentence that ends with the number.\nProblem: {} {}\nAnswer:"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="folder for generation.json and generation.md")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    engine: Any = load(options.model, device=options.device, dtype=options.dtype)
    rows = assets.dataset("asdiv").rows[: options.items]
    asked = [{"role": "user", "content": ASK.format(row["passage"], row["question"])} for row in rows]
    prompts = [engine.apply_chat_template([turn]) if engine.has_chat_template else turn["content"] for turn in asked]
    requests = [GenerateRequest(prompt, max_new_tokens=NEW_TOKENS, stop=tuple(STOPS)) for prompt in prompts]
    settings = {"until": STOPS, "max_gen_toks": NEW_TOKENS, "do_sample": False}
    instances = [Instance("generate_until", {}, (prompt, settings), index) for index, prompt in enumerate(prompts)]
    peers: dict[int, Any] = {}

    def ours() -> Any:
        engine._forward.forget()
        return engine.generate(requests)

    def peer(size: int, part: int | None = None) -> list[str]:
        if size not in peers:
            peers[size] = HFLM(
                pretrained=engine.model, tokenizer=engine.tokenizer, max_length=engine.max_length, batch_size=size
            )
        texts: list[str] = peers[size].generate_until(instances[:part], disable_tqdm=True)
        return texts

    size = best_batch(lambda size: peer(size, TRIED), BATCHES)
    answers, theirs = ours(), peer(size)
    texts = [answer.generations[0].text for answer in answers]
    equal = sum(text.strip() == other.strip() for text, other in zip(texts, theirs, strict=True))
    tokens = sum(answer.generations[0].token_count for answer in answers)
    timing = alternate(ours, lambda: peer(size), options.repeats)
    mine, other = statistics.median(timing.ours), statistics.median(timing.peer)
    row = [
        f"ASDiv, greedy, {len(rows)} items, stop strings", f"{other:.1f}", str(size), f"{mine:.1f}",
        f"{timing.ratio:.2f}", f"{AIM:.1f}", str(tokens), f"{tokens / mine:.0f}", f"{equal} of {len(rows)}",
    ]  # fmt: skip
    table = markdown(HEADINGS, [row])
    print(table)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        about = {**setting(engine.model.device, engine.model.dtype), "repeats": options.repeats}
        result = {"setting": about, "ours": timing.ours, "peer": timing.peer, "ratio": timing.ratio, "equal": equal}
        (options.out / "generation.json").write_text(json.dumps(result, indent=1) + "\n")
        (options.out / "generation.md").write_text(table)


if __name__ == "__main__":
    main()
