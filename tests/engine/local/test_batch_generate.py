"""Batches of texts: equal settings together, within the rows there are, and halves of one request joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.engine import Completion, GenerateRequest, Generation
from audit.engine.local.batch_generate import BatchGenerator

if TYPE_CHECKING:
    from audit.engine.local.engine import TransformersEngine

REQUESTS = [
    GenerateRequest("a" * (1 + i % 3), max_new_tokens=4 + i % 2, temperature=float(i // 2 % 2), seed=i, n=1 + i % 2)
    for i in range(12)
]


@pytest.fixture
def batches(tiny: TransformersEngine) -> BatchGenerator:
    """Batches of the tiny model."""
    tiny._forward.decodes = False
    return tiny._generator.batches


def together(request: GenerateRequest) -> tuple[object, ...]:
    """What must be equal in a batch that is run to one length by one rule."""
    return (request.max_new_tokens, request.temperature > 0)


def test_a_batch_has_one_bound_and_one_rule_and_no_more_rows_than_there_are(batches: BatchGenerator) -> None:
    batches.rows = 3
    planned = batches.plan(REQUESTS)
    assert sorted(index for batch in planned for index in batch) == list(range(len(REQUESTS)))
    for batch in planned:
        assert len({together(REQUESTS[index]) for index in batch}) == 1
        assert sum(REQUESTS[index].n for index in batch) <= 3
        lengths = [len(REQUESTS[index].prompt) for index in batch]
        assert lengths == sorted(lengths, reverse=True)
    assert len(planned) < len(REQUESTS)


def test_texts_that_depend_on_their_company_are_alone(batches: BatchGenerator) -> None:
    batches.alone = lambda tokens: True
    assert sorted(batches.plan(REQUESTS)) == [[index] for index in range(len(REQUESTS))]


def test_only_what_is_wanted_is_computed(batches: BatchGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[GenerateRequest] = []
    compute = batches.compute
    monkeypatch.setattr(batches, "compute", lambda asked: computed.extend(asked) or compute(asked))  # type: ignore[func-returns-value]
    answers = {index: answer for found, _ in batches.work(REQUESTS, {1, 7}, print) for index, answer in found.items()}
    assert sorted(answers) == [1, 7]
    assert {request.seed for request in computed} == {1, 7}
    assert [len(answers[index].generations) for index in (1, 7)] == [REQUESTS[1].n, REQUESTS[7].n]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_parts_are_joined_in_order(sizes: list[int]) -> None:
    parts = [
        Completion(tuple(Generation(f"{part}.{i}", 1, "stop") for i in range(n)), 5) for part, n in enumerate(sizes)
    ]
    joined = BatchGenerator.join(parts)
    assert [one.text for one in joined.generations] == [f"{part}.{i}" for part, n in enumerate(sizes) for i in range(n)]
    assert (joined.prompt_tokens, joined.error) == (5, None)


def test_an_error_of_a_part_is_an_error_of_all() -> None:
    joined = BatchGenerator.join([Completion((Generation("x", 1, "stop"),), 5), Completion(error="full")])
    assert (joined.generations, joined.error) == ((), "full")
