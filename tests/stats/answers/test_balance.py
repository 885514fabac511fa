"""Shares of answers given and right: statsmodels' McNemar test, Holm's adjustment by hand, and counts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from audit.stats.answers.balance import answer_shares, confusion
from audit.stats.pairing.tango import tango

GENERATOR = np.random.default_rng(2)
RIGHT = GENERATOR.integers(3, size=60)
GIVEN = np.where(GENERATOR.random(60) < 0.5, 0, GENERATOR.integers(3, size=60))


@pytest.mark.slow
def test_each_answer_is_tested_by_mcnemar_and_adjusted_by_holm() -> None:
    shares = answer_shares(GIVEN, RIGHT, 3, [None] * 60, seed=1)
    raw = []
    for code, one in enumerate(shares):
        more, less = int(((code == GIVEN) & (code != RIGHT)).sum()), int(((code != GIVEN) & (code == RIGHT)).sum())
        raw.append(mcnemar([[0, more], [less, 0]], exact=True).pvalue)
        assert (one.given, one.right, one.both) == ((code == GIVEN).sum(), (code == RIGHT).sum(), one.given - more)
        ends = tango(more, less, 60, 1 - 0.05 / 3)
        assert one.difference is not None
        assert (one.difference.low, one.difference.high) == (ends.low, ends.high)
    assert [one.p_value for one in shares] == pytest.approx(multipletests(raw, method="holm")[1])
    assert shares[0].p_value < 0.01


def test_items_of_a_cluster_count_together() -> None:
    """All answers of ten clusters of six are alike: ten clusters decide, not sixty items."""
    given, right = np.zeros(60, dtype=np.intp), np.repeat(np.arange(10) % 2, 6)
    alone = answer_shares(given, right, 2, [None] * 60, seed=1)[0]
    together = answer_shares(given, right, 2, [str(i // 6) for i in range(60)], seed=1)[0]
    assert alone.p_value < 1e-6
    assert together.p_value == pytest.approx(2 * 2 * 0.5**5)  # five clusters changed, all one way; two answers


def test_the_matrix_is_scikit_learn_s() -> None:
    assert (confusion(GIVEN, RIGHT, 3) == confusion_matrix(RIGHT, GIVEN)).all()
    assert confusion(np.array([0]), np.array([0]), 2).tolist() == [[1, 0], [0, 0]]
