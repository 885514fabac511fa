"""What drives a kind of answer in a run: which samples are taken, what is found, what stays hidden."""

from __future__ import annotations

import random
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from audit.core.config import ExplainConfig, RunConfig
from audit.core.errors import ScoringUnavailable
from audit.core.progress import Silent
from audit.core.records import Metric, Span, TaskResult
from audit.core.sensitive import OFFENSIVE
from audit.engine import Score
from audit.explain.attribute import How, attribute_one, prepare
from audit.explain.methods.registry import METHODS
from audit.explain.run import drivers, suite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import DrivenAnswers, Sample
    from audit.engine import Engine, ScoreRequest

CAUSE, FILLERS = "always", [f"word{i}" for i in range(30)]


class Planted:
    """Every target is likelier by 3 nats where the context holds the cause; other words are noise."""

    def __init__(self, engine: Engine) -> None:
        self.tokenizer = engine.tokenizer

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        return [self._score(request) for request in requests]

    def _score(self, request: ScoreRequest) -> Score:
        words = self.tokenizer.decode(request.context_ids).split()
        total = sum(self._weight(word, request.target_ids) for word in words) - 20
        rest = len(request.target_ids) - 1
        return Score((total, *[-0.1] * rest), (False,) * (rest + 1))

    def _weight(self, word: str, target: tuple[int, ...]) -> float:
        noise = np.random.default_rng(zlib.crc32(f"{word} {target}".encode())).normal()
        return float(noise + 3.0 * (word == CAUSE))


def task(name: str, samples: list[Sample], **more: Any) -> TaskResult:
    """Errors of a task where higher is better."""
    metric = Metric(
        name=f"{name}/accuracy", suite="evals", task=name, metric="accuracy", value=0.0, n=len(samples),
        higher_is_better=True, primary=True,
    )  # fmt: skip
    return TaskResult(suite="evals", task=name, metrics=[metric], samples=samples, **more)


def errors(make_sample: Callable[..., Sample], name: str, count: int, **fields: Any) -> list[Sample]:
    """Wrong answers to prompts of ten words that hold the cause, of falling confidence."""
    draw = random.Random(name)  # noqa: S311 - no secret
    made = []
    for number in range(count):
        words = draw.sample(FILLERS, 9)
        words.insert(draw.randrange(10), CAUSE)
        given = {"prompt": " ".join(words), "output": f" answer {number}", "score": 0.0}
        given["confidence"] = 0.99 - 0.06 * number
        made.append(make_sample(f"{name}{number}", task=name, **given, **fields))
    return made


def config(count: int, **fields: int) -> RunConfig:
    none = {"errors": 0, "right_answers": 0, "bias_gaps": 0, "harmful_outputs": 0}
    return RunConfig(explain=ExplainConfig(methods=["occlusion"], drivers=count, **none | fields), seed=7)


def group(found: TaskResult, answers: str) -> DrivenAnswers:
    assert found.drivers is not None
    return next(one for one in found.drivers.groups if one.answers == answers)


