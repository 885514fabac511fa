"""What a probe is: a declaration of its items, what is asked about them, how answers are judged, and its metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from audit.core.config import RunConfig
    from audit.core.records import AssetRecord, Flag, Sample, Span
    from audit.engine import Completion, Engine, GenerateRequest, Score, ScoreRequest
    from audit.engine.journal import Journal
    from audit.safety.metrics import ProbeMetric
    from audit.safety.predictions import Predictions

SUITE: Literal["safety"] = "safety"
OFFENSIVE = "Items and outputs hold stereotypes, slurs and other offensive text on purpose."

Item = TypeVar("Item")
"""What a probe asks about: a frozen dataclass of the probe."""
Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True)
class Population(Generic[Item]):
    """All items of a probe's data, drawn or not: they name the categories of slices."""

    parts: tuple[tuple[Item, ...], ...]
    """The items of each data set, in its order; each has one at least, and is drawn from by itself."""
    assets: tuple[AssetRecord, ...] = ()
    """Where they come from."""

    @property
    def items(self) -> tuple[Item, ...]:
        """All of them."""
        return tuple(item for part in self.parts for item in part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What one item asks of the checkpoint."""

    prompt: str
    """What a reader sees as the prompt; empty where whole sentences are compared."""
    score: tuple[ScoreRequest | tuple[ScoreRequest, ...], ...] = ()
    """Continuations whose log-likelihoods are wanted, or the parts of one; equal requests are asked once."""
    generate: tuple[GenerateRequest, ...] = ()
    """Texts that are wanted; ``n`` samples of one prompt are one request. Where it samples, the suite sets the seed."""
    spans: tuple[Span, ...] = ()
    """Named parts of the prompt."""
    flags: tuple[Flag, ...] = ()
    """Remarks on the prompt."""
    error: str | None = None
    """Why the item cannot be asked; its sample is unscored then."""


@runtime_checkable
class AsksCheckpoint(Protocol):
    """What judges answers by asking a checkpoint of its own."""

    def keep_answers(self, journal: Journal | None) -> None:
        """Keep what that checkpoint answers in the journal of a run, and ask nothing that is there."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where answers come from and what judges them."""

    config: RunConfig
    """Of the run."""
    engine: Engine | None = None
    """The checkpoint; None where answers come from a file."""
    predictions: Predictions | None = None
    """The file; None where the checkpoint answers."""
    scorer: Any = None
    """What the probe's ``scorer`` gave."""
    drawn: int = 0
    """Items that were drawn, before ``expand``."""
    judges: dict[str, Any] = field(default_factory=dict)
    """What judges answers and is loaded already, by name; the probes of a run share it."""

    def loaded(self, name: str, load: Callable[[], Loaded]) -> Loaded:
        """What judges answers, loaded for the first probe of a run that needs it.

        Args:
            name: What it is, e.g. the name of a setting.
            load: Loads it.
        """
        if name not in self.judges:
            self.judges[name] = found = load()
            if isinstance(found, AsksCheckpoint) and self.engine is not None:
                found.keep_answers(self.engine.journal)
            return found
        known: Loaded = self.judges[name]
        return known


@dataclass(frozen=True, slots=True)
class Answered(Generic[Item]):
    """An item with its answers."""

    item: Item
    """What was asked about."""
    sample: Sample
    """Not judged yet: identity, cluster, pair, slices, prompt, tokens, flags of the prompt and ``answered_by``."""
    context: Context
    """Where the answers come from."""
    scores: tuple[Score, ...] = ()
    """To the score requests, in order; parts of one continuation are joined. Where nothing was generated, none of them
    is empty or has an error."""
    completions: tuple[Completion, ...] = ()
    """To the generate requests, in order. An answer from a file is one with a single, finished generation."""
    verdict: Any = None
    """What the probe's ``verdicts`` gave for it."""


def _nothing(_context: Context) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe(Generic[Item]):
    """One question about harm, asked of a checkpoint.

    A probe is one file that ends in ``PROBE = Probe(...)`` and one line in :mod:`audit.core.names`. It says what is
    special about it; :mod:`audit.safety.running` draws items, names samples, sets seeds, asks, slices, counts what
    could not be scored, and computes the metrics by their definitions.
    """

    name: str
    """What users call it; also the task name of its metrics and samples."""
    description: str
    """One line: what it measures."""
    title: str | None = None
    """Heading for readers, with the name of the published data set in brackets; None shows the name."""
    question: str | None = None
    """What it asks of the checkpoint, as a plain question (``Does it …?``)."""
    datasets: tuple[str, ...]
    """Asset names of its data; empty for prompts that are part of the package."""
    formula: str
    """Its primary metrics in words or symbols, with the source they follow."""
    direction: str
    """Which end is good, in words; readers see it with the title."""
    dependence: str
    """Items that are not independent of each other, and how the intervals treat them."""
    limits: tuple[str, ...]
    """What its numbers do not show; one sentence each, for report and documentation."""
    content_warning: str | None
    """What a reader may meet in its samples; None when nothing is expected."""

    load: Callable[[], Population[Item]]
    """Reads the data into typed items (:func:`audit.safety.loading.published` and
    :func:`~audit.safety.loading.shipped`). Raises AssetError where data are missing or wrong: the probe is then
    reported as not run."""
    identity: Callable[[Item], object]
    """What makes an item itself, as JSON: the digest of it is the sample's id, and must stay as it is."""
    namespace: str | None = None
    """Name of the data set in sample ids; None takes the first of ``datasets``, or the probe's name."""
    slices: Callable[[Item], dict[str, str]] = lambda _item: {}
    """What a reader may group an item by."""
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By slice, categories to report on even where the data set has no item of them."""
    cluster: Callable[[Item], str] | None = None
    """Items that are not independent share it; None where all are independent."""
    pair: Callable[[Item], str] | None = None
    """Items that are compared with each other share it."""
    together: Callable[[Item], str] | None = None
    """Items with the same value are drawn together: a limit then counts such groups."""
    stratum: Callable[[Item], str] | None = None
    """A limit counts items of each stratum, so that small ones do not vanish among large ones."""
    expand: Callable[[Sequence[Item], Context], Sequence[Item]] | None = None
    """Makes the items that are asked out of those that were drawn, e.g. prefixes of a document."""
    scorer: Callable[[Context], Any] | None = None
    """Loads what judges the answers, before anything is asked. Its ``record``, an AssetRecord, goes into the manifest.
    Raises AssetError where it is missing."""
    loads: Callable[[RunConfig], Collection[str]] = lambda _config: ()
    """Names of what its ``scorer`` has :meth:`Context.loaded` load, e.g. ``toxicity_scorer``: it is looked for before
    anything is computed, and let go after the last probe that names it."""
    rehearsed: Callable[[RunConfig], bool] = lambda _config: True
    """Whether its texts may be asked for before its scorer is loaded: not where the scorer may well be missing."""
    requests: Callable[[Item, Engine, RunConfig], Requests]
    """What an item asks of the checkpoint."""
    flags: Callable[[Item], Sequence[Flag]] = lambda _item: ()
    """Remarks on an item, whatever is answered."""
    given: Callable[[Predictions], Sequence[tuple[Item, Sequence[str]]]] | None = None
    """For answers that were produced elsewhere: items and their texts, out of a file. None where the probe needs the
    checkpoint. Raises UsageError where the file does not have what it takes."""
    shown: Callable[[Item], str] = lambda _item: ""
    """What a reader sees as the prompt of an answer that was produced elsewhere."""
    verdicts: Callable[[Sequence[Answered[Item]], Context], Sequence[Any]] | None = None
    """Judges all answers at once, e.g. by a classifier: one verdict per item, of any type."""
    judge: Callable[[Answered[Item]], Sample]
    """Scores one item. An item whose score requests failed, and that has no other, is not judged."""
    metrics: tuple[ProbeMetric, ...] = ()
    """Its metrics, primary ones first; the count of unscored samples is added."""
    more_metrics: Callable[[Context], Sequence[ProbeMetric]] | None = None
    """Further metrics that depend on scorer or configuration. A definition of another package may depend on the
    configuration alone: the manifest, written before anything is asked, names its package."""
    settings: Callable[[Context], dict[str, Any]] = _nothing
    """What decides its numbers, apart from checkpoint, data and seed, as fields."""
    data_settings: Callable[[Sequence[Item]], dict[str, Any]] = lambda _items: {}
    """What the items of the data say of its numbers, e.g. their split."""
    note: Callable[[Context, ProbeMetric], str | None] | None = None
    """What a reader of one of its metrics must know, e.g. how far to trust what judges; plain counts go without."""
