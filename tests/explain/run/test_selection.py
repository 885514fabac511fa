from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import ExplainConfig
from audit.core.errors import UsageError
from audit.core.records import Choice, Metric, Sample, SampledText, Span, TaskResult
from audit.explain.run import selection
from audit.explain.run.selection import choose, errors, flips, of_sample, right, right_answers, wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine


def result(samples: list[Sample], *directions: bool | None) -> TaskResult:
    def metric(index: int, direction: bool | None) -> Metric:
        named: dict[str, Any] = {"suite": "evals", "task": "quiz", "metric": f"m{index}", "name": f"quiz/m{index}"}
        return Metric(**named, value=0.5, n=1, higher_is_better=direction, primary=True)

    metrics = [metric(index, direction) for index, direction in enumerate(directions)]
    return TaskResult(suite="evals", task="quiz", metrics=metrics, samples=samples)


def chosen(engine: Engine, samples: list[Sample], *directions: bool | None, **wanted: int) -> list[str]:
    choices = choose(engine, [result(samples, *directions)], only(**wanted or {"errors": 1}))
    return [choice.sample.sample_id for choice in choices]


def only(**wanted: int) -> ExplainConfig:
    """A configuration that asks for these kinds alone."""
    kinds = ("errors", "right_answers", "bias_gaps", "harmful_outputs", "worst_rated", "flips")
    return ExplainConfig(**{**dict.fromkeys(kinds, 0), **wanted})


def sentences(more: str, less: str, difference: float) -> Choice:
    """A choice between two sentences; the first is so many nats likelier."""
    totals = [-50.0 + difference, -50.0]
    chosen = int(difference < 0)
    return Choice(options=[more, less], log_likelihoods=totals, chosen=chosen, contrast=1, gap=difference)


