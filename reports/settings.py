"""What decided the numbers of a task, as fields that can be compared: scorer, shots, temperature."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.core.records import Metric


@dataclass(frozen=True)
class Setting:
    """One setting of one or more metrics."""

    name: str
    """Its name in words, e.g. ``samples per prompt``."""
    value: str
    """Its value; text of configurations and data sets, to be escaped."""
    metrics: tuple[str, ...]
    """The metrics that it decided; empty where it decided all that have settings."""


def settings_of(metrics: Iterable[Metric]) -> list[Setting]:
    """The settings of metrics, each value once, in the order in which they are first met."""
    having = [metric for metric in metrics if metric.settings]
    decided: dict[tuple[str, str], list[str]] = {}
    for metric in having:
        for name, value in metric.settings.items():
            decided.setdefault((name, _text(value)), []).append(metric.metric)
    every = list(dict.fromkeys(metric.metric for metric in having))
    return [
        Setting(name.replace("_", " "), value, () if set(names) == set(every) else tuple(dict.fromkeys(names)))
        for (name, value), names in decided.items()
    ]


def _text(value: object) -> str:
    """A value as people write it: text without quotation marks, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
