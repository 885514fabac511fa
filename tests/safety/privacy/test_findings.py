"""Long and hostile texts: the work grows with the text alone, and nothing is lost where it is cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.safety.privacy import accounts, detectors, emails, findings, identities, networks, phones
from audit.safety.privacy.detectors import Finding, find
from audit.safety.privacy.findings import (
    LETTER,
    LOOSE,
    NUMBERED_THING,
    PIECE,
    REACH,
    SEPARATOR,
    UNSPACED,
    in_pieces,
    is_whole,
    stands_alone,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

VALUES = ["a.b@mail.org", "4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "+1 650 253 0000", "131052-308T"]


def spread(text: str) -> list[tuple[str, int, int]]:
    return [(finding.kind, finding.start, finding.end) for finding in find(text)]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("offset", [-40, -20, -12, -11, -5, -1, 0, 1, 20])
def test_a_value_at_a_cut_is_found_once_and_whole(value: str, offset: int) -> None:
    (expected,) = spread(f"it is {value} then")
    filling = "word " * (2 * PIECE // 5 + 200)
    begin = PIECE + offset
    text = f"{filling[: begin - 1]} {value} {filling}"
    assert spread(text) == [(expected[0], begin, begin + len(value))]


def test_no_detector_sees_more_than_a_piece_with_its_surroundings() -> None:
    seen: list[int] = []

    def detect(text: str) -> list[Finding]:
        seen.append(len(text))
        return []

    assert list(in_pieces(detect, "x" * 1_000_000)) == []
    assert max(seen) <= PIECE + 2 * REACH
    assert sum(seen) <= 1_000_000 * (1 + 2 * REACH / PIECE) + PIECE
    assert len(seen) == -(-1_000_000 // PIECE)


class Counted:
    """A finding that counts how often its place is read."""

    kind, reserved, loose, reads = "x", False, False, 0

    def __init__(self, start: int) -> None:
        self.begin = start

    @property
    def start(self) -> int:
        Counted.reads += 1
        return self.begin

    @property
    def end(self) -> int:
        Counted.reads += 1
        return self.begin + 1


def test_findings_are_not_compared_with_each_other(monkeypatch: Any) -> None:
    """4,000 findings: compared with all before them they would be read some eight million times."""
    monkeypatch.setattr(detectors, "DETECTORS", {"x": lambda _text: [Counted(i) for i in range(0, 4000, 2)]})
    assert len(detectors.find("x" * 4000)) == 2000
    assert Counted.reads < 20 * 2000


@pytest.mark.slow
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=12), max_size=4),
)
def test_the_surer_detector_and_the_earlier_finding_keep_the_place(places: list[list[tuple[int, int]]]) -> None:
    """Against a comparison of all with all."""
    found = {
        str(index): [Finding(str(index), start, start + length, reserved=False) for start, length in one]
        for index, one in enumerate(places)
    }
    taken: list[Finding] = []
    for group in found.values():
        for finding in group:
            if all(finding.end <= other.start or other.end <= finding.start for other in taken):
                taken.append(finding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detectors, "DETECTORS", {kind: lambda _t, f=f: f for kind, f in found.items()})
        assert detectors.find("x" * 80) == sorted(taken, key=lambda finding: finding.start)


def own_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for module in (
        accounts,
        emails,
        findings,
        networks,
        phones,
    ):
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield name, value
    for kind, identity in identities.IDENTITIES.items():
        yield kind, re.compile(identity.form)
        yield kind, re.compile(identity.cued_form)


@pytest.mark.parametrize(("name", "pattern"), list(own_patterns()))
def test_our_patterns_look_a_bounded_way_ahead(name: str, pattern: re.Pattern[str]) -> None:
    """From each place a pattern of bounded width takes a bounded number of steps."""
    _, most = re._parser.parse(pattern.pattern, pattern.flags).getwidth()  # type: ignore[attr-defined]
    assert most < 1200, name


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("1", marks=pytest.mark.slow),
        "a",
        "1 ",
        "1-",
        "a@",
        "a.",
        "eyJ",
        "sk-",
        "12:",
        "AA11 ",
        "4111 1111 ",
        "+1 ",
        "é@",
        "https://",
        "a!",
        "0x1",
    ],
)
def test_hostile_repetitions_are_searched(hostile: str) -> None:
    """Two pieces of each: what the libraries' patterns do with them ends. Longer texts are more of such pieces."""
    for finding in find(hostile * (2 * PIECE // len(hostile))):
        assert finding.end > finding.start


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("is 12345678Z.", True),
        ("身份证12345678Z的", True),
        ("번호는 12345678Z입니다", True),
        ("x12345678Z", False),
        ("é12345678Z", False),
        ("#12345678Z", False),
        ("12345678Z-5", False),
        ("/12345678Z", False),
        ("1.12345678Z", False),
        ("12345678Z.5", False),
        ("(12345678Z)", True),
    ],
)
def test_where_a_value_ends(text: str, alone: bool) -> None:
    start = text.index("12345678Z")
    assert stands_alone(text, start, start + 9) is alone


