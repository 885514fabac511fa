"""Metrics as functions of stored samples: one kind per file, each with its source.

:data:`KINDS` lists them by the name that ``metrics.json`` has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.stats.definitions.base import Definition, Estimate, Resampling
from audit.stats.definitions.bbq import BbqBias
from audit.stats.definitions.corpus import Corpus
from audit.stats.definitions.correlation import Correlation
from audit.stats.definitions.count import Count, Unscored
from audit.stats.definitions.macro import Macro
from audit.stats.definitions.mean import Mean
from audit.stats.definitions.members import Members
from audit.stats.definitions.metric import measured
from audit.stats.definitions.pairs import Paired
from audit.stats.definitions.perplexity import Perplexity
from audit.stats.definitions.ranked import Auroc, TruePositiveRate
from audit.stats.definitions.sign_flip import SignFlip
from audit.stats.definitions.stereoset import StereoSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.records import Metric

__all__ = [
    "KINDS",
    "Auroc",
    "BbqBias",
    "Corpus",
    "Correlation",
    "Count",
    "Definition",
    "Estimate",
    "Macro",
    "Mean",
    "Members",
    "Paired",
    "Perplexity",
    "Resampling",
    "SignFlip",
    "StereoSet",
    "TruePositiveRate",
    "Unscored",
    "is_mean_of_items",
    "measured",
    "read",
]

KINDS: dict[str, type[Definition]] = {
    kind.NAME: kind
    for kind in (
        Auroc,
        BbqBias,
        Corpus,
        Correlation,
        Count,
        Macro,
        Mean,
        Members,
        Paired,
        Perplexity,
        SignFlip,
        StereoSet,
        TruePositiveRate,
        Unscored,
    )
}
"""Every kind of definition; a new one is a file here and an entry in this list."""


def read(definition: Mapping[str, Any]) -> Definition:
    """The definition that :attr:`audit.core.records.Metric.definition` holds.

    Raises:
        TypeError: No kind is called so, or its arguments are not those of the kind.
    """
    fields = dict(definition)
    name = fields.pop("name", None)
    if name not in KINDS:
        msg = f"no known function is called {name!r}"
        raise TypeError(msg)
    return KINDS[name].read(fields)


def is_mean_of_items(metric: Metric) -> bool:
    """Whether a metric is the mean of one value per item, so that what items without a value could change is known."""
    kind = KINDS.get((metric.definition or {}).get("name", ""))
    return kind is not None and kind.IS_MEAN
