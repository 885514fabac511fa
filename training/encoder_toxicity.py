"""Fits the toxicity scorer that stands on the sentence encoder; writes its weights, prints the figures of its card.

Needs the project's environment, the asset ``all-minilm-l6-v2`` and the data sets that ``encoder_texts.py`` names in
``AUDIT_DATA``. In four steps:

1. Low-rank adapters on the upper half of the encoder and a first head, one epoch over texts that are no ToxiGen; the
   lower half never changes, so its states are computed once.
2. A third head by logistic regression on the means after the lower and the upper half, ToxiGen among the texts. For the
   figures of a group of ToxiGen it is fitted without any text about that group.
3. One logistic regression on the three heads and ``audit-toxicity``, on texts that steps 1 and 2 never saw.
4. Figures by cross-validation of step 3 over texts, and on texts that no step saw.

    python training/encoder_toxicity.py
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from encoder_heads import figures, mixed, polite_head
from encoder_texts import Labelled, texts
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from audit.safety.scorers.audit_toxicity import AuditToxicity
from audit.safety.scorers.encoder.encoder import base_files
from audit.safety.scorers.encoder.network import ADAPTED, Transformer, mean_pooled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MODELS = Path(__file__).resolve().parents[1] / "safety" / "models"
LOW, RANK, BATCH, LONGEST = 3, 32, 64, 64
LEARNING_RATE, SEED = 1e-3, 1
SHORT = 40
"""Tokens of the training texts of step 1 at most, machine-written ones aside."""


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


class Upper(nn.Module):
    """The upper half of the encoder, adapted, and a head with an output for toxicity and one for hate."""

    def __init__(self, base: Transformer) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(SEED)
        self.layers = nn.ModuleList(base.layers[LOW:])
        for layer in self.layers:
            for name in ADAPTED:
                setattr(layer, name, Adapted(getattr(layer, name), generator))
            layer.attended_norm.bfloat16()
            layer.down_norm.bfloat16()
        self.head = nn.Linear(base.words.embedding_dim, 2)
        with torch.no_grad():
            self.head.weight.copy_(torch.randn(self.head.weight.shape, generator=generator) * 0.02)
            self.head.bias.zero_()

    def pooled(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """A vector per text, from its states after the lower half."""
        for layer in self.layers:
            states = layer(states, mask[:, None, None])
        return mean_pooled(states.float(), mask)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Log-odds, texts x 2."""
        pooled = functional.dropout(self.pooled(states, mask), 0.1, training=self.training)
        logits: torch.Tensor = self.head(pooled)
        return logits


