from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from audit.engine import hardware

if TYPE_CHECKING:
    import pytest

FLAGS = {"amx_bf16", "avx512_bf16"}


def test_bfloat16_units_are_those_the_kernel_lists() -> None:
    words = set(Path("/proc/cpuinfo").read_text().split())
    assert FLAGS.intersection(hardware.bfloat16_units()) == FLAGS & words


def test_a_torch_that_cannot_tell_has_seen_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert hardware.bfloat16_units() == []
    assert torch.backends.cpu.get_cpu_capability() in hardware.cpu_name()


def test_cards_are_those_torch_sees() -> None:
    assert len(hardware.cards()) == torch.cuda.device_count()
