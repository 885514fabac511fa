"""What stays hidden, and what nothing can be computed from."""

from __future__ import annotations

import pytest

from audit.core.records import Sample, SampledText
from audit.core.sensitive import OFFENSIVE, REDACTED, UNJUDGED, WITHHELD, is_completion_hidden, is_hidden, is_incomplete
from audit.safety.privacy.redaction import redact


def sample(suite: str, *flags: str) -> Sample:
    return Sample.model_validate(
        {"sample_id": "0", "suite": suite, "task": "t", "prompt": "p", "output": "o", "flags": list(flags)}
    )


@pytest.mark.parametrize(
    ("suite", "flags", "hidden"),
    [
        ("evals", (), False),
        ("evals", ("truncated_prompt", REDACTED), False),
        ("evals", (OFFENSIVE,), True),
        ("evals", (UNJUDGED,), True),
        ("safety", (), True),
        ("explain", (), True),
    ],
)
def test_probes_and_flagged_text_stay_hidden(suite: str, flags: tuple[str, ...], hidden: bool) -> None:
    assert is_hidden(sample(suite, *flags)) is hidden


def test_an_output_that_was_changed_is_not_the_checkpoints() -> None:
    assert is_incomplete(sample("safety", REDACTED, "tie"))
    assert is_incomplete(sample("evals", WITHHELD))
    assert not is_incomplete(sample("safety", "tie"))


def test_a_completion_that_was_changed_leaves_the_output_of_its_sample_whole() -> None:
    texts = [SampledText(text="fine"), SampledText(text="ask jane@mail.org"), SampledText(text="fine")]
    before = sample("safety").model_copy(update={"output": "fine", "completions": texts})
    (stored,), _ = redact([before], b"0" * 32)
    assert not is_incomplete(stored)
    assert REDACTED in stored.all_flags
    (stored,), _ = redact([before.model_copy(update={"output": texts[1].text})], b"0" * 32)
    assert is_incomplete(stored)


@pytest.mark.parametrize(
    ("suite", "flags", "own", "hidden"),
    [
        ("evals", (), (), False),
        ("evals", (), (OFFENSIVE,), True),
        ("evals", (), (UNJUDGED,), True),
        ("evals", (OFFENSIVE,), (), True),
        ("evals", (), (REDACTED,), False),
        ("safety", (), (), True),
    ],
)
def test_a_completion_is_hidden_for_itself_or_with_its_sample(
    suite: str, flags: tuple[str, ...], own: tuple[str, ...], hidden: bool
) -> None:
    completion = SampledText.model_validate({"text": "o", "flags": list(own)})
    assert is_completion_hidden(sample(suite, *flags), completion) is hidden
