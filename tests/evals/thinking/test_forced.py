"""The task of forced answers, with a checkpoint whose words are written down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import EvalsConfig, RunConfig
from audit.core.errors import CheckpointError, ConfigError, SettingUnavailable
from audit.core.records import Flag
from audit.engine import Completion, Generation
from audit.engine.thinking import FAMILIES, Thinking
from audit.evals import suite
from audit.evals.thinking import forced
from audit.evals.thinking.cutting import SHORT, UNCOUNTED
from audit.evals.thinking.forced import GOES_ON, PROMPT_CUT
from audit.stats.cut_answers import bound_faults
from audit.stats.recompute import recomputed
from tests.evals.conftest import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import TaskResult
    from audit.engine import Engine, GenerateRequest

    Says = Callable[[str], Completion]

TRACE = "I add them. 1 and 1 is 2."
MARK = "</think>\n\nFinal Answer:"


class Written(Scripted):
    """Answers each prompt by a function."""

    def __init__(self, real: Engine, says: Says) -> None:
        super().__init__(real)
        self.says = says
        self.thinking = Thinking(expected=FAMILIES[:1], tokens=200)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """What the function says."""
        self.asked += requests
        return [self.says(request.prompt) for request in requests]

    def counted(self, trace: str, prompt: str) -> int:
        """Tokens of a trace that the checkpoint opens and ends itself."""
        return len(self.encode_answer(prompt, f"<think>\n{trace}\n</think>").target_ids)


def text(said: str, thinking: str | None = None, tokens: int = 0, **more: Any) -> Completion:
    given = {"finish_reason": "stop", **more}
    return Completion((Generation(said, tokens + 3, thinking=thinking, thinking_tokens=tokens, **given),), 7)


def run(engine: Engine, name: str = "mgsm_en", budgets: Sequence[int] = (12, 100), **more: Any) -> list[TaskResult]:
    evals = EvalsConfig.model_validate(
        {"tasks": [name], "bootstrap_resamples": 100, "thinking_budgets": [*budgets], **more}
    )
    return list(suite.run_tasks(engine, RunConfig(evals=evals, offline=True, chat_template="off")))


@pytest.fixture
def written(tiny: Engine, rows: dict[str, list[dict[str, Any]]]) -> Callable[[Says], Written]:
    rows["mgsm_en"] = [{"question": f"How many are {n}?", "number": 2.0} for n in range(3)]
    return lambda says: Written(tiny, says)


def test_answers_in_time_stay_and_others_are_forced(written: Callable[[Says], Written]) -> None:
    def says(prompt: str) -> Completion:
        if prompt.endswith(MARK):
            return text("\n 2.", finish_reason="length") if "are 1?" in prompt else text(" 5.")
        if "are 0?" in prompt:
            return text("It is 2.")
        return text("It is 2.", TRACE, engine.counted(TRACE, prompt))

    engine = written(says)
    plain, result = run(engine)
    assert [one.score for one in plain.samples] == [1.0, 1.0, 1.0]
    assert result.task == "mgsm_en_forced"
    assert [one.prompt.endswith(MARK) for one in engine.asked] == [False] * 3 + [True] * 2
    assert engine.asked[3].max_new_tokens == engine.asked[0].max_new_tokens
    assert engine.asked[3].stop == tuple(stop for stop in engine.asked[0].stop if stop.strip())
    first, second, third, *later = result.samples
    assert (first.output, first.thinking_tokens, first.scores["forced"]) == ("It is 2.", 0, 0.0)
    assert (second.output, second.score, second.scores["without_forcing"]) == ("2.", 1.0, 0.0)
    assert (third.output, third.score, third.thinking_tokens) == ("5.", 0.0, 12)
    assert second.thinking
    assert TRACE.startswith(second.thinking)
    assert second.prompt == plain.samples[1].prompt
    assert second.spans == plain.samples[1].spans
    assert Flag.TRUNCATED_OUTPUT in second.flags
    assert [(one.score, one.scores["forced"], one.output) for one in later] == [(1.0, 0.0, "It is 2.")] * 3
    assert [one.pair for one in later] == [one.sample_id for one in plain.samples]
    assert len({one.sample_id for one in (*result.samples, *plain.samples)}) == 9
    values = {(one.metric, (one.slice or {}).get("thinking_budget")): one.value for one in result.metrics}
    assert values["exact_match", "12"] == pytest.approx(2 / 3)
    assert values["exact_match_if_cut_wrong", "12"] == pytest.approx(1 / 3)
    assert values["exact_match_if_cut_right", "12"] == pytest.approx(2 / 3)
    assert values["exact_match", "100"] == 1.0
    assert values["exact_match", None] == pytest.approx(5 / 6)
    assert values["exact_match_if_cut_wrong", None] == pytest.approx(4 / 6)
    assert values["exact_match_in_time", "12"] == pytest.approx(1 / 3)
    assert (values["forced", "12"], values["forced", "100"]) == (pytest.approx(2 / 3), 0.0)
    assert (values["unscored", None], values["truncated_outputs", None]) == (0, 1)
    assert [one.metric for one in result.metrics if one.primary] == ["exact_match"]
    assert list(bound_faults(result.metrics, result.samples)) == []
    assert [recomputed(one, result.samples) for one in result.metrics] == result.metrics
    for one in result.metrics:
        assert (one.settings["forces"], one.settings["thinking_budgets"]) == ("mgsm_en", [12, 100])


def test_what_cannot_be_forced_is_unscored_with_its_reason(written: Callable[[Says], Written]) -> None:
    def says(prompt: str) -> Completion:
        if prompt.endswith(MARK):
            behind = {"are 0?": replace(text("2."), truncated=3), "are 1?": text("2.", "Hm.", 4)}
            return next((one for key, one in behind.items() if key in prompt), Completion(error="logits are NaN"))
        if "are 2?" in prompt and not refusing:
            return text("2.", TRACE, 0)
        return Completion(error="lost") if refusing else text("2.", TRACE, engine.counted(TRACE, prompt))

    refusing, engine = False, written(says)
    _, result = run(engine, budgets=[12])
    assert [one.error for one in result.samples] == [PROMPT_CUT, GOES_ON, UNCOUNTED]
    late = {"forced": 1.0, "without_forcing": 0.0}
    assert [(one.score, one.scores) for one in result.samples] == [(None, late), (None, late), (None, {})]
    values = {one.metric: one for one in result.metrics}
    assert (values["exact_match_in_time"].value, values["exact_match_in_time"].n) == (0.0, 2)
    assert (values["forced"].value, values["forced"].n) == (1.0, 2)
    assert values["unscored"].value == 3
    assert (values["exact_match"].value, values["exact_match"].n) == (None, 0)
    assert [recomputed(one, result.samples) for one in result.metrics] == result.metrics


def test_failures_of_the_engine_and_of_first_answers(written: Callable[[Says], Written]) -> None:
    def says(prompt: str) -> Completion:
        if prompt.endswith(MARK) or "are 2?" in prompt:
            return Completion(error="logits are NaN")
        if "are 1?" in prompt:
            return text("", TRACE, 9, finish_reason="length", thinking_closed=False)
        return text("2.", TRACE, engine.counted(TRACE, prompt))

    engine = written(says)
    _, result = run(engine, budgets=[10])
    assert [one.error for one in result.samples] == ["logits are NaN", SHORT.format(9), "logits are NaN"]
    assert [one.output for one in result.samples] == [None] * 3
    assert [one.scores.get("forced") for one in result.samples] == [1.0, None, None]


def test_what_came_in_time_is_what_the_curve_says_where_forced_answers_are_of_no_use(
    written: Callable[[Says], Written],
) -> None:
    def says(prompt: str) -> Completion:
        if prompt.endswith(MARK):
            return text("2.", "Hm.", 4)
        trace = f"{TRACE} {TRACE}" if "are 1?" in prompt else TRACE
        return text("It is 2.") if "are 0?" in prompt else text("2.", trace, engine.counted(trace, prompt))

    engine = written(says)
    plain, result = run(engine, budgets=[32])
    shortest = next(one for one in plain.metrics if one.metric == "exact_match_within_budget")
    in_time = next(one for one in result.metrics if one.metric == "exact_match_in_time")
    assert in_time.slice == shortest.slice == {"thinking_budget": "32"}
    assert in_time.value == shortest.value == pytest.approx(2 / 3)
    assert in_time.n == shortest.n == 3
    unscored = next(one for one in result.metrics if one.metric == "unscored")
    assert (unscored.value, unscored.n) == (1, 3)


def test_where_there_is_nothing_to_force(written: Callable[[Says], Written], rows: dict[str, Any]) -> None:
    engine = written(lambda _: text("It is 2."))
    _, without = run(engine)
    assert (without.task, without.optional) == ("mgsm_en_forced", False)
    assert without.not_run == forced.NO_TRACE.format("mgsm_en")
    engine.says = lambda prompt: text("It is 2.", TRACE, engine.counted(TRACE, prompt))
    _, corpus = run(engine, "translation_en_de")
    assert corpus.not_run == forced.NO_MEAN.format("translation_en_de")
    assert corpus.optional is False
    assert [one.task for one in run(engine, "commonsenseqa")] == ["commonsenseqa"]


def test_a_task_without_traces_lacks_nothing_where_another_has_some(
    written: Callable[[Says], Written], rows: dict[str, Any]
) -> None:
    rows["mgsm_de"] = [{"question": "Wie viel ist 1?", "number": 2.0}]
    engine = written(lambda _: text("It is 2."))

    def says(prompt: str) -> Completion:
        return text("It is 2.", TRACE, engine.counted(TRACE, prompt)) if "How" in prompt else text("Es ist 2.")

    engine.says = says
    evals = EvalsConfig.model_validate({"tasks": ["mgsm_de", "mgsm_en"], "thinking_budgets": [100]})
    found = list(suite.run_tasks(engine, RunConfig(evals=evals, offline=True, chat_template="off")))
    assert [(one.task, one.not_run is None, one.optional) for one in found] == [
        ("mgsm_de", True, False),
        ("mgsm_en", True, False),
        ("mgsm_en_forced", True, False),
        ("mgsm_de_forced", False, True),
    ]
    assert [one.task for one in run(engine, budgets=[])] == ["mgsm_en"]


def test_a_task_that_samples_by_itself_has_no_greedy_beginning(written: Callable[[Says], Written]) -> None:
    engine = written(lambda prompt: text("2.", TRACE, engine.counted(TRACE, prompt)))
    plain, _ = run(engine)

    class Sampling:
        OUTPUT_TYPE = "generate_until"

        def get_config(self, _name: str) -> dict[str, Any]:
            return {"do_sample": True, "temperature": 0.7, "until": None}

    task: Any = Sampling()
    config = RunConfig(evals=EvalsConfig(thinking_budgets=[4]))
    (refused,) = forced.force_answers(engine, config, task, plain, None)
    assert refused.not_run == forced.SAMPLED.format("mgsm_en")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (ValueError("of the task"), "mgsm_en_forced cannot run here: ValueError: of the task"),
        (SettingUnavailable("not here"), "not here"),
    ],
)
def test_a_fault_costs_the_forced_answers_alone(
    written: Callable[[Says], Written], monkeypatch: pytest.MonkeyPatch, fault: Exception, reason: str
) -> None:
    def broken(*_: object) -> None:
        raise fault

    engine = written(lambda prompt: text("2.", TRACE, engine.counted(TRACE, prompt)))
    monkeypatch.setattr(forced, "evaluate", broken)
    plain, result = run(engine)
    assert (plain.not_run, result.not_run, result.optional) == (None, reason, False)
    fault = CheckpointError("gone")
    with pytest.raises(CheckpointError, match="gone"):
        run(engine)


def test_a_checkpoint_whose_text_cannot_be_continued_is_refused(written: Callable[[Says], Written]) -> None:
    engine = written(lambda _: text("2."))
    engine.thinking = replace(engine.thinking, assumed=FAMILIES[0])
    with pytest.raises(ConfigError, match=r"set evals\.forced_opening to ''"):
        run(engine)
    assert len(run(engine, forced_opening="")) == 2
    engine._tokenizer = None
    with pytest.raises(ConfigError, match="name one with --tokenizer"):
        run(engine)
    engine.applies_chat_template = True  # type: ignore[attr-defined] # as servers have it
    with pytest.raises(ConfigError, match="use a server with /completions, or a local checkpoint"):
        run(engine)
