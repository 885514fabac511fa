"""The baseline of integrated gradients that is the mean embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from audit.explain.attribute import prepare
from audit.explain.methods.gradients import integrated_gradients_mean
from audit.explain.methods.gradients import sequences as gradients

if TYPE_CHECKING:
    from audit.engine import Engine


def test_the_mean_embedding_is_that_of_what_the_model_looks_up(tiny: Engine) -> None:
    [sequence] = gradients.sequences(prepare(tiny, "one two", " x", max_features=9))
    mean = tiny.model.get_input_embeddings().weight.mean(dim=0)
    rows = integrated_gradients_mean.mean_embedding(sequence, tiny)[0]
    for position in range(rows.shape[0]):
        wanted = mean if position in sequence.owned else sequence.embed(sequence.ids)[0, position]
        torch.testing.assert_close(rows[position], wanted)
