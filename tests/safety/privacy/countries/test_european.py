"""European numbers: examples that issuers or references published, other check digits, and the words they need."""

from __future__ import annotations

import pytest

from audit.safety.privacy.countries.european import EUROPEAN
from tests.safety.privacy.countries.identity_numbers import check_published, found, share_of_others

PUBLISHED = {
    "ch_ahv": ("756.9217.0769.85", "756.9217.0769.84"),
    "be_nn": ("85.07.30-033.28", "85.07.30-033.29"),
    "no_fnr": ("15108695088", "15108695077"),
    "ru_snils": ("112-233-445 95", "112-233-445 96"),
    "de_rvnr": ("65 170839 J 003", "65 170839 J 004"),
    "pt_cc": ("00000000 0 ZZ4", "00000000 0 ZZ3"),
    "at_svnr": ("1237 010180", "2237 010180"),
    "bg_egn": ("8032056031", "8032056032"),
    "cz_rc": ("710319/2745", "710319/2746"),
    "de_kvnr": ("A123456780", "A123456781"),
    "de_id_card": ("L01X00T471", "L01X00T472"),
    "dk_cpr": ("211062-5629", "511062-5629"),
    "ee_ik": ("36805280109", "36805280108"),
    "es_nuss": ("281234567840", "281234567841"),
    "fr_spi": ("3023217600053", "3023217600054"),
    "gr_amka": ("01013099997", "01013099999"),
    "hr_oib": ("33392005961", "33392005962"),
    "hu_id": ("1-950523-1235", "1-950523-1236"),
    "ie_pps": ("6433435F", "6433435E"),
    "is_kennitala": ("120174-3399", "120174-3389"),
    "lt_asmens": ("33309240064", "33309240164"),
    "lv_pk": ("161175-19997", "161375-19997"),
    "nl_bsn": ("111222333", "111252333"),
    "pt_nif": ("123456789", "123456780"),
    "ro_cnp": ("1630615123457", "1632215123457"),
    "ru_inn": ("123456789047", "123456789037"),
    "tr_kimlik": ("17291716060", "17291716050"),
    "ua_rnokpp": ("1759013776", "1759013770"),
    "uk_utr": ("1955839661", "2955839661"),
    "jmbg": ("0101006500006", "0101006500007"),
}
"""A right number and a wrong one: of issuers' texts, Wikipedia's articles and the documentation of python-stdnum."""


def test_there_is_an_example_of_each() -> None:
    assert set(PUBLISHED) == set(EUROPEAN)


@pytest.mark.parametrize("kind", list(EUROPEAN))
def test_published_numbers(kind: str) -> None:
    check_published(kind, EUROPEAN[kind], *PUBLISHED[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(EUROPEAN))
def test_generated_numbers_pass_and_other_check_digits_do_not(kind: str) -> None:
    """Values of Faker, or of a second implementation; of the ten last characters one or few are right."""
    assert share_of_others(kind) <= {"dk_cpr": 1.0, "de_id_card": 0.7}.get(kind, 0.13)


def test_spanish_insurance_numbers_leave_out_a_zero_before_the_remainder_is_taken() -> None:
    """Number with a leading zero in its eight digits: province and seven digits are divided by 97."""
    assert found("es_nuss", f"NUSS 2801234567{281234567 % 97:02}") == [f"2801234567{281234567 % 97:02}"]
    assert found("es_nuss", f"NUSS 2801234567{2801234567 % 97:02}") == []


def test_hungarian_weights_change_with_the_year_of_birth() -> None:
    """Act XX of 1996: weights rise for those born until 1996 and fall from 1997 on."""
    for body, weights in (("1961231123", range(1, 11)), ("3050101123", range(10, 0, -1))):
        check = sum(int(one) * weight for one, weight in zip(body, weights, strict=True)) % 11
        assert found("hu_id", f"személyi szám {body}{check}") == [f"{body}{check}"]
    assert found("hu_id", "személyi szám 19613321234") == []


def test_snils_have_remainders_of_100_and_101_as_zeros() -> None:
    bodies = [body for body in range(100090000, 100100000) if _remainder(body) in {100, 101}]
    assert {_remainder(body) for body in bodies} == {100, 101}
    for body in bodies:
        digits = str(body)
        assert found("ru_snils", f"so {digits[:3]}-{digits[3:6]}-{digits[6:]} 00 is")


def _remainder(body: int) -> int:
    return sum(int(one) * weight for one, weight in zip(str(body), range(9, 0, -1), strict=True))


def test_german_cards_without_their_check_digit_have_a_digit_at_least() -> None:
    assert found("de_id_card", "Personalausweis L01X00T47") == ["L01X00T47"]
    assert found("de_id_card", "Personalausweis LMNPRTVWX") == []


def test_numbers_have_a_date() -> None:
    assert found("de_rvnr", "so 65 310239 J 003 is") == []
    for number in ("70000000000", "12312312312"):
        assert found("be_nn", f"rijksregisternummer {number}") == []
