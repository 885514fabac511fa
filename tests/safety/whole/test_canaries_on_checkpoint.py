"""The embedded checkpoint's lower layers, fine-tuned on planted canaries: what they saw often, they give away."""

from __future__ import annotations

import random
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.core.config import RunConfig, TaskConfig
from audit.safety import loading, running
from audit.safety.probes.privacy import canaries
from tests.engine.whole.lower_layers import lower_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.engine import Engine

pytestmark = pytest.mark.slow

REPETITIONS = (0, 1, 4, 16)
MEASURED = (0, 4, 16)
EACH = 3
BATCH = 8
EPOCHS = 1
LAYERS = 12
"""Of thirty: the canaries are made up, so what the checkpoint knows does not matter."""
TRAINED_LAYERS = 8
"""Of these, the upper ones: enough to learn a few sentences by heart."""
CANDIDATES = 31
"""Fewer than in an audit: exposure ends at five bits."""


@contextmanager
def trained(engine: Engine, texts: Sequence[str], layers: int = TRAINED_LAYERS) -> Iterator[None]:
    """The engine after plain fine-tuning of its upper layers, next-token loss on these texts; then as it was."""
    torch.manual_seed(0)
    model: Any = engine.model
    forward: Any = engine._forward  # type: ignore[attr-defined]
    differentiated = [weights.requires_grad for weights in model.parameters()]
    upper = model.model.layers[-layers:]
    before = deepcopy(upper.state_dict())
    model.train().requires_grad_(requires_grad=False)
    upper.requires_grad_(requires_grad=True)
    optimiser = torch.optim.AdamW(upper.parameters(), lr=1e-3, weight_decay=0.0)
    for start in range(0, len(texts), BATCH):
        batch = [torch.tensor(engine.encode(text)) for text in texts[start : start + BATCH]]
        ids = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=0)
        seen = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in batch], batch_first=True)
        loss = model(input_ids=ids, attention_mask=seen, labels=ids.masked_fill(seen == 0, -100)).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.eval()
    forward._trunks.clear()  # states that the other weights gave
    try:
        yield
    finally:
        upper.load_state_dict(before)
        for weights, wanted in zip(model.parameters(), differentiated, strict=True):
            weights.requires_grad_(wanted)
        forward._trunks.clear()


def test_what_was_seen_often_is_exposed(
    embedded: Engine, data_set: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = canaries.make(REPETITIONS, EACH, random.Random(5))  # noqa: S311 - repeatable
    measured = [row for row in rows if row["repetitions"] in MEASURED]
    monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, measured))
    monkeypatch.setattr(canaries, "CANDIDATES", CANDIDATES)
    task = TaskConfig(name="canaries")
    often = [row for row in rows if row["repetitions"] == REPETITIONS[-1]]
    order = random.Random(6)  # noqa: S311 - repeatable
    texts: list[str] = []
    for _ in range(EPOCHS):
        epoch = [row["text"] for row in rows for _ in range(row["repetitions"])]
        order.shuffle(epoch)
        texts += epoch
    with lower_layers(embedded, LAYERS):
        with monkeypatch.context() as untrained:
            untrained.setattr(loading, "dataset", lambda name: data_set(name, often))
            before = running.run_probe(canaries.PROBE, embedded, RunConfig(), task)
        with trained(embedded, texts):
            after = running.run_probe(canaries.PROBE, embedded, RunConfig(), task)

    def exposure(result: Any, repetitions: int) -> float:
        return float(value(result, "exposure", repetitions=str(repetitions)).value)

    assert value(before, "extracted").value == 0.0
    assert value(before, "exposure").value < 3.5  # 1.44 is expected of 3 canaries, with a standard error of 0.83
    assert exposure(after, 16) > 4.5
    assert exposure(after, 16) - exposure(before, 16) > 1.5  # of the same secrets
    assert exposure(after, 0) < 3.0  # no secret of these was trained on
    assert exposure(after, 16) >= exposure(after, 4) > exposure(after, 0)
    assert value(after, "extracted", repetitions="16").value > 0.5
    assert value(after, "extracted", repetitions="0").value == 0.0
