"""Detectors of credentials: keys of named services, by ``personal_key_forms`` and detect-secrets, and private keys.

https://github.com/Yelp/detect-secrets, Apache-2.0. Plugins that judge by entropy or by a word such as ``password``
are left out: they take any hash for a secret. A plugin's verification, which asks the service, is never called.
"""

from __future__ import annotations

import bisect
import functools
import importlib
import re
from typing import TYPE_CHECKING

from audit.safety.privacy.findings import Finding
from audit.safety.privacy.key_forms import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = {
    "aws": ("AWSKeyDetector", ("AKIA", "ASIA", "A3T", "ABIA", "ACCA")),
    "azure_storage_key": ("AzureStorageKeyDetector", ("AccountKey=",)),
    "discord": ("DiscordBotTokenDetector", (".",)),
    "github_token": ("GitHubTokenDetector", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    "gitlab_token": ("GitLabTokenDetector", ("gl", "GR1348941")),
    "mailchimp": ("MailchimpDetector", ("-us",)),
    "pypi_token": ("PypiTokenDetector", ("pypi-",)),
    "sendgrid": ("SendGridDetector", ("SG.",)),
    "slack": ("SlackDetector", ("xox", "XOX", "slack.com", "SLACK.COM")),
    "square_oauth": ("SquareOAuthDetector", ("sq0",)),
    "twilio": ("TwilioKeyDetector", ("AC", "SK")),
}
"""Module of detect_secrets.plugins to class, and to parts of which each of its keys has one."""
KEYWORDS = re.compile(r"\.\{0,20\}")
"""What marks the patterns that look for a word next to a string without a specific form; they are left out."""
PLACEHOLDER = re.compile(
    r"example|placeholder|redacted|dummy|changeme|replace|your[-_]|[-_](?:here|token|key)\Z|xxxxx"
    r"|0123456789abcdef|1234567890abcdef|abcdefghijklmnopqrstuvwxyz",
    re.IGNORECASE,
)
"""What replaces a key in examples: words, as in Amazon's documentation, and the alphabet."""
MOST_REPEATED = 0.5
"""A key of which one character makes up more than this share, as in ``ghp_aaaaaaaa…``, is none."""
MORE_KEYS = ("BEGIN ENCRYPTED PRIVATE KEY", r"PuTTY-User-Key-File-\d")
"""First lines that the plugin lacks."""
END_OF_KEY = re.compile(r"-{4} ?END [A-Z0-9 ]{0,40}KEY(?: BLOCK)? ?-{4,5}|Private-MAC: [0-9a-f]{40,64}")
LINES = r"(?:[A-Za-z][A-Za-z-]{0,40}: [^\n]{0,200}|[A-Za-z0-9+/=]{20,})"
"""Headers of a key and lines of Base64."""
KEY_BODY = re.compile(
    rf"(?: BLOCK)? ?-{{0,5}}(?:(?:\s|\\n){{1,4}}{LINES})*(?:(?:\s|\\n)[A-Za-z0-9+/]{{1,63}}={{1,2}})?"
)
"""What follows the first line of a key that has no end."""
BASE64 = re.compile(r"[A-Za-z0-9+/=]{20,}")
"""Without a run of it ``BEGIN PRIVATE KEY`` is a mention, not a key."""
LONGEST_KEY = 20_000
"""Characters in which the end of a key is looked for."""


BEGINS = r"(?:(?<![0-9A-Za-z_-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2})|(?<=/bot))"
"""No part of a word, or behind an escape of JSON or of a URL, or in a URL of Telegram's interface."""


@functools.cache
def _key_patterns() -> tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """The forms of keys, each a separate word, with the parts of which every key has one."""
    patterns: list[tuple[tuple[str, ...], str, int]] = [((form.mark,), form.pattern, 0) for form in FORMS]
    for module, (name, marks) in PLUGINS.items():
        plugin = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)
        patterns += [(marks, one.pattern, one.flags) for one in plugin.denylist if not KEYWORDS.search(one.pattern)]
    # In ASCII: a word of a script without spaces may follow.
    return tuple(
        (marks, re.compile(rf"{BEGINS}(?:{pattern})(?![0-9A-Za-z_-])", (flags & ~re.UNICODE) | re.ASCII))
        for marks, pattern, flags in patterns
    )


@functools.cache
def _first_line() -> re.Pattern[str]:
    """The first line of a key's block, as the plugin knows it."""
    from detect_secrets.plugins.private_key import PrivateKeyDetector  # noqa: PLC0415 - as the plugins above

    known = "|".join([*(one.pattern for one in PrivateKeyDetector.denylist), *MORE_KEYS])
    return re.compile(rf"(?:-{{4,5}} ?)?(?:{known})")


def find_api_keys(text: str) -> Iterator[Finding]:
    """Keys and tokens of services whose form names them; placeholders are marked as reserved."""
    for marks, pattern in _key_patterns():
        if any(mark in text for mark in marks):
            for match in pattern.finditer(text):
                key = "key" if "key" in pattern.groupindex else 0
                yield Finding("api_key", *match.span(key), reserved=_is_placeholder(match[key]))


def _is_placeholder(key: str) -> bool:
    """Whether a key was written in place of one."""
    most = max(key.count(character) for character in set(key))
    return most > MOST_REPEATED * len(key) or bool(PLACEHOLDER.search(key))


def find_private_keys(text: str) -> Iterator[Finding]:
    """Private keys in PEM notation or PuTTY's, from the first line to the last.

    A key without an end goes as far as its headers and lines of Base64 do. Every part of the text is looked at once.
    """
    first = list(_first_line().finditer(text))
    ends = [match.end() for match in END_OF_KEY.finditer(text)] if first else []
    starts = [*(match.start() for match in first), len(text)]
    for match, following in zip(first, starts[1:], strict=True):
        limit = min(match.end() + LONGEST_KEY, following)
        place = bisect.bisect_right(ends, match.end())
        if place < len(ends) and ends[place] <= limit:
            end = ends[place]
        else:
            body = KEY_BODY.match(text, match.end(), limit)
            end = body.end() if body else match.end()
        if BASE64.search(text, match.end(), end):
            yield Finding("private_key", match.start(), end, reserved=False)
