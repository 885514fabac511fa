"""A prompt with features present or absent, and what the checkpoint then thinks of the target."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.core.errors import ScorerError
from audit.engine import ScoreRequest
from audit.explain.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from audit.engine import Engine, Score
    from audit.explain.prompt.features import Features


@dataclass(frozen=True, slots=True)
class MethodValues:
    """What an attribution method hands back."""

    values: NDArray[np.float64]
    """One per feature, in the method's unit."""
    matrix: NDArray[np.float64] | None = None
    """Shape (output tokens, features): the values of each output token; see :meth:`MaskedPrompt.split`."""
    intervals: NDArray[np.float64] | None = None
    """Shape (features, 2): the 95 % interval of each value's sampling."""
    heads: NDArray[np.float64] | None = None
    """Shape (layers, heads, features): shares of attention."""
    value: float | None = None
    """Value of the whole prompt on the method's own scale; None: that of the game, nats."""
    baseline_value: float | None = None
    """Value at the method's own baseline and on its own scale; None: of the game with every feature absent, nats."""
    evaluations: int | None = None
    """Forward passes, where they did not go through :class:`MaskedPrompt`."""
    stability: float | None = None
    """Rank correlation with values that the method got another way; 1 where it found that nothing can vary. None
    where only another seed can show that."""
    doubt: str | None = None
    """Why these values cannot be believed whatever is measured of them."""
    note: str | None = None
    """What the method found out about this attribution."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What decided the values, apart from checkpoint, prompt and seed, by name."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a method may do where its user decides."""

    steps: int | None = None
    """Points of integrated gradients, compared with one more; None: the method's own numbers."""
    evaluations: int | None = None
    """Masks that a method that samples draws, at most for those that stop by themselves; None: its own number."""


