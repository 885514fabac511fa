"""The axis along which runs are compared: training steps, dates, any number of the manifest, or the order given."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError, did_you_mean
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.core.records import RunManifest

NAMED = ("order", "step", "date")
"""Axes that have a name; others are fields of the manifest."""
STEP = re.compile(r"(?:global[_-]?)?(?:step|checkpoint|ckpt|iter|iteration)[s_=-]*(\d+)(?![0-9A-Za-z.])", re.IGNORECASE)
"""A training step in a name: ``checkpoint-1000``, ``step1000``, ``global_step1000``, ``iter_0001000``."""
EPOCH_NUMBER = re.compile(r"epoch[s_=-]*(\d+(?:\.\d+)?)(?![0-9A-Za-z.])", re.IGNORECASE)
"""An epoch in a name: ``epoch3``, ``epoch-0.5``."""
DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Axis:
    """Where each run lies."""

    name: str
    """``order``, ``step``, ``epoch``, ``bits``, ``date``, ``at`` or a field of the manifest."""
    places: tuple[float, ...]
    """One per run, as given; dates in days since 1970."""
    texts: tuple[str, ...]
    """The places as shown."""

    @property
    def order(self) -> list[int]:
        """The runs in ascending order of their places; those at one place as given."""
        return sorted(range(len(self.places)), key=self.places.__getitem__)


def axis(manifests: Sequence[RunManifest], by: str = "order", at: Sequence[float] | None = None) -> Axis:
    """Place runs on an axis.

    Args:
        manifests: Of the runs, as given.
        by: ``order``, ``step``, ``date``, or a field of the manifest such as ``model.parameter_count``.
        at: The places themselves; None takes them from the manifests.

    Raises:
        ConfigError: A run has no such number, there are more or fewer places than runs, or all are the same.
    """
    if at is not None:
        if by != "order":
            msg = f"--by {printable(by, 60)} and --at: give one of them"
            raise ConfigError(msg)
        found = _given(at, len(manifests))
    elif by == "order":
        found = Axis(by, tuple(map(float, range(1, len(manifests) + 1))), tuple(map(str, range(1, len(manifests) + 1))))
    elif by == "date":
        dates = [manifest.started.astimezone(UTC) for manifest in manifests]
        places = tuple(map(days_since_1970, dates))
        found = Axis(by, places, date_texts(dates))
    else:
        numbers = [_step(manifest) if by == "step" else _field(manifest, by) for manifest in manifests]
        found = Axis(by, tuple(numbers), tuple(f"{number:,.10g}" for number in numbers))
    if len(set(found.places)) < 2:
        msg = f"all runs have the same place on the axis {printable(found.name, 60)} ({found.texts[0]}): choose another"
        raise ConfigError(msg)
    return found


def _given(at: Sequence[float], count: int) -> Axis:
    if len(at) != count:
        msg = f"--at has {len(at)} places for {count} runs: give one for each run, in their order"
        raise ConfigError(msg)
    broken = [value for value in at if not math.isfinite(value)]
    if broken:
        msg = f"--at {broken[0]}: give finite numbers"
        raise ConfigError(msg)
    return Axis("at", tuple(map(float, at)), tuple(f"{value:,.10g}" for value in at))


def days_since_1970(date: datetime) -> float:
    """A date as its place on the axis."""
    return (date - EPOCH).total_seconds() / DAY


def date_texts(dates: Sequence[datetime]) -> tuple[str, ...]:
    """Dates as shown: days, with the time where two runs are of one day."""
    days = [f"{date:%Y-%m-%d}" for date in dates]
    return tuple(days) if len(set(days)) == len(days) else tuple(f"{date:%Y-%m-%d %H:%M}" for date in dates)


def _step(manifest: RunManifest) -> float:
    """The training step in the checkpoint's revision, path or name."""
    model = manifest.model
    found = number_in((model.revision, *reversed(re.split(r"[\\/]", model.source)), model.name), STEP)
    if found is not None:
        return found
    where = printable(model.source, 120)
    msg = f"{manifest.run_id}: no training step in the name of the checkpoint {where}: give the steps with --at"
    raise ConfigError(msg)


def number_in(names: Iterable[str | None], kind: re.Pattern[str]) -> float | None:
    """The training step or epoch in a checkpoint's names; None where no name has exactly one.

    Args:
        names: From the one that says most: revision, folder, the folders above it.
        kind: :data:`STEP` or :data:`EPOCH_NUMBER`.
    """
    every = (kind.findall(name or "") for name in names)
    return next((float(found[0]) for found in every if len(found) == 1), None)


def _field(manifest: RunManifest, name: str) -> float:
    """A number of the manifest."""
    found: Any = manifest.model_dump(mode="json")
    for part in name.split("."):
        if not isinstance(found, dict) or part not in found:
            above = name.rpartition(".")[0]
            inside = [f"{above}.{one}" if above else one for one in found] if isinstance(found, dict) else []
            hint = did_you_mean(name, [*NAMED, *inside])
            msg = (
                f"{manifest.run_id}: no field {printable(name, 60)} in the manifest: choose {', '.join(NAMED)} or a "
                f"field such as model.parameter_count, or give the places with --at.{hint}"
            )
            raise ConfigError(msg)
        found = found[part]
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        shown = printable(str(found), 60)
        msg = f"{manifest.run_id}: {printable(name, 60)} is no number ({shown}): give the places with --at"
        raise ConfigError(msg)
    return float(found)
