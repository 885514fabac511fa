"""Samples that are written come back the same, whatever the text and the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.core.records import (
    Choice,
    Finding,
    Flag,
    Sample,
    SampledText,
    Span,
    samples_file,
)

if TYPE_CHECKING:
    from pathlib import Path

UTF_16 = ("utf-16", "surrogatepass")


# Two surrogates that belong together are one character in JSON.
TEXT = (
    st.text(st.characters(exclude_categories=()), max_size=12).map(lambda text: text.encode(*UTF_16).decode(*UTF_16))
) | st.sampled_from(("\x00", "a\r\n\u2028b", "\ud800", "\\ud800\udfff"))


FINITE = st.floats(allow_nan=False, allow_infinity=False)


COUNT = st.integers(0, 2**40)


FLAGS = st.lists(st.sampled_from(Flag), max_size=3)


FINDINGS = st.lists(
    st.builds(Finding, kind=TEXT, field=st.sampled_from(("output", "thinking")), start=COUNT, end=COUNT,
              digest=st.none() | TEXT, reserved=st.booleans()), max_size=2,
)  # fmt: skip


COMPLETIONS = st.lists(
    st.builds(
        SampledText, text=st.none() | TEXT, thinking=st.none() | TEXT, value=st.none() | FINITE,
        labels=st.dictionaries(TEXT, FINITE, max_size=2), flags=FLAGS, findings=FINDINGS,
        finish_reason=st.none() | TEXT, tokens_out=COUNT, error=st.none() | TEXT,
    ), max_size=3,
)  # fmt: skip


CHOICES = st.builds(
    Choice, options=st.lists(TEXT, max_size=3), log_likelihoods=st.none() | st.lists(FINITE, max_size=3),
    chosen=st.none() | COUNT, right=st.none() | COUNT, contrast=st.none() | COUNT, gap=st.none() | FINITE,
    gap_unit=TEXT,
)  # fmt: skip


SAMPLES = st.builds(
    Sample, sample_id=TEXT, suite=st.sampled_from(("evals", "safety", "explain")), task=TEXT, cluster=st.none() | TEXT,
    pair=st.none() | TEXT, prompt=TEXT, prompt_sha256=st.none() | TEXT, reference=st.none() | TEXT,
    output=st.none() | TEXT,
    spans=st.lists(st.builds(Span, name=TEXT, kind=st.just("field"), start=COUNT, end=COUNT), max_size=2),
    completions=COMPLETIONS, choice=st.none() | CHOICES,
    answered_by=st.sampled_from((None, "likelihood", "generation")), thinking=st.none() | TEXT,
    score=st.none() | FINITE, scores=st.dictionaries(TEXT, st.none() | FINITE, max_size=3),
    slices=st.dictionaries(TEXT, TEXT, max_size=3), flags=FLAGS, findings=FINDINGS, error=st.none() | TEXT,
    tokens_in=COUNT, tokens_out=COUNT, seconds=FINITE,
)  # fmt: skip


# tmp_path is shared between examples: each overwrites the file.
LAW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@LAW
@given(written=st.lists(SAMPLES, max_size=3))
def test_samples_come_back_as_they_were_written(tmp_path: Path, written: list[Sample]) -> None:
    samples_file.write(tmp_path / "t.parquet", written)
    assert samples_file.read(tmp_path / "t.parquet") == written
