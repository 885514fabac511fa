"""Each rater gets a stable order of their own."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from scipy.stats import kendalltau

from audit.core.records import Sample
from audit.ratings import Rating, add, output_digest, rating_queue, read_latest

if TYPE_CHECKING:
    from tests.ratings.conftest import MakeRating


def _samples(count: int) -> list[Sample]:
    return [
        Sample(sample_id=f"s{number}", suite="evals", task="asdiv", prompt="?", output=f"output of s{number}")
        for number in range(count)
    ]


def _order(rater: str, run_id: str = "run-1", count: int = 200, ratings: list[Rating] | None = None) -> list[str]:
    queue = rating_queue(_samples(count), run_id, rater, ratings or [])
    return [sample.sample_id for sample in queue.pending]


def test_the_order_is_stable_and_complete() -> None:
    assert _order("ada") == _order("ada")
    assert sorted(_order("ada")) == sorted(sample.sample_id for sample in _samples(200))


def test_orders_are_unrelated_to_the_file_and_between_raters_and_runs() -> None:
    orders = [
        [sample.sample_id for sample in _samples(200)],
        _order("ada"),
        _order("bob"),
        _order("ada", run_id="run-2"),
    ]
    for one, other in combinations(orders, 2):
        rank = {sample_id: position for position, sample_id in enumerate(other)}
        # Under independence tau of 200 items has a standard deviation of 0.048.
        assert abs(kendalltau(range(200), [rank[sample_id] for sample_id in one]).statistic) < 0.2


def test_samples_that_come_later_do_not_move_the_others() -> None:
    first = _order("ada", count=100)
    assert [sample_id for sample_id in _order("ada", count=200) if sample_id in set(first)] == first


def test_rated_samples_leave_the_queue_of_their_rater_alone(database_url: str, make_rating: MakeRating) -> None:
    order = _order("ada")
    add(database_url, make_rating("ada", order[0], 3))
    ratings = read_latest(database_url, "run-1")
    queue = rating_queue(_samples(200), "run-1", "ada", ratings)
    assert [sample.sample_id for sample in queue.pending] == order[1:]
    assert [sample.sample_id for sample in queue.rated] == order[:1]
    assert queue.total == 200
    assert len(_order("bob", ratings=ratings)) == 200


def test_a_rating_of_another_text_does_not_count(database_url: str, make_rating: MakeRating) -> None:
    add(database_url, make_rating("ada", "s3", 3, output_sha256=output_digest("an earlier answer")))
    assert "s3" in _order("ada", ratings=read_latest(database_url, "run-1", "ada"))


def test_samples_without_an_output_are_counted_and_left_out() -> None:
    silent = Sample(sample_id="x", suite="evals", task="asdiv", prompt="?", output=None, error="NaN logits")
    empty = Sample(sample_id="y", suite="evals", task="asdiv", prompt="?", output="")
    queue = rating_queue([silent, empty], "run-1", "ada", [])
    assert [sample.sample_id for sample in queue.pending] == ["y"]
    assert queue.unrateable == 1


def test_the_digest_is_sha256_of_the_text() -> None:
    # FIPS 180-4 example: SHA-256 of "abc".
    assert output_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
