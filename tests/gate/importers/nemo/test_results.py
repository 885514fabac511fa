"""Results of a bundle: repeats become completions, and a result that the tool's own logs contradict is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import Flag, SampledText, digest_of
from audit.gate.importers.contract import ImportedItem
from audit.gate.importers.nemo.results import NemoResults
from tests.gate.importers.nemo.conftest import failed, result, results, write_lines

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, lines: list[dict[str, Any]], repeats: int = 2) -> NemoResults:
    write_lines(folder / "results.jsonl", lines)
    return NemoResults(folder / "results.jsonl", repeats)


def test_items_are_known_by_prompt_and_answer_whatever_the_order_and_the_model(tmp_path: Path) -> None:
    items = read(tmp_path, results()).items(["reward", "pass_at_2"])
    assert [item.fields["problem_idx"] for item in items] == [0, 1, 2]
    assert [item.score for item in items] == [0.5, 1.0, 0.0]
    assert [item.scores["pass_at_2"] for item in items] == [1.0, 1.0, 0.0]
    assert [one.value for one in items[0].completions] == [1.0, 0.0]
    assert (items[1].prompt, items[1].reference, items[1].output) == ("What is 1 + 1?", "2", "2")
    others = read(tmp_path, [one | {"model_response": "?", "scoring_details": {}} for one in results()])
    assert [item.digest for item in others.items(["reward"])] == [item.digest for item in items]
    for change in ({"expected_answer": "other"}, {"prompt": "Other?"}):
        changed = [one | change if one["problem_idx"] == 1 else one for one in results()]
        alike = [a.digest == b.digest for a, b in zip(read(tmp_path, changed).items(["reward"]), items, strict=True)]
        assert alike == [True, False, True]


def test_the_tools_logs_say_how_an_answer_ended(tmp_path: Path) -> None:
    ended = [
        {"_type": "meta", "config_hash": "x"},
        {"problem_idx": 0, "repeat": 0, "response": "old", "finish_reason": "stop"},
        {"problem_idx": 0, "repeat": 0, "response": "1", "finish_reason": "length", "prompt_tokens": 5},
        {"problem_idx": 0, "repeat": 1, "response": "2", "finish_reason": "stop", "completion_tokens": 7},
    ]
    write_lines(tmp_path / "inference_log.jsonl", ended)
    found = read(tmp_path, [result(0, 0, 1.0), result(0, 1, 0.0)])
    [item] = found.items(["reward"])
    assert item.flags == (Flag.TRUNCATED_OUTPUT,)
    assert [one.finish_reason for one in item.completions] == ["length", "stop"]
    assert (item.tokens_in, item.tokens_out) == (5, 7)
    assert [file.name for file in found.files] == ["results.jsonl", "inference_log.jsonl"]


def test_one_repeat_is_the_answer_itself(tmp_path: Path) -> None:
    found = read(tmp_path, [result(0, 0, 1.0)], repeats=1)
    [item] = found.items(["reward"])
    assert (item.completions, item.score, item.output) == ([], 1.0, "1")
    assert found.is_balanced


def test_a_problem_that_failed_in_every_repeat_is_unscored(tmp_path: Path) -> None:
    found = read(tmp_path, [failed(0, 0), failed(0, 1), result(1, 0, 1.0), failed(1, 1)])
    lost, kept = found.items(["reward", "pass_at_2", "exact"])
    assert lost.error == "the tool failed on it: HTTP 400"
    assert (lost.score, lost.output) == (None, None)
    assert (kept.score, kept.scores["pass_at_2"], kept.scores["exact"], kept.error) == (1.0, None, 1.0, None)
    assert (found.failed, found.is_balanced, found.mean_reward()) == (3, False, 0.25)


def test_pass_at_k_is_the_unbiased_estimate(tmp_path: Path) -> None:
    """Of four repeats one is right: two of the six pairs lack it in half of the cases (Chen et al., 2021)."""
    lines = [result(0, repeat, float(repeat == 2)) for repeat in range(4)]
    found = read(tmp_path, lines, repeats=4)
    assert found.headline("pass@2") == pytest.approx(3 / 6)
    assert found.headline("pass@4") == 1.0
    assert found.headline("pass@1") == 0.25


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (result(0, 1, 1.0, prompt="Other?"), r"line 2: .*problem 0 has another prompt or answer than before"),
        (result(0, 1, 1.0, scoring_details={"method": "byob_x", "correct": False}), r"reward 1, but correct is false"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(tmp_path: Path, line: dict[str, Any], fault: str) -> None:
    with pytest.raises(EvidenceInvalid, match=fault):
        read(tmp_path, [result(0, 0, 1.0), line])


def test_a_judges_reward_may_differ_from_the_first_check(tmp_path: Path) -> None:
    details = {"method": "byob_x", "correct": False, "judge": {"normalized": 0.7}}
    assert read(tmp_path, [result(0, 0, 0.7, scoring_details=details)], 1).mean_reward() == 0.7


@pytest.mark.parametrize(
    ("name", "row", "fault"),
    [
        ("inference_log.jsonl", {"response": "other"}, r"model_response is not the response in inference_log"),
        ("verified_log.jsonl", {"reward": 0.0}, r"reward 1, in verified_log\.jsonl 0\.0"),
    ],
)
def test_another_answer_or_reward_in_the_tools_logs_is_refused(
    tmp_path: Path, name: str, row: dict[str, Any], fault: str
) -> None:
    write_lines(tmp_path / name, [{"problem_idx": 0, "repeat": 0, **row}])
    with pytest.raises(EvidenceInvalid, match=fault):
        read(tmp_path, [result(0, 0, 1.0)])


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ([result(1, 0, 1.0), result(1, 0, 1.0)], r"line 2: problem 1, repeat 0 occurs twice: two logs were joined"),
        ([result(0, 0, float("nan"))], r"line 1: its reward is not a finite number"),
        ([result(0, 0, 1.0) | {"reward": "1"}], r"line 1: 'reward' is a text"),
        ([{"repeat": 0}], r"line 1: no 'problem_idx'"),
    ],
)
def test_results_that_cannot_be_read_are_one_line(tmp_path: Path, lines: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        read(tmp_path, lines)


def test_a_failure_without_a_message_is_known_by_its_category(tmp_path: Path) -> None:
    lines = [failed(0, repeat, error="", error_category="infra_error") for repeat in (0, 1)]
    found = read(tmp_path, [*lines, result(1, 0, 1.0), result(1, 1, 1.0)])
    assert found.failed == 2
    assert [item.score for item in found.items(["reward"])] == [None, 1.0]
    assert found.items(["reward"])[0].error == "the tool failed on it: infra_error"


def test_an_item_with_everything_that_its_results_say(tmp_path: Path) -> None:
    ended = {"problem_idx": 0, "repeat": 1, "response": "3", "finish_reason": "length", "completion_tokens": 7}
    write_lines(tmp_path / "inference_log.jsonl", [ended])
    broken = {"method": "byob_x", "correct": True, "scorer:exact": {"error": "KeyError"}}
    lines = [result(0, 1, 0.0, model_response="3"), result(0, 0, True, scoring_details=broken)]
    found = read(tmp_path, lines)
    labels: list[dict[str, float | None]] = [{"reward": 1.0, "exact": None}, {"reward": 0.0, "exact": 0.0}]
    assert found.items(["reward", "pass_at_2", "exact"]) == [
        ImportedItem(
            place=f"{tmp_path / 'results.jsonl'}: line 2",
            digest=digest_of("What is 0 + 1?", "1"),
            fields={"category": "even", "problem_idx": 0},
            prompt="What is 0 + 1?",
            reference="1",
            output="1",
            completions=[
                SampledText(text="1", value=1.0, labels=labels[0]),
                SampledText(
                    text="3",
                    value=0.0,
                    labels=labels[1],
                    flags=[Flag.TRUNCATED_OUTPUT],
                    finish_reason="length",
                    tokens_out=7,
                ),
            ],
            answered_by="generation",
            score=0.5,
            scores={"reward": 0.5, "pass_at_2": 1.0, "exact": 0.0},
            flags=(Flag.TRUNCATED_OUTPUT,),
            tokens_out=7,
        )
    ]
    assert (found.broken, found.failed, found.is_balanced) == ({"exact"}, 0, True)


def test_a_failed_repeat_says_so(tmp_path: Path) -> None:
    details = {"error": f"HTTP\n{'4' * 400}", "error_category": "infra_error", "scorer:exact": {"correct": True}}
    [item] = read(tmp_path, [failed(0, 0, **details), result(0, 1, 1)]).items(["reward", "exact"])
    assert (item.output, item.flags, item.error) == (None, (), None)
    assert item.completions == [
        SampledText(
            text=None, labels={"reward": None, "exact": None}, error=f"the tool failed on it: HTTP {'4' * 295}"
        ),
        SampledText(text="1", value=1.0, labels={"reward": 1.0, "exact": 1.0}),
    ]


@pytest.mark.parametrize(
    ("details", "failure"),
    [
        ({"judge": {"error": "no judge"}}, "the tool failed on it: no judge"),
        ({"judge": {"score": 5}}, None),
        ({"judge": "none"}, None),
        ({"error": "a remark"}, None),  # without a category
        ({"error": "late", "error_category": "timeout", "judge": {"error": "no judge"}}, "the tool failed on it: late"),
    ],
)
def test_what_counts_as_a_failure(tmp_path: Path, details: dict[str, Any], failure: str | None) -> None:
    found = read(tmp_path, [result(0, 0, 1.0, scoring_details=details)], 1)
    assert found.rows[0, 0].failure() == failure
    assert found.items(["reward"])[0].score == (None if failure else 1.0)


@pytest.mark.parametrize(
    ("scored", "value", "is_broken"),
    [
        ({"correct": True}, 1.0, False),
        ({"correct": False}, 0.0, False),
        ({"correct": True, "error": "a remark"}, 1.0, False),
        ({"error": "KeyError", "reward": 0.0}, None, True),
        ({}, 0.0, False),
        ("none", None, False),
    ],
)
def test_the_score_of_a_further_scorer(tmp_path: Path, scored: object, value: float | None, is_broken: bool) -> None:
    details = {"scorer:exact": scored, "other": {"error": "KeyError"}, "scorer:second": None}
    found = read(tmp_path, [result(0, 0, 0.5, scoring_details=details)], 1)
    assert found.items(["exact", "second"])[0].scores == {"exact": value, "second": None}
    assert found.broken == ({"exact"} if is_broken else set())


@pytest.mark.parametrize(
    "details",
    [
        {"correct": "no", "method": "byob_x"},
        {"correct": True},
        {"correct": True, "method": "other"},
        {"method": "byob_x"},
    ],
)
def test_only_the_tools_own_methods_give_a_reward_of_0_or_1(tmp_path: Path, details: dict[str, Any]) -> None:
    assert read(tmp_path, [result(0, 0, 0.0, scoring_details=details)], 1).mean_reward() == 0.0


def test_an_item_without_an_answer_or_tokens_in_the_logs(tmp_path: Path) -> None:
    for name, row in (
        ("inference_log.jsonl", {"response": "1", "finish_reason": 5}),
        ("verified_log.jsonl", {"reward": 1}),
    ):
        write_lines(tmp_path / name, [{"problem_idx": 0, "repeat": 0, **row}])
    found = read(tmp_path, [result(0, 0, 1.0, expected_answer=None), result(0, 1, 1.0, expected_answer=None)])
    assert [file.name for file in found.files] == ["results.jsonl", "inference_log.jsonl", "verified_log.jsonl"]
    [item] = found.items(["reward"])
    assert (item.reference, item.tokens_in, item.tokens_out, item.flags) == ("", 0, 0, ())
    assert [(one.finish_reason, one.tokens_out) for one in item.completions] == [(None, 0), (None, 0)]


def test_means_over_problems_with_unequal_repeats(tmp_path: Path) -> None:
    """Problem 0: 1 and 0; problem 1: 1 alone. Problem 2: 1 and 1, so two of three problems have pass@2."""
    rewards = {(0, 0): 1.0, (0, 1): 0.0, (1, 0): 1.0, (2, 0): 1.0, (2, 1): 1.0}
    found = read(tmp_path, [result(*key, value) for key, value in rewards.items()])
    assert not found.is_balanced
    assert found.mean_reward() == 4 / 5
    assert found.headline("mean_reward") == pytest.approx((0.5 + 1 + 1) / 3)
    assert found.headline("pass@2") == 1.0
    assert found.headline("pass@3") == 0.0
    assert [item.scores["pass_at_2"] for item in found.items(["pass_at_2"])] == [1.0, None, 1.0]
    lines = [
        result(0, 0, 1.0),
        result(0, 1, 0.0),
        failed(0, 2),
        result(1, 0, 0.25, scoring_details={}),
        result(1, 1, 0.0),
    ]
    found = read(tmp_path, lines, 3)
    assert [item.scores["pass_at_2"] for item in found.items(["pass_at_2"])] == [None, 1.0]
    assert found.headline("pass@1") == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert found.headline("pass@2") == pytest.approx((2 / 3 + 1) / 2)
    assert found.headline("mean_reward") == pytest.approx((1 / 3 + 0.125) / 2)
