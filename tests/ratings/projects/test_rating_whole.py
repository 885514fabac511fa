"""Raters in processes of their own, some of which are killed: exactly k answers per item, none lost or doubled."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from audit.ratings.database import reading
from audit.ratings.projects.events import read_events
from tests.cli.whole.processes import Forks
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.whole.processes import Fork

FIRST = "import audit.ratings.projects.rating, psycopg"
"""What every rater imports: no connection is open when the processes are forked."""

RATER = """
import sys
from uuid import uuid4
from audit.core.errors import UsageError
from audit.ratings.projects.rating import next_item, submit
_, url, name = sys.argv
while (item := next_item(url, "p", name)) is not None:
    try:
        event = submit(url, "p", name, item.item_id, {"rating": 3}, submission=uuid4().hex).event
    except UsageError as error:
        if "its lease has ended" not in str(error):
            raise
        continue  # on a slow machine the short lease runs out before the answer is given
    print(event.id, flush=True)
"""


@pytest.fixture(scope="module")
def raters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Starts them."""
    made = Forks(tmp_path_factory.mktemp("raters"), FIRST)
    yield made
    made.close()


@pytest.mark.slow
def test_processes_of_which_one_is_killed(any_database: str, raters: Forks) -> None:
    made = made_in(any_database, 25, raters=3, lease_seconds=1)

    def start(name: str) -> Fork:
        return raters.start([any_database, name], RATER)

    running = {name: start(name) for name in ("Ann", "Bob", "Cem", "Dee")}
    killed = running.pop("Dee")
    while killed.poll() is None and killed.out.stat().st_size == 0:
        time.sleep(0.001)  # killed as soon as it has stored its first answer
    code, _ = killed.stop(signal.SIGKILL)
    assert code == -signal.SIGKILL
    running["Dee"] = start("Dee")
    ended = [process.poll(block=True) for process in running.values()]
    assert [process.error.read_text("utf-8") for process in running.values()] == [""] * 4
    assert ended == [0] * 4
    for who in running:
        made.rate_all(who, rating=3)  # what the killed one had leased at its end
    with reading(any_database) as connection:
        events = read_events(connection, 1, ["answered"])
    pairs = [(event.item_id, event.person) for event in events]
    assert len(set(pairs)) == len(pairs)
    assert Counter(item for item, _ in pairs) == {item.id: 3 for item in made.items}
    told = {int(line) for process in (killed, *running.values()) for line in process.out.read_text("utf-8").split()}
    assert told <= {event.id for event in events}
