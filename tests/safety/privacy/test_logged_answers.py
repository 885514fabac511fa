"""Logged answers: what is personal goes, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Flag, Sample, SampledText
from audit.core.records.logged import LoggedAnswers, LoggedSample, LoggedTask
from audit.safety.privacy.logged_answers import without_personal_data
from audit.safety.privacy.redaction import redact

KEY = b"0123456789abcdef0123456789abcdef"
PERSONAL = "ask jane@mail.org"


def logged(resps: list[list[str]], filtered: list[Any], **metrics: Any) -> LoggedTask:
    """A task of one item with one filter."""
    filters = [LoggedAnswers(filter="none", filtered_resps=filtered, metrics=metrics)]
    item = LoggedSample(
        sample_id="7", doc_id=0, doc={}, target="a", arguments=[["p", {}]] * len(resps), resps=resps,
        doc_hash="0", prompt_hash="0", target_hash="0", filters=filters,
    )  # fmt: skip
    return LoggedTask(task="t", config={"output_type": "generate_until"}, samples=[item])


def stored(*texts: str, flags: dict[int, Flag] | None = None, **more: Any) -> Sample:
    """The item as it is stored, its texts redacted."""
    completions = [
        SampledText(text=text, flags=[flags[place]] if flags and place in flags else [])
        for place, text in enumerate(texts)
    ]
    given = {"sample_id": "7", "suite": "evals", "task": "t", "prompt": "p", "output": texts[0], **more}
    sample = Sample.model_validate({**given, "completions": completions if len(texts) > 1 else []})
    return redact([sample], KEY)[0][0]


def kept(task: LoggedTask, sample: Sample) -> tuple[Any, Any, dict[str, Any]]:
    (item,) = without_personal_data(task, [sample]).samples
    return item.resps, item.filters[0].filtered_resps, item.filters[0].metrics


def test_only_the_answer_with_personal_data_goes() -> None:
    texts = ["fine", PERSONAL, "good"]
    resps, filtered, metrics = kept(logged([texts], [texts], acc=1.0, right=True), stored(*texts))
    assert resps == [["fine", None, "good"]]
    assert filtered == [["fine", None, "good"]]
    assert metrics == {"acc": 1.0, "right": True}


def test_of_several_requests_that_one_alone_changes() -> None:
    texts = ["fine", PERSONAL]
    assert kept(logged([["fine"], [PERSONAL]], ["fine", PERSONAL]), stored(*texts))[:2] == (
        [["fine"], [None]],
        ["fine", None],
    )


def test_what_a_filter_took_from_the_answer_goes_with_it() -> None:
    """Bare digits are no finding without the word before them; the filter keeps the digits alone."""
    texts = ["SSN: 536904399", "The answer is 12"]
    assert kept(logged([texts], ["536904399"]), stored(*texts))[:2] == ([[None, "The answer is 12"]], [None])
    assert kept(logged([texts], ["12"]), stored(*texts))[1] == ["12"]
    assert kept(logged([texts], [536904399]), stored(*texts))[1] == [None]


def test_an_answer_that_another_one_gives_away_goes_too() -> None:
    texts = ["SSN: 536904399", "and 536904399 again", "fine"]
    assert kept(logged([texts], [None]), stored(*texts))[0] == [[None, None, "fine"]]


def test_what_corpus_metrics_are_computed_from_goes() -> None:
    metrics = kept(logged([[PERSONAL]], [PERSONAL], chrf=["a", PERSONAL], acc=0), stored(PERSONAL))[2]
    assert metrics == {"chrf": None, "acc": 0}


@pytest.mark.parametrize("flag", [Flag.REDACTED, Flag.WITHHELD, Flag.THINKING_REDACTED, Flag.THINKING_WITHHELD])
def test_an_answer_goes_with_its_reasoning_trace(flag: Flag) -> None:
    assert kept(logged([["fine", "good"]], [None]), stored("fine", "good", flags={1: flag}))[0] == [["fine", None]]
    alone = stored("fine", flags=None).model_copy(update={"flags": [flag]})
    assert kept(logged([["fine"]], ["fine"]), alone)[:2] == ([[None]], [None])


def test_an_answer_that_no_stored_text_holds_is_searched() -> None:
    """The item keeps its first answer alone."""
    assert kept(logged([["fine", PERSONAL]], ["fine"]), stored("fine"))[:2] == ([["fine", None]], ["fine"])
    assert kept(logged([["fine", "good"]], ["fine"]), stored("fine"))[0] == [["fine", "good"]]
    assert kept(logged([["fine", "good"]], ["fine"]), stored("fine", flags=None, thinking=PERSONAL))[0] == [[None] * 2]


def test_harmless_answers_and_likelihoods_stay_as_they_are() -> None:
    task = logged([["fine", "good"]], ["fine"], chrf=["a", "fine"])
    assert without_personal_data(task, [stored("fine", "good")]) == task
    scored = logged([[PERSONAL]], [PERSONAL]).model_copy(update={"config": {"output_type": "loglikelihood"}})
    assert without_personal_data(scored, [stored(PERSONAL)]) == scored
