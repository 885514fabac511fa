"""Attention flow against networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.core.errors import ScorerError
from audit.explain.attribute import prepare
from audit.explain.methods.attention import attention_flow
from tests.explain.test_white_box import TARGET, TEXT

if TYPE_CHECKING:
    from audit.engine import Engine


@pytest.mark.slow
def test_flow_equals_that_of_networkx() -> None:
    """Abnar and Zuidema's own code takes networkx; here on random attentions, token by token and by pairs."""
    import networkx as nx

    draw = np.random.default_rng(0)
    tokens, layers = 6, np.tril(draw.random((3, 6, 6)))
    layers /= layers.sum(axis=2, keepdims=True)
    graph = nx.DiGraph()
    for index, layer in enumerate(0.5 * layers + 0.5 * np.eye(tokens)):
        for reader, read in zip(*np.nonzero(layer), strict=True):
            graph.add_edge((index, int(read)), (index + 1, int(reader)), capacity=float(layer[reader, read]))
    for sources, first in (([0], 5), ([3], 5), ([5], 5), ([1, 4], 5), ([0, 2], 4)):
        for token in sources:
            graph.add_edge("start", (0, token))  # without a capacity: as much as there is
        for token in range(first, tokens):
            graph.add_edge((3, token), "end")
        expected = nx.maximum_flow_value(graph, "start", "end")
        graph.remove_nodes_from(["start", "end"])
        assert attention_flow.flow(layers, sources, first) == pytest.approx(expected, abs=1e-4)


def test_flow_through_too_many_pipes_is_refused(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention_flow, "PIPES", 1000)
    with pytest.raises(ScorerError, match="takes too long: use attention_rollout"):
        attention_flow.attribute(prepare(tiny, TEXT, TARGET, max_features=9), seed=0)
