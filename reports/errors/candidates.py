"""Groups of samples that a task's errors may gather in: what is known of a sample before it is answered, and lengths.

Nothing here looks at scores, so that which groups are compared does not depend on what they would show.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records import Flag
from audit.core.sensitive import is_hidden
from audit.reports.errors.embedding_groups import NOT_SAID, Embedded, embedding_clusters
from audit.reports.errors.text_groups import LanguageGroups, text_clusters
from audit.stats.subgroups.search import FEWEST_ITEMS, is_comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample

MOST = 400
"""Groups at most: those of declared slices come first."""
MOST_PAIRS = 150
"""Pairs of slices at most, the largest ones."""
TEXT_END = 1_000
"""Characters of a prompt that count as its text: its end, where the question is."""


@dataclass(frozen=True)
class CandidateGroup:
    """A group of samples that was not chosen by their scores."""

    by: str
    """What divides the samples: a slice's name, ``prompt length``, ``text``, …"""
    name: str
    """Which part, e.g. ``12 to 31 tokens``."""
    inside: NDArray[np.bool_]
    """Which of the samples are in it."""


@dataclass(frozen=True)
class Candidates:
    """What is searched."""

    groups: list[CandidateGroup]
    """Groups that can be compared, without repetitions; a group and all other samples count as the same."""
    others: dict[int, CandidateGroup] = field(default_factory=dict)
    """By position, the group that has exactly all other samples, where it has a name of its own."""
    left_out: list[str] = field(default_factory=list)
    """What was not searched, and why."""


def candidates(
    samples: Sequence[Sample], codes: NDArray[np.int64] | None, *, seed: int, embedded: Embedded = NOT_SAID
) -> Candidates:
    """All groups of some samples that are large enough to be compared with the rest.

    Args:
        samples: Those that are searched.
        codes: The cluster of each as a number from 0; None if each is on its own.
        seed: Of the text clusters.
        embedded: Embeddings of the samples.
    """
    declared = list(_slices(samples))
    texts = [text_of(sample) for sample in samples]
    languages = LanguageGroups.of(texts)
    shown = [not is_hidden(sample) for sample in samples]
    alike = embedding_clusters(embedded, [sample.sample_id for sample in samples], texts, shown, seed=seed)
    found = [
        *declared,
        *_pairs(declared),
        *_quarters("prompt length", "tokens", [sample.tokens_in for sample in samples]),
        *_output_lengths(samples),
        *_fields(samples),
        *_options(samples),
        *_of_labels("prompt", ["cut" if Flag.TRUNCATED_PROMPT in sample.flags else "whole" for sample in samples]),
        *_of_labels("language", languages.labels),
        *_of_labels("text", text_clusters(texts, shown, seed=seed)),
        *(group for labels in alike.divisions for group in _of_labels("embedding", labels)),
    ]
    return _distinct(found, codes, [reason for reason in (languages.left_out, alike.left_out) if reason])


def _distinct(found: Iterable[CandidateGroup], codes: NDArray[np.int64] | None, left_out: list[str]) -> Candidates:
    """The groups that can be compared, each once; the first one of equal groups keeps its name."""
    kept: list[CandidateGroup] = []
    places: dict[bytes, int] = {}
    others: dict[int, CandidateGroup] = {}
    for group in found:
        if not is_comparable(group.inside, codes) or _key(group.inside) in places:
            continue
        twin = places.get(_key(~group.inside))
        if twin is not None:
            others.setdefault(twin, group)
            continue
        places[_key(group.inside)] = len(kept)
        kept.append(group)
    if len(kept) > MOST:
        left_out = [*left_out, f"{len(kept) - MOST} of {len(kept)} groups: at most {MOST} are compared"]
    return Candidates(kept[:MOST], {place: one for place, one in others.items() if place < MOST}, left_out)


def _slices(samples: Sequence[Sample]) -> Iterable[CandidateGroup]:
    """Declared slices; numbers with many values by quarters."""
    for key in sorted({key for sample in samples for key in sample.slices}):
        values = [sample.slices.get(key) for sample in samples]
        numbers = _numbers(values)
        if numbers is not None:
            yield from _quarters(key, "", numbers)
        else:
            yield from _of_labels(key, values)


def _numbers(values: Sequence[str | None]) -> list[float] | None:
    """The values as numbers, where all are, and too many different ones for groups."""
    if len(set(values)) <= 12:
        return None
    try:
        numbers = [float(value or "") for value in values]
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _pairs(declared: Sequence[CandidateGroup]) -> Iterable[CandidateGroup]:
    """What two slices have in common, the largest first."""
    large = declared[:MOST_PAIRS]
    if not large:
        return []
    members = np.array([group.inside for group in large], dtype=np.float32)
    sizes = members @ members.T
    places = [pair for pair in combinations(range(len(large)), 2) if large[pair[0]].by != large[pair[1]].by]
    places.sort(key=lambda pair: -sizes[pair])
    pairs = [(large[one], large[other]) for one, other in places[:MOST_PAIRS]]
    return [
        CandidateGroup(f"{one.by} and {other.by}", f"{one.name}, {other.name}", one.inside & other.inside)
        for one, other in pairs
    ]


