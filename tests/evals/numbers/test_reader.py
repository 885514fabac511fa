"""The number that a text answers with, against what a person reads there."""

from __future__ import annotations

import csv
import json
import time
from typing import TYPE_CHECKING

import pytest

from audit.evals.numbers.reader import last_number, same_number, stated_number
from tests.evals.numbers.number_table import TABLE

if TYPE_CHECKING:
    from pathlib import Path

    from audit.evals.numbers.grouped_digits import Language


def test_last_number() -> None:
    read = [(*row, last_number(row[1], row[0])) for row in TABLE]
    assert [row for row in read if not (row[3] is None if row[2] is None else same_number(row[3], row[2]))] == []


def test_table_holds_enough_ways_to_write_a_number() -> None:
    assert len({(language, written) for language, written, _ in TABLE}) == len(TABLE)
    assert len(TABLE) >= 400
    assert {language for language, *_ in TABLE} == {"en", "de", "fr", "zh"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("48/2 = 24. The answer is 72.", 72),
        ("The answer is: $1,080. Then 5 more.", 1080),
        ("The answer is $9{,}500.", 9500),
        (r"The answer is $\boxed{18}$.", 18),
        ("The answer is **18** apples and 3 pears.", 18),
        ("the answer is -3", -3),
        ("The answer is 2 + 2 = 4.", None),
        ("The answer is 18: 3 in each of 6 boxes.", 18),
        ("The answer is 18:30.", None),
        ("The answer is π/2.", None),
        ("The answer is pi/2.", None),
        ("The answer is sqrt(2).", None),
        ("72", None),
        ("The answer is unknown.\n5", None),
    ],
)
def test_stated_number(text: str, number: float | None) -> None:
    assert stated_number(text) == number


def test_same_number_forgives_only_the_last_digits_of_a_double() -> None:
    assert same_number(0.1 + 0.2, 0.3)
    assert not same_number(3.33, 10 / 3)
    assert not same_number(None, 0.0)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "text", ["9", "1,", "1.5", "2 ", "5-", " ", "*a ", "\\boxed{", "\\frac{", "\\sqrt[", "三", "九十", "三分之", "√("]
)
def test_degenerate_texts_take_no_quadratic_time(text: str, language: Language) -> None:
    start = time.process_time()
    last_number(text * 2000, language)
    assert time.process_time() - start < 1


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("name", ["test.jsonl", "train_first64.jsonl"])
def test_every_reference_solution_of_gsm8k(audit_data: Path, name: str) -> None:
    rows = [json.loads(line) for line in (audit_data / "gsm8k" / name).read_text("utf-8").splitlines()]
    for row in rows:
        reference = float(row["answer"].split("####")[1].replace(",", ""))
        assert same_number(last_number(row["answer"]), reference), row["answer"]


@pytest.mark.slow
@pytest.mark.data
def test_solutions_of_gsm8k_without_their_last_line(audit_data: Path) -> None:
    """1,283 of 1,319 end with the reference.

    The other 36, read by eye, end with another number ("15 gallons of water in 30 days"), 3 of them in dollars
    where the reference is in cents; one ends with a time (2:00 pm).
    """
    lines = (audit_data / "gsm8k" / "test.jsonl").read_text("utf-8").splitlines()
    solutions = [json.loads(line)["answer"].split("####") for line in lines]
    right = [same_number(last_number(text), float(reference.replace(",", ""))) for text, reference in solutions]
    assert (sum(right), len(right)) == (1283, 1319)


@pytest.mark.data
@pytest.mark.parametrize(("language", "separator"), [("en", ","), ("de", "."), ("zh", ",")])
def test_every_reference_of_mgsm_in_its_language(audit_data: Path, language: Language, separator: str) -> None:
    """The files group all references as English does; an answer in German has a dot instead."""
    with (audit_data / "mgsm" / f"mgsm_{language}.tsv").open(encoding="utf-8") as file:
        references = [row[1] for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert len(references) == 250
    for reference in references:
        assert last_number(reference.replace(",", separator), language) == float(reference.replace(",", ""))
