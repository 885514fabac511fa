"""What engines of others have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine import GenerateRequest, load
from audit.engine.journal import Journal
from tests.engine.foreign.double import ForeignDouble

if TYPE_CHECKING:
    from pathlib import Path


def test_kept_answers_are_those_that_were_given_in_the_order_asked(tiny_model: Path, tmp_path: Path) -> None:
    served = ForeignDouble(load(str(tiny_model)))
    pairs = [served.encode_pair(f"Question {number}:", " Paris") for number in range(3)]
    text = GenerateRequest("a", max_new_tokens=2)
    journal = Journal(tmp_path / "journal.sqlite")
    with served.at_work(served.progress, journal):
        scores = served.score(pairs[:2])
        (completion,) = served.generate([text])
    assert served.kept_scores([pairs[1], pairs[2], pairs[0], pairs[1]], journal) == [
        scores[1],
        None,
        scores[0],
        scores[1],
    ]
    assert served.kept_completions([text], journal) == [completion]
    assert served.identity("score") != served.identity("generate")
    served.release()
    served.forget()
    journal.close()
