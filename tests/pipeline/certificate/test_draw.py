"""Each task has the same share of its items drawn, and no limit is raised."""

from __future__ import annotations

import pytest

from audit.core.config import load_config
from audit.core.records import Sample, TaskResult
from audit.core.records.sample import Choice
from audit.pipeline.certificate.draw import draw
from audit.pipeline.configuration import choose_tasks


def result(task: str, count: int, options: int = 0) -> TaskResult:
    choice = Choice(options=["x"] * options) if options else None
    samples = [Sample(sample_id=str(n), suite="evals", task=task, prompt="p", choice=choice) for n in range(count)]
    return TaskResult(suite="evals", task=task, samples=samples)


@pytest.mark.parametrize(
    ("least", "sizes"),
    [
        (10, {"boolq": 20, "asdiv": 1, "mmlu": 2}),  # 2 % of each, one item at least
        (4500, {"boolq": 1000, "asdiv": 10, "mmlu": 100}),  # more than there are: all
    ],
)
def test_each_task_has_the_same_share_of_its_items(least: int, sizes: dict[str, int]) -> None:
    results = [result("boolq", 1000, 2), result("asdiv", 10), result("mmlu_law", 100, 4), result("mmlu_art", 50, 4)]
    base = choose_tasks(load_config(), ["boolq", "asdiv", "lm-eval:mmlu", "boolq.order", "piqa"], "all")
    bounds = base.certificate.bounds.model_copy(update={"least": 1.0})
    asked = base.certificate.model_copy(update={"least": least, "bounds": bounds})
    drawn = draw(base.model_copy(update={"certificate": asked}), results)
    limits = {task.name.removeprefix("lm-eval:"): task.limit for task in drawn.evals.tasks}
    assert {name: limits[name] for name in sizes} == sizes
    assert "boolq.order" not in limits


def test_no_fewer_requests_are_drawn_than_the_bounds_want() -> None:
    base = choose_tasks(load_config(), ["boolq"], "all")
    asked = base.certificate.model_copy(update={"least": 1, "share": 1e-6})
    (task,) = draw(base.model_copy(update={"certificate": asked}), [result("boolq", 1000, 2)]).evals.tasks
    assert 50 <= float(task.limit or 0) <= 63  # two requests each; the share grows by a quarter


def test_a_limit_is_never_raised_and_named_items_stay_named() -> None:
    base = choose_tasks(load_config(), ["boolq", "asdiv"], 3)
    evals = base.evals.model_copy(update={"samples": {"asdiv": [4, 8, 15]}})
    drawn = draw(base.model_copy(update={"evals": evals}), [result("boolq", 3, 2), result("asdiv", 3)])
    assert [(task.name, task.limit) for task in drawn.evals.tasks] == [("boolq", 3), ("asdiv", 3)]
    assert drawn.evals.samples == {"asdiv": [4, 8, 15]}
