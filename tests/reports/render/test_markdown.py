from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from audit.core.records import NotRun
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.reports import contents
from audit.reports.render.markdown import code, escaped, render, render_decision, table
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

GITHUB = MarkdownIt("commonmark").enable("table").enable("strikethrough")


@given(st.text(alphabet="ab`|*_<>&[]()#~!\\@$:-\n\x1b\u202e{}+.", max_size=40))
def test_escaped_text_is_one_table_cell_of_plain_text(text: str) -> None:
    tokens = GITHUB.parse("\n".join(table(["head", "other"], [[f"x{escaped(text)}x", "y"]])))
    cells = [token for token in tokens if token.type == "inline"]
    assert len(cells) == 4
    children = cells[2].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    shown = "".join(child.content for child in children)
    assert shown.startswith("x")
    for character in "`|*_<>":
        assert shown.count(character) == text.count(character)


@given(st.text(alphabet="ab`|*_<>\n\\", min_size=1, max_size=40))
def test_a_code_span_ends_where_it_should(text: str) -> None:
    inline = GITHUB.parse(f"Signature: {code(text)} end")[1]
    kinds = [child.type for child in inline.children or []]
    assert kinds == ["text", "code_inline", "text"]


@pytest.mark.slow
def test_a_run_as_markdown(shared_run: RunFolder) -> None:
    text = render(contents.read(shared_run))
    html = GITHUB.render(text)
    (accuracy,) = [m for m in shared_run.read_metrics() if m.name == "boolq/accuracy"]
    assert accuracy.value is not None
    assert html.count("<table>") == 3  # of each suite, and of what is not assessed
    assert accuracy.value == 0.65
    assert "<td>65 %</td>" in html
    assert "<td>boolq: accuracy</td>" in html  # a run without words shows names
    assert "boolq/accuracy" in html
    assert "Not run and warnings" not in html
    assert "Intended use: not stated" in text
    assert "- boolq: confident error, explained by occlusion: **believable**." in text


def test_what_did_not_run_is_listed(full_run: RunFolder) -> None:
    skipped = [NotRun(suite="evals", task="gsm8k", reason="<no data> | `x`")]
    changed = full_run.read_manifest().model_copy(
        update={"not_run": skipped, "warnings": ["a\nb"], "status": "partial"}
    )
    full_run.write_manifest(changed)
    sealed(full_run)
    html = GITHUB.render(render(contents.read(full_run)))
    assert "not run: gsm8k: &lt;no data&gt; | `x`" in html
    assert "warning: a⏎b" in html
    assert "<strong>partial</strong>" in html


@pytest.mark.parametrize("unscored", [0, 2])
def test_a_verdict_as_markdown(unscored: int, shared_run: RunFolder) -> None:
    decision = decide(shared_run, load_policy())
    html = GITHUB.render(render_decision(decision))
    assert html.count("<tr>") == 1 + len(decision.checks)
    assert decision.verdict in html


def test_a_run_that_has_not_ended_says_so(make_run: Callable[..., RunFolder]) -> None:
    text = render(contents.read(make_run([], status="running")))
    assert ", status **running**, not finished." in text
    assert ", —." not in text


def test_a_host_without_a_scheme_is_no_link_on_github() -> None:
    """GitHub's extended autolinks begin with ``www.`` (GFM specification, 6.9)."""
    assert escaped("see www.example.org or WWW.x, 0.5") == "see www\\.example.org or WWW\\.x, 0.5"
