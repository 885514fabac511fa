"""Samples of a task that are looked up by id and by slice for many metrics."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from audit.core.records import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence


class IndexedSamples(list[Sample]):
    """A list of samples with indexes, each made when it is first needed; the list must not be changed afterwards."""

    @cached_property
    def by_id(self) -> dict[str, Sample]:
        """Each sample by its id; of several with one id the last."""
        return {sample.sample_id: sample for sample in self}

    @cached_property
    def _parts(self) -> dict[str, dict[str | None, list[Sample]]]:
        return {}

    def having(self, name: str, value: str | None) -> list[Sample]:
        """The samples with a value of a slice, in order; null for those without the slice."""
        if name not in self._parts:
            parts = self._parts[name] = {}
            for sample in self:
                parts.setdefault(sample.slices.get(name), []).append(sample)
        return self._parts[name].get(value, [])


def having(samples: Sequence[Sample], name: str, value: str | None) -> list[Sample]:
    """The same of any samples; one pass where they have no index."""
    if isinstance(samples, IndexedSamples):
        return samples.having(name, value)
    return [sample for sample in samples if sample.slices.get(name) == value]


def by_id(samples: Sequence[Sample]) -> dict[str, Sample]:
    """Each sample by its id; of several with one id the last."""
    return (samples if isinstance(samples, IndexedSamples) else IndexedSamples(samples)).by_id
