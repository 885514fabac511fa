"""Units of work: every request in exactly one, batches whole, sizes by cost, the same for whoever cuts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.workers.units import Batch, WorkUnit, cut, generate_batches, missing_of, score_batches, shard

COSTS = st.lists(st.floats(0, 100), min_size=1, max_size=60)


def batches_of(costs: list[float]) -> list[Batch]:
    """Batches of two requests each."""
    return [((2 * place, 2 * place + 1), cost) for place, cost in enumerate(costs)]


@given(COSTS, st.integers(1, 9))
def test_each_request_is_in_one_unit_and_one_shard(costs: list[float], workers: int) -> None:
    units = cut(batches_of(costs), workers)
    assert sorted(index for unit in units for index in unit.indices) == list(range(2 * len(costs)))
    assert all({index ^ 1 for index in unit.indices} == {*unit.indices} for unit in units), "a batch was divided"
    assert [unit.cost for unit in units] == sorted((unit.cost for unit in units), reverse=True)
    shards = [shard(units, number, workers) for number in range(workers)]
    assert sorted(index for mine in shards for index in mine) == list(range(2 * len(costs)))


def test_units_take_a_quarter_of_each_workers_share_of_what_is_left() -> None:
    # 2 workers, 64 batches of 1: aims are 64/8 = 8, 56/8 = 7, 49/8 = 6 (6.1), 43/8 = 5, 38/8 = 4, 34/8 = 4, 30/8 = 3 …
    sizes = [len(unit.indices) // 2 for unit in cut(batches_of([1.0] * 64), 2)]
    assert sizes[:7] == [8, 7, 6, 5, 4, 4, 3]
    assert sizes[-8:] == [1] * 8, "single batches at the end, so that no worker waits long for the last"


def test_shards_are_filled_with_the_costliest_unit_first() -> None:
    units = [WorkUnit((place,), cost) for place, cost in enumerate([7.0, 5.0, 4.0, 3.0, 1.0])]
    # 7 | 5; 5+4 | 7: 4 goes to the second; 3 to the first (7 < 9); 1 to the second (9 < 10)
    assert [shard(units, number, 2) for number in range(2)] == [[0, 3], [1, 2, 4]]


def test_units_without_cost_are_spread_too() -> None:
    units = [WorkUnit((place,), 0.0) for place in range(4)]
    assert [len(shard(units, number, 2)) for number in range(2)] == [2, 2]


def test_what_is_answered_leaves_its_batch() -> None:
    batches: list[Batch] = [((0, 1, 2, 3), 8.0), ((4, 5), 2.0), ((6,), 1.0)]
    assert missing_of(batches, [3, 1, 6]) == [((1, 3), 4.0), ((6,), 1.0)]


def test_scores_with_a_common_prefix_are_one_batch() -> None:
    passages = [tuple(range(first, first + 700)) for first in (0, 1000, 2000)]
    asked = [ScoreRequest((*passage, 5000 + place), (7, 8)) for place in range(30) for passage in passages]
    asked.sort(key=hash)
    batches = score_batches(asked)
    # 703 tokens, then three for each of the other 29; a second passage would be more than a batch of 1,024 holds
    assert [cost for _, cost in batches] == [790.0] * 3
    assert [{asked[index].context_ids[0] for index in indices} for indices, _ in batches] == [{0}, {1000}, {2000}]
    assert sorted(index for indices, _ in batches for index in indices) == list(range(90))
    assert score_batches([]) == []


def test_texts_of_a_batch_are_alike_and_no_batch_is_too_large() -> None:
    asked = [GenerateRequest(f"prompt {i:03}", max_new_tokens=8 if i % 2 else 32, n=1 + i % 3) for i in range(200)]
    batches = generate_batches(asked, most=40)
    assert sorted(index for indices, _ in batches for index in indices) == list(range(200))
    texts = [sum(asked[index].n for index in indices) for indices, _ in batches]
    assert max(texts) <= 40
    mixed = [indices for indices, _ in batches if len({asked[index].max_new_tokens for index in indices}) > 1]
    assert len(mixed) <= 1
    assert generate_batches([]) == []
    # 100 texts in 16 batches would be 7 each: too few to keep a machine busy
    assert [len(indices) for indices, _ in generate_batches([GenerateRequest(str(i)) for i in range(100)])] == [
        16
    ] * 6 + [4]
    # four characters a token and eight for each that is generated: 400 / 4 + 2 x 10 x 8
    assert generate_batches([GenerateRequest("a" * 400, max_new_tokens=10, n=2)])[0][1] == 260.0
