"""What names stand for: groups, tasks with clusters, tasks in one random order."""

from __future__ import annotations

from pathlib import Path

from audit.core.config import TaskConfig
from audit.evals.choice.kinds import has_clusters, in_random_order, is_group

QUIZ = TaskConfig(name="quiz", file=Path("quiz.csv"))
CASES = [
    # task, whether it is a group, whether it has clusters, whether a larger limit adds items in random order
    (TaskConfig(name="piqa"), False, False, True),
    (TaskConfig(name="boolq"), False, True, False),  # questions about the same passage
    (TaskConfig(name="lm-eval:boolq"), False, False, True),  # lm-eval's own task declares no clusters
    (TaskConfig(name="mmlu_pro"), True, False, False),
    (TaskConfig(name="piqa.order"), False, False, False),  # a check: in the order of the publisher
    (QUIZ, False, False, True),
    (QUIZ.model_copy(update={"cluster": "passage"}), False, True, False),
]


def test_groups_clusters_and_order() -> None:
    found = [(one, is_group(one.name, ()), has_clusters(one), in_random_order(one, ())) for one, *_ in CASES]
    assert found == CASES
