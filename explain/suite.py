"""Explaining the samples of a run: every configured method on the same chosen samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.core.aggregate import UNSCORED, failed_metric
from audit.core.errors import ScorerError, UsageError, WhiteBoxUnavailable
from audit.core.records import Metric, TaskResult, digest_of
from audit.core.statistics import mean_interval
from audit.explain.attribute import attribute, is_possible, prepare
from audit.explain.methods import METHODS, check, find
from audit.explain.selection import choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.config import RunConfig
    from audit.core.records import Attribution, Suite
    from audit.engine import Engine
    from audit.explain.masking import MaskedPrompt
    from audit.explain.methods import Method
    from audit.explain.selection import Choice

SUITE: Suite = "explain"
TASKS: dict[str, str] = {method.name: method.description for method in METHODS.values()}
"""Method name to one line of description."""
TOKENS_PER_FEATURE = 60
"""Prompts of more tokens than this get proportionally fewer and coarser features: features x tokens stays
below ``max_features`` times this, which bounds the time that one sample takes."""
NOTE = "mean over confident errors, which were chosen and not drawn: it says nothing of other samples"

__all__ = ["TASKS", "check", "run"]


@dataclass(slots=True)
class Explained:
    """What one method made of the chosen samples."""

    attributions: list[Attribution] = field(default_factory=list)
    """One per sample that could be explained."""
    failures: list[str] = field(default_factory=list)
    """Why others could not be."""


def run(engine: Engine, config: RunConfig, results: Sequence[TaskResult]) -> Iterator[TaskResult]:
    """Explain the most confident errors of each task with each method of ``config.explain.methods``.

    Args:
        engine: The checkpoint.
        config: Its section ``explain``, and the seed.
        results: What evals and safety produced.

    Yields:
        One result per method, named after it; ``not_run`` with the reason where the checkpoint does not
        allow the method.

    Raises:
        UsageError: A method is unknown or its package is missing (see :func:`check`).
    """
    check(config)
    if not config.explain.methods or config.explain.samples_per_task == 0:
        return
    chosen: Sequence[Choice] | None = None
    prompts: dict[str, MaskedPrompt] = {}
    for name in config.explain.methods:
        method = find(name)
        engine.progress.task(SUITE, name)
        impossible = is_possible(engine, method)
        if impossible:
            yield TaskResult(suite=SUITE, task=name, not_run=impossible)
            continue
        explained = Explained()
        if chosen is None:
            chosen = choose(engine, results, config.explain.samples_per_task)
        for choice in chosen:
            _explain(engine, config, method, choice, prompts, explained)
        metrics = _metrics(name, explained, config.seed)
        yield TaskResult(suite=SUITE, task=name, metrics=metrics, attributions=explained.attributions)


def _explain(
    engine: Engine,
    config: RunConfig,
    method: Method,
    choice: Choice,
    prompts: dict[str, MaskedPrompt],
    explained: Explained,
) -> None:
    """Add one attribution, or why there is none."""
    sample, features = choice.sample, config.explain.max_features
    key = f"{sample.suite}/{sample.task}/{sample.sample_id}"
    try:
        if key not in prompts:
            prompts[key] = prepare(
                engine,
                sample.prompt,
                sample.output or "",
                max_features=features,
                max_tokens=features * TOKENS_PER_FEATURE,
            )
        seed = int(digest_of(config.seed, key)[:8], 16)
        explained.attributions.append(attribute(prompts[key], method, seed=seed, sample=sample, reason=choice.reason))
    except (ScorerError, UsageError, WhiteBoxUnavailable) as error:
        explained.failures.append(f"{key}: {error}")


def _metrics(name: str, explained: Explained, seed: int) -> list[Metric]:
    """Mean deletion gain, share of believable attributions, and how many samples were not explained."""
    made = explained.attributions
    gains = [gain for one in made if (gain := one.faithfulness["deletion_auc_gain"]) is not None]
    believable = [float(one.verdict == "believable") for one in made]
    total = len(made) + len(explained.failures)
    why = explained.failures[0] if explained.failures else "no task left an error that can be explained"
    unscored = Metric(
        name=f"{name}/{UNSCORED}",
        suite=SUITE,
        task=name,
        metric=UNSCORED,
        value=float(len(explained.failures)),
        n=total,
        higher_is_better=False,
        unit="count",
        note="; ".join(explained.failures) or None,
    )
    return [
        _mean(name, "deletion_auc_gain", gains, "nats", why, seed),
        _mean(name, "believable", believable, "share", why, seed),
        unscored,
    ]


def _mean(name: str, metric: str, values: Sequence[float], unit: str, why: str, seed: int) -> Metric:
    """Mean over attributions with its interval; null with the reason when there is none."""
    primary = metric == "deletion_auc_gain"
    if not values:
        return failed_metric(SUITE, name, metric, why, primary=primary)
    interval = mean_interval(values, seed=seed, share=unit == "share")
    return Metric(
        name=f"{name}/{metric}",
        suite=SUITE,
        task=name,
        metric=metric,
        value=sum(values) / len(values),
        n=len(values),
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
        ci_method=interval.method if interval else None,
        higher_is_better=True,
        unit=unit,
        primary=primary,
        note=NOTE,
    )
