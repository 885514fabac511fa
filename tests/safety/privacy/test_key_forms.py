"""Keys by service, in the form that the issuer writes down."""

from __future__ import annotations

import itertools
import random
import re
import string

import pytest

from audit.safety.privacy.detectors import find
from audit.safety.privacy.key_forms import FORMS
from audit.safety.privacy.keys import find_api_keys
from tests.safety.privacy.cases.personal_key_values import ALPHANUMERIC as X
from tests.safety.privacy.cases.personal_key_values import BECH32, HEX, some, url_safe
from tests.safety.privacy.cases.personal_key_values import URL_SAFE as W

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


D, LOWER, UPPER = string.digits, string.ascii_lowercase, string.ascii_uppercase
BASE64, BOTH_CASES = X + "+/", HEX + "ABCDEF"
UUID = ((HEX, 8, 8), "-", (HEX, 4, 4), "-", (HEX, 4, 4), "-", (HEX, 4, 4), "-", (HEX, 12, 12))
Part = str | tuple[str, int, int]
BY_HAND: dict[str, tuple[Part, ...]] = {
    "1Password": ("ops_eyJ", (BASE64, 250, 2000), ("=", 0, 3)),
    "age": ("AGE-SECRET-KEY-1", (BECH32.upper(), 58, 58)),
    "Airtable": ("pat", (X, 14, 14), ".", (HEX, 64, 64)),
    "Alibaba Cloud": ("LTAI", (X, 20, 20)),
    "Anthropic": ("sk-ant-", (LOWER, 3, 5), (D, 2, 2), "-", (W, 80, 120)),
    "Atlassian": ("ATATT3", (W + "=", 186, 186)),
    "AWS Bedrock": ("ABSK", (BASE64, 109, 269), ("=", 0, 2)),
    "Azure AD": ((X + "_~.", 3, 3), (D, 1, 1), "Q~", (X + "_~.-", 31, 34)),
    "Brevo": ("xkeysib-", (HEX, 64, 64), "-", (X, 16, 16)),
    "Cloudflare": ("cfk|cfut|cfat", "_", (X, 40, 40), (HEX, 8, 8)),
    "Databricks": ("dapi", (HEX, 32, 32), "|-0|-9"),
    "DeepSeek, Alibaba Model Studio": ("sk-", (HEX, 32, 32)),
    "DigitalOcean": ("doo|dop|dor", "_v1_", (HEX, 64, 64)),
    "Docker": ("dckr_pat_", (W, 27, 27)),
    "Doppler": ("dp.", "ct|pt|sa|said|scim|audit", ".", (X, 40, 44)),
    "ElevenLabs": ("sk_", (HEX, 48, 48)),
    "Figma": ("figd_|figp_", (W + "=", 40, 54)),
    "Fly.io": ("fm1a_|fm1r_|fm2_", (BASE64, 100, 2000), ("=", 0, 3)),
    "GitHub": ("github_pat_", (X, 22, 22), "_", (X, 59, 59)),
    "GitLab": ("glpat-|glpat_|glrt-t1-|glrt-t9_", (W, 27, 300), ".", (D + LOWER, 9, 9)),
    "Google API": ("AIza", (W, 35, 35)),
    "Google auth key": ("AQ.A", (W, 39, 99)),
    "Google OAuth client": ("GOCSPX-", (W, 28, 28)),
    "Google OAuth token": ("ya29.", (W, 30, 1000)),
    "Grafana": ("glsa_", (X, 32, 32), "_", (BOTH_CASES, 8, 8)),
    "Grafana Cloud": ("glc_", (BASE64, 32, 400), ("=", 0, 3)),
    "Groq": ("gsk_", (X, 52, 52)),
    "Heroku": ("HRKU-AA", (W, 58, 58)),
    "HubSpot": ("pat-", "na|eu", (D, 1, 1), "-", *UUID),
    "Hugging Face": ("hf_", (LOWER + UPPER, 34, 34)),
    "Hugging Face organization": ("api_org_", (LOWER + UPPER, 34, 34)),
    "JSON Web Token": ("eyJ", (W, 12, 2000), ".eyJ", (W, 12, 4000), ".", (W, 20, 1000)),
    "Langfuse": ("sk-lf-", *UUID),
    "LangSmith": ("lsv2_", "pt|sk", "_", (HEX, 32, 32), "_", (HEX, 10, 10)),
    "Linear": ("lin_api_", (X, 40, 40)),
    "Mapbox": ("sk.eyJ", (W, 20, 400), ".", (W, 22, 43)),
    "Moonshot, OpenAI until 2022": ("sk-", (X, 48, 48)),
    "New Relic": ("NRAK-", (D + UPPER, 27, 27)),
    "Notion": ("ntn_", (D, 11, 11), (X, 35, 35)),
    "Notion until 2024": ("secret_", (X, 43, 43)),
    "npm": ("npm_", (X, 36, 36)),
    "NVIDIA": ("nvapi-", (W, 60, 70)),
    "OpenAI": ("sk-", (W, 20, 120), "T3BlbkFJ", (W, 20, 120)),
    "OpenRouter": ("sk-or-v1-", (HEX, 64, 64)),
    "Perplexity": ("pplx-", (X, 48, 48)),
    "Pinecone": ("pcsk_", (X, 5, 6), "_", (X, 63, 63)),
    "PlanetScale": ("pscale_", "tkn|oauth|pw", "_", (X + "_=.-", 32, 64)),
    "Postman": ("PMAK-", (BOTH_CASES, 24, 24), "-", (BOTH_CASES, 34, 34)),
    "Pulumi": ("pul-", (HEX, 40, 40)),
    "Replicate": ("r8_", (W, 37, 37)),
    "RubyGems": ("rubygems_", (HEX, 48, 48)),
    "Sentry": ("sntryu_", (HEX, 64, 64)),
    "Shopify": ("shp", "at|ca|pa|ss", "_", (BOTH_CASES, 32, 32)),
    "Slack app": ("xapp-", (D, 1, 1), "-", (D + UPPER, 8, 20), "-", (D, 8, 20), "-", (D + LOWER, 32, 80)),
    "Slack configuration": ("xoxe|xoxe.xoxb|xoxe.xoxp", "-", (D, 1, 1), "-", (X, 140, 170)),
    "Stripe": ("r|s", "k_", "live|test|prod", "_", (X, 24, 247)),
    "Stripe webhook": ("whsec_", (BASE64, 32, 32)),
    "Supabase account": ("sbp_|sbp_oauth_|sbp_v0_", (HEX, 40, 40)),
    "Supabase project": ("sb_secret_", (W, 20, 60)),
    "Tailscale": ("tskey-", "api|auth|client|scim|webhook", "-", (X, 8, 40), "-", (X, 16, 60)),
    "Tavily": ("tvly-|tvly-dev-|tvly-prod-", (X, 32, 32)),
    "Telegram bot": ((D, 8, 10), ":AA", (W, 33, 33)),
    "Tencent Cloud": ("AKID", (X, 32, 32)),
    "Vault": ("hv", "s|b|r", ".", (W, 24, 300)),
    "Weights & Biases": ("wandb_v1_", (X, 27, 27), "_", (X, 49, 49)),
    "xAI": ("xai-", (X + "_", 80, 80)),
}
"""The parts of each service's keys, after the source that its form names.

Alternatives of what is written as it is, or an alphabet with the smallest and the largest number of its characters.
"""
BY_NAME = {"AWS secret", "AWS secret, environment", "Weights & Biases until 2025"}


