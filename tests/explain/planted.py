"""A transformer that was trained to follow one rule, so that what its answers depend on is known.

A prompt is a question, a text and a last word behind which the answer stands: the words that are read after the
question can gather what it asks for before the last word looks. Asked the first question, the model says yes where
a text holds both trigger words, else no. The decoy decides the answer to the second question alone, so that the
model has a reason to look at it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.stats import spearmanr

from audit.core.records import Span
from audit.engine import load
from audit.explain.attribute import prepare

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import MaskedPrompt

TRIGGERS = ["red", "blue"]
DECOY = "grey"
FILLERS = [f"word{i}" for i in range(20)]
ANSWERS = ["no", "yes"]
QUESTIONS = ["first", "second"]
END = "so"
VOCABULARY = ["<s>", "</s>", "<pad>", *TRIGGERS, DECOY, *FILLERS, *ANSWERS, *QUESTIONS, END]
IDS = {word: index for index, word in enumerate(VOCABULARY)}
STEPS = 500


@dataclass
class Item:
    """One text."""

    words: list[str]
    question: str

    @property
    def prompt(self) -> str:
        return " ".join([self.question, *self.words, END])

    @property
    def answer(self) -> str:
        wanted = TRIGGERS if self.question == "first" else [DECOY]
        return ANSWERS[set(wanted) <= set(self.words)]

    @property
    def triggers(self) -> set[int]:
        return {index for index, word in enumerate(self.words) if word in TRIGGERS}

    @property
    def decoy(self) -> int:
        return self.words.index(DECOY)


def item(draw: random.Random) -> Item:
    """A text of 3 to 12 words, in which each trigger and the decoy stand or not."""
    words = draw.choices(FILLERS, k=draw.randint(3, 12))
    special = [word for word in (*TRIGGERS, DECOY) if draw.random() < 0.6]
    for place, word in zip(draw.sample(range(len(words)), len(special)), special, strict=True):
        words[place] = word
    return Item(words, draw.choice(QUESTIONS))


def whole_item(draw: random.Random) -> Item:
    """The first question and a text of 10 words that holds both triggers and the decoy."""
    words = draw.choices(FILLERS, k=10)
    for place, word in zip(draw.sample(range(10), 3), (*TRIGGERS, DECOY), strict=True):
        words[place] = word
    return Item(words, QUESTIONS[0])


def network(seed: int) -> Any:
    """A two-layer Llama with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(VOCABULARY), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=64,
        bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(config).eval()


def train(model: Any, seed: int, steps: int = STEPS) -> float:
    """Teach the rule; returns the share of right answers on new texts."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(*_batch(model, [item(draw) for _ in range(64)]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        logits, answers = _batch(model, [item(draw) for _ in range(200)])
    return float((logits.argmax(dim=-1) == answers).float().mean())


def _batch(model: Any, items: list[Item]) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits behind the question and the right answers, padded on the left."""
    rows = [[IDS[word] for word in one.prompt.split()] for one in items]
    wide = max(map(len, rows))
    ids = torch.tensor([[IDS["<pad>"]] * (wide - len(row)) + row for row in rows])
    mask = torch.tensor([[0] * (wide - len(row)) + [1] * len(row) for row in rows])
    places = (mask.cumsum(dim=1) - 1).clamp(min=0)
    logits = model(input_ids=ids, attention_mask=mask, position_ids=places, logits_to_keep=1).logits[:, -1]
    return logits, torch.tensor([IDS[one.answer] for one in items])


def save(model: Any, folder: Path) -> Engine:
    """The model as a checkpoint, with a tokenizer of whole words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel(IDS, unk_token="<pad>"))  # noqa: S106 - no password
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.decoder = decoders.WordPiece(prefix="")
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=words,
        **dict(zip(("bos_token", "eos_token", "pad_token"), VOCABULARY, strict=False)),
    ).save_pretrained(folder)
    return load(str(folder), device="cpu")


def game(engine: Engine, one: Item, *, contrast: bool = False) -> MaskedPrompt:
    """Why this answer, or why not the other one? The words are the features; what is around them is always there."""
    start, end = len(one.question) + 1, len(one.prompt) - len(END) - 1
    part = Span(name="text", kind="field", start=start, end=end)
    other = next(answer for answer in ANSWERS if answer != one.answer)
    return prepare(
        engine,
        one.prompt,
        f" {one.answer}",
        against=f" {other}" if contrast else None,
        max_features=20,
        unit="words",
        spans=[part],
        within=["text"],
    )


@dataclass
class Found:
    """What a method finds in texts that hold both triggers and the decoy, means over texts."""

    recall: float
    """Share of the triggers among the two features of the highest values."""
    decoy: float
    """Share of the texts where the decoy is among them."""
    randomised: float
    """Spearman's correlation of the values with those of the same method on random weights; NaN without them."""


def look(
    method: Method, engine: Engine, randomised: Engine | None, items: list[Item], *, contrast: bool = False
) -> Found:
    """Explain texts with one method, on the trained and, where wanted, on random weights."""
    recalls, decoys, correlations = [], [], []
    for seed, one in enumerate(items):
        values = method.attribute(game(engine, one, contrast=contrast), seed).values
        best = {int(index) for index in np.argsort(-values, kind="stable")[:2]}
        recalls.append(len(best & one.triggers) / 2)
        decoys.append(one.decoy in best)
        if randomised is not None:
            other = method.attribute(game(randomised, one, contrast=contrast), seed).values
            flat = np.ptp(values) == 0 or np.ptp(other) == 0
            correlations.append(0.0 if flat else float(spearmanr(values, other).statistic))
    return Found(float(np.mean(recalls)), float(np.mean(decoys)), float(np.mean(correlations or np.nan)))
