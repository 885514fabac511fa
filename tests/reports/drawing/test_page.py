"""The environment and style sheet of pages: untrusted text stays text, both themes have their shades."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from audit.reports.drawing.colours import DARK, LIGHT
from audit.reports.drawing.page import environment, line, page_style, short, whole

ROOT = Path(__file__).parents[3]
HOSTILE = "<script>\x1b\u202e\n</script>"


def test_text_is_escaped_and_what_is_missing_is_an_error() -> None:
    assert environment().from_string("{{ text }}").render(text="<i>&") == "&lt;i&gt;&amp;"
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()


@pytest.mark.parametrize(("shorten", "limit"), [(line, 600), (short, 60)])
def test_labels_are_one_harmless_line(shorten: object, limit: int) -> None:
    assert callable(shorten)
    assert not set("\x1b\u202e\n") & set(shorten(HOSTILE))
    assert len(shorten("x" * 5000)) == limit
    assert shorten("x" * 5000).endswith("…")
    assert shorten(12) == "12"


def test_reasons_keep_their_end() -> None:
    """The last words of a reason say what to do."""
    reason = "looked in a folder with a long name, " * 60 + "put it into AUDIT_DATA"
    assert whole(reason) == reason


def test_the_style_sheet_has_the_shades_of_both_themes_and_fetches_nothing() -> None:
    sheet = str(page_style())
    assert "shades */" not in sheet, "a place for shades was left"
    for name, colour in (*LIGHT.items(), *DARK.items()):
        assert colour in sheet, name
    assert not re.search(r"@import|url\(\s*['\"]?(?!data:)", sheet)


def test_every_verdict_status_and_belief_has_its_class() -> None:
    shown = environment().from_string(
        "{{ verdict_class('PASS') }} {{ verdict_mark('FAIL') }} {{ verdict_class(none) }} {{ status_class('partial') }}"
        " {{ belief_class('do not believe') }}"
    )
    assert shown.render() == "is-pass ✕ is-none is-unsure is-fail"


def test_only_matrices_scroll_on_a_narrow_screen() -> None:
    """Rows of all other tables are laid out as lines there, and each number but the first says what it is."""
    texts = {file.name: file.read_text("utf-8") for file in (ROOT / "reports" / "templates").glob("*.j2")}
    tables = [match for text in texts.values() for match in re.findall(r"<table[^>]*>", text)]
    assert set(tables) == {'<table class="stacked">', '<table class="confusion">', '<table class="crossed">'}
    del texts["errors_answers.j2"]  # the confusion matrix
    numbers = [match for text in texts.values() for match in re.findall(r'<td class="n">(?!<strong)(.{15})', text)]
    assert numbers == ["{{ number(check"], "the value next to the limits of a rule"
