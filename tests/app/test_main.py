"""The entry script: which pages there are, which comes first, and that nothing is fetched for the menu."""

from __future__ import annotations

from typing import Any

import pytest

from audit.app import main


@pytest.fixture
def menu(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the script hands to Streamlit."""
    found: dict[str, Any] = {"html": []}

    class Page:
        def __init__(self, _body: Any, **options: Any) -> None:
            self.options = options

    class Navigation:
        def __init__(self, pages: list[Page]) -> None:
            found["pages"] = [page.options for page in pages]

        def run(self) -> None:
            found["ran"] = True

    monkeypatch.setattr(main.st, "Page", Page)
    monkeypatch.setattr(main.st, "navigation", Navigation)
    monkeypatch.setattr(main.st, "set_page_config", lambda **options: found.update(options))
    monkeypatch.setattr(main.st, "html", found["html"].append)
    main.main()
    return found


def test_the_overview_comes_first_and_every_page_has_its_address(menu: dict[str, Any]) -> None:
    assert [page["url_path"] for page in menu["pages"]] == ["overview", "samples", "sample", "rate"]
    assert [page.get("default", False) for page in menu["pages"]] == [True, False, False, False]
    assert menu["ran"]


def test_the_icon_is_in_the_page_itself(menu: dict[str, Any]) -> None:
    """A material icon or an emoji would be fetched from a server elsewhere."""
    assert menu["page_icon"].startswith("<svg ")
    assert menu["page_icon"].count("http") == 1, "the name of the SVG namespace, which nothing fetches"
    assert all("http" not in text for text in menu["html"])
