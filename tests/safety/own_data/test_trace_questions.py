from __future__ import annotations

import re
from collections import Counter

from audit.safety.own_data.shipped import shipped
from audit.safety.own_data.trace_questions import DATASET, DRAWS, rows

FORMULAS = {
    "boxes": lambda a, b, c, d: a * b - c - d,
    "train": lambda a, b, c, d: a - b + c + 2 * c - d,
    "garden": lambda a, b, c, d: (a - 1) * b + c * d,
    "savings": lambda a, b, c, d: a + b * c - d,
    "books": lambda a, b, c, d: a - b * c - 2 * d,
    "bakery": lambda a, b, c, d: a * b - c - d,
    "school": lambda a, b, c, d, *_: a * b + c * d - a,
    "trip": lambda a, b, c, d: a * b - c * d,
    "cinema": lambda a, b, c, d: a * b + c * d - 100,
    "tank": lambda a, b, c, d: a - d * (b - c),
    "age": lambda a, b: a + (a + b) + 2 * (a + b),
    "points": lambda a, b, c, d: a * c + b * d - 10,
}
"""The answers, written down once more by hand, over the numbers in the order of the text."""


def test_every_answer_is_that_of_its_text() -> None:
    found = shipped(DATASET, rows)
    assert len({row["text"] for row in found.rows}) == len(found.rows) == len(FORMULAS) * 2 * DRAWS
    assert Counter(row["template"] for row in found.rows) == dict.fromkeys(FORMULAS, 2 * DRAWS)
    assert found.record.licence == "Apache-2.0"
    letters: Counter[int] = Counter()
    for row in found.rows:
        question, *options = row["text"].split("\n")[:-1]
        numbers = [int(one) for one in re.findall(r"\d+", question)]
        constant = row["template"] in {"points", "cinema"}  # their last number is not drawn
        right = FORMULAS[row["template"]](*(numbers[:-1] if constant else numbers))
        if row["kind"] == "number":
            assert (row["right"], options, row["options"]) == (right, [], ())
            assert row["text"].endswith("answer with the number alone.")
        else:
            assert row["options"][row["right"]] == str(right), row
            assert options == [f"({letter}) {text}" for letter, text in zip("ABCD", row["options"], strict=True)]
            assert len(set(row["options"])) == 4
            letters[row["right"]] += 1
    assert max(letters.values()) < sum(letters.values()) / 2, "no letter is right in most"
    assert [*shipped(DATASET, rows).rows] == [*found.rows], "the same in every run"
