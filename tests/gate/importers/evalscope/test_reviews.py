"""Reviews as items: repeats, predictions that were not reviewed, and lines that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import Flag
from audit.gate.importers.evalscope.reviews import items, read_reviews
from tests.gate.importers.evalscope.conftest import prediction, review, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from audit.gate.importers.contract import ImportedItem

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
