"""The records of comparisons come back as they were written, and hold nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from audit.core.records import Comparison, MetricDifference, SeriesComparison, SeriesStep
from audit.core.records.files.json_file import read_record, write_record
from tests.core.whole.strategies import LAW, any_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@settings(LAW, max_examples=25)
@given(data=st.data())
def test_it_comes_back_as_it_was_written(tmp_path: Path, data: st.DataObject) -> None:
    written = data.draw(any_of(Comparison))
    write_record(tmp_path / "comparison.json", written)
    assert read_record(tmp_path / "comparison.json", Comparison) == written


def test_outcomes_and_shares_are_checked() -> None:
    bare = {"name": "a/b", "suite": "evals", "task": "a", "unit": "share"}
    assert MetricDifference.model_validate(bare).outcome is None
    for wrong in ({"outcome": "good"}, {"aligned": 1.5}, {"suite": "other"}, {"extra": 1}):
        with pytest.raises(ValidationError):
            MetricDifference.model_validate({**bare, **wrong})


@pytest.mark.slow
@settings(LAW, max_examples=10)
@given(data=st.data())
def test_a_series_comes_back_as_it_was_written(tmp_path: Path, data: st.DataObject) -> None:
    written = data.draw(any_of(SeriesComparison))
    write_record(tmp_path / "series.json", written)
    assert read_record(tmp_path / "series.json", SeriesComparison) == written


def test_only_a_change_that_is_shown_has_a_word() -> None:
    assert SeriesStep(to=1, difference=0.1).outcome is None
    for wrong in ({"outcome": "no difference shown"}, {"to": "first"}, {"extra": 1}):
        with pytest.raises(ValidationError):
            SeriesStep.model_validate({"to": 1, "difference": 0.1, **wrong})
