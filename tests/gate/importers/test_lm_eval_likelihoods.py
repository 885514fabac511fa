"""Log-likelihoods of lm-eval's requests, and scores that contradict them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.gate.importers import lm_eval_items
from audit.gate.importers.lm_eval_likelihoods import check_accuracy, is_greedy, log_likelihood, without_likelihood
from tests.gate.importers.test_lm_eval_items import LIKELY, OPTIONS, one

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("answer", "value", "greedy"),
    [
        ([["-28.9", "False"]], -28.9, False),
        ([[-2.5, True]], -2.5, True),
        (["-inf", "True"], -math.inf, True),
        ([["nan", "False"]], None, False),
        ([["inf", "False"]], None, False),
        ([["said"]], None, False),
        ([], None, False),
        ([["-1", "False"], ["x", "True"]], -1.0, False),
        ([["x", "True"], ["-1", "False"]], None, True),
        ("True", None, False),
        (["True"], None, True),
        ({}, None, False),
        ({"0": "True"}, None, False),
    ],
)
def test_of_one_request(answer: object, value: float | None, greedy: bool) -> None:
    assert (log_likelihood(answer), is_greedy(answer)) == (value, greedy)


def test_lines_with_an_option_that_has_none_are_counted() -> None:
    rows = [[[["-1", "False"]], [["-inf", "False"]]], [[["nan", "False"]], [["-1", "False"]]]]
    assert without_likelihood([lm_eval_items.Line("f", 0, "none", {"resps": row}) for row in rows]) == 1


def test_an_accuracy_that_contradicts_the_log_likelihoods_was_edited(tmp_path: Path) -> None:
    right = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY)
    check_accuracy([right], "multiple_choice")
    wrong = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, acc=0.0)
    with pytest.raises(EvidenceInvalid, match=r"line 1: .*acc is 0, by its log-likelihoods it is right"):
        check_accuracy([wrong], "multiple_choice")
    arguments = {"gen_args_0": {"arg_0": "Q", "arg_1": " a"}}
    greedy = {"resps": [[["-3.5", "False"]]], "filtered_resps": [["-3.5", "False"]]}
    with pytest.raises(EvidenceInvalid, match="acc is 1, by its log-likelihoods it is wrong"):
        check_accuracy([one(tmp_path, "loglikelihood", arguments=arguments, **greedy)], "loglikelihood")


@pytest.mark.parametrize(
    "row",
    [
        {"resps": [[["-2.5", "False"]], [["-2.5", "True"]]]},
        {"resps": [[["-2.5", "False"]], [["nan", "True"]]]},
        {"target": "x"},
        {"acc": 0.5},
        {"acc": math.nan},
        {
            "arguments": {
                "gen_args_0": {"arg_0": "Q", "arg_1": " 1"},
                "gen_args_1": {"arg_0": "Q", "arg_1": " 2"},
            }
        },
    ],
    ids=["a tie", "no number", "no known target", "a share", "not a number", "digits as options"],
)
def test_where_the_likeliest_option_decides_nothing_no_accuracy_contradicts_it(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    for said in (0.0, 1.0):
        item = one(tmp_path, "multiple_choice", **{"arguments": OPTIONS, **LIKELY, "acc": said, **row})
        check_accuracy([item], "multiple_choice")


def test_without_an_option_that_is_right_or_chosen_nothing_is_contradicted(tmp_path: Path) -> None:
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, acc=0.0)
    assert item.choice is not None
    for change in ({"right": None}, {"chosen": None}):
        for said in (0.0, 1.0):
            open_item = replace(
                item, choice=item.choice.model_copy(update=change), scores={**item.scores, "accuracy": said}
            )
            check_accuracy([open_item], "multiple_choice")


def test_an_item_that_failed_and_one_of_which_the_best_options_differ_from_the_target(tmp_path: Path) -> None:
    """An error is no contradiction; a tie of options that are not the likeliest is none either."""
    item = one(tmp_path, "multiple_choice", arguments=OPTIONS, **LIKELY, acc=0.0)
    check_accuracy([replace(item, error="it broke")], "multiple_choice")
    three = {**OPTIONS, "gen_args_2": {"arg_0": "Q", "arg_1": " c"}}
    resps = [[["-3", "False"]], [["-2", "False"]], [["-3", "False"]]]
    tied = one(tmp_path, "multiple_choice", arguments=three, resps=resps, acc=0.0)
    with pytest.raises(EvidenceInvalid, match="acc is 0, by its log-likelihoods it is right"):
        check_accuracy([tied], "multiple_choice")


@pytest.mark.parametrize(("target", "digits"), [("0", ["1", "x"]), ("1", ["0 ", "x"]), ("1", [" 0", "1"])])
def test_the_text_of_the_right_option_may_be_its_position(tmp_path: Path, target: str, digits: list[str]) -> None:
    """If another option has the text of the target, lm-eval may mean either; the right one's own text is none."""
    arguments = {f"gen_args_{n}": {"arg_0": "Q", "arg_1": text} for n, text in enumerate(digits)}
    best = int(target == "1")
    resps = [[[str(-2 - (place != best)), "False"]] for place in range(2)]
    item = one(tmp_path, "multiple_choice", arguments=arguments, resps=resps, target=target, acc=0.0)
    with pytest.raises(EvidenceInvalid, match="acc is 0, by its log-likelihoods it is right"):
        check_accuracy([item], "multiple_choice")


def test_a_choice_without_answers_is_named_by_its_line() -> None:
    with pytest.raises(UsageError, match=r"^f: line 3: 'resps' is null"):
        without_likelihood([lm_eval_items.Line("f: line 3", 0, "none", {"resps": None})])
