"""FlexAttention on small random models of many architectures, uncompiled, against a plain loop."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine.local.model import flex
from tests.engine.conftest import Listener
from tests.engine.whole.test_architectures import GROUPED, SHARING, TRUNKS, check, made

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
ATTENTION = ("llama", "mistral", "gemma2", "gemma3_text", "gpt2", "gpt_neox", "granite")
"""The others of ``SHARING`` call attention as one of these does, and uncompiled it is slow."""
SIZES: dict[str, dict[str, Any]] = {
    **{name: SHARING[name] for name in ATTENTION},
    "cohere2": {**GROUPED, "sliding_window": 8, "num_hidden_layers": 4, "logit_scale": 0.5},
    "gpt_oss": {**GROUPED, **EXPERTS, "sliding_window": 8},
}
NEED_MORE = {"gemma2": "scores are capped", "gpt_oss": "heads have sinks"}
FAST = ("llama",)
NAMED = [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in SIZES]


@pytest.fixture
def build(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Engines that use FlexAttention where they can."""
    monkeypatch.setenv(flex.VARIABLE, "on")
    return lambda *what, **how: made(tmp_path, tiny_model, *what, **how).engine


@pytest.fixture
def attended(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Notes each pass that is computed by FlexAttention."""
    passes: list[bool] = []
    masks = flex.block_masks
    monkeypatch.setattr(flex, "block_masks", lambda *given: passes.append(True) or masks(*given))
    return passes


@pytest.mark.slow
@pytest.mark.parametrize("architecture", NAMED)
def test_scores_are_those_of_a_plain_loop(
    architecture: str, build: Any, attended: list[bool], naive_log_probs: Any
) -> None:
    engine: TransformersEngine = build(architecture, SIZES[architecture])
    forward = engine._forward
    engine.progress = heard = Listener()  # type: ignore[assignment]
    attended.clear()
    for _ in range(2):  # packed rows, then rows on trunks
        check(engine, naive_log_probs)
        forward.cost = TRUNKS
    reason = NEED_MORE.get(architecture)
    assert (forward.flex, forward.no_flex) == (reason is None, reason or "")
    assert bool(attended) == forward.flex
    assert forward._trunks
    assert heard.messages == ([f"FlexAttention is not used: {reason}"] if reason else [])
    assert engine.record.ways == ([] if reason else ["flex attention"])


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["llama", "gemma3_text"])
def test_sixteen_bits_are_as_near_as_dense_masks(
    architecture: str, build: Any, attended: list[bool], naive_log_probs: Any
) -> None:
    engine: TransformersEngine = build(architecture, SIZES[architecture], "bfloat16", std=0.1)
    assert engine.record.ways == ["float32 head", "flex attention"]
    attended.clear()
    with torch.no_grad():
        check_rounding(engine, attended)


def check_rounding(engine: TransformersEngine, attended: list[bool]) -> None:
    """Both ways against float32, over all tokens."""
    from tests.engine.whole.test_architectures import requests

    def log_probs() -> torch.Tensor:
        return torch.tensor([value for score in engine.score(requests()) for value in score.log_probs])

    forward = engine._forward
    flexible = log_probs()
    assert attended
    forward.flex = False
    dense = log_probs()
    engine.model.float()
    truth = log_probs()
    apart = [float((values - truth).abs().mean()) for values in (flexible, dense)]
    assert 0 < apart[0] < 1.3 * apart[1]


@pytest.mark.slow
def test_texts_are_generated_under_dense_masks(build: Any, attended: list[bool]) -> None:
    from audit.engine import GenerateRequest

    engine: TransformersEngine = build("llama", SIZES["llama"])
    assert engine._forward.flex
    attended.clear()
    prompts = ["The quick brown fox", "The quick brown", "The quick", "x"]
    engine.generate([GenerateRequest(prompt, max_new_tokens=4) for prompt in prompts])
    assert not attended


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["other", "raises"])
def test_a_kernel_that_is_not_exact_is_not_used(
    fault: str, build: Any, naive_log_probs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = flex.kernel_for("cpu")
    monkeypatch.setattr(flex, "kernel_for", lambda _: functools.partial(wrong, kernel, fault))
    engine: TransformersEngine = build("llama", SIZES["llama"])
    engine.progress = heard = Listener()  # type: ignore[assignment]
    reasons = {
        "other": "in a trial, packed rows gave different log-probabilities with it",
        "raises": "in a trial it failed (RuntimeError: no kernel for this head)",
    }
    forward = engine._forward
    assert (forward.shares, forward.flex, forward.no_flex) == (True, False, reasons[fault])
    check(engine, naive_log_probs)
    assert heard.messages == [f"FlexAttention is not used: {reasons[fault]}"]
    assert engine.record.ways == []


def wrong(kernel: Any, fault: str, *states: Any, **settings: Any) -> Any:
    """A kernel that ignores the scale, or that is not there."""
    if fault == "raises":
        msg = "no kernel for this head"
        raise RuntimeError(msg)
    return kernel(*states, **{**settings, "scale": 0.1})


@pytest.mark.slow
def test_layers_on_several_devices_keep_dense_masks(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.engine.local.model.trial import tried_forward

    model = build("granite", SIZES["granite"]).model
    model.hf_device_map = {"model": 0, "lm_head": 1}
    plain = model.forward

    def by_number(*arguments: Any, logits_to_keep: int = 0, **options: Any) -> Any:
        return plain(*arguments, logits_to_keep=logits_to_keep, **options)

    model.forward = functools.wraps(plain)(by_number)
    forward = tried_forward(model, torch.device("cpu"), 2)
    assert (forward.shares, forward.flex, forward.no_flex) == (True, False, "the layers lie on several devices")


def test_by_default_a_cpu_does_not_try_it(tiny: TransformersEngine) -> None:
    assert (tiny._forward.flex, tiny._forward.no_flex, tiny.record.ways) == (False, "", [])
