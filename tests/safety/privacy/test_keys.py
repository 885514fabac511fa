"""Keys of today's services, made after their issuers' documents, and placeholders for keys."""

from __future__ import annotations

import random

import pytest

from audit.safety.privacy.detectors import find
from audit.safety.privacy.findings import PIECE
from audit.safety.privacy.keys import find_api_keys, find_private_keys
from tests.safety.privacy.cases.personal_key_values import HEX, SERVICES, json_web_token, some

ROUNDS = 40
AROUND = ("The key is {}.", 'KEY="{}"', "密钥{}是", "curl -H 'Authorization: Bearer {}'")


@pytest.mark.parametrize("service", list(SERVICES))
def test_keys_of_every_service_are_found_whole(service: str) -> None:
    draws = random.Random(f"{service} 1")  # noqa: S311 - repeatable
    make, lengths = SERVICES[service]
    for number in range(ROUNDS):
        key = make(draws)
        assert not lengths or len(key) in lengths
        text = AROUND[number % len(AROUND)].format(key)
        findings = find(text)
        assert [(one.kind, text[one.start : one.end], one.reserved) for one in findings] == [("api_key", key, False)], (
            text
        )


@pytest.mark.parametrize("service", list(SERVICES))
def test_keys_are_found_behind_escapes_and_in_urls(service: str) -> None:
    key = SERVICES[service][0](random.Random(f"{service} 5"))  # noqa: S311 - repeatable
    escaped = ('{{"k": "a\\n{}\\n"}}', "key%3D{}%26a%3D1", "a\\t{}\\r", "https://api.telegram.org/bot{}/getMe")
    for text in [around.format(key) for around in escaped]:
        assert [text[one.start : one.end] for one in find(text) if one.kind == "api_key"] == [key], text


