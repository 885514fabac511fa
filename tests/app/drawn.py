"""What tests of pages share: the pages as scripts, and what is on a page that was drawn."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from audit.app.elements.rating import keys
from audit.app.menu import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    Open = Callable[..., AppTest]


SCRIPTS = {
    entry.name: f"from audit.app.pages import {entry.name}\nframed({entry.name}.page, *{entry.roles!r})()"
    for entry in ENTRIES
    if entry.of_run
}
OTHERS = {
    entry.name: f"from audit.app.pages import {entry.name}\nunframed({entry.name}.page, *{entry.roles!r})()"
    for entry in ENTRIES
    if not entry.of_run
}
"""Pages that are not about one run."""


def drawn(test: AppTest) -> AppTest:
    assert [error.value for error in test.exception] == []
    return test


def every_html(test: AppTest) -> str:
    """All HTML of the page but the one script that is ours."""
    return "\n".join(element.proto.body for element in test.get("html")).replace(keys.NO_REPEAT, "")


def every_markdown(test: AppTest) -> str:
    """All text of the page that Streamlit treats as Markdown."""
    kinds = (
        test.title,
        test.header,
        test.subheader,
        test.markdown,
        test.caption,
        test.warning,
        test.error,
        test.info,
        test.success,
    )
    elements = [element.value for kind in kinds for element in kind]
    labels = [
        widget.label for kind in (test.button, test.selectbox, test.multiselect, test.expander) for widget in kind
    ]
    return "\n".join([*elements, *labels])


def rows_tables(test: AppTest) -> list[dict[str, Any]]:
    """What every table whose rows open was given."""
    return [json.loads(element.proto.json) for element in test.get("bidi_component")]


def _literal(cell: Any) -> Any:
    parts = cell if isinstance(cell, list) else [cell]
    texts = [part["text"] if isinstance(part, dict) else part for part in parts]
    return texts[0] if len(texts) == 1 else "\n".join(texts)


def tables(test: AppTest) -> list[dict[str, list[Any]]]:
    """Every table of the page by its columns, those whose cells wrap or whose rows open too."""
    opening = [
        {
            column["title"]: [_literal(row["cells"][place]) for row in table["rows"]]
            for place, column in enumerate(table["columns"])
        }
        for table in rows_tables(test)
    ]
    frames = [frame.value.to_dict("list") for frame in test.dataframe]
    wrapped = re.findall(r'<table class="audit[^>]*>.*?</table>', every_html(test), re.DOTALL)
    return [*opening, *frames, *map(_columns, wrapped)]


def _columns(html: str) -> dict[str, list[Any]]:
    head, *rows = [["".join(cell.itertext()) for cell in row] for row in ET.fromstring(html)]  # noqa: S314 - our own table
    return {name: [row[place] for row in rows] for place, name in enumerate(head)}


def button(test: AppTest, label: str) -> Any:
    """The button that shows this: its label, or without one its key."""
    return next(widget for widget in test.button if (widget.label or widget.proto.shortcut) == label)


def rate_as(test: AppTest, name: str, task: str) -> AppTest:
    test.text_input(key="rater_box").set_value(name)
    drawn(button(test, "Start").click().run())
    return drawn(test.multiselect(key="rate_tasks_box").set_value([task]).run())
