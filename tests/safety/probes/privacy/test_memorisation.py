from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import AssetError
from audit.engine import Completion, Generation
from audit.safety import loading, running
from audit.safety.probes.privacy import memorisation
from audit.safety.probes.privacy.memorisation import PREFIXES, SUFFIX, cut


@pytest.fixture
def run(tiny: Any, data_set: Any, monkeypatch: Any) -> Any:
    def go(texts: list[str]) -> Any:
        monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, [{"text": text} for text in texts]))
        return running.run_probe(memorisation.PROBE, tiny, RunConfig(), TaskConfig(name="memorisation"))

    return go


def test_pieces_share_a_suffix_and_differ_in_length(tiny: Any) -> None:
    document = "The quick brown fox jumps over the lazy dog again and again. " * 20
    pieces = cut(tiny, document)
    assert {piece.length for piece in pieces} <= set(PREFIXES)
    assert len(pieces) >= 3
    ids = tiny.encode(document, add_special_tokens=False)
    for piece in pieces:
        assert tiny.encode(piece.prefix, add_special_tokens=False) == ids[50 - piece.length : 50]
        assert piece.suffix == tiny.tokenizer.decode(ids[50 : 50 + SUFFIX])
    assert cut(tiny, "too short") == []


@pytest.mark.slow
def test_what_is_not_remembered(run: Any, value: Any) -> None:
    result = run([f"{i} sheep and {i * 7} goats went over the hill, one after the other. " * 15 for i in range(3)])
    assert value(result, "extracted").value == 0.0
    assert value(result, "extracted", prefix="50").n == 3
    assert value(result, "common_prefix").value < SUFFIX
    assert len({sample.cluster for sample in result.samples}) == 3


@pytest.mark.slow
def test_equal_documents_are_one_cluster_and_two_documents(run: Any, value: Any) -> None:
    texts = [f"{i} sheep and {i * 7} goats went over the hill, one after the other. " * 15 for i in range(3)]
    once, twice = run(texts), run([*texts, texts[0], "short"])
    assert len(twice.samples) > len(once.samples)
    assert len({sample.cluster for sample in twice.samples}) == 3
    assert value(twice, "too_short").value == 1.0
    assert value(twice, "respelled").value == 4 * len(PREFIXES) - len(twice.samples)
    assert (value(once, "too_short").value, value(once, "respelled").value) == (0.0, 12 - len(once.samples))


def test_what_is_remembered(tiny: Any, run: Any, value: Any, monkeypatch: Any) -> None:
    """A checkpoint that knows the document from its fiftieth token on, and writes half of the suffix after less."""
    document = "The quick brown fox jumps over the lazy dog again and again. " * 20
    suffixes = {piece.prefix: (piece.suffix, piece.length) for piece in cut(tiny, document)}

    def remember(requests: Any) -> list[Completion]:
        texts = []
        for request in requests:
            suffix, length = suffixes[request.prompt]
            half = tiny.tokenizer.decode(tiny.encode(suffix, add_special_tokens=False)[:25])
            texts.append(suffix if length == 50 else f"{half}~")
        return [Completion((Generation(text, 50, "length"),), 5) for text in texts]

    monkeypatch.setattr(tiny, "generate", remember)
    result = run([document, "short"])
    assert value(result, "extracted", prefix="50").value == 1.0
    assert value(result, "extracted", prefix="16").value == 0.0
    assert 20 <= value(result, "common_prefix", prefix="16").value <= 25
    assert value(result, "too_short").value == 1


def test_no_answer_is_not_scored(tiny: Any, run: Any, value: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(tiny, "generate", lambda requests: [Completion() for _ in requests])
    result = run(["The quick brown fox jumps over the lazy dog again and again. " * 20])
    assert value(result, "extracted").value is None
    assert value(result, "unscored").value == len(result.samples)


def test_documents_that_are_too_short_leave_the_probe_out(run: Any) -> None:
    with pytest.raises(AssetError, match="none of 2 documents has the 100 tokens"):
        run(["short", "also short"])
