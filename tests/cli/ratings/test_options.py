"""Who acts: the user of this machine unless another name is given."""

from __future__ import annotations

import getpass

import pytest

from audit.cli.ratings.options import acting_user
from audit.core.errors import UsageError


def test_the_user_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    assert acting_user(None) == "ada"
    assert acting_user("Bob") == "Bob"


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", unknown)
    with pytest.raises(UsageError, match="give one with --as"):
        acting_user(None)
