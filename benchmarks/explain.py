"""Attributions compared with Captum, SHAP and Inseq: same prompt, target, model object, evaluations and threads.

python benchmarks/explain.py --out benchmarks/results
python benchmarks/explain.py --only "few-shot" --repeats 1
python benchmarks/explain.py --memory

Captum is ``LLMAttribution`` with ``forward_in_tokens=False`` (its default path gives wrong numbers with this
transformers), SHAP its Partition explainer with its own text masker over a batched forward pass that keeps the logits
of the target alone. Inseq is timed where it can be imported.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from measure import Results, alternate, best_batch, loaded, matrix_rate, options, seconds, setting

from audit.core.assets import dataset
from audit.core.records import Span
from audit.explain.attribute import prepare
from audit.explain.methods.registry import find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.explain.prompt.game import MaskedPrompt

HEADINGS = ("peer", "workload", "features", "evaluations", "peer s", "peer batch", "ours s", "ratio", "aim", "max Δ")
BATCHES = (1, 4, 8, 16)
"""Sizes of SHAP's batches that are tried."""
NOTHING = " "
"""What SHAP writes for what is masked; its masker takes no empty text."""
SHORT_WORDS = 60
"""Words of a passage that is explained whole by peers that take minutes for a long one."""
LONG_TOKENS, LONG_TARGET, LONG_FEATURES = 8000, 100, 8


@dataclass(frozen=True)
class Work:
    """A prompt of which a part is explained."""

    name: str
    before: str
    """What comes before the explained part."""
    explained: str
    after: str
    target: str
    share: float
    """The aim for the ratio."""

    @property
    def prompt(self) -> str:
        """The whole."""
        return self.before + self.explained + self.after

    def game(self, engine: Any, **options: Any) -> MaskedPrompt:
        """A fresh game over the words of the explained part: nothing is known of it yet."""
        start = len(self.before)
        span = Span(name="explained", kind="field", start=start, end=start + len(self.explained))
        within = [] if self.explained == self.prompt else ["explained"]
        return prepare(
            engine, self.prompt, self.target, unit="words", max_features=1, spans=[span], within=within, **options
        )


def works() -> list[Work]:
    """Prompts from the data sets at hand: five shots, a passage, a template, and one that is explained whole."""
    quiz = dataset("openbookqa").rows
    shots = "\n\n".join(f"Question: {row['question']}\nAnswer: {_answer(row)}" for row in quiz[:10]) + "\n\nQuestion: "
    asked, answer = str(quiz[11]["question"]), f" {_answer(quiz[11])}"
    passage = dataset("boolq").rows[0]
    text, question = str(passage["passage"]), str(passage["question"])
    system = (
        "<|im_start|>system\nYou are a careful assistant. Answer in one short sentence, name no source, and say that "
        "you do not know where you do not. Never repeat the question. Use plain words that a child understands."
        "<|im_end|>\n<|im_start|>user\n"
    )
    brief = next(row for row in dataset("boolq").rows if len(str(row["passage"]).split()) <= SHORT_WORDS)
    briefly = f"{brief['passage']}\nQuestion: {brief['question']}?\nAnswer:"
    words = str(brief["passage"]).split()
    return [
        Work("few-shot: the question of a 10-shot prompt", shots, asked, "\nAnswer:", answer, 5.0),
        Work("passage: the question after a passage", f"{text}\nQuestion: ", question, "?\nAnswer:", " yes", 5.0),
        Work("template: the user's words", system, asked, "<|im_end|>\n<|im_start|>assistant\n", answer.strip(), 5.0),
        Work("whole: every word of a passage with its question", "", f"{text}\nQuestion: {question}?\nAnswer:", "",
             " yes", 2.5),
        Work("short: every word of a short passage with its question", "", briefly, "", " yes", 2.5),
        Work("answer: 30 words before an answer of 20", "", " ".join(words[:30]), "", f" {' '.join(words[30:50])}",
             2.5),
    ]  # fmt: skip


def _answer(row: dict[str, Any]) -> str:
    """Text of the right option."""
    choices = row["choices"]
    texts = choices["text"] if isinstance(choices, dict) else choices
    key = row.get("answerKey", row.get("answer"))
    return str(texts["ABCD".index(key)] if isinstance(key, str) else texts[int(key)])


