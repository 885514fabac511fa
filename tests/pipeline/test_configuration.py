"""The configuration of a run: places in full, tasks in their suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig, SafetyConfig, load_config
from audit.core.errors import ConfigError
from audit.pipeline.configuration import anchored, choose_tasks
from tests.evals.lm_eval.own_tasks import write_group

if TYPE_CHECKING:
    from pathlib import Path


def test_folders_of_the_configuration_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    config = RunConfig(safety=SafetyConfig(toxicity_scorer="folder:weights", reference="weights"))
    safety = anchored(config).safety
    assert safety.toxicity_scorer == f"folder:{tmp_path / 'weights'}"
    assert safety.reference == str(tmp_path / "weights")
    assert anchored(RunConfig()).safety == RunConfig().safety


def test_tasks_are_sorted_into_their_suites() -> None:
    config = choose_tasks(load_config(), ["crows_pairs", "boolq", "some_lm_eval_task"], limit=7)
    assert [(task.name, task.limit) for task in config.safety.tasks] == [("crows_pairs", 7)]
    assert [(task.name, task.limit) for task in config.evals.tasks] == [("boolq", 7), ("some_lm_eval_task", 7)]
    other = choose_tasks(load_config(), ["hellaswag", "bbq"], limit=None)
    assert (other.evals.tasks[0].limit, other.safety.tasks[0].limit) == (load_config().limit,) * 2
    unlimited = choose_tasks(load_config(), ["boolq"], limit=None)
    configured = next(task.limit for task in load_config().evals.tasks if task.name == "boolq")
    assert [task.limit for task in unlimited.evals.tasks] == [configured]
    with pytest.raises(ConfigError, match="empty name"):
        choose_tasks(load_config(), ["boolq", ""], limit=None)


def test_a_limit_keeps_what_is_optional_optional() -> None:
    config = choose_tasks(load_config(flags={"profile": "standard"}), [], limit=5)
    assert {task.name for task in config.evals.tasks if task.when_present} >= {"gsm8k", "ntrex_en_de"}
    assert {task.limit for task in (*config.evals.tasks, *config.safety.tasks)} == {5}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tasks ``mine`` and ``yours`` and the group ``both``."""
    return write_group(tmp_path, monkeypatch)


def test_plain_items_need_a_single_task(own: Path) -> None:
    config = RunConfig.model_validate({"evals": {"include_path": [own]}})
    assert choose_tasks(config, ["mine"], None, [0]).evals.samples == {"mine": [0]}
    with pytest.raises(ConfigError, match="both is a group: give JSON"):
        choose_tasks(config, ["both"], None, [0])
