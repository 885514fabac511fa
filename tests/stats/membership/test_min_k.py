"""Min-K % and Min-K % ++ against the formulas of the authors' published code."""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.membership.min_k import min_k, min_k_plus


def test_the_published_code_gives_the_same() -> None:
    """``run.py`` of github.com/zjysteven/mink-plus-plus, with its names: ``k_length = int(len * ratio)``."""
    generator = np.random.default_rng(3)
    probs = generator.dirichlet(np.ones(50), size=37)
    log_probs = np.log(probs)
    token_log_probs = log_probs[np.arange(37), generator.integers(50, size=37)]
    mu = (probs * log_probs).sum(-1)
    sigma = (probs * np.square(log_probs)).sum(-1) - np.square(mu)
    theirs = {}
    for name, values in (("mink", token_log_probs), ("mink++", (token_log_probs - mu) / np.sqrt(sigma))):
        theirs[name] = np.mean(np.sort(values)[: int(len(values) * 0.2)])
    assert min_k(token_log_probs) == pytest.approx(theirs["mink"], rel=1e-12)
    assert min_k_plus(token_log_probs, mu, np.sqrt(sigma)) == pytest.approx(theirs["mink++"], rel=1e-9)


def test_one_token_counts_at_least_and_nothing_is_divided_by_zero() -> None:
    assert min_k([-3.0, -1.0]) == -3.0
    assert min_k_plus([-1.0], [-1.0], [0.0]) == 0.0
