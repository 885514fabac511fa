"""What a pass costs and what fits, counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.engine.local.plan.architecture import shape_of
from audit.engine.local.plan.cost import Budget, Cost, cost_of
from tests.engine.whole.tiny_types import configuration, random_model

COST = Cost(token=100, pair=2, copy=5, call=1000)


def test_a_pass_is_its_tokens_pairs_copies_and_one_call() -> None:
    assert COST.of_pass(3, 10, 0) == 3 * 10 * (100 + 2 * 10) + 1000
    assert COST.of_pass(3, 10, 7) == 3 * 10 * (100 + 2 * 17) + 5 * 3 * 17 + 1000


def test_blocks_are_estimated_with_the_passes_that_they_need() -> None:
    blocks = [(10, 0), (300, 20)]
    pairs = 10 * 10 + 300 * 320
    copied = 20 * 310 / 300
    assert COST.blocks(blocks, Budget(200, 9)) == pytest.approx(310 * 100 + pairs * 2 + copied * 5 + 2 * 1000)


def test_a_row_is_packed_until_strangers_cost_too_much() -> None:
    assert Cost(token=1e6, pair=100, copy=0, call=0).capacity == 1500
    assert Cost(token=1, pair=100, copy=0, call=0).capacity == 32


@given(st.integers(1, 500), st.integers(1, 5000), st.integers(1, 300), st.integers(0, 300))
def test_rows_are_as_many_as_fit_and_at_least_one(tokens: int, cached: int, width: int, trunk: int) -> None:
    rows = Budget(tokens, cached).rows(width, trunk)

    def fits(count: int) -> bool:
        return count * width <= tokens and (not trunk or count * (trunk + width) <= cached)

    assert rows == 1 or fits(rows)
    assert not fits(rows + 1)


def test_sizes_and_weights_are_those_of_the_model() -> None:
    """Llama: two layers of width 32 with 4 heads of 8, two of them for keys; two operations for each weight."""
    model = random_model(configuration("llama"))
    shape = shape_of(model)
    assert (shape.layers, shape.hidden, shape.intermediate, shape.heads, shape.kv_heads, shape.head) == (
        2, 32, 64, 4, 2, 8,
    )  # fmt: skip
    assert shape.cached_numbers == 2 * 2 * 2 * 8
    layer = 32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 64 + 2 * 32
    assert cost_of(model).token == 2 * (2 * layer + 32)


def test_of_experts_those_that_a_token_meets_are_counted() -> None:
    model = random_model(configuration("mixtral"))
    weights = dict(model.named_parameters())
    experts = sum(p.numel() for name, p in weights.items() if ".experts." in name)
    ends = model.get_input_embeddings().weight.numel() + model.get_output_embeddings().weight.numel()
    others = sum(p.numel() for p in weights.values()) - experts - ends
    assert cost_of(model).token == 2 * (others + experts * 2 / 4)
