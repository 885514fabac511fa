"""Each way of choosing takes what it says, and the draw decides between equals."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.ratings.drawing import drawn
from audit.ratings.feeding.choosing import Candidate, Filter, choose
from tests.ratings.feeding.runs import chosen, toxic, written

SAMPLES = [written(number) for number in range(8)]
CANDIDATES = [Candidate(sample) for sample in SAMPLES]


def ids(found: list[Candidate]) -> list[str]:
    return [one.first.sample_id for one in found]


def test_random_is_the_draw_that_corrects_metrics() -> None:
    assert ids(choose(CANDIDATES, "random", 5, "run")) == [one.sample_id for one in drawn(SAMPLES, "run", 5)]
    assert len(choose(CANDIDATES, "random", 99, "run")) == 8


def test_worst_follows_the_direction() -> None:
    assert ids(choose(CANDIDATES, "worst", 3, "run", higher_is_better=True)) == ["w0", "w1", "w2"]
    assert ids(choose(CANDIDATES, "worst", 3, "run", higher_is_better=False)) == ["w7", "w6", "w5"]
    with pytest.raises(UsageError, match="asdiv: neither end of its scores is good"):
        choose(CANDIDATES, "worst", 3, "run")


def test_uncertain_is_the_lowest_confidence() -> None:
    found = choose([Candidate(chosen(number)) for number in range(4)], "uncertain", 2, "run")
    assert ids(found) == ["c0", "c1"]
    with pytest.raises(UsageError, match="have no confidences: choose another way than uncertain"):
        choose(CANDIDATES, "uncertain", 2, "run")


def test_disagreement_of_runs_and_of_sampled_texts() -> None:
    pairs = [Candidate(one, one.model_copy(update={"score": 0.3})) for one in SAMPLES]
    found = ids(choose(pairs, "disagreement", 3, "run"))
    assert (found[0], set(found)) == ("w7", {"w7", "w0", "w6"})
    texts = [Candidate(toxic(number)) for number in range(4)]
    assert ids(choose(texts, "disagreement", 2, "run")) == ["t3", "t2"]


def test_strata_are_equally_large() -> None:
    found = choose(CANDIDATES, "stratified", 5, "run", by="topic")
    # Two of eight are about plants: both, and three about animals.
    assert sorted(one.first.slices["topic"] for one in found) == ["animals"] * 3 + ["plants"] * 2
    with pytest.raises(UsageError, match="--by subject: no such slice of asdiv: it has topic"):
        choose(CANDIDATES, "stratified", 5, "run", by="subject")


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ({}, 8),
        ({"slices": {"topic": "plants"}}, 2),
        ({"contains": "ANSWER 3"}, 1),
        ({"lowest": 0.6}, 2),
        ({"highest": 0.0}, 1),
        ({"lowest": 0.1, "highest": 0.2}, 2),
        ({"flags": frozenset({"offensive"})}, 0),
    ],
)
def test_filters(only: dict[str, Any], expected: int) -> None:
    assert sum(Filter(**only).accepts(sample) for sample in SAMPLES) == expected
    if "lowest" in only:
        assert not Filter(**only).accepts(written(1, score=None))
