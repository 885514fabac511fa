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
from audit.explain.attempt import Failed, attempt
from audit.explain.attribute import prepare
from audit.explain.methods.registry import METHODS
from audit.explain.run.driver_tests import aggregate, labels
from audit.explain.run.selection import choose
from audit.explain.run.unexplained import Unexplained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.config import ExplainConfig, RunConfig
    from audit.core.records import Feature, TaskResult
    from audit.engine import Engine
    from audit.explain.run.selected import Selected

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
class OccludedSample:
    """A sample with the values of its features by occlusion: as much of an attribution as is aggregated."""

    selected: Selected
    """What was explained."""
    features: tuple[Feature, ...]
    """Features of the prompt."""
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
    kinds = [kind for kind in COUNTS if ratings or kind != "bad rating"]
    selected = {kind: select(engine, config.explain, results, kind, ratings) for kind in kinds}
    engine.progress.samples(sum(map(len, selected.values())))
    groups = [_group(engine, config, kind, selected[kind], max_tokens=max_tokens) for kind in kinds]
    return Drivers(method=METHOD.name, asked=config.explain.drivers, groups=groups)


def select(
    engine: Engine, config: ExplainConfig, results: Sequence[TaskResult], kind: str, ratings: Ratings | None = None
) -> list[Selected]:
    """The samples of one kind: the first of each task, then the second of each, until there are enough.

    One of each cluster (items from one template, say): prompts that are nearly the same are not independent.

    Args:
        engine: The checkpoint.
        config: How many are wanted.
        results: What the other suites produced.
        kind: One of :data:`COUNTS`.
        ratings: Mean rating, 1 to 5, of the outputs that people rated, by task and sample id.
    """
    asked = dict.fromkeys(COUNTS.values(), 0) | {COUNTS[kind]: config.drivers}
    ranked, met, seen = [], Counter[str](), set[tuple[str, str]]()
    for selected in choose(engine, results, config.model_copy(update=asked), ratings):
        alike = (selected.sample.task, selected.sample.cluster or selected.prompt)
        if selected.kind == kind and alike not in seen:
            seen.add(alike)
            ranked.append((met[selected.sample.task], selected))
            met[selected.sample.task] += 1
    return [selected for _, selected in sorted(ranked, key=lambda pair: pair[0])][: config.drivers]


def _group(
    engine: Engine, config: RunConfig, kind: str, selected: Sequence[Selected], *, max_tokens: int
) -> DrivenAnswers:
    """What drives one kind of answer."""
    made: list[OccludedSample] = []
    failures = []
    for one in selected:
        occluded = attempt(_occlude, engine, one, config.explain.max_features, max_tokens)
        if isinstance(occluded, Failed):
            failures.append(str(Unexplained.of(one.sample, occluded)))
        else:
            made.append(occluded)
        engine.progress.sample_done()
    seed = int(digest_of(config.seed, "drivers", kind)[:8], 16)
    found = aggregate(made, [one.selected.spans for one in made], seed=seed)
    return DrivenAnswers(answers=kind, samples=len(made), failures=failures, tested=_hide(found, made))


def _occlude(engine: Engine, selected: Selected, max_features: int, max_tokens: int) -> OccludedSample:
    """The values of one sample.

    Raises:
        UsageError: Its prompt cannot be cut.
        ScorerError: The checkpoint gave no finite answer.
    """
    prompt = prepare(
        engine,
        selected.prompt,
        selected.target,
        options=selected.options,
        max_features=max_features,
        max_tokens=max_tokens,
        spans=selected.spans,
    )
    found = METHOD.attribute(prompt, 0)
    if not np.isfinite(found.values).all():
        msg = f"method {METHOD.name} gave values that are not finite"
        raise ScorerError(msg)
    return OccludedSample(selected, prompt.features.records, found.values.tolist(), prompt.features.level)


def _hide(found: Sequence[Driver], made: Sequence[OccludedSample]) -> list[Driver]:
    """The same, with those words marked that occur only in texts that are hidden by default."""
    seen = {label for one in made if not is_hidden(one.selected.sample) for label in labels(one, one.selected.spans)}
    return [
        driver.model_copy(update={"hidden": driver.kind == "word" and (driver.kind, driver.name) not in seen})
        for driver in found
    ]
