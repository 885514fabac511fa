"""What drives each kind of answer of a run, across more samples than are shown one by one.

Each sample is explained by occlusion alone and without measures of faithfulness: n + 1 masks, which the samples that
are shown need too. :mod:`audit.explain.run.driver_tests` then tests words and parts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import ScorerError
from audit.core.records import DrivenAnswers, Driver, Drivers, digest_of
from audit.core.sensitive import is_hidden
from audit.explain.attribute import caught, prepare
from audit.explain.methods.registry import METHODS
from audit.explain.run.driver_tests import aggregate, labels
from audit.explain.run.selection import choose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.config import ExplainConfig, RunConfig
    from audit.core.records import Feature, Sample, TaskResult
    from audit.engine import Engine
    from audit.explain.run.selection import Choice

    Ratings = Mapping[tuple[str, str], float]

METHOD = METHODS["occlusion"]
COUNTS = {
    "error": "errors",
    "right answer": "right_answers",
    "bias gap": "bias_gaps",
    "harmful output": "harmful_outputs",
    "bad rating": "worst_rated",
}
"""Kind of answer to the setting that says how many of a task are chosen."""


@dataclass(frozen=True, slots=True)
class Explained:
    """As much of an attribution as is aggregated."""

    choice: Choice
    """What was explained."""
    features: tuple[Feature, ...]
    """Pieces of the prompt."""
    values: list[float]
    """One per feature, nats."""
    level: str
    """What a feature is."""


def find_drivers(
    engine: Engine,
    config: RunConfig,
    results: Sequence[TaskResult],
    ratings: Ratings | None = None,
    *,
    max_tokens: int,
) -> Drivers:
    """Explain up to ``config.explain.drivers`` samples of each kind of answer, and test their words and parts.

    Args:
        engine: The checkpoint.
        config: Its section ``explain``, and the seed.
        results: What evals and safety produced.
        ratings: Mean rating, 1 to 5, of the outputs that people rated, by task and sample id.
        max_tokens: Bound of features x tokens of a prompt.
    """
    groups = []
    for kind in COUNTS if ratings else [kind for kind in COUNTS if kind != "bad rating"]:
        chosen = choices(engine, config.explain, results, kind, ratings)
        groups.append(_group(engine, config, kind, chosen, max_tokens=max_tokens))
    return Drivers(method=METHOD.name, asked=config.explain.drivers, groups=groups)


def choices(
    engine: Engine, config: ExplainConfig, results: Sequence[TaskResult], kind: str, ratings: Ratings | None = None
) -> list[Choice]:
    """The samples of one kind: the first of each task, then the second of each, until there are enough.

    One of each cluster (items from one template, say): prompts that are nearly the same are not independent.
    """
    asked = dict.fromkeys(COUNTS.values(), 0) | {COUNTS[kind]: config.drivers}
    chosen = choose(engine, results, config.model_copy(update=asked), ratings)
    ranked, met, seen = [], Counter[str](), set[tuple[str, str]]()
    for choice in chosen:
        alike = (choice.sample.task, choice.sample.cluster or choice.prompt)
        if choice.kind == kind and alike not in seen:
            seen.add(alike)
            ranked.append((met[choice.sample.task], choice))
            met[choice.sample.task] += 1
    return [choice for _, choice in sorted(ranked, key=lambda pair: pair[0])][: config.drivers]


def _group(engine: Engine, config: RunConfig, kind: str, chosen: Sequence[Choice], *, max_tokens: int) -> DrivenAnswers:
    """What drives one kind of answer."""
    made: list[Explained] = []
    failures = []
    for choice in chosen:
        one = caught(_explain, engine, choice, config.explain.max_features, max_tokens)
        if isinstance(one, Exception):
            failures.append(failure(choice.sample, one))
        else:
            made.append(one)
    seed = int(digest_of(config.seed, "drivers", kind)[:8], 16)
    found = aggregate(made, [one.choice.spans for one in made], seed=seed)
    return DrivenAnswers(answers=kind, samples=len(made), failures=failures, tested=_hide(found, made))


def failure(sample: Sample, error: Exception | str) -> str:
    """Why a sample could not be explained; of one whose text is hidden its name alone, for an error may quote it."""
    told = "its text is hidden, and so is the reason" if is_hidden(sample) else str(error)
    return f"{sample.suite}/{sample.task}/{sample.sample_id}: {told}"


def _explain(engine: Engine, choice: Choice, max_features: int, max_tokens: int) -> Explained:
    """The values of one sample.

    Raises:
        UsageError: Its prompt cannot be cut.
        ScorerError: The checkpoint gave no finite answer.
    """
    prompt = prepare(
        engine,
        choice.prompt,
        choice.target,
        options=choice.options,
        max_features=max_features,
        max_tokens=max_tokens,
        spans=choice.spans,
    )
    found = METHOD.attribute(prompt, 0)
    if not np.isfinite(found.values).all():
        msg = f"method {METHOD.name} gave values that are not finite"
        raise ScorerError(msg)
    return Explained(choice, prompt.features.pieces, found.values.tolist(), prompt.features.level)


def _hide(found: Sequence[Driver], made: Sequence[Explained]) -> list[Driver]:
    """The same with the words marked that stand in texts alone that a reader must ask for."""
    seen = {label for one in made if not is_hidden(one.choice.sample) for label in labels(one, one.choice.spans)}
    return [
        driver.model_copy(update={"hidden": driver.kind == "word" and (driver.kind, driver.name) not in seen})
        for driver in found
    ]
