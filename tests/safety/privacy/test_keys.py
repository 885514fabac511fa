"""Keys of today's services, made after their issuers' documents, and placeholders for keys."""

from __future__ import annotations

import random

import pytest

from audit.safety.privacy.detectors import find
from audit.safety.privacy.findings import PIECE
from tests.safety.privacy.cases.personal_key_values import SERVICES, json_web_token

ROUNDS = 40


@pytest.mark.parametrize("service", list(SERVICES))
def test_keys_of_every_service_are_found_whole(service: str) -> None:
    draws = random.Random(f"{service} 1")  # noqa: S311 - repeatable
    make, lengths = SERVICES[service]
    for _ in range(ROUNDS):
        key = make(draws)
        assert not lengths or len(key) in lengths
        for text in (f"The key is {key}.", f'KEY="{key}"', f"密钥{key}是", f"curl -H 'Authorization: Bearer {key}'"):
            findings = find(text)
            assert [(one.kind, text[one.start : one.end], one.reserved) for one in findings] == [
                ("api_key", key, False)
            ], text


@pytest.mark.parametrize("service", list(SERVICES))
@pytest.mark.parametrize(
    "around", ['{{"k": "a\\n{}\\n"}}', "key%3D{}%26a%3D1", "a\\t{}\\r", "https://api.telegram.org/bot{}/getMe"]
)
def test_keys_are_found_behind_escapes_and_in_urls(service: str, around: str) -> None:
    key = SERVICES[service][0](random.Random(f"{service} 5"))  # noqa: S311 - repeatable
    text = around.format(key)
    assert [text[one.start : one.end] for one in find(text) if one.kind == "api_key"] == [key]


def test_the_secret_of_amazons_documentation_is_nobodys() -> None:
    (finding,) = find("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert finding.reserved


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
