"""The trial: what it refuses, what it does not share, and that it leaves the model as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.core.errors import CheckpointError
from audit.engine.local.model import flex
from audit.engine.local.model import forward as forward_module
from audit.engine.local.model import head as head_module
from audit.engine.local.model import trial as trial_module
from audit.engine.local.model.precision import in_float32
from audit.engine.local.model.trial import tried_forward
from audit.engine.local.plan.architecture import windows_of
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import Block, Pass
from audit.engine.local.plan.prefix_tree import PrefixTree
from tests.engine.whole.every_type import check_scores, check_texts, requests
from tests.engine.whole.tiny_types import WINDOW, configuration, random_model

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.model.shortcuts import Shortcuts

CPU = torch.device("cpu")


MIXTURES = ("ernie4_5_moe", "qwen3_moe", "mixtral")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gemma4_text", "gemma4", "gemma4_unified_text", "gemma3"])
def test_sizes_that_differ_by_layer_are_no_crash(kind: str, loaded: Any) -> None:
    engine = loaded(kind)
    assert engine._forward.shares
    check_scores(engine, requests())
    assert check_texts(engine)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "overrides"),
    [
        ("xlnet", {}),
        ("xlm", {}),
        ("cpmant", {}),
        ("gemma4_text", {"use_bidirectional_attention": "all"}),
        ("gemma3_text", {"use_bidirectional_attention": True}),
    ],
)
def test_what_sees_what_follows_is_refused(kind: str, overrides: dict[str, Any], loaded: Any) -> None:
    with pytest.raises(CheckpointError, match=r"each position sees later ones.*cannot be audited") as caught:
        loaded(kind, **overrides)
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="each position sees later ones"):
        tried_forward(random_model(configuration(kind, **overrides)).bfloat16(), CPU, 2)


@pytest.mark.slow
def test_a_model_that_computes_nothing_is_refused_in_one_line(loaded: Any) -> None:
    model = loaded("llama").model
    model.forward = broken
    with pytest.raises(CheckpointError, match=r"LlamaForCausalLM: a forward pass .*no kernel image") as caught:
        tried_forward(model, CPU, 2)
    assert "\n" not in str(caught.value)


def broken(**_: Any) -> Any:
    """A forward pass on a device that the build does not know."""
    msg = "CUDA error: no kernel image is available\nCompile with TORCH_USE_CUDA_DSA"
    raise RuntimeError(msg)


@pytest.mark.slow
def test_a_window_that_the_masks_ignore_is_not_believed(loaded: Any) -> None:
    engine = loaded("moshi")
    assert max(len(r.context_ids) + len(r.target_ids) for r in requests()) > WINDOW + 16
    assert "packed rows" in engine._forward.why_not
    check_scores(engine, requests())


@pytest.mark.parametrize("kind", ["mistral", "gemma2", "gemma3_text", "cohere2", "gpt_oss", "modernbert-decoder"])
def test_windows_are_seen_by_a_short_trial(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks without the window: unlike the model's own, which only sequences longer than it can show."""
    model = random_model(configuration(kind))
    assert tried_forward(model, CPU, 2).shares
    monkeypatch.setattr(forward_module, "windows_of", without_windows)
    assert tried_forward(model, CPU, 2).why_not == "in a trial, packed rows gave different log-probabilities"


def without_windows(config: Any) -> dict[str, int | None]:
    """The layer types of a configuration, as if none had a window."""
    return dict.fromkeys(windows_of(config))


@pytest.mark.parametrize("kind", ["plbart", "roformer", "gpt_neo", "bloom"])
def test_sixteen_bits_share_nothing_that_float32_does_not(kind: str) -> None:
    forward = tried_forward(random_model(configuration(kind)).bfloat16(), CPU, 2)
    assert not forward.shares
    assert not forward.decodes


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", MIXTURES)
def test_experts_are_no_lottery_in_sixteen_bits(kind: str, seed: int) -> None:
    forward = tried_forward(random_model(configuration(kind), seed=seed).bfloat16(), CPU, 2)
    assert (forward.shares, forward.decodes, forward.why_not) == (True, True, "")


