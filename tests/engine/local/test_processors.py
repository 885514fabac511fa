"""Settings of a checkpoint and of a request bend logits as in transformers, or are refused by name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from transformers import GenerationConfig, WatermarkingConfig

from audit.core.errors import SettingUnavailable
from audit.engine import GenerateRequest
from audit.engine.local.processors import HARMLESS, HONOURED, of_checkpoint
from tests.engine.test_settings import PROMPT, generated, text_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine.local.engine import TransformersEngine

HARMLESS_VALUES: dict[str, Any] = {
    "max_length": 8, "max_new_tokens": 2, "max_time": 1e-9, "num_return_sequences": 3, "output_attentions": True,
    "output_hidden_states": True, "output_logits": True, "output_scores": True, "return_dict_in_generate": True,
    "pad_token_id": 1, "bos_token_id": 7, "decoder_start_token_id": 7, "transformers_version": "1.0",
    "_from_model_config": True, "do_sample": True, "temperature": 0.1, "top_k": 2, "top_p": 0.1, "top_h": 0.5,
    "min_p": 0.9, "typical_p": 0.1, "epsilon_cutoff": 0.1, "eta_cutoff": 0.1, "early_stopping": True,
    "length_penalty": 3.0, "use_cache": False, "cache_implementation": "quantized", "cache_config": {"nbits": 2},
    "max_cache_len": 4, "compile_config": {"mode": "max-autotune"}, "disable_compile": True,
    "continuous_batching_config": {"block_size": 4}, "prefill_chunk_size": 2, "low_memory": True, "use_mtp": True,
    "is_assistant": True, "num_assistant_tokens": 3, "num_assistant_tokens_schedule": "heuristic",
    "assistant_early_exit": 1, "assistant_confidence_threshold": 0.9, "assistant_ensemble_weight": 0.5,
    "assistant_lookbehind": 3, "target_lookbehind": 3, "prompt_lookup_num_tokens": 3, "max_matching_ngram_size": 2,
    "speculation_type": "x", "renormalize_logits": True, "remove_invalid_values": True,
}  # fmt: skip


HONOURED_VALUES: dict[str, Any] = {
    "sequence_bias": [[[40], 30.0]], "encoder_repetition_penalty": 3.0, "repetition_penalty": 1.7,
    "no_repeat_ngram_size": 1, "encoder_no_repeat_ngram_size": 1, "bad_words_ids": "the first token",
    "min_length": 15, "min_new_tokens": 9, "forced_bos_token_id": 41, "forced_eos_token_id": 42,
    "exponential_decay_length_penalty": (2, 9.0), "suppress_tokens": "the first token",
    "begin_suppress_tokens": "the first token", "watermarking_config": WatermarkingConfig(bias=9.0),
    "eos_token_id": "the fourth token", "stop_strings": "the fourth character",
}  # fmt: skip


REFUSED_VALUES: dict[str, Any] = {
    "num_beams": 3, "num_beam_groups": 2, "diversity_penalty": 0.5, "penalty_alpha": 0.6, "dola_layers": "low",
    "constraints": [1], "force_words_ids": [[5]], "guidance_scale": 2.0, "token_healing": True,
}  # fmt: skip


ENDS = {"min_length", "min_new_tokens"}
"""Settings that show only where the text would end by itself."""


PROMPTS = {"forced_bos_token_id": "x", "encoder_no_repeat_ngram_size": "".join(map(chr, range(128)))}
"""Prompts on which a setting shows: one of one token, one that holds what follows it."""


@pytest.fixture(scope="module")
def free_tokens(_loaded: TransformersEngine) -> Callable[[str], list[int]]:
    """transformers' own greedy decoding without any setting, once for each prompt."""
    return cache(lambda prompt: tokens_of(_loaded, prompt))


def both(engine: TransformersEngine, prompt: str, **settings: Any) -> list[str]:
    """The text by continuous batching and the text by transformers' ``generate``."""
    texts = []
    for decodes in (True, False):
        engine._forward.decodes = decodes
        texts.append(generated(engine, prompt, **settings))
    return texts


def test_every_field_of_transformers_is_judged() -> None:
    fields = set(vars(GenerationConfig()))
    assert fields == HARMLESS_VALUES.keys() | HONOURED_VALUES.keys() | REFUSED_VALUES.keys()
    assert HARMLESS_VALUES.keys() == HARMLESS
    assert HONOURED_VALUES.keys() == HONOURED


