"""The draw of items under a limit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError
from audit.core.item_draw import choose, choose_clusters, first_items


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


CLUSTERS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40)


@given(CLUSTERS, st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_whole_clusters_are_drawn_until_there_are_enough_items(clusters: list[str], limit: int, seed: int) -> None:
    drawn = choose_clusters(clusters, limit, seed, "boolq")
    chosen = {clusters[place] for place in drawn}
    assert drawn == [place for place, cluster in enumerate(clusters) if cluster in chosen]
    assert len(drawn) >= min(limit, len(clusters))
    without_one = [len(drawn) - clusters.count(cluster) for cluster in chosen]
    assert min(without_one) < limit  # the last cluster was needed


@given(CLUSTERS, st.integers(1, 50), st.integers(1, 50))
def test_a_larger_limit_adds_clusters_to_those_of_a_smaller_one(clusters: list[str], one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert set(choose_clusters(clusters, small, 7, "t")) <= set(choose_clusters(clusters, large, 7, "t"))


def test_the_order_of_clusters_is_the_documented_one() -> None:
    names = [f"c{place}" for place in range(20)]
    order = random.Random("1234/boolq").sample(names, 20)  # noqa: S311 - a draw, not a secret
    drawn = choose_clusters([name for name in names for _ in range(3)], 7, 1234, "boolq")
    assert {names[place // 3] for place in drawn} == set(order[:3])
    assert choose_clusters(names, None, 1234, "boolq") == list(range(20))
    assert choose_clusters([], "all", 1234, "boolq") == []


def test_in_clusters_of_one_items_are_drawn_as_without() -> None:
    names = [f"c{place}" for place in range(20)]
    assert choose_clusters(names, 0.25, 3, "boolq") == choose(20, 5, 3, "boolq")
    with pytest.raises(ConfigError, match="boolq: limit must be at least 1 or a share below 1, found 0"):
        choose_clusters(names, 0, 1, "boolq")


def test_first_items_stay_in_order() -> None:
    assert [first_items("abcde", limit, "boolq.order") for limit in (2, 0.5, None, "all", 9)] == [
        *("ab", "abc", "abcde", "abcde", "abcde")
    ]
