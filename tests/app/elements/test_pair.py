"""Words for what became of an item."""

from __future__ import annotations

from audit.app.elements.pair import CHANGES, MEANINGS, heading
from audit.reports.browsing.pair_index import CHANGES as KINDS
from audit.reports.browsing.pair_index import PairFacts


def test_every_change_has_a_sign_a_word_and_a_meaning() -> None:
    assert {*CHANGES} == {*MEANINGS} == {*KINDS}
    signs = [sign for sign, _, tone in CHANGES.values()]
    assert all(signs), "colour is not all that tells them apart"
    assert str(heading(PairFacts("x", "fixed", 1.0))) == (
        '<h1 class="audit-heading">▲ Fixed: wrong in the baseline, right in this run</h1>'
    )
