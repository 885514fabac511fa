"""The network over known words, against its layers step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from audit.safety.scorers.word_network import STEPS, Vocabulary, WordNetwork, network_logits, word_hash, words_of


def test_words_are_looked_up_by_hash_and_unknown_ones_left_out() -> None:
    known = sorted(word_hash(word) for word in ("don't", "idiot", "you"))
    vocabulary = Vocabulary(np.array(known, dtype=np.uint32))
    ids = vocabulary.ids("You-IDIOT! don’t xyzzy")
    assert words_of("You-IDIOT! don’t") == ["you", "idiot", "don't"]
    assert [known[row - 1] for row in ids] == [word_hash(word) for word in ("you", "idiot", "don't")]
    assert vocabulary.ids("") == []


def test_the_network_reads_padding_as_it_was_trained_to() -> None:
    """Keras' layers step by step: padding goes first and is read, the maximum runs over all steps."""
    torch.manual_seed(1)
    network = WordNetwork(4, 3, 2, 1).eval()
    words = ["aa", "bb", "cc"]
    vocabulary = Vocabulary(np.array(sorted(map(word_hash, words)), dtype=np.uint32))
    ids = vocabulary.ids("bb aa")
    row = torch.tensor([[0] * (STEPS - 2) + ids])

    def one_way(embedded: Any, suffix: str) -> Any:
        state, cell, outputs = torch.zeros(2), torch.zeros(2), []
        weight = {name: getattr(network.lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih")}
        extra = getattr(network.lstm, f"bias_hh_l0{suffix}")
        for vector in embedded:
            gates = weight["weight_ih"] @ vector + weight["weight_hh"] @ state + weight["bias_ih"] + extra
            enter, forget, new, leave = gates.chunk(4)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
            state = torch.sigmoid(leave) * torch.tanh(cell)
            outputs.append(state)
        return outputs

    with torch.inference_mode():
        embedded = network.embedding(row)[0]
        forward, backward = one_way(embedded, ""), one_way(embedded.flip(0), "_reverse")[::-1]
        states = torch.stack([torch.cat(pair) for pair in zip(forward, backward, strict=True)])
        expected = network.output(torch.relu(network.hidden(states.amax(0))))[0]
    assert network_logits(network, vocabulary, ["bb aa"]) == pytest.approx([float(expected)], abs=1e-5)
