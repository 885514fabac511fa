"""Predictions and details of OpenCompass as items."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import SampledText, digest_of
from audit.gate.importers.contract import ImportedItem
from audit.gate.importers.opencompass.predictions import Details, Prediction, items, read_details, read_predictions
from tests.gate.importers.opencompass.conftest import details, numbered, prediction, predictions

RESULTS = Path("results.json")


def made(rows: list[dict[str, Any]]) -> list[Prediction]:
    return [Prediction(f"p.json: prediction {place}", row) for place, row in enumerate(rows)]


def test_items_are_known_by_prompt_and_gold(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps(dict(reversed(numbered(predictions()).items()))), "utf-8")
    asked, missing = read_predictions([file])
    found = items(asked, read_details({"details": details()}, RESULTS), {})
    assert ([item.score for item in found], missing) == ([1.0, 0.0, 1.0], 0)
    assert (found[1].prompt, found[1].reference, found[1].output) == ("Question 1?", "A", "B")
    other = items(made([prediction(0, "?"), prediction(1, gold="B")]), read_details({}, RESULTS), {})
    assert [a.digest == b.digest for a, b in zip(other, found, strict=False)] == [True, False]
    assert other[0].error == "the log does not say whether the answer is right"


def test_all_questions_are_asked_in_one_run_and_then_in_the_next() -> None:
    said = read_details({"details": [{"is_correct": [True, False]}, {"is_correct": [False, False]}]}, RESULTS)
    first, second = items(made([prediction(n, str(n)) for n in (0, 1, 0, 1)]), said, {})
    assert (first.score, second.score) == (0.5, 0.0)
    assert [one.value for one in first.completions] == [1.0, 0.0]
    with pytest.raises(EvidenceInvalid, match=r"prediction 2: .*not that of question 0 in another run"):
        items(made([prediction(n) for n in (0, 1, 2, 1)]), said, {})


def test_a_missing_prediction_is_unscored_and_an_empty_one_is_an_answer() -> None:
    said = read_details({"details": details()}, RESULTS)
    lost, empty, _ = items(made([prediction(0, None), prediction(1, ""), prediction(2)]), said, {})
    assert (lost.error, empty.error, empty.output) == ("the log has no prediction", None, "")


def test_options_that_were_scored_have_a_prompt_each() -> None:
    row = {"label: A": {"prompt": "pA", "PPL": 1.5}, "label: B": {"prompt": "pB", "PPL": 2.5}, "prediction": "A"}
    [item] = items(made([row]), read_details({"details": {"type": "PPL", "0": {"correct": True}}}, RESULTS), {})
    assert (item.prompts, item.answered_by, item.score, item.reference) == (("pA", "pB"), "likelihood", 1.0, None)


def test_prompts_of_several_turns_and_plain_text() -> None:
    turns = [{"role": "SYSTEM", "prompt": "Be brief."}, {"role": "HUMAN", "prompt": "Hi"}]
    assert made([{"origin_prompt": turns}])[0].prompts() == ["[SYSTEM] Be brief.\n[HUMAN] Hi"]
    assert made([{"origin_prompt": "Hi"}])[0].prompts() == ["Hi"]
    assert made([{}])[0].prompts() == []
    assert made([{"gold": ["a", "b"], "prediction": ["x"]}])[0].gold() == '["a", "b"]'


def test_details_of_unknown_form_say_nothing() -> None:
    for found in (None, [], {}, [1], [{"pred": "A"}], {"type": "GEN", "0": {"pred": "A"}}):
        assert read_details({"details": found}, RESULTS).rows == []
    with pytest.raises(UsageError, match=r"results\.json: correct of question 0 is neither true nor false"):
        items(made([prediction(0)]), read_details({"details": [{"correct": ["yes"]}]}, RESULTS), {})


def test_an_item_with_everything_that_the_log_says() -> None:
    rows = [{"correct": [True, None, False], "G-Pass@2": 0.5}, {"correct": [True, True, False], "G-Pass@2": 0.25}]
    asked = made([prediction(n, f"{run}", gold=["é"]) for run in range(3) for n in range(2)])
    first, second = items(asked, Details(RESULTS, rows), {"g_pass_at_2": "G-Pass@2"})
    assert second == ImportedItem(
        place="p.json: prediction 1",
        digest=digest_of(["Question 1?"], '["é"]'),
        fields={"index": 1},
        prompt="Question 1?",
        prompts=("Question 1?",),
        reference='["é"]',
        output="0",
        completions=[SampledText(text=f"{run}", value=float(run < 2)) for run in range(3)],
        answered_by="generation",
        score=2 / 3,
        scores={"correct": 2 / 3, "g_pass_at_2": 0.25},
    )
    assert [one.value for one in first.completions] == [1.0, None, 0.0]
    assert first.scores == {"correct": 0.5, "g_pass_at_2": 0.5}


def test_an_item_of_which_little_is_known() -> None:
    for rows in ([], [{"correct": None}], [{}]):
        assert items(made([{"prediction": "A"}]), Details(RESULTS, rows), {"more": "m"}) == [
            ImportedItem(
                place="p.json: prediction 0",
                digest=digest_of([], None),
                fields={"index": 0},
                output="A",
                answered_by="generation",
                scores={"correct": None, "more": None},
                error="the log does not say whether the answer is right",
            )
        ]
    [item] = items(made([{"prediction": "A"}]), Details(RESULTS, [{"m": 0.5}]), {"more": "m"})
    assert (item.error, item.score, item.scores["more"]) == (None, None, 0.5)


def test_a_question_is_lost_when_no_run_has_a_prediction() -> None:
    said = Details(RESULTS, [{"correct": [False, True]}])
    for answers, error, values in (
        ((None, "A"), None, [0.0, 1.0]),
        ((None, None), "the log has no prediction", [0.0, 1.0]),
    ):
        [item] = items(made([prediction(0, one) for one in answers]), said, {})
        assert (item.error, [one.value for one in item.completions]) == (error, values)
    [item] = items(made([prediction(0)]), Details(RESULTS, [{"correct": [True]}]), {})
    assert item.completions == []


def test_predictions_without_details_of_their_own() -> None:
    said = Details(RESULTS, [{"correct": [True, False]}])
    assert items([], said, {}) == []
    uneven = Details(RESULTS, [{"correct": [True, False]}, {"correct": [True]}])
    found = items(made([prediction(n) for n in (0, 1, 0, 1)]), uneven, {})
    assert [[one.value for one in item.completions] for item in found] == [[1.0, 0.0], [1.0, None]]
    found = items(made([prediction(0), prediction(1)]), Details(RESULTS, [{"correct": True}]), {"more": "m"})
    assert [item.scores for item in found] == [{"correct": 1.0, "more": None}, {"correct": None, "more": None}]


@pytest.mark.parametrize("change", [{"gold": "B"}, {"origin_prompt": "Other?"}])
def test_runs_of_another_question_are_refused(change: dict[str, Any]) -> None:
    said = Details(RESULTS, [{"correct": [True, True]}])
    with pytest.raises(EvidenceInvalid, match=r"prediction 1: .*its prompt or gold is not that of question 0 in"):
        items(made([prediction(0), prediction(0, **change)]), said, {})


def test_the_prediction_that_was_judged_is_the_one_that_is_here() -> None:
    for said, is_sound in (("A", True), ("B", False), (["B"], True), (None, True)):
        rows = [{"correct": True}, {"correct": True, "origin_prediction": said}]
        asked = made([prediction(0), prediction(1)])
        if is_sound:
            assert len(items(asked, Details(RESULTS, rows), {})) == 2
        else:
            with pytest.raises(EvidenceInvalid, match=r"prediction 1: .*not the origin_prediction in the results"):
                items(asked, Details(RESULTS, rows), {})


@pytest.mark.parametrize(
    ("row", "right"),
    [
        ({"correct": True, "is_correct": False}, [1.0]),
        ({"is_correct": False, "cascade_correct": True}, [0.0]),
        ({"cascade_correct": True}, [1.0]),
        ({"correct": [1, 0.0, None]}, [1.0, 0.0, None]),
        ({"correct": []}, []),
        ({"other": True}, [None]),
    ],
)
def test_whether_an_answer_is_right(row: dict[str, Any], right: list[float | None]) -> None:
    found = Details(RESULTS, [row])
    assert (found.right(0), found.right(1)) == (right, [])
    assert found.runs == max(1, len(right))


@pytest.mark.parametrize("value", [2, 0.5, -1, "1", {}])
def test_what_is_neither_right_nor_wrong_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match=r"results\.json: is_correct of question 1 is neither true nor false"):
        Details(RESULTS, [{"correct": True}, {"is_correct": value}]).right(1)


def test_without_an_evaluator_the_nearest_is_equality() -> None:
    rows = [{"predictions": 5, "references": "5"}, {"predictions": "a", "references": "b", "x": 0.5}]
    found = read_details({"details": rows}, RESULTS)
    assert [found.right(n) for n in range(2)] == [[1.0], [0.0]]
    assert (found.names(), found.runs, found.is_nearest, found.place) == ([], 1, True, RESULTS)


def test_runs_are_as_many_as_the_question_with_most_and_names_are_those_of_numbers() -> None:
    rows = [{"correct": [True], "a": 0.5, "b": 1, "c": "x", "d": 1.0}, {"correct": [True, False]}]
    found = Details(RESULTS, rows)
    assert (found.runs, found.names()) == (2, ["a", "d"])
    assert (found.value(0, "a"), found.value(0, "b"), found.value(0, "c"), found.value(2, "a")) == (
        0.5,
        1.0,
        None,
        None,
    )
    assert Details(RESULTS, [{"correct": 1.0, "is_correct": 0.0, "m": 2.0}]).names() == ["m"]
    assert (Details(RESULTS).runs, Details(RESULTS).names()) == (1, [])


@pytest.mark.parametrize(
    ("details_", "rows", "is_nearest"),
    [
        (
            {"type": "GEN", "1": {"correct": True}, "0": {"correct": False}},
            [{"correct": False}, {"correct": True}],
            False,
        ),
        ([{"cascade_correct": True}, 5], [{"cascade_correct": True}], False),
        ([{"correct": True}, {"pred": "A"}], [], False),
        ([{"predictions": "A", "references": "B"}, {"predictions": "A"}], [], False),
        ([{"predictions": "A", "references": "B"}, {"references": "A"}], [], False),
        ([{"predictions": "A", "references": "B"}], [{"predictions": "A", "references": "B"}], True),
        (
            [{"predictions": "A", "references": "B", "correct": 1}],
            [{"predictions": "A", "references": "B", "correct": 1}],
            False,
        ),
        ("text", [], False),
    ],
)
def test_forms_of_details(details_: Any, rows: list[dict[str, Any]], is_nearest: bool) -> None:
    assert read_details({"details": details_}, RESULTS) == Details(RESULTS, rows, is_nearest)


def test_parts_are_one_after_the_other_and_gaps_are_counted(tmp_path: Path) -> None:
    contents = (
        {"1": prediction(1), "0": prediction(0)},
        {"3": prediction(5)},
        {"10": prediction(6), "9": prediction(7)},
        {},
    )
    files = [tmp_path / f"{place}.json" for place in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_text(json.dumps(content), "utf-8")
    asked, missing = read_predictions(files)
    assert [one.place for one in asked] == [
        f"{files[part]}: prediction {place}" for part, place in ((0, 0), (0, 1), (1, 3), (2, 9), (2, 10))
    ]
    assert [one.prompts() for one in asked] == [[f"Question {n}?"] for n in (0, 1, 5, 7, 6)]
    assert missing == 3 + 9


@pytest.mark.parametrize("key", ["00", "01", "1000000000", "-1", "1 ", "", "٣", "a"])
def test_keys_that_are_no_numbers_are_refused(tmp_path: Path, key: str) -> None:
    file = tmp_path / "p.json"
    for content in ({key: prediction(0)}, {"0": prediction(0), key: prediction(0)}):
        file.write_text(json.dumps(content), "utf-8")
        with pytest.raises(UsageError, match=r"p\.json: not predictions of OpenCompass"):
            read_predictions([file])
    file.write_text(json.dumps({"0": prediction(0), "999999999": prediction(1)}), "utf-8")
    assert read_predictions([file])[1] == 999_999_998


PROMPTS: list[tuple[dict[str, Any], list[str], bool]] = [
    ({"label: A": {"prompt": "a"}, "label: B": {}, "label: C": "x", "origin_prompt": "o"}, ["a", ""], True),
    ({"label": {"prompt": "a"}, "origin_prompt": 5}, ["5"], False),
    ({"origin_prompt": [{"prompt": "a"}, "x"]}, ["a"], False),
    ({"origin_prompt": [{"role": "HUMAN"}]}, [""], False),
    ({"origin_prompt": [{"role": "r", "prompt": "a"}, {}]}, ["[r] a\n[None] None"], False),
    ({"origin_prompt": []}, [""], False),
    ({"origin_prompt": ""}, [""], False),
    ({"origin_prompt": None}, [], False),
]


@pytest.mark.parametrize(("row", "prompts", "is_choice"), PROMPTS)
def test_prompts(row: dict[str, Any], prompts: list[str], is_choice: bool) -> None:
    [found] = made([row])
    assert (found.prompts(), found.is_choice) == (prompts, is_choice)


@pytest.mark.parametrize(
    ("value", "text"), [(None, None), ("", ""), ("A", "A"), (5, "5"), (["é"], '["é"]'), (False, "false")]
)
def test_answer_and_gold_as_text(value: Any, text: str | None) -> None:
    [found] = made([{"gold": value, "prediction": value}])
    assert (found.gold(), found.answer()) == (text, text)
