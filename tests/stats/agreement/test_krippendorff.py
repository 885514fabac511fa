"""Krippendorff's alpha equals the published examples and NLTK."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from audit.stats.agreement.krippendorff import krippendorff

COMPUTING = [
    "1,2,3,3,2,1,4,1,2,,,",
    "1,2,3,3,2,2,4,1,2,5,,3",
    ",3,3,3,2,3,4,2,2,5,1,",
    "1,2,3,3,2,4,4,1,2,5,1,",
]
"""Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units."""


def units(rows: list[str]) -> list[list[int]]:
    columns = zip(*(row.split(",") for row in rows), strict=True)
    return [[int(value) for value in column if value] for column in columns]


@pytest.mark.slow
def test_the_published_example_on_each_scale() -> None:
    """Nominal 0.743, ordinal 0.815 and interval 0.849, as the paper prints them."""
    for scale, published in (("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)):
        found = krippendorff(units(COMPUTING), scale, seed=1)  # type: ignore[arg-type]
        assert found.value == pytest.approx(published, abs=5e-4)
        assert (found.items, found.ratings) == (11, 40)  # n.. of the paper: the unit with one value is left out
        assert found.interval is not None
        assert found.interval.low < found.value < found.interval.high


def test_the_published_example_of_two_observers() -> None:
    """Section B of the paper, nominal data: 0.692."""
    rows = ["a,a,b,b,d,c,c,c,e,d,d,a", "b,a,b,b,b,c,c,c,e,d,d,d"]
    given = [list(column) for column in zip(*(row.split(",") for row in rows), strict=True)]
    assert krippendorff(given, "nominal", seed=1).value == pytest.approx(0.692, abs=5e-4)


@pytest.mark.slow
def test_nltk_says_the_same() -> None:
    agreement = pytest.importorskip("nltk.metrics.agreement")
    draw = random.Random(5)  # noqa: S311 - no secret
    data = [
        (f"r{rater}", f"i{item}", draw.choice([item % 5 + 1, draw.randint(1, 5)]))
        for item in range(40)
        for rater in range(3)
    ]
    given = [[value for _, name, value in data if name == f"i{item}"] for item in range(40)]
    for scale, distance in (("nominal", lambda a, b: float(a != b)), ("interval", lambda a, b: float((a - b) ** 2))):
        theirs = agreement.AnnotationTask(data, distance=distance).alpha()
        assert krippendorff(given, scale, seed=1).value == pytest.approx(theirs, abs=1e-9)  # type: ignore[arg-type]


def test_ordinal_differences_are_sums_over_the_ranks_between() -> None:
    """By the definition, term by term, on data with gaps between the values."""
    given = [[1, 1, 4], [4, 9], [9, 9, 9], [1, 4, 4]]
    flat = [value for unit in given for value in unit]
    values = sorted(set(flat))
    counts = {value: flat.count(value) for value in values}

    def squared(a: int, b: int) -> float:
        between = sum(counts[g] for g in values if min(a, b) <= g <= max(a, b))
        return (between - (counts[a] + counts[b]) / 2) ** 2 if a != b else 0.0

    observed = sum(squared(a, b) / (len(unit) - 1) for unit in given for a in unit for b in unit)
    expected = sum(squared(a, b) for a in flat for b in flat) / (len(flat) - 1)
    assert krippendorff(given, "ordinal", seed=1).value == pytest.approx(1 - observed / expected, abs=1e-12)


def test_an_item_that_is_drawn_twice_counts_as_two() -> None:
    """What the bootstrap relies on: equal items have the alpha of the data with them listed twice."""
    from audit.stats.agreement import krippendorff as module

    given = units(COMPUTING)[:9]
    weights = np.array([2, 0, 1, 3, 1, 1, 0, 1, 1], dtype=np.float64)
    listed = [unit for unit, times in zip(given, weights, strict=True) for _ in range(int(times))]
    values = sorted({value for unit in given for value in unit})
    counts = np.array([[unit.count(value) for value in values] for unit in given], dtype=np.float64)
    weighted = module._alpha(counts, counts.sum(1), weights, "ordinal", list(values))
    assert weighted == pytest.approx(krippendorff(listed, "ordinal", seed=1).value, abs=1e-12)


def test_what_has_no_value_says_why() -> None:
    assert krippendorff([[1], [2]], "nominal", seed=1).why_none == "no item has two ratings"
    assert krippendorff([[1, 2], [2]], "nominal", seed=1).why_none == "only one item has two ratings"
    same = krippendorff([[3, 3], [3, 3]], "ordinal", seed=1)
    assert same.value is None
    assert "the same" in same.why_none
    few = krippendorff([[1, 1], [2, 2], [1, 2]], "nominal", seed=1)
    assert few.value is not None
    assert few.interval is None
    for wrong in ("a", math.nan, True):
        with pytest.raises(ValueError, match="is not a number"):
            krippendorff([[2, wrong]], "interval", seed=1)
    with pytest.raises(ValueError, match="unknown scale"):
        krippendorff([[1, 2]], "ratio", seed=1)  # type: ignore[arg-type]


def test_texts_of_one_prompt_are_resampled_together() -> None:
    """Two copies of each item are no new items; apart, they would look like twice as many."""
    units = [[1, 1], [2, 2], [1, 2], [2, 2], [2, 1], [1, 1], [1, 1], [2, 2], [1, 1], [1, 2], [2, 2], [1, 1]]
    copies = [unit for unit in units for _ in range(2)]
    clusters = [place for place in range(12) for _ in range(2)]
    together, apart = (krippendorff(copies, "nominal", clusters=one, seed=1).interval for one in (clusters, None))
    assert together is not None
    assert apart is not None
    assert (together.high - together.low) > 1.2 * (apart.high - apart.low)
