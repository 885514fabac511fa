"""The engine on transformers: its budget, what its answers are kept under, and an empty prompt."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError
from audit.engine import GenerateRequest, ScoreRequest, load
from audit.engine.journal import Journal
from audit.engine.local import engine as engine_module
from audit.engine.local.engine import TransformersEngine
from audit.engine.local.memory import CACHED_PER_TOKEN
from audit.engine.local.model import head
from audit.engine.local.model.flex import VARIABLE
from audit.engine.local.plan.architecture import shape_of
from audit.engine.thinking import Thinking

if TYPE_CHECKING:
    from pathlib import Path


def test_the_model_is_the_one_that_was_loaded(tiny: TransformersEngine) -> None:
    assert sum(weights.numel() for weights in tiny.model.parameters()) == tiny.record.parameter_count
    assert not tiny.model.training


def test_tokens_of_a_batch_can_be_bounded(tiny_model: Path) -> None:
    engine = load(str(tiny_model), device="cpu", batch_tokens=70)
    assert isinstance(engine, TransformersEngine)
    budget = engine._scorer.budget
    assert (budget.tokens, budget.width) == (70, engine.record.max_length)
    assert 70 <= budget.cached <= CACHED_PER_TOKEN * 70


def test_nothing_before_a_text_is_the_token_that_begins_texts(tiny: TransformersEngine) -> None:
    assert tiny._prompt("") == [tiny.tokenizer.bos_token_id]
    assert tiny._prompt("Hi") == tiny.encode("Hi")


def test_answers_of_another_precision_or_context_are_not_taken(
    tiny: TransformersEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score, text = ScoreRequest((5, 6), (7,)), GenerateRequest("Hi", max_new_tokens=2)
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    tiny.score([score])
    tiny.generate([text])
    assert len(tiny.journal) == 2
    for place, change in enumerate(({"dtype": "bfloat16"}, {"max_length": 99}, {"digest": "0" * 64}), 1):
        with monkeypatch.context() as patch:
            patch.setattr(tiny, "record", tiny.record.model_copy(update=change))
            tiny.score([score])
            tiny.generate([text])
        assert len(tiny.journal) == 2 + 2 * place
    monkeypatch.setattr(tiny, "record", tiny.record.model_copy(update={"name": "other", "source": "elsewhere"}))
    tiny.score([score])
    tiny.generate([text])
    assert len(tiny.journal) == 8


def test_texts_with_another_bound_of_thinking_are_not_taken(tiny: TransformersEngine, tmp_path: Path) -> None:
    tiny.journal = Journal(tmp_path / "journal.sqlite")
    text = GenerateRequest("Hi", max_new_tokens=2)
    tiny.generate([text])
    tiny.thinking = Thinking(tokens=7)
    tiny.generate([text])
    assert len(tiny.journal) == 2


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_scores_of_a_trial_that_ended_otherwise_are_not_taken(
    dtype: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory was short when the head in float32 was tried: logits are rounded, and differ in their last digits."""

    def short(*_: object) -> None:
        raise MemoryError

    asked = [ScoreRequest((5, 6), (7, 8))]
    journal = Journal(tmp_path / "journal.sqlite")
    scores, kept = [], []
    for fails in (False, True, False):
        with monkeypatch.context() as patch:
            if fails:
                patch.setattr(head, "_in_float32", short)
            engine = load(str(tiny_model), device="cpu", dtype=dtype)  # type: ignore[arg-type]
            assert engine.record.ways == ([] if fails else ["float32 head"])
            engine.journal = journal
            scores.append(engine.score(asked))
            kept.append(len(journal))
    assert kept == [1, 2, 2]
    assert scores[0] == scores[2] != scores[1]


def test_ways_are_those_of_the_driver(tiny: TransformersEngine) -> None:
    tiny._forward.flex = True
    tiny.plan_as(tiny.planning)
    assert tiny.record.ways == ["flex attention"]
    with_flex = tiny.planning
    tiny.plan_as(dataclasses.replace(with_flex, flex=False))
    assert (tiny.record.ways, tiny.planning.flex) == ([], False)
    with pytest.raises(CheckpointError, match="FlexAttention is used on one device and not on another: set AUDIT_FLEX"):
        tiny.plan_as(with_flex)


@pytest.mark.slow
def test_flex_attention_takes_room(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[float] = []
    monkeypatch.setattr(engine_module, "MemoryRoom", noted(engine_module.MemoryRoom, found))
    for setting in ("off", "on"):
        monkeypatch.setenv(VARIABLE, setting)
        load(str(tiny_model), device="cpu")
    shape = shape_of(load(str(tiny_model), device="cpu").model)
    assert found[1] - found[0] == 4 * 4 * (shape.heads + shape.kv_heads) * shape.head


def noted(make: Any, found: list[float]) -> Any:
    """A room whose bytes for one token are noted."""

    def room(devices: Any, tokens: int, live_bytes: float, *rest: Any, **options: Any) -> Any:
        found.append(live_bytes)
        return make(devices, tokens, live_bytes, *rest, **options)

    return room


def test_a_worker_plans_as_another_and_answers_as_a_call_does(tiny_model: Path) -> None:
    """What a worker process asks of its engine, without journal and progress."""
    first, second = (load(str(tiny_model), device="cpu", batch_tokens=tokens) for tokens in (70, 90))
    assert isinstance(first, TransformersEngine)
    assert isinstance(second, TransformersEngine)
    assert (second.device_type, second.vocabulary) == ("cpu", second.model.get_input_embeddings().weight.shape[0])
    assert second.planning != first.planning
    second.plan_as(first.planning)
    assert second.planning == first.planning
    scores = [ScoreRequest((5, 6, number), (7, 8)) for number in range(9)]
    found = {index: one for part, _ in second.score_work(scores, [3, 7], lambda _: None) for index, one in part.items()}
    whole = first.score(scores)
    assert found == {3: whole[3], 7: whole[7]}
    texts = [GenerateRequest(text, max_new_tokens=3) for text in ("Hi", "What")]
    (written,) = [one for part, _ in second.generate_work(texts, [1], lambda _: None) for one in part.items()]
    assert written == (1, first.generate(texts)[1])
    unlike = dataclasses.replace(first.planning, shares=not first.planning.shares)
    with pytest.raises(CheckpointError, match="use equal devices"):
        second.plan_as(unlike)
    second.plan_as(dataclasses.replace(first.planning, wide=False))
    assert not second.planning.wide, "logits are rounded everywhere or nowhere"
    with pytest.raises(CheckpointError, match="logits are rounded to 16 bits on one device and not on another"):
        second.plan_as(first.planning)
