from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.config import ExplainConfig, RunConfig
from audit.core.errors import ConfigError, ScorerError, UsageError
from audit.core.records import Attribution
from audit.explain.attempt import Failed
from audit.explain.attribute import How, attribute_all, attribute_one, draws, is_possible, likeliest, prepare
from audit.explain.methods.perturbation.surrogate import log_odds
from audit.explain.methods.registry import METHODS, Method, check

if TYPE_CHECKING:
    from audit.engine import Engine

TEXT = "Question: which of these is the capital of France?\n\nAnswer:"


PROMPT = "Which is it?\n狗 or 🤖 \x1b[31mred\x1b[0m\nAnswer:"


def test_a_white_box_method_refuses_a_contrast(tiny: Engine) -> None:
    prompt = prepare(tiny, "one two", " x", against=" y", max_features=9)
    with pytest.raises(UsageError, match="explains one target: use occlusion"):
        attribute_one(prompt, METHODS["attention_rollout"], How(seed=1))


def test_white_box_methods_are_possible_only_where_weights_are(tiny: Engine, linear: Any) -> None:
    assert is_possible(linear, METHODS["occlusion"]) is None
    assert is_possible(tiny, METHODS["attention_rollout"]) is None
    assert is_possible(linear, METHODS["attention_rollout"]) == "this checkpoint is not local"


def test_an_unknown_method_is_met_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"explain.methods: unknown attribution method 'oclusion'.*mean 'occlusion'"):
        check(RunConfig(explain=ExplainConfig(methods=["attention_rollout", "oclusion"])))
    with pytest.raises(ConfigError, match="name each method once"):
        check(RunConfig(explain=ExplainConfig(methods=["occlusion", "occlusion"])))
    check(RunConfig(explain=ExplainConfig(methods=list(METHODS))))


@pytest.mark.slow
def test_several_methods_give_what_each_gives_alone(tiny: Engine) -> None:
    methods = [METHODS[name] for name in ("occlusion", "lime", "attention_rollout", "integrated_gradients")]
    together = attribute_all(prepare(tiny, PROMPT, " x", max_features=9), methods, How(seed=1, reason="why"))
    for method, found in zip(methods, together, strict=True):
        alone = attribute_one(prepare(tiny, PROMPT, " x", max_features=9), method, How(seed=1, reason="why"))
        assert isinstance(found, Attribution)
        assert (found.attribution_id, found.evaluations) == (alone.attribution_id, alone.evaluations)
        np.testing.assert_allclose(found.values, alone.values, atol=1e-5)
        assert found.faithfulness == pytest.approx(alone.faithfulness, abs=1e-3)


def test_what_is_known_beforehand_is_scored_in_one_call_and_the_measures_in_another(linear: Any) -> None:
    prompt = prepare(linear, TEXT, " x", max_features=48)
    linear.calls.clear()
    made = attribute_all(prompt, [METHODS["occlusion"], METHODS["lime"]], How(seed=1))
    assert len(linear.calls) == 2
    assert not any(isinstance(one, Failed) for one in made)
    attribute_all(prompt, [METHODS["occlusion"], METHODS["lime"]], How(seed=1))
    assert len(linear.calls) == 2
    assert sum(linear.calls) == prompt.evaluations


def test_a_method_that_fails_leaves_the_others_alone(linear: Any) -> None:
    broken = Method("broken", "", "", _break)
    methods = [broken, METHODS["occlusion"], METHODS["attention_rollout"]]
    failed, made, rollout = attribute_all(
        prepare(linear, TEXT, " x", against=" y", max_features=9), methods, How(seed=1)
    )
    assert isinstance(made, Attribution)
    assert isinstance(failed, Failed)
    assert failed.reason == "it broke"
    assert isinstance(rollout, Failed)
    assert rollout.reason == "method attention_rollout explains one target: use occlusion for a contrast"


@pytest.mark.parametrize(
    "error", [IndexError("out of range"), MemoryError(), RuntimeError("CUDA out of memory\x1b[2J")]
)
def test_a_method_that_crashes_has_given_no_answer(linear: Any, error: Exception) -> None:
    def crash(prompt: Any, seed: int) -> Any:
        raise error

    crashing = Method("crashing", "", "", crash)
    failed, made = attribute_all(
        prepare(linear, TEXT, " x", max_features=9), [crashing, METHODS["occlusion"]], How(seed=1)
    )
    assert isinstance(failed, Failed)
    assert failed.reason.startswith(f"the method broke: {type(error).__name__}")
    assert "\x1b" not in failed.reason
    assert isinstance(made, Attribution)


