"""What the gradient methods share: the token sequences of a prompt, their log-probabilities, sums over features.

Gradients are taken along the input embeddings, with all weights as they are. Some architectures look up more by token
id than these, and compute another function, or nothing, from embeddings alone: before any gradient is taken,
log P via embeddings is compared with log P via ids.
"""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from audit.core.errors import RAISED_BY_OTHERS, AuditError, ScorerError, WhiteBoxUnavailable
from audit.core.text import printable
from audit.explain.prompt.game import MethodValues

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Many

    from numpy.typing import NDArray

    from audit.engine import Engine
    from audit.explain.prompt.game import MaskedPrompt

MATRIX_PASSES = 64
"""Backward passes that the values of each output token may cost; where more were needed there is no matrix."""
BATCHED_BYTES = 2**28
"""Of the gradients of one batch of backward passes: bounds memory."""
FEWEST_LOGITS = 4
"""Positions whose logits are computed at least: products of fewer rows are rounded otherwise than those of many."""
WIDTHS_PER_TOKEN = 32
"""Numbers that are alive per token in a backward pass through one layer, in embedding widths."""
ROUNDING = 1e-3
"""Nats per token by which two ways to compute one log-probability may differ in float32."""
ROUNDING_STEPS = 8
"""The same in shorter types: so many times the distance of 1 to the next number. Other kernels get eight times that."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """The prompt with one continuation, as the checkpoint reads it."""

    model: Any
    """The checkpoint's weights."""
    ids: torch.Tensor
    """Context and continuation without its last token, shape (1, tokens)."""
    target: torch.Tensor
    """The continuation's tokens, shape (targets,); those of all that differ in their last token alone."""
    owned: tuple[int, ...]
    """Positions that belong to features, ascending."""
    outputs: tuple[int, ...]
    """Which output tokens of the game the targets are."""
    back: torch.Tensor
    """How far before the last position each target is predicted, shape (targets,)."""
    known: torch.Tensor | None = None
    """Log-probability of each target as the engine computed it; None where embeddings need not be compared with ids."""

    @property
    def wide(self) -> int:
        """Positions at the end that predict targets."""
        return int(self.back.max()) + 1

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """What the checkpoint looks up by token id, detached, shape (1, tokens, width).

        That is the input embeddings and, behind them, the per-layer embeddings of Gemma 3n and Gemma 4: both are the
        token's.
        """
        embeddings: torch.Tensor = self.model.get_input_embeddings()(ids).detach()
        tables = per_layer_tables(self.model)
        if tables is None:
            return embeddings
        looked_up = tables.get_per_layer_inputs(ids).detach().flatten(start_dim=2)
        return torch.cat([embeddings, looked_up.to(embeddings)], dim=-1)

    def inputs(self, embeddings: torch.Tensor) -> dict[str, torch.Tensor]:
        """The arguments of a forward pass from what :meth:`embed` gives, shape (rows, tokens, width)."""
        embeddings = embeddings.clone()  # CTRL and others scale what they are given in place
        tables = per_layer_tables(self.model)
        if tables is None:
            return {"inputs_embeds": embeddings}
        shape = tables.config.num_hidden_layers, tables.config.hidden_size_per_layer_input
        width = embeddings.shape[-1] - shape[0] * shape[1]
        per_layer = embeddings[..., width:].reshape(*embeddings.shape[:-1], *shape)
        return {"inputs_embeds": embeddings[..., :width], "per_layer_inputs": per_layer}

    def log_probs(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Log-probability of each token of the continuation, shape (rows, targets), float32 or wider."""
        return self.chosen(self.model(**self.inputs(embeddings), use_cache=False, **self.kept()).logits)

    def log_probs_of_ids(self) -> torch.Tensor:
        """The same as the checkpoint computes it from token ids, shape (targets,)."""
        return self.chosen(self.model(input_ids=self.ids, use_cache=False, **self.kept()).logits)[0]

    def kept(self) -> dict[str, int]:
        """The argument by which a forward pass computes few logits but the continuation's, where there is one."""
        takes = "logits_to_keep" in inspect.signature(self.model.forward).parameters
        return {"logits_to_keep": max(FEWEST_LOGITS, self.wide)} if takes else {}

    def chosen(self, logits: torch.Tensor) -> torch.Tensor:
        """Log-probability of each token of the continuation, from the logits of all positions."""
        last = logits[:, -self.wide :]
        log_probs = last.to(torch.promote_types(last.dtype, torch.float32)).log_softmax(dim=-1)
        if self.wide < len(self.target):  # several targets at one position
            log_probs = log_probs.index_select(1, self.wide - 1 - self.back)
        return log_probs.gather(2, self.target.expand(len(last), -1)[..., None])[..., 0]

    def compared(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of one forward pass, shape (targets,), once they are known to be those by ids.

        A second pass decides where rounding may.

        Args:
            embeddings: Of the sequence, shape (1, tokens, width).

        Raises:
            WhiteBoxUnavailable: The architecture computes another function, or nothing, from embeddings, or part of its
                answer without gradients.
        """
        if self.known is None:
            return self.log_probs(embeddings)[0]
        name = type(self.model).__name__
        with torch.enable_grad(), _noticing_constants(self.model) as constants:
            try:
                found = self.log_probs(embeddings)[0]
            except torch.OutOfMemoryError:
                raise
            except RAISED_BY_OTHERS as error:
                msg = f"{name} computes nothing from embeddings without ids ({_first_line(error)}): use occlusion"
                raise WhiteBoxUnavailable(msg) from error
        if constants:
            msg = f"{name} computes part of its answer without gradients ({constants[0]}): use occlusion"
            raise WhiteBoxUnavailable(msg)
        if are_close(self.model, found, self.known):
            return found
        with torch.no_grad():
            by_ids = self.log_probs_of_ids()  # the same kernels: what is left is no rounding of batches
        if not are_close(self.model, found, by_ids):
            values = f"{float(found.sum()):.2f} nats) than from ids ({float(by_ids.sum()):.2f}"
            msg = f"{name} computes another function from embeddings ({values}): use occlusion"
            raise WhiteBoxUnavailable(msg)
        return found


class Pull(Protocol):
    """One method's values of one sequence."""

    def __call__(self, sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
        """Value of each position, shape (rows, tokens), nats, of the log-probabilities weighted and summed.

        Args:
            sequence: Prompt and continuation.
            weights: Shape (rows, targets): of the log-probability of each token of the continuation.
        """


def gradients(
    sequence: Sequence, outputs: torch.Tensor, weights: torch.Tensor, inputs: Many[torch.Tensor]
) -> Iterator[Any]:
    """Gradients of weighted sums of a forward pass's outputs, on its graph.

    Many backward passes go through the layers as one batch: a pass of a short prompt alone reads all weights for few
    tokens. An architecture of which some part cannot be batched gets one pass per row.

    Args:
        sequence: Prompt and continuation.
        outputs: Of one forward pass: the log-probabilities, shape (targets,), or what they are computed from.
        weights: Shape (rows, …), each row of the outputs' shape.
        inputs: What is differentiated by; one that the graph does not hold has None for its gradient.

    Yields:
        For each row one gradient per input, of the input's shape.
    """
    given = weights.to(outputs)
    together = 1 if len(given) == 1 else _rows_together(sequence, outputs, inputs)
    for rows in torch.split(given, together):
        found = _batched(outputs, rows, inputs) if together > 1 else None
        if found is None:
            together = 1
            for row in rows:
                yield torch.autograd.grad(outputs, inputs, row, retain_graph=True, allow_unused=True)
        else:
            for number in range(len(rows)):
                yield tuple(None if one is None else one[number] for one in found)


def _rows_together(sequence: Sequence, outputs: torch.Tensor, inputs: Many[torch.Tensor]) -> int:
    """Rows of which the gradients fit into ``BATCHED_BYTES``; at least one."""
    rows, width = sequence.model.get_input_embeddings().weight.shape
    tokens = sequence.ids.shape[1]
    logits = sequence.kept().get("logits_to_keep", tokens) if outputs.dim() == 1 else 0  # states are before the head
    numbers = 3 * logits * rows + WIDTHS_PER_TOKEN * tokens * width + sum(one.numel() for one in inputs)
    return max(1, int(BATCHED_BYTES // (numbers * outputs.element_size())))


def _batched(
    outputs: torch.Tensor, rows: torch.Tensor, inputs: Many[torch.Tensor]
) -> tuple[torch.Tensor | None, ...] | None:
    """Gradients of all rows, each with a dimension of rows in front; None where they cannot be taken together."""
    try:
        found: tuple[torch.Tensor | None, ...] = torch.autograd.grad(
            outputs, inputs, rows, retain_graph=True, allow_unused=True, is_grads_batched=True
        )
    except RAISED_BY_OTHERS:  # memory included: row by row needs less, and says what is at fault
        return None
    return found


def row_by_row(pull: Pull) -> Pull:
    """A method whose forward pass a library makes, once for each row."""

    def pull_all(sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
        return torch.cat([pull(sequence, row[None]) for row in weights])

    return pull_all


def explain(
    prompt: MaskedPrompt, pull: Pull, passes: int = 1, *, compares: bool = False, **found: object
) -> MethodValues:
    """Values of all features, per output token where ``MATRIX_PASSES`` allow it.

    Args:
        prompt: The game.
        pull: The method.
        passes: Passes with gradients that one row of weights takes.
        compares: Whether the method itself compares embeddings with ids in its pass (:meth:`Sequence.compared`).
        found: Further fields of :class:`MethodValues`.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, or computes another function from embeddings than from ids.
        ScorerError: A gradient is not finite.
    """
    each = sequences(prompt, compared=not compares)
    device = each[0].ids.device
    if passes * len(prompt.owner) <= MATRIX_PASSES:
        matrix = np.zeros((len(prompt.owner), len(prompt.features)))
        for sequence in each:
            rows = _pulled(pull, sequence, torch.eye(len(sequence.target), device=device))
            matrix[list(sequence.outputs)] = [by_feature(prompt, row) for row in rows]
        prompt.reads_embeddings = True
        return prompt.split(matrix, evaluations=passes * len(matrix), **found)
    values = np.zeros(len(prompt.features))
    weighted = [sequence for sequence in each if prompt.weights[list(sequence.outputs)].any()]
    for sequence in weighted:
        weights = torch.tensor(prompt.weights[list(sequence.outputs)], dtype=torch.float32, device=device)
        values += by_feature(prompt, _pulled(pull, sequence, weights[None])[0])
    return MethodValues(values, evaluations=passes * len(weighted), **found)  # type: ignore[arg-type] # its own fields


def _pulled(pull: Pull, sequence: Sequence, weights: torch.Tensor) -> torch.Tensor:
    """What a method gives; whatever an architecture raises while it is differentiated becomes one line.

    Raises:
        WhiteBoxUnavailable: It cannot be differentiated.
    """
    try:
        return pull(sequence, weights)
    except (AuditError, torch.OutOfMemoryError):
        raise
    except RAISED_BY_OTHERS as error:
        msg = f"{type(sequence.model).__name__}: its gradient cannot be taken ({_first_line(error)}): use occlusion"
        raise WhiteBoxUnavailable(msg) from error


def sequences(prompt: MaskedPrompt, *, compared: bool = True) -> list[Sequence]:
    """The prompt with its target and each alternative; continuations that differ in their last token alone are one.

    Args:
        prompt: The game.
        compared: Whether embeddings are compared with ids now, where that was not done for the prompt; else each
            sequence brings along what it is to be compared with.

    Raises:
        WhiteBoxUnavailable: The checkpoint is not local, or computes another function from embeddings than from ids.
    """
    model: Any = prompt.engine.model
    owned = tuple(sorted(position for positions in prompt.features.positions for position in positions))
    # What depends on the prompt is compared for each: a padding token in it may have no position by ids.
    known = None if prompt.reads_embeddings else torch.tensor(prompt.token_log_probs(present=True))
    each = []
    tokens = [token for continuation in prompt.continuations for token in continuation]
    for ids, outputs, back in _read(prompt):
        each.append(
            Sequence(
                model,
                torch.tensor([ids], device=model.device),
                torch.tensor([tokens[output] for output in outputs], device=model.device),
                owned,
                outputs,
                torch.tensor(back, device=model.device),
                None if known is None else known[list(outputs)],
            )
        )
    if known is not None and compared:
        for sequence in each:
            # Nothing that requires gradients goes in, so that no graph is kept although they are enabled.
            sequence.compared(sequence.embed(sequence.ids))
        prompt.reads_embeddings = True
    return each


def _read(prompt: MaskedPrompt) -> list[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """What is read to predict all output tokens: token ids, the output tokens, and how far back each is predicted."""
    context = prompt.features.request.context_ids
    found: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    first = 0
    for continuation in prompt.continuations:
        places = [(first + place, len(continuation) - 1 - place) for place in range(len(continuation))]
        found.setdefault((*context, *continuation[:-1]), []).extend(places)
        first += len(continuation)
    return [(ids, *zip(*places, strict=True)) for ids, places in found.items()]  # type: ignore[misc] # two columns


@contextmanager
def _noticing_constants(model: Any) -> Iterator[list[str]]:  # noqa: ANN401 - any transformers model
    """Names of the blocks that run while gradients are switched off, although they are enabled outside of the model."""
    constants: list[str] = []

    def notice(block: Any, _inputs: object) -> None:  # noqa: ANN401 - any module
        if not torch.is_grad_enabled():
            constants.append(type(block).__name__)

    lists = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList)]
    handles = [block.register_forward_pre_hook(notice) for blocks in lists for block in blocks]
    try:
        yield constants
    finally:
        for handle in handles:
            handle.remove()


def are_close(model: Any, found: torch.Tensor, known: torch.Tensor, kernels: int = 1) -> bool:  # noqa: ANN401 - any transformers model
    """Whether log-probabilities are equal up to the rounding of the checkpoint's type.

    Args:
        model: The checkpoint's weights.
        found: Log-probability of each token, nats.
        known: The same, computed otherwise.
        kernels: 8 where other kernels computed them.
    """
    bound = max(ROUNDING, kernels * ROUNDING_STEPS * torch.finfo(model.dtype).eps)
    return bool((found.detach().double().cpu() - known.double().cpu()).abs().max() <= bound)


def _first_line(error: BaseException) -> str:
    """Type and message of an exception on one line."""
    return f"{type(error).__name__}: {printable(str(error).strip().partition(chr(10))[0], 120)}"


def per_layer_tables(model: Any) -> Any:  # noqa: ANN401 - any transformers model and a part of it
    """The part of a model that looks up embeddings for each layer by token id; None where there is none."""
    found = (part for part in model.modules() if hasattr(part, "get_per_layer_inputs"))
    return next((part for part in found if part.config.hidden_size_per_layer_input), None)


def by_feature(prompt: MaskedPrompt, by_token: torch.Tensor) -> NDArray[np.float64]:
    """Sums over the positions of each feature, shape (features,).

    Args:
        prompt: The game.
        by_token: Values of tokens of the context.

    Raises:
        ScorerError: A value is not finite.
    """
    if not bool(by_token.isfinite().all()):
        msg = "a gradient is NaN or infinite: the weights or the dtype are at fault"
        raise ScorerError(msg)
    values = by_token.detach().double().cpu().numpy()
    return np.array([values[list(positions)].sum() for positions in prompt.features.positions])


def game_value(prompt: MaskedPrompt, each: Many[Sequence], log_probs: Many[torch.Tensor]) -> float:
    """Value of the game from the log-probabilities of each sequence's tokens, shape (targets,) each.

    Args:
        prompt: The game.
        each: Its sequences.
        log_probs: Of each.
    """
    tokens = np.zeros(len(prompt.owner))
    for sequence, found in zip(each, log_probs, strict=True):
        tokens[list(sequence.outputs)] = found.detach().double().cpu().numpy()
    return float(prompt.weights @ tokens)


def neutral_token(engine: Engine) -> int:
    """The token that stands for nothing: a single space where it is one token, else the prefix token.

    Not the padding token: its embedding is often zero or was never trained.
    """
    space = engine.encode(" ", add_special_tokens=False)
    return space[-1] if space else engine.prefix_token_id
