"""A user's own questions: what is read, and one line with row numbers for everything that cannot be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import TaskConfig
from audit.core.errors import ConfigError
from audit.evals.own_data.questions import QuestionFile, read_questions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CAPITALS = """question,a,b,c,answer
Capital of France?,Lyon,Paris,Nice,Paris
Capital of Poland?,Warsaw,Cracow,Lodz,Warsaw
Capital of Spain?,Bilbao,Seville,Madrid,Madrid
"""


def questions(file: Path, **said: Any) -> QuestionFile:
    return read_questions(TaskConfig(name="mine", file=file, **said))


def fault(file: Path, **said: Any) -> str:
    """The one line on a file, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        questions(file, **said)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{file}: ")


def test_classes_are_the_options_of_every_question(write: Callable[..., Path]) -> None:
    file = write("text,label\nGood film.,1\nBad film.,0\n")
    found = questions(file, classes=["negative", "positive"])
    assert [(one.options, one.right) for one in found.questions] == [(("negative", "positive"), n) for n in (1, 0)]
    named = questions(write("text,label\nGood.,2\nBad.,1\n"), classes=["1", "2", "3"])
    assert [one.right for one in named.questions] == [1, 0], "what is written is the class, not its number"


def test_answers_may_be_several(write: Callable[..., Path]) -> None:
    rows = [{"question": "1?", "answer": ["a", "b"]}, {"question": "2?", "answer": "c"}]
    found = questions(write("\n".join(map(json.dumps, rows)), "mine.jsonl"))
    assert [one.answers for one in found.questions] == [("a", "b"), ("c",)]


@pytest.mark.parametrize(("key", "said"), [("question", {}), ("topic", {"cluster": "topic"})])
def test_a_list_is_no_question(write: Callable[..., Path], key: str, said: dict[str, Any]) -> None:
    rows = [{"question": f"{n}?", "answer": "a", "topic": "t", **({key: ["1?"]} if n else {})} for n in range(3)]
    file = write("\n".join(map(json.dumps, rows)), "mine.jsonl")
    assert fault(file, **said) == f"lines 2 and 3: {key} is a list: give one text"


def test_text_of_the_file_is_never_a_template(write: Callable[..., Path]) -> None:
    evil = "{{ 7 * 7 }} {% for x in (1, 2) %}x{% endfor %} {{ ''.__class__ }}"
    file = write(f'question,answer\n"{evil}","[1, 2]"\n')
    assert questions(file).questions[0].prompt == f"Question: {evil}\nAnswer:"
    assert questions(file, prompt="Q: {{question}}").questions[0].prompt == f"Q: {evil}"
    assert questions(file).questions[0].answers == ("[1, 2]",)


def test_a_template_has_the_columns_and_options(write: Callable[..., Path]) -> None:
    file = write(CAPITALS)
    prompt = "{{question}} {% for o in options %}({{loop.index}}) {{o}} {% endfor %}{{row['a']}}\n"
    assert questions(file, prompt=prompt).questions[0].prompt == "Capital of France? (1) Lyon (2) Paris (3) Nice Lyon\n"


def test_many_rows_are_counted_and_the_first_are_named(write: Callable[..., Path]) -> None:
    wrong = [f"q{n},x,y,{'z' if n % 2 else 'x'}\n" for n in range(20)]
    assert fault(write("question,a,b,answer\n" + "".join(wrong))) == (
        "rows 3, 5, 7, 9, 11 and 5 more: answer is none of the options (the first is 'z'): write the option's text or "
        "letter"
    )


def test_a_template_that_is_none_and_a_name_that_is_none(write: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match="prompt: not a valid Jinja template"):
        questions(write(CAPITALS), prompt="{{ question")
    with pytest.raises(ConfigError, match="use only letters, digits"):
        read_questions(TaskConfig(name="../mine", file=write(CAPITALS)))


def test_options_in_another_order_are_the_same_question(write: Callable[..., Path]) -> None:
    file = write("question,a,b,answer\nq,x,y,x\nq,y,x,y\n")
    same = "row 3: duplicate question (the first is also in row 2): keep only one"
    assert fault(file, prompt="{{ question }} {{ a }} or {{ b }}?") == same
    assert fault(file, prompt="{{ question }} {{ options | join(' or ') }}?") == same
    other = write("question,a,b,answer\nq,x,y,x\nq,y,z,y\n", "other.csv")
    assert len(questions(other, prompt="{{ question }} {{ a }} or {{ b }}?").questions) == 2
