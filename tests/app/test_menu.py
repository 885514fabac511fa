"""The menu: every page has a file, and the way to it takes its address along."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from audit.app import menu

if TYPE_CHECKING:
    import pytest


def test_every_file_of_a_page_is_in_the_menu_and_every_entry_has_a_file() -> None:
    files = {file.name.removesuffix(".py") for file in resources.files("audit.app.pages").iterdir()}
    assert {entry.name for entry in menu.ENTRIES} == {name for name in files if not name.startswith("__")}


def test_another_page_is_opened_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, Any]] = []
    monkeypatch.setattr(menu.st, "session_state", {menu.PAGES_KEY: {"samples": "the page"}})
    monkeypatch.setattr(menu.st, "switch_page", lambda page, query_params: opened.append((page, query_params)))
    menu.open_page("samples", run="a", task=["boolq", "piqa"], sample="")
    assert opened == [("the page", {"run": "a", "task": ["boolq", "piqa"]})]