class MaskedPrompt:
    """The game that perturbation methods play: a mask over features goes in, nats come out.

    ``v(mask) = log P(target | present features)``, or with a contrast ``log P(target) − log P(against)``.
    A value is a weighted sum of the log-probabilities of the *output tokens*: the target's tokens, then
    those of each alternative. Each mask is scored once for all of them; methods and faithfulness measures
    of one prompt share the answers.

    Attributes:
        engine: The checkpoint.
        features: The prompt's features.
        prompt: The exact text.
        target: The explained continuation.
        against: The continuation that it is contrasted with, or None.
        alternatives: All continuations that are scored as well as the target; ``against`` is one of them.
        continuations: Token ids of the target, then of each alternative.
        owner: Shape (output tokens,): the continuation of each output token, 0 for the target.
        weights: Shape (output tokens,): 1 for the target's tokens, −1 for those of ``against``, else 0.
        evaluations: Rows scored so far.
        work: What methods and searches took on this prompt, by who caused it.
        effort: How much a method may do; None leaves it to each method.
        remark: What a reader of any attribution of this prompt must know; None where nothing.
        reads_embeddings: Whether log P via embeddings was found to be log P via ids, which gradients rest on.
    """

    effort = Effort()
    remark: str | None = None
    reads_embeddings = False

    def __init__(
        self,
        engine: Engine,
        features: Features,
        prompt: str,
        target: str,
        *,
        against: str | None = None,
        others: Sequence[str] = (),
    ) -> None:
        self.engine = engine
        self.features = features
        self.prompt = prompt
        self.target = target
        self.against = against
        self.alternatives = list(others)
        self.evaluations = 0
        self.continuations = [features.request.target_ids, *features.others]
        self.owner = np.repeat(np.arange(len(self.continuations)), [len(ids) for ids in self.continuations])
        self.weights = np.select([self.owner == 0, (self.owner == 1) & (against is not None)], [1.0, -1.0])
        self.work = Work()
        self._asked: set[bytes] = set()
        self._known: dict[bytes, NDArray[np.float64]] = {}
        self._failed: dict[bytes, str] = {}

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Value of each mask, shape (masks,), nats, in one call of the engine.

        Args:
            masks: Shape (masks, features); True is present.

        Raises:
            ScorerError: The engine has no answer for a mask.
        """
        values: NDArray[np.float64] = self.outputs(masks) @ self.weights
        return values

    def outputs(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Log-probability of each output token under each mask, shape (masks, output tokens), nats.

        Args:
            masks: Shape (masks, features); True is present.

        Raises:
            ScorerError: The engine has no answer for a mask.
        """
        masks = np.asarray(masks, dtype=np.bool_)
        keys = [mask.tobytes() for mask in masks]
        self.prefetch(masks)
        self._asked.update(keys)
        failed = next((self._failed[key] for key in keys if key in self._failed), None)
        if failed:
            msg = f"the target could not be scored with part of the prompt left out: {failed}"
            raise ScorerError(msg)
        return np.stack([self._known[key] for key in keys]).reshape(len(masks), len(self.owner))

    @contextmanager
    def counting(self) -> Iterator[set[bytes]]:
        """Count the different masks that are asked for in a block of code, known before or not.

        Yields:
            A set that holds one key for each of them when the block ends.
        """
        before, self._asked = self._asked, set()
        try:
            yield self._asked
        finally:
            self._asked = before | self._asked

    def prefetch(self, masks: NDArray[np.bool_]) -> list[bytes]:
        """Score masks that will be asked for, in one call of the engine and none where all are known.

        A mask without an answer is no error here: it is one for whoever asks for it.

        Args:
            masks: Shape (masks, features); True is present.

        Returns:
            Key (``mask.tobytes()``) of each mask that was scored, once.
        """
        by_key = {mask.tobytes(): mask for mask in np.asarray(masks, dtype=np.bool_)}
        new = {key: mask for key, mask in by_key.items() if key not in self._known and key not in self._failed}
        contexts = [self.features.context(mask) for mask in new.values()]
        requests = [ScoreRequest(context, ids) for context in contexts for ids in self.continuations]
        scores = self.engine.score(requests) if requests else []
        self.evaluations += len(requests)
        wide = len(self.continuations)
        for index, key in enumerate(new):
            rows = scores[index * wide : (index + 1) * wide]
            error = next((score.error or cut(score) for score in rows if score.error or score.truncated), None)
            if error:
                self._failed[key] = error
            else:
                self._known[key] = np.array([p for score in rows for p in score.log_probs], dtype=np.float64)
        return list(new)

    def split(self, matrix: NDArray[np.float64], **found: object) -> MethodValues:
        """Values of a method that is linear in the game: those of the output tokens, weighted and summed.

        Args:
            matrix: Shape (output tokens, features).
            found: Further fields of :class:`MethodValues`.
        """
        return MethodValues(self.weights @ matrix, matrix, **found)  # type: ignore[arg-type] # its own fields

    @property
    def full(self) -> float:
        """Value with every feature present, nats."""
        return float(self(np.ones((1, len(self.features)), dtype=np.bool_))[0])

    @property
    def empty(self) -> float:
        """Value with every feature absent, nats."""
        return float(self(np.zeros((1, len(self.features)), dtype=np.bool_))[0])

    def token_log_probs(self, *, present: bool) -> NDArray[np.float64]:
        """Log-probability of each output token, nats, with all features present or all absent."""
        tokens: NDArray[np.float64] = self.outputs(np.full((1, len(self.features)), present, dtype=np.bool_))[0]
        return tokens

    def target_log_prob(self, *, present: bool) -> float:
        """Log-probability of the target alone, nats, with all features present or all absent."""
        return float(self.token_log_probs(present=present)[self.owner == 0].sum())


def cut(score: Score) -> str:
    """That the context was too long: another part of the prompt would be missing than the mask says."""
    return f"{score.truncated} tokens of the prompt do not fit the model's context"


def subsets(count: int) -> NDArray[np.bool_]:
    """All subsets, shape (2^count, count); bit i of a row's number says whether feature i is present."""
    return np.asarray((np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1)