@pytest.fixture
def planted(linear: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(linear, "score", Planted(linear).score)
    return linear


@pytest.mark.slow
def test_the_planted_cause_is_found_and_nothing_else(planted: Any, make_sample: Callable[..., Sample]) -> None:
    results = [task(name, errors(make_sample, name, 12)) for name in ("one", "two")]
    [found] = suite.explain_results(planted, config(24), results)
    assert (found.suite, found.task, found.metrics, found.not_run) == ("explain", "drivers", [], None)
    mine = group(found, "error")
    assert (mine.samples, mine.failures) == (24, [])
    assert [driver.name for driver in mine.tested if driver.is_driver] == [CAUSE]
    [cause] = [driver for driver in mine.tested if driver.name == CAUSE]
    assert (cause.samples, cause.hidden) == (24, False)
    expected = []
    for sample in (*results[0].samples, *results[1].samples):
        made = attribute_one(
            prepare(planted, sample.prompt, sample.output or "", max_features=48), METHODS["occlusion"], How(seed=1)
        )
        expected.append(made.values[sample.prompt.split().index(CAUSE)])
    assert cause.mean_value == pytest.approx(np.mean(expected))
    for answers in ("right answer", "bias gap", "harmful output"):
        assert (group(found, answers).samples, group(found, answers).tested) == (0, [])


def test_samples_are_taken_from_every_task_in_turn(planted: Any, make_sample: Callable[..., Sample]) -> None:
    results = [task(name, errors(make_sample, name, count)) for name, count in (("one", 6), ("two", 2), ("three", 6))]
    chosen = drivers.select(planted, config(7).explain, results, "error")
    assert [choice.sample.sample_id for choice in chosen] == [
        "one0",
        "two0",
        "three0",
        "one1",
        "two1",
        "three1",
        "one2",
    ]


def test_all_samples_of_all_kinds_are_counted_beforehand(
    planted: Any, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three errors and two right answers, of which one cannot be explained: it is done, too."""
    heard: list[Any] = []

    class Heard(Silent):
        def samples(self, count: int) -> None:
            heard.append(count)

        def sample_done(self) -> None:
            heard.append("done")

    monkeypatch.setattr(planted, "progress", Heard(), raising=False)
    right = [sample.model_copy(update={"score": 1.0}) for sample in errors(make_sample, "right", 2)]
    right[0].output = " long" * 300
    found = drivers.find_drivers(
        planted, config(3), [task("one", errors(make_sample, "one", 3)), task("two", right)], max_tokens=999
    )
    assert [(one.samples, len(one.failures)) for one in found.groups][:2] == [(3, 0), (1, 1)]
    assert heard == [5, *["done"] * 5]


def test_words_of_hidden_texts_alone_are_hidden(planted: Any, make_sample: Callable[..., Sample]) -> None:
    samples = errors(make_sample, "one", 8, flags=[OFFENSIVE])
    for sample in samples:
        sample.spans = [Span(name="question", kind="field", start=0, end=len(sample.prompt) // 2)]
    [found] = suite.explain_results(planted, config(8), [task("one", samples)])
    tested = group(found, "error").tested
    assert {driver.name for driver in tested if driver.kind == "part"} == {"question", "rest of the template"}
    assert all(driver.hidden == (driver.kind == "word") for driver in tested)
    assert CAUSE in {driver.name for driver in tested}
    samples[0].flags.clear()
    [found] = suite.explain_results(planted, config(8), [task("one", samples)])
    shown = set(samples[0].prompt.split())
    words = [driver for driver in group(found, "error").tested if driver.kind == "word"]
    assert all(driver.hidden == (driver.name not in shown) for driver in words)


def test_what_cannot_be_explained_is_counted_with_the_reason(planted: Any, make_sample: Callable[..., Sample]) -> None:
    samples = errors(make_sample, "one", 6)
    samples[2].output = " long" * 300
    [found] = suite.explain_results(planted, config(6), [task("one", samples)])
    mine = group(found, "error")
    assert mine.samples == 5
    [reason] = mine.failures
    assert reason.startswith("evals/one/one2: the model's context has no room")
    [unscored] = found.metrics
    assert (unscored.name, unscored.value, unscored.n) == ("drivers/unscored", 1.0, 6)


def test_where_nothing_could_be_explained_there_is_no_value(planted: Any, make_sample: Callable[..., Sample]) -> None:
    samples = errors(make_sample, "one", 3, flags=[OFFENSIVE])
    for sample in samples:
        sample.output = " vile" * 300
    [found] = suite.explain_results(planted, config(3), [task("one", samples)])
    unscored, explained = found.metrics
    assert (unscored.value, explained.value, explained.n) == (3.0, None, 3)
    assert "the reason" in (explained.error or "")
    assert "vile" not in str(found.drivers), "an error may quote a text that a reader must ask for"


def test_of_one_template_one_sample_is_taken(planted: Any, make_sample: Callable[..., Sample]) -> None:
    alike = errors(make_sample, "one", 4, cluster="template")
    others = errors(make_sample, "two", 2)
    chosen = drivers.select(planted, config(9).explain, [task("one", alike), task("two", others)], "error")
    assert [choice.sample.sample_id for choice in chosen] == ["one0", "two0", "two1"]


def test_a_sample_that_breaks_the_method_costs_that_sample_alone(
    planted: Any, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = planted.score

    def score(requests: Sequence[ScoreRequest]) -> list[Score]:
        if any("answer 3" in planted.tokenizer.decode(request.target_ids) for request in requests):
            raise MemoryError
        return list(whole(requests))

    monkeypatch.setattr(planted, "score", score)
    [found] = suite.explain_results(planted, config(6), [task("one", errors(make_sample, "one", 6))])
    mine = group(found, "error")
    assert (mine.samples, mine.failures) == (5, ["evals/one/one3: the method broke: MemoryError: "])


def test_drivers_come_behind_the_methods_and_the_same_twice(planted: Any, make_sample: Callable[..., Sample]) -> None:
    results = [task("one", errors(make_sample, "one", 6))]
    done = list(suite.explain_results(planted, config(6, errors=1), results))
    assert [result.task for result in done] == ["occlusion", "drivers"]
    assert list(suite.explain_results(planted, config(6), results)) == done[1:]
    assert [result.task for result in suite.explain_results(planted, config(0, errors=1), results)] == ["occlusion"]


def test_without_log_probabilities_it_is_not_run(
    planted: Any, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        msg = "no log-probabilities"
        raise ScoringUnavailable(msg)

    monkeypatch.setattr(planted, "check_scoring", none)
    [done] = suite.explain_results(planted, config(6), [task("one", errors(make_sample, "one", 6))])
    assert (done.drivers, done.not_run) == (None, "no log-probabilities")
