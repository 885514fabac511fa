"""Samples that are choices, and what the checkpoint saw of their options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.sensitive import is_hidden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

LOOKED_AT = 500
"""Of more samples, about so many decide whether prompts list the options."""


@dataclass(frozen=True)
class ChosenOptions:
    """Scored choices with a right and a chosen option."""

    samples: list[Sample]
    """They themselves."""
    options: list[list[str]]
    """Options of each."""
    chosen: NDArray[np.intp]
    """Position of the chosen one, from 0."""
    right: NDArray[np.intp]
    """Position of the right one."""

    @property
    def clusters(self) -> list[str | None]:
        """The cluster of each."""
        return [sample.cluster for sample in self.samples]

    @property
    def fixed(self) -> bool:
        """Whether all have the same options in the same order."""
        return len({tuple(options) for options in self.options}) == 1

    @property
    def lettered(self) -> bool:
        """Whether the options are the letters or numbers of what the prompt lists: their order is that of the texts."""
        names = [option.strip(" .()") for option in self.options[0]]
        runs = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "123456789")
        return self.fixed and any("".join(names) == run[: len(names)] for run in runs)

    @property
    def listed(self) -> bool:
        """Whether most prompts list the options in order, so that the checkpoint saw where each is.

        Of many samples some decide: a task has one template.
        """
        step = max(1, len(self.samples) // LOOKED_AT)
        looked = list(map(_lists, self.samples[::step], self.options[::step]))
        return sum(looked) > len(looked) / 2

    @property
    def shown(self) -> bool:
        """Whether readers see the text of some without asking for it."""
        return not all(map(is_hidden, self.samples))


def chosen_options(scored: Sequence[Sample]) -> ChosenOptions | None:
    """The scored samples that are choices with a right and a chosen option; None if there is none.

    Args:
        scored: The scored samples of a task.
    """
    kept, options, chosen, right = [], [], [], []
    for sample in scored:
        choice = sample.choice
        if choice is None or choice.chosen is None or choice.right is None or len(choice.options) < 2:
            continue
        kept.append(sample)
        options.append(choice.options)
        chosen.append(choice.chosen)
        right.append(choice.right)
    if not kept:
        return None
    return ChosenOptions(kept, options, np.array(chosen, dtype=np.intp), np.array(right, dtype=np.intp))


def _lists(sample: Sample, options: Sequence[str]) -> bool:
    """Whether the end of a prompt has all options, one after the other."""
    place = 0
    for option in options:
        start = _end_of(sample).find(option.strip(), place)
        if start < 0:
            return False
        place = start + len(option.strip())
    return True


def _end_of(sample: Sample) -> str:
    """The prompt behind its few-shot examples."""
    return sample.prompt[max((span.end for span in sample.spans if span.kind == "example"), default=0) :]
