from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import ExplainConfig, RunConfig
from audit.core.errors import ConfigError, ScorerError, ScoringUnavailable, WhiteBoxUnavailable
from audit.core.progress import Silent
from audit.core.records import Choice, Metric, Sample, TaskResult
from audit.engine import ScoreRequest
from audit.explain.methods.attention import attention
from audit.explain.run import suite

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine import Engine


class Heard(Silent):
    """Remembers which tasks began."""

    def __init__(self) -> None:
        self.tasks: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.notes: list[str] = []
        self.requests = 0
        self.counted: list[int] = []
        self.explained = 0

    def samples(self, count: int) -> None:
        self.counted.append(count)

    def sample_done(self) -> None:
        self.explained += 1

    def step(self, message: str) -> None:
        self.notes.append(message)

    def start(self, requests: int) -> None:
        self.requests += requests

    def task(self, suite: str, task: str) -> None:
        self.tasks.append((suite, task))

    def say(self, message: str) -> None:
        self.said.append(message)


def config(*methods: str, **fields: int) -> RunConfig:
    return RunConfig(explain=ExplainConfig(methods=list(methods), **fields), seed=7)


def results(make_sample: Callable[..., Sample], *outputs: str) -> list[TaskResult]:
    tasks = []
    for index, output in enumerate(outputs):
        task = f"quiz{index}"
        metric = Metric(
            name=f"{task}/accuracy",
            suite="evals",
            task=task,
            metric="accuracy",
            value=0.0,
            n=1,
            higher_is_better=True,
            primary=True,
        )
        sample = make_sample(
            f"s{index}",
            task=task,
            prompt=f"Question {index}: which animal sleeps, the dog or the fox?\nAnswer:",
            output=output,
            score=0.0,
            confidence=0.9,
        )
        tasks.append(TaskResult(suite="evals", task=task, metrics=[metric], samples=[sample]))
    return tasks


