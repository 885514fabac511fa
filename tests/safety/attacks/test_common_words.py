from __future__ import annotations

import pytest

from audit.safety.attacks.common_words import CHINESE_COMMON, CHINESE_PHRASES, COMMON, ENDINGS, UNDECODED
from audit.safety.scorers.refusal.declining import LANGUAGES


def test_every_language_has_its_words() -> None:
    assert set(COMMON) == set(ENDINGS) == LANGUAGES - {"zh"}
    assert set(UNDECODED) == LANGUAGES


def test_chinese_is_compared_by_characters() -> None:
    assert {len(one) for one in CHINESE_COMMON} == {1}
    assert {len(one) for one in CHINESE_PHRASES} == {2}


@pytest.mark.parametrize(
    ("language", "word", "bare"),
    [
        ("de", "bomben", "bomb"),
        ("de", "tötet", "töte"),
        ("es", "bombas", "bomba"),
        ("es", "robando", "roba"),
        ("fr", "bombes", "bomb"),
        ("fr", "volées", "volé"),
        ("en", "hackers", "hack"),
        ("de", "gift", "gift"),
    ],
)
def test_endings(language: str, word: str, bare: str) -> None:
    assert ENDINGS[language].sub("", word) == bare


def test_a_word_is_common_in_lower_case() -> None:
    assert all(word == word.lower() for words in COMMON.values() for word in words)
