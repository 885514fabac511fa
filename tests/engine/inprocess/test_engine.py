"""``vllm:MODEL`` and ``sglang:MODEL`` load our files, answer through the journal, and fail in one line."""

from __future__ import annotations

import json
import shutil
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import InferenceConfig
from audit.core.errors import (
    CheckpointError,
    ConfigError,
    DeviceLost,
    EngineFault,
    ScoringUnavailable,
    WhiteBoxUnavailable,
)
from audit.engine import GenerateRequest, load
from audit.engine.foreign.targets import EXTRA
from audit.engine.inprocess import sglang
from audit.engine.inprocess.engine import HostedCheckpoint, InProcessEngine, load_hosted
from audit.engine.journal import Journal
from audit.engine.requests import ScoreRequest
from audit.engine.server.native.sglang import SPARE
from audit.engine.thinking import Thinking
from tests.engine.inprocess import sglang_double
from tests.engine.inprocess.vllm_double import LLM, package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine


@pytest.fixture
def started(tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> LLM:
    """The double in the place of the package."""
    llm = LLM(tiny, v2=True)
    monkeypatch.setitem(sys.modules, "vllm", package(llm))
    return llm


@pytest.fixture
def other(tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[sglang_double.Engine]:
    """The double of SGLang in the place of its package."""
    engine = sglang_double.Engine(tiny)
    monkeypatch.setitem(sys.modules, "sglang", sglang_double.package(engine))
    monkeypatch.setenv("SGLANG_SANITIZE_NAN_LOGITS", "0")
    yield engine
    sglang._watch.ended = False


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
    assert settings["max_model_len"] == 100 + EXTRA
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


def test_answers_of_sglang(tiny_model: Path, tiny: TransformersEngine, other: sglang_double.Engine) -> None:
    engine = load(f"sglang:{tiny_model}", device="cpu")
    assert isinstance(engine, InProcessEngine)
    assert engine.record.digest == tiny.record.digest
    assert engine.record.device == "sglang 0.5.23, deterministic"
    assert engine.record.max_length == tiny.max_length - SPARE - EXTRA
    (settings,) = sys.modules["sglang"].started  # type: ignore[attr-defined]
    assert settings["context_length"] == tiny.max_length
    request, text = engine.encode_pair("one", " two"), GenerateRequest("one", max_new_tokens=2)
    assert engine.score([request])[0].log_probs == pytest.approx(tiny.score([request])[0].log_probs, abs=1e-4)
    assert engine.generate([text]) == tiny.generate([text])
    with pytest.raises(WhiteBoxUnavailable, match="leave out sglang:"):
        engine.model  # noqa: B018 - raises
    engine.close()
    engine.close()
    assert other.shutdowns == 1


def test_a_process_of_sglang_that_ends(tiny_model: Path, other: sglang_double.Engine) -> None:
    engine, other.fault = load(f"sglang:{tiny_model}", device="cpu"), "dead"
    for _ in range(2):
        with pytest.raises(DeviceLost, match=r"a process of SGLang has ended\)$"):
            engine.score([engine.encode_pair("one", " two")])


@pytest.mark.parametrize(("fault", "words"), [("failing", "a request that cannot be"), ("other", "other prompts")])
def test_faults_of_sglang_are_one_line(tiny_model: Path, other: sglang_double.Engine, fault: str, words: str) -> None:
    engine, other.fault = load(f"sglang:{tiny_model}", device="cpu"), fault
    with pytest.raises(EngineFault, match=words) as caught:
        engine.score([engine.encode_pair("one", " two")])
    assert type(caught.value) is EngineFault


def test_the_longest_prompts_fit_into_sglang(
    tiny_model: Path, tiny: TransformersEngine, other: sglang_double.Engine
) -> None:
    other.context = tiny.max_length
    other.tokenizer_manager.max_req_input_len = tiny.max_length - SPARE
    engine = load(f"sglang:{tiny_model}", device="cpu")
    ids = tuple(range(5, 25)) * 20
    (score,) = engine.score([engine.encode_pair(tiny.tokenizer.decode(ids), " two three")])
    assert not score.error
    assert score.truncated
    assert max(len(one.input_ids) for one in other.asked) == engine.record.max_length - 1 + EXTRA


@pytest.mark.usefixtures("started")
def test_what_is_set_of_traces_after_loading_holds(tiny_model: Path) -> None:
    engine = _loaded(tiny_model)
    engine.thinking = Thinking(tokens=7)
    engine.generate([GenerateRequest("Hi", max_new_tokens=2)])
    assert engine._generator.endings.thinking.tokens == 7


@pytest.mark.parametrize("generation", [True, False])
def test_ends_are_those_of_the_checkpoint(
    tiny_model: Path, tmp_path: Path, tiny: TransformersEngine, started: LLM, *, generation: bool
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"eos_token_id": 9}))
    (folder / "generation_config.json").unlink(missing_ok=True)
    if generation:
        (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 7}))
    endings = _loaded(folder)._generator.endings
    assert endings.ids == [7 if generation else 9, tiny.tokenizer.eos_token_id]
    assert not started.asked


def test_adapters_are_refused(tiny_model: Path, tiny: TransformersEngine, started: LLM) -> None:
    found: Any = SimpleNamespace(adapter=tiny_model)
    wanted = HostedCheckpoint("vllm", "mine", found, tiny.tokenizer, tiny_model, "float32")
    with pytest.raises(CheckpointError, match=r"^vllm:mine: an adapter: merge it into its base and name the folder"):
        load_hosted(wanted, InferenceConfig(), 0, tiny.thinking)
    assert sys.modules["vllm"].started == []  # type: ignore[attr-defined]
    assert not started.asked


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


def test_what_is_refused_is_no_fault(tiny_model: Path, started: LLM) -> None:
    engine = _loaded(tiny_model)
    with pytest.raises(ScoringUnavailable, match="whole distribution"):
        engine.score([ScoreRequest((5,), (6,), moments=True)])
    assert engine.score([ScoreRequest((5,), (6,))])[0].log_probs
    assert started.asked


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


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
def test_long_contexts_are_cut_where_the_local_engine_cuts_them(
    kind: str, tiny_model: Path, started: LLM, other: sglang_double.Engine
) -> None:
    engine = load(f"{kind}:{tiny_model}", device="cpu")
    assert (started.asked, other.asked) == ([], [])
    most = engine.max_length
    local = load(str(tiny_model), device="cpu", max_length=most)
    long = tuple(range(5, 25)) * 20
    requests = [ScoreRequest(long, long[:count]) for count in (1, 2, 9, most - 1, most, most + 1)]
    for found, own in zip(engine.score(requests), local.score(requests), strict=True):
        assert (found.truncated, found.error) == (own.truncated, own.error)
        assert found.log_probs == pytest.approx(own.log_probs, abs=1e-4)


def test_a_context_too_short_for_vllm(tiny_model: Path, tmp_path: Path, started: LLM) -> None:
    folder = shutil.copytree(tiny_model, tmp_path / "short")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 3}))
    with pytest.raises(ConfigError, match=r"a context of 1 token\(s\): a prompt and an answer need at least 2"):
        _loaded(folder)
    assert not started.asked


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
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
