"""Precision and recall over generated sentences: 2,500 with personal data, 2,250 near misses."""

from __future__ import annotations

import pytest

from audit.safety.privacy.detectors import DETECTORS, find
from tests.safety.privacy.cases.personal_cases import Case, Tally, evaluate, near_misses, positives

SEED = 20261125


def found(text: str) -> list[tuple[str, int, int]]:
    return [(finding.kind, finding.start, finding.end) for finding in find(text) if not finding.reserved]


@pytest.fixture(scope="module")
def cases() -> tuple[list[Case], list[Case]]:
    return positives(SEED), near_misses(SEED)


@pytest.fixture(scope="module")
def tally(cases: tuple[list[Case], list[Case]]) -> Tally:
    return evaluate([*cases[0], *cases[1]], found)


@pytest.mark.slow
def test_there_are_enough_cases_of_every_kind(cases: tuple[list[Case], list[Case]]) -> None:
    with_data, without = cases
    assert len(with_data) >= 2000
    assert len(without) >= 2000
    assert {case.kind for case in with_data} == set(DETECTORS)
    assert len({case.text for case in with_data}) > 0.97 * len(with_data)
    assert positives(SEED) == with_data
    assert near_misses(SEED) == without


@pytest.mark.slow
def test_all_kinds_together(tally: Tally) -> None:
    precision, recall, f1 = tally.scores()
    assert f1 >= 0.97, tally.faults[:20]
    assert precision >= 0.97
    assert recall >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(DETECTORS))
def test_no_kind_is_carried_by_the_others(tally: Tally, kind: str) -> None:
    assert tally.scores(kind)[2] >= 0.93, [fault for fault in tally.faults if kind in fault[0]][:20]


def test_a_finding_counts_once_and_must_have_the_kind_and_the_place() -> None:
    cases = [Case("my mail a@b.org", "email", ("a@b.org",)), Case("nothing", None)]
    assert evaluate(cases, lambda text: [("email", 10, 12)] if "@" in text else []).scores() == (1.0, 1.0, 1.0)
    twice = evaluate(cases, lambda text: [("email", 8, 10), ("email", 10, 12)] if "@" in text else [])
    assert (twice.right["email"], twice.wrong["email"]) == (1, 1)
    other = evaluate(cases, lambda text: [("phone", 8, 15)] if "@" in text else [("phone", 0, 3)])
    assert (other.missed["email"], other.wrong["phone"]) == (1, 2)
    assert evaluate(cases, lambda text: [("email", 0, 3)] if "@" in text else []).scores("email") == (0.0, 0.0, 0.0)
