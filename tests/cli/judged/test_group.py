"""``audit judge``: its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.cli.main import load_command

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_group_has_its_commands(audit: Callable[..., tuple[int, str, str]]) -> None:
    assert list(load_command("judge").commands) == ["measure", "draw", "outputs"]  # type: ignore[union-attr]
    code, out, _ = audit("judge", "--help")
    assert code == 0
    assert "audit judge draw latest" in out
