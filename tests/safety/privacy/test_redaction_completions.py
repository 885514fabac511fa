"""Every sampled text is searched, redacted, hidden and counted as an output is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import AssetRecord, Flag, Sample, SampledText, TaskResult
from audit.core.sensitive import is_completion_hidden, is_hidden
from audit.safety.privacy import redaction
from audit.safety.privacy.redaction import digest, redact, unsearched
from audit.safety.privacy.storing import handle
from audit.safety.scorers.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

KEY = b"0123456789abcdef0123456789abcdef"


def sample(*texts: str | None, suite: str = "safety", output: str | None = None, **more: Any) -> Sample:
    completions = [SampledText(text=text) for text in texts]
    given = {"sample_id": "7", "suite": suite, "task": "t", "prompt": "p", "output": output or texts[0], **more}
    return Sample.model_validate(given | {"completions": completions})


def test_each_completion_is_redacted_and_addressed() -> None:
    before = sample("harmless", "ask jane@mail.org", "jane@mail.org, (212) 736-5000", output="ask jane@mail.org")
    (stored,), raw = redact([before], KEY)
    assert stored.output == "ask [email]"
    assert [one.text for one in stored.completions] == ["harmless", "ask [email]", "[email], [phone]"]
    assert [one.flags for one in stored.completions] == [[], [Flag.REDACTED], [Flag.REDACTED]]
    assert stored.flags == [Flag.REDACTED]
    assert stored.findings == stored.completions[1].findings
    assert stored.findings[0].digest == digest("jane@mail.org", KEY)
    assert [(one.kind, one.start, one.end) for one in stored.completions[2].findings] == [
        ("email", 0, 13), ("phone", 15, 29),
    ]  # fmt: skip
    assert [(one.sample_id, one.output) for one in raw] == [
        ("7", "ask jane@mail.org"),
        ("7#1", "ask jane@mail.org"),
        ("7#2", "jane@mail.org, (212) 736-5000"),
    ]


def test_a_value_that_one_completion_gives_away_leaves_the_others_too() -> None:
    """Nine bare digits are a social security number only near a word that says so."""
    (stored,), _ = redact([sample("SSN: 536904399", "and 536904399 again")], KEY)
    assert [one.text for one in stored.completions] == ["SSN: [ssn]", "and [ssn] again"]


def test_an_error_that_quotes_a_value_is_redacted() -> None:
    before = sample("jane@mail.org", error="no number in 'jane@mail.org'")
    (stored,), _ = redact([before], KEY)
    assert stored.error == "no number in '[email]'"


def test_an_error_that_quotes_what_is_in_no_stored_text_is_redacted() -> None:
    before = sample("fine", error="two answers: fine, and ask jane@mail.org")
    bad = before.completions[0].model_copy(update={"error": "no number in 'joe@mail.org'"})
    (stored,), raw = redact([before.model_copy(update={"completions": [bad]})], KEY)
    assert stored.error == "two answers: fine, and ask [email]"
    assert stored.completions[0].error == "no number in '[email]'"
    assert (stored.flags, stored.findings, raw) == ([], [], [])


def test_no_error_is_kept_where_a_text_of_its_sample_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    find = redaction.find

    def broken(text: str) -> Any:
        if text.startswith("odd"):
            raise RecursionError
        return find(text)

    monkeypatch.setattr(redaction, "find", broken)
    before = sample("odd 12 Elm Street", error="no number in 'odd 12 Elm Street'")
    bad = before.completions[0].model_copy(update={"error": "12 Elm Street is no number"})
    (stored,), _ = redact([before.model_copy(update={"completions": [bad]})], KEY)
    assert [stored.error, stored.completions[0].error] == [redaction.ERROR_WITHHELD] * 2
    assert stored.completions[0].text is None
    assert redact([sample("fine", error="no number")], KEY)[0][0].error == "no number"


def test_a_completion_that_cannot_be_searched_is_withheld_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    find = redaction.find

    def broken(text: str) -> Any:
        if "odd" in text:
            raise RecursionError
        return find(text)

    monkeypatch.setattr(redaction, "find", broken)
    stored, raw = redact([sample("fine", "odd", "odd too"), sample("fine", "fine")], KEY)
    assert [one.text for one in stored[0].completions] == ["fine", None, None]
    assert [one.flags for one in stored[0].completions] == [[], [Flag.WITHHELD], [Flag.WITHHELD]]
    assert (stored[0].output, stored[0].flags) == ("fine", [])
    assert [one.sample_id for one in raw] == ["7#1", "7#2"]
    assert unsearched(stored) == "t: 2 of 5 outputs could not be searched for personal data: not kept"
    assert unsearched(stored[1:]) is None
    assert unsearched([]) is None


class Scorer:
    """Says how toxic a text is by a word in it."""

    record = AssetRecord(name="s", kind="scorer", source="t", version="1", sha256="0" * 64, licence="MIT")
    validity = None
    languages = ENGLISH

    def score(self, texts: Sequence[str]) -> list[float]:
        return [0.9 if "vile" in text else float("nan") if "odd" in text else 0.0 for text in texts]


def test_an_offensive_completion_is_hidden_and_the_others_are_not() -> None:
    before = TaskResult(suite="evals", task="t", samples=[sample("fine", "vile", "odd", suite="evals")])
    after, _ = handle(before, KEY, Scorer())
    (stored,) = after.samples
    assert [one.flags for one in stored.completions] == [[], [Flag.OFFENSIVE], [Flag.UNJUDGED]]
    assert not is_hidden(stored)
    assert [is_completion_hidden(stored, one) for one in stored.completions] == [False, True, True]
