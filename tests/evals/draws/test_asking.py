"""Several answers to each item: seeds, order, and the same answers in one call as one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import EvalsConfig
from audit.core.errors import ConfigError
from audit.core.records import Flag
from audit.evals import suite
from audit.evals.choice.checks import check
from audit.stats.cut_answers import bound_faults, cut_text
from audit.stats.recompute import differences
from tests.evals.test_evaluation import configure, metric

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.core.records import TaskResult
    from audit.engine import Engine
    from tests.evals.conftest import Scripted


def drawing(*names: str, draws: int, **evals: Any) -> RunConfig:
    """Several answers to each item, at a temperature."""
    config = configure(*names)
    more = {"samples_per_item": draws, "gen_kwargs": {"temperature": 0.8, "max_gen_toks": 4}, **evals}
    return config.model_copy(update={"evals": config.evals.model_copy(update=more)})


def one(engine: Engine, config: RunConfig) -> TaskResult:
    """The result of its one task."""
    (result,) = suite.run_tasks(engine, config)
    assert result.not_run is None, result.not_run
    return result


@pytest.mark.usefixtures("rows")
def test_all_draws_are_asked_at_once_and_scored_one_by_one(scripted: Scripted) -> None:
    scripted.texts = [f"It is {number}." for number in (2, 2, 5)]
    result = one(scripted, drawing("mgsm_en", draws=3))
    assert len(scripted.asked) == 3
    assert len({request.seed for request in scripted.asked}) == 3
    (sample,) = result.samples
    assert sample.output == "It is 2."
    assert [text.value for text in sample.completions] == [1, 1, 0]
    assert sample.score == pytest.approx(2 / 3)
    assert metric(result, "exact_match").value == pytest.approx(2 / 3)
    assert metric(result, "mean_squared_error").value == pytest.approx(3)
    assert metric(result, "pass_at_1").value == pytest.approx(2 / 3)
    assert metric(result, "pass_at_2").value == 1
    assert metric(result, "majority_vote").value == 1
    assert metric(result, "exact_match_spread").value == pytest.approx((1 / 3) ** 0.5)
    assert result.settings["samples_per_item"] == 3
    assert {one.settings["samples_per_item"] for one in result.metrics} == {3}
    assert [one.metric for one in result.metrics if one.primary] == ["exact_match"]


@pytest.mark.usefixtures("rows")
def test_cut_answers_leave_bounds(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.engine import Completion, Generation

    def generate(requests: list[Any]) -> list[Completion]:
        reasons = ("stop", "length")
        return [
            Completion((Generation("It is 2.", 3, reason),), 7) for _, reason in zip(requests, reasons, strict=True)
        ]

    monkeypatch.setattr(scripted, "generate", generate)
    result = one(scripted, drawing("mgsm_en", draws=2))
    assert [Flag.TRUNCATED_OUTPUT in text.flags for text in result.samples[0].completions] == [False, True]
    found = {one.metric: one.value for one in result.metrics}
    assert [found[f"{name}_if_cut_wrong"] for name in ("exact_match", "pass_at_1", "pass_at_2")] == [0.5, 0.5, 1]
    assert [found[f"{name}_if_cut_right"] for name in ("exact_match", "pass_at_1", "pass_at_2")] == [1, 1, 1]
    assert [*bound_faults(result.metrics, result.samples)] == []
    cut = metric(result, "truncated_outputs")
    assert (cut.value, cut.n, (cut.definition or {})["name"]) == (1, 2, "flagged_completions")
    assert cut_text(metric(result, "exact_match"), result.metrics).startswith("1 of 2 answers cut by the token limit: ")
    assert [*differences(cut, result.samples, interval=False)] == []
    assert (metric(result, "truncated_prompts").n, metric(result, "unparsed_answers").n) == (1, 2)


def test_marks_between_right_and_wrong_have_no_bounds(
    scripted: Scripted, rows: dict[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit.engine import Completion, Generation

    cut = Completion((Generation("The Author and others", 3, "length"),), 7)
    monkeypatch.setattr(scripted, "generate", lambda requests: [cut for _ in requests])
    result = one(scripted, drawing("nq_open", draws=2))
    names = {one.metric for one in result.metrics}
    assert "exact_match_if_cut_wrong" in names
    assert not any(name.startswith("word_f1_if") for name in names)
    assert 0 < metric(result, "word_f1").value < 1
    assert rows["nq_open"]


@pytest.mark.slow
@pytest.mark.usefixtures("rows")
def test_the_first_answer_is_that_of_a_run_with_one(tiny: Engine) -> None:
    """And one more draw leaves the answers of the others as they were."""
    config = drawing("asdiv", draws=1)
    alone = one(tiny, config)
    two, three = (one(tiny, drawing("asdiv", draws=draws)) for draws in (2, 3))
    assert not any(sample.completions for sample in alone.samples)
    for single, pair, triple in zip(alone.samples, two.samples, three.samples, strict=True):
        assert single.sample_id == pair.sample_id
        assert single.output == pair.completions[0].text
        assert [text.text for text in pair.completions] == [text.text for text in triple.completions[:2]]
    assert any(len({text.text for text in sample.completions}) > 1 for sample in three.samples)


@pytest.mark.usefixtures("rows")
def test_likelihood_tasks_are_asked_once(scripted: Scripted) -> None:
    result = one(scripted, drawing("piqa", draws=4))
    assert not any(sample.completions for sample in result.samples)
    assert "samples_per_item" not in result.settings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gen_kwargs": {}}, "samples_per_item: 4 greedy answers are all the same: set a temperature"),
        ({"gen_kwargs": {"temperature": 0.0}}, "set a temperature"),
        ({"gen_kwargs": {"temperature": 1.0}, "robustness": {"perturbations": ["typos"]}}, "leave out --perturb"),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str) -> None:
    config = configure("asdiv")
    evals = EvalsConfig.model_validate({"tasks": ["asdiv"], "samples_per_item": 4, **given})
    with pytest.raises(ConfigError, match=message):
        check(config.model_copy(update={"evals": evals}))
