"""Identity numbers by country."""

from __future__ import annotations

import itertools
import random
import string

import pytest
from stdnum.it import codicefiscale

from audit.safety.privacy.detectors import find
from audit.safety.privacy.identities import find_identities
from tests.safety.privacy.cases import personal_values


def spans(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find(text) if not one.reserved]


@pytest.mark.parametrize(
    "text",
    [
        "CPF 111.111.111-11",
        "CPF 00000000000",
        "NHS 999 999 9999",
        "TFN 000 000 000",
        "Aadhaar 2222 2222 2222",
        "SSN 111-11-1111",
        "SSN 123-45-6789",
        "SSN 000-12-3456",
        "DNI 00000000T",
        "DNI 11111111H",
        "radar 234123412346",
    ],
)
def test_numbers_that_nobody_has(text: str) -> None:
    assert spans(text) == []


def found(kind: str, text: str) -> list[str]:
    return list(dict.fromkeys(text[one.start : one.end] for one in find_identities(kind, text)))


def is_found(kind: str, value: str, around: str = "so {} is") -> bool:
    return found(kind, around.format(value)) == [value]


def test_the_letters_that_part_namesakes_are_digits_of_the_fiscal_code() -> None:
    """Omocodia (decree of 23 December 1976): L to V without O stand for 0 to 9, from the last digit on."""
    letters = "LMNPQRSTUV"
    for digit in range(10):
        one = letters[digit]
        body = f"RCCMNL{one}{one}S{letters[1]}{one}D{one}{one}{one}"
        assert is_found("it_fiscal_code", body + codicefiscale.calc_check_digit(body))
        body = f"RCCMNL{digit}{digit}S{letters[0]}{digit or 9}D{digit}{digit}{digit}"
        assert is_found("it_fiscal_code", body + codicefiscale.calc_check_digit(body))


def chinese(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(one) * weight for one, weight in zip(body, weights, strict=True)) % 11]


def test_a_chinese_number_has_a_place_a_date_and_a_check_character() -> None:
    good = chinese("11010519491231002")
    assert good == "11010519491231002X"
    for value in (good, good.lower(), "110105 19491231 002X", "110105-19491231-002X", chinese("11010520010101001")):
        assert is_found("cn_ric", value)
    for body in ("99010519491231002", "11010519491331002", "11010518991231002", "11010521001231002"):
        assert not found("cn_ric", f"so {chinese(body)} is")
    for value in ("110105-19491231 002X", "010105194912310020", "110105194912310021"):
        assert not found("cn_ric", f"so {value} is")


def french(body: str) -> str:
    return f"{body}{97 - int(body.replace('2A', '19').replace('2B', '18')) % 97:02}"


def test_a_french_number_has_a_month_or_a_code_for_one() -> None:
    """INSEE: 20 where the month is not known, 30 to 42 and 50 to 99 where the place has given out other months."""
    months = {month for month in range(100) if is_found("fr_nir", french(f"295{month:02}99126111"))}
    assert months == {*range(1, 13), *range(20, 43), *range(50, 100)}


@pytest.mark.parametrize("department", ["99", "2A", "2B"])
def test_a_french_number_may_be_grouped(department: str) -> None:
    number = french(f"29510{department}126111")
    for ends in itertools.product((0, 1), repeat=6):
        places = [place for place, part in zip((1, 3, 5, 7, 10, 13), ends, strict=True) if part]
        groups = [number[begin:end] for begin, end in itertools.pairwise([0, *places, 15])]
        for separator in (" ", "  ", ".", "-"):
            assert is_found("fr_nir", separator.join(groups))
    wrong = f"{number[:13]}{(int(number[13:]) + 1) % 97:02}"
    assert not found("fr_nir", f"so {wrong} is")
    assert is_found("fr_nir", french(f"19510{department}126111"))
    assert not found("fr_nir", f"so {french(f'39510{department}126111')} is")


def test_a_finnish_number_has_a_sign_of_the_century_and_a_check_character() -> None:
    """Digital and Population Data Services Agency: the nine digits modulo 31; signs since 2023."""
    characters = "0123456789ABCDEFHJKLMNPRSTUVWXY"
    numbers = [f"010101-{serial}{characters[int(f'010101{serial}') % 31]}" for serial in range(300, 331)]
    assert {number[-1] for number in numbers} == {*characters}
    for number in numbers:
        assert is_found("fi_hetu", number)
    for sign in "-+ABCDEFUVWXY":
        assert is_found("fi_hetu", numbers[0].replace("-", sign))
    for sign in "GTZ ":
        assert not found("fi_hetu", f"so {numbers[0].replace('-', sign)} is")


@pytest.mark.parametrize("value", ["121212-1212", "19121212-1212", "121212+1212"])
def test_a_swedish_number_may_have_a_century(value: str) -> None:
    assert is_found("se_personnummer", value)


