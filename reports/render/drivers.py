"""What drives answers across samples, as rows and sentences: for card and app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import number, percent
from audit.core.records import DISCOVERY_RATE, LEAST_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import DrivenAnswers, Driver, Drivers

PLURALS = {
    "error": "errors",
    "right answer": "right answers",
    "bias gap": "bias gaps",
    "harmful output": "harmful outputs",
    "bad rating": "bad ratings",
}


@dataclass(frozen=True)
class DriverRow:
    """One driver."""

    answers: str
    """The kind of answer, in the plural."""
    name: str
    """The word or part; of model or data, to be escaped."""
    kind: str
    """``word`` or ``part``."""
    samples: int
    """Samples that it occurs in."""
    value: str
    """Mean value, nats."""
    q: str
    """Smallest false discovery rate at which it counts."""


def rows(drivers: Drivers, *, hidden: bool) -> list[DriverRow]:
    """What was found, by kind of answer.

    Args:
        drivers: Of a run.
        hidden: The words that a reader must ask for, or everything else.
    """
    return [
        DriverRow(plural(group), one.name, one.kind, one.samples, number(one.mean_value, "nats"), rate(one))
        for group in drivers.groups
        for one in group.tested
        if one.is_driver and one.hidden == hidden
    ]


def rate(driver: Driver) -> str:
    """``0.042``, or ``< 0.001``."""
    return "< 0.001" if driver.q < 0.001 else number(driver.q, "share")


def plural(group: DrivenAnswers) -> str:
    """The kind of answer, for a table."""
    return PLURALS.get(group.answers, group.answers)


def sentences(drivers: Drivers) -> list[str]:
    """For each kind of answer how many samples there were, what was tested and how much was found."""
    return [_sentence(group) for group in drivers.groups]


def _sentence(group: DrivenAnswers) -> str:
    found = sum(driver.is_driver for driver in group.tested)
    if not group.samples:
        text = "none of the samples could be explained" if group.failures else "no sample to explain"
    elif group.samples < LEAST_SAMPLES:
        text = f"{_samples(group.samples)}, too few: it takes {LEAST_SAMPLES} samples to test a word or part"
    elif not group.tested:
        text = f"{_samples(group.samples)}; no word or part occurs in {LEAST_SAMPLES} of them"
    else:
        text = f"{_samples(group.samples)}; {_tested(group.tested)} tested, {found or 'none'} found to drive them"
    failed = f"; {_samples(len(group.failures))} could not be explained" if group.failures else ""
    return f"{plural(group).capitalize()}: {text}{failed}."


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count} samples"


def _tested(tested: Sequence[Driver]) -> str:
    """``12 words and 3 parts``."""
    counts = {kind: sum(driver.kind == kind for driver in tested) for kind in ("word", "part")}
    named = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items() if count]
    return " and ".join(named)


def reading(drivers: Drivers) -> str:
    """How to read the table."""
    return (
        f"Words and parts that rank higher among the features of their prompts, by {drivers.method}, than features "
        f"drawn at random; at most {percent(DISCOVERY_RATE)} of those listed are expected to be there by chance. The "
        "value is the mean change that they make to the answer's log-probability (for a choice, its lead), in nats. "
        "These samples were selected, not drawn at random."
    )
