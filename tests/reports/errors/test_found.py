"""Groups that hold: a planted one with its numbers, none by chance, and why nothing is searched."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from audit.reports.errors import found as module
from audit.reports.errors.found import find_groups
from audit.reports.errors.quantity import Quantity
from audit.reports.errors.words import search_lines

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


@pytest.fixture(autouse=True)
def _no_text_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.reports.errors.candidates.text_clusters", lambda texts, *_, **__: [None] * len(texts))
    monkeypatch.setattr("audit.reports.errors.text_groups._language", lambda _: None)


def made(records: Records, n: int, **more: Any) -> list[Any]:
    """Samples of two topics and two halves."""
    slices = [{"topic": "ab"[i % 2], "half": "xy"[i * 2 // n]} for i in range(n)]
    return [records["sample"]("boolq", i, tokens_in=7, slices=one, score=1.0, **more) for i, one in enumerate(slices)]


def test_a_planted_group_is_found_with_its_numbers(records: Records) -> None:
    """Of 100 samples of topic b 60 are wrong, of the others 20; in topic b of half y as many as in b of half x."""
    samples = made(records, 200)
    values = [float(i // 2 % 5 < (3 if i % 2 else 1)) for i in range(200)]
    search = find_groups(samples, Quantity("error rate", "share", values, 1), seed=1)
    (group,) = [group for group in search.groups if group.by == "topic"]
    assert (group.name, group.n, group.value, group.rest) == ("b", 100, 0.6, pytest.approx(0.2))
    assert group.p_value == pytest.approx(1 / 2001)
    assert 0 < group.difference.low < 0.4 < group.difference.high < 1
    wrong = {sample.sample_id for sample, value in zip(samples, values, strict=True) if value}
    assert len(group.examples) == 3
    assert set(group.examples) <= wrong
    assert search.groups[0] == group or search.groups[0].by == "half and topic"
    assert {"topic", "half", "half and topic"} == set(search.kinds)
    assert search.detectable is not None
    # With critical values from 1.96 (one group) to 2.64 (six, Bonferroni), and a standard deviation of 0.49.
    low, high = ((critical + 0.8416) * 0.49 / (200 * 0.25 * 0.75) ** 0.5 for critical in (1.96, 2.64))
    assert low < search.detectable < high + 0.01
    better = find_groups(samples, Quantity("mean score", "share", [1 - value for value in values], -1), seed=1)
    assert [one.name for one in better.groups if one.by == "topic"] == ["b"]
    assert "is found with 80 % power if it differs by 0." in search_lines(search, "error rate", "share")[1]


def test_nothing_is_found_where_nothing_is(records: Records) -> None:
    draw = random.Random(6)  # noqa: S311 - made-up data
    values = [float(draw.random() < 0.4) for _ in range(200)]
    search = find_groups(made(records, 200), Quantity("error rate", "share", values, 1), seed=1)
    assert (search.groups, search.n, search.of, search.tested) == ([], 200, 200, 6)
    lines = search_lines(search, "error rate", "share")
    assert lines[0] == "No group of samples is shown to differ from the rest in error rate."
    assert lines[1].startswith("Compared: 6 groups of 200 samples, by half, topic, half and topic.")


@pytest.mark.parametrize(
    ("n", "more", "values", "reason"),
    [
        (39, {}, 2, "39 scored samples; a search needs at least 40"),
        (40, {"cluster": "one"}, 2, "1 clusters of samples; a search needs at least 10"),
        (40, {}, 1, "all samples have the same score"),
    ],
)
def test_why_nothing_is_searched(n: int, more: Any, values: int, reason: str, records: Records) -> None:
    numbers = [float(i % values) for i in range(n)]
    search = find_groups(made(records, n, **more), Quantity("error rate", "share", numbers, 1), seed=1)
    assert (search.groups, search.too_few) == ([], reason)
    assert search_lines(search, "error rate", "share")[0].endswith(f"error rate: {reason}.")


def test_samples_without_groups_are_not_searched(records: Records) -> None:
    samples = [records["sample"]("boolq", i, tokens_in=7, score=1.0) for i in range(40)]
    search = find_groups(samples, Quantity("error rate", "share", [float(i % 2) for i in range(40)], 1), seed=1)
    assert search.too_few == "no group has 10 samples in it and 10 outside"


def test_of_very_many_samples_the_first_by_id_are_searched(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SEARCHED", 60)
    values = [float(i % 3 == 0) for i in range(100)]
    search = find_groups(made(records, 100), Quantity("error rate", "share", values, 1), seed=1)
    assert (search.n, search.of) == (60, 100)
    assert "of 60 of 100 samples" in search_lines(search, "error rate", "share")[1]


def test_groups_of_nearly_the_same_samples_are_shown_once(records: Records) -> None:
    """Topic b is half y but for two samples: the clearer one stands for both."""
    samples = [
        records["sample"]("boolq", i, tokens_in=7, score=1.0, slices={"topic": "ab"[i >= 48], "half": "xy"[i >= 50]})
        for i in range(100)
    ]
    search = find_groups(samples, Quantity("error rate", "share", [float(i >= 50) for i in range(100)], 1), seed=1)
    assert [(group.by, group.name) for group in search.groups] == [("half", "y")]
    assert search.alike >= 1
    assert (
        "more hold but are smaller, or have nearly the same samples" in search_lines(search, "error rate", "share")[0]
    )
