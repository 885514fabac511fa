"""``vllm:MODEL`` loads our files, answers through the journal, and ends in one line where vLLM fails."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError, ConfigError, DeviceLost, EngineFault, WhiteBoxUnavailable
from audit.engine import GenerateRequest, load
from audit.engine.inprocess.engine import InProcessEngine
from audit.engine.journal import Journal
from tests.engine.inprocess.vllm_double import LLM, package

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine


@pytest.fixture
def started(tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> LLM:
    """The double in the place of the package."""
    llm = LLM(tiny, v2=True)
    monkeypatch.setitem(sys.modules, "vllm", package(llm))
    return llm


def _loaded(folder: Path, **options: Any) -> InProcessEngine:
    engine = load(f"vllm:{folder}", device="cpu", **options)
    assert isinstance(engine, InProcessEngine)
    return engine


def test_identity_is_that_of_the_files(tiny_model: Path, tiny: TransformersEngine, started: LLM) -> None:
    engine = _loaded(tiny_model, max_length=100, chat_template_args={})
    assert engine.record.digest == tiny.record.digest
    assert engine.record.name == tiny.record.name
    assert engine.record.max_length == 100
    assert engine.record.device == "vllm 0.33.0, model runner V2"
    assert engine.weights == str(tiny_model)
    (settings,) = sys.modules["vllm"].started  # type: ignore[attr-defined]
    assert settings["model"] == str(tiny_model)
    assert settings["dtype"] == "float32"
    assert settings["max_model_len"] == 100
    assert started.asked == []


def test_answers_go_through_the_journal(
    tiny_model: Path, tiny: TransformersEngine, started: LLM, tmp_path: Path
) -> None:
    engine, journal = _loaded(tiny_model), Journal(tmp_path / "journal.sqlite")
    request, text = engine.encode_pair("one", " two"), GenerateRequest("one", max_new_tokens=2)
    with engine.at_work(engine.progress, journal):
        first = engine.score([request]), engine.generate([text])
        count = len(started.asked)
        assert (engine.score([request]), engine.generate([text])) == first
    assert len(started.asked) == count
    assert engine.kept_scores([request], journal) == first[0]
    assert first[0][0].log_probs == pytest.approx(tiny.score([request])[0].log_probs, abs=1e-4)
    assert first[1] == tiny.generate([text])
    journal.close()


def test_memory_is_given_back(tiny_model: Path, started: LLM) -> None:
    engine = _loaded(tiny_model)
    engine.forget()
    assert started.resets == 1
    engine.close()
    engine.close()
    assert started.shutdowns == 1
    with pytest.raises(DeviceLost, match="closed"):
        engine.score([])


def test_weights_are_not_shown(tiny_model: Path, started: LLM) -> None:
    with pytest.raises(WhiteBoxUnavailable, match="leave out vllm:"):
        _loaded(tiny_model).model  # noqa: B018 - raises
    assert not started.asked


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("failing", EngineFault, "a request that cannot be"),
        ("other", EngineFault, "other prompts than those sent"),
        ("dead", DeviceLost, "EngineCore encountered an issue"),
    ],
)
def test_faults_of_vllm_are_one_line(
    tiny_model: Path, started: LLM, fault: str, kind: type[EngineFault], words: str
) -> None:
    engine, started.fault = _loaded(tiny_model), fault
    for _ in range(2):
        with pytest.raises(EngineFault, match=words) as caught:
            engine.score([engine.encode_pair("one", " two")])
        assert type(caught.value) is kind


def test_without_the_package(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(CheckpointError, match="needs the package vllm"):
        _loaded(tiny_model)


def test_what_vllm_cannot_load(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", package(fault=ValueError("no such architecture\nand advice")))
    with pytest.raises(CheckpointError, match=r"vLLM 0.33.0 cannot load it: ValueError: no such architecture$"):
        _loaded(tiny_model)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"max_length": 2}, ConfigError, "a context of 2"),
        ({"quantization": "8bit"}, CheckpointError, "leave out --device-map and --quantization"),
        ({"revision": "main"}, CheckpointError, "has no revisions"),
    ],
)
def test_refused_before_vllm_starts(
    tiny_model: Path, started: LLM, options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        _loaded(tiny_model, **options)
    assert sys.modules["vllm"].started == []  # type: ignore[attr-defined]
    assert not started.asked
