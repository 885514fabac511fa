"""Events come back as they were written, in order."""

from __future__ import annotations

from datetime import UTC, datetime

from audit.ratings.database import reading, writing
from audit.ratings.projects.events import append, of_submission, read_events, to_json
from tests.ratings.projects.made import made_in


def test_events_come_back_as_they_were_written(any_database: str) -> None:
    made_in(any_database, 1)
    before = datetime.now(UTC)
    content = {"answers": {"rating": 3}, "comment": "größer \x00 \ud800"}
    with writing(any_database) as connection:
        written = append(connection, 1, "answered", "ann", item_id=1, submission="x", content=content)
    with reading(any_database) as connection:
        assert read_events(connection, 1, ["answered"]) == [written]
        assert of_submission(connection, "x") == written
        assert of_submission(connection, "y") is None
        assert read_events(connection, 1, person="ann", item_id=1) == [written]
        assert read_events(connection, 1, ["answered"], person="bob") == []
        kinds = [event.kind for event in read_events(connection, 1)]
    assert written.content == content
    assert before <= written.created <= datetime.now(UTC)
    assert kinds[0] == "role_given"
    assert kinds[-3:] == ["guidelines", "items_added", "answered"]


def test_json_is_ascii() -> None:
    assert to_json({"a": "\x00\ud800ß"}) == '{"a":"\\u0000\\ud800\\u00df"}'
