"""Keys of services, made from what their issuers say of them: length, alphabet, checksum.

Nothing here is taken from the detector. Where an issuer publishes no form, the length is the one that scanners of
secrets and reports of leaked keys agree on, and the comment says so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
import uuid
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

ALPHANUMERIC = string.digits + string.ascii_uppercase + string.ascii_lowercase
URL_SAFE = ALPHANUMERIC + "-_"
HEX = "0123456789abcdef"
BASE32 = string.ascii_uppercase + "234567"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def some(draws: random.Random, count: int, letters: str = ALPHANUMERIC) -> str:
    return "".join(draws.choices(letters, k=count))


def url_safe(draws: random.Random, count: int) -> str:
    """As many random bytes as make ``count`` characters of Base64 for URLs (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(draws.randbytes(count)).decode()[:count]


def checked(draws: random.Random, prefix: str) -> str:
    """GitHub and npm: 30 random characters and the CRC-32 of them in six digits to base 62.

    https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
    """
    body, number, check = some(draws, 30), 0, ""
    number = zlib.crc32(body.encode())
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = ALPHANUMERIC[digit] + check
    return f"{prefix}_{body}{check}"


def age(draws: random.Random) -> str:
    """https://age-encryption.org/v1: 32 bytes in Bech32 (BIP 173) under ``AGE-SECRET-KEY-``, in capitals."""
    name = "age-secret-key-"
    data = [draws.randrange(32) for _ in range(51)] + [draws.randrange(2) << 4]
    check = 1
    for value in [*(ord(one) >> 5 for one in name), 0, *(ord(one) & 31 for one in name), *data, *[0] * 6]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator * (top >> bit & 1)
    data += [(check ^ 1) >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{name}1{''.join(BECH32[one] for one in data)}".upper()


def json_web_token(draws: random.Random) -> str:
    """RFC 7519 and 7515: header, claims and HMAC-SHA-256."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    claims = {"sub": some(draws, 8), "iat": draws.randrange(10**9, 2 * 10**9), "role": draws.choice(("user", "admin"))}
    header = {"alg": "HS256", "typ": "JWT"}
    signed = ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{signed}.{encoded(hmac.new(draws.randbytes(32), signed.encode(), hashlib.sha256).digest())}"


def unique(draws: random.Random) -> str:
    return str(uuid.UUID(int=draws.getrandbits(128), version=4))


def openai(draws: random.Random) -> str:
    """No form is published; keys since 2024 have 74 or 58 characters on either side of Base64's ``OpenAI``.

    https://github.com/gitleaks/gitleaks/pull/1780
    """
    half = draws.choice((74, 58))
    kind = draws.choice(("proj", "svcacct", "admin"))
    return f"sk-{kind}-{url_safe(draws, half)}T3BlbkFJ{url_safe(draws, half)}"


SERVICES: dict[str, tuple[Callable[[random.Random], str], tuple[int, ...]]] = {
    # docs.aws.amazon.com/IAM, unique identifiers: 20 characters of Base32
    "AWS": (lambda d: draws_of(d, "AKIA", "ASIA") + some(d, 16, BASE32), (20,)),
    "age": (age, (74,)),
    # help.aliyun.com, AccessKey: LTAI5t… of 24 characters
    "Alibaba Cloud": (lambda d: f"LTAI5t{some(d, 18)}", (24,)),
    # docs.anthropic.com names sk-ant-api03 and sk-ant-admin01; 108 and 110 characters after gitleaks
    "Anthropic": (
        lambda d: f"sk-ant-{draws_of(d, 'api', 'admin')}{draws_of(d, '03', '01')}-{url_safe(d, 93)}AA",
        (108, 110),
    ),
    # learn.microsoft.com, application secrets: 40 characters, "Q~" behind the fourth
    "Azure AD": (lambda d: f"{some(d, 3)}8Q~{some(d, 34, ALPHANUMERIC + '_.~-')}", (40,)),
    # docs.databricks.com/dev-tools/auth/pat: dapi and 32 hexadecimal digits
    "Databricks": (lambda d: f"dapi{some(d, 32, HEX)}", (36,)),
    # shown by platform.deepseek.com: 35 characters; trufflehog deepseek
    "DeepSeek": (lambda d: f"sk-{some(d, 32, HEX)}", (35,)),
    # docs.digitalocean.com/reference/api: dop_v1_ for personal, doo_v1_ for OAuth tokens, 64 hexadecimal digits
    "DigitalOcean": (lambda d: f"{draws_of(d, 'dop', 'doo', 'dor')}_v1_{some(d, 64, HEX)}", (71,)),
    # docs.docker.com/security/access-tokens: 36 characters
    "Docker": (lambda d: f"dckr_pat_{url_safe(d, 27)}", (36,)),
    "GitHub": (lambda d: checked(d, draws_of(d, "ghp", "gho", "ghs", "ghu", "ghr")), (40,)),
    # github.blog, fine-grained tokens: 93 characters
    "GitHub, fine-grained": (lambda d: f"github_pat_{some(d, 22)}_{some(d, 59)}", (93,)),
    # docs.gitlab.com/security/tokens: glpat- and 20 characters
    "GitLab": (lambda d: f"glpat-{url_safe(d, 20)}", (26,)),
    # cloud.google.com/docs/authentication/api-keys: 39 characters
    "Google API": (lambda d: f"AIzaSy{url_safe(d, 33)}", (39,)),
    # ai.google.dev, auth keys since 2026: AQ. and a token of 50 characters
    "Google auth key": (lambda d: f"AQ.Ab8{url_safe(d, 47)}", (53,)),
    # developers.google.com/identity, client secrets: 35 characters
    "Google OAuth client": (lambda d: f"GOCSPX-{url_safe(d, 28)}", (35,)),
    # developers.google.com/identity, access tokens: up to 2,048 bytes
    "Google OAuth token": (lambda d: f"ya29.a0{url_safe(d, 200)}", (207,)),
    # grafana.com/docs, service accounts: 32 characters and a CRC-32 in hexadecimal digits
    "Grafana": (lambda d: f"glsa_{(body := some(d, 32))}_{zlib.crc32(body.encode()):08x}", (46,)),
    # shown by console.groq.com: 56 characters; trufflehog groq
    "Groq": (lambda d: f"gsk_{some(d, 52)}", (56,)),
    # huggingface.co/docs/hub/security-tokens: hf_ and 34 letters
    "Hugging Face": (lambda d: f"hf_{some(d, 34, string.ascii_letters)}", (37,)),
    "JSON Web Token": (json_web_token, ()),
    # github.com/langfuse/langfuse, apiKeys.ts: a UUID of version 4
    "Langfuse": (lambda d: f"sk-lf-{unique(d)}", (42,)),
    # shown by smith.langchain.com: 51 characters; trufflehog langsmith
    "LangSmith": (lambda d: f"lsv2_{draws_of(d, 'pt', 'sk')}_{some(d, 32, HEX)}_{some(d, 10, HEX)}", (51,)),
    # linear.app/developers: lin_api_ and 40 characters
    "Linear": (lambda d: f"lin_api_{some(d, 40)}", (48,)),
    # mailchimp.com/developer: 32 hexadecimal digits and the data centre
    "Mailchimp": (lambda d: f"{some(d, 32, HEX)}-us{d.randrange(1, 22)}", (36, 37)),
    # shown by platform.moonshot.ai: 51 characters; no form is published
    "Moonshot": (lambda d: f"sk-{some(d, 48)}", (51,)),
    # developers.notion.com, change of 25 September 2024: ntn_, 50 characters
    "Notion": (lambda d: f"ntn_{some(d, 11, string.digits)}{some(d, 35)}", (50,)),
    "npm": (lambda d: checked(d, "npm"), (40,)),
    # shown by build.nvidia.com: 70 characters; trufflehog nvapi
    "NVIDIA": (lambda d: f"nvapi-{url_safe(d, 64)}", (70,)),
    "OpenAI": (openai, (132, 135, 133, 164, 167, 165)),
    # platform.openai.com, user keys until 2024: 51 characters
    "OpenAI, user key": (lambda d: f"sk-{some(d, 20)}T3BlbkFJ{some(d, 20)}", (51,)),
    # openrouter.ai/docs: sk-or-v1- and SHA-256 in hexadecimal digits
    "OpenRouter": (lambda d: f"sk-or-v1-{hashlib.sha256(d.randbytes(8)).hexdigest()}", (73,)),
    # docs.perplexity.ai: pplx-, 53 characters; gitleaks perplexity-api-key
    "Perplexity": (lambda d: f"pplx-{some(d, 48)}", (53,)),
    # shown by app.pinecone.io: 75 characters; trufflehog pinecone
    "Pinecone": (lambda d: f"pcsk_{some(d, d.choice((5, 6)))}_{some(d, 63)}", (74, 75)),
    # learning.postman.com: PMAK-, 24 and 34 hexadecimal digits
    "Postman": (lambda d: f"PMAK-{some(d, 24, HEX)}-{some(d, 34, HEX)}", (64,)),
    # replicate.com/docs/topics/security/api-tokens: r8_, 40 characters
    "Replicate": (lambda d: f"r8_{some(d, 37)}", (40,)),
    # twilio.com/docs/sendgrid: SG., 22 and 43 characters, 69 in all
    "SendGrid": (lambda d: f"SG.{url_safe(d, 22)}.{url_safe(d, 43)}", (69,)),
    # shopify.dev, token prefixes: 32 hexadecimal digits
    "Shopify": (lambda d: f"{draws_of(d, 'shpat', 'shpca', 'shppa', 'shpss')}_{some(d, 32, HEX)}", (38,)),
    # api.slack.com/authentication/token-types: xapp-1-, app, time, 64 hexadecimal digits
    "Slack app": (
        lambda d: f"xapp-1-A{some(d, 10, BASE32)}-{some(d, 13, string.digits)}-{some(d, 64, HEX)}",
        (97,),
    ),
    "Slack bot": (lambda d: f"xoxb-{some(d, 12, string.digits)}-{some(d, 13, string.digits)}-{some(d, 24)}", (56,)),
    # docs.stripe.com/keys: sk_ or rk_, test_ or live_, 24 characters or 99
    "Stripe": (
        lambda d: f"{draws_of(d, 'sk', 'rk')}_{draws_of(d, 'test', 'live')}_{some(d, d.choice((24, 99)))}",
        (32, 107),
    ),
    # github.com/supabase/cli, AccessTokenPattern: 40 hexadecimal digits
    "Supabase": (lambda d: f"sbp_{some(d, 40, HEX)}", (44,)),
    # core.telegram.org/bots: number of the bot and 35 characters
    "Telegram bot": (lambda d: f"{some(d, 10, '123456789')}:AA{url_safe(d, 33)}", (46,)),
    # tencentcloud.com, API 3.0 signature: the example has 36 characters
    "Tencent Cloud": (lambda d: f"AKID{some(d, 32)}", (36,)),
    # developer.hashicorp.com/vault/docs/concepts/tokens: hvs. and 91 characters or more, 24 for root tokens
    "Vault": (lambda d: f"hvs.{url_safe(d, d.choice((24, 91, 95)))}", (28, 95, 99)),
    # shown by console.x.ai: 84 characters; trufflehog xai
    "xAI": (lambda d: f"xai-{some(d, 80)}", (84,)),
}
"""Service to the maker of its keys and the lengths that they can have."""


def draws_of(draws: random.Random, *choices: str) -> str:
    return draws.choice(choices)


def api_key(draws: random.Random) -> str:
    """A key of any service, also with Stripe's and GitHub's test prefixes."""
    make, _ = SERVICES[draws.choice(sorted(SERVICES))]
    return make(draws)
