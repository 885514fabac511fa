"""Raters in processes of their own, some of which are killed: exactly k answers per item, none lost or doubled."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from audit.ratings.database import reading
from audit.ratings.projects.events import read_events
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from pathlib import Path

RATER = """
import sys
from uuid import uuid4
from audit.core.errors import UsageError
from audit.ratings.projects.rating import next_item, submit
url, name = sys.argv[1:]
while (item := next_item(url, "p", name)) is not None:
    try:
        event = submit(url, "p", name, item.item_id, {"rating": 3}, submission=uuid4().hex).event
    except UsageError as error:
        if "its lease has ended" not in str(error):
            raise
        continue  # on a slow machine the short lease runs out before the answer is given
    print(event.id, flush=True)
"""


def start(url: str, name: str, out: Path) -> subprocess.Popen[bytes]:
    with out.open("ab") as file:
        return subprocess.Popen([sys.executable, "-c", RATER, url, name], stdout=file, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_processes_of_which_one_is_killed(any_database: str, tmp_path: Path) -> None:
    made = made_in(any_database, 25, raters=3, lease_seconds=1)
    outs = {name: tmp_path / f"{name}.txt" for name in ("Ann", "Bob", "Cem", "Dee")}
    running = {name: start(any_database, name, out) for name, out in outs.items()}
    while running["Dee"].poll() is None and outs["Dee"].stat().st_size == 0:
        pass  # killed as soon as it has stored its first answer
    running["Dee"].kill()
    running["Dee"].communicate()
    running["Dee again"] = start(any_database, "Dee", outs["Dee"])
    errors = [process.communicate()[1] for name, process in running.items() if name != "Dee"]
    assert errors == [b""] * 4
    for who in ("Ann", "Bob", "Cem", "Dee"):
        made.rate_all(who, rating=3)  # what the killed one had leased at its end
    with reading(any_database) as connection:
        events = read_events(connection, 1, ["answered"])
    pairs = [(event.item_id, event.person) for event in events]
    assert len(set(pairs)) == len(pairs)
    assert Counter(item for item, _ in pairs) == {item.id: 3 for item in made.items}
    told = {int(line) for out in outs.values() for line in out.read_text().splitlines() if line}
    assert told <= {event.id for event in events}