def made(parts: tuple[Part, ...], choice: int = 0, extra: dict[int, int] | None = None) -> str:
    """A key of the shortest parts, from a place of each alphabet on; ``extra`` characters are added to some parts."""
    pieces = []
    for place, part in enumerate(parts):
        if isinstance(part, str):
            alternatives = part.split("|")
            pieces.append(alternatives[choice % len(alternatives)])
        else:
            alphabet, least, _ = part
            length = least + (extra or {}).get(place, 0)
            pieces.append("".join(alphabet[(choice * 5 + number * 7) % len(alphabet)] for number in range(length)))
    return "".join(pieces)


def test_every_form_is_checked() -> None:
    assert {form.service for form in FORMS} - BY_NAME == set(BY_HAND)


@pytest.mark.parametrize("service", list(BY_HAND))
def test_a_form_has_the_parts_of_its_source(service: str) -> None:
    parts = BY_HAND[service]
    (form,) = [one for one in FORMS if one.service == service]
    pattern = re.compile(form.pattern)
    for choice in range(66):
        key = made(parts, choice)
        assert pattern.fullmatch(key), key
    for choice in range(6):
        text = f"it is {made(parts, choice)}, so"
        assert (6, len(text) - 4) in [(one.start, one.end) for one in find_api_keys(text)]
    for place, part in enumerate(parts):
        if isinstance(part, tuple):
            _, least, most = part
            assert pattern.fullmatch(made(parts, extra={place: most - least}))
            assert not pattern.fullmatch(made(parts, extra={place: most - least + 1}))
            assert not least or not pattern.fullmatch(made(parts, extra={place: -1}))


def test_forms_with_two_kinds_of_keys() -> None:
    patterns = {form.service: re.compile(form.pattern) for form in FORMS}
    docker, openai, tavily = (patterns[name] for name in ("Docker", "OpenAI", "Tavily"))
    lengths = [count for count in range(40) if docker.fullmatch(f"dckr_oat_{(W * 2)[:count]}")]
    assert lengths == [32]
    assert patterns["Azure AD"].fullmatch(f"a~.8Q~{X[:31]}")
    half = (X * 2)[:120]
    lengths = [count for count in range(14) if openai.fullmatch(f"sk-{'a' * count}-{half}T3BlbkFJ{half}")]
    assert lengths == list(range(4, 11))
    assert [count for count in range(8) if tavily.fullmatch(f"tvly-{'a' * count}-{half[:32]}")] == [3, 4]


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (
            "aws_secret_access_key,secretAccessKey,SecretAccessKey,Secret_access_key,SECRET_ACCESS_KEY",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKE",
        ),
        ("WANDB_API_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567"),
    ],
)
def test_between_a_name_and_its_key_are_quotes_blanks_and_a_sign(names: str, key: str) -> None:
    assert len(key) == 40

    def values(text: str) -> list[str]:
        return [text[one.start : one.end] for one in find_api_keys(text)]

    signs = itertools.product(
        ("", '"', "'", '"]', "']"), ("", " ", "\t", "   "), ("=", ":", "=>", ":="), ("", '"', "'")
    )
    for end, blanks, sign, quote in signs:
        assert values(f"{names.split(',', maxsplit=1)[0]}{end}{blanks}{sign}{blanks}{quote}{key}{quote}") == [key]
    longer = [name for name in names.split(",") if "ecret" in name.lower()]
    assert [values(f"{'x' * 41}{name}={key}") for name in longer] == [[]] * len(longer)
    for name in (*names.split(","), *(f"{'x' * 40}{name}" for name in names.split(",")[1:])):
        assert values(f"{name}={key}") == [key]
        for text in (f"{name}    ={key}", f"{name}=    {key}", f"{name} {key}", f"{name}={key}0", f"{name}={key[1:]}"):
            assert values(text) == []
        for end in "+/=":
            assert values(f"{name}={key}{end}") == ([] if "ecret" in name.lower() else [key])