def test_a_context_that_the_engine_cuts_fails_the_mask(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    score = linear.score
    monkeypatch.setattr(linear, "score", lambda asked: [replace(one, truncated=3) for one in score(asked)])
    with pytest.raises(ScorerError, match="3 tokens of the prompt do not fit"):
        attribute_one(prepare(linear, TEXT, " x", max_features=9), METHODS["occlusion"], How(seed=1))


def test_options_without_a_token_of_their_own_are_no_choice(embedded: Engine) -> None:
    """It would have log P = 0, the likeliest of all."""
    with pytest.raises(ScorerError, match="no token"):
        likeliest(embedded, "He is not hap", [" sad", ""])


def test_the_surrogate_is_judged_in_log_odds(linear: Any) -> None:
    prompt = prepare(linear, "one", " x", max_features=9)
    made = attribute_one(prompt, METHODS["surrogate"], How(seed=1))
    [value] = made.values
    expected = log_odds(np.array([prompt.full, prompt.empty]))
    assert (made.value, made.baseline_value) == pytest.approx(tuple(expected))
    assert value == pytest.approx(made.value - made.baseline_value, rel=0.1)
    assert made.verdict == "do not believe"  # one piece ranks nothing, however right its value
    assert "values are of log-odds" in (made.note or "")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not method.white_box])
def test_any_seed_will_do(linear: Any, name: str) -> None:
    made = attribute_one(prepare(linear, "one two three", " x", max_features=9), METHODS[name], How(seed=2**32 - 1))
    assert np.isfinite(made.values).all()


def _break(prompt: Any, seed: int) -> Any:
    msg = "it broke"
    raise ScorerError(msg)


def test_a_mask_without_an_answer_fails_those_who_ask_for_it(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pieces: the masks of occlusion have answers, the empty prompt has none."""
    score = linear.score

    def some(requests: Any) -> Any:
        given = score(requests)
        empty = [request.context_ids == (linear.prefix_token_id,) for request in requests]
        return [replace(one, error="NaN") if gone else one for one, gone in zip(given, empty, strict=True)]

    monkeypatch.setattr(linear, "score", some)
    prompt = prepare(linear, "one two", " x", max_features=9)
    np.testing.assert_array_less(METHODS["occlusion"].attribute(prompt, 1).values, np.inf)
    [failed] = attribute_all(prompt, [METHODS["occlusion"]], How(seed=1))
    assert isinstance(failed, Failed)
    assert failed.reason == "the target could not be scored with part of the prompt left out: NaN"


def test_only_methods_that_draw_are_run_with_another_seed(linear: Any) -> None:
    assert [draws(METHODS[name], 10) for name in ("occlusion", "lime", "shapley", "shapley_exact")] == [
        False,
        True,
        True,
        False,
    ]
    assert not any(draws(method, 10) for method in METHODS.values() if method.white_box)
    prompt = prepare(linear, TEXT, " x", max_features=48)
    occlusion, lime = attribute_all(prompt, [METHODS["occlusion"], METHODS["lime"]], How(seed=1))
    assert isinstance(occlusion, Attribution)
    assert isinstance(lime, Attribution)
    assert occlusion.faithfulness["stability"] == 1.0
    # A linear game gives its weights back whatever is drawn; equal weights differ by rounding.
    assert float(lime.faithfulness["stability"] or 0) > 0.95


def test_a_run_may_leave_the_second_seed_out(linear: Any) -> None:
    prompt = prepare(linear, TEXT, " x", max_features=48)
    twice = attribute_one(prompt, METHODS["lime"], How(seed=1))
    rows = prompt.evaluations
    prompt = prepare(linear, TEXT, " x", max_features=48)
    once = attribute_one(prompt, METHODS["lime"], How(seed=1, stability=False))
    assert (once.faithfulness["stability"], once.values) == (None, twice.values)
    assert rows - prompt.evaluations > 0.8 * once.evaluations
    assert attribute_one(prompt, METHODS["occlusion"], How(seed=1, stability=False)).faithfulness["stability"] == 1.0
