"""Which tasks a configuration's checks become, and what is refused before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError
from audit.evals import suite
from audit.evals.choice.checks import check
from audit.evals.choice.kinds import in_random_order
from audit.evals.contamination.asked import with_checks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evals.conftest import Scripted


def config(tasks: list[Any], **contamination: Any) -> RunConfig:
    return RunConfig.model_validate(
        {"limit": 3, "evals": {"tasks": tasks, "contamination": contamination}}, strict=False
    )


def names(wanted: RunConfig) -> list[str]:
    return [task.name for task in wanted.evals.tasks]


def test_each_check_is_a_task_after_its_benchmark(tmp_path: Path) -> None:
    wanted = config(["boolq", "gsm8k"], checks=["order", "min-k", "overlap"], corpus=[tmp_path], twins=True)
    found = with_checks(wanted)
    assert names(found) == [
        *("boolq", "boolq.order", "boolq.min-k", "boolq.overlap"),
        *("gsm8k", "gsm8k.order", "gsm8k.min-k", "gsm8k.overlap", "gsm8k.twins"),
    ]
    assert {task.limit for task in found.evals.tasks} == {3}
    assert [task.name for task in found.evals.tasks if task.optional] == ["boolq.min-k", "gsm8k.min-k"]
    assert with_checks(found) == found  # a run that goes on has them already
    assert names(with_checks(config(["boolq"]))) == ["boolq"]
    alone = config(["boolq.overlap"], checks=["overlap"], corpus=[tmp_path])
    assert with_checks(alone) == alone


def test_nothing_to_check_is_refused(tmp_path: Path) -> None:
    cases = [
        (config(["boolq"], checks=["overlap"]), "--corpus PATH"),
        (config(["boolq"], checks=["order"], corpus=[tmp_path]), "nothing looks in it"),
        (config(["boolq"], corpus=[tmp_path]), "nothing looks in it"),
        (config(["boolq"], twins=True), "only asdiv and gsm8k have twins"),
        (config([], checks=["order"]), "choose benchmark tasks"),
    ]
    for wanted, words in cases:
        with pytest.raises(ConfigError, match=words):
            with_checks(wanted)
    broken = {name: tmp_path / name for name in ("x.jsonl", "x.txt", "x.parquet")}
    for file in broken.values():
        file.write_bytes(b"\0{no text")
    refused = [
        (config(["nothing_like_it.order"]), r"unknown task 'nothing_like_it.order'"),
        (config(["boolq.twins"]), "only asdiv and gsm8k have twins"),
        (config(["boolq.overlap"]), "--corpus PATH"),
        (config(["mmlu_pro.order"]), "is a group of tasks"),
        (config(["boolq.overlap"], corpus=[tmp_path / "none"]), "no such file or folder"),
        (config(["boolq.overlap"], corpus=[broken["x.jsonl"]]), "line 1 is not JSON"),
        (config(["boolq.overlap"], corpus=[broken["x.txt"]]), "holds NUL characters"),
        (config(["boolq.overlap"], corpus=[broken["x.parquet"]]), "cannot be read"),
    ]
    for wanted, words in refused:
        with pytest.raises(ConfigError, match=words):
            check(wanted)
    for name in ("boolq.order", "lm-eval:boolq.order", "asdiv.twins"):
        check(config([name]))
    (tmp_path / "q.csv").write_text("question,answer\na?,b\n")
    with pytest.raises(ConfigError, match="already exists"):
        check(config([{"name": "q.order", "file": str(tmp_path / "q.csv")}]))


def test_their_items_are_in_no_random_order() -> None:
    (task,) = config(["boolq.order"]).evals.tasks
    assert not in_random_order(task, ())


def test_what_cannot_run_says_why(scripted: Scripted, rows: dict[str, list[dict[str, Any]]]) -> None:
    (unwritten,) = suite.run_tasks(scripted, config(["boolq.min-k"]))
    assert unwritten.not_run == (
        "boolq.min-k: no item can be rewritten by a rule (8: neither a word problem with a known formula nor a "
        "question with options)"
    )
    del rows["boolq"]
    (missing,) = suite.run_tasks(scripted, config(["boolq.order"]))
    assert missing.not_run == "not found"
