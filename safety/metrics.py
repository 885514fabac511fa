"""The metrics of a probe: what it declares, and what the samples of a run make of that."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from audit.core.records import Flag, Metric, MetricWords
from audit.core.words.counts import CUT_ANSWERS, WITHOUT_SCORE
from audit.stats.aggregate import NOT_YET, TRUNCATED_OUTPUTS, UNSCORED
from audit.stats.definitions import Count, MeanOfCompletions, Unscored
from audit.stats.definitions.chance import Meaning
from audit.stats.definitions.metric import measured

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from audit.core.records import ChanceOf, Sample
    from audit.stats.definitions import Definition


def titled(title: str, of: str | None = None) -> MetricWords:
    """Words of a metric that is a share, or has no reference.

    Args:
        title: Heading.
        of: What a share is of, as a phrase after the value.
    """
    return MetricWords(title=title, of=of)


def _always(_samples: Sequence[Sample]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ProbeMetric:
    """A metric that a probe declares: name, definition, unit, direction, and the slices that it is repeated on."""

    name: str
    """Without the probe's name; metrics on other slices may share it."""
    definition: Definition
    """Of the value; the suite puts the run's seed in."""
    unit: str
    """A name of :data:`audit.core.units.UNITS`."""
    higher_is_better: bool | None
    """Direction; None where neither end is good."""
    _: KW_ONLY
    primary: bool = False
    """Whether the summary table shows it; slices are never shown there."""
    note: str | Callable[[Sequence[Sample], Sequence[Any]], str | None] | None = None
    """What a reader must know, or a function of the samples it is about and of all items of the data set."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What decides its value, in addition to the settings of the probe."""
    on: tuple[str, ...] = ()
    """Names of the slices that it is repeated on: once for each category of the data set, drawn or not."""
    within: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By slice, the categories that it is about; all of them where the slice is not listed."""
    whole: bool = True
    """Whether it is also computed over all items."""
    slice: Mapping[str, str] | None = None
    """Of the value over all items: what is measured, e.g. ``{"attack": "loss"}``; the definition lists such names in
    its ``columns``."""
    words: MetricWords | None = None
    """Title and phrases for readers; None shows the name."""
    chance: float | ChanceOf | None = None
    """Value that guessing gives, or the function of the samples that gives it
    (:class:`audit.stats.definitions.chance.Meaning`)."""
    ideal: float | None = None
    """The value to aim at, if there is one: 0 for gaps and leaks; not 1 for a share of right answers."""
    texts: str = "sampled texts"
    """What it is about where it is about completions, for its note."""
    when: Callable[[Sequence[Sample]], bool] = _always
    """Whether samples that it is about have what it measures (e.g. a reasoning trace); otherwise it is left out. Asked
    of all samples where it is about none of them."""


def _is_written(samples: Sequence[Sample]) -> bool:
    return any(sample.tokens_out for sample in samples)


TRUNCATED = ProbeMetric(
    TRUNCATED_OUTPUTS,
    Count(flags=(Flag.TRUNCATED_OUTPUT,)),
    "count",
    None,
    note="Answers cut by the token limit; one that has begun is judged as far as it goes.",
    when=_is_written,
    words=CUT_ANSWERS,
)
"""How many answers the token limit cut, for probes that ask for whole answers; left out where nothing was generated."""
_UNSCORED = ProbeMetric(UNSCORED, Unscored(), "count", False, words=WITHOUT_SCORE)


def compute(
    declared: Iterable[ProbeMetric],
    samples: Sequence[Sample],
    items: Sequence[Any],
    categories: Mapping[str, Collection[str]],
    *,
    seed: int,
    settings: Mapping[str, Any],
    note: Callable[[ProbeMetric], str | None] | None = None,
) -> list[Metric]:
    """All metrics of a probe: over all items, the count of unscored samples, then those of each slice.

    A category without samples gets the same metrics with ``value`` null and the reason: a gap in the draw is seen, and
    never passes for a good result.

    Args:
        declared: By the probe; where it counts what is unscored itself, that counts.
        samples: All of the run, at least one.
        items: Every item of the data set, drawn or not.
        categories: By slice, every category of the data set, drawn or not.
        seed: The run's, for bootstraps and permutations.
        settings: What decides all of these metrics.
        note: What a reader of a metric must know, beyond its own note; plain counts go without.
    """
    made = _Measuring(samples, items, seed, settings, note)
    found = [made.of(*one) for one in _places(list(declared), categories)]
    return [metric for metric in found if metric is not None]


def foreseen(declared: Iterable[ProbeMetric], categories: Mapping[str, Collection[str]], task: str) -> list[Metric]:
    """The metrics of a probe before anything is asked: units, directions, slices and definitions, without values.

    Args:
        declared: By the probe.
        categories: By slice, every category of the data set.
        task: Name of the probe.
    """
    return [
        Metric(
            name=f"{task}/{metric.name}",
            suite="safety",
            task=task,
            metric=metric.name,
            value=None,
            n=0,
            higher_is_better=metric.higher_is_better,
            unit=metric.unit,
            slice=dict(where) if where else None,
            definition=metric.definition.written(),
            words=metric.words,
            ideal=metric.ideal,
            chance=None if isinstance(metric.chance, str) else metric.chance,
            error=NOT_YET,
        )
        for metric, where in _places(list(declared), categories)
    ]


def _places(
    declared: Sequence[ProbeMetric], categories: Mapping[str, Collection[str]]
) -> Iterator[tuple[ProbeMetric, Mapping[str, str] | None]]:
    """Each metric with its slice, None for all items: those over all items first, then those of each category."""
    wanted = declared if any(metric.name == UNSCORED for metric in declared) else [*declared, _UNSCORED]
    yield from ((metric, metric.slice) for metric in wanted if metric.whole)
    for key in dict.fromkeys(name for metric in wanted for name in metric.on):
        for category in sorted(categories.get(key, ())):
            for metric in wanted:
                if key in metric.on and category in metric.within.get(key, (category,)):
                    yield metric, {key: category}


@dataclass(frozen=True, slots=True)
class _Measuring:
    """What all metrics of a probe are made of; see :func:`compute`."""

    samples: Sequence[Sample]
    items: Sequence[Any]
    seed: int
    settings: Mapping[str, Any]
    note: Callable[[ProbeMetric], str | None] | None

    def of(self, metric: ProbeMetric, where: Mapping[str, str] | None) -> Metric | None:
        """A declared metric on a slice, or over all items; None where it is left out (``ProbeMetric.when``)."""
        definition = replace(metric.definition, seed=self.seed)
        if where and where is not metric.slice:
            definition = definition.for_slice(where)
        inside = definition.select(self.samples, where)
        if not metric.when(inside or self.samples):
            return None
        return measured(
            definition,
            self.samples,
            metric=metric.name,
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
            primary=metric.primary and where is metric.slice,
            note=self._note(metric, definition, inside),
            settings={**self.settings, **metric.settings},
            slice=where,
            meaning=Meaning(metric.words, metric.chance, metric.ideal),
        )

    def _note(self, metric: ProbeMetric, definition: Definition, inside: Sequence[Sample]) -> str | None:
        """What a reader of one value must know; plain counts go without the probe's note."""
        own = metric.note(inside, self.items) if callable(metric.note) else metric.note
        of_probe = self.note(metric) if self.note and metric.unit != "count" else None
        notes = [own, _counted(definition, inside, metric.texts), of_probe]
        return "; ".join(filter(None, notes)) or None


def _counted(definition: Definition, samples: Sequence[Sample], texts: str) -> str | None:
    """What ``n`` counts where it is not items, and in how many clusters; None where it counts items."""
    if not isinstance(definition, MeanOfCompletions):
        return None
    pairs = definition.values(samples)
    clusters = len({definition.unit_of(sample) for sample, _ in pairs})
    groups = "1 cluster" if clusters == 1 else f"{clusters} clusters"
    return f"n counts {texts}: {len(pairs)} in {groups}" if pairs else None
