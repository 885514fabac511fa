"""The entry script: which pages there are, which comes first, and that nothing is fetched for the menu."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.testing.v1 import AppTest

from audit.app.entry import main
from audit.app.menu import ENTRIES
from tests.app.drawn import drawn

if TYPE_CHECKING:
    from audit.app.settings import AppSettings
    from audit.core.run_folder import RunFolder


@pytest.fixture
def menu(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the script hands to Streamlit."""
    found: dict[str, Any] = {"html": []}

    class Page:
        def __init__(self, _body: Any, **options: Any) -> None:
            self.options = options

    class Navigation:
        def __init__(self, pages: list[Page], *, expanded: bool) -> None:
            assert expanded, "no page is behind another click"
            found["pages"] = [page.options for page in pages]

        def run(self) -> None:
            found["ran"] = True

    monkeypatch.setattr(main.st, "Page", Page)
    monkeypatch.setattr(main.st, "navigation", Navigation)
    monkeypatch.setattr(main.st, "set_page_config", lambda **options: found.update(options))
    monkeypatch.setattr(main.st, "html", found["html"].append)
    main.main()
    return found


def test_every_page_has_its_address_because_the_default_one_is_hidden(menu: dict[str, Any]) -> None:
    """Streamlit knows no other address than ``/`` for the default page."""
    first, *others = menu["pages"]
    assert (first["default"], first["visibility"]) == (True, "hidden")
    assert [page["url_path"] for page in others] == [entry.name for entry in ENTRIES]
    assert not any(page.get("default", False) for page in others)
    assert menu["ran"]


def test_the_icon_is_in_the_page_itself(menu: dict[str, Any]) -> None:
    """A material icon or an emoji would be fetched from a server elsewhere."""
    assert menu["page_icon"].startswith("<svg ")
    assert menu["page_icon"].count("http") == 1, "the name of the SVG namespace, which nothing fetches"
    assert all("http" not in text for text in menu["html"])


@pytest.mark.slow
def test_the_page_says_something_before_the_libraries_are_there() -> None:
    """In a process of its own, which has none of them: the first thing on the page is what the reader waits for."""
    script = """
    import sys
    from audit.app.entry import main
    def spinner(text):
        assert text and not {"audit.app.pages.overview", "audit.reports", "altair"} & set(sys.modules), text
        raise SystemExit(7)
    main.st.spinner = spinner
    main.main()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("address", "title"), [({}, "Runs"), ({"run": "{run}"}, "smollm2\\-135m\\-instruct")])
def test_the_address_without_a_page_leads_on(
    address: dict[str, str], title: str, run: RunFolder, settings: AppSettings
) -> None:
    test = AppTest.from_file(str(resources.files("audit.app.entry").joinpath("main.py")), default_timeout=300)
    for name, value in address.items():
        test.query_params[name] = value.format(run=run.path.name)
    assert [one.value for one in drawn(test.run()).title] == [title]
