"""Numbers outside Europe: published examples, other check digits, and the words they need."""

from __future__ import annotations

import pytest

from audit.safety.privacy.countries.overseas import OVERSEAS
from tests.safety.privacy.cases.personal_identity_values import icao_digit
from tests.safety.privacy.countries.identity_numbers import check_published, found, share_of_others

PASSPORT = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
"""The specimen of ICAO 9303, part 4."""
PUBLISHED = {
    "passport_mrz": (PASSPORT, PASSPORT[:-1] + "1"),
    "mx_curp": ("BOXW310820HNERXN09", "BOXW310820HNERXN08"),
    "mx_rfc": ("GODE561231GR8", "GODE561231GR7"),
    "ar_cuil": ("20-05536168-2", "20-05536168-3"),
    "cl_rut": ("12.531.909-2", "12.531.909-3"),
    "th_id": ("1-2345-45678-78-1", "1-2345-45678-78-9"),
    "us_itin": ("912-90-3456", "912-93-3456"),
    "my_nric": ("770305-02-1234", "771305-02-1234"),
    "pk_cnic": ("34201-0891231-8", "04201-0891231-8"),
    "ar_dni": ("20.123.456", "20.123.4567"),
    "au_medicare": ("2123 45670 1", "2123 45671 1"),
    "ca_sin": ("123-456-782", "123-456-783"),
    "do_cedula": ("00113918205", "00113918204"),
    "ec_ci": ("171430710-3", "171430710-4"),
    "id_nik": ("3171011708450001", "9971011708450001"),
    "il_id": ("03933742-3", "03933742-2"),
    "in_epic": ("WKH1186253", "WKH1186254"),
    "jp_my_number": ("6214 9832 0257", "6214 9832 0258"),
    "nz_ird": ("49-091-850", "49-091-851"),
    "sg_nric": ("S1234567D", "S1234567E"),
    "uy_ci": ("1.234.567-2", "1.234.567-3"),
    "ve_rif": ("V-11470283-4", "V-11470283-3"),
    "za_id": ("7503305044089", "8503305044089"),
}
"""A right number and a wrong one: of issuers' texts, presidio's tests and the documentation of python-stdnum."""
UNCHECKED = {"us_itin", "my_nric", "pk_cnic", "ar_dni", "id_nik"}
"""Kinds without a check digit at the end."""


def test_there_is_an_example_of_each() -> None:
    assert set(PUBLISHED) == set(OVERSEAS)


@pytest.mark.parametrize("kind", list(OVERSEAS))
def test_published_numbers(kind: str) -> None:
    check_published(kind, OVERSEAS[kind], *PUBLISHED[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(OVERSEAS))
def test_generated_numbers_pass_and_other_check_digits_do_not(kind: str) -> None:
    """Values of Faker, or of a second implementation; of the ten last characters one is right."""
    assert share_of_others(kind) <= (1.0 if kind in UNCHECKED | {"au_medicare"} else 0.13)


@pytest.mark.parametrize("value", ["S2740116C", "T7572225C", "F2346401L", "G1234567X", "M4332674T", "S9108268C"])
def test_singaporean_numbers_of_presidios_tests(value: str) -> None:
    letters = [one for one in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if found("sg_nric", f"NRIC {value[:-1]}{one}")]
    assert letters == [value[-1]]


@pytest.mark.parametrize("place", [9, 13, 19, 21, 27, 42, 43])
def test_a_passport_has_all_its_check_digits(place: int) -> None:
    other = str((int(PASSPORT[place]) + 1) % 10)
    assert found("passport_mrz", PASSPORT) == [PASSPORT]
    assert found("passport_mrz", PASSPORT[:place] + other + PASSPORT[place + 1 :]) == []


def test_a_passport_may_have_no_optional_data() -> None:
    """ICAO 9303, part 4: the check digit of an empty field is a filler or 0."""
    body = "L898902C36UTO7408122F1204159" + "<" * 14
    last = icao_digit(body[:10] + body[13:20] + body[21:] + "<")
    ends = [f"{optional}{end}" for optional in "<019" for end in "0123456789"]
    assert {end for end in ends if found("passport_mrz", body + end)} == {f"<{last}", f"0{last}"}


def test_numbers_without_a_check_digit_are_none_of_an_order() -> None:
    assert found("pk_cnic", "order 34201-0891231-8 is") == []
    assert found("us_itin", "so 912 90 3456 is") == []
    assert found("us_itin", "ITIN 912 90 3456 is") == ["912 90 3456"]
