"""Metrics as functions of stored samples: one kind per file, each with its source.

:data:`KINDS` lists them by the name that ``metrics.json`` has; :mod:`audit.stats.definitions.of_packages` finds those
of other packages.
"""

from __future__ import annotations

from inspect import isabstract
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError
from audit.stats.definitions import of_packages
from audit.stats.definitions.base import Definition as Definition
from audit.stats.definitions.base import Estimate as Estimate
from audit.stats.definitions.base import Resampling as Resampling
from audit.stats.definitions.comparisons.bbq import BbqBias as BbqBias
from audit.stats.definitions.comparisons.correlation import Correlation as Correlation
from audit.stats.definitions.comparisons.groups import GroupsAlike as GroupsAlike
from audit.stats.definitions.comparisons.groups import LargestGap as LargestGap
from audit.stats.definitions.comparisons.pairs import Paired as Paired
from audit.stats.definitions.comparisons.sign_flip import SignFlip as SignFlip
from audit.stats.definitions.comparisons.stereoset import StereoSet as StereoSet
from audit.stats.definitions.corpora.corpus import Corpus as Corpus
from audit.stats.definitions.corpora.macro import Macro as Macro
from audit.stats.definitions.corpora.perplexity import Perplexity as Perplexity
from audit.stats.definitions.counts.count import Count as Count
from audit.stats.definitions.counts.count import Unscored as Unscored
from audit.stats.definitions.counts.count_of_completions import CountOfCompletions as CountOfCompletions
from audit.stats.definitions.counts.count_of_completions import UnscoredCompletions as UnscoredCompletions
from audit.stats.definitions.counts.count_of_scores import CountOfScores as CountOfScores
from audit.stats.definitions.counts.left_out import LeftOut as LeftOut
from audit.stats.definitions.means.expected_maximum import ExpectedMaximum as ExpectedMaximum
from audit.stats.definitions.means.mean import Mean as Mean
from audit.stats.definitions.means.mean_of_completions import MeanOfCompletions as MeanOfCompletions
from audit.stats.definitions.means.members import Members as Members
from audit.stats.definitions.metric import measured as measured
from audit.stats.definitions.rankings.exposure import Exposure as Exposure
from audit.stats.definitions.rankings.labelled import LabelAuroc as LabelAuroc
from audit.stats.definitions.rankings.labelled import LabelAveragePrecision as LabelAveragePrecision
from audit.stats.definitions.rankings.labelled import LabelCalibrationError as LabelCalibrationError
from audit.stats.definitions.rankings.ranked import Auroc as Auroc
from audit.stats.definitions.rankings.ranked import TruePositiveRate as TruePositiveRate
from audit.stats.definitions.shares.conditional_share import ConditionalShare as ConditionalShare
from audit.stats.definitions.shares.corrected_share import CorrectedShare as CorrectedShare
from audit.stats.definitions.shares.mean_share import MeanShare as MeanShare
from audit.stats.definitions.shares.share_of_classes import ShareOfClasses as ShareOfClasses
from audit.stats.definitions.shares.share_with_any import ShareWithAny as ShareWithAny

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.records import Metric

KINDS: dict[str, type[Definition]] = {
    kind.NAME: kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, Definition) and not isabstract(kind)
}
"""Every kind of definition that this file imports, by name: a new one is a file in a folder here and its import."""


def read(definition: Mapping[str, Any]) -> Definition:
    """The definition in :attr:`audit.core.records.Metric.definition`.

    Raises:
        TypeError: No kind is called so, or its arguments are not those of the kind.
        ConfigError: It is of a plug-in that is not installed, has no such definition, or breaks.
    """
    fields = dict(definition)
    name = fields.pop("name", None)
    own = KINDS.get(name) if isinstance(name, str) else None
    if own:
        return own.read(fields)
    kind = of_packages.find(name) if isinstance(name, str) else None
    if kind is None:
        msg = f"no known function is called {name!r}"
        raise TypeError(msg)
    return of_packages.read(kind, fields)


def check(definition: Definition) -> None:
    """Refuse a definition that nobody can find again, to derive the number from the samples of the run.

    Raises:
        ConfigError: It is such a one.
    """
    try:
        found = read(definition.written())
    except TypeError as error:
        msg = f"{error}: a definition from elsewhere is an entry point audit.definitions of an installed package"
        raise ConfigError(msg) from error
    if type(found) is not type(definition):
        msg = f"{type(definition).__name__} is not the definition that is called {definition.NAME}: rename it"
        raise ConfigError(msg)


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
    if not isinstance(name, str):
        return None
    try:
        return KINDS.get(name) or of_packages.find(name)
    except ConfigError:
        return None
