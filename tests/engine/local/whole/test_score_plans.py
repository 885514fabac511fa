"""Scores of any requests under any plan, against the sequence by itself; a pretended model shows what was seen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.engine import Score, ScoreRequest
from audit.engine.local.memory import OUT_OF_MEMORY
from audit.engine.local.plan.cost import Budget, Cost
from audit.engine.local.plan.layout import Place
from audit.engine.local.score import Scorer, _predictions
from audit.engine.local.scoring_plan import Target
from tests.engine.local.whole.pretended import POISON, Pretended, logits_after

MAX_LENGTH = 40
COSTS = [Cost(1e8, 1e2, 1e2, 1e6), Cost(1e6, 1e4, 0.0, 0.0), Cost(1e6, 1e5, 1e6, 1e7)]

tokens = st.integers(1, 3)
stems = st.lists(tokens, max_size=30).map(tuple)
request_lists = st.lists(
    st.builds(
        lambda stem, rest, target, moments: ScoreRequest((*stem, *rest), tuple(target), moments),
        st.sampled_from([(), (1, 2, 3) * 9, (1, 2, 3) * 4, (2,) * 20]) | stems,
        st.lists(tokens, min_size=1, max_size=6),
        st.lists(tokens, max_size=5),
        st.booleans(),
    ),
    min_size=1,
    max_size=20,
)


def by_itself(request: ScoreRequest) -> Score:
    """A score from the logits behind each prefix, softmax in float64."""
    whole = (request.context_ids + request.target_ids)[-(MAX_LENGTH + 1) :]
    log_probs, greedy, means, stds = [], [], [], []
    for place in range(len(whole) - len(request.target_ids), len(whole)):
        logits = logits_after(whole[:place]).double()
        log_p = logits.log_softmax(0)
        log_probs.append(float(log_p[whole[place]]))
        greedy.append(int(logits.argmax()) == whole[place])
        mean = float((log_p.exp() * log_p).sum())
        means.append(mean)
        stds.append(math.sqrt(float((log_p.exp() * (log_p - mean) ** 2).sum())))
    moments = (tuple(means), tuple(stds)) if request.moments else (None, None)
    cut = len(request.context_ids + request.target_ids) - len(whole) if request.target_ids else 0
    return Score(tuple(log_probs), tuple(greedy), *moments, truncated=cut)


def answers(forward: Any, requests: list[ScoreRequest], budget: Budget, missing: list[int]) -> dict[int, Score]:
    found: dict[int, Score] = {}
    for scores, _ in Scorer(forward, MAX_LENGTH, budget).work(requests, missing, lambda _message: None):
        assert not found.keys() & scores.keys()
        found |= scores
    return found


def is_same(found: Score, expected: Score) -> bool:
    assert (found.is_argmax, found.truncated, found.error) == (expected.is_argmax, expected.truncated, expected.error)
    assert found.log_probs == pytest.approx(expected.log_probs, abs=1e-5)
    for mine, wanted in (
        (found.mean_log_probs, expected.mean_log_probs),
        (found.std_log_probs, expected.std_log_probs),
    ):
        assert (mine is None) == (wanted is None)
        assert mine == (None if wanted is None else pytest.approx(wanted, abs=1e-5))
    return True


@pytest.mark.slow
@settings(max_examples=40)
@given(
    requests=request_lists,
    cost=st.sampled_from(COSTS),
    budget=st.builds(Budget, st.integers(1, 200), st.integers(1, 2000), st.none() | st.integers(1, MAX_LENGTH)),
    shares=st.booleans(),
    fits=st.sampled_from([float("inf"), 200, MAX_LENGTH]),
    data=st.data(),
)
def test_any_plan_gives_the_scores_of_lone_sequences(
    requests: list[ScoreRequest], cost: Cost, budget: Budget, shares: bool, fits: float, data: st.DataObject
) -> None:
    requests = list(dict.fromkeys(requests))
    missing = sorted(data.draw(st.sets(st.integers(0, len(requests) - 1), min_size=1)))
    found = answers(Pretended(cost, fits, shares=shares), requests, budget, missing)
    assert sorted(found) == missing
    assert all(is_same(found[index], by_itself(requests[index])) for index in missing)


@pytest.mark.slow
@settings(max_examples=30)
@given(requests=request_lists, cost=st.sampled_from(COSTS), where=st.integers(0, 19))
def test_a_broken_sequence_costs_itself_alone(requests: list[ScoreRequest], cost: Cost, where: int) -> None:
    """Its NaN reaches whatever lies in its row, so that the others must be computed without it."""
    requests = list(dict.fromkeys(request for request in requests if request.target_ids))
    requests.insert(where % (len(requests) + 1), ScoreRequest((1, POISON), (2, 3)))
    found = answers(Pretended(cost), requests, Budget(500, 5000), list(range(len(requests))))
    for index, request in enumerate(requests):
        if POISON in request.context_ids:
            assert found[index].error is not None
            assert "NaN" in found[index].error
        else:
            assert is_same(found[index], by_itself(request))


def test_what_does_not_fit_even_alone_is_its_own_error() -> None:
    requests = [ScoreRequest((1,) * 20, (2,)), ScoreRequest((2, 3), (1,)), ScoreRequest((3,), (1, 2))]
    found = answers(Pretended(COSTS[0], fits=10), requests, Budget(500, 5000), [0, 1, 2])
    assert found[0] == Score((), (), error=OUT_OF_MEMORY)
    assert is_same(found[1], by_itself(requests[1]))
    assert is_same(found[2], by_itself(requests[2]))


def test_each_place_is_predicted_once_however_many_targets_meet_there() -> None:
    """Two options behind one context in row 1, of 10 columns, and a sequence of its own in row 0."""
    option = Place(1, 0, np.array([0, 1, 2, 3]))
    other = Place(1, 0, np.array([0, 1, 2, 4]))
    lone = Place(0, 5, np.array([6, 7]))  # on a trunk of 5
    wanted = _predictions(
        [
            (Target(0, 2, (71, 72), False, 0), option),
            (Target(1, 2, (81, 82), True, 0), other),
            (Target(2, 6, (91,), False, 0), lone),
        ],
        width=10,
    )
    assert wanted.places.tolist() == [7, 12, 13, 14]
    assert wanted.tokens.tolist() == [71, 72, 81, 82, 91]
    assert wanted.which.tolist() == [1, 2, 1, 3, 0]
    assert wanted.moments.tolist() == [False, True, False, True]


def test_logits_after_depend_on_every_token() -> None:
    """Or the pretended model would show nothing."""
    seen = [logits_after(ids) for ids in ([1, 2], [2, 1], [1, 2, 2], [1], [])]
    assert all(not torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])
