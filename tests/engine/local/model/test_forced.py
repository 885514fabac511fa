"""Logits of ``generate`` along forced tokens, against one plain pass for each text."""

from __future__ import annotations

import numpy as np
import torch

from audit.engine.local.model.forced import forced_logits
from tests.engine.whole.tiny_types import configuration, random_model

TEXTS = [([5, 6, 7, 8], [9, 10, 11]), ([12, 13], [14, 15, 16]), ([17], [18, 19, 20])]


def test_each_step_has_the_logits_of_a_plain_pass_and_one_step_follows() -> None:
    model = random_model(configuration("llama"))
    own = model.generation_config
    found = forced_logits(
        model, torch.device("cpu"), 2, [(np.array(prompt), np.array(tokens)) for prompt, tokens in TEXTS]
    )
    expected = []
    with torch.no_grad():
        for prompt, tokens in TEXTS:
            logits = model(input_ids=torch.tensor([[*prompt, *tokens]])).logits[0]
            expected.append(logits[len(prompt) - 1 :])
    torch.testing.assert_close(found, torch.cat(expected), atol=1e-4, rtol=1e-4)
    assert model.generation_config is own
