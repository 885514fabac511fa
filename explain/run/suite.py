"""Explaining the samples of a run: every configured method on the same chosen samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from audit.core.errors import DeviceLost, ScorerError, TaskUnavailable, UsageError, WhiteBoxUnavailable
from audit.core.records import TaskResult, digest_of
from audit.explain.attribute import attribute_all, caught, is_possible, prepare
from audit.explain.counterfactual import smallest_removal
from audit.explain.methods.registry import METHODS, check, find
from audit.explain.run import drivers
from audit.explain.run.selection import after_reasoning, choose
from audit.stats.aggregate import UNSCORED, failed_metric
from audit.stats.definitions import Mean, Unscored, measured
from audit.stats.definitions.mean import SCORES
from audit.stats.records import BELIEVABLE, of_attributions, of_drivers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.config import ExplainConfig, RunConfig
    from audit.core.records import Attribution, Drivers, Metric, Sample, Suite
    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import Effort, MaskedPrompt
    from audit.explain.run.selection import Choice

SUITE: Suite = "explain"
TASKS: dict[str, str] = {method.name: method.description for method in METHODS.values()}
"""Method name to one line of description."""
TOKENS_PER_FEATURE = 60
"""Prompts of more tokens than this get proportionally fewer and coarser features: features x tokens stays
below ``max_features`` times this, which bounds the time that one sample takes."""
COUNTERFACTUAL_BUDGET = 32
"""Changed prompts that the search for a counterfactual may run before it turns greedy, and again from there; twice the
number of features where that is more."""
DRIVERS = "drivers"
"""Name of the task that looks across samples."""
NOTHING = "no task left a sample that is worth explaining"
REASONED = "{} answers come after a reasoning trace and are not explained: they rest on prompt and trace together"
NOTE = "mean over samples that were chosen and not drawn: it says nothing of other samples"

__all__ = ["TASKS", "check", "run"]


@dataclass(slots=True)
class Explained:
    """What one method made of the chosen samples."""

    attributions: list[Attribution] = field(default_factory=list)
    """One per sample that could be explained."""
    failures: list[str] = field(default_factory=list)
    """Why others could not be."""


def run(
    engine: Engine,
    config: RunConfig,
    results: Sequence[TaskResult],
    ratings: Mapping[tuple[str, str], float] | None = None,
) -> Iterator[TaskResult]:
    """Explain chosen samples of each task with each method of ``config.explain.methods``.

    Everything that can be scored for several methods of a sample is scored together: the work is done before the
    first result.

    Args:
        engine: The checkpoint.
        config: Its section ``explain``, and the seed.
        results: What evals and safety produced.
        ratings: Mean rating, 1 to 5, of the outputs that people rated, by task and sample id.

    Yields:
        One result per method, named after it, then ``drivers`` where ``config.explain.drivers`` asks for it;
        ``not_run`` with the reason where the checkpoint does not allow the method, or the device is lost.

    Raises:
        UsageError: A method is unknown or its package is missing (see :func:`check`).
    """
    check(config)
    methods = [find(name) for name in config.explain.methods]
    left_out = after_reasoning(results) if methods else 0
    if left_out:
        engine.progress.say(REASONED.format(left_out))
    if methods and _is_asked_for(config.explain, ratings):
        nothing = REASONED.format(left_out) if left_out else NOTHING
        yield from _by_method(engine, config, methods, results, ratings, nothing)
    if methods and config.explain.drivers:
        engine.progress.task(SUITE, DRIVERS)
        reason, found = is_possible(engine, drivers.METHOD), None
        bound = config.explain.max_features * TOKENS_PER_FEATURE
        try:
            found = None if reason else drivers.find_drivers(engine, config, results, ratings, max_tokens=bound)
        except DeviceLost as lost:
            reason = str(lost)
        yield TaskResult(suite=SUITE, task=DRIVERS, drivers=found, metrics=_unexplained(found), not_run=reason)


def _unexplained(found: Drivers | None) -> list[Metric]:
    """How many samples could not be explained, if any; where none could, what was asked for has no value."""
    failures = [failure for group in found.groups for failure in group.failures] if found else []
    if found is None or not failures:
        return []
    total = sum(group.samples for group in found.groups) + len(failures)
    metrics = [_unscored(DRIVERS, Unscored(), of_drivers(found), failures)]
    if len(failures) == total:
        metrics.append(failed_metric(SUITE, DRIVERS, "explained", failures[0], total))
    return metrics


def _by_method(
    engine: Engine,
    config: RunConfig,
    methods: Sequence[Method],
    results: Sequence[TaskResult],
    ratings: Mapping[tuple[str, str], float] | None,
    nothing: str,
) -> Iterator[TaskResult]:
    """The chosen samples, explained with each method; ``nothing`` is the reason where none is chosen."""
    impossible = {method.name: is_possible(engine, method) for method in methods}
    possible = [method for method in methods if impossible[method.name] is None]
    # One line of progress for all: they share most of what they ask, and the first to ask would seem to do it alone.
    engine.progress.task(SUITE, ", ".join(method.name for method in possible or methods))
    explained = {method.name: Explained() for method in possible}
    try:
        for choice in choose(engine, results, config.explain, ratings) if possible else []:
            _explain(engine, config, possible, choice, explained)
    except DeviceLost as lost:  # what was explained is in the journal
        impossible |= {name: str(lost) for name in explained}
        explained.clear()
    for method in methods:
        if method.name in explained:
            yield _result(method, explained[method.name], config.seed, nothing)
        else:
            yield TaskResult(suite=SUITE, task=method.name, not_run=impossible[method.name])


def _is_asked_for(config: ExplainConfig, ratings: Mapping[tuple[str, str], float] | None) -> bool:
    """Whether samples of any kind are to be explained; without ratings none is for its rating."""
    kinds = (config.errors, config.right_answers, config.bias_gaps, config.harmful_outputs)
    return any(kinds) or bool(config.worst_rated and ratings)


def _explain(
    engine: Engine,
    config: RunConfig,
    methods: Sequence[Method],
    choice: Choice,
    explained: dict[str, Explained],
) -> None:
    """Add the attributions of one sample, or why there are none."""
    for method, one in explain_choice(engine, config, methods, choice):
        if isinstance(one, str):
            explained[method.name].failures.append(drivers.failure(choice.sample, one))
        else:
            explained[method.name].attributions.append(one)


def explain_choice(
    engine: Engine,
    config: RunConfig,
    methods: Sequence[Method],
    choice: Choice,
    effort: Effort | None = None,
) -> list[tuple[Method, Attribution | str]]:
    """The attributions of one sample as a run makes them, or why there are none.

    A sample with options is explained as a choice among them, except by methods that know no contrast.

    Args:
        engine: The checkpoint.
        config: Its section ``explain``, and the seed.
        methods: To explain it with.
        choice: The sample.
        effort: How much the methods may do, where that is not left to them.
    """
    sample, features = choice.sample, config.explain.max_features
    key = f"{sample.suite}/{sample.task}/{sample.sample_id}"
    seed = int(digest_of(config.seed, key)[:8], 16)
    contrasts = bool(choice.options)
    found: list[tuple[Method, Attribution | str]] = []
    for together in ([m for m in methods if m.contrasts], [m for m in methods if not m.contrasts]):
        if not together:
            continue
        made: list[Attribution | str]
        try:
            prompt = prepare(
                engine,
                choice.prompt,
                choice.target,
                options=choice.options if contrasts and together[0].contrasts else (),
                max_features=features,
                max_tokens=features * TOKENS_PER_FEATURE,
                spans=choice.spans,
            )
            prompt.effort = effort or prompt.effort
            made = attribute_all(prompt, together, seed=seed, sample=sample, reason=choice.reason, stability=False)
            made = _with_counterfactual(prompt, made, key) if prompt.against is not None else made
        except DeviceLost:
            raise
        except (TaskUnavailable, ScorerError, UsageError, WhiteBoxUnavailable) as error:
            made = [str(error)] * len(together)
        found += zip(together, made, strict=True)
    return found


def _with_counterfactual(prompt: MaskedPrompt, made: list[Attribution | str], key: str) -> list[Attribution | str]:
    """The same with what would change the choice, in the first attribution."""
    first = next((index for index, one in enumerate(made) if not isinstance(one, str)), None)
    if first is None:
        return made
    budget = max(COUNTERFACTUAL_BUDGET, 2 * len(prompt.features))
    search = caught(partial(smallest_removal, budget=budget), prompt)
    if isinstance(search, Exception):
        prompt.engine.progress.say(f"{key}: no search for a counterfactual: {search}")
        return made
    return [
        one.model_copy(update={"counterfactual": search}) if index == first and not isinstance(one, str) else one
        for index, one in enumerate(made)
    ]


def _result(method: Method, explained: Explained, seed: int, nothing: str) -> TaskResult:
    """What a method found, with its metrics; ``nothing`` is the reason where no sample was chosen."""
    metrics = _metrics(method.name, explained, seed, nothing)
    settings = {key: value for one in explained.attributions for key, value in one.settings.items()}
    return TaskResult(
        suite=SUITE, task=method.name, metrics=metrics, attributions=explained.attributions, settings=settings
    )


def _metrics(name: str, explained: Explained, seed: int, nothing: str) -> list[Metric]:
    """Mean deletion gain, share of believable attributions, and how many samples were not explained."""
    made = explained.attributions
    wanted = (*(one.attribution_id for one in made), *(failure.partition(": ")[0] for failure in explained.failures))
    samples = of_attributions(name, wanted, {one.attribution_id: one for one in made})
    why = explained.failures[0] if explained.failures else nothing
    metrics = []
    for metric, unit in (("deletion_auc_gain", "nats"), (BELIEVABLE, "share")):
        mean = measured(
            Mean(of=f"{SCORES}{metric}", explained=wanted, seed=seed),
            samples,
            metric=metric,
            unit=unit,
            higher_is_better=True,
            primary=metric == "deletion_auc_gain",
            note=NOTE,
            about=(SUITE, name),
        )
        metrics.append(mean if mean.n else mean.model_copy(update={"error": why}))
    return [*metrics, _unscored(name, Unscored(explained=wanted), samples, explained.failures)]


def _unscored(name: str, count: Unscored, samples: Sequence[Sample], failures: Sequence[str]) -> Metric:
    """How many samples could not be explained, and why."""
    return measured(
        count,
        samples,
        metric=UNSCORED,
        unit="count",
        higher_is_better=False,
        note="; ".join(failures) or None,
        about=(SUITE, name),
    )
