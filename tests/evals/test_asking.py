"""How tasks are asked: settings of the run, shots, items."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import EvalsConfig
from audit.core.errors import ConfigError, TaskUnavailable
from audit.evals import asking, suite
from audit.evals.choice.checks import check
from tests.evals.lm_eval.own_files import configure, run

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine
    from tests.evals.conftest import Scripted


def test_settings_of_the_run_reach_the_requests(scripted: Scripted, folder: Path) -> None:
    scripted.texts = ["x"] * 6
    settings = {"max_new_tokens": 3, "temperature": 0.7}
    result = run(scripted, "said", include=folder, gen_kwargs=settings, system_instruction="Be brief.")["said"]
    assert {(request.max_new_tokens, request.temperature) for request in scripted.asked} == {(3, 0.7)}
    assert result.settings["generation"] == {"until": ["\n"], "do_sample": True, **settings}
    assert result.settings["system_instruction"] == "Be brief."
    assert all("Be brief." in sample.prompt for sample in result.samples)


@pytest.mark.parametrize(
    ("theirs", "given", "right"),
    [
        ({"max_gen_toks": 8, "do_sample": False}, {"max_tokens": 3}, {"do_sample": False, "max_tokens": 3}),
        ({"do_sample": False, "temperature": 0.0}, {"do_sample": True}, {"do_sample": True}),
        ({"do_sample": False}, {"temperature": 0.5}, {"do_sample": True, "temperature": 0.5}),
        ({"temperature": 0.9, "do_sample": True}, {"do_sample": False}, {"temperature": 0.9, "do_sample": False}),
        ({"until": ["a"]}, {"until": ["b"]}, {"until": ["b"]}),
        ({"temperature": 0.0}, {"temperature": 0.0}, {"temperature": 0.0}),
        ({"max_gen_toks": 96}, {"max_gen_toks": None}, {"max_gen_toks": 96}),
        ({"max_gen_toks": 96}, {"max_gen_toks": 64, "max_tokens": 32}, {"max_tokens": 32}),
        ({"max_gen_toks": 96}, {"max_new_tokens": 64, "max_gen_toks": 32}, {"max_gen_toks": 32}),
    ],
)
def test_generation_settings_merge_as_they_are_meant(
    theirs: dict[str, Any], given: dict[str, Any], right: dict[str, Any]
) -> None:
    assert asking.generation_settings(theirs, given) == right


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"until": 5}, "generation setting until: 5 is neither a string nor a list of strings"),
        ({"until": ["a", 5]}, r"generation setting until: \['a', 5\] is neither"),
        ({"max_new_tokens": 0}, "generation setting max_gen_toks: 0 is not a number 1 or more"),
        ({"temperature": -1.0}, "generation setting temperature: -1.0 is not a number 0 or more"),
        ({"num_beams": 4}, "generation setting num_beams: 4 is not supported"),
    ],
)
def test_settings_that_cannot_be_honoured(
    scripted: Scripted, folder: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check(configure("said", include=folder, gen_kwargs=settings))
    text = (folder / "said.yaml").read_text().splitlines()[:-1]
    (folder / "said.yaml").write_text("\n".join([*text, f"generation_kwargs: {json.dumps(settings)}"]))
    (result,) = suite.run_tasks(scripted, configure("said", include=folder))
    assert re.search(message, result.not_run or "")


def test_shots_and_turns(scripted: Scripted, folder: Path) -> None:
    scripted.texts = ["x"] * 12
    two = run(scripted, "said", include=folder, num_fewshot=2)["said"]
    assert two.settings["shots"] == 2
    for sample in two.samples:
        assert sample.prompt.count("[user]") == sample.prompt.count("[assistant]") == 3
        questions = sample.prompt.split("Capital ")[1:]
        assert len({question.split()[0] for question in questions}) == 3, "the item is none of its examples"
    one = run(scripted, "said", include=folder, num_fewshot=2, fewshot_as_multiturn=False)["said"]
    assert all(sample.prompt.count("[user]") == 1 for sample in one.samples)
    assert (two.settings["multiturn"], one.settings["multiturn"]) == (True, False)


@pytest.mark.slow
@pytest.mark.usefixtures("rows")
def test_shots_of_own_tasks_are_those_that_they_have(scripted: Scripted, folder: Path) -> None:
    (three,) = suite.run_tasks(scripted, configure("mmlu", include=folder, num_fewshot=3))
    assert three.settings["shots"] == 3
    assert all(sample.prompt.count("Answer:") == 4 for sample in three.samples)
    (nine,) = suite.run_tasks(scripted, configure("mmlu", include=folder, num_fewshot=9))
    assert nine.not_run == "mmlu has 5 examples, but 9 were requested: lm-eval:mmlu may have more"
    (none,) = suite.run_tasks(scripted, configure("boolq", include=folder, num_fewshot=1))
    assert none.not_run == "boolq has no examples, but 1 were requested: lm-eval:boolq may have more"


@pytest.mark.slow
def test_items_by_position_and_by_id(tiny: Engine, folder: Path) -> None:
    whole = run(tiny, "capitals", include=folder)["capitals"].samples
    chosen = [3, whole[7].sample_id, 0]
    part = run(tiny, "capitals", include=folder, samples={"capitals": chosen})["capitals"].samples
    assert [(s.sample_id, s.prompt) for s in part] == [(whole[n].sample_id, whole[n].prompt) for n in (0, 3, 7)]
    for wrong, message in ((17, "its 17 items are 0 to 16"), ("0" * 16, "has no item 0000000000000000")):
        first, second = suite.run_tasks(
            tiny, configure("capitals", "ends", include=folder, samples={"capitals": [wrong]})
        )
        assert message in (first.not_run or "")
        assert second.not_run is None


@pytest.mark.parametrize(
    ("names", "samples", "message"),
    [
        (["capitals"], {"capitols": [1]}, "capitols is not one of this run's tasks"),
        (["capitals"], {"capitals": []}, "no item of capitals is listed"),
        (["heavy"], {"heavy": [0]}, "heavy is a group"),
        (["capitals"], {"light": [0]}, "light is a group"),
    ],
)
def test_items_that_cannot_be_meant_are_refused(
    folder: Path, names: list[str], samples: dict[str, list[int]], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check(configure(*names, include=folder, samples=samples))


def test_a_task_without_items_is_not_run() -> None:
    task = SimpleNamespace(task_name="empty", eval_docs=[])
    with pytest.raises(TaskUnavailable, match="empty has no items: its data set has no rows"):
        asking.pick(task, EvalsConfig(), None, 1, "data")  # type: ignore[arg-type]  # a double


@pytest.mark.slow
def test_a_task_that_cannot_run_as_asked_is_one_reason(
    scripted: Scripted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(requests: object) -> None:
        msg = "generation setting num_beams: 4 is not supported: leave it out"
        raise TaskUnavailable(msg)

    monkeypatch.setattr(scripted, "generate", refuse)
    said, capitals = suite.run_tasks(scripted, configure("said", "capitals", include=folder))
    assert said.not_run == "generation setting num_beams: 4 is not supported: leave it out"
    assert capitals.not_run is None