def test_each_method_explains_each_chosen_sample(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    heard = Heard()
    tiny.progress = heard
    try:
        done = list(
            suite.explain_results(tiny, config("occlusion", "attention_rollout"), results(make_sample, " fox", " dog"))
        )
    finally:
        tiny.progress = Silent()
    assert [result.task for result in done] == ["occlusion", "attention_rollout"]
    assert heard.tasks == [("explain", "occlusion, attention_rollout")], "they share their work"
    assert (heard.counted, heard.explained) == ([2], 2), "the number of samples is known from the start"
    [line] = heard.notes
    told = re.fullmatch(
        r"of these: shared by the methods (\d+) requests, \d+ s; occlusion (\d+) requests, \d+ s;"
        r" attention_rollout (\d+) requests and 2 passes, \d+ s",
        line,
    )
    assert told is not None, line
    assert sum(map(int, told.groups())) == heard.requests
    for result in done:
        assert [one.sample_id for one in result.attributions] == ["s0", "s1"]
        assert [one.target for one in result.attributions] == [" fox", " dog"]
        by_name = {metric.metric: metric for metric in result.metrics}
        gains = [one.faithfulness["deletion_auc_gain"] for one in result.attributions]
        assert by_name["deletion_auc_gain"].value == pytest.approx(sum(gains) / 2)
        assert (by_name["deletion_auc_gain"].unit, by_name["deletion_auc_gain"].n) == ("nats", 2)
        assert by_name["deletion_auc_gain"].primary
        assert (by_name["deletion_auc_gain"].chance, by_name["believable"].chance) == (0, None)
        assert all(metric.words for metric in result.metrics)
        assert result.words is not None
        assert result.words.title == f"Explanations by {result.task.replace('_', ' ')}"
        assert (by_name["unscored"].value, by_name["unscored"].n) == (0.0, 2)
        believable = [one.verdict == "believable" for one in result.attributions]
        assert by_name["believable"].value == sum(believable) / 2


OPTIONS = [" fox", " dog", " the lazy"]


def choices(engine: Engine, make_sample: Callable[..., Sample]) -> list[TaskResult]:
    """A question with options, answered with the likeliest."""
    [task] = results(make_sample, " fox")
    [sample] = task.samples
    scores = engine.score([engine.encode_pair(sample.prompt, option) for option in OPTIONS])
    totals = [score.total for score in scores]
    chosen = totals.index(max(totals))
    sample.output = OPTIONS[chosen]
    sample.choice = Choice(options=OPTIONS, log_likelihoods=totals, chosen=chosen)
    return [task]


@pytest.mark.slow
def test_a_choice_has_its_counterfactual_in_the_first_record(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    tasks = choices(tiny, make_sample)
    rollout, occlusion, lime = suite.explain_results(tiny, config("attention_rollout", "occlusion", "lime"), tasks)
    search = occlusion.attributions[0].counterfactual
    assert search is not None
    assert search.answer == tasks[0].samples[0].output
    assert 0 < search.evaluations <= 2 * suite.COUNTERFACTUAL_BUDGET
    for found in search.found:
        scores = tiny.score(
            [ScoreRequest(found.context_ids, tiny.encode_pair("x", option).target_ids) for option in OPTIONS]
        )
        best = max(zip(scores, OPTIONS, strict=True), key=lambda pair: pair[0].total)[1]
        assert best == found.after != search.answer
    for other in (rollout, lime):
        assert [one.counterfactual for one in other.attributions] == [None]
    [free] = suite.explain_results(tiny, config("occlusion"), results(make_sample, " fox"))
    assert free.attributions[0].counterfactual is None


def test_a_search_that_fails_costs_no_attribution(
    tiny: Engine, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(prompt: Any, *, budget: int) -> Any:
        msg = "a changed prompt could not be scored: NaN"
        raise ScorerError(msg)

    monkeypatch.setattr(suite, "smallest_removal", fail)
    heard = Heard()
    tiny.progress = heard
    try:
        [done] = suite.explain_results(tiny, config("occlusion"), choices(tiny, make_sample))
    finally:
        tiny.progress = Silent()
    assert [one.counterfactual for one in done.attributions] == [None]
    assert heard.said == ["evals/quiz0/s0: no search for a counterfactual: a changed prompt could not be scored: NaN"]


def test_two_runs_give_the_same_values(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    first, second = (
        [
            attribution.model_dump(exclude={"seconds"})
            for result in suite.explain_results(tiny, config("occlusion", "lime"), results(make_sample, " fox"))
            for attribution in result.attributions
        ]
        for _ in range(2)
    )
    assert first == second


def test_a_sample_that_cannot_be_explained_is_counted_and_the_reason_shown(
    tiny: Engine, make_sample: Callable[..., Sample]
) -> None:
    [done] = suite.explain_results(tiny, config("occlusion"), results(make_sample, " fox", " long" * 300))
    by_name = {metric.metric: metric for metric in done.metrics}
    assert len(done.attributions) == 1
    assert (by_name["unscored"].value, by_name["unscored"].n) == (1.0, 2)
    assert "evals/quiz1/s1" in str(by_name["unscored"].note)


def test_a_white_box_method_is_not_run_where_the_checkpoint_is_not_local(
    linear: Any, make_sample: Callable[..., Sample]
) -> None:
    rollout, occlusion = suite.explain_results(
        linear, config("attention_rollout", "occlusion"), results(make_sample, " fox")
    )
    assert rollout.not_run == "this checkpoint is not local"
    assert len(occlusion.attributions) == 1


def test_a_server_without_log_probabilities_runs_no_method(
    tiny: Engine, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> None:
        msg = "no log-probabilities"
        raise ScoringUnavailable(msg)

    monkeypatch.setattr(tiny, "check_scoring", none)
    done = list(suite.explain_results(tiny, config("occlusion", "attention_rollout"), results(make_sample, " fox")))
    assert [result.not_run for result in done] == ["no log-probabilities"] * 2


def test_an_architecture_without_attentions_is_counted_too(
    tiny: Engine, make_sample: Callable[..., Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(prompt: Any) -> Any:
        msg = "gives no full attention weights"
        raise WhiteBoxUnavailable(msg)

    monkeypatch.setattr(attention, "of_target", none)
    [done] = suite.explain_results(tiny, config("attention_rollout"), results(make_sample, " fox"))
    gain, _, unscored = done.metrics
    assert (gain.value, unscored.value, unscored.n) == (None, 1.0, 1)
    assert "gives no full attention weights" in str(gain.error)


def test_a_run_without_errors_says_so(tiny: Engine) -> None:
    [done] = suite.explain_results(tiny, config("occlusion"), [])
    found = {metric.metric: metric for metric in done.metrics}
    assert (found["unscored"].value, found["unscored"].n) == (0.0, 0)
    for name in ("deletion_auc_gain", "believable"):
        assert found[name].value is None
        assert found[name].error == "no task left a sample that is worth explaining"


def test_nothing_asked_for_is_nothing_done(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    assert list(suite.explain_results(tiny, config(), results(make_sample, " fox"))) == []
    assert (
        list(
            suite.explain_results(
                tiny, config("occlusion", errors=0, bias_gaps=0, harmful_outputs=0), results(make_sample, " fox")
            )
        )
        == []
    )


def test_an_unknown_method_stops_before_anything_runs(linear: Any) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'occlusion'"):
        next(suite.explain_results(linear, config("oclusion"), []))
    assert linear.calls == []


def test_long_prompts_get_fewer_features(tiny: Engine, make_sample: Callable[..., Sample]) -> None:
    [task] = results(make_sample, " fox")
    task.samples[0].prompt = "The dog sleeps. " * 12 + "Answer:"
    tokens = len(tiny.encode(task.samples[0].prompt)) + len(tiny.encode(" fox"))
    [done] = suite.explain_results(tiny, config("occlusion", max_features=8), [task])
    assert len(done.attributions[0].features) <= max(4, 8 * suite.TOKENS_PER_FEATURE // tokens)
