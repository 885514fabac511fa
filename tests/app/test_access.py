"""Who is at the browser, and what is logged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from audit.app import access
from audit.core.errors import UsageError
from audit.ratings.access.app_events import read_app_events
from audit.ratings.access.app_roles import give_app_role
from audit.ratings.database import reading
from audit.ratings.projects.roles import ROLES, NotAllowed
from tests.app.drawn import button, drawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings
    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


def claims(email: object = "ada@host.test", **changes: Any) -> dict[str, Any]:
    """What the provider says of somebody who signed in just now; None leaves a claim out."""
    said = {"is_logged_in": True, "email": email, "email_verified": True, "iat": time.time(), **changes}
    return {name: value for name, value in said.items() if value is not None}


@pytest.fixture
def signed_in(settings: AppSettings, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    """Signs somebody in by their claims."""
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    monkeypatch.setattr(access.st, "session_state", {})
    return lambda said: monkeypatch.setattr(access.st, "user", said)


def test_only_a_verified_address_is_a_person(signed_in: Callable[[dict[str, Any]], None]) -> None:
    for said, who in (
        (claims(), "ada@host.test"),
        (claims("Ada@Host.Test"), "Ada@Host.Test"),
        (claims(email_verified="true"), "ada@host.test"),
        (claims(email_verified=False), None),
        (claims(email_verified="false"), None),
        (claims(email_verified=None), None),
        (claims(None), None),
        (claims("ada"), None),
        (claims(["ada@host.test"]), None),
        (claims("ａda@host.test"), None),  # a full-width letter: names in a database are compared without its width
        (claims("straße@host.test"), None),
        (claims("adele@host.test "), None),
        (claims(is_logged_in=False), None),
        (claims(iat=time.time() - access.SIGNED_IN_SECONDS - 60), None),
        (claims(iat=time.time() + access.CLOCKS_APART + 60), None),
        (claims(iat=float("nan")), None),
        (claims(iat=None), None),
        ({}, None),
    ):
        signed_in(said)
        assert access.user() == who, said
        if who is None:
            assert access.roles() == frozenset()
            with pytest.raises(NotAllowed):
                access.acting_user()


def test_roles_are_read_again_each_time(
    settings: AppSettings, signed_in: Callable[[dict[str, Any]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(claims())
    assert not access.may(*ROLES)
    give_app_role(settings.database_url, "root", "ADA@host.test", "viewer", at_machine=True)
    assert access.require("viewer", "rater") == "ada@host.test"
    with pytest.raises(NotAllowed, match="the role rater: ask an admin"):
        access.require("rater")
    monkeypatch.setenv("AUDIT_APP_LOGIN", "")
    assert access.roles() == set(ROLES), "whoever has the machine has every role"


def looks(url: str) -> list[tuple[str, str, str]]:
    with reading(url) as connection:
        found = read_app_events(connection, ["opened", "revealed"])
    return [(one.kind, one.person, " ".join(one.content.values())) for one in found]


def test_a_look_is_logged_once_until_another(settings: AppSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access.st, "session_state", {access.RATER_KEY: "Ada"})
    for run in ("one", "one", "two", "one"):
        assert access.log("opened", page="overview", run=run, task="")
    access.log("revealed", run="one", sample="s")
    opened = [("opened", "ada", f"overview {run}") for run in ("one", "two", "one")]
    assert looks(settings.database_url) == [*opened, ("revealed", "ada", "one s")]


def unwritable(*_: object) -> None:
    msg = "attempt to write a readonly database"
    raise UsageError(msg)


@pytest.mark.slow
def test_hidden_text_is_logged_and_shown_where_it_can_be(
    run: RunFolder, settings: AppSettings, by_task: dict[str, list[Sample]], open_page: Open, monkeypatch: Any
) -> None:
    """On this machine reading goes on without a log; where people sign in, nothing hidden is shown."""
    sample = by_task["toxicity"][0]
    place = {"task": "safety/toxicity", "sample": sample.sample_id}
    shown = drawn(button(open_page("sample", **place), "Show it").click().run())
    assert any("vile prompt" in code.value for code in shown.code)
    name = run.path.name
    about = f"{name} safety/toxicity {sample.sample_id}"
    assert [(kind, where) for kind, _, where in looks(settings.database_url)] == [
        ("opened", f"sample {name}"),
        ("opened", f"sample {about}"),
        ("revealed", about),
    ]
    monkeypatch.setattr(access, "log_look", unwritable)
    page = open_page("sample", **place)
    assert any("not logged" in caption.value for caption in page.sidebar.caption)
    assert any("vile prompt" in code.value for code in drawn(button(page, "Show it").click().run()).code)
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    give_app_role(settings.database_url, "root", "ada@host.test", "viewer", at_machine=True)
    page = open_page("sample", user=claims(), **place)
    refused = drawn(button(page, "Show it").click().run())
    assert not any("vile prompt" in code.value for code in refused.code)
    assert any("must be logged" in error.value for error in refused.error)
