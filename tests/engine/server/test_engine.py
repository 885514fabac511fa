"""What is recorded of a served model, and which tokenizer it gets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError, ScoringUnavailable, WhiteBoxUnavailable
from audit.engine import load
from tests.engine.server.openai_double import (
    NAME,
    Double,
    connect,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("patient")


@pytest.mark.slow
def test_record_says_what_is_known(double: Double, tiny_model: Path) -> None:
    record = connect(double).record
    assert (record.name, record.source, record.max_length) == (NAME, f"openai {double.url}/v1", 256)
    assert (record.device, record.parameter_count, record.files) == ("server", 0, [])
    assert record.digest == connect(double).record.digest
    assert record.digest != connect(double, tokenizer=str(tiny_model)).record.digest
    double.listing["data"][0]["owned_by"] = "somebody else"
    assert record.digest != connect(double).record.digest


def test_without_tokenizer_generation_works_and_says_what_is_missing(double: Double, listener: Any) -> None:
    engine = connect(double)
    engine.progress = listener
    assert text_of(engine) == " Paris"
    assert [line for line in listener.messages if "--tokenizer" in line]
    assert not engine.has_chat_template
    with pytest.raises(ScoringUnavailable, match="--tokenizer"):
        engine.check_scoring()
    with pytest.raises(ScoringUnavailable, match="--tokenizer"):
        engine.encode_pair("a", "b")
    with pytest.raises(WhiteBoxUnavailable, match="shows no weights"):
        _ = engine.model


def test_tokenizer_by_the_models_own_name(double: Double, tiny_model: Path) -> None:
    double.listing = None
    engine = load(f"openai:{double.url}#{tiny_model}")
    assert engine.has_chat_template
    assert engine.max_length == 256
    assert {file.kind for file in engine.record.files} == {"tokenizer", "chat_template"}


def test_named_tokenizer_must_be_there(double: Double) -> None:
    with pytest.raises(CheckpointError, match="no such folder"):
        connect(double, tokenizer="nowhere")


@pytest.mark.parametrize("served", [True, False])
def test_the_revision_is_not_that_of_a_named_tokenizer(
    double: Double, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, *, served: bool
) -> None:
    asked: list[tuple[str, str | None]] = []

    def folder(name: str, revision: str | None, *, offline: bool) -> Path:
        asked.append((name, revision))
        return tiny_model

    monkeypatch.setattr(sys.modules["audit.engine.load"], "tokenizer_folder", folder)  # the package names a function so
    model = double.name if served else str(tiny_model)
    load(model, tokenizer="owner/tokenizer", revision="v2" if served else None, device="cpu")
    assert asked == [("owner/tokenizer", None)]


def test_the_revision_is_that_of_the_models_own_tokenizer(
    double: Double, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    def folder(name: str, revision: str | None, *, offline: bool) -> Path:
        asked.append((name, revision))
        return tiny_model

    monkeypatch.setattr(sys.modules["audit.engine.load"], "tokenizer_folder", folder)  # the package names a function so
    load(double.name, revision="v2")
    assert asked == [(NAME, "v2")]
