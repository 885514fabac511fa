"""Keys by service, in the form that the issuer writes down."""

from __future__ import annotations

import random

import pytest

from audit.safety.privacy.detectors import find
from audit.safety.privacy.key_forms import FORMS
from tests.safety.privacy.cases.personal_key_values import HEX, some, url_safe

ROUNDS = 40


@pytest.mark.parametrize(
    ("around", "count", "letters"),
    [
        ("aws_secret_access_key = {}", 40, "+/aBcDeFgH0123456789"),
        ("export AWS_SECRET_ACCESS_KEY={}", 40, "+/aBcDeFgH0123456789"),
        ('"SecretAccessKey": "{}",', 40, "+/aBcDeFgH0123456789"),
        ("secretAccessKey: '{}'", 40, "+/aBcDeFgH0123456789"),
        ("WANDB_API_KEY={}", 40, HEX),
        ('os.environ["WANDB_API_KEY"] = "{}"', 40, HEX),
    ],
)
def test_keys_without_a_form_are_found_behind_the_name_of_their_variable(around: str, count: int, letters: str) -> None:
    draws = random.Random(around)  # noqa: S311 - repeatable
    for _ in range(ROUNDS):
        key = some(draws, count, letters)
        text = around.format(key)
        assert [text[one.start : one.end] for one in find(text)] == [key]
        assert find(f"commit {some(draws, 40, HEX)}") == []


def test_a_token_of_airtable_is_found() -> None:
    """The id "pat…" of 17 characters, a dot, 64 hexadecimal digits (airtable.com/developers)."""
    draws = random.Random(7)  # noqa: S311 - repeatable
    key = f"pat{some(draws, 14)}.{some(draws, 64, HEX)}"
    assert [(one.start, one.end) for one in find(f"Bearer {key}")] == [(7, 7 + len(key))]


def test_a_secret_token_of_mapbox_is_found_and_a_public_one_is_not() -> None:
    """The claims {"u": user, "a": id} in Base64, and 22 characters of signature."""
    draws = random.Random(6)  # noqa: S311 - repeatable
    rest = f"eyJ1Ijoi{url_safe(draws, 52)}.{url_safe(draws, 22)}"
    assert [(one.start, one.end) for one in find(f"token=sk.{rest}")] == [(6, 6 + 3 + len(rest))]
    assert find(f"token=pk.{rest}") == []


def test_forms_say_whose_they_are_and_where_they_are_written_down() -> None:
    services = [form.service for form in FORMS]
    assert len(set(services)) == len(services)
    assert services == sorted(services, key=str.lower)
    assert all(form.mark and form.source for form in FORMS)
