"""The scorer of the package: its file, long texts, independence of the batch, and the published agreement."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.safety.scorers.audit_toxicity import (
    BATCH_WINDOWS,
    LONGEST_WORD,
    OVERLAP_WORDS,
    WINDOW_WORDS,
    AuditToxicity,
    windows,
)
from audit.safety.scorers.toxicity import score_texts

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["You are a fucking idiot.", "The sky is blue today.", "", "🙂 日本語", "a-b-c " * 59]


@pytest.fixture(scope="module")
def scorer() -> AuditToxicity:
    return AuditToxicity()


def test_the_file_is_small_and_holds_arrays_alone() -> None:
    folder = importlib.resources.files("audit.safety").joinpath("models")
    content = folder.joinpath("audit_toxicity.safetensors").read_bytes()
    assert len(content) <= 2 * 2**20
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert {entry["dtype"] for entry in header.values()} <= {"I8", "F16", "F32", "F64", "U32"}
    assert folder.joinpath("audit_toxicity.md").is_file()


def test_what_is_known_about_it_belongs_to_these_weights(scorer: AuditToxicity, tmp_path: Path) -> None:
    assert scorer.validity is not None
    assert (
        scorer.record.sha256 in importlib.resources.files("audit.safety").joinpath("models/validity.json").read_text()
    )
    folder = importlib.resources.files("audit.safety").joinpath("models")
    other = tmp_path / "other.safetensors"
    other.write_bytes(folder.joinpath("audit_toxicity.safetensors").read_bytes() + b"\0")
    assert AuditToxicity(other).validity is None


def test_insults_score_high_and_plain_text_low(scorer: AuditToxicity) -> None:
    insult, plain = scorer.score(TEXTS[:2])
    assert insult > 0.9
    assert plain < 0.1


def test_scores_are_probabilities_and_do_not_depend_on_the_batch(scorer: AuditToxicity) -> None:
    together = scorer.score(TEXTS)
    assert all(0 <= value <= 1 for value in together)
    assert together == pytest.approx([scorer.score([text])[0] for text in TEXTS], abs=1e-6)


def test_a_text_that_is_no_unicode_is_an_error_and_no_low_score(scorer: AuditToxicity) -> None:
    broken, plain = score_texts(scorer, ["\ud800", TEXTS[1]])
    assert broken.value is None
    assert "failed (UnicodeEncodeError)" in str(broken.error)
    assert plain.error is None


def test_a_long_text_is_scored_to_its_end(scorer: AuditToxicity) -> None:
    calm = "The committee met again in the afternoon to talk about the roads of the county. " * 12
    assert scorer.score([calm + TEXTS[0]])[0] > 0.5
    assert scorer.score([calm])[0] < 0.2


@pytest.mark.parametrize("unit", ["a", "1234567890", "a@", "word ", "a ", "电话"])
def test_a_megabyte_is_judged_in_batches_of_bounded_windows(unit: str, monkeypatch: Any) -> None:
    """Counts work, not time: what is seen is the text and its overlaps, however it is spelled."""
    scorer = AuditToxicity()
    seen: list[list[int]] = []

    def logits(texts: list[str]) -> Any:
        seen.append([len(text) for text in texts])
        return np.full(len(texts), -1.0)

    monkeypatch.setattr(scorer, "logits", logits)
    (value,) = scorer.score([unit * (1_000_000 // len(unit))])
    assert value == pytest.approx(1 / (1 + np.e))
    assert max(map(len, seen)) <= BATCH_WINDOWS
    assert max(map(max, seen)) <= WINDOW_WORDS * (LONGEST_WORD + 1)
    assert sum(map(sum, seen)) <= 1.05e6 * WINDOW_WORDS / (WINDOW_WORDS - OVERLAP_WORDS)


def test_long_words_are_cut_and_nothing_else_changes() -> None:
    assert windows("see " + "x" * 450) == [f"see {'x' * 200} {'x' * 200} {'x' * 50}"]
    kept = "two  spaces\nand " + "x" * LONGEST_WORD
    assert windows(kept) == [kept]


@pytest.mark.parametrize("count", [0, 1, WINDOW_WORDS, WINDOW_WORDS + 1, 200, 1001])
def test_windows_overlap_and_leave_no_word_out(count: int) -> None:
    words = [f"w{number}" for number in range(count)]
    parts = [part.split() for part in windows(" ".join(words))]
    assert all(len(part) <= WINDOW_WORDS for part in parts)
    joined = list(parts[0])
    for part in parts[1:]:
        assert part[:OVERLAP_WORDS] == joined[-OVERLAP_WORDS:]
        joined += part[OVERLAP_WORDS:]
    assert joined == words
