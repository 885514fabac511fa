"""Which failure stands for a task, and which one is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.reports.contents import TaskContents
from audit.reports.failures import typical_failures
from tests.reports.conftest import a_sample, an_attribution

if TYPE_CHECKING:
    from audit.core.records import Attribution


def one(task: str, method: str, verdict: str, gain: float, **more: Any) -> Attribution:
    made = an_attribution(a_sample(task, 0), method=method, verdict=verdict, **more)
    return made.model_copy(update={"faithfulness": {"relative_gain": gain}})


def a_task(name: str, *made: Attribution, hidden: bool = False) -> TaskContents:
    shown = frozenset[str]() if hidden else frozenset(str(each.sample_id) for each in made)
    return TaskContents("evals", name, [], [], None, None, list(made), shown)


def found(*tasks: TaskContents) -> list[tuple[str, str, bool]]:
    return [(each.task.task, each.attribution.method, each.opened) for each in typical_failures(tasks)]


def test_the_one_that_is_believed_most_stands_for_its_task_and_is_opened() -> None:
    weak = a_task("boolq", one("boolq", "occlusion", "weak", 0.9), one("boolq", "shapley", "weak", 0.3))
    good = a_task("mmlu", one("mmlu", "lime", "do not believe", 0.9), one("mmlu", "ig", "believable", 0.1))
    assert found(weak, good) == [("mmlu", "ig", True), ("boolq", "occlusion", False)]
    assert [each.others for each in typical_failures([weak, good])] == [1, 1]


def test_no_unbelieved_and_no_hidden_explanation_is_opened() -> None:
    bad = a_task("boolq", one("boolq", "occlusion", "do not believe", 0.0))
    hidden = a_task("mmlu", one("mmlu", "ig", "believable", 0.5), hidden=True)
    assert found(bad, hidden) == [("boolq", "occlusion", False), ("mmlu", "ig", False)]


def test_an_attention_sink_comes_last_and_is_never_opened() -> None:
    """All attention on the first of several features."""
    share = {"unit": "share", "values": [0.9, 0.1, 0.0]}
    sample = a_sample("boolq", 0, prompt="a b c")
    sink = an_attribution(sample, method="attention_rollout", verdict="believable", **share)
    other = an_attribution(sample, method="occlusion", verdict="do not believe")
    spread = an_attribution(sample, method="attention_flow", unit="share", values=[0.1, 0.7, 0.2], verdict="weak")
    assert found(a_task("boolq", sink, other)) == [("boolq", "occlusion", False)]
    assert found(a_task("boolq", sink)) == [("boolq", "attention_rollout", False)]
    assert found(a_task("boolq", sink, other, spread)) == [("boolq", "attention_flow", True)]


def test_right_answers_are_no_failures() -> None:
    right = one("boolq", "occlusion", "believable", 0.9, reason="confident right answer (0.93)")
    asked = one("boolq", "occlusion", "believable", 0.9, reason="asked for")
    assert found(a_task("boolq", right, asked), a_task("mmlu")) == []
