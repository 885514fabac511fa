"""Which items a run looks at, and their names and seeds."""

from __future__ import annotations

from audit.core.config import TaskConfig
from audit.safety.drawing import draw, identities, request_seed


def test_a_limit_draws_that_many_items_in_their_order() -> None:
    drawn = draw(range(50), TaskConfig(name="t", limit=7), 1)
    assert len(drawn) == 7
    assert drawn == sorted(set(drawn))


def test_a_further_stratum_changes_no_draw_of_another() -> None:
    def stratum(item: tuple[str, int]) -> str:
        return item[0]

    items = [(name, number) for name in "ab" for number in range(30)]
    task = TaskConfig(name="t", limit=4)
    few = draw(items, task, 1, stratum=stratum)
    more = draw([*items, *(("c", number) for number in range(30))], task, 1, stratum=stratum)
    assert [item for item in more if item[0] != "c"] == few
    assert len(few) == 8


def test_whole_clusters_are_drawn() -> None:
    items = [("ab"[number % 2], number) for number in range(8)]
    drawn = draw(items, TaskConfig(name="t", limit=3), 1, cluster=lambda item: item[0])
    assert drawn in ([item for item in items if item[0] == name] for name in "ab")


def test_copies_of_an_item_have_ids_of_their_own() -> None:
    ids = identities("t", "d", ["a", "b", "a", "a"])
    assert len(set(ids)) == 4
    assert ids[:2] == identities("t", "d", ["a", "b"])


def test_the_seed_of_an_item_depends_on_run_and_item_alone() -> None:
    assert request_seed(1, "a") == request_seed(1, "a")
    seeds = {request_seed(run, item) for run in range(20) for item in "abcdefghij"}
    assert len(seeds) == 200
    assert all(0 <= seed < 2**32 for seed in seeds)
