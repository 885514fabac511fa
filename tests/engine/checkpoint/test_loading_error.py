"""What is wrong with a checkpoint that cannot be loaded, in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import CheckpointError
from audit.engine import load

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
