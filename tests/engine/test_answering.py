"""Answers are computed where the journal has none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine import ScoreRequest, load
from audit.engine.journal import Journal
from tests.engine.test_journal import SCORE

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine


def test_half_a_journal_computes_the_other_half(tiny: TransformersEngine, tmp_path: Path, listener: Any) -> None:
    requests = [ScoreRequest((5 + i, 6, 7), (7, 8)) for i in range(10)]
    expected = tiny.score(requests)
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    tiny.score(requests[:4])
    listener.reset()
    found = tiny.score(requests)
    assert [s.log_probs for s in found] == [pytest.approx(s.log_probs, abs=1e-6) for s in expected]
    assert listener.tokens == 6 * 4


def test_changed_weights_find_nothing(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    engine = load(str(folder), device="cpu")
    engine.journal = Journal(tmp_path / "journal.sqlite")
    before = engine.score(SCORE)
    with torch.no_grad():
        next(engine.model.parameters()).mul_(1.5)
    engine.model.save_pretrained(folder)  # type: ignore[operator]
    changed = load(str(folder), device="cpu")
    changed.journal = engine.journal
    assert changed.record.digest != engine.record.digest
    assert changed.score(SCORE) != before
    assert len(engine.journal) == 2 * len(SCORE)


def test_the_same_files_elsewhere_find_everything(tiny_model: Path, tmp_path: Path, listener: Any) -> None:
    shutil.copytree(tiny_model, tmp_path / "another name")
    first, second = load(str(tiny_model), device="cpu"), load(str(tmp_path / "another name"), device="cpu")
    first.journal = second.journal = Journal(tmp_path / "journal.sqlite")
    first.score(SCORE)
    second.progress = listener
    second.score(SCORE)
    assert listener.tokens == 0


def test_errors_are_not_kept(tiny: TransformersEngine, tmp_path: Path) -> None:
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    assert tiny.score([ScoreRequest((5,), tuple([9] * 300))])[0].error
    assert len(tiny.journal) == 0
