"""Generation settings of requests and of checkpoints, against transformers' own ``generate``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import GenerationConfig

from audit.core.errors import SettingUnavailable
from audit.engine import GenerateRequest
from audit.engine.journal import Journal
from audit.engine.settings import bound, check_server, of_request

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

PROMPT = "The quick brown"


TOKENS = 12


@pytest.fixture(params=["continuous", "batches"])
def tiny(request: pytest.FixtureRequest, tiny: TransformersEngine) -> TransformersEngine:
    """The tiny model, generating by continuous batching and by transformers' ``generate``."""
    tiny._forward.decodes = request.param == "continuous"
    return tiny


def tokens_of(engine: TransformersEngine, prompt: str, **settings: Any) -> list[int]:
    """transformers' own greedy decoding of the prompt alone, with these settings in the configuration."""
    ids = torch.tensor([engine.encode(prompt)])
    own = engine.model.generation_config
    engine.model.generation_config = GenerationConfig(**{"eos_token_id": own.eos_token_id, **settings})
    try:
        out = engine.model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=TOKENS, pad_token_id=2
        )
    finally:
        engine.model.generation_config = own
    return list(out[0, ids.shape[1] :].tolist())


def text_of(engine: TransformersEngine, prompt: str, **settings: Any) -> str:
    return str(engine.tokenizer.decode(tokens_of(engine, prompt, **settings), skip_special_tokens=True))


def generated(engine: TransformersEngine, prompt: str, **settings: Any) -> str:
    company = GenerateRequest("x" * 40, max_new_tokens=TOKENS, **settings)  # padding must not count as prompt
    asked = [GenerateRequest(prompt, max_new_tokens=TOKENS, **settings), company]
    return engine.generate(asked)[0].generations[0].text


@pytest.mark.slow
def test_stop_strings_of_the_checkpoint_stop(tiny: TransformersEngine) -> None:
    free = text_of(tiny, PROMPT)
    for stops in (free[3], [free[3], "never there"]):
        tiny.model.generation_config.stop_strings = stops
        for temperature in (0.0, 1e-4):  # they end a turn, sampled or not
            assert generated(tiny, PROMPT, temperature=temperature) == free[: free.index(free[3])]


@pytest.mark.slow
@pytest.mark.parametrize("setting", [{"min_p": 0.999999}, {"typical_p": 1e-9}], ids=str)
def test_what_may_be_sampled_is_as_in_transformers(tiny: TransformersEngine, setting: dict[str, Any]) -> None:
    """Each leaves one token, so that transformers' sampled text is certain."""
    ids = torch.tensor([tiny.encode(PROMPT)])
    out = tiny.model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.5, top_k=0,
        max_new_tokens=TOKENS, pad_token_id=2, **setting,
    )  # fmt: skip
    expected = tiny.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
    for seed in range(3):
        assert generated(tiny, PROMPT, temperature=1.5, seed=seed, **setting) == expected


@pytest.mark.slow
def test_every_setting_of_a_request_is_part_of_the_key(tiny: TransformersEngine, tmp_path: Path) -> None:
    changed = {
        "prompt": "x", "max_new_tokens": 3, "temperature": 0.5, "top_k": 3, "top_p": 0.5, "min_p": 0.1,
        "typical_p": 0.5, "repetition_penalty": 1.1, "no_repeat_ngram_size": 4, "min_new_tokens": 1, "seed": 9,
        "n": 2, "first": 1, "stop": ("z",),
    }  # fmt: skip
    assert changed.keys() == {field.name for field in dataclasses.fields(GenerateRequest)}
    request = GenerateRequest(PROMPT, max_new_tokens=2)
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    calls = []
    tiny.model.register_forward_pre_hook(lambda *_: calls.append(1))
    tiny.generate([request])
    calls.clear()
    tiny.generate([request])
    assert not calls
    for name, value in changed.items():
        tiny.generate([dataclasses.replace(request, **{name: value})])
        assert calls, name
        calls.clear()
    tiny.journal.close()


@pytest.mark.parametrize("name", ["min_p", "typical_p", "repetition_penalty", "no_repeat_ngram_size", "min_new_tokens"])
def test_a_server_is_not_asked_for_what_it_may_ignore(name: str) -> None:
    check_server(GenerateRequest("x", temperature=1.0, top_k=5, top_p=0.5, stop=("z",)))
    with pytest.raises(SettingUnavailable, match=name):
        check_server(
            dataclasses.replace(
                GenerateRequest("x"), **{name: 1 if name == "min_p" else 0.5 if name == "typical_p" else 2}
            )
        )


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({}, {}),
        ({"do_sample": False, "temperature": 1, "top_p": 0.9, "until": ["."], "max_gen_toks": 9}, {}),
        ({"do_sample": True}, {"temperature": 1.0}),
        ({"do_sample": True, "temperature": 0.0, "top_p": 0.95}, {}),
        ({"do_sample": True, "temperature": None, "top_k": None}, {"temperature": 1.0}),
        ({"temperature": 0.7, "top_k": "5"}, {"temperature": 0.7, "top_k": 5}),
        ({"temperature": 0.7, "do_sample": None}, {"temperature": 0.7}),
        ({"repetition_penalty": 1.2, "do_sample": False}, {"repetition_penalty": 1.2}),
        ({"num_beams": 1, "num_return_sequences": 1, "repetition_penalty": 1.0, "length_penalty": 2.0}, {}),
        ({"do_sample": False, "top_p": 0, "top_k": -1}, {}),
        ({"do_sample": True, "min_p": 0.1, "typical_p": 0.9}, {"temperature": 1.0, "min_p": 0.1, "typical_p": 0.9}),
    ],
)
def test_settings_of_tasks(settings: dict[str, Any], fields: dict[str, Any]) -> None:
    assert of_request(settings) == fields


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_beams", 10),
        ("penalty_alpha", 0.6),
        ("max_length", 50),
        ("foo", 1),
        ("temperature", "hot"),
        ("temperature", -1),
        ("temperature", float("nan")),
        ("top_p", 0),
        ("top_p", 2),
        ("typical_p", -0.1),
        ("top_k", -1),
        ("repetition_penalty", 0),
        ("repetition_penalty", -1.2),
        ("min_length", 3),
    ],
)
def test_settings_that_a_task_cannot_have(name: str, value: object) -> None:
    with pytest.raises(SettingUnavailable, match=name):
        of_request({"do_sample": True, name: value})


@pytest.mark.parametrize("value", ["true", 1, "no"])
def test_whether_to_sample_is_true_or_false(value: object) -> None:
    with pytest.raises(SettingUnavailable, match="do_sample"):
        of_request({"do_sample": value})


@pytest.mark.parametrize("value", ["abc", 0, -5, None, float("inf")])
def test_a_bound_is_a_number_from_one(value: object) -> None:
    assert bound({"max_gen_toks": "96"}) == 96
    with pytest.raises(SettingUnavailable, match="max_gen_toks"):
        bound({"max_gen_toks": value})
