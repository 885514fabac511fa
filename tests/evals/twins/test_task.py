"""A benchmark asked together with its twins: pairs, the gap by hand, problems without a twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.evals import suite
from audit.stats.recompute import differences

if TYPE_CHECKING:
    from tests.evals.conftest import Scripted

ROWS = [
    {
        "passage": f"Ann has {one} figs and buys {other} more.",
        "question": "How many does Ann have?",
        "answer": f"{one + other} figs",
        "number": float(one + other),
    }
    for one, other in ((17, 41), (19, 43), (23, 47), (29, 53), (31, 59))
]
NONE = {"passage": "Bo has 3 cats.", "question": "How many?", "answer": "3 cats", "number": 3.0}


def run(scripted: Scripted, limit: int | None = None, seed: int = 1234, **more: int) -> Any:
    evals = {"tasks": [{"name": "asdiv.twins", "limit": limit}], **more}
    config = RunConfig.model_validate({"seed": seed, "chat_template": "off", "evals": evals})
    (found,) = suite.run_tasks(scripted, config)
    return found


@pytest.fixture
def problems(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    rows["asdiv"] = [*ROWS, NONE]
    return rows


@pytest.mark.slow
def test_each_problem_is_asked_with_its_twin(scripted: Scripted, problems: dict[str, list[dict[str, Any]]]) -> None:
    found = run(scripted, limit=2)
    assert [sample.slices["version"] for sample in found.samples] == ["public", "twin"] * 2
    assert [sample.pair for sample in found.samples] == [found.samples[place].sample_id for place in (0, 0, 2, 2)]
    assert {row["answer"] for row in problems["asdiv"]} >= {one.reference for one in found.samples[::2]}
    prompts = [sample.prompt for sample in found.samples]
    assert len(set(prompts)) == 4
    assert all(prompt.startswith("Solve the problem.") for prompt in prompts)
    assert [one.prompt for one in run(scripted, limit=2).samples] == prompts
    assert [one.prompt for one in run(scripted, limit=2, seed=1).samples] != prompts
    refused = run(scripted, limit=2, num_fewshot=3).not_run
    assert refused == "asdiv.twins has no examples, but 3 were requested: leave out --num-fewshot"


@pytest.mark.slow
def test_the_gap_is_that_of_the_pairs(scripted: Scripted, problems: dict[str, list[dict[str, Any]]]) -> None:
    """Of five pairs: all published ones right, two twins right, one twin unreadable."""
    asked = run(scripted)
    texts = [str(sample.reference).split(" ", maxsplit=1)[0] for sample in asked.samples]
    answers = [text if place % 2 == 0 or place in {1, 3} else "0" for place, text in enumerate(texts)]
    answers[9] = "none"
    scripted.texts = answers
    found = run(scripted)
    metrics = {metric.metric: metric for metric in found.metrics}
    assert (metrics["gap"].value, metrics["gap"].n, metrics["gap"].unit) == (60.0, 5, "points")
    right = {one.slice["version"]: (one.value, one.n) for one in found.metrics if one.slice}
    assert right == {"public": (1.0, 5), "twin": (0.4, 5)}
    assert (metrics["unparsed_answers"].value, metrics["unscored"].value) == (1, 0)
    assert found.metrics[0].note == (
        "1 of 6 problems have no twin and are not asked (1: not exactly two numbers and a number as the answer)"
    )
    assert [line for metric in found.metrics for line in differences(metric, found.samples, interval=True)] == []
    assert found.settings["twins"] == 1
    problems["asdiv"] = [NONE]
    assert run(scripted).not_run == "asdiv.twins: none of 1 problem has a twin"
