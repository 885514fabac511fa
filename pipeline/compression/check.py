"""The order of a compression check: tasks and verdicts first, which need no weights, then distributions and texts."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from audit.core import assets, provenance
from audit.core.errors import CheckpointError
from audit.core.formatting import metric_label
from audit.core.records.many.compression import CompressedTwin, CompressionCheck
from audit.engine.configured import load_recorded, recorded_config
from audit.engine.local.memory import give_back
from audit.gate import decide as judge
from audit.gate.comparison.compare import compare
from audit.gate.comparison.outcomes import with_outcomes
from audit.pipeline.compression.kept_logits import KeptLogits, fitting_items
from audit.pipeline.compression.kept_measurements import KeptMeasurements, WeightMeasurement
from audit.pipeline.compression.languages import NO_TEXTS, TEXTS, language_fits, scored_texts, texts_at_hand
from audit.pipeline.compression.measuring import diverged, divergence, keep_logits, vocabulary_of, why_not_defined
from audit.pipeline.compression.positions import ITEMS, asked_items, drawn_items

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.core.progress import Progress
    from audit.core.records import Comparison, RunManifest, Sample
    from audit.core.records.comparison import MismatchKind
    from audit.core.run_folder import RunFolder
    from audit.engine import Engine
    from audit.gate.policy import PolicyFile
    from audit.pipeline.compression.languages import LanguageTexts
    from audit.pipeline.compression.positions import AnsweredItem

TOLERATED: tuple[MismatchKind, ...] = ("tokenizer", "chat_template")
"""A compressed checkpoint in another file format has them in other files; that prompts are equal is checked."""
WEIGHTS = ("divergence", "no_divergence", "languages")
"""Fields of a compressed checkpoint that its weights decide."""
FILE_FULL = "beyond the room for the original's logits"


@dataclass(frozen=True)
class Asking:
    """What a check asks for."""

    policy: PolicyFile
    """Judges each compressed checkpoint, with the original as its baseline."""
    known: frozenset[str] = frozenset()
    """Names of attribution methods, for :func:`audit.gate.decide.decide`."""
    items: int = ITEMS
    """Items whose distributions are compared."""
    texts: int = TEXTS
    """Texts of each language that are scored."""
    confidence: float = 0.95
    """Nominal coverage of intervals."""
    across: tuple[str, ...] = ()
    """Kinds of mismatch to compare across, apart from ``TOLERATED``."""


@dataclass
class _Original:
    """What is kept of the original when its weights are gone."""

    tokenizer: PreTrainedTokenizerBase
    vocabulary: int
    items: list[AnsweredItem]
    left_out: dict[str, int]
    texts: list[LanguageTexts]
    likelihoods: dict[str, list[Sample]] = field(default_factory=dict)


def check(original: RunFolder, twins: Sequence[RunFolder], asking: Asking, progress: Progress) -> CompressionCheck:
    """Compare compressed checkpoints with the original.

    One checkpoint is in memory at a time; the original's logits lie in a temporary file. What was measured on a
    compressed checkpoint is kept until all are: an interrupted check measures the others alone when it is called again.

    Args:
        original: Its run.
        twins: Runs of the compressed checkpoints.
        asking: What is asked for.
        progress: Hears of the work.

    Raises:
        UsageError: A run cannot be compared or judged, or a checkpoint is not the one of its run.
        EvidenceInvalid: The files of a run contradict each other.
        WriteError: There is no room for the original's logits.
    """
    manifest = original.read_manifest()
    found = [_compared(original, twin, asking) for twin in twins]
    labels = _labels([twin.read_manifest() for twin in twins])
    texts = texts_at_hand(asking.texts)
    asked = [asking.items, asking.confidence, [(one.language, one.source, one.texts) for one in texts]]
    measured = _measurements(original, twins, texts, asking, progress, KeptMeasurements(original, asked))
    done = [
        one.model_copy(update={"label": label, **{name: getattr(weights, name) for name in WEIGHTS}})
        for one, label, weights in zip(found, labels, measured, strict=True)
    ]
    return CompressionCheck(
        original=found[0].comparison.baseline,
        bytes=_size(manifest),
        confidence=asking.confidence,
        no_languages=None if texts else NO_TEXTS if asking.texts else "none were asked for (--texts 0)",
        twins=done,
    )


def _measurements(
    original: RunFolder,
    twins: Sequence[RunFolder],
    texts: list[LanguageTexts],
    asking: Asking,
    progress: Progress,
    before: KeptMeasurements,
) -> list[WeightMeasurement]:
    """What the weights of each compressed checkpoint say; those that were measured before are not measured again."""
    measured = [before.of(twin) for twin in twins]
    if any(one is None for one in measured):
        drawn = drawn_items(original, asking.items)
        with ExitStack() as file:
            with _loaded(original.read_manifest(), original, progress) as engine:
                items, left_out = asked_items(engine, drawn)
                vocabulary = vocabulary_of(engine)
                rows = [len(one.request.target_ids) for one in items]
                fitting = fitting_items(rows, vocabulary)
                if fitting < len(items):
                    left_out = {**left_out, FILE_FULL: len(items) - fitting}
                kept = file.enter_context(KeptLogits(rows[:fitting], vocabulary))
                whole = _Original(engine.tokenizer, vocabulary, items[:fitting], left_out, texts)
                keep_logits(engine, whole.items, kept)
                whole.likelihoods = scored_texts(engine, texts)
            for place, twin in enumerate(twins):
                if measured[place] is None:
                    measured[place] = one = _measured(twin, whole, kept, asking, progress)
                    before.keep(twin, one)
    before.drop(twins)
    return [one for one in measured if one is not None]


@contextmanager
def _loaded(manifest: RunManifest, run: RunFolder, progress: Progress) -> Iterator[Engine]:
    """The checkpoint of a run, until the block ends."""
    config = recorded_config(manifest, str(run.manifest_path))
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    torch.set_num_threads(config.threads or provenance.default_threads())
    progress.step(f"loading {config.model}")
    engine = load_recorded(config, manifest)
    progress.task("distributions", manifest.model.name)
    try:
        with engine.at_work(progress):
            yield engine
    finally:
        del engine
        gc.collect()
        give_back()


def _compared(original: RunFolder, twin: RunFolder, asking: Asking) -> CompressedTwin:
    """What the runs alone say: differences of all metrics, slices that broke, the verdict."""
    across = [*dict.fromkeys([*TOLERATED, *asking.across])]
    comparison = compare(original, twin, across=across, everything=True, confidence=asking.confidence)
    comparison = _in_families(comparison)
    decision = judge.decide(twin, asking.policy, asking.known, original)
    worse = [one for one in comparison.differences if one.slice and one.outcome == "worse"]
    return CompressedTwin(
        run=comparison.candidate,
        label="",
        bytes=_size(twin.read_manifest()),
        comparison=comparison,
        broken_slices=[metric_label(one) for one in sorted(worse, key=lambda one: one.p_adjusted or 0.0)],
        decision=decision,
    )


def _in_families(comparison: Comparison) -> Comparison:
    """Primary metrics adjusted among each other, as ``audit compare`` does; all other metrics and slices likewise."""
    first = [one for one in comparison.differences if one.primary and one.slice is None]
    others = [one for one in comparison.differences if not (one.primary and one.slice is None)]
    families = [one for family in (first, others) for one in with_outcomes(family, comparison.confidence)]
    return comparison.model_copy(update={"differences": families})


def _measured(
    run: RunFolder, original: _Original, kept: KeptLogits, asking: Asking, progress: Progress
) -> WeightMeasurement:
    """What the weights of a compressed checkpoint say."""
    with _loaded(run.read_manifest(), run, progress) as engine:
        sizes = original.vocabulary, vocabulary_of(engine)
        reason = why_not_defined(original.tokenizer, engine.tokenizer, sizes)
        found = None
        if reason is None:
            try:
                distances = diverged(engine, original.items, kept)
                found = divergence(original.items, distances, original.left_out, asking.confidence)
            except CheckpointError as error:
                reason = str(error)
        fits = language_fits(
            original.texts,
            original.likelihoods,
            scored_texts(engine, original.texts),
            no_perplexity=None if found else reason,
            confidence=asking.confidence,
        )
    return WeightMeasurement(divergence=found, no_divergence=reason, languages=fits)


def _labels(manifests: Sequence[RunManifest]) -> list[str]:
    """Names of the checkpoints; where they are equal, with what is in the run-id."""
    names = [one.model.name for one in manifests]
    often = Counter(names)
    return [one.run_id if often[one.model.name] > 1 else one.model.name for one in manifests]


def _size(manifest: RunManifest) -> int | None:
    """Bytes of the weight files."""
    sizes = [file.size for file in manifest.model.files if file.kind == "weights"]
    return sum(sizes) if sizes else None
