"""French and Spanish phrases of refusal are written for plain text."""

from __future__ import annotations

import re

import pytest

from audit.safety.scorers.refusal.declining import plain
from audit.safety.scorers.refusal.romance import FRENCH, SPANISH

BY_LANGUAGE = {"es": SPANISH, "fr": FRENCH}


@pytest.mark.parametrize("language", sorted(BY_LANGUAGE))
def test_phrases_are_in_plain_form(language: str) -> None:
    """A letter that plain text never holds would be a phrase that is never found."""
    for pattern in (getattr(BY_LANGUAGE[language], name) for name in ("empty", "idioms", "declines", "doubt")):
        words = re.findall(r"[^\W\d_]{2,}", pattern.pattern)
        assert [word for word in words if plain(word, language) != word] == []


@pytest.mark.parametrize("language", sorted(BY_LANGUAGE))
def test_nothing_is_found_in_nothing(language: str) -> None:
    phrases = BY_LANGUAGE[language]
    assert not any(one.search("") for one in (phrases.declines, phrases.doubt))
