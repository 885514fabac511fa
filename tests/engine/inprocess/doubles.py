"""One backend of each kind on its double."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.engine.inprocess.sglang import SglangBackend
from audit.engine.inprocess.vllm import VllmBackend
from tests.engine.inprocess import sglang_double, vllm_double

if TYPE_CHECKING:
    from audit.engine.inprocess.backend import Backend
    from audit.engine.local.engine import TransformersEngine

KINDS = ("vllm V2", "vllm V1", "sglang")


def doubled(kind: str, inner: TransformersEngine, fault: str = "none") -> tuple[Backend, Any]:
    """A backend and the double that it asks."""
    if kind == "sglang":
        engine = sglang_double.Engine(inner, fault=fault)
        return SglangBackend(engine, "0.5.23"), engine
    llm = vllm_double.LLM(inner, v2=kind == "vllm V2", fault=fault)
    return VllmBackend(llm, vllm_double.package()), llm
