"""Addresses of completions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records import (
    completion_address,
    split_address,
)
from tests.core.records.test_samples_file_laws import TEXT


@given(identity=TEXT, index=st.integers(0, 10**6))
def test_an_address_is_split_into_what_it_was_made_of(identity: str, index: int) -> None:
    assert split_address(completion_address(identity, index)) == (identity, index)


@pytest.mark.parametrize("address", ["0123", "", "#", "a#b", "a#-1", "a#²", "a# 1", "a#1 "])
def test_what_is_no_address_of_a_completion_is_a_sample(address: str) -> None:
    assert split_address(address) == (address, None)
