"""The checkpoints of a sweep in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Column, Table
from rich.text import Text

from audit.core.formatting import ABSENT
from audit.core.text import printable
from audit.reports.comparison.series_text import AXES

if TYPE_CHECKING:
    from audit.core.records import Sweep, SweptCheckpoint

STYLES = {"audited": "green", "broken": "bold red", "failed": "bold red"}


def checkpoints_table(found: Sweep) -> Table:
    """One row per checkpoint: its place, how its audit ended, and its run."""
    table = Table(
        Column("checkpoint", overflow="fold"),
        *([] if found.axis == "order" else [Column(AXES[found.axis], justify="right", no_wrap=True)]),
        Column("state", overflow="fold", min_width=16),
        Column("run", overflow="fold"),
    )
    for one in found.checkpoints:
        place = [] if found.axis == "order" else [one.at_text or ABSENT]
        run = printable(one.run, 200) if one.run else ABSENT
        table.add_row(Text(printable(one.name, 200)), *place, _state(one), Text(run))
    return table


def _state(one: SweptCheckpoint) -> Text:
    """The state, and why it is that."""
    text = Text(one.state, style=STYLES.get(one.state, "yellow"))
    why = one.reason or (f"same files as {one.same_as}" if one.same_as else "")
    return text.append(f": {printable(why, 600)}", style="default") if why else text