class LowerStates:
    """States of texts after the lower half of the encoder, as float16."""

    def __init__(self, base: Transformer, tokenizer: Tokenizer, rows: list[Labelled]) -> None:
        self.ids = [encoding.ids for encoding in tokenizer.encode_batch([row.text for row in rows])]
        self.lengths = np.array([len(ids) for ids in self.ids])
        self._states: list[NDArray[np.float16]] = [np.zeros((0, 0), np.float16)] * len(rows)
        half = base.bfloat16()
        for chosen in self.by_length(np.arange(len(rows)), 2 * BATCH):
            ids, mask = self._padded(chosen)
            states = half.embedded(ids, torch.zeros_like(ids))
            for layer in half.layers[:LOW]:
                states = layer(states, mask[:, None, None])
            for place, number in enumerate(chosen):
                self._states[number] = states[place, : self.lengths[number]].float().numpy().astype(np.float16)

    def by_length(self, numbers: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
        """The texts, shortest first, some at a time."""
        ordered = numbers[np.argsort(self.lengths[numbers], kind="stable")]
        return (ordered[start : start + size] for start in range(0, len(ordered), size))

    def batch(self, numbers: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """States and mask of some texts."""
        _, mask = self._padded(numbers)
        states = torch.zeros(*mask.shape, self._states[0].shape[1], dtype=torch.bfloat16)
        for place, number in enumerate(numbers):
            states[place, : self.lengths[number]] = torch.from_numpy(self._states[number]).bfloat16()
        return states, mask

    def _padded(self, numbers: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        ids = torch.zeros(len(numbers), int(self.lengths[numbers].max()), dtype=torch.long)
        mask = torch.zeros_like(ids, dtype=torch.bool)
        for place, number in enumerate(numbers):
            ids[place, : self.lengths[number]] = torch.tensor(self.ids[number])
            mask[place, : self.lengths[number]] = True
        return ids, mask


def chosen_for_adapters(rows: list[Labelled], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Training texts of step 1: a mixture of kinds, short ones."""
    rng = np.random.default_rng(11)
    kind = np.array([row.kind for row in rows])
    split, toxic = np.array([row.split for row in rows]), np.array([row.toxicity for row in rows]) > 0.5
    name = np.array([row.more if row.kind == "tweets" else "" for row in rows], dtype=object)
    fitted = split == "train"
    parts = [
        rng.permutation(np.flatnonzero(of_kind & fitted & (lengths <= SHORT)))[:count]
        for of_kind, count in (
            (kind == "own", 3400),
            (kind == "misspelt", 500),
            (kind == "prompts", 2400),
            ((kind == "implicit") & toxic, 1600),
            ((kind == "implicit") & ~toxic, 1600),
            (name == "0", 800),
            (name == "1", 400),
            (name == "2", 700),
        )
    ]
    return np.concatenate([*parts, rng.permutation(np.flatnonzero((kind == "machine") & fitted))[:200]])


def fit_adapters(upper: Upper, states: LowerStates, rows: list[Labelled], numbers: NDArray[np.int64]) -> None:
    """One epoch of AdamW; the loss is the cross-entropy with the targets that are known."""
    rng = np.random.default_rng(SEED)
    torch.manual_seed(SEED)
    wanted = torch.tensor([[row.toxicity, row.hate] for row in rows], dtype=torch.float32)
    adapted = [part for name, part in upper.named_parameters() if part.requires_grad and not name.startswith("head")]
    groups = [
        {"params": adapted, "lr": LEARNING_RATE},
        {"params": list(upper.head.parameters()), "lr": 2 * LEARNING_RATE},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = -(-len(numbers) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (0.08 * steps)) * max(0.02, 1 - step / steps)
    )
    upper.train()
    shuffled = numbers[rng.permutation(len(numbers))]
    batches = [
        batch
        for start in range(0, len(shuffled), 25 * BATCH)
        for batch in states.by_length(shuffled[start : start + 25 * BATCH], BATCH)
    ]
    for place in rng.permutation(len(batches)):
        batch = batches[place]
        logits, targets = upper(*states.batch(batch)), wanted[batch]
        losses = functional.binary_cross_entropy_with_logits(logits, targets.nan_to_num(), reduction="none")
        weights = (~targets.isnan()).float() * torch.tensor([1.0, 0.7])
        optimizer.zero_grad()
        ((losses * weights).sum() / len(batch)).backward()
        nn.utils.clip_grad_norm_([*adapted, *upper.head.parameters()], 1.0)
        optimizer.step()
        schedule.step()
    upper.eval()


@torch.inference_mode()
def pooled(upper: Upper, states: LowerStates, count: int) -> NDArray[np.float32]:
    """A vector per text: the means after the lower half and after the upper one."""
    width = upper.head.in_features
    vectors = np.zeros((count, 2 * width), dtype=np.float32)
    for chosen in states.by_length(np.arange(count), 2 * BATCH):
        lower, mask = states.batch(chosen)
        vectors[chosen, :width] = mean_pooled(lower.float(), mask).numpy()
        vectors[chosen, width:] = upper.pooled(lower, mask).numpy()
    return vectors


def write(upper: Upper, arrays: dict[str, NDArray[np.float64]]) -> Path:
    """The weights of the package: adapters as float16, the rest as float32."""
    tensors = {name: torch.tensor(array, dtype=torch.float32) for name, array in arrays.items()}
    for number, layer in enumerate(upper.layers, start=LOW):
        for part in ADAPTED:
            changed = getattr(layer, part)
            tensors[f"{number}.{part}.a"] = changed.a.data.half().contiguous()
            tensors[f"{number}.{part}.b"] = changed.b.data.half().contiguous()
    file = MODELS / "encoder_toxicity.safetensors"
    save_file(tensors, file)
    return file


def main() -> None:
    """Fit, measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="replace the weights of the package")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth text: a trial of the script")
    arguments = parser.parse_args()
    rows = texts()[:: arguments.every]
    files = base_files()
    tokenizer = Tokenizer.from_file(str(files.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    base = Transformer(load_file(files.weights))
    with torch.inference_mode():
        states = LowerStates(base, tokenizer, rows)
    upper = Upper(Transformer(load_file(files.weights)))
    fitted = chosen_for_adapters(rows, states.lengths)
    fit_adapters(upper, states, rows, fitted)
    vectors = pooled(upper, states, len(rows))
    # The first two heads read the upper half alone.
    heads = np.pad(upper.head.weight.detach().numpy(), ((0, 0), (vectors.shape[1] // 2, 0))).astype(float)
    biases = upper.head.bias.detach().numpy().astype(float)
    polite, polite_logits = polite_head(vectors, rows, fitted, np.append(heads[0], biases[0]))
    words = np.array(AuditToxicity().highest([row.text for row in rows]))
    features = np.column_stack([vectors @ heads.T + biases, polite_logits, words])
    weight, bias, values = mixed(features, rows)
    print(json.dumps(figures(values, words, rows), indent=1))
    print("mixture", weight, bias)
    if arguments.write:
        arrays = {"head.weight": np.vstack([heads, polite[:-1]]), "head.bias": np.append(biases, polite[-1])}
        print(write(upper, arrays | {"mix.weight": weight, "mix.bias": np.array(bias)}))


if __name__ == "__main__":
    main()
