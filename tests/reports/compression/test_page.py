"""The page of a compression check: every number is in it, names are escaped, nothing is loaded."""

from __future__ import annotations

import re

import pytest

from audit.reports.compression.page import MOST_SLICES, page_of
from tests.reports.compression.checks import a_check, a_difference, a_twin


@pytest.mark.slow
def test_the_page_shows_verdicts_distributions_languages_and_slices() -> None:
    html = page_of(a_check(), {"boolq/accuracy": "Questions: right answers"})
    for text in (
        "FAIL", "INCONCLUSIVE", "2.0 MB", "not defined: the vocabularies differ", "90.0 %", "0.12 (0.062 to 0.19)",
        "Questions: right answers", "change of bits per byte by language", "Left out: 2 (no answer).",
        "loses &lt;i&gt;too&lt;/i&gt; much",
    ):  # fmt: skip
        assert text in html, text
    assert "<b>0" not in html
    assert not re.search(r"<script|(?:src|href)=\"(?!#|data:)", html)


@pytest.mark.slow
def test_what_is_missing_is_said() -> None:
    twin = a_twin("distilled", "PASS", kl=None)
    worse = [a_difference("worse", slice={"topic": str(place)}) for place in range(MOST_SLICES + 2)]
    comparison = twin.comparison.model_copy(update={"differences": worse})
    labels = [f"boolq/accuracy [topic={place}]" for place in range(MOST_SLICES + 2)]
    update = {"comparison": comparison, "broken_slices": labels, "languages": []}
    html = page_of(a_check(twins=[twin.model_copy(update=update)], no_languages="no texts: `audit assets pull x`"), {})
    assert "2 more slices are worse" in html
    assert "audit assets pull x" in html
    assert "KL divergence from the original" not in html


@pytest.mark.slow
def test_the_command_that_adds_items_stands_once_below_the_reasons() -> None:
    twin = a_twin("small", "INCONCLUSIVE", kl=0.1)
    (check,) = twin.decision.checks
    adding = "Add items: audit run --extend 'r <1>' --limit"
    reasons = [f"the interval is wide: about {n} items would decide it. {adding} {n}" for n in (200, 900, 400)]
    checks = [check.model_copy(update={"reason": reason}) for reason in [*reasons, "see audit verify --recompute r"]]
    decision = twin.decision.model_copy(update={"checks": checks})
    html = page_of(a_check(twins=[twin.model_copy(update={"decision": decision})]), {})
    assert html.count("audit run --extend") == 1
    assert "<code>audit run --extend &#39;r &lt;1&gt;&#39; --limit 900</code>" in html
    assert html.count("would decide it</li>") == 3
    assert html.count("see audit verify --recompute r") == 1
