"""Scores of membership attacks, against their formulas."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from audit.engine import Score
from audit.safety.probes.privacy.membership_attacks import attacks, blind
from audit.stats.ranking import auroc


def test_attacks_equal_their_formulas() -> None:
    log_probs, means = (-1.0, -2.0, -6.0, -0.5, -3.0), (-3.0, -2.5, -4.0, -1.0, -2.0)
    deviations = (1.0, 0.5, 2.0, 1.0, 2.0)
    found = attacks("some text", Score(log_probs, (False,) * 5, means, deviations))
    assert found["loss"] == pytest.approx(-12.5 / 5)
    assert found["zlib"] == pytest.approx(-12.5 / len(zlib.compress(b"some text")))
    assert found["min_k"] == -6.0  # one of five is 20 %
    assert found["min_k_plus"] == pytest.approx(min((-1 + 3) / 1, (-2 + 2.5) / 0.5, (-6 + 4) / 2, 0.5, -0.5))
    ten = attacks("x", Score(log_probs * 2, (False,) * 10, means * 2, deviations * 2))
    assert ten["min_k"] == -6.0
    fifteen = (*log_probs * 2, -5.0, -4.0, -9.0, -1.0, -1.0)
    found = attacks("x", Score(fifteen, (False,) * 15, means * 3, deviations * 3))
    assert found["min_k"] == pytest.approx((-9 - 6 - 6) / 3)


def test_the_blind_baseline_sees_what_differs_by_itself() -> None:
    draws = np.random.default_rng(1)
    words = [f"w{i}" for i in range(50)]
    same = [" ".join(draws.choice(words, 30)) for _ in range(80)]
    found = blind(same[:40], same[40:], 1)
    assert found is not None
    assert 0.25 < auroc(*found) < 0.75
    dated = [f"{text} in 2024" for text in same[:40]]
    found = blind(dated, same[40:], 1)
    assert found is not None
    assert auroc(*found) > 0.95
    assert blind(same[:4], same[40:], 1) is None


def test_a_small_spread_divides_and_none_counts_as_a_millionth() -> None:
    found = attacks("x", Score((-1.0, -2.0), (False,) * 2, (-1.5, -1.0), (0.05, 10.0)))
    assert found["min_k_plus"] == pytest.approx(-1 / 10)
    found = attacks("x", Score((-1.0, -2.0), (False,) * 2, (-0.5, -2.0), (0.05, 1.0)))
    assert found["min_k_plus"] == pytest.approx(-0.5 / 0.05)
    found = attacks("x", Score((-2.0,), (False,), (-1.0,), (0.0,)))
    assert found["min_k_plus"] == pytest.approx(-1e6)


def weights(texts: list[str], known: list[str]) -> np.ndarray:
    """TF-IDF by its formula: (1 + ln tf) (1 + ln((1 + n) / (1 + df))), of length 1; words as white space parts them."""
    words = sorted({word for text in known for word in text.split()})
    idf = [1 + np.log((1 + len(known)) / (1 + sum(word in text.split() for text in known))) for word in words]
    rows = [[1 + np.log(n) if (n := text.split().count(word)) else 0.0 for word in words] for text in texts]
    table = np.array(rows) * np.array(idf)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def test_the_blind_baseline_is_logistic_regression_in_five_folds() -> None:
    draws = np.random.default_rng(3)
    words = ["a", "B", "b", "c,", "w1", "w2", "W2", "w3"]
    seen, unseen = ([" ".join(draws.choice(words, 12)) for _ in range(count)] for count in (9, 5))
    texts, labels = [*seen, *unseen], np.array([1.0] * 9 + [0.0] * 5)
    expected = np.empty(14)
    seed = 2**32 + 7
    for train, test in StratifiedKFold(5, shuffle=True, random_state=7).split(texts, labels):
        known = [texts[i] for i in train]
        fitted = LogisticRegression(C=10.0, max_iter=1000).fit(weights(known, known), labels[train])
        expected[test] = weights([texts[i] for i in test], known) @ fitted.coef_[0] + fitted.intercept_[0]
    found = blind(seen, unseen, seed)
    assert found is not None
    assert found[0] == pytest.approx(expected[:9], abs=1e-3)
    assert found[1] == pytest.approx(expected[9:], abs=1e-3)