def test_a_spanish_number_may_be_written_with_dots_and_hyphens() -> None:
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    assert letters[54362315 % 23] == "K"
    for value in ("54362315K", "54362315-K", "54.362.315K", "54.362.315-K"):
        assert is_found("es_nif", value)
    for place, head in enumerate("XYZ"):
        end = letters[int(f"{place}5253868") % 23]
        for value in (
            f"{head}5253868{end}",
            f"{head}-5253868-{end}",
            f"{head}5.253.868{end}",
            f"{head}-5.253.868-{end}",
        ):
            assert is_found("es_nif", value)
    assert is_found("es_nif", f"X1111111{letters[1111111 % 23]}")  # seven digits alike are no placeholder


def korean(body: str) -> str:
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    return body + str((11 - sum(int(one) * weight for one, weight in zip(body, weights, strict=True)) % 11) % 10)


def test_a_korean_number_without_its_hyphen_needs_a_word() -> None:
    for sex, born in (("1", "97"), ("2", "97"), ("3", "01"), ("4", "01")):
        number = korean(f"{born}1013{sex}01990")
        assert is_found("kr_rrn", f"{number[:6]}-{number[6:]}")
        for value in (number, f"{number[:6]} {number[6:]}"):
            assert not found("kr_rrn", f"so {value} is")
            for cue in ("주민등록", "주민 등록", "resident registration", "Resident Registration"):
                assert is_found("kr_rrn", value, f"{cue} {{}}")
    for sex in "05":
        number = korean(f"971013{sex}01990")
        assert not found("kr_rrn", f"so {number[:6]}-{number[6:]} is")


