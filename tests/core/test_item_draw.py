"""The draw of items under a limit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError
from audit.core.item_draw import choose


@given(st.integers(0, 500), st.integers(1, 600), st.integers(0, 2**32 - 1))
def test_a_draw_is_sorted_without_repeats_and_as_large_as_asked(n: int, limit: int, seed: int) -> None:
    drawn = choose(n, limit, seed, "boolq")
    assert drawn == sorted(set(drawn))
    assert len(drawn) == min(n, limit)
    assert all(0 <= index < n for index in drawn)


def test_no_limit_takes_all() -> None:
    assert choose(5, None, 1, "boolq") == [0, 1, 2, 3, 4]


def test_the_draw_is_the_documented_one() -> None:
    generator = random.Random("1234/boolq")  # noqa: S311 - a draw, not a secret
    assert choose(1000, 7, 1234, "boolq") == sorted(generator.sample(range(1000), 1000)[:7])


@given(st.integers(1, 500), st.integers(1, 600), st.integers(1, 600), st.integers(0, 2**32 - 1))
def test_a_larger_limit_adds_items_to_those_of_a_smaller_one(n: int, one: int, other: int, seed: int) -> None:
    small, large = sorted((one, other))
    assert set(choose(n, small, seed, "boolq")) <= set(choose(n, large, seed, "boolq"))


@pytest.mark.parametrize(
    ("n", "limit", "count"),
    [(1000, 0.1, 100), (1001, 0.1, 101), (3, 0.1, 1), (1, 0.001, 1), (9, 0.999, 9), (9, "all", 9)],
)
def test_a_share_is_rounded_up_to_at_least_one_item(n: int, limit: float, count: int) -> None:
    assert len(choose(n, limit, 1, "boolq")) == count


def test_seed_and_name_both_decide() -> None:
    draws = [choose(1000, 20, seed, name) for seed in (1, 2) for name in ("boolq", "mmlu")]
    assert len({tuple(draw) for draw in draws}) == 4


@pytest.mark.parametrize("limit", [0, -3, -0.5, 1.5])
def test_a_limit_that_is_no_count_and_no_share_is_an_error(limit: float) -> None:
    with pytest.raises(ConfigError, match=f"boolq: limit must be at least 1 or a share below 1, found {limit}"):
        choose(10, limit, 1, "boolq")
