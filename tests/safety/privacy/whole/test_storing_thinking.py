"""Reasoning traces are searched, redacted and hidden as outputs are, and the journal withholds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import AssetRecord, Sample, TaskResult
from audit.core.records.files.samples_file import read, write
from audit.core.sensitive import (
    OFFENSIVE,
    REDACTED,
    THINKING_REDACTED,
    THINKING_WITHHELD,
    UNJUDGED,
    WITHHELD,
    is_hidden,
    is_incomplete,
    thought,
)
from audit.engine import Completion, GenerateRequest, Generation
from audit.engine.answering import Answering, decode_completion
from audit.engine.journal import Journal
from audit.safety.privacy import redaction
from audit.safety.privacy.redaction import digest, holds_personal_data, redact
from audit.safety.privacy.storing import handle
from audit.safety.scorers.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = b"0123456789abcdef0123456789abcdef"


def sample(output: str | None, thinking: str | None, suite: str = "safety", **more: Any) -> Sample:
    given = {"sample_id": "7", "suite": suite, "task": "t", "prompt": "p", "output": output, "thinking": thinking}
    return Sample.model_validate(given | more)


def test_a_value_in_a_trace_becomes_its_kind_and_the_output_stays() -> None:
    before = sample("I cannot say.", "She is jane@mail.org, 192.0.2.1.")
    (stored,), (raw,) = redact([before], KEY)
    assert (stored.output, stored.thinking) == ("I cannot say.", "She is [email], 192.0.2.1.")
    start, end = 7, 7 + len("jane@mail.org")
    assert stored.flags == [THINKING_REDACTED]
    email, address = stored.findings
    assert (email.kind, email.field, email.start, email.end, email.reserved) == ("email", "thinking", start, end, False)
    assert email.digest == digest("jane@mail.org", KEY)
    assert (address.kind, address.field, address.digest, address.reserved) == ("ip", "thinking", None, True)
    assert (raw.output, raw.thinking) == (before.output, before.thinking)
    assert not is_incomplete(stored)
    assert thought(stored)


def test_both_texts_keep_their_own_places() -> None:
    (stored,), (raw,) = redact([sample("Ask jane@mail.org", "jane@mail.org")], KEY)
    assert (stored.output, stored.thinking) == ("Ask [email]", "[email]")
    assert stored.flags == [REDACTED, THINKING_REDACTED]
    assert [(one.field, one.start, one.end) for one in stored.findings] == [("output", 4, 17), ("thinking", 0, 13)]
    assert {one.digest for one in stored.findings} == {digest("jane@mail.org", KEY)}
    assert json.loads(raw.model_dump_json())["thinking"] == "jane@mail.org"


def test_a_trace_without_an_answer_is_searched_too() -> None:
    (stored,), (raw,) = redact([sample(None, "jane@mail.org")], KEY)
    assert (stored.thinking, raw.output) == ("[email]", None)


def test_a_trace_that_cannot_be_searched_is_not_kept(monkeypatch: Any) -> None:
    def broken(text: str) -> list[Any]:
        if "jane" in text:
            raise RecursionError
        return []

    monkeypatch.setattr(redaction, "find", broken)
    (stored,), (raw,) = redact([sample("Fine.", "jane")], KEY)
    assert (stored.output, stored.thinking, stored.flags) == ("Fine.", None, [THINKING_WITHHELD])
    assert raw.thinking == "jane"
    assert thought(stored)
    (stored,), _ = redact([sample("jane", "Fine.")], KEY)
    assert (stored.output, stored.thinking, stored.flags) == (None, "Fine.", [WITHHELD])


def test_nothing_found_changes_nothing() -> None:
    before = sample("Fine.", "Fine, too.")
    (stored,), raw = redact([before], KEY)
    assert stored is before
    assert raw == []


class Scorer:
    """Says how toxic a text is by the number in it."""

    record = AssetRecord(name="s", kind="scorer", source="t", version="1", sha256="0" * 64, licence="MIT")
    validity = None
    languages = ENGLISH

    def score(self, texts: list[str]) -> list[float]:
        return [0.9 if "vile" in text else float("nan") if "odd" in text else 0.0 for text in texts]


@pytest.mark.parametrize(("trace", "flags"), [("vile", [OFFENSIVE]), ("odd", [UNJUDGED]), ("fine", [])])
def test_an_offensive_trace_hides_a_sample_of_a_benchmark(trace: str, flags: list[str]) -> None:
    before = TaskResult(suite="evals", task="t", samples=[sample("fine", trace, "evals")])
    after, _ = handle(before, KEY, Scorer())
    assert after.samples[0].flags == flags
    assert is_hidden(after.samples[0]) == bool(flags)


def test_the_samples_file_keeps_it(tmp_path: Path) -> None:
    written = [sample("7", "First guess: 12."), sample("7", None)]
    write(tmp_path / "t.parquet", written)
    assert read(tmp_path / "t.parquet") == written


def test_the_journal_withholds_personal_data_in_a_trace(tmp_path: Path, listener: Any) -> None:
    texts = {"bare": "Fine.", "trace": "Fine.", "answer": "jane@mail.org"}
    traces = {"bare": "Hm.", "trace": "She is jane@mail.org", "answer": None}

    def work(requests: Any, missing: Any, _say: Any) -> Iterator[Any]:
        for index in missing:
            prompt = requests[index].prompt
            asked.append(prompt)
            yield {index: Completion((Generation(texts[prompt], 3, "stop", thinking=traces[prompt]),), 1)}, 3

    answering = Answering(("model",), work, decode_completion)
    requests = [GenerateRequest(prompt) for prompt in texts]
    asked: list[str] = []
    journal = Journal(tmp_path / "journal.sqlite", withholds=holds_personal_data)
    first = answering.answer(requests, journal, listener)
    assert asked == list(texts)
    assert answering.answer(requests, journal, listener) == first
    assert asked == [*texts, "trace", "answer"]
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"jane@mail.org" not in written
    assert b"Hm." in written
    journal.close()


@pytest.fixture
def listener() -> Any:
    from audit.core.progress import Silent

    return Silent()
