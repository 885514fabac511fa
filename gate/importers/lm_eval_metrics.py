"""lm-eval's metrics as definitions over the items' scores."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from audit.gate.importers.contract import Stated
from audit.gate.importers.files import number
from audit.gate.importers.lm_eval_items import CORPUS, is_pair_of_numbers, is_pair_of_texts
from audit.gate.importers.lm_eval_likelihoods import without_likelihood
from audit.stats.definitions import Mean, Perplexity
from audit.stats.definitions.means.mean import SCORES
from audit.stats.harness_names import LENGTH, LOG_LIKELIHOOD, OF_MEAN, RENAMED, UNITS, primary_of, suffix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.gate.importers.lm_eval_line import Line
    from audit.stats.definitions import Definition

WEIGHTED = {"word_perplexity": False, "byte_perplexity": False, "bits_per_byte": True}
"""lm-eval's measures of a text per word or byte, and whether they are in bits."""
BY_MEAN = frozenset({"acc", "acc_norm", "exact_match"})
"""Metrics that lm-eval aggregates by their mean where the task file does not say."""
OWN_FUNCTION = "it is computed by a function of the task or of lm-eval that has no definition here"
"""Why a statistic is not imported."""


def stated(
    lines: Sequence[Line], results: Mapping[str, Any], config: Mapping[str, Any], better: Mapping[str, Any]
) -> list[Stated]:
    """The metrics of a task, in the order of its lines.

    Args:
        lines: All of the task.
        results: Its row of results: ``acc,none``, …
        config: The task file as run.
        better: Direction by metric.
    """
    filters = list(dict.fromkeys(line.filter for line in lines))
    several = len(filters) > 1
    values: dict[tuple[str, str], list[Any]] = {}
    for line in lines:
        for name in line.metrics:
            values.setdefault((name, line.filter), []).append(line.row.get(name))
    names = {key: RENAMED.get(key[0], key[0]) + suffix(key[1], several=several) for key in values}
    primary = primary_of(list(names.values()))
    metrics = config.get("metric_list")
    rows = [one for one in metrics if isinstance(one, dict)] if isinstance(metrics, list) else []
    listed = {str(one.get("metric")): _named(one.get("aggregation")) for one in rows}
    lost = without_likelihood(lines) if config.get("output_type") == "multiple_choice" else 0
    unlikely = f"an option has no log-likelihood on {lost} of {len(lines)} lines" if lost else None
    found = []
    for (name, kind), of_items in values.items():
        shown, original = names[name, kind], RENAMED.get(name, name)
        broken = sum(isinstance(value, float) and not math.isfinite(value) for value in of_items)
        definition, unit, certain = _definition(name, shown, of_items, listed.get(name))
        infinite = f"{broken} of {len(of_items)} values are NaN or infinite" if broken else None
        found.append(
            Stated(
                metric=OF_MEAN.get(shown, shown) if isinstance(definition, Mean) else shown,
                definition=None if infinite or unlikely else definition,
                value=number(results.get(f"{name},{kind}")),
                unit=unit or UNITS.get(OF_MEAN.get(original, original), "score"),
                higher_is_better=better.get(name) if isinstance(better.get(name), bool) else None,
                primary=shown in primary,
                certain=certain,
                reason=infinite or unlikely or OWN_FUNCTION,
            )
        )
    return [*found, *_without_lines(results, {f"{name},{kind}" for name, kind in values})]


def _named(aggregation: object) -> str | None:
    """The name of an aggregation, or the code of a function; None where the task file leaves it to lm-eval."""
    return None if aggregation is None else str(aggregation)


def _definition(
    name: str, shown: str, values: Sequence[Any], aggregation: str | None
) -> tuple[Definition | None, str | None, bool]:
    """Definition and unit of a metric, and whether lm-eval certainly computes it so.

    Args:
        name: lm-eval's name.
        shown: The name among the items' scores.
        values: Of the items.
        aggregation: As the task file has it; None where it leaves it to lm-eval.
    """
    if name == "perplexity" and all(isinstance(value, int | float) for value in values):
        return Perplexity(of=f"{SCORES}{shown}"), "perplexity", aggregation in {"perplexity", None}
    if name in WEIGHTED and all(map(is_pair_of_numbers, values)):
        length, bits = f"{SCORES}{shown}{LENGTH}", WEIGHTED[name]
        return Perplexity(of=f"{SCORES}{LOG_LIKELIHOOD}", per=length, bits=bits), "bits" if bits else "perplexity", True
    if name in CORPUS and shown == name and all(map(is_pair_of_texts, values)):
        return CORPUS[name], name, False  # lm-eval leaves white space around answers, which few scores notice
    if all(value is None or isinstance(value, bool | int | float) for value in values):
        by_mean = aggregation == "mean" or (aggregation is None and name in BY_MEAN)
        return Mean(of=f"{SCORES}{shown}"), None, by_mean
    return None, None, False


def _without_lines(results: Mapping[str, Any], known: set[str]) -> list[Stated]:
    """Metrics of the results that no line has a value for."""
    names = [name for name in results if "," in name and not name.partition(",")[0].endswith("_stderr")]
    several = len(Counter(name.partition(",")[2] for name in names)) > 1
    return [
        Stated(
            metric=RENAMED.get(metric, metric) + suffix(kind, several=several),
            definition=None,
            value=number(results[name]),
            reason="the samples hold no value for it",
        )
        for name in names
        if name not in known
        for metric, _, kind in [name.partition(",")]
    ]
