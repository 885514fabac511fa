"""A table that knows its names, and makes an entry only when somebody wants it."""

from __future__ import annotations

import pytest

from audit.core.names import PROBES as FOLDERS
from audit.safety import suite
from audit.safety.on_demand import OnDemand


@pytest.fixture
def made() -> list[str]:
    """Names of the entries that were made."""
    return []


@pytest.fixture
def table(made: list[str]) -> OnDemand[str]:
    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    return OnDemand(("b", "a"), make)


def test_names_are_known_without_entries(table: OnDemand[str], made: list[str]) -> None:
    assert list(table) == ["b", "a"]
    assert len(table) == 2
    assert "a" in table
    assert "c" not in table
    assert table.keys() & {"a", "c"} == {"a"}
    assert made == []


def test_an_entry_is_made_once(table: OnDemand[str], made: list[str]) -> None:
    assert table["a"] == table["a"] == table.get("a") == "A"
    assert made == ["a"]
    assert dict(table) == {"b": "B", "a": "A"}
    with pytest.raises(KeyError):
        table["c"]
    assert table.get("c") is None


def test_others_come_and_go(table: OnDemand[str], made: list[str]) -> None:
    table["c"] = "own"
    table["a"] = "other"
    assert list(table.items()) == [("b", "B"), ("a", "other"), ("c", "own")]
    assert table.pop("c") == "own"
    assert table.pop("c", None) is None
    del table["a"]
    assert list(table) == ["b"]
    with pytest.raises(KeyError):
        del table["a"]
    assert made == ["b"]


def test_every_probe_has_the_name_under_which_it_is_found() -> None:
    assert list(suite.PROBES) == list(suite.TASKS) == list(FOLDERS)
    assert {name: probe.name for name, probe in suite.PROBES.items()} == {name: name for name in FOLDERS}
    assert {name: probe.description for name, probe in suite.PROBES.items()} == dict(suite.TASKS)