def compare_with_captum(engine: Any, work: Work, repeats: int) -> dict[str, Any]:
    """Leave one word out, with Captum's feature ablation as the peer."""
    from captum.attr import FeatureAblation, LLMAttribution, TextTemplateInput

    words = [feature.text for feature in work.game(engine).features.records]
    template = TextTemplateInput(
        template=lambda *parts: work.before + "".join(parts) + work.after,
        values=words,
        baselines=[""] * len(words),
    )
    captum = LLMAttribution(FeatureAblation(engine.model), engine.tokenizer)
    found: list[Any] = []

    def peer() -> None:
        ids = torch.tensor(engine.encode_pair(work.prompt, work.target).target_ids)
        found[:] = [captum.attribute(template, target=ids, forward_in_tokens=False).seq_attr]

    made: list[Any] = []

    def ours() -> None:
        engine._forward.forget()
        made[:] = [find("occlusion").attribute(work.game(engine), 0).values]

    row = _row(engine, ours, peer, repeats, work, len(words), len(words) + 1)
    row["max_difference"] = float(np.abs(made[0] - found[0].cpu().numpy()).max())
    return row


class _TextScorer:
    """log P(target) of changed texts, in padded batches, as SHAP's text masker asks for them."""

    def __init__(self, engine: Any, work: Work, size: int) -> None:
        self.engine, self.work, self.size = engine, work, size
        self.target = engine.encode_pair(work.prompt, work.target).target_ids
        self.count = 0

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """One value per text; all of them are counted."""
        encode, none = self.engine.encode, [self.engine.prefix_token_id]
        contexts = [encode(self.work.before + text + self.work.after) or none for text in texts]
        rows = [[*context, *self.target[:-1]] for context in contexts]
        self.count += len(rows)
        starts = range(0, len(rows), self.size)
        return np.array([value for start in starts for value in self._batch(rows[start : start + self.size])])

    @torch.inference_mode()
    def _batch(self, rows: list[list[int]]) -> list[float]:
        width = max(map(len, rows))
        ids = torch.tensor([[self.engine.prefix_token_id] * (width - len(row)) + row for row in rows])
        seen = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        kept = len(self.target)
        logits = self.engine.model(ids, attention_mask=seen, logits_to_keep=kept).logits.log_softmax(-1)
        picked = logits.gather(2, torch.tensor(self.target).expand(len(rows), -1)[..., None])
        return list(picked.sum(dim=(1, 2)).tolist())


def compare_with_shap(engine: Any, work: Work, repeats: int) -> dict[str, Any]:
    """Owen values over a partition tree, with SHAP's text masker as the peer."""
    import shap

    scorer = _TextScorer(engine, work, max(BATCHES))
    game = work.game(engine)
    budget = 2 * len(game.features) + 1
    masker = shap.maskers.Text(engine.tokenizer, mask_token=NOTHING, collapse_mask_token=True)
    explainer = shap.PartitionExplainer(scorer, masker)

    def peer() -> None:
        scorer.count = 0
        explainer([work.explained], max_evals=budget, batch_size=scorer.size, silent=True)

    def at(tried: int) -> None:
        scorer.size = tried
        peer()

    scorer.size = best_batch(at, BATCHES)
    peer()
    masks = _as_many(game, scorer.count)

    def ours() -> None:
        engine._forward.forget()
        work.game(engine).outputs(masks)

    row = _row(engine, ours, peer, repeats, work, len(game.features), scorer.count)
    row["peer_batch"] = scorer.size
    return row


def _as_many(game: MaskedPrompt, count: int) -> np.ndarray:
    """As many masks as the peer evaluated, those that the partition tree of our features asks for first."""
    met: dict[bytes, np.ndarray] = {}
    outputs = game.outputs

    def noted(masks: np.ndarray) -> np.ndarray:
        met.update({mask.tobytes(): mask for mask in np.asarray(masks, dtype=np.bool_)})
        return outputs(masks)

    game.outputs = noted  # type: ignore[method-assign]
    find("shap_partition").attribute(game, 0)
    masks = list(met.values())
    if len(masks) < count:
        generator = np.random.default_rng(0)
        masks += list(generator.random((count - len(masks), len(game.features))) < 0.5)
    return np.array(masks[:count])


def compare_with_inseq(engine: Any, work: Work, repeats: int) -> dict[str, Any]:
    """Occlusion of every token, with Inseq's occlusion as the peer."""
    import inseq

    peer_model = inseq.load_model(engine.model, "occlusion", tokenizer=engine.tokenizer)

    def peer() -> None:
        peer_model.attribute(work.prompt, work.prompt + work.target, show_progress=False)

    def ours() -> None:
        engine._forward.forget()
        game = prepare(engine, work.prompt, work.target, unit="tokens", max_features=1)
        find("occlusion").attribute(game, 0)

    tokens = len(engine.encode(work.prompt))
    return {**_row(engine, ours, peer, repeats, work, tokens, tokens + 1), "aim": 20.0}


