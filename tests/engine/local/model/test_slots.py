"""Slots against plain lists: what a step sees of each slot is that slot's tokens, whatever came and went."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from audit.engine.local.model.slots import SPARE_COLUMNS, Slots
from tests.engine.local.whole.pretended import keys_values

LAYERS = 2
prompts = st.lists(st.integers(1, 99), min_size=1, max_size=70)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(prompts, min_size=1, max_size=3)),
        st.tuples(st.just("replace"), st.tuples(st.integers(0, 9), prompts)),
        st.tuples(st.just("clear"), st.integers(0, 9)),
        st.tuples(st.just("keep"), st.sets(st.integers(0, 9))),
        st.tuples(st.just("step"), st.integers(1, 80)),
    ),
    min_size=1,
    max_size=14,
)


def prompt_of(tokens: list[int]) -> Any:
    """Two layers that differ."""
    ((keys, values),) = keys_values(tokens)
    return [(keys, values), (keys + 1000, values + 1000)]


def step(slots: Slots, held: list[list[int]], token: int) -> None:
    """Write one column; each slot must see its own tokens and that one, in both layers."""
    cache = slots.cache()
    for number, layer in enumerate(cache.layers):
        new = torch.full((len(held), 1, 1, 1), float(token + 1000 * number))
        keys, values = layer.update(new, new + 0.5)
        for slot, tokens in enumerate(held):
            seen = slots.starts[slot] - slots.first
            assert keys[slot, 0, seen:, 0].tolist() == [each + 1000 * number for each in [*tokens, token]]
            assert values[slot, 0, seen:, 0].tolist() == [each + 1000 * number + 0.5 for each in [*tokens, token]]
        assert torch.isfinite(keys).all()
    slots.advance()
    for tokens in held:
        tokens.append(token)


@pytest.mark.slow
@given(moves)
def test_each_slot_holds_its_own_tokens(moves: list[tuple[str, Any]]) -> None:
    slots, held = Slots(), list[list[int]]()
    for what, how in moves:
        if what == "add":
            slots.add([prompt_of(tokens) for tokens in how])
            held += [list(tokens) for tokens in how]
        elif not held:
            continue
        elif what == "replace":
            slots.replace(how[0] % len(held), prompt_of(how[1]))
            held[how[0] % len(held)] = list(how[1])
        elif what == "clear":
            slots.clear(how % len(held))
            held[how % len(held)] = []
        elif what == "keep":
            kept = sorted({slot % len(held) for slot in how})
            slots.keep(kept)
            held = [held[slot] for slot in kept]
        else:
            for token in range(1, how + 1):
                step(slots, held, token)
        assert len(slots) == len(held)
        if held:
            assert slots.lengths == [len(tokens) for tokens in held]
            step(slots, held, 7)


def test_columns_that_no_slot_uses_are_given_up() -> None:
    """A long text that has left does not make every later buffer as wide as it was."""
    slots = Slots()
    slots.add([prompt_of([5] * 300), prompt_of([6])])
    slots.clear(0)
    slots.keep([1])
    assert slots.end == 1
    assert {buffer.shape[2] for layer in slots.layers for buffer in layer.buffers} == {1 + SPARE_COLUMNS}


def test_what_an_earlier_text_left_behind_is_wiped() -> None:
    """A masked NaN is still a NaN: it must not lie in the columns before the next text."""
    slots = Slots()
    slots.add([prompt_of([5] * 9), prompt_of([6] * 9)])
    for layer in slots.layers:
        for buffer in layer.buffers:
            buffer[0, :, :9] = torch.nan
    slots.clear(0)
    slots.replace(0, prompt_of([7, 7]))
    cache = slots.cache()
    keys, values = cache.layers[0].update(torch.ones(2, 1, 1, 1), torch.ones(2, 1, 1, 1))
    assert keys.shape[2] == 10
    assert torch.isfinite(keys).all()
    assert torch.isfinite(values).all()
