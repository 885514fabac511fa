"""``audit keys make``: what is printed, and what is left on disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.gate.signing import keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


def test_a_pair_is_made_once(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, error = audit("keys", "make")
    made = keys.key_id(keys.public_key(tmp_path / "audit.pub"))
    assert (code, out.splitlines()) == (0, ["public key  audit.pub", f"key id      {made}"])
    assert "keep it secret" in error
    assert (tmp_path / "audit.key").read_text() not in out + error
    before = (tmp_path / "audit.key").read_bytes()
    code, out, error = audit("keys", "make")
    assert (code, out) == (2, "")
    assert error.startswith("error: audit.key: it exists already")
    assert (tmp_path / "audit.key").read_bytes() == before


def test_as_json_in_another_place(audit: Audit, tmp_path: Path) -> None:
    code, out, _ = audit("keys", "make", "--json", "--out", tmp_path / "new" / "release.key")
    made = json.loads(out)
    assert code == 0
    assert made == {
        "private_key": str(tmp_path / "new" / "release.key"),
        "public_key": str(tmp_path / "new" / "release.pub"),
        "key_id": keys.key_id(keys.public_key(tmp_path / "new" / "release.pub")),
    }


@pytest.mark.parametrize("name", [".", "/", "k" * 300])
def test_a_name_that_no_file_can_have_is_one_line(
    name: str, audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, error = audit("keys", "make", "--out", name)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert error.startswith(f"error: {name}: ")
