"""What the next look adds."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import GateCheck, SequentialCheck, TaskLooks
from audit.gate.judging import check
from audit.gate.policy import Rule
from audit.gate.sequential.plan import has_more, next_limits, open_checks

TASKS = {
    "boolq": TaskLooks(limit=50, most=500),
    "asdiv": TaskLooks(limit=80, most=120),
    "full": TaskLooks(limit=9, most=9),
}


def a_check(task: str = "boolq", verdict: Any = "INCONCLUSIVE", severity: Any = "block", **found: Any) -> GateCheck:
    made = check(Rule(metric=f"{task}/accuracy", min=0.5, severity=severity), None, verdict, "why")
    fields = {"confidence": 0.995, "last": False, "tests": 1, "items": 50, **found}
    return made.model_copy(update={"sequential": SequentialCheck(**fields)})


def test_what_more_items_cannot_decide_is_not_open() -> None:
    closed = [
        a_check(verdict="PASS"),
        a_check(verdict="FAIL"),
        a_check(severity="warn"),
        a_check("full"),
        a_check("other"),
        a_check(last=True),
        a_check().model_copy(update={"sequential": None}),
        a_check().model_copy(update={"waived_by": "W-1"}),
    ]
    assert open_checks([*closed, a_check()], TASKS) == [a_check()]
    assert next_limits(closed, TASKS) == {}


@pytest.mark.parametrize(("needed", "limit"), [(40, 63), (60, 66), (70, 77), (90, 99), (1000, 100), (None, 100)])
def test_a_task_grows_by_what_its_rule_needs(needed: int | None, limit: int) -> None:
    assert next_limits([a_check(needed=needed)], TASKS) == {"boolq": limit}


def test_the_rule_that_needs_least_decides_and_no_task_grows_beyond_its_items() -> None:
    checks = [a_check(needed=90), a_check(needed=60), a_check("asdiv", needed=400, items=80)]
    for given in (checks, checks[::-1]):
        assert next_limits(given, TASKS) == {"boolq": 66, "asdiv": 120}


def test_whole_clusters_grow_by_one_at_least() -> None:
    tasks = {"boolq": TaskLooks(limit=50, most=500, largest_cluster=30)}
    assert next_limits([a_check(needed=60)], tasks) == {"boolq": 80}
    assert next_limits([a_check(needed=1000)], tasks) == {"boolq": 100}
    near = {"boolq": TaskLooks(limit=50, most=70, largest_cluster=30)}
    assert next_limits([a_check(needed=60)], near) == {"boolq": 70}


def test_rules_that_need_all_items_wait_for_the_others() -> None:
    late = a_check("asdiv", items=0)
    assert next_limits([late, a_check(needed=60)], TASKS) == {"boolq": 66}
    assert next_limits([late, a_check(verdict="PASS")], TASKS) == {"asdiv": 120}
    assert next_limits([late], {"asdiv": TaskLooks(limit=80)}) == {"asdiv": 160}
    assert next_limits([late], {"asdiv": TaskLooks(limit=1)}) == {"asdiv": 2}
    assert has_more(TaskLooks(limit=80))
