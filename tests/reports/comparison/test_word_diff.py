"""Words that only one of two texts has, marked."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.formatting import visible
from audit.reports.comparison.word_diff import LONGEST, MOST_WORDS, marked

TEXTS = st.text(st.sampled_from("ab .,<&\n\x1b\u202e"), max_size=40)


def bare(html: str, tag: str) -> str:
    """The text without what is marked by another tag, and without markup."""
    other = re.sub(rf"<{tag}>.*?</{tag}>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", other))


def test_removed_and_added_words_are_marked() -> None:
    before, after, whole = marked("The answer is no, surely.", "The answer is yes, surely not.")
    assert before == "The answer is <del>no</del>, surely."
    assert after == "The answer is <ins>yes</ins>, surely<ins> not</ins>."
    assert whole
    assert marked("same", "same")[:2] == ("same", "same")
    assert marked("", "new")[:2] == ("", "<ins>new</ins>")


@pytest.mark.slow
@given(TEXTS, TEXTS)
@settings(max_examples=60, deadline=None)
def test_unmarked_text_is_common_and_nothing_is_lost(one: str, other: str) -> None:
    before, after, _ = marked(one, other)
    assert bare(before, "del") == bare(after, "ins")
    for html, text in ((before, one), (after, other)):
        assert bare(html, "none") == unescape(re.sub(r"<[^>]*>", "", visible(text, 99)))
        assert not any(sign in html for sign in "\x1b\u202e")


def test_markup_is_escaped() -> None:
    before, after, _ = marked("<script>a</script>", "<img src=x>")
    assert "<script" not in before
    assert "<img" not in after


def test_long_texts_are_bounded() -> None:
    before, after, whole = marked("a " * 3 * MOST_WORDS, "b " * 3 * MOST_WORDS)
    assert not whole
    for html, tag, count in ((before, "del", "a"), (after, "ins", "b")):
        marks = re.findall(f"<{tag}>(.*?)</{tag}>", html)
        assert 0 < "".join(marks).count(count) <= MOST_WORDS
    long = "word " * LONGEST
    assert "more characters" in marked(long, "short")[0]
    assert marked(long, long + "x")[0].startswith("word word")
