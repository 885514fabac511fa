"""Samples that are written come back the same, whatever the text and the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records import Sample
from audit.core.records.files import samples_file
from tests.core.whole.strategies import LAW, any_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@LAW
@given(written=st.lists(any_of(Sample), max_size=2))
def test_samples_come_back_as_they_were_written(tmp_path: Path, written: list[Sample]) -> None:
    samples_file.write(tmp_path / "t.parquet", written)
    assert samples_file.read(tmp_path / "t.parquet") == written
