"""Divergence of checkpoints by brute force with transformers in float64, and when there is none."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.core.errors import CheckpointError
from audit.engine import load
from audit.pipeline.compression.kept_logits import KeptLogits
from audit.pipeline.compression.measuring import (
    NOT_FINITE,
    TOO_LONG,
    diverged,
    divergence,
    keep_logits,
    vocabulary_of,
    why_not_defined,
)
from audit.pipeline.compression.positions import asked_items
from tests.reports.conftest import a_sample

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = [
    a_sample(
        task, index, prompt=f"The dog number {index} says", output=" that the fox sleeps", answered_by="generation"
    )
    for task in ("boolq", "crows_pairs")
    for index in range(6)
]


def rounded(engine: Any, step: float) -> Any:
    """A copy with weights rounded to multiples of a step."""
    other = deepcopy(engine)
    other._forward.forget()  # keys and values of the other weights
    with torch.no_grad():
        for weights in other.model.parameters():
            weights.copy_((weights / step).round() * step)
    return other


def by_force(one: Any, other: Any, items: Any) -> tuple[float, float, float]:
    """Mean KL, share of equal argmax and mean change of the target's probability, in float64."""
    models = [deepcopy(side.model).double() for side in (one, other)]
    kl, top, change = [], [], []
    for item in items:
        ids = [*item.request.context_ids, *item.request.target_ids]
        first = len(item.request.context_ids) - 1
        with torch.inference_mode():
            p, q = (
                torch.log_softmax(model(input_ids=torch.tensor([ids[:-1]])).logits[0, first:], -1) for model in models
            )
        kl += torch.nn.functional.kl_div(q, p, log_target=True, reduction="none").sum(-1).tolist()
        top += (p.argmax(-1) == q.argmax(-1)).float().tolist()
        places = torch.arange(len(p)), torch.tensor(item.request.target_ids)
        change += (q[places].exp() - p[places].exp()).tolist()
    return sum(kl) / len(kl), sum(top) / len(top), sum(change) / len(change)


def test_divergence_is_that_of_brute_force_and_grows_with_rounding(tiny_model: Path) -> None:
    engine = load(str(tiny_model), device="cpu", dtype="float32")
    items, _ = asked_items(engine, SAMPLES)
    vocabulary = vocabulary_of(engine)
    found = []
    with KeptLogits([len(one.request.target_ids) for one in items], vocabulary) as kept:
        keep_logits(engine, items, kept)
        for step in (1e-9, 0.05, 0.2):
            other = rounded(engine, step)
            one = divergence(items, diverged(other, items, kept), {"no answer": 2}, 0.95)
            kl, top, change = by_force(engine, other, items)
            assert one.kl_divergence.value == pytest.approx(kl, rel=1e-3, abs=1e-9)
            assert one.top1_agreement.value == pytest.approx(top)
            assert one.mean_delta_p.value == pytest.approx(change, rel=1e-3, abs=1e-8)
            found.append(one)
    assert found[0].kl_divergence.value < 1e-6 < found[1].kl_divergence.value < found[2].kl_divergence.value
    last = found[-1]
    assert (last.items, last.left_out) == (12, {"no answer": 2})
    assert last.positions == sum(len(one.request.target_ids) for one in items)
    assert {one.task: one.items for one in last.by_task} == {"boolq": 6, "crows_pairs": 6}
    parts = [one.kl_divergence.value for one in last.by_task]
    assert parts == sorted(parts, reverse=True)
    assert sum(parts) / 2 == pytest.approx(last.kl_divergence.value)
    missing = divergence(items, {0: found_distance()}, {}, 0.95)
    assert missing.left_out == {TOO_LONG: 11}


def found_distance() -> Any:
    """Of one position."""
    import numpy as np

    from audit.stats.distributions.divergence import Distances

    return Distances(np.array([0.1]), np.array([1.0]), np.array([0.0]))


def test_what_cannot_be_compared_has_no_number() -> None:
    with pytest.raises(CheckpointError, match=f"1 of 2 items have {NOT_FINITE}"):
        divergence([], {0: None, 1: found_distance()}, {}, 0.95)
    with pytest.raises(CheckpointError, match=r"could be compared \(3 no answer\)"):
        divergence([], {}, {"no answer": 3}, 0.95)


class StubTokenizer:
    """A vocabulary."""

    def __init__(self, **ids: int) -> None:
        self.ids = ids

    def get_vocab(self) -> dict[str, int]:
        return self.ids


@pytest.mark.parametrize(
    ("ours", "theirs", "sizes", "reason"),
    [
        ({"a": 0, "b": 1}, {"b": 1, "a": 0}, (2, 2), None),
        ({"a": 0, "b": 1}, {"a": 1, "b": 0}, (2, 2), r"'a' is 0 and 1"),
        ({"a": 0}, {"b": 0}, (1, 1), r"'a' is 0 and none"),
        ({"a": 0}, {"a": 0, "b": 1}, (2, 2), r"1 and 2 tokens"),
        ({"a": 0}, {"a": 0}, (1, 64), r"output layers have 1 and 64 tokens"),
    ],
)
def test_other_vocabularies_are_refused(ours: Any, theirs: Any, sizes: tuple[int, int], reason: str | None) -> None:
    one, other = (StubTokenizer(**ids) for ids in (ours, theirs))
    found = why_not_defined(one, other, sizes)  # type: ignore[arg-type]
    assert found is None if reason is None else reason in (found or "")
