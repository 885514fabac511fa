"""That a run was looked at, in words."""

from __future__ import annotations

from audit.core.records import TaskLooks
from tests.gate.sequential.conftest import looks
from tests.reports.conftest import a_manifest


def test_readers_of_a_run_are_warned_that_its_intervals_are_too_narrow() -> None:
    remark = looks(50, None, "boolq", "asdiv", looks=3).remark
    assert remark.startswith(
        "looked at before its end (policy policy.yaml, looks: 3): intervals and p-values of boolq, asdiv"
    )
    assert looks(50, decided=True).remark.startswith("stopped when every blocking rule was decided")
    assert a_manifest(looks=looks(50)).remarks == [looks(50).remark]
    assert a_manifest().remarks == []


def test_nobody_knows_the_greatest_limit_before_the_first_look() -> None:
    assert TaskLooks(limit=0).most is None
