from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from audit.engine.local import hardware

if TYPE_CHECKING:
    from tests.cli.whole.processes import Forks

FLAGS = {"amx_bf16", "avx512_bf16"}


def test_bfloat16_units_are_those_the_kernel_lists() -> None:
    words = set(Path("/proc/cpuinfo").read_text().split())
    assert FLAGS.intersection(hardware.bfloat16_units()) == FLAGS & words


def test_a_torch_that_cannot_tell_has_seen_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert hardware.bfloat16_units() == []
    assert torch.backends.cpu.get_cpu_capability() in hardware.cpu_name()
    there = {"avx2": True, "amx_bf16": False, "num_physical_cores": 8, "cpu_name": "One"}
    monkeypatch.setattr(hardware, "_capabilities", lambda: there)
    assert hardware.cpu_kind().endswith(": avx2")  # neither how many cores, nor what is not there


def test_cards_are_those_torch_sees() -> None:
    assert len(hardware.cards()) == torch.cuda.device_count()


USERS = """
import ctypes, os
os.environ["MALLOC_TRIM_THRESHOLD_"] = "131072"
assert ctypes.CDLL(None).mallopt(-1, 131072)
"""
"""What glibc makes of the variable when a process starts."""
FAULTS = """
import resource, torch
from audit.engine.local.hardware import keep_freed_memory, same_with_any_threads
print(keep_freed_memory())
def layer():
    tensors = [torch.ones(2**21) for _ in range(12)]  # 8 MiB each: as a layer's
layer()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    layer()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(forks: Forks, settings: str = "") -> tuple[str, int]:
    fork = forks.start([], settings + FAULTS)
    assert fork.poll(block=True) == 0, fork.error.read_text("utf-8")
    said, faults = fork.out.read_text("utf-8").split()
    return said, int(faults)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept_for_the_next_layer(forks: Forks) -> None:
    """Unless the user has settings of malloc: those are left alone."""
    done, kept = _faults(forks)
    left_alone, without = _faults(forks, USERS)
    assert (left_alone, done) == ("False", "True")
    assert kept < without / 10


def test_products_do_not_depend_on_threads_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MKL_CBWR", raising=False)
    hardware.same_with_any_threads()
    assert os.environ["MKL_CBWR"] == "AUTO,STRICT"
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    hardware.same_with_any_threads()
    assert os.environ["MKL_CBWR"] == "AVX2"
