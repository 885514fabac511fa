"""What a task of perturbed items leaves: a sample for each copy of an item, and the metrics over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.names import PERTURBATION, PERTURBED, UNPERTURBED
from audit.core.records import Flag, Sample, TaskResult, digest_of
from audit.core.records.files.finite import finite
from audit.evals.robustness.metrics import perturbed_metrics
from audit.evals.robustness.perturbations import VERSION
from audit.evals.robustness.words import task_words_of
from audit.stats.definitions.chance import OPTION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.config import RunConfig
    from audit.core.records import Metric
    from audit.evals.robustness.asking import Copies, Copy

LIKELIHOOD_CHANGE = "log_likelihood_change"
"""By how much the log-likelihood of the right option changed, in nats; in ``Sample.scores``."""


def perturbed_sample(original: Sample, answered: Sample, copy: Copy, perturbation: str) -> Sample:
    """The record of a copy of an item.

    Args:
        original: The item as it was asked first.
        answered: The copy, as lm-eval's log says it was asked and answered.
        copy: What was changed.
        perturbation: Name of the perturbation.
    """
    plain = None if Flag.TRUNCATED_OUTPUT in original.flags or original.error else original.score
    change = _likelihood_change(original, answered)
    if copy.shown:
        answered = _as_shown(answered, copy.shown)
    scores = {**answered.scores, UNPERTURBED: plain}
    if change is not None:
        scores[LIKELIHOOD_CHANGE] = change
    return finite(
        answered.model_copy(
            update={
                "sample_id": digest_of(original.sample_id, PERTURBATION, perturbation)[:16],
                "task": f"{original.task}{PERTURBED}",
                "cluster": original.cluster or original.sample_id,
                "pair": original.sample_id,
                "scores": scores,
                "slices": {**original.slices, PERTURBATION: perturbation},
                "spans": copy.spans,
            }
        )
    )


def _as_shown(answered: Sample, shown: Sequence[int]) -> Sample:
    """A sample with its options, and their values, in the order in which its prompt shows them.

    lm-eval keeps the order of the task: the first option would not be the one that the checkpoint saw first.

    Args:
        answered: As lm-eval's log says.
        shown: Which option is shown at each place.
    """
    moved = {f"{OPTION}{source}": f"{OPTION}{place}" for place, source in enumerate(shown)}
    scores = dict(sorted((moved.get(name, name), value) for name, value in answered.scores.items()))
    choice = answered.choice
    if choice is not None:
        totals = choice.log_likelihoods
        places = {
            name: None if (place := getattr(choice, name)) is None else [*shown].index(place)
            for name in ("chosen", "right", "contrast")
        }
        options = [choice.options[source] for source in shown]
        likelihoods = None if totals is None else [totals[source] for source in shown]
        choice = choice.model_copy(update={"options": options, "log_likelihoods": likelihoods, **places})
    return answered.model_copy(update={"scores": scores, "choice": choice})


def _likelihood_change(original: Sample, answered: Sample) -> float | None:
    """Log-likelihood of the right option after the changed prompt minus that after the original one."""
    one, other = original.choice, answered.choice
    if one is None or other is None or one.log_likelihoods is None or other.log_likelihoods is None:
        return None
    if one.right is None or one.right != other.right:
        return None
    return other.log_likelihoods[one.right] - one.log_likelihoods[one.right]


def perturbed_result(
    original: TaskResult,
    copies: Copies,
    ask: Callable[[Sequence[Copy]], Sequence[Sample]],
    config: RunConfig,
) -> TaskResult:
    """The result of the task that asks the items of another one again.

    Args:
        original: The result of that task.
        copies: What is asked.
        ask: Asks copies and gives the records of their answers, in order.
        config: Seed and resamples are taken from it.
    """
    name = f"{original.task}{PERTURBED}"
    score = first_score(original)
    if score is None:
        return _not_run(name, f"{original.task} has no score of its items of which higher values are better")
    if not copies.made:
        return _not_run(name, f"no item of {original.task} could be perturbed: {_reasons(copies)}")
    samples = [
        perturbed_sample(original.samples[copy.place], answered, copy, perturbation)
        for perturbation, listed in copies.made.items()
        for copy, answered in zip(listed, ask(listed), strict=True)
    ]
    settings = {**original.settings, "perturbs": original.task, "perturbations": VERSION}
    metrics = perturbed_metrics(samples, copies, score, seed=config.seed, resamples=config.evals.bootstrap_resamples)
    return TaskResult(
        suite="evals",
        task=name,
        metrics=[metric.model_copy(update={"settings": settings}) for metric in metrics],
        settings=settings,
        words=task_words_of(original),
        samples=samples,
        assets=original.assets,
    )


def first_score(result: TaskResult) -> Metric | None:
    """The metric whose values are the scores of items: the first primary one, if higher is better and there are any."""
    primary = [metric for metric in result.metrics if metric.primary and metric.slice is None]
    usable = bool(primary) and primary[0].higher_is_better is True and any(s.score is not None for s in result.samples)
    return primary[0] if usable else None


def _not_run(name: str, reason: str) -> TaskResult:
    """A task that asks nothing; the run is complete without it."""
    return TaskResult(suite="evals", task=name, not_run=reason, optional=True)


def _reasons(copies: Copies) -> str:
    """Why no item was perturbed, each reason once."""
    return "; ".join(dict.fromkeys(reason for found in copies.reasons.values() for reason in found)) or "it has none"
