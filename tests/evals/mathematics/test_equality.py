from __future__ import annotations

import time

import pytest

from audit.evals.mathematics.equality import same_answer

SAME = [
    ("204", "204"),
    ("$204$", "204"),
    ("204.0", "204"),
    ("+204", "204"),
    ("1,000", "1000"),
    (r"1{,}000", "1000"),
    (r"10\,000", "10000"),
    ("2^{10}", "1024"),
    ("x = 5", "5"),
    ("5 cm", "5"),
    (r"5\text{ cm}", "5"),
    (r"90^\circ", "90"),
    ("204 分钟", "204"),
    ("٢٠٤", "204"),
    (r"\dfrac{3}{4}", r"\frac{3}{4}"),
    ("3/4", r"\frac{3}{4}"),
    ("0.75", r"\frac{3}{4}"),
    (r"\frac34", r"\frac{3}{4}"),
    (r"\frac{6}{8}", r"\frac{3}{4}"),
    ("0.333333", r"\frac{1}{3}"),
    (r"\frac{4}{\sqrt{2}}", r"2\sqrt{2}"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    ("2√2", r"2\sqrt{2}"),
    (r"8(\sqrt{5}-2)", r"8\sqrt{5} - 16"),
    (r"-2+2\sqrt{2}", r"2\sqrt{2}-2"),
    (r"\frac{10^{2^n}}{10^{n+1}}", r"10^{2^n-n-1}"),
    ("(x+1)^2", "x^2+2x+1"),
    (r"[-0.25, 0) \cup (0, 2)", r"[-\frac{1}{4}, 0) \cup (0, 2)"),
    (r"(0,2)\cup[-\frac14,0)", r"[-\frac{1}{4}, 0) \cup (0, 2)"),
    (r"(-\infty,-1)\cup(6,\infty)", r"(-\infty,-1)\cup(6,+\infty)"),
    (r"\lambda = 2\sqrt{2}, A(\pm 1, 0)", r"\lambda=2\sqrt{2}, A(\pm 1, 0)"),
    (r"A(\pm 1, 0), \lambda = \sqrt{8}", r"\lambda=2\sqrt{2}, A(\pm 1, 0)"),
    (r"\pm 2", "2, -2"),
    ("-2, 2", r"\pm 2"),
    (r"\{2, 1\}", r"\{1, 2\}"),
    ("1, 2", r"\{1, 2\}"),
    (r"(\{1, 2\}, 3)", r"(\{2, 1\}, 3)"),
    (r"\text{East}", "east"),
    ("4210_5", "4210_{5}"),
    ("（1，2）", "(1,2)"),
]
DIFFERENT = [
    ("205", "204"),
    ("-204", "204"),
    ("", "204"),
    ("about 200", "204"),
    ("5 or 7", "5"),
    ("5x", "5"),
    ("1,200", "1, 201"),
    ("13535.004", "13535"),
    ("A(1", "1"),
    ("50%", r"\frac{1}{2}"),
    (r"\frac{4}{3}", r"\frac{3}{4}"),
    ("0.74", r"\frac{3}{4}"),
    (r"2\sqrt{3}", r"2\sqrt{2}"),
    ("2.8", r"2\sqrt{2}"),
    (r"10^{2^n-n}", r"10^{2^n-n-1}"),
    ("10^{2^k-k-1}", r"10^{2^n-n-1}"),
    ("(0,1]", "(0,1)"),
    ("(1,0)", "(0,1)"),
    ("(0,1,2)", "(0,1)"),
    ("0", "(0,1)"),
    (r"(-\infty,-1)", r"(-\infty,-1)\cup(6,+\infty)"),
    (r"(-\infty,-1)\cup(6,7)", r"(-\infty,-1)\cup(6,+\infty)"),
    (r"\infty", "5"),
    ("5", r"\infty"),
    ("1, 2", "(1, 2)"),
    ("1, 1", "1, 2"),
    (r"\sqrt{x^2}", "x"),
    ("west", "east"),
    ("3 4", "34"),  # math-verify, which the publisher's script uses, agrees on these
    (r"3\ 4", "34"),
    ("3 4", "12"),
    ("3. 5", "3.5"),
    ("nonsense &", "x &"),
    ("9^9^9^9", "1"),
    ("9" * 3000, "9"),
    ("import os; os.system('true')", "5"),
    ("(" * 1000, "5"),
    (",".join("1" * 100), ",".join("1" * 100) + ",1"),
]


@pytest.mark.parametrize(("answer", "reference"), SAME)
def test_same(answer: str, reference: str) -> None:
    assert same_answer(answer, reference)


@pytest.mark.parametrize(("answer", "reference"), DIFFERENT)
def test_different(answer: str, reference: str) -> None:
    assert not same_answer(answer, reference)


@pytest.mark.parametrize(
    ("answer", "reference", "language"),
    [("2,5", "2.5", "fr"), ("1.000", "1000", "es"), ("1.234.567", "1234567", "pt"), (r"2{,}5", r"\frac{5}{2}", "vi")],
)
def test_commas_of_other_languages(answer: str, reference: str, language: str) -> None:
    assert same_answer(answer, reference, language)
    assert not same_answer(answer, reference, "en")


@pytest.mark.parametrize(
    "answer",
    [
        "9^9^9^9", "9" * 2000, "(" * 2000, "x" * 2000, r"\sqrt{" * 300, "1,000" * 300, "-" * 2000, "^".join("9" * 400),
        r"\frac" * 400, "1, " * 600, "{" * 400, r"\left(" * 300, "٣" * 2000, "2 " * 900, "a" * 399 + "!",
    ],
)  # fmt: skip
@pytest.mark.parametrize("reference", ["7", r"10^{2^n-n-1}", r"[-\frac{1}{4}, 0) \cup (0, 2)"])
def test_hostile_answers_end_at_once(answer: str, reference: str) -> None:
    started = time.process_time()
    assert not same_answer(answer, reference, "fr")
    assert time.process_time() - started < 0.5
