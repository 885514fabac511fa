"""The sentence encoder with adapters that learn: transformers' BERT, its own weights as bfloat16 and fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from audit.safety.scorers.encoder.encoder import ADAPTED, bert_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from audit.safety.scorers.encoder.encoder import EncoderFiles

LOW, RANK, BATCH, LONGEST = 3, 32, 64, 64
"""Layers that stay as they are, the first ones; rank of the adapters; texts of a step; tokens of a text, the rest is
cut."""
DROPOUT = 0.1
WARM_UP, LOWEST = 0.06, 0.02
"""Share of the steps in which the learning rate rises, and what it falls to."""


class Adapted(nn.Module):
    """A linear part of the encoder with a low-rank change; the part itself stays as it is."""

    def __init__(self, part: nn.Linear, generator: torch.Generator) -> None:
        super().__init__()
        self.fixed, self.bias = part.weight.data.bfloat16(), part.bias.data.bfloat16()
        outputs, inputs = self.fixed.shape
        self.a = nn.Parameter(torch.randn(RANK, inputs, generator=generator) / inputs**0.5)
        self.b = nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """The part's output, plus that of the change."""
        changed = functional.linear(functional.linear(states, self.a.bfloat16()), self.b.bfloat16())
        return functional.linear(states, self.fixed, self.bias) + changed


class Learner(nn.Module):
    """The upper half of the encoder, adapted, and heads for toxicity, hate, and, for training alone, toxicity again.

    A head reads the mean of the states after the lower half and after the upper one.
    """

    def __init__(self, files: EncoderFiles, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        bert = bert_of(files)
        bert.config._attn_implementation = "eager"  # faster for short texts that learn, by a half
        bert.config.hidden_dropout_prob = bert.config.attention_probs_dropout_prob = 0.0
        self.layers = bert.bfloat16().encoder.layer[LOW:]
        for part in self.layers.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
        for layer in self.layers:
            for name in ADAPTED:
                parent, _, last = name.rpartition(".")
                owner = layer.get_submodule(parent)
                setattr(owner, last, Adapted(getattr(owner, last), generator))
        self.heads = nn.Linear(bert.config.hidden_size * 2, 3)
        with torch.no_grad():
            self.heads.weight.copy_(torch.randn(self.heads.weight.shape, generator=generator) * 0.02)
            self.heads.bias.zero_()

    def forward(self, lower: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Log-odds, texts x 3, from the states after the lower half."""
        logits: torch.Tensor = self.heads(functional.dropout(self.pooled(lower, mask), DROPOUT, self.training))
        return logits

    def pooled(self, lower: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Means of the states after both halves, texts x twice the width."""
        states, added = lower, hidden(mask)
        for layer in self.layers:
            states = layer(states, added)
        counted = mask[..., None].float()
        return torch.cat([(after.float() * counted).sum(1) / counted.sum(1) for after in (lower, states)], 1)

    def adapters(self) -> dict[str, torch.Tensor]:
        """By the names of the package's file, as float16."""
        return {
            f"{number}.{part}.{half}": getattr(layer.get_submodule(part), half).data.half().contiguous()
            for number, layer in enumerate(self.layers, start=LOW)
            for part in ADAPTED
            for half in "ab"
        }


def hidden(mask: torch.Tensor) -> torch.Tensor:
    """What is added to attention before its softmax: much below zero where there is padding."""
    return ((1 - mask) * -1e4).bfloat16()[:, None, None]


class LowerStates:
    """States of texts after the lower half of the encoder, which never changes, as bfloat16."""

    def __init__(self, files: EncoderFiles, texts: list[str]) -> None:
        tokenizer = Tokenizer.from_file(str(files.tokenizer))
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST)
        self.ids = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        self.lengths = np.array([len(ids) for ids in self.ids])
        self._bert = bert_of(files).bfloat16()
        self._bert.encoder.layer = self._bert.encoder.layer[:LOW]
        self.states: dict[int, torch.Tensor] = {}

    def compute(self, used: NDArray[np.int64]) -> None:
        """Have the states of some texts at hand."""
        ordered = used[np.argsort(self.lengths[used], kind="stable")]
        for start in range(0, len(ordered), 4 * BATCH):
            numbers = ordered[start : start + 4 * BATCH]
            with torch.inference_mode():
                found = self._bert(input_ids=self._padded(numbers), attention_mask=self._mask(numbers))
            for place, number in enumerate(numbers):
                self.states[int(number)] = found.last_hidden_state[place, : self.lengths[number]].clone()

    def batch(self, numbers: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """States and mask of some texts."""
        chosen = [self.states[int(number)] for number in numbers]
        return nn.utils.rnn.pad_sequence(chosen, batch_first=True), self._mask(numbers)

    def _mask(self, numbers: NDArray[np.int64]) -> torch.Tensor:
        lengths = torch.from_numpy(self.lengths[numbers])
        return (torch.arange(int(lengths.max())) < lengths[:, None]).long()

    def _padded(self, numbers: NDArray[np.int64]) -> torch.Tensor:
        rows = [torch.tensor(self.ids[number]) for number in numbers]
        return nn.utils.rnn.pad_sequence(rows, batch_first=True)

    def batches(self, numbers: NDArray[np.int64], rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """One epoch: texts of similar length together, in random order."""
        shuffled = numbers[rng.permutation(len(numbers))]
        made: list[NDArray[np.int64]] = []
        for start in range(0, len(shuffled), 25 * BATCH):
            part = shuffled[start : start + 25 * BATCH]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            made += [part[at : at + BATCH] for at in range(0, len(part), BATCH)]
        return (made[place] for place in rng.permutation(len(made)))


def fit(
    learner: Learner,
    lower: LowerStates,
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    epochs: list[NDArray[np.int64]],
    rate: float,
    seed: int,
) -> None:
    """AdamW; the loss is the cross-entropy with the targets that are known.

    Args:
        learner: Changed in place.
        lower: Of all texts.
        targets: Texts x 3, between 0 and 1; not a number where nobody said.
        weights: Texts x 3, of the losses.
        epochs: The texts of each epoch.
        rate: The highest learning rate of the adapters; heads learn twice as fast.
        seed: Of the order and of dropout.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    wanted = torch.tensor(np.nan_to_num(targets), dtype=torch.float32)
    weighed = torch.tensor(weights * ~np.isnan(targets), dtype=torch.float32)
    heads = list(learner.heads.parameters())
    adapted = [part for part in learner.layers.parameters() if part.requires_grad]
    groups: list[dict[str, Any]] = [{"params": adapted}, {"params": heads, "lr": 2 * rate}]
    optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01)
    batches = [batch for numbers in epochs for batch in lower.batches(numbers, rng)]
    steps = len(batches)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (WARM_UP * steps)) * max(LOWEST, 1 - step / steps)
    )
    learner.train()
    recent = 0.0
    for step, batch in enumerate(batches, start=1):
        losses = functional.binary_cross_entropy_with_logits(
            learner(*lower.batch(batch)), wanted[batch], reduction="none"
        )
        loss = (losses * weighed[batch]).sum() / len(batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([*adapted, *heads], 1.0)
        optimizer.step()
        schedule.step()
        recent += float(loss.detach())
        if step % 50 == 0 or step == steps:
            print(f"step {step} of {steps}, loss {recent / (step % 50 or 50):.3f}", flush=True)
            recent = 0.0
    learner.eval()
