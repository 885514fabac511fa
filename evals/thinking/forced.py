"""The task of answers that are forced at thinking budgets: a sample for each item and budget, and its metrics."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.errors import RAISED_BY_OTHERS, AuditError, ConfigError, TaskUnavailable
from audit.core.names import FORCED, THINKING_BUDGET
from audit.core.records import Flag, Sample, TaskResult, TaskWords, digest_of
from audit.core.records.files.finite import finite
from audit.engine.settings import of_request
from audit.evals.evaluation import evaluate
from audit.evals.lm_eval.tasks import why
from audit.evals.thinking.cutting import CutTrace, cut_at, in_time
from audit.evals.thinking.forced_metrics import WAS_FORCED, WITHOUT_FORCING, forced_metrics
from audit.stats.definitions import Mean, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lm_eval.api.task import Task

    from audit.core.config import RunConfig
    from audit.core.records import Metric
    from audit.engine import Engine
    from audit.evals.catalogue import OwnTask

UNABLE = (
    "--thinking-budget: {} puts each prompt into its own chat template, so that its text cannot be gone on with: use a"
    " server with /completions, or a local checkpoint"
)
NO_TOKENIZER = "--thinking-budget: traces are cut at tokens, and {} has no tokenizer here: name one with --tokenizer"
ASSUMED = (
    "--thinking-budget: with --think-end, an answer that begins with evals.forced_opening would be taken for a trace:"
    " set evals.forced_opening to '' in the configuration file"
)
SAMPLED = "{} samples its answers, and those of a greedy text alone can be forced: --gen-kwargs do_sample=false"
NO_TRACE = "no answer to {} follows a reasoning trace, so that there is none to cut"
NO_MEAN = "the first metric of {} is no mean of its items' scores"
PROMPT_CUT = "prompt and trace are longer than the context"
GOES_ON = "it went on thinking behind the forced end of its trace"
GOOD = "Higher is better; the nearer to the value without a budget, the less the checkpoint needs its longer traces."


def check_forcing(engine: Engine, config: RunConfig) -> None:
    """Refuse to force answers of a checkpoint whose text cannot be continued.

    Args:
        engine: The checkpoint.
        config: Of the run; nothing is refused where it names no budgets.

    Raises:
        ConfigError: It cannot be.
    """
    if not config.evals.thinking_budgets:
        return
    if getattr(engine, "applies_chat_template", False):
        raise ConfigError(UNABLE.format(engine.record.name))
    if not engine.has_tokenizer:
        raise ConfigError(NO_TOKENIZER.format(engine.record.name))
    if engine.thinking.assumed is not None and config.evals.forced_opening:
        raise ConfigError(ASSUMED)


@dataclass(frozen=True, slots=True)
class _Planned:
    """What becomes of one item at one budget."""

    place: int
    """Place of the item among those that were run."""
    cut: CutTrace | str | None
    """Its cut trace; the reason why it has none; None where its answer came in time."""


def force_answers(
    engine: Engine, config: RunConfig, task: Task, result: TaskResult, own: OwnTask | None
) -> Iterator[TaskResult]:
    """The answers to a task's items within each budget that the configuration names; nothing where it names none.

    Args:
        engine: The checkpoint.
        config: Of the run.
        task: lm-eval's task, as it was run.
        result: What it left.
        own: The audit's part of its file; None for a task from elsewhere.

    Raises:
        AuditError: The engine, or the disk, fails.
    """
    if not config.evals.thinking_budgets or result.logged is None or str(task.OUTPUT_TYPE) != "generate_until":
        return
    name = f"{result.task}{FORCED}"
    reason = _why_not(task, result)
    if reason is not None:
        yield TaskResult(suite="evals", task=name, not_run=reason, optional=True)
        return
    engine.progress.task("evals", name)
    try:
        yield _forced_result(engine, config, task, result, own)
    except TaskUnavailable as missing:
        yield TaskResult(suite="evals", task=name, not_run=str(missing))
    except AuditError:
        raise
    except RAISED_BY_OTHERS as error:  # the task's own code may raise anything
        yield TaskResult(suite="evals", task=name, not_run=why(name, error))


def _why_not(task: Task, result: TaskResult) -> str | None:
    """Why no answers to a task are forced."""
    settings = {key: value for key, value in (task.get_config("generation_kwargs") or {}).items() if value is not None}
    if of_request(settings).get("temperature"):
        return SAMPLED.format(result.task)
    if _mean_of(result) is None:
        return NO_MEAN.format(result.task)
    if not any(sample.thinking and sample.thinking.strip() for sample in result.samples):
        return NO_TRACE.format(result.task)
    return None


def _mean_of(result: TaskResult) -> tuple[Metric, Mean] | None:
    """The first metric of a task, with its definition, if it is the mean of a score of which higher values are better.

    Other means weigh items.
    """
    first = result.metrics[0]
    plain = read(first.definition) if first.definition else None
    return (first, plain) if type(plain) is Mean and first.higher_is_better is True else None


def _forced_result(
    engine: Engine, config: RunConfig, task: Task, result: TaskResult, own: OwnTask | None
) -> TaskResult:
    """The result of the task of forced answers."""
    from audit.evals.samples import make_samples  # noqa: PLC0415 - imports lm-eval, which takes seconds
    from audit.evals.thinking.asking import ForcingLM  # noqa: PLC0415 - see above

    evals = config.evals
    documents = [one.doc_id for one in result.logged.samples] if result.logged else []
    found = _mean_of(result)
    samples: list[Sample] = []
    for budget in evals.thinking_budgets:
        planned = [
            _Planned(place, None if in_time(sample, budget) else _cut(engine, sample, budget, evals.forced_opening))
            for place, sample in enumerate(result.samples)
        ]
        cut = [(one.place, one.cut) for one in planned if isinstance(one.cut, CutTrace)]
        answers: dict[int, Sample] = {}
        if cut:
            lm = ForcingLM(engine, [trace.prompt for _, trace in cut], seed=config.seed)
            started = time.perf_counter()
            items = evaluate(engine, config, task, [documents[place] for place, _ in cut], lm)
            made = make_samples(task, items, own, "", time.perf_counter() - started)
            answers = dict(zip((place for place, _ in cut), made, strict=True))
        samples += [
            _at_budget(result.samples[one.place], one.cut, answers.get(one.place), budget, str(found and found[1].of))
            for one in planned
        ]
    settings = {
        **result.settings,
        "forces": result.task,
        "thinking_budgets": evals.thinking_budgets,
        "forced_opening": evals.forced_opening,
    }
    metrics = (
        []
        if found is None
        else forced_metrics(
            samples, *found, budgets=evals.thinking_budgets, seed=config.seed, resamples=evals.bootstrap_resamples
        )
    )
    return TaskResult(
        suite="evals",
        task=f"{result.task}{FORCED}",
        metrics=[metric.model_copy(update={"settings": settings}) for metric in metrics],
        settings=settings,
        words=_words(result),
        samples=samples,
        assets=result.assets,
    )


def _cut(engine: Engine, sample: Sample, budget: int, opening: str) -> CutTrace | str:
    """The cut trace of an item, or the reason why it has none: first of all that it had no answer."""
    return sample.error or cut_at(engine, sample, budget, opening)


def _at_budget(sample: Sample, cut: CutTrace | str | None, answered: Sample | None, budget: int, of: str) -> Sample:
    """The record of an item at a budget.

    The prompt is the task's; trace and answer stand behind it as in every sample, with the opening between them, which
    the settings name.

    Args:
        sample: The item as it was answered without a budget.
        cut: See :class:`_Planned`.
        answered: What the checkpoint wrote behind the cut trace.
        budget: In tokens.
        of: Field with the score.
    """
    about: dict[str, Any] = {
        "sample_id": digest_of(sample.sample_id, THINKING_BUDGET, budget)[:16],
        "task": f"{sample.task}{FORCED}",
        "cluster": sample.cluster or sample.sample_id,
        "pair": sample.sample_id,
        "spans": sample.spans,
        "slices": {**sample.slices, THINKING_BUDGET: str(budget)},
    }
    if cut is None:
        name = of.removeprefix("scores.")
        kept = sample.scores.get(name) if of.startswith("scores.") else sample.score
        known = {} if sample.error else {WAS_FORCED: 0.0, WITHOUT_FORCING: kept}
        return sample.model_copy(update={**about, "scores": {**sample.scores, **known}})
    late = {WAS_FORCED: 1.0, WITHOUT_FORCING: 0.0} if _is_late(sample, budget) else {}
    if isinstance(cut, str) or answered is None:
        nothing: dict[str, Any] = {"score": None, "scores": late, "output": None, "tokens_out": 0, "seconds": 0.0}
        return sample.model_copy(update={**about, **nothing, "error": cut})
    error = answered.error or _fault(answered)
    scores = late if error else {**answered.scores, **late}
    update = {
        **about,
        "thinking": cut.text or None,
        "thinking_tokens": cut.tokens,
        "score": None if error else answered.score,
        "scores": scores,
        "error": error,
    }
    return finite(answered.model_copy(update=update))


def _is_late(sample: Sample, budget: int) -> bool:
    """Whether an answer is known not to have come by itself within a budget, whatever became of the forced one.

    It is not known of one that failed, whose tokens were not counted, or whose trace the context cut before the budget.
    """
    if sample.error is not None or sample.thinking_tokens is None:
        return False
    reached = sample.thinking_tokens >= budget + (Flag.THINKING_CUT not in sample.flags)
    return reached or Flag.THINKING_ONLY in sample.flags


def _fault(answered: Sample) -> str | None:
    """Why an answer behind a cut trace is of no use."""
    if Flag.TRUNCATED_PROMPT in answered.flags:
        return PROMPT_CUT
    return GOES_ON if answered.thinking or answered.thinking_tokens else None


def _words(result: TaskResult) -> TaskWords:
    """Title and question of the task."""
    title = result.words.title if result.words else result.task
    return TaskWords(
        title=f"{title}, answers forced", question="Does it answer right when its thinking is ended early?", good=GOOD
    )