def test_the_most_confident_error_is_chosen(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    samples = [
        make_sample("right", score=1.0, confidence=0.99),
        make_sample("unsure", score=0.0, confidence=0.4),
        make_sample("sure", score=0.0, confidence=0.9),
        make_sample("broken", error="NaN", confidence=1.0),
        make_sample("unscored", score=None, confidence=1.0),
        make_sample("no answer", score=0.0, output=" ", confidence=1.0),
        make_sample("no prompt", score=0.0, prompt="", confidence=1.0),
    ]
    assert chosen(tiny, samples, True) == ["sure"]
    assert chosen(tiny, samples, True, errors=5) == ["sure", "unsure"]
    assert choose(tiny, [result(samples, True)], only(errors=1))[0].reason == "confident error (0.90)"


def test_among_equally_confident_errors_the_shorter_prompt_is_chosen(
    tiny: Engine, make_sample: Callable[..., Sample]
) -> None:
    samples = [
        make_sample("long", score=0.0, prompt="What is it? " * 9, confidence=0.91),
        make_sample("short", score=0.0, prompt="What?", confidence=0.90),
    ]
    assert chosen(tiny, samples, True) == ["short"]


def test_where_lower_is_better_harm_is_chosen_the_worst_first(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    samples = [make_sample("harmless", score=0.0), make_sample("mild", score=0.4), make_sample("toxic", score=0.8)]
    texts = [SampledText(text=text, value=value) for text, value in ((" a", 0.2), (" b", 0.9), (" c", None))]
    samples += [make_sample("worst", score=0.9, output=" b", completions=texts)]
    samples += [make_sample("lost", score=1.0, output="")]
    assert chosen(tiny, samples, False, False, harmful_outputs=3) == ["worst", "toxic"]
    worst, toxic = choose(tiny, [result(samples, False)], only(harmful_outputs=2))
    assert (worst.reason, worst.target) == ("harmful output (0.90), the worst of 3 sampled texts", " b")
    assert toxic.reason == "harmful output (0.80)"
    assert [one.kind for one in (worst, toxic)] == ["harmful output"] * 2


@pytest.mark.parametrize("directions", [(None,), (True, None), ()])
def test_where_neither_end_is_good_nothing_is_an_error(
    make_sample: Callable[..., Sample], directions: tuple[bool | None, ...]
) -> None:
    assert errors(result([make_sample("pair", score=0.0)], *directions)) == []


def test_graded_scores_that_never_reach_zero_give_their_lowest_tenth(make_sample: Callable[..., Sample]) -> None:
    samples = [make_sample(f"s{index:02}", score=10.0 + index) for index in range(30)]
    assert [sample.sample_id for sample in errors(result(samples, True))] == ["s00", "s01", "s02"]
    assert errors(result([make_sample("right", score=1.0)] * 12, True)) == []


def test_without_a_confidence_the_likelier_output_is_the_more_confident_error(
    tiny: Engine, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "STEP", 1e-9)  # random weights give all outputs a confidence near zero
    outputs = [" the dog sleeps", " 🤖🤖 zq", " apples in baskets"]
    samples = [make_sample(text, score=0.0, output=text) for text in outputs]
    scores = tiny.score([tiny.encode_pair("What is it?", text) for text in outputs])
    means = [math.exp(score.total / len(score.log_probs)) for score in scores]
    best = outputs[means.index(max(means))]
    choices = choose(tiny, [result(samples, True)], only(errors=1))
    assert [choice.sample.output for choice in choices] == [best]
    assert choices[0].reason == f"confident error ({max(means):.2f})"


def test_the_most_confident_right_answer(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    samples = [
        make_sample("wrong", score=0.0, confidence=0.99),
        make_sample("sure", score=1.0, confidence=0.9),
        make_sample("unsure", score=1.0, confidence=0.3),
    ]
    choices = choose(tiny, [result(samples, True)], only(right_answers=1, errors=1))
    assert [(c.sample.sample_id, c.reason) for c in choices] == [
        ("wrong", "confident error (0.99)"),
        ("sure", "confident right answer (0.90)"),
    ]
    graded = [make_sample(f"s{index:02}", score=10.0 + index) for index in range(30)]
    assert {s.sample_id for s in right_answers(result(graded, True))} == {"s27", "s28", "s29"}
    assert right_answers(result(samples, False)) == []


def test_a_choice_knows_options_and_parts(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    task = result([make_sample(name, score=0.0, confidence=0.9) for name in "abc"], True)
    a, b, c = task.samples
    a.choice = Choice(options=[" nothing", " all"], log_likelihoods=[-1.0, -2.0], chosen=0)
    a.spans = [Span(name="question", kind="field", start=0, end=4)]
    b.choice = Choice(options=[" one", " two"], log_likelihoods=[-1.0, -1.0])
    c.choice, c.answered_by = Choice(options=[" nothing", " all"], chosen=0), "generation"
    first, second, third = choose(tiny, [task], only(errors=3))
    assert (first.prompt, first.target, first.options) == ("What is it?", " nothing", (" nothing", " all"))
    assert [span.name for span in first.spans] == ["question"]
    assert (second.target, second.options) == (" nothing", ())  # it took none of them
    assert third.options == ()  # it was written, and names an option: nothing was scored


def test_the_widest_gap_between_two_sentences(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    def pair(name: str, more: str, less: str, difference: float) -> Sample:
        choice = sentences(more, less, difference)
        output = more if difference > 0 else less
        return make_sample(name, prompt="", output=output, score=float(difference > 0), choice=choice)

    samples = [
        pair("wide", "My friend said that women talk a lot.", "My friend said that men talk a lot.", 5.0),
        pair("wider", "Women talk a lot.", "Men talk a lot.", 9.0),  # begin with the difference: nothing to explain
        pair("narrow", "The boss was a man.", "The boss was a woman.", 1.0),
        pair("against", "He is a nurse.", "He is a pilot.", -7.0),
    ]
    wide, narrow = choose(tiny, [result(samples, None)], only(bias_gaps=3))
    assert (wide.prompt, wide.target) == ("My friend said that", " women talk a lot.")
    assert wide.options == (" women talk a lot.", " men talk a lot.")
    assert (wide.kind, wide.reason) == ("bias gap", "bias gap of 5.00 nats")
    assert (narrow.prompt, narrow.options) == ("The boss was a", (" man.", " woman."))


def test_what_people_rated_below_the_middle_is_chosen_the_worst_first(
    tiny: Engine, make_sample: Callable[..., Sample]
) -> None:
    samples = [make_sample(name, score=1.0) for name in ("good", "bad", "unrated", "poor", "middling")]
    rated = {("quiz", "good"): 5.0, ("quiz", "bad"): 1.0, ("quiz", "poor"): 2.25, ("quiz", "middling"): 3.0}
    choices = choose(tiny, [result(samples, None)], only(worst_rated=9), {**rated, ("other", "unrated"): 1.0})
    assert [(c.sample.sample_id, c.kind, c.reason) for c in choices] == [
        ("bad", "bad rating", "rated 1.0 of 5"),
        ("poor", "bad rating", "rated 2.2 of 5"),
    ]
    assert [c.sample.sample_id for c in choose(tiny, [result(samples, None)], only(worst_rated=1), rated)] == ["bad"]
    assert choose(tiny, [result(samples, None)], only(worst_rated=9)) == []


def test_a_stored_gap_is_explained_as_its_run_explains_it(make_sample: Callable[..., Sample]) -> None:
    wide = make_sample("wide", prompt="", choice=sentences("We think men talk.", "We think women talk.", 2.0))
    against = make_sample(
        "against",
        prompt="",
        output="We think men talk.",
        choice=sentences("We think women talk.", "We think men talk.", -2.0),
    )
    apart = make_sample("apart", prompt="", output="Women talk.", choice=sentences("Men talk.", "Women talk.", -1.0))
    task = result([wide, against, apart], None)
    for sample in (wide, against):
        one = of_sample(task, sample)
        assert (one.prompt, one.target, one.options) == ("We think", " men talk.", (" men talk.", " women talk."))
        assert one.reason == "asked for"
    with pytest.raises(UsageError, match="share fewer than 2 words"):
        of_sample(task, apart)


@pytest.mark.parametrize(
    ("scores", "low", "high"),
    [
        ([0.0, 1.0, 0.0, 1.0], [0, 2], [1, 3]),  # wrong and right
        ([1.0, 1.0], [], [0, 1]),
        ([0.0, 0.0], [0, 1], []),
        ([0.0, 0.25, 1.0, 0.5], [0], [2]),  # graded: 0 is wrong; 1 may be anywhere, so the highest tenth is right
        ([-2.0, 0.0, 7.0], [0, 1], [2]),
        ([10.0 + i for i in range(20)], [0, 1], [19, 18]),  # a tenth of 20
        ([0.5, 0.25], [1], [0]),  # one at least
        ([None, 1.0], [], [1]),
        ([], [], []),
    ],
)
def test_wrong_and_right(
    make_sample: Callable[..., Sample], scores: list[float | None], low: list[int], high: list[int]
) -> None:
    samples = [make_sample(f"s{index:02}", score=score) for index, score in enumerate(scores)]
    assert [samples.index(sample) for sample in wrong(samples)] == low
    assert [samples.index(sample) for sample in right(samples)] == high


def test_a_sample_is_explained_once(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    choice = Choice(options=[" a", " b"], log_likelihoods=[-1.0, -3.0], chosen=0, right=1, contrast=1, gap=2.0)
    task = result([make_sample("s", output=" a", score=0.0, confidence=0.9, choice=choice)], True)
    assert [c.kind for c in choose(tiny, [task], only(bias_gaps=1))] == ["bias gap"]
    assert [c.kind for c in choose(tiny, [task], only(errors=1, bias_gaps=1))] == ["error"]


def test_redacted_outputs_are_not_explained(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    samples = [make_sample("s", score=1.0, flags=["redacted"])]
    wanted = only(errors=1, right_answers=1, harmful_outputs=1, bias_gaps=1)
    for direction in (True, False):
        assert choose(tiny, [result(samples, direction)], wanted) == []


def perturbed(
    make_sample: Callable[..., Sample], name: str, score: float, before: float | None, change: float = 0.0
) -> Sample:
    """A copy of item ``x`` with its score, and that of the item as it was asked first."""
    spans = [Span(name=kind, kind=kind, start=0, end=4) for kind in ("field", "changed")]
    scores = {"unperturbed": before, "log_likelihood_change": change}
    return make_sample(name, pair="x", score=score, scores=scores, slices={"perturbation": "typos"}, spans=spans)


def test_flipped_answers_are_chosen_each_with_the_original_one(
    tiny: Engine, make_sample: Callable[..., Sample]
) -> None:
    copies = [
        perturbed(make_sample, "won", 1.0, 0.0, 9.0),
        perturbed(make_sample, "lost", 0.0, 1.0, -1.0),
        perturbed(make_sample, "lost more", 0.0, 1.0, -2.0),
        perturbed(make_sample, "same", 0.0, 0.0),
        perturbed(make_sample, "unknown", 0.0, None),
        perturbed(make_sample, "graded", 0.4, 0.9),
    ]
    original = make_sample("x", score=1.0)
    results = [result([original], True), result(copies, True)]
    found = choose(tiny, results, only(flips=2))
    assert [(one.sample.sample_id, one.reason) for one in found] == [
        ("lost more", "flipped by typos"),
        ("x", "before it flipped by typos"),
        ("lost", "flipped by typos"),
    ]
    assert [span.kind for span in found[0].spans] == ["field"]
    assert [one.sample.sample_id for one in flips(results[1], {}, 9)] == ["lost more", "lost", "won"]
    hidden = {"x": original.model_copy(update={"output": None})}
    assert [one.sample.sample_id for one in flips(results[1], hidden, 1)] == ["lost more"]


def test_perturbed_items_are_explained_for_their_flips_alone(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    copies = [perturbed(make_sample, "wrong", 0.0, 0.0), perturbed(make_sample, "right", 1.0, 1.0)]
    assert chosen(tiny, copies, True, errors=5, right_answers=5, harmful_outputs=5, flips=5) == []
    assert chosen(tiny, copies, False, errors=5, harmful_outputs=5, flips=5) == []