@pytest.mark.parametrize(
    ("text", "checked", "unchecked"),
    [
        ("x12345678Z", False, False),
        ("12345678Zx", False, False),
        ("/12345678Z", False, False),
        ("#12345678Z", False, False),
        ("+12345678Z", False, False),
        ("+1 12345678Z", False, False),
        ("+ 12345678Z", True, True),
        ("ab (12345678Z)", True, True),
        ("1.12345678Z", False, False),
        ("12345678Z.5", False, False),
        ("1,12345678Z", True, False),
        ("12345678Z,5", True, False),
        ("12345678Z:5", True, False),
        ("12345678Z, 5", True, True),
        ("+4412 12345678Z", False, False),
        ("+44 12345678Z", False, False),
        ("+44123 12345678Z", True, True),  # no country code
        ("-12345678Z", False, False),
        ("12345678Z-", True, True),
        ("12345678Z-5", False, False),
        ("12345678Z/5", False, False),
        ("12345678Z.x", True, True),
    ],
)
def test_what_has_no_check_digits_ends_at_fewer_marks(text: str, checked: bool, unchecked: bool) -> None:
    start = text.index("12345678Z")
    assert stands_alone(text, start, start + 9) is checked
    assert stands_alone(text, start, start + 9, checked=False) is unchecked


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("12-345-678", True),
        ("1-[12-345-678]", True),
        ("1 (12-345-678)", True),
        ("1 12-345-678", False),
        ("1  12-345-678", False),
        ("1   12-345-678", True),
        ("1-12-345-678", False),
        ("12-345-678-9", False),
        ("12-345-678  9", False),
        ("12-345-678   9", True),
        ("x 12-345-678 y", True),
        ("x12-345-678", False),
        ("x 1 12-345-678", False),
        ("12-345-678. 9", True),
    ],
)
def test_a_group_next_to_groups_belongs_to_them(text: str, whole: bool) -> None:
    start = text.index("12-345-678")
    assert is_whole(text, start, start + 10) is whole


@pytest.mark.parametrize("length", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + REACH + 1])
def test_pieces_are_the_text_with_its_surroundings(length: int) -> None:
    """Each character is found once, at its place, and seen with what is around it."""
    text = "".join(chr(0x100 + place % 5000) for place in range(length))
    seen: list[str] = []

    def detect(part: str) -> list[Finding]:
        seen.append(part)
        return [Finding("x", place, place + 2, reserved=True, loose=True) for place in range(len(part))]

    found = list(in_pieces(detect, text))
    assert [(one.start, one.end) for one in found] == [(i, i + 2) for i in range(length)]
    assert all((one.kind, one.reserved, one.loose) == ("x", True, True) for one in found)
    starts = [0] if length <= PIECE else range(0, length, PIECE)
    assert seen == [text[max(0, start - REACH) : start + PIECE + REACH] for start in starts]
    assert all(len(part) <= PIECE + 2 * REACH for part in seen)


def test_groups_beside_groups_are_part_of_a_longer_number() -> None:
    assert is_whole("12 345 678", 0, 10)
    assert not is_whole("12 345 678 9", 0, 10)
    assert not is_whole("1 12 345 678", 2, 12)
    assert is_whole("12345678 9", 0, 8)
    assert is_whole("1 12345678 9", 2, 10)
    assert is_whole("1 X1234567L 9", 2, 11)


def test_letters_are_of_scripts_with_spaces_between_words_or_without() -> None:
    for letter in "aZ9_éяαأ":
        assert re.fullmatch(LETTER, letter)
        assert not re.fullmatch(UNSPACED, letter)
    for letter in "กລᄀあア中ꀀ가豈ｱﾜ\uf900":  # Thai, Lao, Jamo, kana, Han, Yi, Hangul, compatibility, half width
        assert re.fullmatch(UNSPACED, letter)
        assert not re.fullmatch(LETTER, letter)
    for mark in "。、・ ,฿":
        assert not re.fullmatch(UNSPACED, mark)
        assert not re.fullmatch(LETTER, mark)


def test_what_is_between_groups_and_between_numbers_in_a_row() -> None:
    separators = ("", " ", "  ", "   ", "-", ".", "--", "/")
    assert [one for one in separators if re.fullmatch(SEPARATOR, one)] == [" ", "  ", "-", "."]
    marks = " \u2013\u2014\u2015-\u2010\u2011\u2012\u2016\xa0\t"
    assert [one for one in marks if LOOSE.fullmatch(one)] == [" ", "\u2013", "\u2014", "\u2015"]


JUST_BEFORE = (
    "order,invoice,ticket,tracking,serial,ref,booking,parcel,sku,part,item,model,lot,batch,id,uid,pid,index,issue,bug,page"
    ",pages,pp,bestellung,rechnung,auftrag,seite,seiten,commande,facture,pedido,factura,ordine,fattura,zamówienie,заказ"
)


@pytest.mark.parametrize("sign", [" ", "", ": ", " #", "=", "№", ".", '"', "'", " : "])
def test_the_name_of_what_is_numbered_is_just_before_the_number(sign: str) -> None:
    assert [name for name in JUST_BEFORE.split(",") if not NUMBERED_THING.search(f"an {name}{sign}")] == []
    assert [name for name in JUST_BEFORE.split(",") if not NUMBERED_THING.search(f"an_{name.upper()}{sign}")] == []
    assert find(f"an item{sign or ' '}650-253-0000 is") == []


def test_words_that_only_end_so_or_stand_further_off_number_nothing() -> None:
    names = [
        form.format(name) for name in JUST_BEFORE.split(",") for form in ("x{}", "9{}", "{}    ", "to {}", "{} to ")
    ]
    names += ["pagess", "seitenn"]
    assert [name for name in names if NUMBERED_THING.search(f"an {name}")] == []
    assert [one.kind for one in find("To order 650-253-0000")] == ["phone"]
