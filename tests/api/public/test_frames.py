"""Samples as a table."""

from __future__ import annotations

from audit.core.records import Flag, Sample, SampledText
from audit.public.frames import TEXT_TYPES, samples_frame, texts_frame


def test_flags_of_sampled_texts_are_among_those_of_their_sample() -> None:
    texts = [SampledText(text="a", flags=[Flag.REDACTED]), SampledText(text="b", flags=[Flag.EMPTY_OUTPUT, Flag.TIE])]
    sample = Sample(sample_id="1", suite="safety", task="t", prompt="p", flags=[Flag.TIE], completions=texts)
    alone = Sample(sample_id="2", suite="safety", task="t", prompt="p")
    frame = samples_frame([sample, alone])
    assert frame["flags"].tolist() == [["empty_output", "redacted", "tie"], []]


def test_tasks_without_sampled_texts_have_the_same_columns_and_no_rows() -> None:
    texts = [SampledText(text="a", value=0.5, flags=[Flag.REDACTED])]
    several = Sample(sample_id="1", suite="safety", task="t", prompt="p", completions=texts)
    one = Sample(sample_id="2", suite="safety", task="t", prompt="p")
    full, empty = texts_frame([several]), texts_frame([one])
    assert list(empty.columns) == list(full.columns) == [*TEXT_TYPES, "flags"]
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert (len(full), len(empty)) == (1, 0)
