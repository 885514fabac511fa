"""Texts that join and leave in any order: each is the text that it would be by itself."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LogitsProcessorList

from audit.engine import GenerateRequest, load
from audit.engine.local import continuous_batching
from audit.engine.local.continuation import Continuation
from audit.engine.local.continuous_batching import Batch, Ready, _next_tokens
from audit.engine.local.model import products
from audit.engine.local.plan.cost import Cost
from audit.engine.local.token_sampling import uniforms
from tests.engine.local.whole.pretended import VOCABULARY, Pretended, keys_values, logits_after

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

COST = Cost(1e6, 1e3, 1e3, 1e6)


END = 1
"""Token that ends a text."""


class Until:
    """Ends a text at its bound or at a token."""

    def __init__(self, bound: int, end: int | None) -> None:
        self.bound = bound
        self.end = end

    def ended(self, tokens: list[int]) -> bool:
        return len(tokens) >= self.bound or tokens[-1] == self.end


def text_of(
    index: int, prompt: tuple[int, ...], bound: int, request: GenerateRequest, end: int | None = END
) -> Continuation:
    reading: Any = Until(bound, end)
    return Continuation(index, 0, request, prompt, reading, LogitsProcessorList())


def by_itself(text: Continuation) -> list[int]:
    """The tokens of a text, one at a time and without a batch."""
    request, tokens = text.request, list[int]()
    numbers = uniforms(request, 0, 100)
    while not tokens or not text.reading.ended(tokens):
        logits = logits_after([*text.prompt, *tokens])
        if request.temperature == 0:
            tokens.append(int(logits.argmax()))
            continue
        scores = logits / request.temperature
        if request.top_k:
            scores[scores < scores.topk(request.top_k).values[-1]] = -torch.inf
        cumulative = torch.softmax(scores.double(), dim=0).cumsum(0)
        tokens.append(int((cumulative <= numbers[len(tokens)] * cumulative[-1]).sum()))
    return tokens


def ready(texts: list[Continuation]) -> Iterator[Ready]:
    for text in texts:
        yield Ready(text, keys_values(text.prompt), logits_after(text.prompt))


prompts = st.lists(st.integers(2, 9), min_size=1, max_size=90).map(tuple)


requests = st.builds(
    GenerateRequest,
    st.just(""),
    temperature=st.sampled_from([0.0, 0.0, 0.7, 1.3]),
    top_k=st.sampled_from([0, 3]),
    seed=st.integers(0, 5),
)


texts = st.lists(st.tuples(prompts, st.integers(1, 80), requests), min_size=1, max_size=12)


@pytest.mark.slow
@settings(max_examples=40)
@given(wanted=texts, fits=st.integers(1, 6))
def test_any_order_of_joining_and_leaving_gives_the_text_of_each_by_itself(
    wanted: list[tuple[tuple[int, ...], int, GenerateRequest]], fits: int
) -> None:
    waiting = [text_of(index, *each) for index, each in enumerate(wanted)]
    expected = [by_itself(text) for text in waiting]
    forward: Any = Pretended(COST)
    batch = Batch(forward, ready(waiting), len(waiting), fits)
    ended, left = [], [batch.left]
    for text, error in batch.ended_texts():
        assert error is None
        ended.append(text.index)
        left.append(batch.left)
    assert Counter(ended) == Counter(range(len(waiting)))
    assert [text.tokens for text in waiting] == expected
    assert forward.widest <= fits
    assert left[0] == len(waiting)
    assert left[-1] == 0


def test_a_slot_that_becomes_empty_is_taken_by_the_next_text() -> None:
    """Prompts are read when a quarter of the slots is empty, and no step is made with a slot that could be full."""
    greedy = GenerateRequest("")
    wanted = [text_of(index, (2 + index,), 1 + 3 * index, greedy, end=None) for index in range(8)]
    forward: Any = Pretended(COST)
    batch = Batch(forward, ready(wanted), len(wanted), 4)
    widths, live = [], []
    plain = forward.step

    def step(slots: Any, tokens: Any) -> torch.Tensor:
        widths.append(len(tokens))
        live.append(sum(text is not None for text in batch.live))
        return plain(slots, tokens)

    forward.step = step
    assert [text.index for text, _ in batch.ended_texts()] == list(range(8))
    # Lengths are 1, 4, 7 … 22. The first text ends as it joins; the next ones after 3, 6, 9 and 12 steps, when others
    # join. The last three joined after 3, 6 and 9 steps and take 15, 18 and 21 more: they end after 18, 24 and 30.
    assert live == [4] * 12 + [3] * 6 + [2] * 6 + [1] * 6
    assert widths == live


def test_logits_that_are_not_finite_are_the_error_of_one_text() -> None:
    wanted = [text_of(index, (2 + index,), 4, GenerateRequest("", temperature=index % 2), None) for index in range(4)]
    expected = [by_itself(text) for text in wanted]
    forward: Any = Pretended(COST)
    plain = forward.step

    def step(slots: Any, tokens: Any) -> torch.Tensor:
        logits = plain(slots, tokens)
        for slot, text in enumerate(batch.live):
            if text is not None and text.index == 2:
                logits[slot, 5] = torch.nan
        return logits

    forward.step = step
    batch = Batch(forward, ready(wanted), len(wanted), 3)
    errors = {text.index: error for text, error in batch.ended_texts()}
    assert "NaN" in str(errors.pop(2))
    assert wanted[2].tokens == expected[2][:1]
    assert set(errors.values()) == {None}
    assert [wanted[index].tokens for index in (0, 1, 3)] == [expected[index] for index in (0, 1, 3)]


WAYS: list[dict[str, Any]] = [
    {}, {"temperature": 1.0}, {"temperature": 0.5, "top_k": 4}, {"temperature": 1.0, "top_p": 0.8},
    {"temperature": 1.0, "min_p": 0.1},
]  # fmt: skip


@pytest.mark.slow
@given(
    seed=st.integers(0, 1000),
    ways=st.lists(st.sampled_from(WAYS), min_size=1, max_size=8),
    bad=st.sets(st.integers(0, 7)),
)
def test_the_next_token_of_a_text_does_not_depend_on_its_batch(
    seed: int, ways: list[dict[str, Any]], bad: set[int]
) -> None:
    count = len(ways)
    logits = torch.randn(count, VOCABULARY, generator=torch.Generator().manual_seed(seed))
    waiting = [text_of(i, (2,), 9, GenerateRequest("", seed=seed + i, **way)) for i, way in enumerate(ways)]
    is_bad = [index in bad for index in range(count)]
    together = _next_tokens(logits.clone(), waiting, is_bad)
    for index, text in enumerate(waiting):
        if not is_bad[index]:
            assert together[index] == _next_tokens(logits[index : index + 1].clone(), [text], [False])[0]


@pytest.fixture(scope="module")
def engine(tiny_model: Path) -> TransformersEngine:
    """The tiny model; nothing of it changes."""
    loaded: Any = load(str(tiny_model), device="cpu")
    assert loaded._forward.decodes
    return loaded  # type: ignore[no-any-return]


PROMPTS = ["The quick brown", "Question: Which of these", "x", "Der Hund schläft. 狗", "The quick brown fox jumps"]


@pytest.mark.slow
@settings(max_examples=8)
@given(
    wanted=st.lists(
        st.builds(
            GenerateRequest, st.sampled_from(PROMPTS), max_new_tokens=st.integers(1, 12),
            temperature=st.sampled_from([0.0, 1.0]), top_k=st.sampled_from([0, 5]), seed=st.integers(0, 3),
            n=st.integers(1, 2), stop=st.sampled_from([(), ("e",)]),
        ),
        min_size=2, max_size=7, unique=True,
    ),
    rows=st.integers(1, 3),
)  # fmt: skip
def test_the_tiny_model_in_company_and_one_by_one(
    engine: TransformersEngine, wanted: list[GenerateRequest], rows: int
) -> None:
    engine._generator.decoder.slots, before = rows, engine._generator.decoder.slots
    together = engine.generate(wanted)
    engine._generator.decoder.slots = before
    alone = [engine.generate([request])[0] for request in wanted]
    assert together == alone
    halves = [engine.generate([dataclasses.replace(request, n=1)])[0] for request in wanted]
    assert [answer.generations[:1] for answer in together] == [answer.generations for answer in halves]


@pytest.fixture
def packing(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An engine whose weights are packed at the second step of a call."""
    monkeypatch.setattr(products, "onednn_is_faster", lambda: True)
    monkeypatch.setattr(products, "FEWEST_WEIGHTS", 1)
    monkeypatch.setattr(products, "STEPS_BEFORE_PACKING", 2)
    return load(str(tiny_model), device="cpu")


