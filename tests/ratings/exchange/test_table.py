"""CSV that spreadsheets read as text, and all events."""

from __future__ import annotations

import csv
import io
import json

import pytest

from audit.ratings.exchange.table import csv_lines, event_lines
from audit.ratings.projects.adjudicating import adjudicate
from audit.ratings.projects.item import RatedOutput
from audit.ratings.projects.making import add_items
from audit.ratings.projects.roles import NotAllowed
from tests.ratings.projects.made import content, made_in


def test_one_row_per_item_and_rater(any_database: str) -> None:
    made = made_in(any_database, 1)
    made.rate_all("Ann", rating=2)
    made.rate_all("Bob", rating=4)
    adjudicate(any_database, "p", "Judge", 1, {"rating": 3})
    rows = list(csv.DictReader(io.StringIO("".join(csv_lines(any_database, "p", "Root")), newline="")))
    assert [(row["rater"], row["rating"], row["prompt"], row["output"]) for row in rows] == [
        ("Ann", "2", "question 0", "answer 0"),
        ("Bob", "4", "question 0", "answer 0"),
        ("adjudicated", "3", "question 0", "answer 0"),
    ]
    with pytest.raises(NotAllowed):
        csv_lines(any_database, "p", "Judge")


@pytest.mark.slow
def test_texts_of_checkpoints_are_no_formulas(database_url: str) -> None:
    made = made_in(database_url, 0, raters=1)
    texts = ['=HYPERLINK("http://evil.example")', "+1", "-1+1", "@x", "\tx", "\n=1", "＝1", "a\r\nb;c,d", "\x00\ud800"]
    items = [content(n, outputs=[RatedOutput.of("r", f"s{n}", text)]) for n, text in enumerate(texts)]
    add_items(database_url, "p", "Root", items)
    made.rate_all("Ann", rating=3)
    text = "".join(csv_lines(database_url, "p", "Root"))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["output"] for row in rows} == {f"'{one}" for one in texts[:7]} | {texts[7], "\\u0000\\ud800"}
    text.encode()


def test_all_events_in_order(database_url: str) -> None:
    made = made_in(database_url, 1, raters=1)
    made.rate_all("Ann", rating=3)
    found = [json.loads(line) for line in event_lines(database_url, "p", "Root")]
    assert [one["id"] for one in found] == sorted(one["id"] for one in found)
    kinds = [one["kind"] for one in found if one["kind"] != "role_given"]
    assert kinds == ["guidelines", "items_added", "shown", "answered", "exported"]
    assert found[-2]["content"]["answers"] == {"rating": 3}