def _row(
    engine: Any,
    ours: Callable[[], None],
    peer: Callable[[], None],
    repeats: int,
    work: Work,
    features: int,
    evaluations: int,
) -> dict[str, Any]:
    """Both timed in turn, each warm."""
    ours()
    timing = alternate(ours, peer, repeats, lambda: matrix_rate(engine.model.device, engine.model.dtype))
    return {
        "workload": work.name, "features": features, "evaluations": evaluations,
        "peer_seconds": statistics.median(timing.peer), "peer_batch": 1, "seconds": statistics.median(timing.ours),
        "ratio": timing.ratio, "aim": work.share, "max_difference": None,
        "ours": timing.ours, "peer": timing.peer, "matrix_rates": timing.rates,
    }  # fmt: skip


def four_options(engine: Any, repeats: int) -> dict[str, float]:
    """Seconds of explaining a choice among four options over those of explaining one, by how options are given."""
    row = dataset("openbookqa").rows[11]
    choices = row["choices"]
    texts = list(choices["text"] if isinstance(choices, dict) else choices)
    listed = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", texts, strict=True))
    prompts = {
        "texts, not in the prompt": (f"Question: {row['question']}\nAnswer:", [f" {text}" for text in texts]),
        "letters, listed in the prompt": (f"Question: {row['question']}\n{listed}\nAnswer:", [f" {x}" for x in "ABCD"]),
    }

    def explained(prompt: str, target: str, options: Sequence[str]) -> float:
        engine._forward.forget()
        return seconds(
            lambda: find("occlusion").attribute(
                prepare(engine, prompt, target, options=options, unit="words", max_features=1), 0
            )
        )

    found = {}
    for name, (prompt, given) in prompts.items():
        explained(prompt, given[0], given)
        found[name] = statistics.median(
            explained(prompt, given[0], given) / explained(prompt, given[0], []) for _ in range(repeats)
        )
    return found


def memory(engine: Any) -> None:
    """Peak memory of the process after occlusion on a long prompt, printed."""
    words = " ".join(str(row["passage"]) for row in dataset("boolq").rows[:100])
    prompt = engine.tokenizer.decode(engine.encode(words)[:LONG_TOKENS])
    target = " " + engine.tokenizer.decode(engine.encode(words)[LONG_TOKENS : LONG_TOKENS + LONG_TARGET])
    started = time.perf_counter()
    game = prepare(engine, prompt, target, max_features=LONG_FEATURES)
    find("occlusion").attribute(game, 0)
    request = game.features.request
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(request.context_ids):,} prompt tokens, {len(request.target_ids)} target tokens, {len(game.features)}"
        f" features, {game.evaluations} evaluations: peak {peak:.2f} GiB, {time.perf_counter() - started:.0f} s"
    )


PEERS = {"Captum": compare_with_captum, "SHAP": compare_with_shap, "Inseq": compare_with_inseq}


def main() -> None:
    """Measure and write."""
    parser = options(__doc__)
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    parser.add_argument("--peers", default="Captum,SHAP", help=f"of {', '.join(PEERS)}")
    parser.add_argument("--memory", action="store_true", help="the long prompt alone")
    arguments = parser.parse_args()
    engine = loaded(arguments)
    if arguments.memory:
        memory(engine)
        return
    results = Results(arguments.out and arguments.out / "explain.json", setting(arguments, engine))
    for peer in arguments.peers.split(","):
        for work in works():
            name = f"{peer}: {work.name}"
            if arguments.only in work.name and not (arguments.missing and name in results.rows):
                results.add(name, PEERS[peer](engine, work, arguments.repeats))
                print(_line(name, results.rows[name]), flush=True)
    print(results.table(HEADINGS, _line))
    for name, ratio in four_options(engine, max(arguments.repeats, 3)).items():
        print(f"four options over one ({name}): {ratio:.2f}")


def _line(name: str, row: dict[str, Any]) -> list[str]:
    differs = row["max_difference"]
    return [
        name.split(":", maxsplit=1)[0], row["workload"], str(row["features"]), str(row["evaluations"]),
        f"{row['peer_seconds']:.2f}", str(row["peer_batch"]), f"{row['seconds']:.2f}", f"{row['ratio']:.2f}",
        f"{row['aim']:.1f}", "–" if differs is None else f"{differs:.1e}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
