"""Samples as a table."""

from __future__ import annotations

from audit.core.records import Flag, Sample, SampledText
from audit.public.frames import samples_frame


def test_flags_of_sampled_texts_are_among_those_of_their_sample() -> None:
    texts = [SampledText(text="a", flags=[Flag.REDACTED]), SampledText(text="b", flags=[Flag.EMPTY_OUTPUT, Flag.TIE])]
    sample = Sample(sample_id="1", suite="safety", task="t", prompt="p", flags=[Flag.TIE], completions=texts)
    alone = Sample(sample_id="2", suite="safety", task="t", prompt="p")
    frame = samples_frame([sample, alone])
    assert frame["flags"].tolist() == [["empty_output", "redacted", "tie"], []]
