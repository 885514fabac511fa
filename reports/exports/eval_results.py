"""Results for the Hugging Face Hub: a YAML file for the folder ``.eval_results/`` of a model repository.

The form is that of https://huggingface.co/docs/hub/eval-results, written by ``huggingface_hub.EvalResultEntry``. The
Hub takes results on data sets that are registered as benchmarks; which metric counts as which is the publisher's word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from audit.core.errors import ConfigError, did_you_mean
from audit.core.formatting import interval
from audit.core.text import printable
from audit.reports.exports.publication import FORM, Publication
from audit.reports.exports.results import Result, results

if TYPE_CHECKING:
    from audit.reports.contents import RunContents
    from audit.reports.exports.publication import Benchmark


def render(contents: RunContents, publication: Publication | None = None) -> str:
    """The file as text.

    Raises:
        ConfigError: No benchmark is named, or a named metric may not be published: it is open, or does not cover the
            whole data set.
    """
    named = (publication or Publication()).benchmarks
    published, withheld = results(contents)
    known = {result.metric.name: result for result in published}
    if not named:
        msg = f"--format eval-results needs --benchmark {FORM} for each result: {_names(list(known))}"
        raise ConfigError(msg)
    reasons = {one.name: one.reason for one in withheld}
    entries = []
    for name, benchmark in named.items():
        if name not in known:
            raise _refused(name, reasons, list(known))
        entries.append(_entry(known[name], benchmark, contents))
    return yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True)


def _names(known: list[str]) -> str:
    return f"this run has {', '.join(known)}" if known else "this run has no number that may be published"


def _refused(name: str, reasons: dict[str, str], known: list[str]) -> ConfigError:
    why = reasons.get(name)
    if why:
        return ConfigError(f"--benchmark {name}: it is not published: {why}")
    return ConfigError(f"--benchmark {name}: no primary metric of this run.{did_you_mean(name, known)} {_names(known)}")


def _entry(result: Result, benchmark: Benchmark, contents: RunContents) -> EvalResultEntry:
    """One result.

    Raises:
        ConfigError: It covers a part of the data set.
    """
    metric, manifest = result.metric, contents.manifest
    available = manifest.items_available.get(metric.task)
    if available is None or metric.n < available:
        whole = "an unknown number of items" if available is None else f"{available:,} items"
        msg = f"--benchmark {metric.name}: it is measured on {metric.n:,} of {whole}: a leaderboard needs all of them"
        raise ConfigError(msg)
    ends = interval(result.low, result.high, metric.unit)
    return EvalResultEntry(
        dataset_id=benchmark.dataset,
        task_id=benchmark.task,
        value=result.value,
        date=(manifest.finished or manifest.started).date().isoformat(),
        notes=printable(
            f"{metric.metric} in {metric.unit}, {metric.confidence:.0%} interval {ends}, {manifest.signature}"
        ),
    )
