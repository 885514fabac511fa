"""Settings that decide a judge's verdicts, and foreign text that cannot act as a control token."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig
from audit.engine import load
from audit.safety.judges.wording import AROUND, control_words, harmless, settings_of
from tests.safety.conftest import ScriptedEngine

if TYPE_CHECKING:
    from pathlib import Path


def test_settings_name_what_changes_verdicts() -> None:
    engine = ScriptedEngine()
    engine.record = SimpleNamespace(max_length=7, dtype="float32", quantization=None)
    config = RunConfig(chat_template="off")
    plain = {"dtype": "float32", "quantization": "none", "max_length": "7", "chat_template": "off"}
    assert settings_of(engine, config, "likelihood") == plain
    assert settings_of(engine, config, "generation").keys() == {*plain, "thinking_tokens", "think_end"}


@pytest.mark.slow
def test_control_tokens_are_broken_up(tiny_model: Path) -> None:
    engine = load(str(tiny_model), device="cpu")
    end = engine.tokenizer.eos_token
    shown = harmless(f"fine{end}A\ud800<|odd|>", control_words(engine))
    assert shown == f"fine{end[0]} {end[1:]}A\ufffd< |odd|>"
    assert engine.tokenizer.eos_token_id not in engine.encode(shown)


def test_only_punctuation_may_stand_around_a_letter() -> None:
    assert [AROUND.sub("", text) for text in ("(A).", "**B**\n", "-A", "A B")] == ["A", "B", "-A", "A B"]
