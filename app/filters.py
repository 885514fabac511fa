"""Which samples of a run the reader wants to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import stored
from audit.stats.aggregate import is_scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

WITHOUT_FLAG = "(no flag)"


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader asked for. Empty choices let everything through."""

    scores: tuple[float, float] | None
    """Range of the score, ends included; None takes all."""
    unscored: str
    """``all``, ``scored`` or ``not scored``."""
    flags: frozenset[str]
    """Any of these; ``(no flag)`` stands for none."""
    slices: frozenset[str]
    """Any of these, as ``name = value``."""
    text: str
    """Occurs in prompt, output or reference, whatever the case."""

    def keep(self, sample: Sample) -> bool:
        """Whether a sample is wanted."""
        return (
            self._score_fits(sample)
            and self._flags_fit(sample)
            and self._slices_fit(sample)
            and self._text_fits(sample)
        )

    def _score_fits(self, sample: Sample) -> bool:
        if self.unscored == "not scored":
            return not is_scored(sample)
        if not is_scored(sample) or sample.score is None:
            return self.unscored == "all" and self.scores is None
        return self.scores is None or self.scores[0] <= sample.score <= self.scores[1]

    def _flags_fit(self, sample: Sample) -> bool:
        return not self.flags or bool(self.flags & flag_names(sample))

    def _slices_fit(self, sample: Sample) -> bool:
        return not self.slices or bool(self.slices & set(slice_names(sample)))

    def _text_fits(self, sample: Sample) -> bool:
        wanted = self.text.casefold()
        texts = [sample.prompt, sample.thinking, sample.output, sample.reference]
        texts += [text for one in sample.completions for text in (one.text, one.thinking)]
        return not wanted or any(wanted in (text or "").casefold() for text in texts)


def slice_names(sample: Sample) -> list[str]:
    """The subsets a sample is in, as ``name = value``."""
    return [f"{name} = {value}" for name, value in sample.slices.items()]


def flag_names(sample: Sample) -> set[str]:
    """Its flags and those of its completions; ``(no flag)`` for none."""
    return {flag.value for flag in sample.all_flags} or {WITHOUT_FLAG}


def choose_tasks(run: RunFolder) -> list[Sample]:
    """Boxes for suite and task; the samples of what was chosen, all where nothing was."""
    tasks = stored.tasks(run)
    left, right = st.columns([1, 3])
    suites = left.multiselect("Suites", sorted({suite for suite, _ in tasks}), placeholder="all")
    offered = [(suite, task) for suite, task in tasks if not suites or suite in suites]
    names = {f"{suite}/{task}": (suite, task) for suite, task in offered}
    wanted = right.multiselect("Tasks", list(names), placeholder="all", key="filter_tasks")
    chosen = [names[name] for name in wanted if name in names] or offered
    return [sample for suite, task in chosen for sample in stored.samples(run, suite, task)]


def choose_filters(samples: Sequence[Sample]) -> Filters:
    """Boxes for the rest; they offer what occurs in ``samples``."""
    text, flags, slices = st.columns([2, 1, 1])
    wanted_text = text.text_input(
        "Text", placeholder="in prompt, reasoning, output, reference", icon=":material/search:"
    )
    flags_there = sorted({flag for sample in samples for flag in flag_names(sample)})
    wanted_flags = flags.multiselect("Flags", flags_there, placeholder="any")
    slices_there = sorted({name for sample in samples for name in slice_names(sample)})
    wanted_slices = slices.multiselect("Slices", slices_there, placeholder="any")
    scored, scores = st.columns([2, 5])
    unscored = scored.segmented_control("Scored", ["all", "scored", "not scored"], default="all", required=True)
    wanted_scores = _choose_scores(samples, scores) if unscored != "not scored" else None
    return Filters(wanted_scores, unscored, frozenset(wanted_flags), frozenset(wanted_slices), wanted_text.strip())


def _choose_scores(samples: Sequence[Sample], place: st.delta_generator.DeltaGenerator) -> tuple[float, float] | None:
    """A slider over the scores that occur; None while both ends are at their limits."""
    values = [sample.score for sample in samples if is_scored(sample) and sample.score is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    if low == high:
        return None
    chosen: tuple[float, float] = place.slider("Score", low, high, (low, high))
    return None if chosen == (low, high) else chosen
