"""IFEval's checkers against those of lm-eval, with stand-ins for what these import."""

from __future__ import annotations

import importlib
import json
import random
import re
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.assets.readers.instructions import ifeval
from audit.evals.instructions.following import CHECKERS, follows
from audit.evals.instructions.ifeval import IFEVAL
from audit.evals.instructions.kinds import NotCheckable
from audit.evals.instructions.scores import followed
from audit.evals.instructions.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LESS, LEAST = "less than", "at least"
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "keywords:existence": [{"keywords": ["cat", "Dog"]}, {"keywords": ["the"]}],
    "keywords:frequency": [{"keyword": "cat ", "frequency": 2, "relation": one} for one in (LESS, LEAST)],
    "keywords:forbidden_words": [{"forbidden_words": ["cat", "zebra"]}, {"forbidden_words": ["a"]}],
    "keywords:letter_frequency": [
        {"letter": letter, "let_frequency": 3, "let_relation": one} for letter in "aB" for one in (LESS, LEAST)
    ],
    "length_constraints:number_paragraphs": [{"num_paragraphs": count} for count in (1, 2, 3)],
    "length_constraints:number_words": [{"num_words": 6, "relation": one} for one in (LESS, LEAST)],
    "length_constraints:nth_paragraph_first_word": [
        {"num_paragraphs": count, "nth_paragraph": nth, "first_word": "Cat"} for count, nth in ((1, 1), (2, 1), (2, 2))
    ],
    "detectable_content:number_placeholders": [{"num_placeholders": count} for count in (1, 2)],
    "detectable_content:postscript": [{"postscript_marker": mark} for mark in ("P.S.", "P.P.S", "PS:")],
    "detectable_format:number_bullet_lists": [{"num_bullets": count} for count in (1, 2)],
    "detectable_format:constrained_response": [{}],
    "detectable_format:number_highlighted_sections": [{"num_highlights": count} for count in (1, 2)],
    "detectable_format:multiple_sections": [
        {"section_spliter": mark, "num_sections": 1} for mark in ("Section", "SECTION ")
    ],
    "detectable_format:json_format": [{}],
    "detectable_format:title": [{}],
    "combination:two_responses": [{}],
    "combination:repeat_prompt": [{"prompt_to_repeat": " A cat"}],
    "startend:end_checker": [{"end_phrase": " Cat. "}],
    "startend:quotation": [{}],
    "change_case:capital_word_frequency": [{"capital_frequency": 2, "capital_relation": one} for one in (LESS, LEAST)],
    "punctuation:no_comma": [{}],
}
"""Arguments of every instruction that is checked, in the form of the data set."""
LINES = "\n" * 300_000
BITS = (
    "cat", "Dog", "a", "the", "CAT", "I", "U.S.", "B", " ", "\n", "\n\n", "***", "******", "*", "**", "- ", "* x",
    "[x]", "[a b]", "<<t>>", "<< >>", "P.S. x", "p. p. s.", "PS: y", ",", ".", "'", '"', "Section 1", "SECTION 2 ",
    "```json", "```", "{}", '{"a": 1}', "[1", "My answer is yes.", "cat.", "zebra", "don't", "—", "é", "a cat is",
    "[", "]", "<<", ">>>", "*\n", "-\n\n",
)  # fmt: skip
NOT_CHECKED = {
    "language:response_language", "change_case:english_capital", "change_case:english_lowercase",
    "length_constraints:number_sentences",
}  # fmt: skip


@pytest.fixture(scope="module")
def theirs() -> Iterator[dict[str, Any]]:
    """lm-eval's checkers by the name of the instruction; words are split sentence by sentence, as NLTK does."""
    plain = SimpleNamespace(RegexpTokenizer=lambda pattern: SimpleNamespace(tokenize=re.compile(pattern).findall))
    stubs: dict[str, dict[str, Any]] = {
        "nltk": {
            "data": SimpleNamespace(find=lambda _: None),
            "tokenize": plain,
            "word_tokenize": lambda text: [word for one in re.split(r"(?<=[.?!])\s+", text) for word in tokens_of(one)],
        },
        "langdetect": {"LangDetectException": ValueError},
        "immutabledict": {"immutabledict": dict},
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, members in stubs.items():
            module = ModuleType(name)
            module.__dict__.update(members)
            patch.setitem(sys.modules, name, module)
        package = "lm_eval.tasks.ifeval"
        for name in [one for one in sys.modules if one.startswith(package)]:
            patch.delitem(sys.modules, name)
        yield importlib.import_module(f"{package}.instructions_registry").INSTRUCTION_DICT
        for name in [one for one in sys.modules if one.startswith(package)]:
            del sys.modules[name]


def test_every_instruction_is_there(theirs: dict[str, Any]) -> None:
    assert IFEVAL.keys() == theirs.keys() == {*ARGUMENTS, *NOT_CHECKED}
    assert CHECKERS.keys().isdisjoint(IFEVAL)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARGUMENTS)
