"""Reviews as items: repeats, predictions that were not reviewed, and lines that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import Flag, SampledText, digest_of
from audit.gate.importers.contract import ImportedItem
from audit.gate.importers.evalscope.reviews import Review, is_about, items, read_reviews
from tests.gate.importers.evalscope.conftest import prediction, review, write_lines

if TYPE_CHECKING:
    from pathlib import Path

ACCURACY = {"accuracy": ("acc", None), "accuracy_pass_at_2": ("acc", 2)}


def read(folder: Path, *reviews: dict[str, Any], predictions: list[dict[str, Any]] | None = None) -> list[ImportedItem]:
    write_lines(folder / "r.jsonl", list(reviews))
    if predictions is not None:
        write_lines(folder / "p.jsonl", predictions)
    return items(read_reviews(folder / "r.jsonl", folder / "p.jsonl"), ACCURACY)


def test_lines_in_any_order_are_items_in_the_order_of_the_samples(tmp_path: Path) -> None:
    found = read(tmp_path, review(1, 0.0), review(0, 1.0))
    assert [(item.fields["index"], item.score, item.output) for item in found] == [(0, 1.0, "0"), (1, 0.0, "1")]
    assert (found[0].prompt, found[0].reference, found[0].fields["topic"]) == ("What is 0 + 1?", "1", "even")
    same, other = read(tmp_path, review(0, 0.0, answer="?"), review(1, 1.0, prompt="Other?"))
    assert (same.digest == found[0].digest, other.digest == found[1].digest) == (True, False)


def test_repeats_are_completions_and_pass_at_k_is_the_unbiased_estimate(tmp_path: Path) -> None:
    """One of three is right: the other two are a pair without it in one of three."""
    rows = [review(n, float(n == 2), group=0, repeat=n) for n in range(3)]
    [item] = read(tmp_path, *rows)
    assert item.score == pytest.approx(1 / 3)
    assert item.scores["accuracy_pass_at_2"] == pytest.approx(2 / 3)
    assert [one.value for one in item.completions] == [0.0, 0.0, 1.0]
    lost = review(2, None, group=0, repeat=2, status="parse_error")
    [item] = read(tmp_path, *rows[:2], lost)
    assert (item.score, item.scores["accuracy_pass_at_2"], item.error) == (0.0, None, None)
    assert item.completions[2].error == "the tool could not score it: parse_error"


def test_a_prediction_says_how_the_answer_ended_and_may_lack_a_review(tmp_path: Path) -> None:
    asked = [prediction(0, stop_reason="max_tokens"), prediction(1), prediction(2)]
    first, second, third = read(tmp_path, review(0, 1.0), review(2, None, status="excluded"), predictions=asked)
    assert (first.flags, first.tokens_in, first.tokens_out) == ((Flag.TRUNCATED_OUTPUT,), 5, 2)
    assert (second.score, second.error, second.output) == (None, "the tool did not review the answer", "1")
    assert (third.score, third.error) == (None, "the tool could not score it: excluded")


def test_a_failed_request_is_unscored_although_the_tool_scores_it(tmp_path: Path) -> None:
    [item] = read(tmp_path, review(0, 0.0), predictions=[prediction(0, error="HTTP\n500")])
    assert (item.score, item.error) == (None, "the tool failed on it: HTTP 500")


def test_a_metric_that_raised_an_error_is_no_score(tmp_path: Path) -> None:
    failed = review(0, 0.0, metadata={"metric_errors": {"Acc": "LookupError"}})
    assert [item.score for item in read(tmp_path, failed, review(1, 0.0))] == [None, 0.0]


def test_without_an_answer_all_messages_are_the_prompt(tmp_path: Path) -> None:
    row = review(0, 1.0)
    row["messages"] = row["messages"][:1]
    [item] = read(tmp_path, row)
    assert (item.prompt, item.output) == ("What is 0 + 1?", None)


def test_texts_of_a_list_and_a_system_message(tmp_path: Path) -> None:
    row = review(0, 1.0)
    row["messages"] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image", "image": "x"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Ho"}], "source": "generate"},
    ]
    [item] = read(tmp_path, row)
    assert (item.prompt, item.output) == ("[system] Be brief.\n[user] Hi", "Ho")


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([review(0, 1.0), review(0, 1.0)], r"r\.jsonl: line 2: sample 0 occurs twice: two logs were joined"),
        ([review(0, float("nan"))], r"its score acc is not a finite number"),
        ([{"index": "0"}], r"'index' is a text"),
        ([review(0, 1.0, group={})], r"'group_id' is an object"),
        ([review(0, 1.0, status=[])], r"'status' is a list"),
    ],
)
def test_reviews_that_cannot_be_read_are_one_line(tmp_path: Path, rows: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        read(tmp_path, *rows)


def test_reviews_that_contradict_each_other_or_the_predictions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceInvalid, match=r"prompt or target is not that of the sample's other repeats"):
        read(tmp_path, review(0, 1.0), review(1, 1.0, group=0, repeat=1, prompt="Other?"))
    with pytest.raises(EvidenceInvalid, match=r"its answer is not the one in p\.jsonl: one of them was edited"):
        read(tmp_path, review(0, 1.0), predictions=[prediction(0, answer="edited")])


def test_an_item_with_everything_that_its_reviews_and_predictions_say(tmp_path: Path) -> None:
    first = review(4, 1.0, group="g", repeat=0, prompt="Q?", answer="a")
    rows = [review(3, 0.0, group="g", repeat=1, prompt="Q?", answer="b"), first]
    for row in rows:
        row["target"] = ["x", 5]
    asked = [prediction(3, answer="b", stop_reason="length"), prediction(4, answer="a")]
    asked[0]["model_output"]["usage"] = {"input_tokens": 11, "output_tokens": 7}
    assert read(tmp_path, *rows, predictions=asked) == [
        ImportedItem(
            place=f"{tmp_path / 'r.jsonl'}: line 2",
            digest=digest_of("Q?", ["x", "5"]),
            fields={"index": 4, "topic": "even"},
            prompt="Q?",
            reference="x\n5",
            output="a",
            completions=[
                SampledText(text="a", value=1.0, labels={"accuracy": 1.0}, finish_reason="stop", tokens_out=2),
                SampledText(
                    text="b",
                    value=0.0,
                    labels={"accuracy": 0.0},
                    flags=[Flag.TRUNCATED_OUTPUT],
                    finish_reason="length",
                    tokens_out=7,
                ),
            ],
            answered_by="generation",
            score=0.5,
            scores={"accuracy": 0.5, "accuracy_pass_at_2": 1.0},
            flags=(Flag.TRUNCATED_OUTPUT,),
            tokens_in=5,
            tokens_out=9,
        )
    ]


def test_an_item_of_which_little_is_known(tmp_path: Path) -> None:
    """No predictions, no score, no target, no metadata, an index for a group."""
    rows: list[dict[str, Any]] = [{"index": 7, "messages": ["?"]}, {"index": 2, "sample_score": {"group_id": 0}}]
    second, third, first = read(tmp_path, *rows, {"index": 3})
    assert (second.fields, third.fields, first.fields) == ({"index": 2}, {"index": 3}, {"index": 7})
    assert first == ImportedItem(
        place=f"{tmp_path / 'r.jsonl'}: line 1",
        digest=digest_of("", []),
        fields={"index": 7},
        prompt="",
        answered_by="generation",
        scores={"accuracy": None, "accuracy_pass_at_2": None},
    )
    assert items(read_reviews(tmp_path / "r.jsonl", tmp_path / "none.jsonl"), {})[0].score is None


def test_samples_that_were_not_reviewed_are_items_of_their_own(tmp_path: Path) -> None:
    """Whatever number other samples have as their group."""
    rows = [review(0, 1.0, group=3), review(1, 0.0, group=2)]
    found = read(tmp_path, *rows, predictions=[prediction(n) for n in (2, 3)])
    assert [(item.fields["index"], item.score) for item in found] == [(0, 1.0), (1, 0.0), (2, None), (3, None)]
    assert [item.place.rsplit("/", 1)[-1] for item in found[1:3]] == ["r.jsonl: line 2", "p.jsonl: line 1"]
    assert found[2].error == "the tool did not review the answer"


@pytest.mark.parametrize(
    ("repeats", "mean", "pass_at_2"),
    [
        ([1.0, 0.0, 0.0], 1 / 3, 2 / 3),
        ([1.0, 1.0], 1.0, 1.0),
        ([0.0, 0.0], 0.0, 0.0),
        ([1.0], 1.0, None),  # too few
        ([1.0, 1.0, None], 1.0, None),  # not all have a score
        ([2.0, 1.0], 1.5, None),  # no shares
        ([-1.0, -1.0], -1.0, None),
        ([None, None], None, None),
    ],
)
def test_mean_and_pass_at_k_of_repeats(
    tmp_path: Path, repeats: list[float | None], mean: float | None, pass_at_2: float | None
) -> None:
    [item] = read(tmp_path, *[review(n, one, group=0, repeat=n) for n, one in enumerate(repeats)])
    assert item.scores == pytest.approx({"accuracy": mean, "accuracy_pass_at_2": pass_at_2})
    assert (item.score, len(item.completions)) == (item.scores["accuracy"], len(repeats) if len(repeats) > 1 else 0)


def test_completions_have_no_value_of_pass_at_k(tmp_path: Path) -> None:
    write_lines(tmp_path / "r.jsonl", [review(n, 1.0, group=0, repeat=n) for n in (0, 1)])
    [item] = items(read_reviews(tmp_path / "r.jsonl", tmp_path / "p.jsonl"), {"pass_at_1": ("acc", 1)})
    assert (item.score, [(one.value, one.labels) for one in item.completions]) == (1.0, [(None, {})] * 2)


def test_repeats_are_in_order_of_their_number_and_then_of_their_lines(tmp_path: Path) -> None:
    rows = [review(n, float(n), group=0, repeat=repeat) for n, repeat in enumerate((1, 0, 1, 0))]
    [item] = read(tmp_path, *rows)
    assert [one.value for one in item.completions] == [1.0, 3.0, 0.0, 2.0]
    assert item.fields["index"] == 1


@pytest.mark.parametrize(
    ("score", "value", "failure"),
    [
        ({}, 1.0, None),
        ({"status": None}, 1.0, None),
        ({"status": "fallback"}, 1.0, None),
        ({"status": "x" * 101}, None, f"the tool could not score it: {'x' * 100}"),
        ({"metadata": None}, 1.0, None),
        ({"metadata": {"metric_errors": {"f1": "E"}}}, 1.0, None),
        ({"metadata": {"metric_errors": {"f1": "E", "ACC": "E"}}}, None, None),
        ({"value": {"f1": 1.0}}, None, None),
        ({"value": {"acc": True}}, 1.0, None),
    ],
)
def test_when_a_score_counts(score: dict[str, Any], value: float | None, failure: str | None) -> None:
    found = Review("here", {"index": 0, "sample_score": {"score": {"value": {"acc": 1.0}, **score}}}, {})
    assert (found.value_of("acc"), found.failure()) == (value, failure)
    assert found.repeat == 0


def test_a_score_is_of_the_metric_that_its_name_begins_with() -> None:
    assert is_about("Rouge-L-R", ("bleu", "rouge"))
    assert not is_about("accuracy", ("f1", "acc_norm"))
    assert not is_about("acc", ())


MODEL_OUTPUTS: list[tuple[Any, str | None, str | None, int]] = [
    (None, None, None, 0),
    ({"error": ""}, None, None, 0),
    ({"error": " "}, None, None, 0),
    ({"error": f"a\n b {'c' * 400}"}, f"a b {'c' * 296}", None, 0),
    ({"choices": [{"stop_reason": "stop"}, {"stop_reason": "length"}]}, None, "stop", 0),
    ({"choices": []}, None, None, 0),
    ({"choices": {"0": 1}}, None, None, 0),
    ({"choices": ["stop"]}, None, None, 0),
    ({"choices": [{"stop_reason": 5}]}, None, None, 0),
    ({"usage": {"output_tokens": 5}}, None, None, 5),
    ({"usage": {"output_tokens": -5}}, None, None, 0),
    ({"usage": [5]}, None, None, 0),
]


@pytest.mark.parametrize(("output", "error", "reason", "tokens"), MODEL_OUTPUTS)
def test_what_a_prediction_says(output: Any, error: str | None, reason: str | None, tokens: int) -> None:
    found = Review("here", {"index": 0}, {"index": 0, "model_output": output})
    assert (found.request_error(), found.finish_reason(), found.tokens("output_tokens")) == (error, reason, tokens)
    assert found.failure() == (f"the tool failed on it: {error}" if error else None)


@pytest.mark.parametrize("reason", ["length", "max_tokens", "model_length"])
def test_stop_reasons_of_an_answer_that_was_cut(tmp_path: Path, reason: str) -> None:
    assert read(tmp_path, review(0, 1.0), predictions=[prediction(0, stop_reason=reason)])[0].flags


def test_examples_are_part_of_the_prompt_and_the_last_answer_counts() -> None:
    said = [
        {"role": "user", "content": "1?"},
        {"role": "assistant", "content": "one", "source": "input"},
        "no message",
        {"role": "user", "content": [{"type": "text", "text": "2"}, {"type": "text", "text": "?"}, "x"]},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "Sure?"},
        {"role": "assistant", "content": [{"type": "text", "text": "2"}, {"type": "reasoning", "text": "x"}]},
    ]
    for row, prediction_ in (
        ({"messages": said}, {}),
        ({}, {"messages": said}),
        ({"messages": said}, {"messages": []}),
    ):
        found = Review("here", row, prediction_)
        assert found.prompt() == "[user] 1?\n[assistant] one\n[user] 2\n?"
        assert found.answer() == "2"
    assert Review("here", {"messages": [{"role": "user", "content": 5}]}, {}).prompt() == ""


@pytest.mark.parametrize(
    ("target", "found"), [(None, []), ([], []), (["a", 1], ["a", "1"]), ("a", ["a"]), (1, ["1"]), ("", [""])]
)
def test_targets(target: Any, found: list[str]) -> None:
    assert Review("here", {"target": target}, {}).targets() == found


def test_only_an_answer_that_is_in_both_files_is_compared(tmp_path: Path) -> None:
    asked = [prediction(0, answer="0"), prediction(2, answer="edited")]
    found = read(tmp_path, review(0, 1.0), review(1, 1.0), predictions=asked)
    assert [item.score for item in found] == [1.0, 1.0, None]
    rows = [review(0, 1.0, group=0), review(1, 1.0, group=0, repeat=1)]
    rows[1]["target"] = ["other"]
    with pytest.raises(EvidenceInvalid, match=r"r\.jsonl: line 2: .* sample's other repeats"):
        read(tmp_path, *rows)
