"""The script of pages that are used by keyboard; what it does is tested in a browser (tests/app/whole)."""

from __future__ import annotations

from audit.app.elements.rating.keys import NO_REPEAT


def test_the_script_holds_nothing_that_reaches_out() -> None:
    assert NO_REPEAT.count("<script>") == NO_REPEAT.count("</script>") == 1
    assert not [word for word in ("http", "fetch", "eval", "innerHTML", "import") if word in NO_REPEAT]
