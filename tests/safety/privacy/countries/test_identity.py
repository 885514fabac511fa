"""Words around a number, and separators inside it."""

from __future__ import annotations

import re

from audit.safety.privacy.countries.identity import ALIKE, EACH, Identity, word


def test_a_word_is_no_part_of_a_longer_one() -> None:
    pattern = re.compile(word("bsn|инн"), re.IGNORECASE)
    for text in ("BSN", "my bsn:", "(ИНН)", "bsn-7", "id_bsn"):
        assert pattern.search(text), text
    for text in ("absn", "bsns", "bsn7", "линнея"):
        assert not pattern.search(text), text


def test_separators_between_groups() -> None:
    assert all(re.fullmatch(rf"1{EACH}2", f"1{one}2") for one in ("", " ", "  ", "-", "."))
    assert not re.fullmatch(rf"1{EACH}2", "1   2")
    assert re.fullmatch(rf"1{ALIKE}2\1[3]", "1-2-3")
    assert not re.fullmatch(rf"1{ALIKE}2\1[3]", "1-2 3")


def test_a_kind_needs_no_word_unless_it_says_so() -> None:
    kind = Identity(r"\d{9}", bool)
    assert (kind.cued_form, kind.cue, kind.dashed, kind.unchecked) == ("", "", False, False)
