"""The smallest change that changes an answer: compared with all subsets, and run on the checkpoint."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.errors import ScorerError, UsageError
from audit.core.records import Span
from audit.engine import Score, ScoreRequest
from audit.explain.attribute import prepare
from audit.explain.counterfactual import removals_and_swaps, smallest_removal, swapped, swaps

if TYPE_CHECKING:
    from audit.engine import Engine
    from audit.explain.prompt.game import MaskedPrompt

TEXT = "The quick fox and the lazy dog sleep"
OPTIONS = (" apples", " the dog", " 42")


def preferred(prompt: MaskedPrompt, context: tuple[int, ...]) -> str:
    """The likeliest option, asked of the engine without the code under test."""
    totals = [score.total for score in prompt.engine.score([ScoreRequest(context, i) for i in prompt.continuations])]
    return [prompt.target, *prompt.alternatives][int(np.argmax(totals))]


def choice(engine: Engine, text: str = TEXT) -> MaskedPrompt:
    return prepare(engine, text, OPTIONS[0], options=OPTIONS, max_features=20)


def smallest_size(prompt: MaskedPrompt) -> int | None:
    """Size of the smallest removal that changes the choice, by running all subsets."""
    count = len(prompt.features)
    before = preferred(prompt, prompt.features.context([True] * count))
    for size in range(1, count + 1):
        for absent in itertools.combinations(range(count), size):
            context = prompt.features.context([index not in absent for index in range(count)])
            if preferred(prompt, context) != before:
                return size
    return None


@pytest.mark.slow
@pytest.mark.parametrize("text", [TEXT, "Dogs bark at a cat", "One two three four five", "我喜欢猫，但是他喜欢狗。"])
def test_no_smaller_removal_changes_the_choice(tiny: Engine, text: str) -> None:
    prompt = choice(tiny, text)
    done = smallest_removal(prompt)
    size = smallest_size(prompt)
    assert [len(found.features) for found in done.found] == ([size] if size else [])
    assert done.complete == (size - 1 if size else len(prompt.features))
    assert done.answer == preferred(prompt, prompt.features.request.context_ids)
    for found in done.found:
        assert (found.change, found.proof) == ("removal", "smallest")
        assert preferred(prompt, found.context_ids) == found.after != done.answer


class Weighted:
    """Log-probability of each target: the sum of its weights over the words of the context."""

    def __init__(self, engine: Engine, weights: dict[str, dict[str, float]], *, greedy_above: float = 0.0) -> None:
        self.tokenizer, self.weights, self.greedy_above = engine.tokenizer, weights, greedy_above
        self.asked = 0

    def score(self, requests: list[ScoreRequest]) -> list[Score]:
        self.asked += len(requests)
        return [self._score(request) for request in requests]

    def _score(self, request: ScoreRequest) -> Score:
        words = self.tokenizer.decode(request.context_ids).split()
        held = self.weights.get(self.tokenizer.decode(request.target_ids).strip(), {})
        total = sum(held.get(word, 0.0) for word in words)
        rest = len(request.target_ids) - 1
        return Score((total - 10, *[-0.1 / max(rest, 1)] * rest), (total > self.greedy_above,) * (rest + 1))


WORDS = " ".join(f"w{i}" for i in range(24))


def test_the_set_that_is_needed_is_found(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Option A leads by three words of 2 and has a lead of 3 left when one of them is gone: two must go."""
    weights = {"A": {"w3": 2.0, "w9": 2.0, "w17": 2.0}, "B": {"w0": 3.0}}
    engine = Weighted(linear, weights)
    monkeypatch.setattr(linear, "score", engine.score)
    prompt = prepare(linear, WORDS, " A", options=(" A", " B"), max_features=99)
    done = smallest_removal(prompt)
    [found] = done.found
    assert (found.change, done.answer, found.after, found.proof) == ("removal", " A", " B", "smallest")
    assert len(found.features) == 2
    assert set(found.features) < {3, 9, 17}
    assert done.complete == 1


