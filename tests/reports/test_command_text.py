"""Commands in reasons, as the gate and the command line write them."""

from __future__ import annotations

from shlex import quote

import pytest
from markdown_it import MarkdownIt

from audit.reports.command_text import commands_in, parts, widest, without_commands
from audit.reports.drawing.page import commands
from audit.reports.render.markdown import table, with_commands

HOSTILE = """/it's "new", (a); `b`/run"""
EXTEND = "audit run --extend runs/20261127T0638Z-x-447c3e --limit 201"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"0.2 to 0.4 spans the limit: about 201 items would decide this. Add items: {EXTEND}", [EXTEND]),
        ("supply what is missing, then audit run --resume 'my runs/a; b'", ["audit run --resume 'my runs/a; b'"]),
        (
            f"Add items: audit run --extend {quote(HOSTILE)} --limit 9.",
            [f"audit run --extend {quote(HOSTILE)} --limit 9"],
        ),
        ("finish it with audit run --resume /a,b:c/run", ["audit run --resume /a,b:c/run"]),
        ("Finish it with 'audit run --resume', or start anew", ["audit run --resume"]),
        ("audit gate RUN --policy FILE.", ["audit gate RUN --policy FILE"]),
        ("(audit run --limit 5), audit tasks --x y", ["audit run --limit 5", "audit tasks --x y"]),
        ("the audit run ended; run audit gate again", []),
        ("", []),
    ],
)
def test_commands_end_where_the_sentence_goes_on(text: str, named: list[str]) -> None:
    assert commands_in(text) == named
    assert "".join(part for part, _ in parts(text)) == text


def test_hostile_reasons_stay_text_in_html_and_in_a_cell_of_markdown() -> None:
    vile = "a <b> | `c` **d**: audit run --extend '<i>|*' --limit 2"
    assert str(commands(vile)) == (
        "a &lt;b&gt; | `c` **d**: <code>audit run --extend &#39;&lt;i&gt;|*&#39; --limit 2</code>"
    )
    lines = table(["x"], [[with_commands(vile)]])
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render("\n".join(lines))
    assert "<td>a &lt;b&gt; | `c` **d**: <code>audit run --extend '&lt;i&gt;|*' --limit 2</code></td>" in html


def test_what_to_add_is_left_out_and_of_equal_commands_the_widest_stays() -> None:
    assert (
        without_commands(f"wide: 200 items would decide it. Add items: {EXTEND}") == "wide: 200 items would decide it"
    )
    assert without_commands("finish it with audit run --resume r") == "finish it with audit run --resume r"
    limits = [f"audit run --extend r --limit {limit}" for limit in ("20", "all", "300", "0.5")]
    assert widest([limits[0], limits[2], "audit run --resume r", limits[3]]) == [limits[2], "audit run --resume r"]
    assert widest(limits) == [limits[1]]
    assert widest([]) == []
