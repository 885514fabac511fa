"""People who do not exist."""

from __future__ import annotations

from audit.safety.own_data.names import FIRST_NAMES, LAST_NAMES, MOST


def test_no_name_is_listed_twice_and_there_are_as_many_people_as_pairs() -> None:
    assert len(set(FIRST_NAMES)) == len(FIRST_NAMES)
    assert len(set(LAST_NAMES)) == len(LAST_NAMES)
    assert len({f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES}) == MOST
    assert all(name.isalpha() and name.istitle() for name in (*FIRST_NAMES, *LAST_NAMES))
