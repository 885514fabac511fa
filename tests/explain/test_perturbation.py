"""Occlusion, LIME and the surrogate: against naive loops on the model itself, other tools, games with known answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from scipy.special import logit

from audit.core.errors import UsageError
from audit.explain.attribute import prepare
from audit.explain.methods import kernel_shap, lime, occlusion, optional_packages, shap_partition, shapley, surrogate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.engine import Engine
    from audit.explain.prompt.game import MaskedPrompt


TEXT = "Question: which of these is the capital of France? 狗在睡觉。\n\nShe said: Paris! 🤖 Answer:"
# Importing shap takes seconds.
SHAP = [pytest.param(module.attribute, marks=pytest.mark.slow) for module in (shap_partition, kernel_shap)]
LINEAR_METHODS = [occlusion.attribute, shapley.attribute, lime.attribute, *SHAP]


def naive_log_prob(engine: Engine, context: Sequence[int], target: Sequence[int]) -> float:
    """One unpadded forward pass, log-softmax in float64, token by token."""
    with torch.no_grad():
        logits = engine.model(torch.tensor([[*context, *target]])).logits[0].double()
    log_probs = torch.log_softmax(logits, dim=-1)
    return float(sum(log_probs[len(context) - 1 + i, token] for i, token in enumerate(target)))


def naive_game(engine: Engine, prompt: MaskedPrompt) -> Callable[[Sequence[int]], float]:
    """The value of a set of present features, by dropping token positions one at a time."""
    request = prompt.features.request

    def value(present: Sequence[int]) -> float:
        ids = list(enumerate(request.context_ids))
        for index, owned in enumerate(prompt.features.positions):
            if index not in present:
                ids = [(position, token) for position, token in ids if position not in owned]
        return naive_log_prob(engine, [token for _, token in ids] or [engine.prefix_token_id], request.target_ids)

    return value


def test_occlusion_equals_a_naive_loop(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, " Paris is", max_features=48)
    value = naive_game(tiny, prompt)
    everything = range(len(prompt.features))
    expected = [value(everything) - value([j for j in everything if j != i]) for i in everything]
    found = occlusion.attribute(prompt, seed=0)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert prompt.evaluations == len(prompt.features) + 1


def test_occlusion_equals_captum_feature_ablation(tiny: Engine) -> None:
    from captum.attr import FeatureAblation

    prompt = prepare(tiny, TEXT, " Paris", max_features=48)
    value = naive_game(tiny, prompt)

    def forward(masks: torch.Tensor) -> torch.Tensor:
        return torch.tensor([value([int(i) for i in mask.nonzero()]) for mask in masks])

    ones = torch.ones(1, len(prompt.features))
    expected = FeatureAblation(forward).attribute(ones, baselines=torch.zeros_like(ones))
    found = occlusion.attribute(prompt, seed=0)
    np.testing.assert_allclose(found.values, expected[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("method", LINEAR_METHODS)
@pytest.mark.parametrize("text", [TEXT, "one", "one two"])
def test_a_linear_game_gives_its_weights_back(linear: Any, method: Callable[..., object], text: str) -> None:
    prompt = prepare(linear, text, " x", max_features=48)
    ids = prompt.features.request.context_ids
    expected = [sum(linear.weight(ids[p]) for p in owned) for owned in prompt.features.positions]
    found = method(prompt, seed=3)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


@pytest.mark.parametrize("method", [shapley.attribute, lime.attribute, surrogate.attribute, SHAP[1]])
def test_sampling_is_seeded_and_leaves_the_global_generator_alone(tiny: Engine, method: Callable[..., object]) -> None:
    np.random.seed(5)  # noqa: NPY002 - the generator that must stay as it is
    expected = np.random.get_state()[1].copy()  # noqa: NPY002 - see above
    first = method(prepare(tiny, TEXT, " x", max_features=48), seed=1).values
    np.testing.assert_array_equal(np.random.get_state()[1], expected)  # noqa: NPY002 - see above
    np.testing.assert_array_equal(method(prepare(tiny, TEXT, " x", max_features=48), seed=1).values, first)
    assert (method(prepare(tiny, TEXT, " x", max_features=48), seed=2).values != first).any()


def test_lime_draws_masks_as_lime_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lime, "FEWEST_SAMPLES", 4000)
    masks = lime.design(6, seed=0)
    assert (masks[0] == 1).all()
    absent = (masks[1:] == 0).sum(axis=1)
    assert set(absent) == {1, 2, 3, 4, 5, 6}
    shares = np.bincount(absent, minlength=7)[1:] / len(absent)
    np.testing.assert_allclose(shares, 1 / 6, atol=0.03)


def test_limes_kernel_is_limes_default() -> None:
    from lime.lime_text import LimeTextExplainer

    distances = np.linspace(0, 100, 11)
    np.testing.assert_allclose(lime.kernel(distances), LimeTextExplainer().base.kernel_fn(distances))


def test_the_surrogate_meets_the_conditions_of_lasso(linear: Any) -> None:
    """Tibshirani 1996: standardised columns correlate with the residual by the penalty where they are used, else less.

    On masks drawn as ContextCite draws them and the log-odds per target token, as Cohen-Wang et al. have it.
    """
    prompt = prepare(linear, TEXT, " x y", max_features=48)
    found = surrogate.attribute(prompt, seed=2)
    masks, length = surrogate.design(len(prompt.features), seed=2), len(prompt.continuations[0])
    assert abs(masks.mean() - 0.5) < 0.05
    columns = (masks - masks.mean(axis=0)) / masks.std(axis=0)
    wanted = logit(np.exp(prompt(masks))) / length
    fitted = columns @ (found.values / length * masks.std(axis=0))
    residual = wanted - fitted
    slopes = columns.T @ (residual - residual.mean()) / len(masks)
    used = found.values != 0
    np.testing.assert_allclose(slopes[used], surrogate.PENALTY * np.sign(found.values[used]), atol=1e-3)
    assert np.abs(slopes[~used]).max(initial=0) <= surrogate.PENALTY + 1e-3
    ids = prompt.features.request.context_ids
    weights = [sum(linear.weight(ids[p]) for p in owned) for owned in prompt.features.positions]
    assert np.corrcoef(found.values, weights)[0, 1] > 0.99


def test_log_odds_are_scipys_logit() -> None:
    shares = np.array([1e-30, 1e-5, 0.2, 0.5, 0.999])
    np.testing.assert_allclose(surrogate.log_odds(np.log(shares)), logit(shares), rtol=1e-9)
    assert np.isfinite(surrogate.log_odds(np.array([0.0]))).all()


def test_a_missing_package_says_what_to_install() -> None:
    with pytest.raises(UsageError, match=r"pip install checkpoint-audit\[explain\]"):
        optional_packages.import_package("no_such_package_anywhere.part", "shap")
