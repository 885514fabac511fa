"""Laws of redaction, for any mixture of values and words: nothing found survives, once is enough, offsets hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.records import Choice, FindingRecord, Flag, Sample, SampledText
from audit.safety.privacy.redaction import digest, redact

KEY = b"0123456789abcdef0123456789abcdef"
VALUES = (
    "jane@mail.org",
    "mary.jane@mail.org",
    "(212) 736-5000",
    "+49 30 901820",
    "DE89370400440532013000",
    "4111 1111 1111 1111",
    "536904399",
    "756.9217.0769.85",
    "15108695088",
    "111222333",
    "912-90-3456",
    "93.184.216.34",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
)
WORDS = (
    "SSN",
    "BSN",
    "OIB",
    "call",
    "me@example.com",
    "192.0.2.1",
    "[email]",
    "\n",
    ", ",
    "12",
    "ünï",
    "\ud800",
    "漢",
    ":",
)
TEXTS = st.lists(st.sampled_from((*VALUES, *WORDS)) | st.text(max_size=3), max_size=8).map(" ".join)
MAYBE = st.none() | TEXTS
OPTIONS = st.none() | st.builds(
    Choice,
    options=st.lists(TEXTS, max_size=3),
    chosen=st.none() | st.integers(0, 2),
    right=st.none() | st.integers(0, 2),
)
OF_THE_DATA = ("prompt", "reference", "choice", "slices")
"""Fields of a sample with texts of its data set: they stay as they are."""


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A sample with texts of a data set, and with completions, some of which are its output."""
    completions = [
        SampledText(text=text, thinking=thinking, error=error)
        for text, thinking, error in draw(st.lists(st.tuples(TEXTS, MAYBE, MAYBE), max_size=4))
    ]
    output = draw(st.sampled_from([one.text for one in completions]) if completions else MAYBE)
    return Sample(
        sample_id="7",
        suite="safety",
        task="t",
        prompt=draw(TEXTS),
        reference=draw(MAYBE),
        choice=draw(OPTIONS),
        slices=draw(st.dictionaries(TEXTS, TEXTS, max_size=1)),
        output=output,
        thinking=draw(MAYBE),
        completions=completions,
        error=draw(MAYBE),
    )


def answers(sample: Sample) -> list[tuple[str, str, list[FindingRecord], list[Flag]]]:
    """Output, trace, findings and flags of the sample and each completion."""
    own = (sample.output or "", sample.thinking or "", sample.findings, sample.flags)
    return [own, *((one.text or "", one.thinking or "", one.findings, one.flags) for one in sample.completions)]


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(before=samples())
def test_no_found_value_survives_and_offsets_point_into_the_original(before: Sample) -> None:
    (stored,), raw = redact([before], KEY)
    values = set()
    for (text, trace, _, _), (_, _, findings, flags) in zip(answers(before), answers(stored), strict=True):
        for one in findings:
            value = (text if one.field == "output" else trace)[one.start : one.end]
            assert value
            assert one.digest == (None if one.reserved else digest(value, KEY))
            if not one.reserved:
                values.add(value)
                assert (Flag.REDACTED if one.field == "output" else Flag.THINKING_REDACTED) in flags
    written = json.dumps(stored.model_dump(exclude={*OF_THE_DATA}), ensure_ascii=False)
    for value in values:
        assert value not in written
    assert [getattr(stored, name) for name in OF_THE_DATA] == [getattr(before, name) for name in OF_THE_DATA]
    changed = {one.sample_id for one in raw}
    assert (stored.output, stored.thinking) == (before.output, before.thinking) or "7" in changed


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(before=samples())
def test_redaction_is_idempotent(before: Sample) -> None:
    (once,), _ = redact([before], KEY)
    (twice,), raw = redact([once], KEY)
    assert (twice, raw) == (once, [])


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(before=samples())
def test_an_output_that_is_a_completion_is_redacted_alike(before: Sample) -> None:
    (stored,), _ = redact([before], KEY)
    for place, one in enumerate(before.completions):
        if one.text == before.output:
            assert stored.completions[place].text == stored.output
