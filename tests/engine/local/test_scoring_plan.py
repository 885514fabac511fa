"""The plan of a call, made without weights."""

from __future__ import annotations

from audit.engine import ScoreRequest
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.scoring_plan import LONGER_THAN_CONTEXT, Planning, without_model

PLANNING = Planning(Cost(token=1e8, pair=1e2, copy=1e2, call=1e6), Budget(8, 64), 8)
ASKED = [ScoreRequest((place % 5 + 1, place), (3, 4)) for place in range(20)] + [
    ScoreRequest((1,), ()),
    ScoreRequest((1,), tuple(range(9))),
]


def test_each_request_is_in_one_batch_and_each_batch_is_a_pass() -> None:
    batches = PLANNING.batches(ASKED)
    assert batches[0] == ((20, 21), 0.0), "no model is needed for these"
    assert sorted(index for indices, _ in batches for index in indices) == list(range(22))
    plan = PLANNING.plan(ASKED)
    assert len(batches) == 1 + len(plan.passes) > 2
    indices, cost = batches[1]
    assert list(plan.passes_of({*indices})) == [plan.passes[0]]
    assert cost >= 1e6
    (part,) = plan.passes_of({indices[0]})
    assert {*part.members} <= {*plan.passes[0].members}
    assert PLANNING.batches(ASKED[:3])[0][1] > 0, "all of them need the model"


def test_what_needs_no_model() -> None:
    assert without_model(ASKED[0], 8) is None
    assert without_model(ASKED[20], 8) is not None
    assert without_model(ASKED[21], 8).error == LONGER_THAN_CONTEXT  # type: ignore[union-attr]
