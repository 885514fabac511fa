"""The surrogate against the conditions that its solution must meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import logit

from audit.explain.attribute import prepare
from audit.explain.methods.perturbation import surrogate
from tests.explain.games import TEXT


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
