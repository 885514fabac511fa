"""The chart of a run holds its metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import audit


def test_the_chart_holds_each_primary_metric_with_its_interval(made: audit.Run) -> None:
    chart = made.plot().to_dict()
    rows = [row for rows in chart["datasets"].values() for row in rows]
    frame = made.metrics
    primary = frame[frame["primary"] & frame["slice"].isna() & frame["value"].notna()]
    stored = [
        one for one in json.loads((made.path / "metrics.json").read_text()) if one["name"] in set(primary["name"])
    ]
    whole = [one for one in stored if one["slice"] is None]
    assert len(whole) == len(primary) > 0
    shown = {(row["metric"], row["value"], row["low"], row["high"]) for row in rows}
    assert shown == {(one["name"], one["value"], one["ci_low"], one["ci_high"]) for one in whole}