@pytest.mark.slow
def test_harmless_fields_are_overridden(tiny: TransformersEngine) -> None:
    expected = text_of(tiny, PROMPT)
    for name, value in HARMLESS_VALUES.items():
        before = getattr(tiny.model.generation_config, name)
        setattr(tiny.model.generation_config, name, value)
        assert both(tiny, PROMPT) == [expected] * 2, name
        assert getattr(tiny.model.generation_config, name) == value
        setattr(tiny.model.generation_config, name, before)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HONOURED_VALUES.keys() - {"stop_strings"}))
def test_honoured_fields_are_as_in_transformers(
    tiny: TransformersEngine, free_tokens: Callable[[str], list[int]], name: str
) -> None:
    prompt = PROMPTS.get(name, PROMPT)
    free = free_tokens(prompt)
    if name in ENDS:
        tiny.model.generation_config.eos_token_id = free[3]
    value = HONOURED_VALUES[name]
    if isinstance(value, str):
        value = {"bad_words_ids": [[free[0]]], "eos_token_id": free[3]}.get(name, [free[0]])
    ended = name in ENDS
    plain = text_of(tiny, prompt) if ended else str(tiny.tokenizer.decode(free, skip_special_tokens=True))
    expected = text_of(tiny, prompt, **{name: value})
    assert plain != expected
    setattr(tiny.model.generation_config, name, value)
    assert both(tiny, prompt) == [expected] * 2


@pytest.mark.parametrize("name", REFUSED_VALUES)
def test_refused_fields_are_named(tiny: TransformersEngine, name: str) -> None:
    setattr(tiny.model.generation_config, name, REFUSED_VALUES[name])
    for decodes in (True, False):
        tiny._forward.decodes = decodes
        with pytest.raises(SettingUnavailable, match=name):
            generated(tiny, PROMPT)
    assert all(both(tiny, PROMPT, temperature=1.0))  # sampled text follows the plain distribution


def test_a_field_that_a_newer_transformers_may_add_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    init = GenerationConfig.__init__

    def newer(self: GenerationConfig, **settings: Any) -> None:
        self.brand_new = settings.pop("brand_new", None)
        init(self, **settings)

    monkeypatch.setattr(GenerationConfig, "__init__", newer)
    assert of_checkpoint(GenerationConfig()) == {}
    with pytest.raises(SettingUnavailable, match="brand_new"):
        of_checkpoint(GenerationConfig(brand_new=3))


def test_keys_that_transformers_does_not_know_are_without_effect() -> None:
    assert of_checkpoint(GenerationConfig(chat_format="chatml", max_window_size=6144)) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting", [{"repetition_penalty": 1.7}, {"no_repeat_ngram_size": 1}, {"min_new_tokens": 9}], ids=str
)
def test_settings_of_a_request_are_as_in_transformers(
    tiny: TransformersEngine, free_tokens: Callable[[str], list[int]], setting: dict[str, Any]
) -> None:
    if setting.keys() & ENDS:
        tiny.model.generation_config.eos_token_id = free_tokens(PROMPT)[3]
    expected = text_of(tiny, PROMPT, **setting)
    assert expected != text_of(tiny, PROMPT)
    assert both(tiny, PROMPT, **setting) == [expected] * 2
    tiny.model.generation_config.repetition_penalty = 4.0  # the request's own overrides it
    own = {"repetition_penalty": 4.0, **setting}
    assert both(tiny, PROMPT, **setting) == [text_of(tiny, PROMPT, **own)] * 2


@pytest.mark.slow
def test_penalties_that_a_request_asks_for_bend_sampling_too(tiny: TransformersEngine) -> None:
    almost_greedy = {"temperature": 1e-4, "repetition_penalty": 1.7}
    assert both(tiny, PROMPT, **almost_greedy) == [text_of(tiny, PROMPT, repetition_penalty=1.7)] * 2


@pytest.mark.parametrize(("name", "value"), [("repetition_penalty", 0.0), ("min_length", "many")])
def test_what_transformers_refuses_of_a_checkpoint_is_named(tiny: TransformersEngine, name: str, value: object) -> None:
    setattr(tiny.model.generation_config, name, value)
    for decodes in (True, False):
        tiny._forward.decodes = decodes
        with pytest.raises(SettingUnavailable, match=name):
            tiny.generate([GenerateRequest(PROMPT, max_new_tokens=2)])
