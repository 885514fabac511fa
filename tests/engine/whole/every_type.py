"""What the engine makes of every causal model type, against one sequence at a time; writes the documentation's table.

    python -m tests.engine.whole.every_type --write

builds each type tiny, loads it as users do, scores and generates. Types that transformers cannot build or run here are
listed with its reason.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers
from transformers import GenerationConfig

from audit.core.errors import CheckpointError
from audit.engine import GenerateRequest, ScoreRequest, load
from audit.engine.local.plan.cost import Cost
from tests.engine.whole import tiny_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.engine.local.engine import TransformersEngine

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "architectures.md"
BEGIN, END = "<!-- table: python -m tests.engine.whole.every_type --write -->", "<!-- end of table -->"
TRUNKS = Cost(token=1e6, pair=1e4, copy=0.0, call=0.0)
"""Rows of 32 tokens at most: whatever is longer and shared becomes a trunk."""
WITHIN = 1e-4
"""Of the log-probability of each target token; DESIGN's bound against lm-eval's HFLM."""
PROMPTS = ("The quick brown fox", "Question: which of", "x", "lazy dog " * 12)
NEW_TOKENS = 4
GROUPS = {
    "shared": "exact; prefixes are shared, texts are generated in continuous batches",
    "batched": "exact; sequences are computed whole, in padded batches",
    "alone": "exact; computed one sequence at a time where a batch would change the result",
    "scores": "scores are exact; no text, because transformers' `generate` differs from the model's own forward pass",
    "refused": "refused with one line",
    "not built": "not tried: transformers does not build or run the tiny configuration",
}
"""Kinds of outcome, in the order of the table."""


@dataclass(frozen=True)
class Outcome:
    """What became of one model type."""

    group: str
    why: str = ""
    """Why it is not shared, refused or not built."""


def outcome(kind: str, folder: Path, tokenizer: PreTrainedTokenizerBase) -> tuple[Outcome, TransformersEngine | None]:
    """Build a type in an empty folder, load it, and compare it with a plain loop.

    Returns:
        What became of it, and the loaded checkpoint; None where it is not built or refused.

    Raises:
        AssertionError: A score or a text that is not the plain loop's.
    """
    try:
        model = tiny_types.random_model(tiny_types.configuration(kind))
        with torch.no_grad():
            model(input_ids=torch.arange(3, 60)[None])
    except Exception as error:  # noqa: BLE001 - whatever transformers raises is the reason
        return Outcome("not built", _first_line(error)), None
    model.generation_config = GenerationConfig(bos_token_id=0, eos_token_id=1, pad_token_id=2)
    model.config.forced_eos_token_id = model.config.forced_bos_token_id = None
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    try:
        engine = load(str(folder), device="cpu")
    except CheckpointError as error:
        return Outcome("refused", str(error).replace(f"{folder}: ", "").partition(", and cannot be")[0]), None
    return compared(engine), engine


def compared(engine: TransformersEngine) -> Outcome:
    """Compare scores and texts with a plain loop."""
    check_scores(engine, requests())
    forward = engine._forward
    texts = check_texts(engine)
    if forward.shares and forward.decodes and texts:
        return Outcome("shared")
    if not texts:
        return Outcome("scores", forward.why_not)
    alone = forward.alone is not None or (not forward.decodes and not engine._generator.generates.batches)
    return Outcome("alone" if alone else "batched", forward.why_not)


def requests() -> list[ScoreRequest]:
    """A head that all share, options that part at different depths, loners; many longer than window and selection."""
    draw = torch.Generator().manual_seed(3)
    ids = torch.randint(3, 384, (600,), generator=draw).tolist()
    head = tuple(ids[:100])
    asked = [ScoreRequest(head + tuple(ids[60 + 5 * i : 64 + 9 * i]), tuple(ids[i : i + 3])) for i in (0, 5)]
    asked += [ScoreRequest(asked[0].context_ids, (ids[i], 5)) for i in range(2)]
    asked += [ScoreRequest(head[: 10 * i], (7, 8, 9)) for i in (1, 3)]
    loners = [((*ids[230:234],), (9, 10)), ((5,), (9,)), ((5,), tuple(ids[300:450]))]
    return [*asked, *(ScoreRequest(*one) for one in loners)]


def check_scores(engine: TransformersEngine, asked: Sequence[ScoreRequest]) -> None:
    """Scores by two plans, in two orders, against one unpadded pass per request."""
    expected = [plain_log_probs(engine.model, request) for request in asked]
    found = engine.score(asked)
    engine._forward.cost = TRUNKS
    for scores in (found, engine.score(asked[::-1])[::-1]):
        for score, wanted in zip(scores, expected, strict=True):
            assert score.error is None
            worst = max(abs(a - b) for a, b in zip(score.log_probs, wanted, strict=True))
            assert worst <= WITHIN, f"{worst:.2g} nats from a plain pass"


def check_texts(engine: TransformersEngine) -> bool:
    """Greedy texts against a loop of unpadded passes; False where the engine says that it reports none."""
    answers = engine.generate([GenerateRequest(prompt, max_new_tokens=NEW_TOKENS) for prompt in PROMPTS])
    if all(answer.error for answer in answers):
        return False
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        ids = engine.encode(prompt)
        if answer.error and len(ids) == 1:  # Recurrent Gemma takes it for the next token of the prompt before
            continue
        wanted = engine.tokenizer.decode(plain_text(engine.model, ids), skip_special_tokens=True)
        assert answer.generations[0].text == wanted
    return True


def plain_log_probs(model: Any, request: ScoreRequest) -> list[float]:
    """One unpadded pass over the input that lm-eval's HFLM computes, softmax in float64.

    The last target token is never an input. Sparse attention with equal index scores may see other positions in a
    sequence that is longer by one.
    """
    ids = [*request.context_ids, *request.target_ids][:-1]
    with torch.no_grad():
        log_probs = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].double().log_softmax(-1)
    start = len(request.context_ids) - 1
    return [float(log_probs[start + i, token]) for i, token in enumerate(request.target_ids)]


def plain_text(model: Any, ids: Sequence[int]) -> list[int]:
    """Greedy tokens, the whole sequence computed for each."""
    tokens: list[int] = []
    while len(tokens) < NEW_TOKENS and tokens[-1:] != [1]:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([[*ids, *tokens]]), use_cache=False).logits
        tokens.append(int(logits[0, -1].argmax()))
    return tokens


def table(outcomes: dict[str, Outcome]) -> str:
    """The outcomes as Markdown: per group its types, by reason."""
    lines = [f"transformers {transformers.__version__}, {len(outcomes)} types:", ""]
    lines += ["| result | types | why |", "|---|---|---|"]
    for group, meaning in GROUPS.items():
        whys = sorted({found.why for found in outcomes.values() if found.group == group})
        for why in whys:
            kinds = [kind for kind, found in sorted(outcomes.items()) if found == Outcome(group, why)]
            named = " ".join(f"`{kind}`" for kind in kinds)
            reason = why.replace("|", "/")
            lines.append(f"| {meaning} | {len(kinds)}: {named} | {reason} |")
    return "\n".join(lines)


def written() -> str:
    """The table as the documentation has it."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def _first_line(error: Exception) -> str:
    """Type and message of an exception on one line, short."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:160]


def main(arguments: Iterable[str]) -> None:
    """Print the table, or write it into the documentation."""
    from tests.conftest import _tiny_tokenizer

    outcomes = {}
    for kind in tiny_types.types():
        with tempfile.TemporaryDirectory() as folder:
            outcomes[kind], _ = outcome(kind, Path(folder), _tiny_tokenizer())
        print(kind, outcomes[kind], file=sys.stderr)  # noqa: T201 - a script
    text = table(outcomes)
    if "--write" in arguments:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    else:
        print(text)  # noqa: T201 - a script


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    main(sys.argv[1:])
