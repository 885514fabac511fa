"""Attention rollout and integrated gradients against formulas written out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.errors import WhiteBoxUnavailable
from audit.explain.attribute import prepare
from audit.explain.methods.attention import attention, attention_flow, attention_rollout
from audit.explain.methods.gradients import (
    gradient_x_attention,
    gradient_x_input,
    integrated_gradients,
    integrated_gradients_mean,
    layer_gradient_x_activation,
)
from audit.explain.methods.gradients import sequences as gradients

if TYPE_CHECKING:
    from audit.engine import Engine

TEXT = "Question: which of these is the capital of France? 狗在睡觉。 Answer:"


TARGET = " Paris is"


ATTENTION = [attention, attention_flow, attention_rollout]


GRADIENT = [
    gradient_x_attention,
    gradient_x_input,
    integrated_gradients,
    integrated_gradients_mean,
    layer_gradient_x_activation,
]


WHITE_BOX = [*ATTENTION, *GRADIENT]


@pytest.mark.parametrize("module", WHITE_BOX)
def test_white_box_methods_say_so_when_the_checkpoint_is_not_local(linear: Any, module: Any) -> None:
    with pytest.raises(WhiteBoxUnavailable, match="not local"):
        module.attribute(prepare(linear, TEXT, TARGET, max_features=9), seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("module", [integrated_gradients, integrated_gradients_mean])
def test_integrated_gradients_are_complete_in_a_contrast(tiny: Engine, module: Any) -> None:
    prompt = prepare(tiny, TEXT, TARGET, against=" dog", max_features=12)
    exact = module.attribute(prompt, seed=0)
    alone = [prepare(tiny, TEXT, text, max_features=12).full for text in (TARGET, " dog")]
    assert sum(exact.values) + exact.baseline_value == pytest.approx(alone[0] - alone[1], rel=0.05)


@pytest.mark.parametrize("module", GRADIENT)
def test_gradients_of_a_contrast_are_the_difference(tiny: Engine, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrated_gradients, "STEPS", (20,))  # else each takes as many points as it needs
    contrast = module.attribute(prepare(tiny, TEXT, TARGET, against=" dog", max_features=12), seed=0)
    apart = [module.attribute(prepare(tiny, TEXT, text, max_features=12), seed=0) for text in (TARGET, " dog")]
    np.testing.assert_allclose(contrast.values, apart[0].values - apart[1].values, atol=1e-4)


@pytest.mark.parametrize("module", GRADIENT)
def test_the_matrix_sums_to_what_one_pass_gives(tiny: Engine, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = prepare(tiny, TEXT, " the", against=" dog", max_features=12)
    split = module.attribute(prompt, seed=0)
    monkeypatch.setattr(gradients, "MATRIX_PASSES", 0)
    whole = module.attribute(prompt, seed=0)
    assert whole.matrix is None
    assert whole.evaluations <= (split.evaluations or 0)
    np.testing.assert_allclose(whole.values, split.values, atol=1e-5)
