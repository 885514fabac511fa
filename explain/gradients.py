"""What the gradient methods share: the token sequences of a prompt, their log-probabilities, sums over features.

Gradients are taken along the input embeddings, with all weights as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from audit.core.errors import ScorerError
from audit.explain.masking import MethodValues

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Many

    from numpy.typing import NDArray

    from audit.engine import Engine
    from audit.explain.masking import MaskedPrompt

MATRIX_PASSES = 64
"""Backward passes that the values of each output token may cost; where more were needed there is no matrix."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """The prompt with one continuation, as the checkpoint reads it."""

    model: Any
    """The checkpoint's weights."""
    ids: torch.Tensor
    """Context and continuation without its last token, shape (1, tokens)."""
    target: torch.Tensor
    """The continuation's tokens, shape (targets,)."""
    owned: tuple[int, ...]
    """Positions that belong to features, ascending."""

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Input embeddings, detached, shape (1, tokens, width)."""
        embeddings: torch.Tensor = self.model.get_input_embeddings()(ids).detach()
        return embeddings

    def log_probs(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Log-probability of each token of the continuation, shape (rows, targets), float32 or wider."""
        logits = self.model(inputs_embeds=embeddings, use_cache=False).logits
        return self.chosen(logits)

    def chosen(self, logits: torch.Tensor) -> torch.Tensor:
        """Log-probability of each token of the continuation, from the logits of all positions."""
        last = logits[:, -len(self.target) :]
        log_probs = last.to(torch.promote_types(last.dtype, torch.float32)).log_softmax(dim=-1)
        return log_probs.gather(2, self.target.expand(len(last), -1)[..., None])[..., 0]


class Pull(Protocol):
    """One method's values of one sequence."""

    def __call__(self, sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
        """Value of each position, shape (rows, tokens), nats, of the log-probabilities weighted and summed.

        Args:
            sequence: Prompt and continuation.
            weights: Shape (rows, targets): of the log-probability of each token of the continuation.
        """


def gradients(log_probs: torch.Tensor, weights: torch.Tensor, inputs: Many[torch.Tensor]) -> Iterator[Any]:
    """Gradients of weighted sums of log-probabilities, one backward pass per row on the graph of one forward pass.

    Args:
        log_probs: Shape (targets,), of one forward pass.
        weights: Shape (rows, targets).
        inputs: What is differentiated by; one that the graph does not hold has None for its gradient.
    """
    for number, row in enumerate(weights, start=1):
        again = number < len(weights)
        yield torch.autograd.grad(log_probs.mul(row).sum(), inputs, retain_graph=again, allow_unused=True)


def row_by_row(pull: Pull) -> Pull:
    """A method whose forward pass a library makes, once for each row."""

    def pull_all(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
        return torch.cat([pull(sequence, row[None]) for row in weights])

    return pull_all


def explain(prompt: MaskedPrompt, pull: Pull, passes: int = 1, **found: object) -> MethodValues:
    """Values of all features, per output token where ``MATRIX_PASSES`` allow it.

    Args:
        prompt: The game.
        pull: The method.
        passes: Passes with gradients that one row of weights takes.
        found: Further fields of :class:`MethodValues`.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local.
        ScorerError: A gradient is not finite.
    """
    each = sequences(prompt)
    device = each[0].ids.device
    if passes * len(prompt.owner) <= MATRIX_PASSES:
        rows = [
            by_feature(prompt, one)
            for sequence in each
            for one in pull(sequence, torch.eye(len(sequence.target), device=device))
        ]
        return prompt.split(np.array(rows), evaluations=passes * len(rows), **found)
    values = np.zeros(len(prompt.features))
    weighted = [index for index in range(len(each)) if prompt.weights[prompt.owner == index].any()]
    for index in weighted:
        weights = torch.tensor(prompt.weights[prompt.owner == index], dtype=torch.float32, device=device)
        values += by_feature(prompt, pull(each[index], weights[None])[0])
    return MethodValues(values, evaluations=passes * len(weighted), **found)  # type: ignore[arg-type] # its own fields


def sequences(prompt: MaskedPrompt) -> list[Sequence]:
    """The prompt with its target, then with each alternative.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local.
    """
    model: Any = prompt.engine.model
    context = prompt.features.request.context_ids
    owned = tuple(sorted(position for positions in prompt.features.positions for position in positions))
    return [
        Sequence(
            model,
            torch.tensor([context + ids[:-1]], device=model.device),
            torch.tensor(ids, device=model.device),
            owned,
        )
        for ids in prompt.continuations
    ]


def by_feature(prompt: MaskedPrompt, by_token: torch.Tensor) -> NDArray[np.float64]:
    """Sums over the positions of each feature, shape (features,).

    Raises:
        ScorerError: A value is not finite.
    """
    if not bool(by_token.isfinite().all()):
        msg = "a gradient is NaN or infinite: the weights or the dtype are at fault"
        raise ScorerError(msg)
    values = by_token.detach().double().cpu().numpy()
    return np.array([values[list(positions)].sum() for positions in prompt.features.positions])


def game_value(prompt: MaskedPrompt, log_probs: Many[torch.Tensor]) -> float:
    """Value of the game from the log-probabilities of each sequence's tokens, shape (targets,) each."""
    return float(prompt.weights @ torch.cat([one.detach().double().cpu() for one in log_probs]).numpy())


def neutral_token(engine: Engine) -> int:
    """The token that stands for nothing: a single space where it is one token, else the prefix token.

    Not the padding token: its embedding is often zero or was never trained.
    """
    space = engine.encode(" ", add_special_tokens=False)
    return space[-1] if space else engine.prefix_token_id
