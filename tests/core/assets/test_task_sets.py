"""Data sets of benchmark tasks."""

from __future__ import annotations

from audit.core.assets.task_sets import CHECKPOINTS, QUESTIONS, TOOLS, TRANSLATION
from audit.core.names import TASKS
from audit.evals.catalogue import own_tasks


def test_every_data_set_is_used_by_a_task() -> None:
    used = {name for task in TASKS for name in own_tasks()[task].data}
    listed = {one.name for one in (*QUESTIONS, *TOOLS, *TRANSLATION)}
    assert listed - used <= {"syllables", "identity_mentions", "identity_mentions_zh"}
    assert {one.kind for one in CHECKPOINTS} == {"checkpoint"}
