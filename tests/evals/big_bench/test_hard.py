from __future__ import annotations

import time

import pytest

from audit.core.assets.readers.big_bench import BRACKETS, NUMBER, OPTION, WORDS
from audit.evals.big_bench.hard import hard

QUESTION = "What is the date?\nOptions:\n(A) 12/23/2024\n(B) 12/24/2024\n(C) 12/26/2024"
RIGHT = [
    (OPTION, "(B)", "So the answer is (B)."),
    (OPTION, "(B)", "The answer is (A). No: so the answer is **(B) 12/24/2024**."),
    (OPTION, "(B)", "So the answer is B."),
    (OPTION, "(B)", "(B)"),
    (OPTION, "(B)", "Answer: B"),
    (OPTION, "(B)", "So the answer is (B). Option (A) is too late."),
    (OPTION, "(B)", "So the answer is option (B)."),
    (OPTION, "(B)", "Answer: B) 12/24/2024"),
    ("True or False", "False", "So the answer is False."),
    ("True or False", "False", "so the answer is **false**"),
    ("yes or no", "no", "So the answer is No, it is not."),
    ("valid or invalid", "invalid", "So the answer is invalid."),
    (NUMBER, "-50", "So the answer is -50."),
    (NUMBER, "-11520", "So the answer is −11,520. Done"),
    (BRACKETS, "] ]", "So the answer is ] ]."),
    (BRACKETS, "] }", "So the answer is ]}"),
    (WORDS, "barn dot it&t", "So the answer is barn dot it&t."),
    (WORDS, "barn dot it&t", "So the answer is: Barn, dot, it&t"),
]
WRONG = [
    (OPTION, "(B)", "So the answer is (C)."),
    (OPTION, "Monsters, Inc", "So the answer is (C)."),
    ("Yes or No", "No", "So the answer is Yes."),
    ("valid or invalid", "invalid", "So the answer is valid."),
    (NUMBER, "24", "So the answer is 25."),
    (BRACKETS, "] ]", "So the answer is ] ] ]."),
    (WORDS, "barn dot", "So the answer is dot barn."),
]
UNPARSED = [
    (OPTION, "(B)", ""),
    (OPTION, "(B)", "Let me think.\nOption (B) is right."),
    (OPTION, "(B)", "So the answer is nothing."),
    (OPTION, "(B)", "So the answer is (A) or (B)."),
    (OPTION, "(B)", "I have no idea"),
    # The publisher compares the whole of what is stated with "(B)".
    (OPTION, "(B)", "So the answer is not (B)."),
    (OPTION, "(B)", "So the answer is, I think, (B)."),
    (OPTION, "(B)", "So the answer is (B) is wrong."),
    (OPTION, "(B)", "So the answer is (B) 12/25/2024."),
    (OPTION, "(B)", "So the answer is B) is wrong"),
    (NUMBER, "24", "So the answer is not 24."),
    (NUMBER, "24", "So the answer isn't 24."),
    (OPTION, "(B)", "So the answer is "),
    ("Yes or No", "No", "So the answer is maybe."),
    ("Yes or No", "No", "So the answer is Nein."),
    (NUMBER, "24", "So the answer is X."),
    (NUMBER, "24", "So the answer is 24 or 25."),
    (BRACKETS, "] ]", "So the answer is brackets ] ]."),
    (BRACKETS, "] ]", "So the answer is ."),
    (WORDS, "barn dot", "So the answer is " + "dot " * 1000),
]


@pytest.mark.parametrize(
    ("form", "answer", "text", "right", "unparsed"),
    [
        *((*case, 1.0, 0.0) for case in RIGHT),
        *((*case, 0.0, 0.0) for case in WRONG),
        *((*case, 0.0, 1.0) for case in UNPARSED),
    ],
)
def test_stated_answers(form: str, answer: str, text: str, right: float, unparsed: float) -> None:
    doc = {"form": form, "answer": answer, "question": QUESTION if form == OPTION else "?"}
    assert hard(doc, [text]) == {"exact_match": right, "unparsed_answer": unparsed}


@pytest.mark.parametrize(
    "text", ["answer is " * 5000, "So the answer is " + "(" * 1900, "9" * 50_000, "answer:" * 9000]
)
@pytest.mark.parametrize("form", [OPTION, NUMBER, BRACKETS, WORDS, "Yes or No"])
def test_hostile_texts_end_at_once(form: str, text: str) -> None:
    started = time.process_time()
    assert hard({"form": form, "answer": "(A)" if form != NUMBER else "7"}, [text])["exact_match"] == 0.0
    assert time.process_time() - started < 0.5
