"""Which run a run is compared with, by a table of cases."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from audit.reports.browsing.other_run import others, usual_other
from audit.reports.browsing.run_list import RunSummary
from tests.reports.conftest import STARTED, a_manifest


def a_run(name: str, day: int, tasks: str = "ab", model: str = "tiny-chat") -> RunSummary:
    manifest = a_manifest(run_id=name, started=STARTED + timedelta(days=day))
    manifest = manifest.model_copy(update={"model": manifest.model.model_copy(update={"name": model})})
    return RunSummary(name, manifest=manifest, tasks=tuple(tasks))


RUNS = [
    a_run("newer", 9),
    a_run("this", 5),
    a_run("none in common", 4, tasks="z"),
    a_run("other model", 3, model="large"),
    a_run("fewer tasks", 2, tasks="a"),
    a_run("same", 1),
    a_run("oldest", 0),
    RunSummary("broken", fault="gone"),
]


def test_the_usual_one_is_the_last_before_of_the_same_checkpoint_and_tasks() -> None:
    named: Any = SimpleNamespace(baseline=SimpleNamespace(run_id="other model"))
    gone: Any = SimpleNamespace(baseline=SimpleNamespace(run_id="gone"))
    cases = [(RUNS, None, "same"), (RUNS, named, "other model"), (RUNS, gone, "same")]
    for left_out, expected in (
        ({"same", "oldest"}, "fewer tasks"),
        ({"same", "oldest", "fewer tasks"}, "other model"),
        ({"same", "oldest", "fewer tasks", "other model"}, "newer"),
        ({"same", "oldest", "fewer tasks", "other model", "newer"}, None),
    ):
        cases.append(([one for one in RUNS if one.name not in left_out], None, expected))
    for summaries, decision, expected in cases:
        assert usual_other("this", summaries, decision) == expected
    assert usual_other("broken", RUNS, None) is None


def test_every_other_run_is_offered_those_with_common_tasks_first() -> None:
    assert others("this", RUNS) == ["newer", "other model", "fewer tasks", "same", "oldest", "none in common"]
