"""From sequences to passes and arrays: everything is placed once, and sees exactly its own ancestors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.plan.layout import Layout, lay_out
from audit.engine.local.plan.passes import Block, Pass, Trunk, _in_passes, _passes, _Planner, plan
from audit.engine.local.plan.prefix_tree import PrefixTree

CHEAP_PAIRS = Cost(token=1e8, pair=1e2, copy=1e2, call=1e6)


DEAR_PAIRS = Cost(token=1e6, pair=1e4, copy=0.0, call=0.0)  # rows of 32 tokens at most: trunks wherever they save


costs = st.sampled_from([CHEAP_PAIRS, DEAR_PAIRS, Cost(1e6, 1e5, 1e6, 1e7)])


budgets = st.builds(Budget, st.integers(1, 300), st.integers(1, 3000), st.none() | st.integers(1, 100))


tokens = st.integers(0, 2)


sequences = st.lists(st.lists(tokens, min_size=1, max_size=60).map(tuple), min_size=1, max_size=40, unique=True)


stems = st.lists(tokens, min_size=1, max_size=80).map(tuple)


def tree_of(sequences: list[tuple[int, ...]], asked: list[int] | None = None) -> PrefixTree:
    ordered = sorted(sequences)
    return PrefixTree([np.array(ids) for ids in ordered], asked or [len(ids) - 1 for ids in ordered])


def placed(passes: list[Pass]) -> list[int]:
    return sorted(index for work in passes for index in work.members)


def check(tree: PrefixTree, passes: list[Pass]) -> None:
    """Every sequence once; the tokens a column sees are its sequence's, in order, trunk and row together."""
    assert placed(passes) == list(range(len(tree)))
    for work in passes:
        check_trunks(work.trunk)
        layout = lay_out(work, tree, pad_id=99)
        trunk = list(work.trunk.ids[: work.reach]) if work.trunk else []
        assert layout.tokens == sum(block.size for row in work.rows for block in row)
        for index, (row, attach, path) in layout.places.items():
            whole = tree.sequences[index].tolist()
            assert attach <= tree.first_targets[index]
            assert trunk[:attach] + layout.ids[row, path].tolist() == whole
            assert layout.positions[row, path].tolist() == list(range(attach, len(whole)))
            for step, column in enumerate(path):
                if layout.plain:
                    assert column == step
                    continue
                seen = np.flatnonzero(layout.visible[row, column])
                assert seen.tolist() == [*range(attach), *(len(trunk) + path[: step + 1])]
                there = [*trunk, *layout.ids[row].tolist()]
                assert [there[place] for place in seen] == whole[: attach + step + 1]
        check_padding(layout, len(trunk))


def check_trunks(trunk: Trunk | None) -> None:
    """A trunk has tokens of its own; what it takes from its parent is there, and is its own beginning."""
    while trunk and trunk.parent:
        assert len(trunk.ids) > trunk.start
        assert trunk.ids[: trunk.start] == trunk.parent.ids[: trunk.start]
        assert trunk.start <= len(trunk.parent.ids)
        trunk = trunk.parent


def check_padding(layout: Layout, reach: int) -> None:
    """A column that no sequence uses holds the padding token and sees itself alone."""
    used = {(place.row, column) for place in layout.places.values() for column in place.columns.tolist()}
    assert len(used) == layout.tokens
    for row, column in np.ndindex(*layout.ids.shape):
        if (row, column) not in used:
            assert layout.ids[row, column] == 99
            assert layout.plain or np.flatnonzero(layout.visible[row, column]).tolist() == [reach + column]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(sequences=sequences, cost=costs, budget=budgets, data=st.data())
def test_any_sequences_are_placed_once_and_see_their_ancestors(
    sequences: list[tuple[int, ...]], cost: Cost, budget: Budget, data: st.DataObject
) -> None:
    ordered = sorted(sequences)
    asked = [data.draw(st.integers(0, len(ids) - 1)) for ids in ordered]
    tree = tree_of(ordered, asked)
    check(tree, plan(tree, cost, budget))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(stem=stems, ends=sequences, cost=costs, budget=budgets)
