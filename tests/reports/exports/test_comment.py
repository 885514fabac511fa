"""A verdict as a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from audit.core.errors import ConfigError
from audit.reports.exports import comment
from tests.reports.exports.conftest import VILE, a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents

GITHUB = MarkdownIt("commonmark").enable("table")


def test_the_marker_is_its_first_line_and_invisible() -> None:
    text = comment.render_decision(a_decision(a_check(verdict="FAIL")))
    first, second = text.splitlines()[:2]
    assert first == "<!-- checkpoint-audit gate release_policy.yaml -->"
    assert second == "### Release gate: ❌ FAIL"


def test_the_marker_is_one_comment_whatever_the_policy_is_called() -> None:
    hostile = comment.marker(a_decision(a_check(), policy="--> <script>\n-->.yaml"))
    assert hostile == "<!-- checkpoint-audit gate _script_.yaml -->"


def test_the_same_policy_has_the_same_marker() -> None:
    first, again = a_decision(a_check()), a_decision(a_check(verdict="FAIL"), run_id="another")
    assert comment.marker(first) == comment.marker(again)
    assert comment.marker(first) != comment.marker(a_decision(a_check(), policy="other.yaml"))


def test_what_blocks_comes_first_and_what_passes_is_folded() -> None:
    checks = [a_check("a/pass"), a_check("b/open", "INCONCLUSIVE"), a_check("c/fail", "FAIL")]
    text = comment.render_decision(a_decision(*checks))
    places = [text.index(word) for word in ("c/fail", "b/open", "<details>", "a/pass", "</details>")]
    assert places == sorted(places)
    assert GITHUB.render(text).count("<table>") == 2


def test_hostile_text_is_shown_not_obeyed() -> None:
    checks = [a_check(VILE + "@someone", verdict, rule=VILE, reason=VILE) for verdict in ("FAIL", "PASS")]
    html = GITHUB.render(comment.render_decision(a_decision(*checks, policy=VILE, run_id=VILE, warnings=[VILE])))
    assert "<b>" not in html
    assert "\x1b" not in html
    assert html.count("<!--") == 1
    assert html.count("<table>") == 2


@pytest.mark.slow
def test_ten_thousand_failing_rules_fit_into_a_comment() -> None:
    checks = [a_check(f"task_{number}/é", "FAIL", reason="é" * 9_000) for number in range(10_000)]
    text = comment.render_decision(a_decision(*checks))
    assert len(text.encode()) <= 65_536
    assert "do not fit into 65,536 bytes. Everything is in the summary and the artefact of the job." in text
    assert text.startswith("<!-- checkpoint-audit gate release_policy.yaml -->\n### Release gate: ❌ FAIL\n")


def test_a_run_without_verdict_has_no_comment(make_contents: Callable[..., RunContents]) -> None:
    with pytest.raises(ConfigError, match="it has no verdict"):
        comment.render(make_contents())
    assert comment.render(make_contents(decision=a_decision(a_check()))).startswith("<!-- ")
