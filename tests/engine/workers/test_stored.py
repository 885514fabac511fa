"""A checkpoint without its weights makes the same requests, and answers from the journal alone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig
from audit.core.errors import AnswersMissing, CheckpointError, WhiteBoxUnavailable
from audit.engine import GenerateRequest
from audit.engine.journal import Journal
from audit.engine.workers.stored import stored_answers

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine


def test_what_was_answered_is_found_without_weights(tiny: TransformersEngine, tiny_model: Path, tmp_path: Path) -> None:
    pairs = [("12 apples", " fall"), ("Le chien", " dort")]
    asked = [GenerateRequest("The dog", max_new_tokens=3)]
    tiny.journal = Journal(tmp_path / "journal")
    expected = tiny.score([tiny.encode_pair(*pair) for pair in pairs]), tiny.generate(asked)
    stored = stored_answers(RunConfig(model=str(tiny_model), offline=True, tokenizer=str(tiny_model)), tiny.record)
    stored.journal = tiny.journal
    assert (stored.score([stored.encode_pair(*pair) for pair in pairs]), stored.generate(asked)) == expected
    with pytest.raises(AnswersMissing, match="1 of 2 answers are missing"):
        stored.score([stored.encode_pair(*pairs[0]), stored.encode_pair("else", " where")])
    with pytest.raises(WhiteBoxUnavailable):
        _ = stored.model


def test_what_cannot_be_the_same_is_refused(tiny: TransformersEngine, tiny_model: Path, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_model, tmp_path / "other")
    (other / "generation_config.json").write_text("{}")
    with pytest.raises(CheckpointError, match="not the checkpoint of the run: digest"):
        stored_answers(RunConfig(model=str(other), offline=True), tiny.record)
    with pytest.raises(CheckpointError, match="leave out --no-compute"):
        stored_answers(RunConfig(model="openai:http://localhost:1/v1#m"), tiny.record)
    with pytest.raises(CheckpointError, match="an engine of others"):
        stored_answers(RunConfig(model=f"vllm:{tiny_model}"), tiny.record)
