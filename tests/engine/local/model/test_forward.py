"""Sequences that are computed whole, one at a time, or in company."""

from __future__ import annotations

from typing import Any

import pytest

from audit.engine.local.plan.architecture import longest_in_company
from audit.engine.local.plan.cost import Cost
from tests.engine.whole.every_type import check_scores, plain_log_probs, requests
from tests.engine.whole.tiny_types import configuration


def test_sparse_attention_is_computed_alone_beyond_what_it_selects() -> None:
    assert longest_in_company(configuration("deepseek_v32", index_topk=70)) == 70
    assert longest_in_company(configuration("llama")) is None


@pytest.mark.slow
def test_where_padding_changes_scores_each_sequence_is_a_pass(loaded: Any) -> None:
    engine = loaded("prophetnet")
    forward = engine._forward
    assert forward.alone == 0
    rows = []
    tiles = forward.tiles
    forward.tiles = lambda work, *rest: rows.append(len(work.rows)) or tiles(work, *rest)
    check_scores(engine, requests()[:8])
    assert set(rows) == {1}


@pytest.mark.slow
def test_rows_are_no_wider_than_the_context(loaded: Any) -> None:
    # BigBird raises on wider rows, whatever the positions in them. This cost makes every row as wide as it may be.
    engine = loaded("big_bird", max_position_embeddings=224)
    engine._forward.cost = Cost(token=1e9, pair=1.0, copy=1e9, call=1e9)
    expected = [plain_log_probs(engine.model, request) for request in requests()]
    for score, wanted in zip(engine.score(requests()), expected, strict=True):
        assert score.log_probs == pytest.approx(wanted, abs=1e-4)
