"""Addresses of tasks on the card."""

from __future__ import annotations

import re

from audit.reports.render.anchors import anchor


def test_an_address_is_readable_or_unique_and_never_more_than_an_address() -> None:
    assert anchor("evals", "boolq") == "evals-boolq"
    odd = [anchor("evals", name) for name in ("a b", "a.b", "a/b", "<b>", "é", "x" * 81, "")]
    assert len(set(odd)) == len(odd)
    assert all(re.fullmatch(r"evals-[0-9a-f]{12}", one) for one in odd)
