"""Metrics as functions of stored samples: one kind per file, each with its source.

:data:`KINDS` lists them by the name that ``metrics.json`` has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.stats.definitions.base import Definition, Estimate, Resampling
from audit.stats.definitions.comparisons.bbq import BbqBias
from audit.stats.definitions.comparisons.correlation import Correlation
from audit.stats.definitions.comparisons.groups import GroupsAlike, LargestGap
from audit.stats.definitions.comparisons.pairs import Paired
from audit.stats.definitions.comparisons.sign_flip import SignFlip
from audit.stats.definitions.comparisons.stereoset import StereoSet
from audit.stats.definitions.corpora.corpus import Corpus
from audit.stats.definitions.corpora.macro import Macro
from audit.stats.definitions.corpora.perplexity import Perplexity
from audit.stats.definitions.counts.count import Count, Unscored
from audit.stats.definitions.counts.count_of_completions import CountOfCompletions, UnscoredCompletions
from audit.stats.definitions.counts.count_of_scores import CountOfScores
from audit.stats.definitions.counts.left_out import LeftOut
from audit.stats.definitions.means.expected_maximum import ExpectedMaximum
from audit.stats.definitions.means.mean import Mean
from audit.stats.definitions.means.mean_of_completions import MeanOfCompletions
from audit.stats.definitions.means.members import Members
from audit.stats.definitions.metric import measured
from audit.stats.definitions.rankings.exposure import Exposure
from audit.stats.definitions.rankings.labelled import LabelAuroc, LabelAveragePrecision, LabelCalibrationError
from audit.stats.definitions.rankings.ranked import Auroc, TruePositiveRate
from audit.stats.definitions.shares.conditional_share import ConditionalShare
from audit.stats.definitions.shares.corrected_share import CorrectedShare
from audit.stats.definitions.shares.mean_share import MeanShare
from audit.stats.definitions.shares.share_of_classes import ShareOfClasses
from audit.stats.definitions.shares.share_with_any import ShareWithAny

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.records import Metric

__all__ = [
    "KINDS",
    "Auroc",
    "BbqBias",
    "ConditionalShare",
    "Corpus",
    "CorrectedShare",
    "Correlation",
    "Count",
    "CountOfCompletions",
    "CountOfScores",
    "Definition",
    "Estimate",
    "ExpectedMaximum",
    "Exposure",
    "GroupsAlike",
    "LabelAuroc",
    "LabelAveragePrecision",
    "LabelCalibrationError",
    "LargestGap",
    "LeftOut",
    "Macro",
    "Mean",
    "MeanOfCompletions",
    "MeanShare",
    "Members",
    "Paired",
    "Perplexity",
    "Resampling",
    "ShareOfClasses",
    "ShareWithAny",
    "SignFlip",
    "StereoSet",
    "TruePositiveRate",
    "Unscored",
    "UnscoredCompletions",
    "counts_completions",
    "is_mean_of_items",
    "measured",
    "read",
]

KINDS: dict[str, type[Definition]] = {
    kind.NAME: kind
    for kind in (
        Auroc,
        BbqBias,
        ConditionalShare,
        Corpus,
        CorrectedShare,
        Correlation,
        Count,
        CountOfCompletions,
        CountOfScores,
        ExpectedMaximum,
        Exposure,
        GroupsAlike,
        LabelAuroc,
        LabelAveragePrecision,
        LabelCalibrationError,
        LargestGap,
        LeftOut,
        Macro,
        Mean,
        MeanOfCompletions,
        MeanShare,
        Members,
        Paired,
        Perplexity,
        ShareOfClasses,
        ShareWithAny,
        SignFlip,
        StereoSet,
        TruePositiveRate,
        Unscored,
        UnscoredCompletions,
    )
}
"""Every kind of definition; a new one is a file here and an entry in this list."""


def read(definition: Mapping[str, Any]) -> Definition:
    """The definition in :attr:`audit.core.records.Metric.definition`.

    Raises:
        TypeError: No kind is called so, or its arguments are not those of the kind.
    """
    fields = dict(definition)
    name = fields.pop("name", None)
    if not isinstance(name, str) or name not in KINDS:
        msg = f"no known function is called {name!r}"
        raise TypeError(msg)
    return KINDS[name].read(fields)


def is_mean_of_items(metric: Metric) -> bool:
    """Whether a metric is the mean of what ``n`` counts, so that the effect of missing values is bounded."""
    kind = _kind(metric)
    return kind is not None and kind.IS_MEAN


def counts_completions(metric: Metric) -> bool:
    """Whether the ``n`` of a metric counts completions rather than items."""
    kind = _kind(metric)
    return kind is not None and kind.COUNTS_COMPLETIONS


def _kind(metric: Metric) -> type[Definition] | None:
    """The kind of a metric's definition; None if it has none, or an unknown one."""
    name = (metric.definition or {}).get("name")
    return KINDS.get(name) if isinstance(name, str) else None