@pytest.mark.slow
def test_weights_are_packed_while_a_call_generates(packing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [layer for layer in packing.model.modules() if isinstance(layer, products.OneDnnLinear)]
    seen = []
    real = packing._forward.step

    def step(slots: Any, tokens: Any) -> torch.Tensor:
        seen.append([layer.packed is not None for layer in layers])
        logits: torch.Tensor = real(slots, tokens)
        return logits

    monkeypatch.setattr(packing._forward, "step", step)
    wanted = [GenerateRequest(prompt, max_new_tokens=8, min_new_tokens=6) for prompt in PROMPTS]
    texts = packing.generate(wanted)
    assert layers
    assert not any(seen[0])
    assert all(all(packed) for packed in seen[1:])
    assert not any(layer.packed is not None for layer in layers)
    monkeypatch.setattr(continuous_batching, "WEIGHTS", 0.0)
    seen.clear()
    assert packing.generate(wanted) == texts
    assert not any(any(packed) for packed in seen)


@pytest.mark.slow
def test_packed_weights_go_first_when_memory_runs_out(packing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    head = packing.model.get_output_embeddings()
    real, failures = packing._forward.step, []

    def step(slots: Any, tokens: Any) -> torch.Tensor:
        if head.packed is not None:
            failures.append(len(tokens))
            raise MemoryError
        logits: torch.Tensor = real(slots, tokens)
        return logits

    wanted = [GenerateRequest(prompt, max_new_tokens=8, min_new_tokens=6) for prompt in PROMPTS]
    texts = packing.generate(wanted)
    monkeypatch.setattr(packing._forward, "step", step)
    assert packing.generate(wanted) == texts
    assert failures == [len(PROMPTS)]
    assert packing._generator.decoder.fits >= len(PROMPTS)
