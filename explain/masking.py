"""A prompt with features present or absent, and what the checkpoint then thinks of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import ScorerError
from audit.engine import ScoreRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from audit.engine import Engine
    from audit.explain.features import Features


@dataclass(frozen=True, slots=True)
class MethodValues:
    """What an attribution method hands back."""

    values: list[float]
    """One per feature, in the method's unit."""
    baseline_log_prob: float | None = None
    """Log-probability of the target at the method's own baseline, nats; None: every feature absent."""
    evaluations: int | None = None
    """Forward passes, where they did not go through :class:`MaskedPrompt`."""
    note: str | None = None
    """What the method found out about this attribution."""


class MaskedPrompt:
    """The game that perturbation methods play: a mask over features goes in, nats come out.

    ``v(mask) = log P(target | present features)``, or with a contrast ``log P(target) − log P(against)``.
    Each mask is scored once; methods and faithfulness measures of one prompt share the answers.

    Attributes:
        engine: The checkpoint.
        features: The prompt's features.
        prompt: The exact text.
        target: The explained continuation.
        against: The continuation that it is contrasted with, or None.
        evaluations: Rows scored so far.
    """

    def __init__(
        self, engine: Engine, features: Features, prompt: str, target: str, against: str | None = None
    ) -> None:
        self.engine = engine
        self.features = features
        self.prompt = prompt
        self.target = target
        self.against = against
        self.evaluations = 0
        self._targets = [features.request.target_ids]
        if against is not None:
            self._targets.append(engine.encode_pair(prompt, against).target_ids)
        self._known: dict[bytes, tuple[float, ...]] = {}

    def __call__(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Value of each mask, nats, in one call of the engine.

        Args:
            masks: Shape (masks, features); True is present.

        Raises:
            ScorerError: The engine has no answer for a mask.
        """
        totals = self._log_probs(np.asarray(masks, dtype=np.bool_))
        value: NDArray[np.float64] = totals[:, 0] - totals[:, 1:].sum(axis=1)
        return value

    @property
    def full(self) -> float:
        """Value with every feature present, nats."""
        return float(self(np.ones((1, len(self.features)), dtype=np.bool_))[0])

    @property
    def empty(self) -> float:
        """Value with every feature absent, nats."""
        return float(self(np.zeros((1, len(self.features)), dtype=np.bool_))[0])

    def target_log_prob(self, *, present: bool) -> float:
        """Log-probability of the target alone, nats, with all features present or all absent."""
        mask = np.full((1, len(self.features)), present, dtype=np.bool_)
        return float(self._log_probs(mask)[0, 0])

    def _log_probs(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Log-probabilities of the targets, shape (masks, targets), nats."""
        new = [mask for key, mask in {mask.tobytes(): mask for mask in masks}.items() if key not in self._known]
        requests = [ScoreRequest(self.features.context(mask), ids) for mask in new for ids in self._targets]
        scores = self.engine.score(requests) if requests else []
        self.evaluations += len(requests)
        for score in scores:
            if score.error:
                msg = f"the target could not be scored with part of the prompt left out: {score.error}"
                raise ScorerError(msg)
        wide = len(self._targets)
        for index, mask in enumerate(new):
            self._known[mask.tobytes()] = tuple(s.total for s in scores[index * wide : (index + 1) * wide])
        return np.array([self._known[mask.tobytes()] for mask in masks], dtype=np.float64).reshape(len(masks), wide)
