"""Task files of the user: found by file, folder, name and glob, described by their data, scored alone and as groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.errors import ConfigError
from audit.evals import suite
from audit.evals.choice.checks import check
from audit.evals.lm_eval import tasks as lm_eval_tasks
from audit.evals.lm_eval.quiet import quiet
from tests.evals.lm_eval.own_files import CAPITALS, configure, run

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine
    from tests.evals.conftest import Scripted


def test_names_of_the_audits_own_tasks_are_refused(folder: Path) -> None:
    (folder / "capitals.yaml").write_text(CAPITALS.replace("capitals", "boolq"))
    with pytest.raises(ConfigError, match="boolq, the name of one of the audit's own tasks"):
        check(configure("boolq", include=folder))
    with pytest.raises(ConfigError, match="no such folder"):
        check(configure("boolq", include=folder / "nowhere"))


@pytest.mark.slow
@pytest.mark.usefixtures("rows")
def test_lm_evals_own_task_is_reached_by_its_prefix(
    tiny: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = {"boolq": folder / "capitals.yaml"}
    (folder / "capitals.yaml").write_text(CAPITALS.replace("capitals", "boolq"))
    monkeypatch.setattr(lm_eval_tasks, "names", lambda include=(): {} if include else stock)
    tasks = [TaskConfig(name="boolq"), TaskConfig(name="lm-eval:boolq")]
    config = RunConfig(evals=EvalsConfig(tasks=tasks, bootstrap_resamples=100), offline=True)
    ours, theirs = suite.run_tasks(tiny, config)
    assert (ours.task, theirs.task) == ("boolq", "lm-eval:boolq")
    assert (len(ours.samples), len(theirs.samples)) == (8, 17)
    assert (ours.settings["joining"], theirs.settings["joining"]) == ("exact", "lm_eval")
    assert theirs.metrics[0].name == "lm-eval:boolq/accuracy"


def test_a_system_turn_that_the_template_refuses_is_merged_and_flagged(
    scripted: Scripted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}[{{ m.role }}] "
        "{{ m.content }}{% endfor %}"
    )
    scripted.texts = ["x"] * 12
    taken = run(scripted, "said", include=folder, system_instruction="Be brief.")["said"]
    assert not any("system_turn_merged" in sample.flags for sample in taken.samples)
    monkeypatch.setattr(scripted.tokenizer, "chat_template", refusing)
    moved = run(scripted, "said", include=folder, system_instruction="Be brief.")["said"]
    assert all("system_turn_merged" in sample.flags for sample in moved.samples)
    assert all(sample.prompt.startswith("[user] Be brief.\n\nCapital") for sample in moved.samples)


@pytest.mark.slow
def test_items_of_a_groups_task_and_a_misspelt_one(tiny: Engine, folder: Path) -> None:
    config = configure("heavy", include=folder, samples={"ends": [0, 2], "capitols": [1]})
    results = {result.task: result for result in suite.run_tasks(tiny, config)}
    assert (len(results["ends"].samples), len(results["capitals"].samples)) == (2, 17)
    assert results["capitols"].not_run == "--samples names items of capitols, which is not one of this run's tasks"


def test_metadata_reaches_the_task(tiny: Engine, folder: Path) -> None:
    with quiet():
        loaded = lm_eval_tasks.load("capitals", 1, include=(folder,), metadata={"max_seq_lengths": [128]})
    metadata = loaded.tasks["capitals"].config.metadata
    assert (metadata["max_seq_lengths"], metadata["version"]) == ([128], 3)