def test_the_prefixes_of_british_insurance_numbers_are_those_that_are_given() -> None:
    """HMRC's manual NIM39110."""
    letters = string.ascii_uppercase
    given = {
        first + second
        for first, second in itertools.product(sorted({*letters} - {*"DFIQUV"}), sorted({*letters} - {*"DFIQUVO"}))
    } - {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
    prefixes = ["".join(pair) for pair in itertools.product(letters, repeat=2)]
    assert {prefix for prefix in prefixes if is_found("uk_nino", f"{prefix}123456A")} == given
    assert "".join(letter for letter in letters if is_found("uk_nino", f"AA123456{letter}")) == "ABCD"
    for separator in (" ", "  ", "-", "."):
        assert is_found("uk_nino", separator.join(("AA", "12", "34", "56", "A")))
        assert is_found("uk_nino", separator.join(("AA", "123456", "A")))
    for value in ("AA 12-34 56 A", "AA 123456A", "AA123456 A", "AA 12 34 56-A"):
        assert not found("uk_nino", f"so {value} is")


CUES = {
    "br_cpf": ("39053344705", "cpf,CPF,(cpf)"),
    "hk_id": ("A1234563", "香港,身份证,身分證,身份証,hkid,HKID,Hong Kong"),
    "tw_id": (
        "A123456789",
        "身份证,身分證,身份証,统一证号,統一證號,統一証号,居留证,居留證,居留証,台湾,臺灣,台灣,Taiwan,national id",
    ),
    "in_aadhaar": ("234123412346", "aadhaar,Adhaar,aadhar,adhar,aadaar,adar,uidai,UIDAI,आधार"),
    "uk_nhs": ("9434765870", "nhs,NHS,(nhs),National Health"),
    "au_tfn": ("123456782", "tfn,TFN,(tfn),tax file,tax_file,tax-file,Tax File"),
    "ssn": ("536904399", "ssn,SSN,(ssn),social security,social_security,social-security,Social Security"),
    "kr_rrn": ("9710131019901", "주민등록"),
}
NO_CUES = {
    "br_cpf": "cpfx,xcpf,7cpf",
    "in_aadhaar": "radar,dhar",
    "uk_nhs": "xnhs,nhsx,nhs7",
    "au_tfn": "xtfn,tfnx,xtax file,tax  file",
    "ssn": "xssn,ssnx,social  security",
    "hk_id": "xhkid",
}


@pytest.mark.parametrize("kind", list(CUES))
def test_weak_numbers_need_one_of_their_words_near(kind: str) -> None:
    value, cues = CUES[kind]
    word = cues.split(",")[0]
    for cue in cues.split(","):
        assert value in found(kind, f"{cue}: {value}, so"), cue
        assert value in found(kind, f"so {value} {cue}"), cue
    for cue in NO_CUES.get(kind, "").split(","):
        assert value not in found(kind, f"{cue}: {value}, so"), cue
    near, after = 48 - len(word), 24 - len(word)
    assert value in found(kind, f"{word}{' ' * near}{value}")
    assert value not in found(kind, f"{word}{' ' * (near + 1)}{value}")
    assert value in found(kind, f"{value}{' ' * after}{word}")
    assert value not in found(kind, f"{value}{' ' * (after + 1)}{word}")


GROUPED = {
    "br_cpf": ("CPF {}", ("390", "533", "447", "05"), " -"),
    "uk_nhs": ("NHS {}", ("943", "476", "5870"), "- ."),
    "au_tfn": ("TFN {}", ("123", "456", "782"), "- ."),
    "in_aadhaar": ("Aadhaar {}", ("2341", "2341", "2346"), "- ."),
    "ssn": ("SSN {}", ("536", "90", "4399"), "- ."),
}


@pytest.mark.parametrize("kind", list(GROUPED))
def test_groups_have_the_same_separator(kind: str) -> None:
    around, groups, separators = GROUPED[kind]
    for separator in separators:
        value = separator.join(groups)
        assert is_found(kind, value, around), value
    for first, second in itertools.permutations(("", " ", "-", ".", "  "), 2):
        value = first.join(groups[:2]) + second + "".join(groups[2:])
        assert kind == "br_cpf" or not found(kind, around.format(value)), value
    assert not found(kind, around.format("   ".join(groups)))


@pytest.mark.parametrize(
    ("kind", "value", "around"),
    [
        ("br_cpf", "390.533.447-05", "so {} is"),
        ("br_cpf", "390.533.44705", "cpf {}"),
        ("br_cpf", "390533447-05", "cpf {}"),
        ("br_cpf", "390533447 05", "cpf {}"),
        ("br_cpf", "390  533  447 05", "cpf {}"),
        ("hk_id", "A123456(3)", "so {} is"),
        ("hk_id", "A 123456 (3)", "so {} is"),
        ("hk_id", "A 123456-3", "HKID {}"),
        ("hk_id", "G123456(A)", "so {} is"),
        ("hk_id", "G123456A", "HKID {}"),
        ("hk_id", "AB987654(3)", "so {} is"),
        ("hk_id", "AB9876543", "HKID {}"),
        ("de_tax_id", "36/574/261/809", "so {} is"),
        ("de_tax_id", "36-574-261-809", "so {} is"),
        ("de_tax_id", "36.574.261.809", "so {} is"),
        ("in_aadhaar", "2341 2341 2346", "so {} is"),
        ("in_aadhaar", "2341  2341  2346", "so {} is"),
        ("ssn", "536-90-4399", "so {} is"),
        ("ssn", "536  90  4399", "so {} is"),
    ],
)
def test_notations_that_count(kind: str, value: str, around: str) -> None:
    assert is_found(kind, value, around)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("de_tax_id", "36 574/261 809"),
        ("in_aadhaar", "2341-2341-2346"),
        ("in_aadhaar", "2341 23412346"),
        ("ssn", "536.90.4399"),
        ("ssn", "536904399"),
        ("ssn", "536  90 4399"),
        ("hk_id", "A123456(4)"),
        ("hk_id", "ABC123456(3)"),
        ("hk_id", "A123456(B)"),
        ("tw_id", "Taiwan A323456785"),
        ("in_pan", "AAPCV8261K"),
        ("in_pan", "AAPPV8261k"),
        ("br_cpf", "390.533.447 05"),
        ("br_cpf", "390.533-447-05"),
        ("ssn", "1536-90-4399"),
        ("pl_pesel", "144051401359"),
    ],
)
def test_notations_that_do_not_count(kind: str, text: str) -> None:
    assert found(kind, f"so {text} is") == []


def polish(body: str) -> str:
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    return body + str(-sum(int(one) * weight for one, weight in zip(body, weights, strict=True)) % 10)


def test_a_polish_number_is_of_somebody_born_since_1900() -> None:
    assert polish("4405140135") == "44051401359"
    for month in ("05", "12", "21"):
        assert is_found("pl_pesel", polish(f"04{month}140135"))
    assert not found("pl_pesel", f"so {polish('4485140135')} is")  # 1844


def test_numbers_of_taiwan_and_hong_kong_have_their_check_character() -> None:
    draws = random.Random(1)  # noqa: S311 - repeatable
    for _ in range(200):
        value = personal_values.tw_id(draws)
        assert is_found("tw_id", value, "Taiwan {}")
        wrong = value[:-1] + str((int(value[-1]) + 1) % 10)
        assert not found("tw_id", f"Taiwan {wrong}")
        value = personal_values.hk_id(draws)
        assert is_found("hk_id", value)
    for letter in string.ascii_uppercase:
        ends = [last for last in "0123456789" if found("tw_id", f"Taiwan {letter}80000001{last}")]
        assert len(ends) == 1


def test_an_american_number_with_spaces_is_loose_without_its_word() -> None:
    assert [one.loose for one in find_identities("ssn", "so 536 90 4399 is")] == [True]
    assert [one.loose for one in find_identities("ssn", "SSN 536904399 is")] == [False]
    assert found("ssn", "order 536 90 4399 is") == []
    assert found("ssn", "order SSN 536 90 4399 is") == ["536 90 4399"]
