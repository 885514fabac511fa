"""Published example values of each standard, near misses, and what check digits guarantee."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.safety.privacy import detectors
from audit.safety.privacy.countries.european import EUROPEAN
from audit.safety.privacy.countries.overseas import OVERSEAS
from audit.safety.privacy.detectors import DETECTORS, Finding, find
from audit.safety.privacy.identities import IDENTITIES
from tests.safety.privacy.cases.personal_identity_values import IDENTITY_LABELS
from tests.safety.privacy.countries.test_european import PUBLISHED as EUROPEAN_NUMBERS
from tests.safety.privacy.countries.test_overseas import PUBLISHED as OVERSEAS_NUMBERS
from tests.safety.privacy.test_accounts import CARDS

IBANS = [  # examples of the IBAN registry
    "GB82 WEST 1234 5698 7654 32",
    "GB82WEST12345698765432",
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "NL91 ABNA 0417 1643 00",
    "NO93 8601 1117 947",
    "de89370400440532013000",
]
FOUND = [
    *(("card", text) for text in CARDS),
    *(("iban", text) for text in IBANS),
    ("email", "john.smith@acme.co.uk"),
    ("email", "a+b_c@x-y.io"),
    ("email", "O'Brien@mail.ie"),
    ("ssn", "536-90-4399"),
    ("ssn", "536\u00a090\u00a04399"),
    ("ssn", "536\u201190\u20114399"),
    ("ip", "93.184.216.34"),
    ("ip", "2.16.4.0"),
    ("ip", "2a00:1450:4001:81b::200e"),
    ("wallet", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),  # bitcoin.it, invoice addresses
    ("wallet", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
    ("wallet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),  # BIP 173
    ("wallet", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"),  # BIP 350
    # Identity numbers of python-stdnum's documentation and of the issuers.
    ("uk_nino", "AA 12 34 56 A"),
    ("uk_nino", "AA123456A"),
    ("es_nif", "54362315K"),
    ("es_nif", "54362315-K"),
    ("es_nif", "X5253868R"),
    ("it_fiscal_code", "RCCMNL83S18D969H"),
    ("fr_nir", "2 95 10 99 126 111 93"),
    ("fr_nir", "253072B07300470"),
    ("br_cpf", "390.533.447-05"),
    ("de_tax_id", "36 574 261 809"),
    ("de_tax_id", "36574261809"),
    ("pl_pesel", "44051401359"),
    ("pl_pesel", "02211307589"),
    ("fi_hetu", "131052-308T"),
    ("se_personnummer", "880320-0016"),
    ("se_personnummer", "811228-9841"),
    ("kr_rrn", "971013-1019901"),
    ("cn_ric", "360426199101010071"),  # python-stdnum
    ("cn_ric", "11010519491231002X"),  # GB 11643-1999
    ("hk_id", "A123456(3)"),  # Immigration Department's sample
    ("in_pan", "AAPPV8261K"),
    *((kind, EUROPEAN_NUMBERS[kind][0]) for kind in EUROPEAN if EUROPEAN[kind].form),
    *((kind, OVERSEAS_NUMBERS[kind][0]) for kind in OVERSEAS if OVERSEAS[kind].form),
    ("in_aadhaar", "2341 2341 2346"),
    ("api_key", "ghp_k2V9bQ7xT4mZ0pR8sL1dW6yH3nC5gJfAuEoI"),
    ("api_key", "glpat-abcdefghij0123456789"),
    ("api_key", "sk-abcdefghij0123456789T3BlbkFJabcdefghij0123456789"),
    ("api_key", "xoxb-123456789012-1234567890123-abcdefghijABCDEFGHIJ0123"),
    ("private_key", "BEGIN EC PRIVATE KEY-----\nMHcCAQEEIAbCdEfGhIjKlMnOpQrSt"),
    ("phone", "(650) 253-0000"),
    ("phone", "+1 650 253 0000"),
    ("phone", "+49 30 901820"),
    ("phone", "020 7219 4272"),
]
RESERVED = [
    ("email", "jane@example.com"),
    ("email", "jane@mail.example.org"),
    ("email", "jane@host.test"),
    ("email", "root@localhost"),
    ("ip", "192.0.2.1"),
    ("ip", "198.51.100.7"),
    ("ip", "203.0.113.9"),
    ("ip", "127.0.0.1"),
    ("ip", "10.1.2.3"),
    ("ip", "192.168.0.1"),
    ("ip", "::1"),
    ("ip", "2001:db8::1"),
    ("ip", "fe80::1"),
    ("phone", "212-555-0123"),
    ("phone", "1-800-555-0199"),
    ("phone", "020 7946 0958"),
    ("phone", "+44 161 496 0123"),
    ("api_key", "AKIAIOSFODNN7EXAMPLE"),  # of Amazon's documentation
]
CUED = [
    ("uk_nhs", "943 476 5870", "NHS number: {}"),
    ("uk_nhs", "9434765870", "the patient {} (NHS)"),
    ("au_tfn", "123 456 782", "My TFN is {}"),
    ("in_aadhaar", "234123412346", "Aadhaar {}"),
    ("tw_id", "A123456789", "身分證字號：{}"),  # Ministry of the Interior's sample
    ("hk_id", "A1234563", "香港身份证{}"),
    ("br_cpf", "83454984939", "cpf={}"),
    ("ssn", "536904399", "SSN: {}"),
    ("ssn", "536.90.4399", "social security number {}"),
    ("ssn", "536 90 4399", "SSN {}"),
    ("ssn", "536\u201390\u20134399", "SSN {}"),
    ("phone", "650 253 0000", "Phone: {}"),
    ("phone", "1 650 253 0000", "Phone: {}"),
    ("phone", "4155552671", "my number is {}"),
    ("phone", "07725123456", '{{"phone": "{}"}}'),
    ("phone", "8 916 123-45-67", "тел. {}"),
    ("phone", "090-1234-5678", "携帯 {}"),
    ("phone", "010-1234-5678", "연락처: {}"),
    ("phone", "0912-345-678", "聯絡電話 {}"),
    ("phone", "9123 4567", "致電 {}"),
    ("phone", "030 901820", "Telefon: {}"),
    ("phone", "01 42 68 53 00", "Appelez le {} !"),
    ("phone", "138 1234 5678", "电话{}"),
    ("phone", "912 34 56 78", "Llame al {}"),
    *(
        (kind, values[0], f"{next(iter(IDENTITY_LABELS[kind].values()))}: {{}}")
        for kinds, published in ((EUROPEAN, EUROPEAN_NUMBERS), (OVERSEAS, OVERSEAS_NUMBERS))
        for kind, values in published.items()
        if not kinds[kind].form
    ),
]
"""Numbers that need a word nearby; the same text without it holds nothing of the kind."""
IN_SCRIPTS_WITHOUT_SPACES = [
    ("email", "li@mail.cn", "邮箱是{}。"),
    ("card", "4111 1111 1111 1111", "卡号{}，谢谢"),
    ("iban", "GB82WEST12345698765432", "口座は{}です"),
    ("ip", "93.184.216.34", "地址{}的"),
    ("kr_rrn", "971013-1019901", "번호는 {}입니다"),
    ("api_key", "glpat-abcdefghij0123456789", "キーは{}です"),
    ("phone", "+1 650 253 0000", "电话是{}。"),
]
MISSED = [
    "4111 1111 1111 1112",  # Luhn
    "1234 5678 9012 3452",  # Luhn holds, no issuer begins with 1
    "0000 0000 0000 0000",
    "41111111111111111111111",
    "GB82 WEST 1234 5698 7654 33",  # check digits
    "XX82 WEST 1234 5698 7654 32",  # no such country
    "DE89 3704 0044 0532 0130 0",  # too short
    "GB82 WEST 1234 5698 7654 321",  # too long
    "john@",
    "@handle",
    "john@acme",
    "a..b@x.com",
    "john.@x.com",
    "256.1.1.1",
    "1.2.3",
    "1.2.3.4.5",
    "12:30:45",
    "std::vector",
    "a::b",
    "00:1B:44:11:3A:B7",
    "000-12-3456",  # areas that are not issued
    "666-12-3456",
    "900-12-3456",
    "123-00-4567",
    "123-45-0000",
    "078-05-1120",  # in advertisements since 1938
    "536-90 4399",
    "555-0123",
    "1234567890",
    "2020-01-02",
    "1999-2000",
    "978-3-16-148410-0",
    "3.14159265358979",
    "10.0.19041.1165.2",
    "icon@2x.png",
    "git@github.com:a/b.git",
    "https://me:secret@mirror.org/x",
    "version 4.2.1.7",
    "section 3.2.1.4",
    "list[1::2]",
    "web-offers-2.2.4.0-amd64",
    "com/amazon/15.5.2.3/3",
    "order number 650 253 0000",
    "#650-253-0000",
    "SKU 536-90-4399",
    "order: 536-90-4399",
    "id=536-90-4399",
    "item 650-253-0000",
    "530305-8513",  # groups of no telephone number, Luhn does not hold
    "194.541.931-88",
    "100 000 0001 and no word",  # passes the NHS check, as every eleventh number does
    "44051401358",
    "44451401357",  # right check digit, born in 2144
    "36554266806",
    "131052-308U",
    "54362315Z",
    "RCCMNL83S18D969A",
    "GB123456A",  # a prefix that is not given
    "aa123456a",
    "ABCPX0000Z",
    "2341 2341 2347",
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
    "AKIA1234",
    "ghp_short",
    "BEGIN RSA PRIVATE KEY----- and then some words",
    "0x1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
]
SURROUNDED = ["{}", "It is {}.", "<{}>", "({}), then", "one\n{}\ntwo", "Is it {}?", 'say "{}"']


IN_ROWS = [
    ("Jane,4539578763621486,123", ["4539578763621486"]),
    ("4539578763621486:12/26:123", ["4539578763621486"]),
    ("card:4539578763621486exp12/26", ["4539578763621486"]),
    ("4539 5787 6362 1486cvv123", ["4539 5787 6362 1486"]),
    ("Jane,536-90-4399,1985-02-03", ["536-90-4399"]),
    ("Jane,+14155552671,94110", ["+14155552671"]),
    ("202-456-1111,202-456-1414", ["202-456-1111", "202-456-1414"]),
    ("FY24 invoices to DE89370400440532013000 please", ["DE89370400440532013000"]),
    ("AB12 account DE89 3704 0044 0532 0130 00", ["DE89 3704 0044 0532 0130 00"]),
    ("Write to jane.doe@mail.org.Thanks a lot", ["jane.doe@mail.org"]),
    ("_jane.doe@mail.org_", ["_jane.doe@mail.org"]),
    ("jane.doe@gmail.com- she", ["jane.doe@gmail.com"]),
    ("https://shop.com?email=jane.doe@gmail.com", ["jane.doe@gmail.com"]),
]
"""Values without a space around them, as they stand in tables, and beside what looks like their beginning."""


@pytest.mark.parametrize(("text", "values"), IN_ROWS)
def test_values_in_rows_are_found(text: str, values: list[str]) -> None:
    assert [text[finding.start : finding.end] for finding in find(text)] == values


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_valid_values_are_found_at_their_place(kind: str, text: str) -> None:
    for whole in [around.format(text) for around in SURROUNDED]:
        found = [(one.kind, whole[one.start : one.end], one.reserved) for one in find(whole)]
        assert found == [(kind, text, False)], whole


@pytest.mark.parametrize(("kind", "text"), RESERVED)
def test_reserved_values_are_found_and_marked(kind: str, text: str) -> None:
    (finding,) = find(f"It is {text}, so")
    assert (finding.kind, finding.reserved) == (kind, True)


@pytest.mark.parametrize(("kind", "text", "around"), [*CUED, *IN_SCRIPTS_WITHOUT_SPACES])
def test_values_are_found_beside_words(kind: str, text: str, around: str) -> None:
    whole = around.format(text)
    (finding,) = find(whole)
    assert (finding.kind, whole[finding.start : finding.end]) == (kind, text)


@pytest.mark.parametrize(("kind", "text", "around"), CUED)
def test_weak_numbers_need_their_word(kind: str, text: str, around: str) -> None:
    assert kind not in {finding.kind for finding in find(f"Nothing but {text} here")}


@pytest.mark.parametrize(
    "text",
    [
        "My business card: (650) 253-0000",
        "In case: 650-253-0000",
        "In case: 650\u202f253\u202f0000",
        "In case: (650) 253 0000",
        "Order number or phone: 650-253-0000",
        "Tax office 650-253-0000",
    ],
)
def test_a_word_that_may_mean_something_else_hides_no_telephone_number(text: str) -> None:
    assert [finding.kind for finding in find(text)] == ["phone"]


def test_the_libraries_are_asked_without_network_or_language_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole test session refuses connections; here a model of spaCy would be noticed as well."""
    import spacy
    import tldextract

    def refuse(*_arguments: object, **_more: object) -> None:
        raise AssertionError

    monkeypatch.setattr(spacy, "load", refuse)
    monkeypatch.setattr(tldextract.TLDExtract, "update", refuse)
    assert [finding.kind for finding in find("a@b.co.uk, 44051401359, AKIAABCDEFGHIJKLMNOP")] == [
        "email",
        "pl_pesel",
        "api_key",
    ]