def test_as_lm_eval_checks(theirs: dict[str, Any], name: str) -> None:
    draws = random.Random(name)  # noqa: S311 - a draw, not a secret
    answers = [
        "".join(draws.choice(BITS) + draws.choice(("", " ", "\n")) for _ in range(n % 9 + 1)) for n in range(300)
    ]
    answers += [
        *BITS,
        *(f'"{one}"' for one in answers[:20]),
        "A CAT",
        "a\n\n\n\ncat",
        "******a******",
        "a******b",
        "1,2",
    ]
    found = set()
    for arguments in ARGUMENTS[name]:
        for answer in filter(str.strip, answers):
            checker = theirs[name](name)
            checker.build_description(**arguments)
            wanted = bool(checker.check_following(answer))
            assert follows(answer, name, arguments) is wanted, (answer, arguments)
            found.add(wanted)
    assert found == {True, False}


@pytest.mark.parametrize("name", sorted(NOT_CHECKED))
def test_what_other_packages_decide_is_not_checked(name: str) -> None:
    with pytest.raises(NotCheckable, match="which is not part of the audit"):
        follows("HELLO.", name, {"language": "de"})


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("keywords:existence", {}, "has no keywords"),
        ("keywords:frequency", {"keyword": "a", "frequency": 2, "relation": "about"}, "the relation 'about'"),
        ("keywords:letter_frequency", {"letter": "!", "let_frequency": 2, "let_relation": LESS}, "counts '!'"),
        ("detectable_format:rhyme", {}, "no instruction that is known here"),
    ],
)
def test_what_the_original_would_draw_is_not_checked(name: str, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(NotCheckable, match=why):
        follows("Hello.", name, arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("detectable_format:number_bullet_lists", {"num_bullets": 1}, f"x{LINES}- y"),
        ("detectable_content:number_placeholders", {"num_placeholders": 1}, f"{'[' * 300_000}\n[x]"),
        ("detectable_format:title", {}, f"{'<' * 300_000}\n<<x>>"),
        ("detectable_content:postscript", {"postscript_marker": "P.S."}, f"x{LINES}P.S. y"),
        ("detectable_content:postscript", {"postscript_marker": "PS:"}, f"x{LINES}PS: y"),
    ],
)
def test_long_answers_take_one_pass(name: str, arguments: dict[str, Any], answer: str) -> None:
    """In time that grows with the square, each would take minutes."""
    started = time.process_time()
    assert follows(answer, name, arguments)
    assert time.process_time() - started < 5


def test_deep_json_is_none() -> None:
    assert not follows("[" * 100_000, "detectable_format:json_format", {})


def test_rows_in_the_publishers_form(tmp_path: Path) -> None:
    """One instruction, two of several groups, one that cannot be checked; the hub's copy has null arguments."""
    file = tmp_path / "ifeval_input_data.jsonl"
    rows = [
        {"key": 1, "prompt": "No commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
        {
            "key": 2, "prompt": "Two sections.",
            "kwargs": [{"section_spliter": "Part", "num_sections": 2}, {"num_words": None}],
            "instruction_id_list": ["detectable_format:multiple_sections", "startend:quotation"],
        },
        {
            "key": 3, "prompt": "German.", "kwargs": [{"language": "de"}],
            "instruction_id_list": ["language:response_language"],
        },
    ]  # fmt: skip
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    first, second, third = ifeval({file.name: file}).rows
    assert (first["key"], first["group"], second["group"], second["instructions"]) == (
        "1",
        "punctuation",
        "several",
        "2",
    )
    assert followed(first, ["Yes."]) == dict.fromkeys(
        ("prompt_strict", "instruction_strict", "prompt_loose", "instruction_loose"), 1.0
    )
    half = followed(second, ["Part 1 a\nPart 2 b"])
    assert (half["prompt_strict"], half["instruction_strict"]) == (0.0, 0.5)
    assert followed(first, [""])["prompt_loose"] == 0.0
    for answer in ("Ja.", "", " \n"):  # a blank one too: wrong ones alone would bring the mean down
        assert followed(third, [answer]).keys() == {"unscored"}
