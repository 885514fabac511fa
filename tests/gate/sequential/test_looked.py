"""Which rules are on tasks that were looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import SequentialCheck
from audit.gate.judging import check
from audit.gate.policy import Rule
from audit.gate.sequential.looked import Looked, family_of, is_looked_at
from tests.gate.sequential.conftest import looks
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from audit.core.records import RunManifest

FLOOR = Rule(metric="boolq/accuracy", min=0.5)
BETTER = Rule(metric="boolq/accuracy", better_than_baseline=True)


def manifest(*given: Any) -> RunManifest:
    return a_manifest(looks=looks(*given) if given else None)


def test_a_run_of_fixed_size_is_not_concerned() -> None:
    assert not Looked(manifest(), manifest()).concerns(FLOOR)
    assert not Looked(manifest(), manifest(50)).concerns(FLOOR)
    assert not Looked(manifest(50, None, "asdiv"), None).concerns(FLOOR)
    assert Looked(manifest(50), None).concerns(FLOOR)


def test_all_rules_on_a_baseline_share_one_error() -> None:
    assert Looked(manifest(50, None, "asdiv"), manifest()).concerns(BETTER)
    assert Looked(manifest(), manifest(50)).concerns(BETTER)
    assert not Looked(manifest(), manifest()).concerns(BETTER)
    assert Looked(manifest(50, None, "asdiv"), manifest()).at_task(BETTER) is False


@pytest.mark.parametrize(
    ("run", "baseline", "complete"),
    [
        ((50, 50), (), True),
        ((50, 60), (), False),
        ((60, 50), (), False),
        ((50, None), (), False),
        ((50, 50), (40, 60), False),
        ((50, 50), (60, 60), True),
    ],
)
def test_a_task_is_complete_at_the_limit_that_was_fixed(run: Any, baseline: Any, complete: bool) -> None:
    found = Looked(manifest(*run), manifest(*baseline))
    assert found.is_complete(BETTER) == complete
    assert found.is_complete(FLOOR) == (run[0] == run[1])
    assert found.at_task(BETTER)


def test_families_are_those_of_a_run_of_fixed_size() -> None:
    warned = BETTER.model_copy(update={"severity": "warn"})
    halves = [Rule(metric="boolq/accuracy", min=0.5, slice={"half": half}) for half in "abb"]
    rules = [FLOOR, BETTER, BETTER, warned, *halves]
    assert [family_of(rule, rules) for rule in rules] == [1, 2, 2, 2, 2, 2, 2]
    assert family_of(warned, [warned]) == 1
    assert family_of(halves[0], halves[:1]) == 1
    others = [
        Rule(metric="boolq/f1", min=0.5, slice={"half": "c"}),
        Rule(metric="boolq/accuracy", better_than_baseline=True, slice={"half": "c"}),
        Rule(metric="boolq/accuracy", max=0.5, slice={"half": "c"}),
    ]
    assert [family_of(halves[0], [*halves, *others[:count]]) for count in (1, 2, 3)] == [2, 2, 3]


@pytest.mark.parametrize(
    ("rule", "sequential", "given", "looked"),
    [
        (FLOOR, True, (), True),
        (FLOOR, False, (), False),
        (FLOOR, False, (50,), True),
        (FLOOR, False, (50, None, "asdiv"), False),
        (BETTER, False, (50, None, "asdiv"), True),
        (Rule(metric="boolq/accuracy", no_worse_than_baseline={"margin": 0.1}), False, (50, None, "asdiv"), True),
        (BETTER, False, (), False),
    ],
)
def test_a_check_is_by_such_evidence_if_it_says_so_or_its_run_does(
    rule: Rule, sequential: bool, given: Any, looked: bool
) -> None:
    record = SequentialCheck(confidence=0.995, last=False, tests=1) if sequential else None
    made = check(rule, None, "INCONCLUSIVE", "why").model_copy(update={"sequential": record})
    assert is_looked_at(made, manifest(*given)) is looked


@pytest.mark.parametrize(
    ("given", "needed", "limit"),
    [
        ((50, 200), None, 200),
        ((50, 200), 120, 120),
        ((50, 200), 900, 200),
        ((200, 200), None, None),
        ((50, None), None, None),
        ((50, 200, "asdiv"), None, None),
    ],
)
def test_the_limit_adds_what_is_needed_up_to_what_was_fixed(
    given: tuple[Any, ...], needed: int | None, limit: int | None
) -> None:
    assert Looked(manifest(*given), None).limit_of_more(FLOOR, needed, {}) == limit


def test_no_limit_is_given_that_takes_another_task_beyond_its_last_look() -> None:
    two = looks(50, 200).tasks | looks(50, 100, "asdiv").tasks
    looked = Looked(a_manifest(looks=looks(50).model_copy(update={"tasks": two})), None)
    assert looked.limit_of_more(FLOOR, 80, {"asdiv": 300}) == 80
    assert looked.limit_of_more(FLOOR, None, {"asdiv": 300}) is None
    assert looked.limit_of_more(FLOOR, None, {"asdiv": 100}) == 200  # it has no more than that