def _of_labels(by: str, labels: Sequence[str | None]) -> Iterable[CandidateGroup]:
    """One group per label, the largest first, up to ``MOST``."""
    places: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if label is not None:
            places.setdefault(label, []).append(place)
    for label, inside in sorted(places.items(), key=lambda one: (-len(one[1]), one[0]))[:MOST]:
        if FEWEST_ITEMS <= len(inside) < len(labels):
            yield CandidateGroup(by, label, _mask(inside, len(labels)))


def _quarters(by: str, unit: str, numbers: Sequence[float]) -> Iterable[CandidateGroup]:
    """Up to four groups of similar size, lowest first; equal numbers stay together, so that groups are no quarters."""
    sizes = np.asarray(numbers, dtype=np.float64)
    if not len(sizes) or sizes.min() == sizes.max():
        return
    quarter = np.searchsorted(np.quantile(sizes, [0.25, 0.5, 0.75]), sizes, side="left")
    for index in np.unique(quarter):
        inside = quarter == index
        ends = sorted({float(sizes[inside].min()), float(sizes[inside].max())})
        yield CandidateGroup(by, f"{' to '.join(map(_written, ends))} {unit}".strip(), inside)


def _fields(samples: Sequence[Sample]) -> Iterable[CandidateGroup]:
    """By the length of each field of the template."""
    names = Counter(span.name for sample in samples for span in sample.spans if span.kind == "field")
    for name, count in names.most_common(12):
        if count < len(samples) / 2:
            continue
        lengths = [
            sum(span.end - span.start for span in sample.spans if span.name == name and span.kind == "field")
            for sample in samples
        ]
        yield from _quarters(f"length of {name}", "characters", lengths)


def _output_lengths(samples: Sequence[Sample]) -> Iterable[CandidateGroup]:
    """By the length of what was written; a chosen option says nothing of lengths but what the choice says."""
    if any(sample.choice is None for sample in samples):
        yield from _quarters("output length", "characters", [len(sample.output or "") for sample in samples])


def _right_answers(samples: Sequence[Sample]) -> Iterable[CandidateGroup]:
    """By the right answer, where all samples have the same options, and some are not hidden."""
    options = {tuple(sample.choice.options) for sample in samples if sample.choice}
    if len(options) == 1 and not all(map(is_hidden, samples)):
        yield from _of_labels("right answer", [sample.reference and sample.reference.strip() for sample in samples])


def _options(samples: Sequence[Sample]) -> Iterable[CandidateGroup]:
    """By the number of options, by where the right one is, and by whether it is the longest or shortest."""
    choices = [sample.choice for sample in samples]
    if all(choice is None for choice in choices):
        return
    yield from _of_labels("options", [f"{len(choice.options)} options" if choice else None for choice in choices])
    yield from _right_answers(samples)
    yield from _of_labels(
        "position of the right option",
        [None if choice is None or choice.right is None else f"{choice.right + 1}" for choice in choices],
    )
    ranks: list[str | None] = []
    for choice in choices:
        lengths = [len(option) for option in choice.options] if choice else []
        right = choice.right if choice else None
        if right is None or len(set(lengths)) < 2:
            ranks.append(None)
        else:
            ends = {max(lengths): "longest", min(lengths): "shortest"}
            ranks.append(ends.get(lengths[right], "between"))
    yield from _of_labels("length of the right option", ranks)


def text_of(sample: Sample) -> str:
    """What a sample is about: the end of its template's fields, or of its prompt behind all examples."""
    fields = [sample.prompt[span.start : span.end] for span in sample.spans if span.kind == "field"]
    if fields:
        return "\n".join(field[-TEXT_END:] for field in fields)[-TEXT_END:]
    last = max((span.end for span in sample.spans if span.kind == "example"), default=0)
    text = sample.prompt[last:][-TEXT_END:]
    return text if text.strip() or sample.choice is None else "\n".join(sample.choice.options)[-TEXT_END:]


def _key(inside: NDArray[np.bool_]) -> bytes:
    """What equal groups share."""
    return np.packbits(inside).tobytes()


def _mask(inside: Sequence[int], n: int) -> NDArray[np.bool_]:
    found = np.zeros(n, dtype=np.bool_)
    found[inside] = True
    return found


def _written(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:.4g}"
