"""What is wrong with a checkpoint that cannot be loaded, in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import CheckpointError
from audit.engine import load
from tests.engine.checkpoints import edit_json

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_broken_config(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load(str(copy))


def test_unknown_architecture(copy: Path) -> None:
    (copy / "config.json").write_text(json.dumps({"model_type": "no-such-model"}))
    with pytest.raises(CheckpointError, match=r"config\.json: transformers [\d.]+ does not know .* 'no-such-model'"):
        load(str(copy))


def test_remote_code_is_refused(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config.update(model_type="made_up", auto_map={"AutoModelForCausalLM": "evil.Evil", "AutoConfig": "evil.Config"})
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "evil.py").write_text("raise SystemExit('ran')")
    with pytest.raises(
        CheckpointError, match=r"needs its own Python code: pass --trust-remote-code .*evil\.Config, evil\.Evil"
    ):
        load(str(copy))


def test_remote_code_ends_no_program(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    config.update(model_type="made_up", auto_map={"AutoModelForCausalLM": "evil.Evil", "AutoConfig": "evil.Config"})
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "evil.py").write_text("raise SystemExit(0)")
    with pytest.raises(CheckpointError, match=r"config\.json: cannot be read \(SystemExit: 0\)"):
        load(str(copy), trust_remote_code=True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"num_attention_heads": 0}, "num_attention_heads is 0: copy the checkpoint's own config.json"),
        ({"num_hidden_layers": "two"}, "num_hidden_layers is 'two', expected int: copy the checkpoint's own"),
    ],
)
def test_a_wrong_value_of_the_configuration_is_named(copy: Path, changed: dict[str, object], said: str) -> None:
    edit_json(copy / "config.json", **changed)
    with pytest.raises(CheckpointError) as caught:
        load(str(copy))
    assert str(caught.value).startswith(f"{copy}/config.json: {said}")
    assert "Error" not in str(caught.value)


def test_a_size_that_no_memory_holds_is_named(copy: Path) -> None:
    """4 bytes for each of 10^12 x 32 numbers."""
    edit_json(copy / "config.json", vocab_size=10**12)
    with pytest.raises(CheckpointError) as caught:
        load(str(copy), device="cpu")
    said = f"{copy}: the model does not fit into memory (vocab_size 1,000,000,000,000, hidden_size 32, "
    assert str(caught.value).startswith(said)
    assert "check config.json" in str(caught.value)
    assert "alloc" not in str(caught.value)


def test_a_tokenizer_that_is_a_list_is_one_line(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("[]")
    with pytest.raises(CheckpointError) as caught:
        load(str(copy))
    advice = "copy the checkpoint's own into the folder, or give another folder with --tokenizer"
    assert str(caught.value) == f"{copy}/tokenizer.json: expected a JSON object: {advice}"