def test_long_common_stems(stem: tuple[int, ...], ends: list[tuple[int, ...]], cost: Cost, budget: Budget) -> None:
    tree = tree_of(list({stem[: len(stem) // 2] + ends[0], *(stem + end for end in ends)}))
    check(tree, plan(tree, cost, budget))


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(sequences=sequences, cost=costs, budget=budgets)
def test_no_pass_is_over_budget(sequences: list[tuple[int, ...]], cost: Cost, budget: Budget) -> None:
    tree = tree_of(sequences)
    for work in plan(tree, cost, budget):
        if len(work.rows) > 1:
            assert work.width * len(work.rows) <= budget.tokens
            assert not work.trunk or (work.reach + work.width) * len(work.rows) <= budget.cached


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(sequences=sequences, cost=costs, width=st.integers(1, 100))
def test_no_packed_row_is_wider_than_allowed(sequences: list[tuple[int, ...]], cost: Cost, width: int) -> None:
    tree = tree_of(sequences)
    for work in plan(tree, cost, Budget(300, 3000, width)):
        assert work.width <= max(width, *map(len, sequences))


def test_what_must_be_alone_is_alone() -> None:
    tree = tree_of([tuple(range(1000 * i, 1000 * i + 20 + i)) for i in range(30)])
    dear_calls = Cost(token=1e6, pair=1.0, copy=0.0, call=1e9)
    passes = plan(tree, dear_calls, Budget(256, 10**6), share=False, alone=35)
    assert placed(passes) == list(range(len(tree)))
    for work in passes:
        assert len(list(work.members)) == 1 or max(tree.lengths[index] for index in work.members) <= 35
    assert 14 < len(passes) < 30
    assert len(plan(tree, dear_calls, Budget(256, 10**6), share=False, alone=0)) == 30


def test_a_long_prompt_is_computed_once() -> None:
    prompt = tuple(range(100, 400))
    tree = tree_of([(*prompt, item, option, 7) for item in range(30) for option in (10_000, 10_001)])
    passes = plan(tree, DEAR_PAIRS, Budget(256, 10**6))
    trunks = {work.trunk for work in passes}
    assert [trunk.ids for trunk in trunks if trunk] == [prompt]
    assert sum(block.size for work in passes for row in work.rows for block in row) == 30 * (1 + 2 * 2)


def test_leaving_words_out_computes_half() -> None:
    prompt = tuple(range(300))
    tree = tree_of([(*prompt[:i], *prompt[i + 1 :], 900) for i in range(300)])
    passes = plan(tree, DEAR_PAIRS, Budget(1024, 10**6))
    trunks = {work.trunk for work in passes if work.trunk}
    computed = sum(block.size for work in passes for row in work.rows for block in row)
    computed += sum(len(trunk.ids) - trunk.start for trunk in trunks)
    assert computed <= 1.05 * (300 * 301 / 2 + 600)


def test_trunks_branch_off_trunks() -> None:
    head, subjects = tuple(range(100)), [tuple(range(1000 * s, 1000 * s + 100)) for s in range(1, 4)]
    tree = tree_of([head + subject + (50_000 + i, 1, 2, 3) for subject in subjects for i in range(40)])
    trunks = {work.trunk for work in plan(tree, DEAR_PAIRS, Budget(512, 10**6))}
    children = [trunk for trunk in trunks if trunk and trunk.parent]
    assert len(children) == 2
    assert {trunk.start for trunk in children} == {100}
    assert all(trunk.parent and trunk.parent.ids[:100] == head for trunk in children)


def test_nothing_shared_is_plain_batching() -> None:
    tree = tree_of([tuple(range(1000 * i, 1000 * i + 20 + i)) for i in range(30)])
    passes = plan(tree, CHEAP_PAIRS, Budget(256, 10**6))
    assert all(work.plain for work in passes)
    assert plan(tree, CHEAP_PAIRS, Budget(256, 10**6), share=False) == passes


def test_halves_keep_everything() -> None:
    tree = tree_of([(1, 2, i, 3) for i in range(10)] + [(9, i) for i in range(5)])
    waiting, single = plan(tree, CHEAP_PAIRS, Budget(1024, 10**6)), []
    while waiting:
        work = waiting.pop()
        waiting += work.halves(tree)
        single += [] if work.halves(tree) else [work]
    assert placed(single) == list(range(len(tree)))
    assert all(len(list(work.members)) == 1 for work in single)
    for work in single:
        layout = lay_out(work, tree, pad_id=99)
        ((index, (row, attach, path)),) = layout.places.items()
        assert layout.ids[row, path].tolist() == tree.sequences[index][attach:].tolist()


rows_of_sizes = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 20)), min_size=1, max_size=7)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    sizes=rows_of_sizes,
    on_trunk=st.booleans(),
    budget=st.builds(Budget, st.integers(1, 200), st.integers(1, 200)),
    cost=costs,
)
def test_no_other_cut_of_the_rows_is_cheaper(
    sizes: list[tuple[int, int]], on_trunk: bool, budget: Budget, cost: Cost
) -> None:
    """Against all ways to cut the rows, in their order, into passes that fit."""
    rows = [(Block(i, i + 1, attach if on_trunk else 0, size),) for i, (size, attach) in enumerate(sizes)]
    trunk = Trunk(tuple(range(20))) if on_trunk else None
    passes = _in_passes(trunk, rows, cost, budget)
    ordered = [row for work in passes for row in work.rows]
    assert sorted(ordered, key=lambda row: row[0].low) == rows

    def price(part: list[tuple[Block, ...]]) -> float:
        width, reach = max(row[0].size for row in part), max(row[0].attach for row in part)
        fits = len(part) * width <= budget.tokens and (not reach or len(part) * (reach + width) <= budget.cached)
        return float(cost.of_pass(len(part), width, reach)) if fits or len(part) == 1 else np.inf

    def cheapest(left: list[tuple[Block, ...]]) -> float:
        return min((price(left[:n]) + cheapest(left[n:]) for n in range(1, len(left) + 1)), default=0.0)

    assert sum(cost.of_pass(len(work.rows), work.width, work.reach) for work in passes) == pytest.approx(
        cheapest(ordered)
    )


