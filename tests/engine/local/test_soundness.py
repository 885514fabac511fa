"""Checkpoints that compute NaN or the same for every token: found by two short texts, with the place or the reason."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.core.errors import CheckpointBroken, CheckpointError
from audit.engine import ScoreRequest, load
from audit.engine.local import soundness
from audit.engine.local.engine import TransformersEngine
from audit.engine.local.soundness import not_finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAN, INFINITE = float("nan"), float("inf")
LAYER = "the checkpoint computes NaN from layer {} on: it is broken ({} of {} values of {} are not finite)"


def spoil(engine: TransformersEngine, name: str, count: int | None, value: float = NAN) -> None:
    weight: Any = engine.model.get_parameter(name)
    with torch.no_grad():
        weight.view(-1)[:count] = value


@pytest.mark.parametrize(
    ("name", "count", "message"),
    [
        (
            "model.layers.0.self_attn.q_proj.weight",
            None,
            LAYER.format(1, "1,024", "1,024", "model.layers.0.self_attn.q_proj.weight"),
        ),
        (
            "model.layers.1.mlp.down_proj.weight",
            3,
            LAYER.format(2, 3, "2,048", "model.layers.1.mlp.down_proj.weight"),
        ),
        (
            "model.embed_tokens.weight",
            None,
            "from its embeddings on: it is broken (12,288 of 12,288 values of model.emb",
        ),
        ("model.norm.weight", 1, "after its last layer: it is broken (1 of 32 values of model.norm.weight"),
        ("lm_head.weight", 32, "after its last layer: it is broken (32 of 12,288 values of lm_head.weight"),
    ],
)
def test_the_first_place_is_named(tiny: TransformersEngine, name: str, count: int | None, message: str) -> None:
    spoil(tiny, name, count)
    with pytest.raises(CheckpointBroken) as caught:
        tiny.check_sound()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("kept", "zeros"),
    [
        (lambda name: False, "21 of 21"),  # every weight was saved before it was filled
        (lambda name: name != "lm_head.weight", "1 of 21"),
        (lambda name: name != "model.norm.weight", "1 of 21"),
    ],
)
def test_equal_logits_for_every_token_are_broken(
    tiny: TransformersEngine, kept: Callable[[str], bool], zeros: str
) -> None:
    with torch.no_grad():
        for name, weight in tiny.model.named_parameters():
            weight.mul_(float(kept(name)))
    with pytest.raises(CheckpointBroken) as caught:
        tiny.check_sound()
    assert f"gives every token the same probability: it is broken ({zeros} weight tensors are all zeros)" in str(
        caught.value
    )


def test_equal_logits_without_a_zero_are_broken(tiny: TransformersEngine) -> None:
    """A head whose rows are all the same."""
    with torch.no_grad():
        tiny.model.get_parameter("lm_head.weight").fill_(0.25)
    with pytest.raises(CheckpointBroken, match=r"same probability: it is broken \(0 of 21 weight"):
        tiny.check_sound()


def test_a_checkpoint_whose_layers_are_zero_still_tells_tokens_apart(tiny: TransformersEngine) -> None:
    """Its logits come from the embeddings alone: poor, but a measurement."""
    with torch.no_grad():
        for name, weight in tiny.model.named_parameters():
            if ".layers." in name:
                weight.zero_()
    tiny.check_sound()


def test_messages_begin_with_the_checkpoint_and_end_with_what_to_do(tiny_model: Path) -> None:
    engine = load(str(tiny_model), device="cpu")
    assert isinstance(engine, TransformersEngine)
    spoil(engine, "model.norm.weight", 1)
    with pytest.raises(CheckpointBroken) as caught:
        engine.check_sound()
    assert str(caught.value).startswith(f"{tiny_model}: the checkpoint computes NaN")
    assert str(caught.value).endswith("copy the checkpoint again, or save it without the fault")


def test_the_first_of_several_layers_is_named(tiny: TransformersEngine) -> None:
    for layer in (1, 0):
        spoil(tiny, f"model.layers.{layer}.post_attention_layernorm.weight", 1)
    with pytest.raises(CheckpointBroken, match="from layer 1 on"):
        tiny.check_sound()


def test_infinite_weights_are_broken_too(tiny: TransformersEngine) -> None:
    spoil(tiny, "model.layers.1.mlp.down_proj.weight", 3, INFINITE)
    with pytest.raises(CheckpointBroken, match="from layer 2 on"):
        tiny.check_sound()


def test_sound_checkpoints_and_tokens_that_were_never_trained_pass(tiny: TransformersEngine) -> None:
    tiny.check_sound()
    unused = tiny.encode("狗", add_special_tokens=False)[-1]
    with torch.no_grad():
        tiny.model.get_input_embeddings().weight[unused] = NAN  # type: ignore[operator]
    tiny.check_sound()
    assert tiny.score([ScoreRequest((unused,), (7,))])[0].error


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["finite", "infinite"])
def test_what_overflows_float16_is_no_broken_checkpoint(tiny_model: Path, tmp_path: Path, weights: str) -> None:
    """Hidden states beyond 65,504, or weights that become infinite when they are rounded to it."""
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    whole = load(str(folder), device="cpu")
    with torch.no_grad():
        layer: Any = whole.model.get_submodule("model.layers.0.mlp")
        layer.down_proj.weight.mul_(1e4 if weights == "finite" else 1e7)
        layer.up_proj.weight.mul_(1e2)
    whole.model.save_pretrained(folder)  # type: ignore[operator]
    load(str(folder), device="cpu").check_sound()
    with pytest.raises(CheckpointError, match="overflows float16 from layer 1 on: use --dtype") as caught:
        load(str(folder), device="cpu", dtype="float16").check_sound()
    assert not isinstance(caught.value, CheckpointBroken)


def test_an_answer_that_is_not_finite_names_float16_only_there() -> None:
    assert "bfloat16 or float32" in not_finite("logits", torch.float16)
    for dtype in (torch.float32, torch.bfloat16):
        assert "float16" not in not_finite("logits", dtype)


def test_other_architectures_name_their_layers(tmp_path: Path, tiny_model: Path) -> None:
    """GPT-2's blocks take their input by position, and lie elsewhere."""
    from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    config = GPT2Config(vocab_size=384, n_embd=32, n_layer=3, n_head=4, n_positions=64)
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        model.transformer.h[1].mlp.c_fc.bias[0] = NAN
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(CheckpointBroken, match=r"from layer 2 on: it is broken \(1 of 128 values of transformer.h.1"):
        load(str(tmp_path), device="cpu").check_sound()
    with torch.no_grad():
        model.transformer.h[1].mlp.c_fc.bias[0] = 0
        model.transformer.wpe.weight[:] = NAN
    model.save_pretrained(tmp_path)
    with pytest.raises(CheckpointBroken, match=r"from its embeddings on.*transformer.wpe.weight"):
        load(str(tmp_path), device="cpu").check_sound()


