"""What engines share: a package that is missing is one line, and memory of a card is given back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import torch

from audit.core.errors import CheckpointError
from audit.engine.inprocess.hosting import free_memory, imported

if TYPE_CHECKING:
    from pathlib import Path


def test_a_package_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sglang", None)
    with pytest.raises(
        CheckpointError, match=r"^sglang:MODEL needs the package sglang and a GPU: pip install sglang, or"
    ):
        imported("sglang", needs=" and a GPU")


def test_a_package_that_lacks_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sglang.py").write_text("import a_kernel_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sglang", raising=False)
    with pytest.raises(CheckpointError, match=r"^sglang: .*No module named 'a_kernel_that_is_not_there'"):
        imported("sglang")


@pytest.mark.slow
@pytest.mark.parametrize("card", [True, False])
def test_memory_of_a_card_is_given_back(monkeypatch: pytest.MonkeyPatch, *, card: bool) -> None:
    emptied: list[bool] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: card)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    free_memory()
    assert emptied == [True] * card
