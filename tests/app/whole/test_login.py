"""Signing in for real: ``audit app --auth``, an OpenID provider and Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.ratings import default_url
from audit.ratings.access.app_roles import give_app_role
from tests.app.provider import CLIENT_SECRET, Provider
from tests.app.whole.served import Server, browser, page, settle, unused_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.core.run_folder import RunFolder
    from tests.cli.whole.processes import Forks

__all__ = ["browser", "page"]  # fixtures
PEOPLE: dict[str, dict[str, Any]] = {
    "rater": {"email": "rater@host.test", "email_verified": True},
    "admin": {"email": "Admin@host.test", "email_verified": True},
    "unverified": {"email": "admin@host.test", "email_verified": False},
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider(PEOPLE)
    yield made
    made.close()


@pytest.fixture
def app(provider: Provider, run: RunFolder, runs: Path, tmp_path: Path, app_forks: Forks) -> Iterator[Server]:
    give_app_role(default_url(runs), "root", "rater@host.test", "rater", at_machine=True)
    port = unused_port()
    file = provider.login_file(tmp_path, f"http://127.0.0.1:{port}")
    running = Server(runs, "--auth", str(file), "--admin", "admin@host.test", port=port, forks=app_forks)
    yield running
    running.stop()


@pytest.mark.slow
@pytest.mark.browser
def test_people_sign_in_see_what_is_theirs_and_sign_out(app: Server, page: Any) -> None:  # noqa: PLR0915 - a journey
    menu = page.locator("[data-testid=stSidebarNavLink]")
    heading = page.locator("[data-testid=stMainBlockContainer] h1")

    def opened(address: str) -> str:
        page.goto(f"{app.url}/{address}")
        heading.wait_for()
        settle(page)
        return str(heading.inner_text())

    def sign_in(name: str) -> None:
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Who are you?").wait_for()
        page.get_by_role("link", name=name, exact=True).click()
        page.get_by_role("button", name="Sign out").wait_for()
        settle(page)

    def sign_out() -> None:
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in").wait_for()
        settle(page)

    def told() -> str:
        return str(page.content())

    def listed() -> list[str]:
        """The pages of the menu, without their symbols."""
        return [text.split("\n")[-1] for text in menu.all_inner_texts()]

    assert (opened("overview"), opened("admin")) == ("Sign in", "Sign in")
    assert "smollm2" not in told()
    sign_in("rater")
    page.wait_for_url("**/rate*")
    assert listed() == ["Rate", "Rating results"]
    for address in ("runs", "sample?task=boolq", "admin"):
        assert opened(address) == "No access", address
        assert not [word for word in ("smollm2", "fox", "INCONCLUSIVE") if word in told()], address
    sign_out()
    sign_in("admin")
    page.wait_for_url("**/ratings*")
    page.get_by_role("link", name="Admin").click()
    page.wait_for_url("**/admin*")
    assert listed() == ["Rating results", "Admin"]
    page.get_by_label("Email address").fill("rater@host.test")
    page.get_by_label("Role", exact=True).click()
    page.get_by_role("option", name="viewer").click()
    page.get_by_role("button", name="Give").click()
    page.get_by_text("rater@host.test is viewer now.").wait_for()
    settle(page)
    assert "opened" in told()
    assert CLIENT_SECRET not in told()
    sign_out()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="unverified").click()
    page.get_by_text("does not say that your email address is verified").wait_for()
    assert heading.inner_text() == "Sign in"
    assert menu.count() == 0
    sign_out()
    sign_in("rater")
    page.wait_for_url("**/runs*")
    page.get_by_role("table", name="Runs").wait_for()
    assert "Runs" in listed()
    assert "Admin" not in listed()
