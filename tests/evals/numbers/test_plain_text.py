"""Numbers in LaTeX, Unicode, HTML and Markdown as plain text."""

from __future__ import annotations

import pytest

from audit.evals.numbers.plain_text import THIN, UNREADABLE, boxed, plain_text


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("１２３", "123"),
        ("٣٤", "34"),
        ("5²", "5^2"),
        ("x⁻³", "x^-3"),
        ("½", " 1/2"),
        ("1½", "1 1/2"),
        ("³⁄₄", " 3/4"),
        ("3−4", "3−4"),
        ("3\u20114", "3-4"),
        ("1\u00a0000", f"1{THIN}000"),
        ("1\u200b2", "12"),
        ("5·3", "5×3"),
        ("**18**", "18"),
        ("a*b*c", "a*b*c"),
        ("<b>18</b>", "18"),
        ("x<sup>2</sup>", "x^2"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("&#36;5", "$5"),
        (r"\$5", "$5"),
        (r"9{,}500", "9,500"),
        (r"1\,000", f"1{THIN}000"),
        (r"\frac{1}{2}", "1/2"),
        (r"2\frac{1}{2}", "2 1/2"),
        (r"\dfrac12", "1/2"),
        (r"3 \times 4", "3 × 4"),
        (r"\text{5 apples}", "5 apples"),
        (r"45^{\circ}", "45°"),
        ("7   8", "7  8"),
    ],
)
def test_one_plain_spelling(written: str, plain: str) -> None:
    assert plain_text(written) == plain


@pytest.mark.parametrize("written", [r"\sqrt{2}", "√2", "sqrt(2)", r"\frac{a}{2}", r"0.\overline{3}"])
def test_what_is_no_plain_number_is_marked(written: str) -> None:
    assert UNREADABLE in plain_text(written)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (r"\boxed{18}", "18"),
        (r"\boxed{1} and \boxed{2}", "2"),
        (r"\fbox{3}", "3"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{4", None),
        (r"{4} \boxed{5} {6}", "5"),
        ("18", None),
    ],
)
def test_the_last_closed_box_is_read(text: str, held: str | None) -> None:
    assert boxed(text) == held
