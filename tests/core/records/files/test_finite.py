"""Numbers that are not finite are null in the samples file, with an error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records import Choice, Sample, SampledText
from audit.core.records.files import samples_file
from audit.core.records.files.finite import finite
from tests.core.whole.strategies import LAW

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@LAW
@given(score=st.floats(), other=st.floats(), value=st.floats())
def test_numbers_that_are_not_finite_become_null_and_all_others_stay(
    tmp_path: Path, score: float, other: float, value: float
) -> None:
    completion = SampledText(text="", value=value, labels={"x": value})
    sample = Sample(
        sample_id="", suite="evals", task="", prompt="", score=score, scores={"x": other}, completions=[completion]
    )
    samples_file.write(tmp_path / "t.parquet", [sample])
    (read,) = samples_file.read(tmp_path / "t.parquet")
    assert read.score == (score if math.isfinite(score) else None)
    assert (read.error is None) == math.isfinite(score)
    assert read.scores == {"x": other if math.isfinite(other) else None}
    assert read.completions[0].value == (value if math.isfinite(value) else None)
    assert (read.completions[0].error is None) == math.isfinite(value)
    assert read.completions[0].labels == {"x": value if math.isfinite(value) else None}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_choice_confidence_and_time_are_finite(tmp_path: Path, value: float) -> None:
    choice = Choice(options=["a", "b"], log_likelihoods=[-1.0, value], chosen=0, contrast=1, gap=value)
    sample = Sample(sample_id="", suite="evals", task="", prompt="", choice=choice, confidence=0.5, seconds=value)
    samples_file.write(tmp_path / "t.parquet", [sample])
    (read,) = samples_file.read(tmp_path / "t.parquet")
    assert read == finite(sample), "as in memory"
    assert (read.seconds, read.confidence) == (0.0, 0.5)
    assert read.choice == Choice(options=["a", "b"], log_likelihoods=None, chosen=0, contrast=1, gap=None)
    sound = sample.model_copy(update={"seconds": 1.5, "choice": choice.model_copy(update={"log_likelihoods": [-1.0]})})
    assert finite(sound).choice == Choice(options=["a", "b"], log_likelihoods=[-1.0], chosen=0, contrast=1, gap=None)
    assert finite(read) is read
