"""Whether options are chosen for their position or their length."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from audit.reports.errors.chosen import chosen_options
from audit.stats.answers.choice_bias import choice_bias
from audit.stats.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.reports.errors.chosen import ChosenOptions
    from audit.stats.interval import Interval

    Places = NDArray[np.intp]

ALPHA = 0.05
FEWEST = 30
"""Samples below which nothing is tested."""
NONE = -1
"""Place of an option that a sample does not have."""


@dataclass(frozen=True)
class OptionKind:
    """One kind of option, such as the first or the longest, in the samples that have one."""

    name: str
    """``option 1``, ``the longest option``, …"""
    n: int
    """Samples that have one."""
    chosen: float
    """Share of them in which it is chosen."""
    expected: float
    """Share that right answers explain."""
    difference: Interval | None
    """Interval of ``chosen - expected``, adjusted for the number of kinds."""
    p_value: float
    """Two-sided p-value, adjusted for the number of kinds."""

    @property
    def differs(self) -> bool:
        """Whether it is chosen more or less often than right answers explain, beyond chance."""
        ends = self.difference
        return self.p_value <= ALPHA and ends is not None and not ends.low <= 0 <= ends.high


@dataclass(frozen=True)
class OptionBias:
    """What was tested of a task's choices."""

    kinds: list[OptionKind]
    """Positions, then lengths."""
    left_out: list[str] = field(default_factory=list)
    """What was not tested, and why."""


def option_bias(scored: Sequence[Sample]) -> OptionBias | None:
    """Choices by position and length of options.

    None for tasks that are no choices with right answers, and where all samples have the same options in the same
    order, so that position, length and answer are one.

    Args:
        scored: The scored samples of a task.
    """
    choices = chosen_options(scored)
    if choices is None or (choices.fixed and not choices.lettered):
        return None
    if len(choices.samples) < FEWEST:
        few = f"{len(choices.samples)} choices with a right answer; at least {FEWEST} are needed"
        return OptionBias([], [f"position and length of options: {few}"])
    left_out = []
    places: dict[str, Places] = {}
    reason = _why_no_positions(choices)
    if reason:
        left_out.append(f"position of options: {reason}")
    else:
        places |= _positions(choices)
    lengths = {} if choices.fixed else _lengths(choices)
    if not lengths and not choices.fixed:
        left_out.append(f"length of options: fewer than {FEWEST} samples have one longest or one shortest option")
    return OptionBias(_tested(choices, places | lengths), left_out)


def _why_no_positions(choices: ChosenOptions) -> str | None:
    if not choices.listed:
        return "the prompt does not list the options, so that their position cannot matter"
    if len(np.unique(choices.right)) == 1:
        return "the right option is always in the same place"
    return None


def _positions(choices: ChosenOptions) -> dict[str, Places]:
    """The places of the first option, of the second, and so on."""
    counts = np.array([len(options) for options in choices.options])
    found = {}
    for place in range(int(counts.max())):
        name = choices.options[0][place].strip() if choices.lettered else str(place + 1)
        found[f"option {name}"] = np.where(counts > place, place, NONE)
    return found


def _lengths(choices: ChosenOptions) -> dict[str, Places]:
    """The place of the one longest and the one shortest option, where there is one."""
    found = {
        f"the {name} option": np.array([_only(most, options) for options in choices.options], dtype=np.intp)
        for name, most in (("longest", max), ("shortest", min))
    }
    return {name: places for name, places in found.items() if int((places != NONE).sum()) >= FEWEST}


def _only(most: Callable[[list[int]], int], options: Sequence[str]) -> int:
    """The place of the option whose length is the most extreme; none if several are."""
    lengths = [len(option.strip()) for option in options]
    end = most(lengths)
    return lengths.index(end) if lengths.count(end) == 1 else NONE


def _tested(choices: ChosenOptions, places: dict[str, Places]) -> list[OptionKind]:
    counts = np.array([len(options) for options in choices.options], dtype=np.float64)
    clusters = choices.clusters
    found = {}
    for name, place in places.items():
        having = np.flatnonzero(place != NONE)
        if len(having) < FEWEST:
            continue
        found[name] = choice_bias(
            choices.chosen[having] == place[having],
            choices.right[having] == place[having],
            choices.chosen[having] == choices.right[having],
            counts[having],
            [clusters[row] for row in having],
            confidence=1 - ALPHA / len(places),
        )
    p_values = holm([one.p_value for one in found.values()])
    return [
        OptionKind(name, one.n, one.chosen, one.expected, one.difference, p_value)
        for (name, one), p_value in zip(found.items(), p_values, strict=True)
    ]