@pytest.mark.parametrize("text", MISSED)
def test_near_misses_are_not_found(text: str) -> None:
    assert find(f"It is {text}, so") == []


def test_several_values_are_found_in_order_without_overlap() -> None:
    text = "SSN 536-90-4399, card 4111 1111 1111 1111, mail a@b.org, phone (650) 253-0000, host 93.184.216.34"
    findings = find(text)
    assert [finding.kind for finding in findings] == ["ssn", "card", "email", "phone", "ip"]
    assert all(left.end <= right.start for left, right in itertools.pairwise(findings))


def test_what_redaction_leaves_is_no_word_for_telephone() -> None:
    assert find("[phone] 4155552671") == []
    assert [one.kind for one in find("phone] 4155552671")] == ["phone"]
    assert [one.kind for one in find("[phone 4155552671")] == ["phone"]
    (mail,) = find("[phone] jane@mail.org")
    assert (mail.start, mail.end) == (8, 21)


def test_the_surer_kind_keeps_the_place_wherever_others_were_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second kind overlaps with the first one's later finding, the third with both."""
    places = {"a": [(0, 2), (10, 12)], "b": [(11, 13), (20, 22)], "c": [(1, 3), (21, 23), (30, 31)]}
    found = {kind: [Finding(kind, *place, reserved=False) for place in some] for kind, some in places.items()}
    monkeypatch.setattr(detectors, "DETECTORS", {kind: lambda _text, some=some: some for kind, some in found.items()})
    expected = [("a", 0), ("a", 10), ("b", 20), ("c", 30)]
    assert [(one.kind, one.start) for one in find("x" * 40)] == expected


def test_places_are_those_of_the_text_with_its_hidden_characters() -> None:
    (mail,) = find("mail\u200b it: jane@mail\u200b.org")
    assert (mail.kind, mail.start, mail.end) == ("email", 10, 24)


def test_there_is_a_detector_for_each_kind() -> None:
    assert {"email", "phone", "card", "iban", "ip", "ssn", "wallet", "api_key", "private_key", *IDENTITIES} == set(
        DETECTORS
    )
    assert {kind for kind, _ in FOUND} | {kind for kind, *_ in CUED} == set(DETECTORS)


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    for finding in find(text):
        assert 0 <= finding.start < finding.end <= len(text)
