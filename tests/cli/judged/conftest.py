"""A judge that answers from a script, where the command line loads a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.safety.judges.conftest import PAIRS, SCALE, an_engine, blocks, by_word

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("--model", "scripted", "--chat-template", "off")


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    """The scale of the tests, as a file."""
    return _written(tmp_path / "scale.yaml", SCALE)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """The comparison of the tests, as a file."""
    return _written(tmp_path / "pairs.yaml", PAIRS)


def _written(file: Path, rubric: object) -> Path:
    file.write_text(yaml.safe_dump(rubric.model_dump(exclude_defaults=True)))  # type: ignore[attr-defined]
    return file


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every checkpoint is one that calls an answer what it says of itself, and a longer one of two better."""
    monkeypatch.setattr("audit.cli.console.out._width", 200)

    def says(prompt: str) -> str:
        found = blocks(prompt)
        if "Answer" in found:
            return by_word(prompt)
        one, other = found["Answer A"], found["Answer B"]
        return "A" if len(one) > len(other) else "C" if len(other) > len(one) else "B"

    monkeypatch.setattr("audit.engine.configured.engine_of", lambda _config: an_engine(says))
