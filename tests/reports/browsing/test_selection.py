"""Selections and addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reports.browsing.selection import MARKS, NAMES, RESULTS, SORTS, SUITES, Selection, from_address, to_address

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ENDS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.slow
@given(
    st.builds(
        Selection,
        text=TEXTS | st.just(""),
        suites=st.lists(st.sampled_from(SUITES), unique=True).map(tuple),
        tasks=st.lists(TEXTS, unique=True, max_size=3).map(tuple),
        result=st.none() | st.sampled_from(RESULTS),
        marks=st.lists(st.sampled_from(MARKS), unique=True).map(tuple),
        slices=st.lists(TEXTS, unique=True, max_size=3).map(tuple),
        low=ENDS,
        high=ENDS,
        sort=st.sampled_from(SORTS),
        descending=st.booleans(),
        page=st.integers(1, 10**6),
    )
)
def test_an_address_leads_back_to_its_query(selection: Selection) -> None:
    parts = to_address(selection)
    assert set(parts) <= set(NAMES)
    expected = selection
    if selection.sort == "run":  # the order of the run has no other way round
        expected = Selection(**{name: getattr(selection, name) for name in Selection.__slots__} | {"descending": False})
    assert from_address(parts) == expected


def test_the_usual_list_needs_no_address() -> None:
    assert to_address(Selection()) == {}
    assert not Selection(sort="worst", page=3).is_filtered
    assert Selection(low=0.0).is_filtered


@pytest.mark.parametrize(
    "parts",
    [
        {"result": ["better"], "mark": ["x"], "sort": ["score; DROP TABLE samples"], "page": ["-1"]},
        {"from": ["nan"], "to": ["inf"], "page": ["1" * 30], "suite": ["'"], "sort": ["--score"]},
        {"from": [""], "to": ["1,5"], "page": ["٣"], "sort": []},
    ],
)
def test_what_an_address_cannot_mean_is_left_out(parts: dict[str, list[str]]) -> None:
    assert from_address(parts) == Selection()
