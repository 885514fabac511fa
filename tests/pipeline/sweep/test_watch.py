"""How long a sweep waits."""

from __future__ import annotations

import time

from audit.pipeline.sweep.watch import Watch


def test_a_watch_looks_twice_a_minute_until_it_is_interrupted() -> None:
    assert (Watch().every, Watch().idle, Watch().sleep) == (30, None, time.sleep)
