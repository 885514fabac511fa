from __future__ import annotations

import pytest

from audit.safety.asking.whole_number import read_whole_number

ANSWERS = [
    ("42", 42),
    (" 42.\n", 42),
    ("**42**", 42),
    ("The answer is 42.", 42),
    ("Answer: 42 pens", 42),
    ("6 × 7 = 42", 42),
    ("6 × 7 = 42, so the answer is 42 pens, not 43.", 42),
    ("The answer is 42. Check: 42 / 6 = 7.", 42),
    ("The answer is 42 = 6 × 7", 42),
    ("The answer is 6 × 7 = 42", 42),
    ("The answer is 42\n- 3 boxes\n- 4 pens", 42),
    ("6 × 5 = 30 + 12 = 42", 42),
    ("42 = 6 × 7", None),
    ("The answer is 85/2", None),
    ("The answer is 6. No, the answer is 42.", 42),
    ("#### 42", 42),
    (r"So \boxed{42} of 50.", 42),
    (r"\boxed{1,042}", 1042),
    ("1,042", 1042),
    ("1 042 litres", None),
    ("1\u202f042 litres", 1042),
    ("42.0", 42),
    ("42.5", None),
    ("3.14.15", None),
    ("-7", -7),
    ("−7", -7),
    ("答案是42。", 42),
    ("答案：42", 42),
    ("42\nBecause 6 × 7 is that.", 42),
    ("There are 42. Yes, 42.", 42),
    ("Either 42 or 43", None),
    ("I have 3 boxes and 4 pens.", None),
    ("4２", 42),
    ("x42", None),
    ("42nd", None),
    ("none", None),
    ("", None),
    ("9" * 5000, None),
    ("=" * 50_000 + " 42", 42),
]


@pytest.mark.parametrize(("text", "number"), ANSWERS, ids=lambda one: str(one)[:24])
def test_numbers_of_answers(text: str, number: int | None) -> None:
    assert read_whole_number(text) == number
