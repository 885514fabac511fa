"""A sequence classifier of transformers over texts of any length: overlapping windows, the maximum of each label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_WINDOW = 512
"""Tokens of a window at most: what toxicity classifiers were trained on."""
OVERLAP = 4
"""A window shares one part in so many with the one before it, so that every phrase is whole in some window."""
BATCH_WINDOWS = 64
Activation = Literal["sigmoid", "softmax"]


class SequenceClassifier:
    """Probabilities of every label for texts of any length.

    Args:
        model: A ``…ForSequenceClassification``, in evaluation mode.
        tokenizer: Its tokenizer, with the ``tokenizers`` back end.
        activation: ``sigmoid`` where labels are independent of each other, ``softmax`` where they exclude each other.

    Raises:
        ValueError: The tokenizer cannot cut a text into windows, or no text fits.
    """

    def __init__(self, model: Any, tokenizer: Any, activation: Activation) -> None:  # noqa: ANN401 - classes by name
        self._model, self._tokenizer, self._activation = model, tokenizer, activation
        if not getattr(tokenizer, "is_fast", False):
            msg = "the tokenizer has no tokenizer.json and cannot cut texts into windows"
            raise ValueError(msg)
        if self.room <= 2 * tokenizer.num_special_tokens_to_add():
            msg = f"windows of {self.room} tokens hold no text"
            raise ValueError(msg)

    @property
    def room(self) -> int:
        """Tokens of a window, special ones included; position tables of the RoBERTa family begin after padding."""
        config = self._model.config
        positions = int(getattr(config, "max_position_embeddings", None) or LONGEST_WINDOW)
        if "roberta" in config.model_type or config.model_type == "camembert":
            positions -= int(config.pad_token_id) + 1
        return min(LONGEST_WINDOW, positions)

    @torch.inference_mode()
    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        """One row per text, one probability per label: the maximum over the windows of the text."""
        windows = self._windows(texts)
        owners = windows.pop("overflow_to_sample_mapping")
        parts = []
        for start in range(0, len(owners), BATCH_WINDOWS):
            inputs = {name: tensor[start : start + BATCH_WINDOWS] for name, tensor in windows.items()}
            parts.append(self._activated(self._model(**inputs).logits.float()))
        of_windows = torch.cat(parts)
        rows = torch.full((len(texts), of_windows.shape[1]), -torch.inf)
        rows.scatter_reduce_(0, owners[:, None].expand_as(of_windows), of_windows, "amax")
        values: list[list[float]] = rows.tolist()
        return values

    def _windows(self, texts: Sequence[str]) -> dict[str, torch.Tensor]:
        """The texts as overlapping windows, and the text that each belongs to."""
        free = self.room - int(self._tokenizer.num_special_tokens_to_add())
        encoded = self._tokenizer(
            list(texts),
            truncation=True,
            max_length=self.room,
            stride=free // OVERLAP,
            return_overflowing_tokens=True,
            padding=True,
            return_tensors="pt",
        )
        return dict(encoded)

    def _activated(self, logits: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(logits) if self._activation == "sigmoid" else torch.softmax(logits, dim=-1)
