"""Explaining the samples of a run: every configured method on the same chosen samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.core.errors import DeviceLost
from audit.core.records import MetricWords, TaskResult, TaskWords, digest_of
from audit.core.sensitive import thought
from audit.explain.attempt import Failed, attempt
from audit.explain.attribute import How, attribute_all, is_possible, prepare
from audit.explain.counterfactual import smallest_removal
from audit.explain.methods.registry import check, find
from audit.explain.record import with_counterfactual
from audit.explain.run import drivers
from audit.explain.run.selection import after_reasoning, choose
from audit.explain.run.unexplained import Unexplained
from audit.explain.trace_steps import REMARK, STEPS, by_steps
from audit.explain.work import COUNTERFACTUALS, Work
from audit.stats.aggregate import UNSCORED, failed_metric
from audit.stats.definitions import Mean, Unscored, measured
from audit.stats.definitions.chance import Meaning
from audit.stats.definitions.means.mean import SCORES
from audit.stats.records import BELIEVABLE, of_attributions, of_drivers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.config import RunConfig
    from audit.core.records import Attribution, CounterfactualSearch, Drivers, Metric, Sample, Suite
    from audit.engine import Engine
    from audit.explain.methods.registry import Method
    from audit.explain.prompt.game import Effort, MaskedPrompt
    from audit.explain.run.selected import Selected

SUITE: Suite = "explain"
TOKENS_PER_FEATURE = 60
"""Prompts of more tokens than this get proportionally fewer and coarser features: features x tokens stays
below ``max_features`` times this, which bounds the time that one sample takes."""
COUNTERFACTUAL_BUDGET = 32
"""Changed prompts that the search for a counterfactual may run before it turns greedy, and again from there; twice the
number of features where that is more."""
DRIVERS = "drivers"
"""Name of the task that looks across samples."""
NOTHING = "no task left a sample that is worth explaining"
REASONED = (
    "{} answers come after a reasoning trace and are not explained: they rest on prompt and trace together;"
    " audit explain --run RUN --sample ID explains one by the steps of its trace"
)
NOTE = "mean over hand-picked, not random, samples: it does not generalise"
GAIN = "deletion_auc_gain"
OF_DRIVERS = TaskWords(title="What drives answers", question="Which words and parts of prompts drive its answers?")
WITHOUT_EXPLANATION = MetricWords(title="Samples that could not be explained")
MEANINGS = {
    GAIN: Meaning(MetricWords(title="Gain in faithfulness over random orders", guess="a random order"), chance=0),
    BELIEVABLE: Meaning(
        MetricWords(title="Believable explanations", of="of explanations are faithful enough to be believed")
    ),
}
"""How the metrics of a method are to be read. By its definition, the gain of a random order is 0 on average."""

__all__ = ["check", "explain_results"]


@dataclass(slots=True)
class OfMethod:
    """What one method made of the chosen samples."""

    attributions: list[Attribution] = field(default_factory=list)
    """One per sample that could be explained."""
    failures: list[Unexplained] = field(default_factory=list)
    """The others."""


def explain_results(
    engine: Engine,
    config: RunConfig,
    results: Sequence[TaskResult],
    ratings: Mapping[tuple[str, str], float] | None = None,
) -> Iterator[TaskResult]:
    """Explain chosen samples of each task with each method of ``config.explain.methods``.

    Everything that can be scored for several methods of a sample is scored together: the work is done before the
    first result, under one line of progress for all methods. A second line then says what each of them took, and what
    they share.

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
    if methods and _is_asked_for(config, ratings):
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
        yield TaskResult(
            suite=SUITE, task=DRIVERS, drivers=found, metrics=_unexplained(found), words=OF_DRIVERS, not_run=reason
        )


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
    engine.progress.task(SUITE, ", ".join(method.name for method in possible or methods))
    made = {method.name: OfMethod() for method in possible}
    work = Work()
    try:
        chosen = choose(engine, results, config.explain, ratings) if possible else []
        engine.progress.samples(len(chosen))
        for selected in chosen:
            _explain(engine, config, possible, selected, made, work)
            engine.progress.sample_done()
    except DeviceLost as lost:  # what was explained is in the journal
        impossible |= {name: str(lost) for name in made}
        made.clear()
    if work.by_owner:
        engine.progress.step(f"of these: {work}")
    for method in methods:
        if method.name in made:
            yield _result(method, made[method.name], config.seed, nothing)
        else:
            yield TaskResult(suite=SUITE, task=method.name, not_run=impossible[method.name])


def _is_asked_for(config: RunConfig, ratings: Mapping[tuple[str, str], float] | None) -> bool:
    """Whether samples of any kind are to be explained; without ratings or perturbations none is for rating or flip."""
    explain = config.explain
    kinds = (explain.errors, explain.right_answers, explain.bias_gaps, explain.harmful_outputs)
    flips = explain.flips and config.evals.robustness.perturbations
    return any(kinds) or bool(flips or (explain.worst_rated and ratings))


def _explain(
    engine: Engine,
    config: RunConfig,
    methods: Sequence[Method],
    selected: Selected,
    made: dict[str, OfMethod],
    work: Work,
) -> None:
    """Add the attributions of one sample, or why there are none, and what they took."""
    for name, one in explain_sample(engine, config, methods, selected, work=work).items():
        if isinstance(one, Failed):
            made[name].failures.append(Unexplained.of(selected.sample, one))
        else:
            made[name].attributions.append(one)


