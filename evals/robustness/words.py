"""Titles, questions and phrases of tasks of perturbed items and their metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records import MetricWords, TaskWords
from audit.core.words.counts import CUT_ANSWERS, CUT_PROMPTS, UNREAD_ANSWERS
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS
from audit.stats.definitions.chance import Meaning

if TYPE_CHECKING:
    from audit.core.records import Metric, TaskResult

GOOD = "Higher is better; an answer should not depend on how a question is worded or laid out."
SHARES = {
    "mean_score": MetricWords(
        title="Right answers to perturbed questions", of="of perturbed questions are answered right"
    ),
    "worst_case": MetricWords(title="Right answers in every form", of="of questions are answered right in every form"),
    "lowest_mean": MetricWords(
        title="Right answers under the worst perturbation",
        of="of questions are answered right under the perturbation that costs most",
    ),
}
"""Of scores that are right or wrong."""
GRADED = {
    "mean_score": MetricWords(title="Mean score on perturbed questions"),
    "worst_case": MetricWords(title="Mean of each item's lowest score in any form"),
    "lowest_mean": MetricWords(title="Mean score under the worst perturbation"),
}
"""Of other scores."""
OTHERS = {
    "change": Meaning(
        MetricWords(
            title="Change of the score when perturbed",
            above="Better on perturbed questions",
            below="Worse on perturbed questions",
            within="No change shown",
        ),
        ideal=0.0,
    ),
    "flips": Meaning(
        MetricWords(
            title="Answers that flip between right and wrong", of="of perturbed questions flip between right and wrong"
        ),
        ideal=0.0,
    ),
    "not_perturbed": Meaning(MetricWords(title="Items that could not be perturbed")),
    "unparsed_answers": Meaning(UNREAD_ANSWERS),
    "truncated_prompts": Meaning(CUT_PROMPTS),
    TRUNCATED_OUTPUTS: Meaning(CUT_ANSWERS),
}
"""Of metrics that mean the same whatever the score is."""
ENDINGS = {IF_WRONG: "if all cut answers are wrong", IF_RIGHT: "if all cut answers are right"}


def meaning(name: str, score: Metric) -> Meaning:
    """How a metric of perturbed items is to be read.

    Args:
        name: Of the metric.
        score: The metric of the original task: the chance level of the mean is its own.
    """
    if name in OTHERS:
        return OTHERS[name]
    ending = next((one for one in ENDINGS if name.endswith(one)), "")
    kind = name.removesuffix(ending)
    words = (SHARES if score.unit == "share" else GRADED)[kind]
    if ending:
        words = words.model_copy(update={"title": f"{words.title}, {ENDINGS[ending]}"})
    return Meaning(words, score.chance_of if kind == "mean_score" else None)


def task_words_of(original: TaskResult) -> TaskWords:
    """Title and question of a task that asks the items of another one again.

    Args:
        original: The result of that task.
    """
    title = original.words.title if original.words else original.task
    return TaskWords(
        title=f"{title}, perturbed",
        question="Does it answer as well when questions are worded or laid out differently?",
        good=GOOD,
    )