def test_beyond_the_budget_the_set_is_irreducible(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {"A": {f"w{i}": 2.0 for i in (2, 5, 8, 11, 14)}, "B": {"w0": 0.5}}
    engine = Weighted(linear, weights)
    monkeypatch.setattr(linear, "score", engine.score)
    prompt = prepare(linear, WORDS, " A", options=(" A", " B"), max_features=99)
    engine.asked = 0
    done = smallest_removal(prompt, budget=100)
    [found] = done.found
    assert (found.features, found.proof, done.complete) == ((2, 5, 8, 11, 14), "irreducible", 1)
    assert done.evaluations <= 200
    assert engine.asked <= 2 * (done.evaluations + 2)
    values = [float(index > 0) for index in range(24)]  # an attribution that knows little: the rest is put back
    [again] = smallest_removal(prompt, values, budget=100).found
    assert again.features == (2, 5, 8, 11, 14)
    values[0] = 2.0  # one that is wrong: without the first word no beginning of its order changes the answer
    [third] = smallest_removal(prompt, values, budget=150).found
    assert third.features == (2, 5, 8, 11, 14)
    assert smallest_removal(prompt, budget=100, greedy=False).found == []


@pytest.mark.parametrize("budget", [1, 5, 23, 24, 30, 48, 60])
def test_the_budget_is_kept(linear: Any, monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
    """What the budget does not let run is not claimed."""
    weights = {"A": {f"w{i}": 2.0 for i in (2, 5, 8, 11, 14)}, "B": {"w0": 0.5}}
    monkeypatch.setattr(linear, "score", Weighted(linear, weights).score)
    prompt = prepare(linear, WORDS, " A", options=(" A", " B"), max_features=99)
    values = [float(index > 0) for index in range(24)]
    for done in (smallest_removal(prompt, budget=budget), smallest_removal(prompt, values, budget=budget)):
        assert done.evaluations <= 2 * budget
        assert done.complete <= (budget >= 24)
        for found in done.found:
            assert preferred(prompt, found.context_ids) == " B"
            assert set(found.features) >= {2, 5, 8, 11, 14}
            assert found.proof == "sufficient" or len(found.features) == 5


def test_nothing_changes_what_no_removal_can_change(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "score", Weighted(linear, {"B": {"one": -1.0}}).score)
    prompt = prepare(linear, "one two three", " A", options=(" A", " B"), max_features=9)
    done = smallest_removal(prompt)
    assert (done.found, done.answer, done.complete, done.evaluations) == ([], " A", 3, 7)


def test_without_alternatives_the_answer_stops_being_greedy(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "score", Weighted(linear, {"A": {"two": 1.0}}).score)
    prompt = prepare(linear, "one two three", " A", max_features=9)
    done = smallest_removal(prompt)
    [found] = done.found
    assert (found.features, done.answer, found.after) == ((1,), " A", None)
    monkeypatch.setattr(linear, "score", Weighted(linear, {}).score)
    done = smallest_removal(prepare(linear, "one two three", " A", max_features=9))
    assert (done.answer, done.found, done.evaluations) == (None, [], 0)


def test_greedy_answers_of_the_engine(tiny: Engine) -> None:
    from audit.engine import GenerateRequest

    text = "The quick brown fox jumps"
    answer = tiny.generate([GenerateRequest(text, max_new_tokens=2)])[0].generations[0].text
    prompt = prepare(tiny, text, answer, max_features=9)
    [score] = tiny.score([prompt.features.request])
    done = smallest_removal(prompt)
    if not score.is_greedy:  # the text was tokenised otherwise than it was generated
        assert done.answer is None
    else:
        [found] = done.found
        [changed] = tiny.score([ScoreRequest(found.context_ids, prompt.continuations[0])])
        assert not changed.is_greedy


@pytest.mark.slow
def test_a_contrast_changes_its_sign(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, OPTIONS[0], against=OPTIONS[1], max_features=20)
    done = smallest_removal(prompt)
    for found in done.found:
        mask = np.array([[index not in found.features for index in range(len(prompt.features))]])
        assert np.sign(prompt(mask)[0]) != np.sign(prompt.full)
    assert bool(done.found) == (smallest_size(prompt) is not None)


FIELDS = "Context one.\nA. stone\nB. apple pie\nAnswer:"


def fields(engine: Engine, options: tuple[str, ...] = OPTIONS) -> MaskedPrompt:
    names = {"question": "Context one.", "option A": "stone", "option B": "apple pie"}
    spans = [
        Span(name=name, kind="field", start=FIELDS.index(text), end=FIELDS.index(text) + len(text))
        for name, text in names.items()
    ]
    return prepare(engine, FIELDS, options[0], options=options, unit="fields", spans=spans, max_features=9)


def test_a_swap_exchanges_two_fields_and_nothing_else(tiny: Engine) -> None:
    prompt = fields(tiny)
    context = swapped(prompt, 1, 2)
    assert tiny.tokenizer.decode(context) == "Context one.\nA. apple pie\nB. stone\nAnswer:"
    assert sorted(context) == sorted(prompt.features.request.context_ids)
    assert swapped(prompt, 2, 1) == context


def test_swaps_that_change_the_choice_are_those_that_do(tiny: Engine) -> None:
    options = (" apples", " the", " 42", " fox", " dog", " x")
    prompt = fields(tiny, options)
    before = preferred(prompt, prompt.features.request.context_ids)
    expected = {
        pair for pair in itertools.combinations(range(3), 2) if preferred(prompt, swapped(prompt, *pair)) != before
    }
    found = swaps(prompt)
    assert {one.features for one in found} == expected
    for one in found:
        assert preferred(prompt, one.context_ids) == one.after
        assert (one.change, one.proof) == ("swap", None)
    both = removals_and_swaps(prompt)
    assert both.found == [*smallest_removal(prompt).found, *found]
    assert (both.answer, both.swaps) == (before, 3)


def test_order_sensitive_choices_are_caught(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint that picks whatever option stands first."""

    def score(requests: list[ScoreRequest]) -> list[Score]:
        answers = []
        for request in requests:
            text, target = linear.tokenizer.decode(request.context_ids), linear.tokenizer.decode(request.target_ids)
            place = text.find(target.strip())
            answers.append(Score((-1.0 - place,) * len(request.target_ids), (True,) * len(request.target_ids)))
        return answers

    monkeypatch.setattr(linear, "score", score)
    prompt = fields(linear, (" stone", " apple pie"))
    [found] = swaps(prompt, [(1, 2)])
    assert (found.after, found.change) == (" apple pie", "swap")


def test_wrong_features_are_refused(tiny: Engine) -> None:
    prompt = choice(tiny)
    for pairs in ([(0, 0)], [(0, 99)], [(-1, 1)]):
        with pytest.raises(UsageError, match="cannot swap"):
            swaps(prompt, pairs)
    assert swaps(prompt) == []  # words have no names


def test_a_failure_of_the_engine_is_told(linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = prepare(linear, "one two", " A", against=" B", max_features=9)
    monkeypatch.setattr(linear, "score", lambda requests: [Score((), (), error="NaN")] * len(requests))
    with pytest.raises(ScorerError, match="NaN"):
        smallest_removal(prompt)
    cut = [Score((-1.0,), (True,), truncated=3)]
    monkeypatch.setattr(linear, "score", lambda requests: cut * len(requests))
    with pytest.raises(ScorerError, match="3 tokens of the prompt do not fit"):
        smallest_removal(prompt)
