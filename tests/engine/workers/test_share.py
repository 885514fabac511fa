"""Shards divide a call's requests without talking to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.errors import AnswersElsewhere
from audit.core.progress import Silent
from audit.engine import GenerateRequest, ScoreRequest
from audit.engine.journal import Journal
from audit.engine.workers.journals import unite
from audit.engine.workers.share import share_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from audit.engine.local.engine import TransformersEngine

SCORED = [ScoreRequest((1 + i % 3, 6, *range(i % 5)), (7, 8 + i % 4)) for i in range(40)]
GENERATED = [GenerateRequest(f"{i} apples and a {'pear ' * (i % 3)}", max_new_tokens=3) for i in range(9)]


class Counted(Silent):
    """Counts what it hears."""

    def __init__(self) -> None:
        self.started = self.answered = self.tokens = 0

    def start(self, requests: int) -> None:
        self.started += requests

    def advance(self, requests: int, tokens: int) -> None:
        self.answered += requests
        self.tokens += tokens


@given(st.integers(1, 7), st.integers(0, 30), st.lists(st.floats(0, 1e9), max_size=12))
def test_each_request_belongs_to_one_shard(of: int, texts: int, costs: list[float]) -> None:
    """By passes, by prefixes, and by texts: whoever asks, the parts are disjoint and whole."""
    batches = [((2 * i, 2 * i + 1), cost) for i, cost in enumerate(costs)]
    asked: list[Any] = [GenerateRequest(str(i)) for i in range(texts)]
    for requests, known in ((asked, None), (SCORED[:texts], None), (SCORED[: 2 * len(costs)], batches)):
        parts = [share_of(number, of)(requests, known) for number in range(of)]
        assert sorted(index for part in parts for index in part) == list(range(len(requests)))


def test_calls_of_one_batch_are_not_all_of_one_shard() -> None:
    first = [next(n for n in range(4) if share_of(n, 4)([one], None)) for one in SCORED]
    assert set(first) == {0, 1, 2, 3}


@pytest.mark.slow
@settings(max_examples=4)
@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_scores_of_shards_merged_in_any_order_are_those_of_one_process(
    tiny_shared: TransformersEngine, tmp_path_factory: pytest.TempPathFactory, of: int, random: Any
) -> None:
    """To the last bit; the shards count their own requests alone."""
    folder = tmp_path_factory.mktemp("shards")
    expected = whole(tiny_shared, folder / "whole.sqlite")
    order = list(range(of))
    random.shuffle(order)
    heard = Counted()
    for number in order:
        journal = Journal(folder / f"{number}.sqlite")
        with tiny_shared.at_work(heard, journal, share_of(number, of)):
            for ask, requests in ((tiny_shared.score, SCORED), (tiny_shared.generate, GENERATED)):
                with pytest.raises(AnswersElsewhere):
                    ask(requests)  # type: ignore[operator]
        journal.close()
    assert heard.started == heard.answered == len(SCORED) + len(GENERATED)
    random.shuffle(order)
    unite([folder / f"{number}.sqlite" for number in order], folder / "all.sqlite")
    united = Journal(folder / "all.sqlite")
    heard = Counted()
    with tiny_shared.at_work(heard, united):
        assert (tiny_shared.score(SCORED), tiny_shared.generate(GENERATED)) == expected
    united.close()
    assert heard.tokens == 0  # all of it was in the journals


def whole(engine: TransformersEngine, path: Path) -> tuple[Any, Any]:
    journal = Journal(path)
    with engine.at_work(Counted(), journal):
        found = engine.score(SCORED), engine.generate(GENERATED)
    journal.close()
    return found
