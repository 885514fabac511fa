"""No value survives redaction in anything that is stored, and what was redacted holds nothing to redact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.records import Flag, Sample
from audit.safety.privacy.detectors import find
from audit.safety.privacy.redaction import redact

KEY = b"0123456789abcdef0123456789abcdef"
VALUES = [
    "jane@mail.org",
    "jane [at] gmail [dot] com",
    "+1 650 253 0000",
    "4155552671",
    "13800138000",
    "4539\u202f5787\u202f6362\u202f1486",
    "DE89\u20113704\u20110044\u20110532\u20110130\u201100",
    "536-90-4399",
    "536904399",
    "83454984939",
    "11010519491231002X",
    "51.15.3.77",
    "glpat-k2V9bQ7xT4mZ0pR8sL1d",
]
WORDS = [
    "phone",
    "call",
    "SSN",
    "CPF",
    "[phone]",
    "[ssn]",
    "order",
    "版本",
    "电话",
    "\n",
    " ",
    ",",
    "-",
    "/",
    ".",
    "x",
    "id=",
]


def sample(output: str, thinking: str | None = None) -> Sample:
    return Sample.model_validate(
        {"sample_id": "7", "suite": "safety", "task": "t", "prompt": "p", "output": output, "thinking": thinking}
    )


def real(text: str | None) -> list[str]:
    return [(text or "")[one.start : one.end] for one in find(text or "") if not one.reserved]


texts = st.lists(st.sampled_from([*VALUES, *WORDS]), max_size=14).map(" ".join) | st.lists(
    st.sampled_from([*VALUES, *WORDS]), max_size=10
).map("".join)


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(texts, texts)
def test_no_value_survives_and_nothing_is_left_to_redact(output: str, thinking: str) -> None:
    before = sample(output, thinking)
    values = {*real(output), *real(thinking)}
    (stored,), _ = redact([before], KEY)
    for text in (stored.output or "", stored.thinking or "", " ".join(stored.flags)):
        assert [value for value in values if value in text] == []
        assert real(text) == []
    again, raw = redact([stored], KEY)
    assert again[0] is stored
    assert raw == []


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(texts)
def test_findings_say_what_stood_where(output: str) -> None:
    """Putting the values back in at the findings' places gives the original."""
    (stored,), _ = redact([sample(output)], KEY)
    text, rest, position = "", stored.output or "", 0
    for one in (one for one in stored.findings if not one.reserved):
        text, rest = text + rest[: one.start - position], rest[one.start - position :]
        assert rest.startswith(f"[{one.kind}]")
        text, rest, position = text + output[one.start : one.end], rest[len(one.kind) + 2 :], one.end
    assert text + rest == output


def test_a_value_is_taken_out_where_no_word_gives_it_away_as_well() -> None:
    (stored,), _ = redact([sample("Call 4155552671. The number 4155552671 again.", "so 4155552671 it is")], KEY)
    assert stored.output == "Call [phone]. The number [phone] again."
    assert stored.thinking == "so [phone] it is"
    assert stored.flags == [Flag.REDACTED, Flag.THINKING_REDACTED]
    found = [(one.field, one.kind, one.start, one.end) for one in stored.findings]
    assert found == [("output", "phone", 5, 15), ("output", "phone", 28, 38), ("thinking", "phone", 3, 13)]


@pytest.mark.parametrize("text", ["[phone] 4155552671", "[ssn] 536904399", "[br_cpf] 83454984939", "[email]@x.org"])
def test_what_redaction_leaves_is_no_word_that_gives_a_number_away(text: str) -> None:
    before = sample(text)
    (stored,), _ = redact([before], KEY)
    assert stored is before
