"""The kinds of definitions by name, and what is known of a metric by its kind.

It imports no kind, so that a kind made of others (:class:`audit.stats.definitions.means.members.Members`) can read
them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError
from audit.core.units import P_VALUE
from audit.stats.definitions import of_packages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.records import Metric
    from audit.stats.definitions.base import Definition

KINDS: dict[str, type[Definition]] = {}
"""Every kind that ``audit.stats.definitions`` imports, by the name that ``metrics.json`` has; that file fills it.
:mod:`audit.stats.definitions.of_packages` finds those of other packages."""


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
        ConfigError: It is such a one, or becomes another one when it is stored and read.
    """
    try:
        found = read(json.loads(json.dumps(definition.written())))
    except (TypeError, ValueError) as error:
        msg = f"{error}: a definition from elsewhere is an entry point audit.definitions of an installed package"
        raise ConfigError(msg) from error
    if type(found) is not type(definition):
        msg = f"{type(definition).__name__} is not the definition that is called {definition.NAME}: rename it"
        raise ConfigError(msg)
    if found != definition:
        msg = f"definition {definition.NAME} is another one once stored and read: its fields must be plain JSON"
        raise ConfigError(msg)


def is_mean_of_items(metric: Metric) -> bool:
    """Whether a metric is the mean of what ``n`` counts, so that the effect of missing values is bounded."""
    kind = _kind(metric)
    return kind is not None and kind.IS_MEAN


def counts_completions(metric: Metric) -> bool:
    """Whether the ``n`` of a metric counts completions rather than items."""
    kind = _kind(metric)
    return kind is not None and kind.COUNTS_COMPLETIONS


def counts_pairs(metric: Metric) -> bool:
    """Whether the ``n`` of a metric counts items that several samples are about, rather than samples."""
    kind = _kind(metric)
    return kind is not None and kind.COUNTS_PAIRS


def is_p_value(metric: Metric) -> bool:
    """Whether a metric is the p-value of a test: by its unit or, whatever that is, by its definition."""
    kind = _kind(metric)
    return metric.unit == P_VALUE or (kind is not None and kind.IS_P_VALUE)


def is_count(metric: Metric) -> bool:
    """Whether a metric counts what is among the samples: by its unit and, if it has one, its definition."""
    try:
        return metric.unit == "count" and (metric.definition is None or read(metric.definition).is_count)
    except (TypeError, ConfigError):
        return False


def _kind(metric: Metric) -> type[Definition] | None:
    """The kind of a metric's definition; None if it has none, or an unknown one."""
    name = (metric.definition or {}).get("name")
    if not isinstance(name, str):
        return None
    try:
        return KINDS.get(name) or of_packages.find(name)
    except ConfigError:
        return None
