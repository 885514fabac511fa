from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from audit.reports.attribution.agreement import mean_agreement, rank_agreement

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_agreement_is_spearmans_formula(records: Records) -> None:
    """Without ties 1 − 6 Σ d² / (n (n² − 1)): Spearman 1904."""
    one = records["matrix"](list("abcde"), ["x"], values=[0.1, 0.9, -0.5, 2.0, 0.3])
    other = one.model_copy(update={"values": [0.2, 0.1, -9.0, 0.4, 0.3]})
    ranks = [2, 4, 1, 5, 3], [3, 2, 1, 5, 4]
    squares = sum((a - b) ** 2 for a, b in zip(*ranks, strict=True))
    expected = 1 - 6 * squares / (5 * (25 - 1))
    table = rank_agreement([one, other])
    assert all(found is not None for row in table for found in row)
    assert math.isclose(table[0][1] or 0.0, expected)
    assert table[0][1] == table[1][0]
    assert math.isclose(table[0][0] or 0.0, 1.0)
    assert math.isclose(mean_agreement([one, other]) or 0.0, expected)


def test_other_pieces_and_equal_values_have_no_agreement(records: Records) -> None:
    one = records["matrix"](list("abc"), ["x"], values=[1.0, 2.0, 3.0])
    other_pieces = records["matrix"](["ab", "c"], ["x"], values=[1.0, 2.0])
    constant = one.model_copy(update={"values": [0.5, 0.5, 0.5]})
    assert rank_agreement([one, other_pieces])[0][1] is None
    assert rank_agreement([one, constant])[0][1] is None
    assert mean_agreement([one, constant]) is None
