"""Which of the rateable samples of a task are rated."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from audit.core.errors import UsageError
from audit.core.text import named
from audit.ratings.drawing import drawn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Sample

Way = Literal["random", "stratified", "worst", "uncertain", "disagreement"]
WAYS: tuple[Way, ...] = get_args(Way)
"""``random``: drawn as :func:`audit.ratings.drawing.drawn` does, so that a gate may correct scores by the ratings;
``stratified``: equally many of each value of a slice; ``worst``: the worst scores; ``uncertain``: the lowest
confidence; ``disagreement``: the largest difference between the scores of two runs, or of the sampled texts of one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that could be rated."""

    first: Sample
    """The sample, or that of the first run."""
    second: Sample | None = None
    """The sample of the second run, of the same item."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What all chosen items have in common."""

    slices: dict[str, str] = field(default_factory=dict)
    """Values of slices."""
    flags: frozenset[str] = frozenset()
    """Flags; all of them."""
    contains: str = ""
    """Text in prompt or output, in any case."""
    lowest: float | None = None
    """Least score."""
    highest: float | None = None
    """Highest score."""

    def accepts(self, sample: Sample) -> bool:
        """Whether a sample has all of it."""
        if any(sample.slices.get(name) != value for name, value in self.slices.items()):
            return False
        if not self.flags <= {str(flag) for flag in sample.all_flags}:
            return False
        if self.contains and self.contains.casefold() not in f"{sample.prompt}\n{sample.output}".casefold():
            return False
        low, high, score = self.lowest, self.highest, sample.score
        return (low is None or (score is not None and score >= low)) and (
            high is None or (score is not None and score <= high)
        )


def choose(
    candidates: Sequence[Candidate],
    way: Way,
    count: int,
    run_id: str,
    *,
    higher_is_better: bool | None = None,
    by: str | None = None,
) -> list[Candidate]:
    """So many items of a task; where several are equally good choices, those that are drawn first.

    Args:
        candidates: Rateable samples of one task, filtered.
        way: How they are chosen.
        count: How many; all where there are no more.
        run_id: The (first) run, which decides the draw.
        higher_is_better: Direction of the task's scores, for ``worst``.
        by: Slice whose values are the strata of ``stratified``.

    Raises:
        UsageError: The samples do not have what the way goes by.
    """
    place = {
        one.sample_id: at for at, one in enumerate(drawn((one.first for one in candidates), run_id, len(candidates)))
    }
    order = sorted(
        (one for one in candidates if one.first.sample_id in place), key=lambda one: place[one.first.sample_id]
    )
    if way == "stratified":
        return _stratified(order, count, by)
    if way != "random":
        order = _sorted(order, way, higher_is_better)
    return order[:count]


def _sorted(order: list[Candidate], way: Way, higher_is_better: bool | None) -> list[Candidate]:
    task = named(order[0].first.task) if order else ""
    if way == "worst" and higher_is_better is None:
        msg = f"{task}: neither end of its scores is good, so none is worst: choose by random or disagreement"
        raise UsageError(msg)
    sign = 1.0 if higher_is_better else -1.0
    keys: dict[str, Callable[[Candidate], float | None]] = {
        "worst": lambda one: None if one.first.score is None else sign * one.first.score,
        "uncertain": lambda one: one.first.confidence,
        "disagreement": _disagreement,
    }
    found = [(value, one) for one in order if (value := keys[way](one)) is not None]
    if order and not found:
        lack = {"worst": "scores", "uncertain": "confidences", "disagreement": "two scores to compare"}[way]
        msg = f"{task}: its samples have no {lack}: choose another way than {way}"
        raise UsageError(msg)
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _disagreement(one: Candidate) -> float | None:
    """Minus the largest difference of scores."""
    if one.second is not None:
        scores = [sample.score for sample in (one.first, one.second) if sample.score is not None]
    else:
        scores = [text.value for text in one.first.completions if text.value is not None]
    return min(scores) - max(scores) if len(scores) > 1 else None


def _stratified(order: list[Candidate], count: int, by: str | None) -> list[Candidate]:
    """In turn one of each stratum, until there are enough."""
    strata: defaultdict[str, list[Candidate]] = defaultdict(list)
    for one in order:
        value = one.first.slices.get(by or "")
        if value is not None:
            strata[value].append(one)
    if order and not strata:
        known = sorted({name for one in order for name in one.first.slices})
        there = f"it has {', '.join(map(named, known))}" if known else "it has none"
        msg = f"--by {named(by or '')}: no such slice of {named(order[0].first.task)}: {there}"
        raise UsageError(msg)
    turns = [group[turn] for turn in range(count) for _, group in sorted(strata.items()) if turn < len(group)]
    return turns[:count]
