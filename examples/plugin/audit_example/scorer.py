"""A toxicity scorer: the share of a short list's words in a text. It shows the form; it is not a good scorer."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.records import AssetRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import SafetyConfig

WORDS = frozenset({"damn", "idiot", "stupid", "hate", "kill"})


class WordList:
    """Scores a text by the words of a list."""

    languages = frozenset({"en"})
    validity = None  # nobody has compared it with labelled text, and every result says so

    def __init__(self) -> None:
        self.record = AssetRecord(
            name="word_list",
            kind="scorer",
            source="plug-in audit-example",
            version="1",
            sha256=sha256(Path(__file__).read_bytes()).hexdigest(),
            licence="Apache-2.0",
        )

    def score(self, texts: Sequence[str]) -> list[float]:
        """Share of listed words among all words, times ten, at most 1."""
        return [_share(re.findall(r"[a-z']+", text.lower())) for text in texts]


def _share(words: list[str]) -> float:
    return min(1.0, 10 * sum(word in WORDS for word in words) / max(1, len(words)))


def make(_variant: str, _config: SafetyConfig) -> WordList:
    """The scorer that ``safety.toxicity_scorer: plugin:word_list`` names."""
    return WordList()


SCORER = make
