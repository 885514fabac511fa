"""The table of checkpoints."""

from __future__ import annotations

from rich.console import Console

from audit.cli.comparison.checkpoints import checkpoints_table
from audit.core.records import Sweep, SweptCheckpoint


def test_each_checkpoint_has_its_place_its_state_and_why() -> None:
    entries = [
        SweptCheckpoint(name="a", model="a", at_text="1,000", state="audited", run="run-a"),
        SweptCheckpoint(name="b", model="b", at_text="2,000", state="audited", run="run-a", same_as="a"),
        SweptCheckpoint(name="c", model="c", at_text="3,000", state="failed", reason="no \x1b weights"),
    ]
    console = Console(width=120, record=True)
    console.print(checkpoints_table(Sweep(patterns=["*"], axis="step", checkpoints=entries)))
    console.print(checkpoints_table(Sweep(patterns=["*"], axis="order", checkpoints=entries[:1])))
    text = console.export_text()
    for words in ("training step", "1,000", "same files as a", "failed: no", "weights", "run-a"):
        assert words in text
    assert "\x1b" not in text
    assert text.count("training step") == 1
