"""How text that a checkpoint or a data set wrote gets onto a page: never as Markdown, never as HTML.

Streamlit renders labels, titles, captions, alerts and badges as Markdown, which can load images from
elsewhere. So foreign text goes through ``st.text``, ``st.code`` and table cells, which take it literally;
where a short name must appear in Markdown, :func:`plain` takes every meaning from its punctuation.
"""

from __future__ import annotations

import string
from math import ceil
from typing import TYPE_CHECKING, Literal

import pandas as pd
import streamlit as st
from markupsafe import Markup

from audit.app import access, links
from audit.core.formatting import REASON_LIMIT, visible
from audit.core.records import Flag, split_address
from audit.core.sensitive import is_hidden
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from audit.core.records import Sample

SHOWN_KEY, REFUSED_KEY = "shown_samples", "reveal_refused"
MASKED = "Hidden: it may offend."
LONGEST = 20_000
"""Characters shown at most; a page that holds megabytes of text stops a browser."""
EXCERPT = 160
WHOLE_TABLE = 30
"""Rows up to which a table is shown whole instead of scrolling."""
WRAPPED_ROWS = 300
"""Rows of a wrapped table at most: a browser lays out every cell of it, but of a data frame only those in sight."""

_TABLE_STYLE = Markup(
    "<style>table.audit {border-collapse: collapse; width: 100%; font-size: .875rem;}"
    "table.audit th, table.audit td {border: 1px solid rgba(128, 128, 128, .3); padding: .4rem .6rem; text-align: left;"
    " vertical-align: top; font-variant-numeric: tabular-nums;} table.audit th {font-weight: 600; white-space: nowrap;}"
    "table.audit td.short {white-space: nowrap;} table.audit td.long {overflow-wrap: anywhere; min-width: 8.5rem;}"
    "table.audit td.long:last-child {min-width: 12rem;} .audit-table {overflow-x: auto;"
    " container-type: inline-size;}</style>"
)
_CARDS = Markup(
    "<style>@container (max-width: {0}rem) {{"
    " table.audit.from{0}, table.audit.from{0} tbody {{display: block;}}"
    " table.audit.from{0} tr:first-child {{position: absolute; width: 1px; height: 1px; overflow: hidden;"
    " clip-path: inset(50%);}}"
    " table.audit.from{0} tr {{display: block; border: 1px solid rgba(128, 128, 128, .3); border-radius: .5rem;"
    " padding: .4rem; margin-bottom: .6rem;}}"
    " table.audit.from{0} td, table.audit.from{0} td.long:last-child {{display: grid; gap: .6rem; border: 0;"
    " grid-template-columns: 7rem minmax(0, 1fr); padding: .15rem .3rem; min-width: 0; white-space: normal;"
    " overflow-wrap: anywhere;}}"
    " table.audit.from{0} td::before {{content: attr(data-label); font-weight: 600;}} }}</style>"
)
"""Where a table has less room than it needs, each row is a card, with the headings in front of the values."""
_TABLE = Markup(
    '{}<div class="audit-table" tabindex="0" role="group" aria-label="Table: {}">'
    '<table class="audit from{}" role="table">{}</table></div>'
)
"""With a tab stop: what is still too wide is scrolled sideways, by keyboard too. Roles are written out: browsers do not
take for rows what is laid out as cards."""
CHARACTER, PADDING, LONG, LAST_LONG = 0.44, 1.3, 8.5, 12.0
"""Widths in rem: of a character, of the padding of a cell, and at least of a column whose cells break into lines, and
of the last one of them."""
SHORT = 24
"""Characters up to which a cell of a wrapped table stays on one line; a metric's interval has fewer."""
TALL = 620
"""Pixels of a long table, which then scrolls."""
_PUNCTUATION = str.maketrans({character: f"\\{character}" for character in string.punctuation})


def plain(text: str) -> str:
    """Markdown that shows ``text`` as it is, on one line."""
    return printable(text).translate(_PUNCTUATION)


def in_badge(text: str) -> str:
    """As :func:`plain` for ``st.badge``, which escapes brackets itself."""
    return plain(text).replace("\\[", "[").replace("\\]", "]")


def readable(text: str, limit: int = LONGEST) -> str:
    """The text with its lines and tabs, hidden characters made visible, the middle left out where it is long.

    Both ends are kept: the question is at the end of a prompt, the format at its beginning.
    """
    if len(text) > limit:
        half, left_out = limit // 2, len(text) - 2 * (limit // 2)
        text = f"{text[:half]}\n… {left_out:,} characters left out …\n{text[-half:]}"
    return "\n".join("\t".join(printable(part) for part in line.split("\t")) for line in text.split("\n"))


def excerpt(text: str | None, *, end: bool = False) -> str | None:
    """One harmless line for a table cell.

    Args:
        text: What to cut.
        end: Keep the end of a long text (a prompt's question) instead of its beginning.
    """
    if text is None or len(text) <= EXCERPT:
        return None if text is None else printable(text)
    return "…" + printable(text[-EXCERPT:]) if end else printable(text[:EXCERPT]) + "…"