def explain_sample(
    engine: Engine,
    config: RunConfig,
    methods: Sequence[Method],
    selected: Selected,
    *,
    effort: Effort | None = None,
    work: Work | None = None,
) -> dict[str, Attribution | Failed]:
    """The attributions of one sample as a run makes them, or why there are none, by method in the order given.

    A sample with options is explained as a choice among them, except by methods that know no contrast: these explain
    the target alone. An answer that follows a reasoning trace is explained by the steps of the trace.

    Args:
        engine: The checkpoint.
        config: Its section ``explain``, and the seed.
        methods: To explain it with.
        selected: The sample.
        effort: How much the methods may do, where that is not left to them.
        work: Is added to.
    """
    found: dict[str, Attribution | Failed] = {}
    for contrasts in (True, False):
        together = [method for method in methods if method.contrasts is contrasts]
        if not together:
            continue
        options = selected.options if contrasts else ()
        game = attempt(_game, engine, config, selected, options)
        if isinstance(game, Failed):
            found |= {method.name: game for method in together}
            continue
        game.effort = effort or game.effort
        found |= _explained(game, config, together, selected)
        if work is not None:
            work.merge(game.work)
    return {method.name: found[method.name] for method in methods}


def _game(engine: Engine, config: RunConfig, selected: Selected, options: Sequence[str]) -> MaskedPrompt:
    """The game of a sample: its target among ``options``, or alone; by the steps of its trace where it has one.

    Raises:
        UsageError: Its prompt cannot be cut, or its trace cannot be put back.
        ScorerError: An option has no score.
    """
    features = config.explain.max_features
    traced = thought(selected.sample)
    if traced:
        selected = by_steps(engine, selected, features)
    game = prepare(
        engine,
        selected.prompt,
        selected.target,
        options=options,
        max_features=features,
        max_tokens=features * TOKENS_PER_FEATURE,
        unit=STEPS if traced else "auto",
        spans=selected.spans,
    )
    game.remark = REMARK if traced else None
    return game


def _explained(
    game: MaskedPrompt, config: RunConfig, methods: Sequence[Method], selected: Selected
) -> dict[str, Attribution | Failed]:
    """The attributions of one game, and what would change the answer where it is a choice."""
    sample = selected.sample
    key = f"{sample.suite}/{sample.task}/{sample.sample_id}"
    seed = int(digest_of(config.seed, key)[:8], 16)
    made = attribute_all(game, methods, How(seed=seed, sample=sample, reason=selected.reason, stability=False))
    if game.against is not None and not all(isinstance(one, Failed) for one in made):
        search = attempt(_search, game)
        if isinstance(search, Failed):
            game.engine.progress.say(f"{key}: no search for a counterfactual: {search.reason}")
        else:
            made = with_counterfactual(made, search)
    return dict(zip((method.name for method in methods), made, strict=True))


def _search(game: MaskedPrompt) -> CounterfactualSearch:
    """What would change the choice of a sample, within the budget of a run.

    Raises:
        ScorerError: The checkpoint has no answer for a changed prompt.
    """
    with game.work.booked(COUNTERFACTUALS, game):
        return smallest_removal(game, budget=max(COUNTERFACTUAL_BUDGET, 2 * len(game.features)))


def _result(method: Method, made: OfMethod, seed: int, nothing: str) -> TaskResult:
    """What a method found, with its metrics; ``nothing`` is the reason where no sample was chosen."""
    metrics = _metrics(method.name, made, seed, nothing)
    settings = {key: value for one in made.attributions for key, value in one.settings.items()}
    return TaskResult(
        suite=SUITE,
        task=method.name,
        metrics=metrics,
        attributions=made.attributions,
        settings=settings,
        words=words_of(method.name),
    )


def words_of(method: str) -> TaskWords:
    """Words for readers of the explanations by a method.

    Args:
        method: Its name.
    """
    return TaskWords(
        title=f"Explanations by {method.replace('_', ' ')}",
        question="Do its explanations find what the answers depend on?",
        good="Higher is better; a random order of the features has no gain.",
    )


def _metrics(name: str, made: OfMethod, seed: int, nothing: str) -> list[Metric]:
    """Mean deletion gain, share of believable attributions, and how many samples were not explained."""
    attributions = made.attributions
    wanted = (
        *(one.attribution_id for one in attributions),
        *(failure.name for failure in made.failures),
    )
    samples = of_attributions(name, wanted, {one.attribution_id: one for one in attributions})
    failures = [str(failure) for failure in made.failures]
    why = failures[0] if failures else nothing
    metrics = []
    for metric, unit in ((GAIN, "nats"), (BELIEVABLE, "share")):
        mean = measured(
            Mean(of=f"{SCORES}{metric}", explained=wanted, seed=seed),
            samples,
            metric=metric,
            unit=unit,
            higher_is_better=True,
            primary=metric == GAIN,
            note=NOTE,
            about=(SUITE, name),
            meaning=MEANINGS[metric],
        )
        metrics.append(mean if mean.n else mean.model_copy(update={"error": why}))
    return [*metrics, _unscored(name, Unscored(explained=wanted), samples, failures)]


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
        meaning=Meaning(WITHOUT_EXPLANATION),
    )