def test_a_broken_checkpoint_whose_layers_are_not_known_is_broken(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_model: object) -> None:
        raise AttributeError("num_hidden_layers")

    monkeypatch.setattr(soundness, "decoder_layers", unknown)
    with torch.no_grad():
        tiny.model.get_parameter("model.layers.0.mlp.down_proj.weight").fill_(NAN)
    with pytest.raises(CheckpointBroken, match="it is broken"):
        tiny.check_sound()


@pytest.fixture
def shapes(tiny: TransformersEngine) -> Iterator[list[tuple[int, ...]]]:
    """Shapes of the token ids of each pass."""
    found: list[tuple[int, ...]] = []

    def note(_model: object, _given: object, named: dict[str, Any]) -> None:
        found.append(tuple(named["input_ids"].shape))

    hook = tiny.model.register_forward_pre_hook(note, with_kwargs=True)
    yield found
    hook.remove()


def test_a_sound_checkpoint_is_looked_at_in_one_pass(tiny: TransformersEngine, shapes: list[tuple[int, ...]]) -> None:
    shortest, *others = sorted(len(tiny.encode(text)) for text in soundness.PROBES)
    tiny.check_sound()
    assert shapes == [(2, shortest)]
    unused = tiny.encode(soundness.PROBES[0])[0]
    with torch.no_grad():
        tiny.model.get_input_embeddings().weight[unused] = NAN  # type: ignore[operator]
    tiny.check_sound()  # one text is broken, not both: what is looked at text by text decides
    assert sorted(shapes[1:]) == sorted([(2, shortest), (1, shortest), *((1, length) for length in others)])


def test_one_text_at_a_time_decides_where_both_together_cannot_be_computed(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch, shapes: list[tuple[int, ...]]
) -> None:
    real = tiny.model.forward

    def alone(input_ids: torch.Tensor, **named: Any) -> Any:
        if len(input_ids) > 1:
            raise NotImplementedError
        return real(input_ids=input_ids, **named)

    monkeypatch.setattr(tiny.model, "forward", alone)
    tiny.check_sound()
    assert len(shapes) == 3
    spoil(tiny, "model.norm.weight", 1)
    with pytest.raises(CheckpointBroken, match="after its last layer"):
        tiny.check_sound()