def _frame(rows: Sequence[Mapping[str, object]]) -> None:
    """A table that scrolls in both directions; cells are literal text with hidden characters made visible."""
    literal = [{name: printable(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows]
    st.dataframe(pd.DataFrame(literal), hide_index=True, width="stretch", placeholder="—")


def wrapped_table(rows: Sequence[Mapping[str, object]]) -> None:
    """A table of records whose long cells break into lines; where there is too little room, each row is a card.

    One of more than ``WRAPPED_ROWS`` rows is a data frame, whose cells open when they are clicked.

    Args:
        rows: None shows nothing. Cells are literal text with hidden characters made visible, nothing shows as ``—``.
    """
    if not rows:
        return
    if len(rows) > WRAPPED_ROWS:
        _frame(rows)
        return
    rows = [{printable(name): "—" if cell is None else cell for name, cell in row.items()} for row in rows]
    line = Markup('<tr role="row">{}</tr>')
    names = [*rows[0]]
    short = {name for name in names if all(len(str(row[name])) <= SHORT for row in rows)}
    heading = Markup('<th role="columnheader" scope="col">{}</th>')
    head = line.format(Markup("").join(heading.format(name) for name in names))
    lines = [line.format(Markup("").join(_cell(name, row[name], name in short) for name in names)) for row in rows]
    needed = ceil(_needed(rows, names, short))
    style, body = _TABLE_STYLE + _CARDS.format(needed), head + Markup("").join(lines)
    with st.container(height=TALL if len(rows) > WHOLE_TABLE else "content", border=False):
        st.html(_TABLE.format(style, ", ".join(names), needed, body))


def _needed(rows: Sequence[Mapping[str, object]], names: Sequence[str], short: Collection[str]) -> float:
    """Room that the columns need, in rem, estimated."""
    room = 0.0
    for name in names:
        longest = max(len(name), *(len(str(row[name])) for row in rows)) if name in short else len(name)
        least = 0.0 if name in short else LAST_LONG if name == names[-1] else LONG
        room += max(longest * CHARACTER + PADDING, least)
    return room


def _cell(name: str, value: object, is_short: bool) -> Markup:
    """A cell of a column whose cells are all short, or one that breaks into lines: names at their underscores first."""
    text = visible(printable(str(value)), REASON_LIMIT, 0)
    kind, shown = ("short", text) if is_short else ("long", text.replace("_", Markup("_<wbr/>")))
    return Markup('<td class="{}" role="cell" data-label="{}"><span>{}</span></td>').format(kind, name, shown)


def is_masked(sample: Sample, run: str | None = None) -> bool:
    """Whether the text of this sample stays hidden: one that may offend, until the reader asks for it.

    A reader who asks for a whole sample sees its completions too; one who asks for a completion sees that one.

    Args:
        sample: The sample.
        run: Name of its run; None takes the one that is looked at.
    """
    shown: set[str] = st.session_state.get(SHOWN_KEY, set())
    whole = sample.model_copy(update={"sample_id": split_address(sample.sample_id)[0]})
    return is_hidden(sample) and not {_key(sample, run), _key(whole, run)} & shown


def show_text(text: str | None, *, absent: str, height: int | None = None) -> None:
    """Put foreign text on the page, in its own box.

    Args:
        text: What to show.
        absent: What to say when there is none.
        height: Pixels; longer text scrolls. None grows with the text.
    """
    if text is None:
        st.caption(absent)
    elif text == "":
        st.caption("(empty)")
    else:
        lines = sum(1 + len(line) // 100 for line in text[:LONGEST].split("\n"))
        tall = height is not None and lines * 22 + 40 > height
        st.code(readable(text), language=None, wrap_lines=True, height=height if tall and height else "content")


def show_thinking(sample: Sample) -> None:
    """Put the reasoning before an output on the page, folded; nothing where there is none."""
    if Flag.THINKING_WITHHELD in sample.flags:
        st.caption("The reasoning before it could not be searched for personal data and was not kept.")
    elif sample.thinking and sample.thinking.strip():
        with st.expander(
            f"Reasoning before the output, {len(sample.thinking):,} characters", icon=":material/psychology:"
        ):
            show_text(sample.thinking, absent="none", height=380)


def show_mask(
    sample: Sample, key: str, shortcut: str | None = "O", runs: Sequence[str] = (), *, inline: bool = False
) -> None:
    """Say that the text of a sample is hidden, with a button that shows this one's and logs who saw it.

    Args:
        sample: The sample.
        key: Of the button.
        shortcut: Key that presses it; None where a page has several.
        runs: Names of the runs whose texts of this item are shown; none takes the one that is looked at.
        inline: Whether it is a part of a line, without a frame of its own.
    """
    width: Literal["content", "stretch"] = "content" if inline else "stretch"
    with st.container(border=not inline, horizontal=True, vertical_alignment="center", width=width):
        st.text(MASKED)
        wanted = (sample, runs or (links.chosen("run") or "",))
        st.button("Show it", key=key, shortcut=shortcut, on_click=_unmask, args=wanted, icon=":material/visibility:")
    if st.session_state.pop(REFUSED_KEY, False):
        st.error("Not shown: who sees it must be logged, and the database cannot be written.", icon=":material/error:")


def _key(sample: Sample, run: str | None) -> str:
    """With the run: another checkpoint's text for the same item is another text, and who sees it is logged again."""
    return f"{links.chosen('run') or '' if run is None else run}/{sample.suite}/{sample.task}/{sample.sample_id}"


def _unmask(sample: Sample, runs: Sequence[str]) -> None:
    """Show a text from now on, and log it; where people sign in, nothing is shown that cannot be logged."""
    for run in runs:
        place = {"run": run, "task": f"{sample.suite}/{sample.task}", "sample": sample.sample_id}
        if access.log("revealed", **place) or access.is_machine():
            st.session_state[SHOWN_KEY] = {*st.session_state.get(SHOWN_KEY, set()), _key(sample, run)}
        else:
            st.session_state[REFUSED_KEY] = True
