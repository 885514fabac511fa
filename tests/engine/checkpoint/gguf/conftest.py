"""GGUF files that are made of the tiny checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from audit.engine import load
from tests.engine.checkpoint.gguf.gguf_files import File, from_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Converted copies vanish with the test."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def truth(tiny_model: Path) -> Any:
    """The model that the files are made of."""
    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()


@pytest.fixture
def file(truth: Any, own: PreTrainedTokenizerBase) -> File:
    """The tiny checkpoint as a GGUF file that a test may change."""
    return from_checkpoint(truth, own)


@pytest.fixture
def own(tiny_model: Path) -> PreTrainedTokenizerBase:
    """Its tokenizer."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny_model)
    return tokenizer


@pytest.fixture
def read(tmp_path: Path, cache: None) -> Any:
    """Write a file and load its tokenizer."""
    return lambda file, **options: load(str(file.write(tmp_path / "tiny.gguf")), device="cpu", **options)
