"""Which step of its trace an answer depends on, on checkpoints of which that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.config import RunConfig
from audit.core.errors import UsageError
from audit.core.reasoning.steps import MOST_STEPS
from audit.core.records import Attribution, Sample, TaskResult
from audit.core.sensitive import THINKING_REDACTED, THINKING_WITHHELD, not_explainable
from audit.engine import Completion, Generation, Score, load
from audit.engine.thinking import FAMILIES, Thinking
from audit.explain.attempt import Failed
from audit.explain.attribute import prepare
from audit.explain.methods.registry import find
from audit.explain.run.selection import of_sample
from audit.explain.run.suite import explain_sample
from audit.explain.trace_steps import REMARK, own_trace, with_steps
from tests.engine.whole.scripts import PROMPT, tokenizer_of, write
from tests.explain.conftest import OtherTokenizer
from tests.explain.games import brute_force, naive_game

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from audit.engine import Engine, ScoreRequest

QUESTION = "Which animal sleeps?\nAnswer:"
STEPS = ["The dog runs. ", "The fox sleeps. ", "The cow eats. ", "So it is red. ", "I am sure. ", "Done."]
TRACE = "".join(STEPS)


class Reasoner(OtherTokenizer):
    """An answer that depends on the second step alone, on the second and the fourth together, or on all steps."""

    together = False
    weights: Sequence[float] = ()

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        return [self._score(request) for request in requests]

    def _score(self, request: ScoreRequest) -> Score:
        context = str(self.tokenizer.decode(list(request.context_ids)))
        assert context.startswith(QUESTION), "the prompt is never left out"
        assert context.endswith("</think>\n\n")
        assert "<think>\n" in context
        found = "fox sleeps" in context and (not self.together or "is red" in context)
        rest = [-0.25] * (len(request.target_ids) - 1)
        first = -0.5 if found else -5.5
        if self.weights:
            first = sum(w for w, step in zip(self.weights, STEPS, strict=True) if step.strip() in context) - 9.0
        return Score((first, *rest), (found,) * len(request.target_ids))


@pytest.fixture
def reasoner(tiny: Engine) -> Reasoner:
    engine = Reasoner(tiny.record, tiny.tokenizer)
    engine.thinking = Thinking(expected=FAMILIES[:1])
    return engine


def sample(make_sample: Callable[..., Sample], **fields: Any) -> Sample:
    return make_sample("s", **{"prompt": QUESTION, "output": "the fox", "thinking": TRACE, "score": 1.0, **fields})


def explained(engine: Engine, one: Sample, *methods: str) -> dict[str, Attribution | Failed]:
    selected = of_sample(TaskResult(suite="evals", task="quiz", samples=[one]), one)
    return explain_sample(engine, RunConfig(), [find(name) for name in methods], selected)


def test_the_step_that_the_answer_depends_on_is_found(reasoner: Reasoner, make_sample: Any) -> None:
    made = explained(reasoner, sample(make_sample), "occlusion", "shapley", "shapley_exact", "lime")
    for method, one in made.items():
        assert isinstance(one, Attribution), method
        assert one.level == "steps"
        assert [feature.text for feature in one.features] == STEPS
        assert [feature.name for feature in one.features] == [f"step {number}" for number in range(1, 7)]
        assert one.prompt == f"{QUESTION}<think>\n{TRACE}\n</think>\n\n"
        assert (one.target, one.sample_id) == ("the fox", "s")
        assert REMARK in str(one.note)
        assert (one.faithfulness["lds"] or 0.0) > 0.85, method
        assert one.verdict != "believable", "chance finds the one step that matters in one of six cases"
        assert int(np.argmax(one.values)) == 1
        if method != "lime":
            assert one.values == pytest.approx([0, 5.0, 0, 0, 0, 0], abs=1e-9)


def test_values_of_several_steps_are_believable(reasoner: Reasoner, make_sample: Any) -> None:
    reasoner.weights = (0.5, 5.0, -1.0, 2.0, 0.0, 0.25)
    for one in explained(reasoner, sample(make_sample), "occlusion", "shapley").values():
        assert isinstance(one, Attribution)
        assert one.values == pytest.approx(reasoner.weights, abs=1e-9)
        assert one.verdict == "believable", one.note


def test_two_steps_that_are_needed_together_share_the_value(reasoner: Reasoner, make_sample: Any) -> None:
    reasoner.together = True
    made = explained(reasoner, sample(make_sample), "shapley_exact", "occlusion")
    shapley, occlusion = made["shapley_exact"], made["occlusion"]
    assert isinstance(shapley, Attribution)
    assert isinstance(occlusion, Attribution)
    assert shapley.values == pytest.approx([0, 2.5, 0, 2.5, 0, 0], abs=1e-9)
    assert occlusion.values == pytest.approx([0, 5.0, 0, 5.0, 0, 0], abs=1e-9)


def test_shapley_over_steps_equals_brute_force_on_a_checkpoint(tiny: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr(tiny, "thinking", Thinking(expected=FAMILIES[:1]))
    traced = with_steps(tiny, QUESTION, TRACE, 8)
    game = prepare(tiny, traced.text, "the fox", max_features=8, unit="steps", spans=traced.spans)
    assert len(game.features) == 6
    expected = brute_force(6, naive_game(tiny, game))
    found = find("shapley_exact").attribute(game, 0)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    assert np.ptp(found.values) > 0.01


def test_gradients_are_summed_over_the_tokens_of_a_step(tiny: Engine, monkeypatch: Any) -> None:
    monkeypatch.setattr(tiny, "thinking", Thinking(expected=FAMILIES[:1]))
    traced = with_steps(tiny, QUESTION, TRACE, 8)
    by_step = prepare(tiny, traced.text, "the fox", max_features=8, unit="steps", spans=traced.spans)
    by_token = prepare(tiny, traced.text, "the fox", max_features=8, unit="tokens")
    method = find("gradient_x_input")
    steps, tokens = method.attribute(by_step, 0).values, method.attribute(by_token, 0).values
    of_position = {p: v for owned, v in zip(by_token.features.positions, tokens, strict=True) for p in owned[:1]}
    expected = [sum(of_position.get(p, 0.0) for p in owned) for owned in by_step.features.positions]
    np.testing.assert_allclose(steps, expected, atol=1e-5)
    shares = find("attention_rollout").attribute(by_step, 0).values
    assert len(shares) == 6
    assert (shares >= 0).all()


def test_long_traces_have_few_steps(reasoner: Reasoner) -> None:
    traced = with_steps(reasoner, QUESTION, "One more step. " * 100, 48)
    assert len(traced.spans) == MOST_STEPS
    assert len(with_steps(reasoner, QUESTION, "One more step. " * 100, 5).spans) == 5
    joined = "".join(traced.text[span.start : span.end] for span in traced.spans)
    assert joined == ("One more step. " * 100).strip()


def test_a_trace_that_cannot_be_put_back_is_one_line(reasoner: Reasoner, make_sample: Any) -> None:
    with pytest.raises(UsageError, match="no reasoning trace: choose another unit"):
        with_steps(reasoner, QUESTION, " \n", 8)
    with pytest.raises(UsageError, match="the prompt ends within a reasoning trace"):
        with_steps(reasoner, f"{QUESTION}<think>\nFirst 3. ", TRACE, 8)
    assert with_steps(reasoner, f"{QUESTION}<think>\nHm.\n</think>\n\n7. And now?", TRACE, 8).spans
    with pytest.raises(UsageError, match="or the prompt closes the trace"):
        with_steps(reasoner, f"{QUESTION}<think>\n\n</think>\n\n", TRACE, 8)
    reasoner.thinking = Thinking()
    [made] = explained(reasoner, sample(make_sample), "occlusion").values()
    assert isinstance(made, Failed)
    assert "names a marker of reasoning traces" in made.reason
    assert "--think-end" in made.reason


def test_a_trace_that_was_changed_before_it_was_stored_is_not_explained(make_sample: Any) -> None:
    assert not_explainable(sample(make_sample)) is None
    for flag in (THINKING_REDACTED, THINKING_WITHHELD):
        assert "was not stored as it was" in str(not_explainable(sample(make_sample, flags=[flag])))


def test_the_checkpoints_own_trace(tiny: Engine, monkeypatch: Any) -> None:
    answers = {
        "thinks": Completion((Generation("7", 9, "stop", thinking="It is 7."),)),
        "does not": Completion((Generation("7", 9, "stop"),)),
        "goes on": Completion((Generation("", 9, "length", thinking="Hm", thinking_closed=False),)),
        "stops": Completion((Generation("", 9, "stop", thinking="Hm", thinking_closed=False),)),
        "is silent": Completion((Generation(" ", 9, "stop", thinking="It is 7."),)),
        "saw less": Completion((Generation("7", 9, "stop", thinking="It is 7."),), 5, truncated=3),
        "fails": Completion(error="NaN logits"),
    }

    def own(name: str) -> tuple[str, str]:
        monkeypatch.setattr(tiny, "generate", lambda _requests: [answers[name]])
        return own_trace(tiny, "x", "choose words")

    assert own("thinks") == ("It is 7.", "7")
    for name, said in (
        ("does not", "the model writes no reasoning trace before its answer: choose words"),
        ("goes on", r"did not end its reasoning trace within 2,048 tokens: choose words"),
        ("stops", "did not end its reasoning trace: choose words"),
        ("is silent", "gives no answer behind its reasoning trace: choose words"),
        ("saw less", "the prompt was cut off: choose words"),
        ("fails", r"writes no reasoning trace before its answer \(NaN logits\): choose words"),
    ):
        with pytest.raises(UsageError, match=said):
            own(name)


@pytest.mark.slow
def test_a_checkpoint_that_thinks_from_its_text_to_the_steps(tiny_model: Path, tmp_path: Path) -> None:
    tokenizer = tokenizer_of(tiny_model, added=["<think>", "</think>"])
    said = "<think>\nThe dog runs. The fox is red. It is late. So 7.\n</think>\n\n7."
    engine = load(str(write(tmp_path, tokenizer, said)), device="cpu")
    trace, answer = own_trace(engine, PROMPT, "choose words")
    assert (trace, answer) == ("The dog runs. The fox is red. It is late. So 7.", "7.")
    traced = with_steps(engine, PROMPT, trace, 24)
    assert traced.text + answer == PROMPT + said, "what is explained is what was written"
    game = prepare(engine, traced.text, answer, max_features=24, unit="steps", spans=traced.spans)
    assert [one.text for one in game.features.records] == [
        "The dog runs. ",
        "The fox is red. ",
        "It is late. ",
        "So 7.",
    ]
