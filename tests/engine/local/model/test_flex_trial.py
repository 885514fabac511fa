"""FlexAttention is chosen by time, in passes that a planner would make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine.local.model import flex_trial
from audit.engine.local.model.flex_trial import SLOWER, is_faster, lasting, seconds_of, typical_passes
from audit.engine.local.model.shortcuts import Shortcuts
from audit.engine.local.plan.cost import Cost

if TYPE_CHECKING:
    from audit.engine.local.engine import TransformersEngine

EXACT = Shortcuts(batches=True, shares=True, flex=True)


@pytest.mark.parametrize(
    ("flexible", "expected"), [(0.5, EXACT), (0.95, Shortcuts(batches=True, shares=True, no_flex=SLOWER))]
)
def test_it_is_used_where_it_saves_time(flexible: float, expected: Shortcuts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flex_trial, "seconds_of", lambda forward: flexible if forward.flex else 1.0)
    assert is_faster(lambda shortcuts: shortcuts, EXACT) == expected  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("error", "found"),
    [(RuntimeError("no valid configuration\nof many"), False), (torch.OutOfMemoryError("no room"), None)],
)
def test_a_pass_that_fails_is_kept_unless_for_want_of_memory(
    error: Exception, found: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: object) -> float:
        raise error

    monkeypatch.setattr(flex_trial, "seconds_of", failing)
    outcome = is_faster(lambda shortcuts: shortcuts, EXACT)  # type: ignore[arg-type, return-value]
    assert outcome.flex is found
    said = "OutOfMemoryError: no room" if found is None else "RuntimeError: no valid configuration"
    assert outcome.no_flex == f"in passes of the usual size it failed ({said})"


@pytest.mark.parametrize("capacity", [1, 100, 100_000])
def test_passes_are_as_wide_as_the_planner_makes_them_and_within_the_context(
    tiny: TransformersEngine, capacity: int
) -> None:
    forward: Any = tiny._forward
    forward.cost = Cost(token=capacity / 0.15, pair=1.0, copy=0.0, call=0.0)
    found = list(typical_passes(forward))
    context = forward.model.config.max_position_embeddings
    assert [bool(work.trunk) for work, _ in found] == [False, True]
    for work, tree in found:
        assert not work.plain
        assert max(tree.lengths) <= context
        assert work.width <= max(32, capacity)
        assert work.width * len(work.rows) <= flex_trial.TOKENS
        assert sorted(work.members) == list(range(len(tree)))


def test_both_passes_are_timed(tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flex_trial, "TOKENS", 64)
    ran: list[bool] = []

    def timed(work: Any, _device: object) -> float:
        assert work().shape == (1, tiny.vocabulary)
        ran.append(True)
        return 0.25

    monkeypatch.setattr(flex_trial, "median_seconds", timed)
    assert seconds_of(tiny._forward) == 0.5
    assert len(ran) == 2


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (MemoryError(), None),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), None),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), None),
        (RuntimeError("out of resource: shared memory, Required: 180224, Hardware limit: 101376"), False),
        (NotImplementedError("no kernel for this head"), False),
    ],
)
def test_only_want_of_memory_is_tried_again(error: Exception, kept: bool | None) -> None:
    assert lasting(error) is kept