def test_the_heaviest_path_and_what_leaves_it() -> None:
    """A long stem from which a few ends part at depth 3, two of them again at depth 6; and a second, large branch."""
    stem, other = (1, 1, 1, 2, 2, 2), (1, 1, 1, 9)
    ends = [(*stem, 3, *(i,) * 30) for i in range(10)] + [(*stem, 4, 5), (*stem, 6)]
    large = [(*other, i, *(7,) * 20) for i in range(3)]
    tree = tree_of([*ends, *large, (1, 1, 1, 8, 8)])
    planner = _Planner(tree, DEAR_PAIRS, Budget(256, 10**6), wide=False)
    assert planner.capacity == 32
    tip, branches = planner._heaviest_path(0, len(tree))
    assert tree.sequences[tip][:7].tolist() == [*stem, 3]
    found = [(b.depth, [tree.sequences[i].tolist() for i in range(b.low, b.high)], b.is_large) for b in branches]
    assert found[0] == (3, [[1, 1, 1, 8, 8]], False)
    assert found[1] == (3, [list(ids) for ids in sorted(large)], True)
    assert found[2:4] == [(6, [[*stem, 4, 5]], False), (6, [[*stem, 6]], False)]
    assert found[4:] == [(7, [list(ids)], False) for ids in sorted(ends)[:10]]


def test_a_branch_may_go_deeper_than_the_trunk_it_leaves() -> None:
    """Early targets end the trunk after 5 tokens; a large branch leaves at 40, and its other targets come late."""
    stem = tuple(range(100, 140))
    heaviest = [((*stem, 1, *(200 + i,) * 20), 5) for i in range(10)]
    early = ((*stem, 2, 9, 9), 5)
    late = [((*stem, 2, *(8,) * 20, 300 + i, 7, 7, 7), 64) for i in range(6)]
    entries = sorted([*heaviest, early, *late])
    tree = tree_of([ids for ids, _ in entries], [first for _, first in entries])
    budget = Budget(512, 10**6)
    placed = _Planner(tree, DEAR_PAIRS, budget, wide=False).grow(0, len(tree), 0, None)[1]
    passes = _passes(placed, DEAR_PAIRS, budget, None)
    check(tree, passes)
    assert max(len(work.trunk.ids) for work in passes if work.trunk) > 40


@pytest.mark.slow
def test_where_a_pass_is_dear_an_item_is_a_block_and_no_trunk() -> None:
    """Items that share a long context each: a trunk would be a pass for every item."""
    items = [tuple(range(start, start + 300)) for start in range(0, 3000, 1000)]
    tree = tree_of(sorted((*item, *(9000 + end,) * 20) for item in items for end in range(2)))
    dear_calls = Cost(token=2e9, pair=1e6, copy=4e7, call=1.2e13)
    assert dear_calls.capacity < 340
    passes = plan(tree, dear_calls, Budget(32768, 10**6))
    check(tree, passes)
    assert not any(work.trunk for work in passes)
    assert sum(work.width * len(work.rows) for work in passes) == 3 * (300 + 2 * 20)
    cheap_calls = Cost(token=2e9, pair=1e6, copy=4e2, call=0.0)
    assert any(work.trunk for work in plan(tree, cheap_calls, Budget(32768, 10**6)))
