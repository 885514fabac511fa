"""Explanations made on the spot: by the run's own checkpoint and settings, with the values that its logits give."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.app import live_explanation
from audit.app.live_explanation import Asked
from audit.core.config import RunConfig
from audit.core.errors import CheckpointError, ConfigError, UsageError
from audit.core.progress import Silent
from audit.core.records import Choice, Sample
from audit.engine import configured, load
from tests.engine.whole.lower_layers import lower_layers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import RunManifest
    from audit.engine import Engine

    Make = Callable[..., RunManifest]

WORDS = ["The", " capital", " of", " France", " is", " the", " city", " of"]
"""Each is one token of the embedded checkpoint, so that leaving out a word is leaving out a token."""
LAYERS = 6
"""Of its thirty: every value is computed again, whatever it knows."""


def config(model: str, **more: Any) -> dict[str, Any]:
    return RunConfig.model_validate({"model": model, "explain": {"max_features": 48}} | more).model_dump(mode="json")


def test_why_a_checkpoint_is_not_loaded(make_manifest: Make) -> None:
    for named, words in (
        ({}, "imported from another tool"),
        ({"import": {"tool": "x"}, "model": "m"}, "imported from another tool"),
        ({"model": "openai:http://host/v1#m"}, "behind a server"),
        ({"model": "m", "trust_remote_code": True}, "contains its own code"),
        ({"model": "m", "allow_pickle": True}, "contains its own code"),
    ):
        assert words in (live_explanation.refusal(make_manifest(config=named)) or "")
    assert live_explanation.refusal(make_manifest(config={"model": "m"})) is None


def choice(**more: Any) -> Sample:
    values: dict[str, Any] = {
        "sample_id": "s", "suite": "evals", "task": "cities", "prompt": "".join(WORDS), "output": " Paris",
        "answered_by": "likelihood",
        "choice": Choice(options=[" Rome", " Paris", " Oslo"], chosen=1, right=1, log_likelihoods=[-4.0, -1.0, -3.0]),
    }  # fmt: skip
    return Sample(**values | more)


def test_a_sample_is_what_its_run_explains_or_is_too_long() -> None:
    found = live_explanation.selected_of(choice(), [])
    assert (found.prompt, found.target, found.options) == ("".join(WORDS), " Paris", (" Rome", " Paris", " Oslo"))
    assert live_explanation.contrast_of(found) == " Oslo"
    generated = live_explanation.selected_of(choice(choice=None, answered_by="generation"), [])
    assert live_explanation.contrast_of(generated) == ""
    for more in (
        {"prompt": "x" * (live_explanation.LONGEST_PROMPT + 1)},
        {"choice": None, "thinking": "x" * live_explanation.LONGEST_PROMPT},
        {"choice": None, "output": "y" * (live_explanation.LONGEST_TARGET + 1)},
    ):
        with pytest.raises(UsageError, match="too long"):
            live_explanation.selected_of(choice(**more), [])


@pytest.mark.slow
def test_another_checkpoint_in_its_place_is_refused_until_it_is_the_runs(tiny_model: Path, make_manifest: Make) -> None:
    manifest = make_manifest(config=config(str(tiny_model)))
    with pytest.raises(CheckpointError, match="not the checkpoint of"):
        live_explanation.loaded(manifest, live_explanation.config_of(manifest))
    record = load(str(tiny_model), device="cpu").record
    own = manifest.model_copy(update={"model": record})
    engine = live_explanation.loaded(own, live_explanation.config_of(own))
    assert engine.record.digest == record.digest
    assert live_explanation.loaded(own, live_explanation.config_of(own)) is engine
    assert live_explanation.remark_on(own, engine) is None


def test_a_checkpoint_leaves_memory_before_another_is_loaded(
    tiny_model: Path, make_manifest: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = load(str(tiny_model), device="cpu").record
    first = make_manifest(config=config(str(tiny_model)), model=record)
    model = weakref.ref(live_explanation.loaded(first, live_explanation.config_of(first)).model)
    assert model() is not None
    seen: list[object] = []
    monkeypatch.setattr(configured, "load_recorded", lambda *_: seen.append(model()))
    other = make_manifest(config=config(str(tiny_model)), model=record.model_copy(update={"dtype": "float16"}))
    live_explanation.loaded(other, live_explanation.config_of(other))
    assert seen == [None]
    live_explanation._kept().clear()


def test_what_cannot_be_is_one_line(tiny_model: Path, make_manifest: Make) -> None:
    engine = load(str(tiny_model), device="cpu")
    engine.tokenizer.chat_template = None
    settings = RunConfig.model_validate(config(str(tiny_model)))
    for asked, error, words in (
        (Asked("Hi", " x", "", "occlusion", is_message=True), ConfigError, "has no chat template: choose the exact"),
        (Asked("the quick brown", " fox", " dog", "attention_rollout"), UsageError, "attention_rollout"),
        (Asked("the quick brown", " fox", " fox", "occlusion"), UsageError, "two different continuations"),
    ):
        with pytest.raises(error, match=words) as raised:
            live_explanation.explained(engine, settings, asked, None, Silent())
        assert "\n" not in str(raised.value)
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        live_explanation.config_of(make_manifest(config={"model": "m", "no_such_setting": 1}))


@pytest.mark.slow
def test_values_on_the_embedded_checkpoint_are_those_of_its_logits(
    embedded: Engine, make_manifest: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lower_layers(embedded, LAYERS):
        check_values(embedded, make_manifest, monkeypatch)


def check_values(embedded: Engine, make_manifest: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Occlusion by hand: the log-probabilities that transformers gives with one token after the other left out."""
    manifest = make_manifest(
        model=embedded.record,
        config=config("smollm2-135m-instruct", evals={"system_instruction": "Answer in one word."}),
    )
    settings = live_explanation.config_of(manifest)
    asked_for: list[RunConfig] = []

    def loaded_already(one: RunConfig) -> Engine:
        asked_for.append(one)
        return embedded

    monkeypatch.setattr(configured, "engine_of", loaded_already)
    engine = live_explanation.loaded(manifest, settings)
    assert [(one.model, one.dtype, one.device, one.offline) for one in asked_for] == [
        ("smollm2-135m-instruct", "float32", "cpu", True)
    ]

    ids = [embedded.tokenizer.convert_tokens_to_ids(word.replace(" ", "Ġ")) for word in WORDS]
    paris, oslo = (embedded.tokenizer.convert_tokens_to_ids(f"Ġ{name}") for name in ("Paris", "Oslo"))
    kept = [ids, *(ids[:place] + ids[place + 1 :] for place in range(len(ids)))]
    with torch.no_grad():
        last = [embedded.model(torch.tensor([one])).logits[0, -1].float().log_softmax(-1) for one in kept]
    ahead = [float(one[paris] - one[oslo]) for one in last]
    selected = live_explanation.selected_of(
        choice(choice=Choice(options=[" Paris", " Oslo"], chosen=0, right=0, log_likelihoods=[-1.0, -3.0])), []
    )
    asked = Asked("".join(WORDS), " Paris", " Oslo", "occlusion")
    for unchanged in (selected, None):  # the stored answer, and the same typed
        found = live_explanation.explained(engine, settings, asked, unchanged, Silent())
        assert [feature.text for feature in found.features] == WORDS
        assert found.values == pytest.approx([ahead[0] - without for without in ahead[1:]], abs=2e-3)
        assert found.value == pytest.approx(ahead[0], abs=2e-3)

    message = Asked("Where?", " Here", "", "occlusion", is_message=True)
    found = live_explanation.explained(engine, settings, message, None, Silent())
    assert found.prompt == (
        "<|im_start|>system\nAnswer in one word.<|im_end|>\n<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n"
    )