def test_the_secret_of_amazons_documentation_is_nobodys() -> None:
    text = "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    (finding,) = find(text)
    assert (finding.reserved, text[finding.start : finding.end]) == (True, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def test_hyphens_that_do_not_break_hide_no_key() -> None:
    key = SERVICES["OpenAI"][0](random.Random(2))  # noqa: S311 - repeatable
    text = f"sk\u2011{key[3:]}"
    (finding,) = find(text)
    assert (finding.start, finding.end) == (0, len(text))


@pytest.mark.parametrize(
    "placeholder",
    [
        f"ghp_{'x' * 36}",
        f"ghp_{'0' * 36}",
        f"glpat-{'X' * 20}",
        f"sk-{'a' * 48}",
        "sk-1234567890abcdef1234567890abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSy-your-key-here-0123456789abcdefghi",
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        f"sk-proj-{'your-openai-key-' * 4}T3BlbkFJ{'your-openai-key-' * 4}",
        f"shpat_{'0' * 32}",
    ],
)
def test_a_placeholder_is_nobodys_key(placeholder: str) -> None:
    assert [one for one in find(f"export KEY={placeholder}") if not one.reserved] == []


@pytest.mark.slow
def test_no_random_key_is_taken_for_a_placeholder() -> None:
    draws = random.Random(3)  # noqa: S311 - repeatable
    for make, _ in SERVICES.values():
        assert all(not one.reserved for _ in range(ROUNDS) for one in find(make(draws)))


@pytest.mark.parametrize("before", [PIECE - 20, PIECE - 300, 2 * PIECE - 1])
def test_a_long_token_is_found_whole_wherever_it_stands(before: int) -> None:
    token = json_web_token(random.Random(4))  # noqa: S311 - repeatable
    head, claims, signature = token.split(".")
    token = f"{head}.{claims}{'Ab3' * 400}.{signature}"
    text = f"{('so it goes. ' * before)[:before]} {token} and on"
    (finding,) = find(text)
    assert text[finding.start : finding.end] == token


BASE64 = "\n".join("MIIEowIBAAKCAQEAx7Qf9h8cN2mVw3sLr0yTz5bKqJd1pXu4GtEoRiA6WvSeYhBn" for _ in range(25))

KEYS = [
    f"-----BEGIN RSA PRIVATE KEY-----\n{BASE64}\nQx9f8A==\n-----END RSA PRIVATE KEY-----",
    (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,9F8A3C\n\n"
        f"{BASE64}\n-----END RSA PRIVATE KEY-----"
    ),
    f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{BASE64}\n-----END ENCRYPTED PRIVATE KEY-----",
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{BASE64}\n=aB3d\n-----END PGP PRIVATE KEY BLOCK-----",
    (
        f"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: laptop\nPublic-Lines: 6\n{BASE64}\n"
        f"Private-Lines: 14\n{BASE64}\nPrivate-MAC: {'0f' * 20}"
    ),
    f"-----BEGIN PRIVATE KEY-----\n{BASE64}\nQx9f8A==",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("before", [0, 3500, 4090])
def test_a_private_key_is_found_whole_wherever_it_stands(key: str, before: int) -> None:
    text = f"{'so it is. ' * (before // 10)}\n{key}\nand more words follow here. " + "so it goes. " * 300
    (finding,) = find(text)
    assert (finding.kind, text[finding.start : finding.end]) == ("private_key", key)


def whole(text: str) -> list[tuple[str, bool]]:
    return [(text[one.start : one.end], one.reserved) for one in find_api_keys(text)]


DRAWS = random.Random(11)  # noqa: S311 - repeatable
BY_PLUGIN = [
    *(f"{prefix}{some(DRAWS, 16, 'BCDFGHJKLMNPQRST2345')}" for prefix in ("AKIA", "ASIA", "A3TX", "ABIA", "ACCA")),
    f"AccountKey={some(DRAWS, 86)}==",
    f"M{some(DRAWS, 23)}.{some(DRAWS, 6)}.{some(DRAWS, 27)}",
    *(f"{prefix}_{some(DRAWS, 36)}" for prefix in ("ghp", "gho", "ghu", "ghs", "ghr")),
    f"glptt-{some(DRAWS, 40)}",
    f"GR1348941{some(DRAWS, 20)}",
    f"{some(DRAWS, 32, HEX)}-us19",
    f"pypi-AgEIcHlwaS5vcmc{some(DRAWS, 80)}",
    f"SG.{some(DRAWS, 22)}.{some(DRAWS, 43)}",
    f"xoxp-123456789012-{some(DRAWS, 24)}",
    f"XOXB-123456789012-{some(DRAWS, 24).upper()}",
    f"https://hooks.slack.com/services/T{some(DRAWS, 8)}/B{some(DRAWS, 8)}/{some(DRAWS, 24)}",
    f"HTTPS://HOOKS.SLACK.COM/SERVICES/T{some(DRAWS, 8)}/B{some(DRAWS, 8)}/{some(DRAWS, 24)}",
    f"sq0csp-{some(DRAWS, 43)}",
    f"AC{some(DRAWS, 32, HEX)}",
    f"SK{some(DRAWS, 32, HEX)}",
]


@pytest.mark.parametrize("key", BY_PLUGIN)
def test_keys_that_detect_secrets_knows_are_found_as_separate_words(key: str) -> None:
    assert (key, False) in whole(f"it is {key}, so")
    for text in (
        *(f"{before}{key}" for before in "xX9_-"),
        *(f"{key}{behind}" for behind in ("x", "X", "9", "_", "-", "-x")),
    ):
        assert key not in [found for found, _ in whole(f"it is {text} so")], text
    for before in ("\\n", "\\r", "\\t", "%3D", "%3d", "%00", "https://x.org/bot", "密钥"):
        assert key in [found for found, _ in whole(f"it is {before}{key} so")], before


def test_words_near_a_string_make_no_key_of_it() -> None:
    assert whole(f"aws_token = '{some(DRAWS, 40)}'") == []


PLACEHOLDERS = (
    "example EXAMPLE placeholder redacted dummy changeme replace your- your_ xxxxx 0123456789abcdef 1234567890abcdef"
    " abcdefghijklmnopqrstuvwxyz"
)


def test_a_key_with_the_words_of_an_example_is_nobodys() -> None:
    rest = "qP7zW4mK9tB2vL6nD3hJ8sR5gF1cX0yQbTuZ"
    for word in PLACEHOLDERS.split():
        key = f"AIza{rest[:2]}{word}{rest[: 33 - len(word)]}"
        assert whole(f"it is {key}, so") == [(key, True)], word
    for word in ("-here", "_here", "-token", "_token", "-key", "_KEY"):
        key = f"AIza{rest[: 35 - len(word)]}{word}"
        assert whole(f"it is {key}, so") == [(key, True)], word
        key = f"AIza{word}{rest[: 35 - len(word)]}"
        assert whole(f"it is {key}, so") == [(key, False)], word
    for word in ("xxxx", "your", "here", "sampl"):
        key = f"AIza{rest[: 35 - len(word)]}{word}"
        assert whole(f"it is {key}, so") == [(key, False)], word


def test_a_key_of_which_more_than_half_is_one_character_is_nobodys() -> None:
    others = "bcdefghijklmorstuvwy"
    assert whole(f"npm_{'q' * 20}{others[:16]}") == [(f"npm_{'q' * 20}{others[:16]}", False)]
    assert whole(f"npm_{'q' * 21}{others[:15]}") == [(f"npm_{'q' * 21}{others[:15]}", True)]


LINE = "MIIEowIBAAKCAQEAx7Qf9h8cN2mVw3sLr0yTz5bKqJd1pXu4GtEoRiA6WvSeYhBn"


@pytest.mark.parametrize(
    "key",
    [
        *(
            f"-----BEGIN {name}PRIVATE KEY{block}-----\n{LINE}\n-----END {name}PRIVATE KEY{block}-----"
            for name, block in (
                ("", ""),
                ("DSA ", ""),
                ("EC ", ""),
                ("OPENSSH ", ""),
                ("RSA ", ""),
                ("ENCRYPTED ", ""),
                ("PGP ", " BLOCK"),
            )
        ),
        f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{LINE}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
        f"PuTTY-User-Key-File-2: ssh-dss\n{LINE}\nPrivate-MAC: {'0f' * 20}",
        f"PuTTY-User-Key-File-3: ssh-rsa\n{LINE}\nPrivate-MAC: {'0f' * 32}",
        f"BEGIN RSA PRIVATE KEY\n{LINE}",
        f"-----BEGIN RSA PRIVATE KEY-----\\n{LINE}\\n{LINE}\\nAb9=",
        f"-----BEGIN RSA PRIVATE KEY-----\n\n{LINE}\n{LINE}\nQx9f8A==",
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,9F8A3C\n\n{LINE}",
        f"-----BEGIN RSA PRIVATE KEY-----\r\n{LINE}\r\n{LINE}",
        f"-----BEGIN RSA PRIVATE KEY----- {LINE} {LINE}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{LINE[:20]}",
    ],
)
def test_a_private_key_goes_from_its_first_line_to_its_last(key: str) -> None:
    text = f"so:\n{key}\nwords of a letter, then. so"
    assert [(text[one.start : one.end], one.reserved) for one in find_private_keys(text)] == [(key, False)]


@pytest.mark.parametrize(
    "text",
    [
        f"-----BEGIN RSA PRIVATE KEY-----\n{LINE[:19]}",
        "-----BEGIN RSA PRIVATE KEY-----\nand some words\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PUBLIC KEY-----\n{LINE}\n-----END PUBLIC KEY-----",
        f"PuTTY-User-Key-File-x: ssh-rsa\n{LINE}",
    ],
)
def test_what_is_no_private_key(text: str) -> None:
    assert list(find_private_keys(text)) == []


FIRST = "-----BEGIN RSA PRIVATE KEY-----"


def bounds(text: str) -> list[str]:
    return [text[one.start : one.end] for one in find_private_keys(text)]


@pytest.mark.parametrize(
    ("body", "behind"),
    [
        *((f"\n{'a' * 10}{one}{'a' * 9}", "") for one in "AZaz09+/="),
        *((f"\n{LINE}\n{one}=", "\nwords") for one in "AZaz09+/"),
        (f"\n{LINE}", "\n=="),
        (f"\n{LINE}\nAb==", "=\n"),
        (f"\n{LINE}\nAb==", "\nCd=="),
        (f"\n\n\n\n{LINE}", ""),
        (f"\n{'Ab-' * 13}Ab: {'!' * 200}\n{LINE}", ""),
        (f"\n{'A-' * 20}A: \n{LINE}", ""),
        (f"\nz: \n{LINE}", ""),
        (f"\nZ: \n{LINE}", ""),
        (f"\n{LINE}", f"\n{'A-' * 21}: x"),
        (f"\n{LINE}", "\n-a: x"),
        (f"\n{LINE}\nAb: {'!' * 200}", "!"),
        (f"\n{LINE}", "\n5: x"),
        (f"\n{LINE}", f"\n{'a' * 19}"),
        (f"\n{LINE}", "\nAb9"),
    ],
)
def test_a_private_key_without_an_end_goes_as_far_as_its_lines(body: str, behind: str) -> None:
    assert bounds(f"so: {FIRST}{body}{behind}") == [f"{FIRST}{body}"]


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST}{LINE}",
        f"{FIRST}\n\n\n\n\n{LINE}",
        f"{FIRST}-\n{LINE}",
        f"BEGIN RSA PRIVATE KEY  ----\n{LINE}",
        f"BEGIN PRIVATE KEY BLOCK BLOCK-----\n{LINE}",
        f"{FIRST}\n{'A-' * 21}: x\n{LINE}",
        f"{FIRST}\nAb: {'!' * 201}\n{LINE}",
        f"{FIRST}\n{'a' * 19}!\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_first_line_without_lines_of_a_key_is_a_mention(text: str) -> None:
    assert bounds(text) == []


@pytest.mark.parametrize("name", ["KEY ----", "KEY", "KEY BLOCK-----", "KEY BLOCK -----", "KEY-"])
def test_forms_of_a_first_line(name: str) -> None:
    text = f"BEGIN PRIVATE {name}\n{LINE}"
    assert bounds(text) == [text]


@pytest.mark.parametrize(
    ("before", "dashes"),
    [("", "-----"), ("-", "-----"), ("", "----"), ("", "---- "), ("---", ""), ("----  ", ""), ("---- ", "----")],
)
def test_where_a_private_key_begins(before: str, dashes: str) -> None:
    key = f"{dashes}BEGIN EC PRIVATE KEY-----\n{LINE}"
    assert bounds(f"{before}{key}") == [key]


@pytest.mark.parametrize(
    ("end", "is_end"),
    [
        ("-----END KEY-----", True),
        ("---- END KEY ----", True),
        ("-----END A1 KEY BLOCK -----", True),
        (f"----END {'A' * 40}KEY----", True),
        (f"----END {'A' * 41}KEY----", False),
        ("--- END KEY ----", False),
        ("---- END KEY ---", False),
        ("----  END KEY ----", False),
        ("---- END KEY  ----", False),
        ("---- END KEY BLOCK BLOCK ----", False),
        ("---- END a KEY ----", False),
        (f"Private-MAC: {'0' * 40}", True),
        (f"Private-MAC: {'f' * 64}", True),
        (f"Private-MAC: {'a' * 39}!", False),
        (f"Private-MAC: {'A' * 40}", False),
    ],
)
def test_the_last_line_of_a_private_key(end: str, is_end: bool) -> None:
    key = f"{FIRST}\n{LINE}"
    for between in ("\n!\n", "!"):
        for behind in ("", "!"):
            assert bounds(f"{key}{between}{end}{behind}") == [f"{key}{between}{end}" if is_end else key]


def test_the_last_line_of_a_private_key_is_no_longer_than_one() -> None:
    for end, behind in (("-----END KEY-----", "-"), (f"Private-MAC: {'0' * 64}", "0")):
        assert bounds(f"{FIRST}\n{LINE}\n{end}{behind}") == [f"{FIRST}\n{LINE}\n{end}"]


def test_a_private_key_has_a_run_of_base64() -> None:
    last = "!\n-----END RSA PRIVATE KEY-----"
    for one in "AZaz09+/=":
        assert bounds(f"{FIRST}!{'a' * 10}{one}{'a' * 9}{last}") != [], one
        assert bounds(f"{FIRST}!{'A' * 10}{one}{'A' * 9}{last}") != [], one
    assert bounds(f"{FIRST}!{'a' * 19}{last}") == []


def test_the_end_of_a_private_key_is_its_own_and_not_too_far() -> None:
    first, last = "-----BEGIN RSA PRIVATE KEY-----\n", "-----END RSA PRIVATE KEY-----"
    two = f"{first}{LINE}\n\n{first}{LINE}\n{last} and {first}{LINE}\n{last}"
    bounds = [(one.start, one.end) for one in find_private_keys(two)]
    starts = [0, two.index(first, 1), two.rindex(first)]
    assert bounds == [
        (0, len(f"{first}{LINE}")),
        (starts[1], starts[1] + len(f"{first}{LINE}\n{last}")),
        (starts[2], len(two)),
    ]
    for length, is_reached in ((20_000, True), (20_001, False)):
        begin = first.rstrip("-\n")
        text = f"{first}{LINE} words, ".ljust(len(begin) + length - len(last), "!") + last
        assert len(text) == len(begin) + length
        (one,) = find_private_keys(text)
        assert (one.end == len(text)) == is_reached


def test_a_digest_next_to_a_word_is_no_key() -> None:
    of_nothing = "da39a3ee5e6b4b0d3255bfef95601890afd80709"  # SHA-1 of an empty text
    assert list(find_api_keys(f"No AKIA here, but an aws token '{of_nothing}'")) == []
