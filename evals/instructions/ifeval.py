"""Instructions of IFEval: ``keywords:…``, ``length_constraints:…``, ``detectable_format:…`` and others.

The rules are those of the checkers of IFEval (Zhou et al. 2023, arXiv:2311.07911; Copyright 2023 The Google Research
Authors, Apache-2.0) as lm-eval 0.4.13 has them, written again without NLTK and langdetect. What only these two decide
(sentences, the language of a text) is not checked. Where a pattern of the original takes time that grows with the
square of the text (brackets that nothing closes, blank lines), the same is found in one pass.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from audit.evals.instructions.kinds import NotCheckable
from audit.evals.instructions.tokens import tokens_of

if TYPE_CHECKING:
    from audit.evals.instructions.kinds import Arguments, Check

OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_FENCES = ("```json", "```Json", "```JSON", "```")
_ENDS_OF_WORDS = frozenset(".,?!'\"")
_POSTSCRIPTS = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
_BULLETS = tuple(re.compile(rf"^\s*({mark})?", re.MULTILINE) for mark in (r"\*[^\*].*$", r"-.*$"))
"""White space is taken whether a bullet follows or not: else each blank line would look for the same bullet again."""


def _given(arguments: Arguments, name: str) -> Any:  # noqa: ANN401 - whatever the data set has
    """An argument; where it is missing or empty, the original draws one by chance."""
    if not arguments.get(name):
        msg = f"has no {name}, which its checker needs"
        raise NotCheckable(msg)
    return arguments[name]


def _compared(count: int, wanted: int, relation: str) -> bool:
    if relation not in {"less than", "at least"}:
        msg = f"has the relation {relation!r}, which its checker does not know"
        raise NotCheckable(msg)
    return count < wanted if relation == "less than" else count >= wanted


def _existence(answer: str, arguments: Arguments) -> bool:
    return all(re.search(word, answer, flags=re.IGNORECASE) for word in _given(arguments, "keywords"))


def _frequency(answer: str, arguments: Arguments) -> bool:
    count = len(re.findall(_given(arguments, "keyword").strip(), answer, flags=re.IGNORECASE))
    return _compared(count, _given(arguments, "frequency"), _given(arguments, "relation"))


def _forbidden(answer: str, arguments: Arguments) -> bool:
    words = _given(arguments, "forbidden_words")
    return not any(re.search(rf"\b{word}\b", answer, flags=re.IGNORECASE) for word in words)


def _letters(answer: str, arguments: Arguments) -> bool:
    letter = _given(arguments, "letter").lower()
    if not re.fullmatch("[a-z]", letter):
        msg = f"counts {letter!r}, in place of which its checker draws a letter"
        raise NotCheckable(msg)
    count = Counter(answer.lower())[letter]
    return _compared(count, _given(arguments, "let_frequency"), _given(arguments, "let_relation"))


def _words(answer: str, arguments: Arguments) -> bool:
    count = len(re.findall(r"\w+", answer))
    return _compared(count, _given(arguments, "num_words"), _given(arguments, "relation"))


def _paragraphs(answer: str, arguments: Arguments) -> bool:
    """Between dividers ``***``; none but the first and the last is empty."""
    found = re.split(r"\s?\*\*\*\s?", answer)
    if not all(part.strip() for part in found[1:-1]):
        return False
    empty = sum(not found[place].strip() for place in {0, len(found) - 1})
    return bool(len(found) - empty == _given(arguments, "num_paragraphs"))


def _first_word(answer: str, arguments: Arguments) -> bool:
    """Of a paragraph, counted with empty ones, whose number is compared without them."""
    wanted, nth = _given(arguments, "num_paragraphs"), _given(arguments, "nth_paragraph")
    first = _given(arguments, "first_word").lower()
    found = answer.split("\n\n")
    count = sum(bool(part.strip()) for part in found)
    if nth > count or not found[nth - 1].strip():
        return False
    word = found[nth - 1].split()[0].lstrip("'").lstrip('"')
    end = next((place for place, letter in enumerate(word) if letter in _ENDS_OF_WORDS), len(word))
    return bool(count == wanted and "".join(letter.lower() for letter in word[:end]) == first)


def _placeholders(answer: str, arguments: Arguments) -> bool:
    """Each from a bracket to the next closing one on its line."""
    count = 0
    for line in answer.split("\n"):
        start = line.find("[")
        while start >= 0 and (end := line.find("]", start)) >= 0:
            count += 1
            start = line.find("[", end)
    return bool(count >= _given(arguments, "num_placeholders"))


def _postscript(answer: str, arguments: Arguments) -> bool:
    marker = _given(arguments, "postscript_marker").strip()
    return re.search(_POSTSCRIPTS.get(marker) or marker.lower(), answer.lower(), flags=re.MULTILINE) is not None


def _bullets(answer: str, arguments: Arguments) -> bool:
    count = sum(sum(map(bool, pattern.findall(answer))) for pattern in _BULLETS)
    return bool(count == _given(arguments, "num_bullets"))


def _constrained(answer: str, _arguments: Arguments) -> bool:
    return any(option in answer for option in OPTIONS)


def _highlights(answer: str, arguments: Arguments) -> bool:
    single = sum(bool(one.strip("*").strip()) for one in re.findall(r"\*[^\n\*]*\*", answer))
    double = sum(bool(one[2:-2].strip()) for one in re.findall(r"\*\*[^\n\*]*\*\*", answer))
    return bool(single + double >= _given(arguments, "num_highlights"))


def _sections(answer: str, arguments: Arguments) -> bool:
    mark = _given(arguments, "section_spliter").strip()
    found = re.split(rf"\s?{mark}\s?\d+\s?", answer)
    return bool(len(found) - 1 >= _given(arguments, "num_sections"))


def _json(answer: str, _arguments: Arguments) -> bool:
    text = answer.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def _title(answer: str, _arguments: Arguments) -> bool:
    """From the first pair of brackets on a line to the last one."""
    for line in answer.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start <= end - 3 and line[start : end + 2].lstrip("<").rstrip(">").strip():
            return True
    return False


def _two_responses(answer: str, _arguments: Arguments) -> bool:
    found = answer.split("******")
    if not all(part.strip() for part in found[1:-1]):
        return False
    valid = [part.strip() for part in found if part.strip()]
    return len(valid) == 2 and valid[0] != valid[1]


def _repeats(answer: str, arguments: Arguments) -> bool:
    prompt = _given(arguments, "prompt_to_repeat")
    return bool(answer.strip().lower().startswith(prompt.strip().lower()))


def _ends(answer: str, arguments: Arguments) -> bool:
    phrase = _given(arguments, "end_phrase").strip().lower()
    return bool(answer.strip().strip('"').lower().endswith(phrase))


def _capital_words(answer: str, arguments: Arguments) -> bool:
    """Where sentences end splits off full stops alone, so that it does not matter."""
    count = sum(word.isupper() for word in tokens_of(answer))
    return _compared(count, _given(arguments, "capital_frequency"), _given(arguments, "capital_relation"))


def _no_comma(answer: str, _arguments: Arguments) -> bool:
    return "," not in answer


def _quotation(answer: str, _arguments: Arguments) -> bool:
    text = answer.strip()
    return len(text) > 1 and text[0] == '"' == text[-1]


def _needs_language(_answer: str, _arguments: Arguments) -> bool:
    """Also of texts in capital or small letters, which must be English."""
    msg = "needs the language detector langdetect, which is not part of the audit: lm-eval:ifeval has it"
    raise NotCheckable(msg)


def _needs_sentences(_answer: str, _arguments: Arguments) -> bool:
    msg = "needs NLTK's model of sentences, which is not part of the audit: lm-eval:ifeval has it"
    raise NotCheckable(msg)


IFEVAL: dict[str, Check] = {
    "keywords:existence": _existence,
    "keywords:frequency": _frequency,
    "keywords:forbidden_words": _forbidden,
    "keywords:letter_frequency": _letters,
    "language:response_language": _needs_language,
    "length_constraints:number_sentences": _needs_sentences,
    "length_constraints:number_paragraphs": _paragraphs,
    "length_constraints:number_words": _words,
    "length_constraints:nth_paragraph_first_word": _first_word,
    "detectable_content:number_placeholders": _placeholders,
    "detectable_content:postscript": _postscript,
    "detectable_format:number_bullet_lists": _bullets,
    "detectable_format:constrained_response": _constrained,
    "detectable_format:number_highlighted_sections": _highlights,
    "detectable_format:multiple_sections": _sections,
    "detectable_format:json_format": _json,
    "detectable_format:title": _title,
    "combination:two_responses": _two_responses,
    "combination:repeat_prompt": _repeats,
    "startend:end_checker": _ends,
    "startend:quotation": _quotation,
    "change_case:capital_word_frequency": _capital_words,
    "change_case:english_capital": _needs_language,
    "change_case:english_lowercase": _needs_language,
    "punctuation:no_comma": _no_comma,
}
"""Checkers by the name of the instruction."""