@pytest.mark.parametrize(("kind", "shares"), [("llama", True), ("qwen3_moe", True), ("bloom", False), ("bart", False)])
def test_packed_weights_are_compared_with_their_own_rounding(kind: str, shares: bool) -> None:
    model = random_model(configuration(kind)).bfloat16()
    model.hf_quantizer = object()  # its weights cannot be widened
    with in_float32(model) as exact:
        assert not exact
    assert tried_forward(model, CPU, 2).shares is shares


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "together"), [("llama", True), ("mamba", True), ("roformer", False), ("rwkv", False)])
def test_where_padding_changes_texts_each_prompt_is_a_batch(
    kind: str,
    together: bool,
    loaded: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = loaded(kind)
    engine._forward.decodes = False
    assert engine._generator.generates.prompts
    rows = []
    batches = engine._generator.batches
    compute = type(batches).compute
    monkeypatch.setattr(type(batches), "compute", lambda self, asked: rows.append(len(asked)) or compute(self, asked))
    assert check_texts(engine)
    assert (max(rows) > 1) is together


@pytest.mark.slow
def test_texts_of_a_generate_that_errs_are_errors(loaded: Any) -> None:
    # transformers' generate gives RoBERTa positions from 0; its forward pass counts from behind the padding index.
    engine = loaded("roberta", is_decoder=True)
    assert not engine._generator.generates.prompts
    assert not check_texts(engine)
    check_scores(engine, requests())


@pytest.mark.slow
def test_a_trial_that_fails_in_float32_believes_nothing_in_company(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounding would hide what float32 was to show: a model that cannot be tried in it is computed alone."""
    begin = trial_module._Trial.__init__

    def failing(trial: Any, make: Any, *, exact: bool) -> None:
        if exact:
            raise CheckpointError("its code computes in 16 bits")
        begin(trial, make, exact=exact)

    assert loaded("llama", "bfloat16")._forward.shares
    monkeypatch.setattr(trial_module._Trial, "__init__", failing)
    forward = loaded("llama", "bfloat16")._forward
    assert (forward.shares, forward.decodes, forward.alone) == (False, False, 0)
    assert forward.why_not == "it could not be tried in float32"


@pytest.mark.parametrize("product", ["fails", "is another"])
def test_a_float32_head_that_fails_or_differs_is_not_used(product: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(part: torch.Tensor, weight: torch.Tensor, _bias: object) -> torch.Tensor:
        if product == "fails":
            msg = "no such product on this device"
            raise NotImplementedError(msg)
        return 1.1 * (part.float() @ weight.float().T)

    monkeypatch.setattr(head_module, "_in_float32", other)
    forward = tried_forward(random_model(configuration("llama")).bfloat16(), CPU, 2)
    assert (forward.splits, forward.wide, forward.shares, forward.decodes) == (True, False, True, True)


def test_texts_are_generated_from_the_model_s_own_logits() -> None:
    """The first token of a text, too: the steps after it are rounded to 16 bits."""
    forward = tried_forward(random_model(configuration("llama")).bfloat16(), CPU, 2)
    assert forward.wide
    tree = PrefixTree([np.arange(3, 30)], [0])
    work = Pass(None, ((Block(0, 1, 0, 27),),))
    logits, _ = forward.read(work, lay_out(work, tree, 2), [0])
    assert torch.equal(logits, logits.bfloat16().float())


@pytest.mark.parametrize(("setting", "faster"), [("auto", True), ("auto", False), ("on", False)])
def test_flex_attention_that_is_exact_is_chosen_by_time_unless_it_is_wanted(
    setting: str, faster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(flex.VARIABLE, setting)
    timed: list[Shortcuts] = []

    def is_faster(_make: object, shortcuts: Shortcuts) -> Shortcuts:
        timed.append(shortcuts)
        return shortcuts if faster else replace(shortcuts, flex=False, no_flex="it is slower")

    monkeypatch.setattr(trial_module, "is_faster", is_faster)
    found = trial_module.judge_model(random_model(configuration("llama")), CPU, 2, True)
    assert len(timed) == (setting == "auto")
    assert all(one.flex and one.shares and one.decodes for one in timed)
    assert (found.flex, found.no_flex) == ((True, "") if faster or setting == "on" else (False, "it is slower"))


@pytest.mark.slow
def test_only_an_outcome_that_is_kept_is_chosen_by_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A resumed run has to choose as before."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path))
    monkeypatch.setattr(flex, "is_wanted", lambda _device, *, kept: kept)
    monkeypatch.setattr(trial_module, "is_faster", lambda _make, shortcuts: shortcuts)
    model = random_model(configuration("llama"))
    found = [tried_forward(model, CPU, 2, key).flex for key in (None, "kept", "kept")]
    assert found == [False, True, True]
    with monkeypatch.context() as patch:
        patch.setattr(trial_module, "judge_model", None)
        assert tried_forward(model, CPU, 2, "kept").flex
    with monkeypatch.context() as patch:  # another worker, for which it was no faster, kept its outcome first
        patch.setattr(trial_module, "kept", lambda _: None)
        patch.setattr(trial_module, "is_faster", lambda _make, one: replace(one, flex=False, no_flex="it is slower"))
        assert tried_forward(model, CPU, 2, "kept").flex
        assert not tried_forward(model, CPU, 2, "by itself").flex
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "file"))  # nowhere to write
    forward = tried_forward(model, CPU, 2, "kept")
    assert (forward.flex, forward.no_flex) == (False, trial_module.NOT_KEPT)


@pytest.mark.parametrize(("setting", "flexes"), [("auto", False), ("on", True)])
def test_by_time_it_is_tried_only_where_everything_else_is_exact(
    setting: str, flexes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Granite scales its logits: the head is not applied alone, and the outcome is not kept."""
    monkeypatch.setenv(flex.VARIABLE, setting)
    monkeypatch.setattr(trial_module, "is_faster", None)
    found = trial_module.judge_model(random_model(configuration("granite", logits_scaling=3.0)), CPU, 2, True)
    assert (found.splits, found.shares) == (False, True)
    assert (found.flex, found.no_flex) == ((True, "") if flexes else (False, trial_module.NOT_KEPT))
