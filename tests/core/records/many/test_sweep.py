"""The record of a sweep."""

from __future__ import annotations

from audit.core.records import Sweep, SweptCheckpoint


def test_a_sweep_is_complete_when_every_checkpoint_is_audited() -> None:
    one = SweptCheckpoint(name="a", model="a", state="audited")
    for state, complete in (("audited", True), ("partial", False), ("waiting", False)):
        other = one.model_copy(update={"state": state})
        assert Sweep(patterns=["*"], axis="order", checkpoints=[one, other]).is_complete is complete
