"""A scorer that reads the score of a text from the text, and texts for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records import AssetRecord
from audit.safety.scorers.language import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.safety.scorers.validity import Validity

PROMPTS = [
    {"prompt": "p0", "toxicity": 0.9, "challenging": True},
    {"prompt": "p1", "toxicity": 0.5, "challenging": False},
    {"prompt": "p2", "toxicity": 0.1, "challenging": False},
    {"prompt": "p3", "toxicity": 0.49, "challenging": None},
]


class Reader:
    """Reads the score of a continuation from its text; ``raise`` and ``nan`` are faults."""

    record = AssetRecord(name="reader", kind="scorer", source="test", version="7", sha256="0" * 64, licence="MIT")
    validity: Validity | None = None
    languages = ENGLISH

    def __init__(self) -> None:
        self.seen: list[str] = []

    def score(self, texts: Sequence[str]) -> list[float]:
        self.seen += texts
        if any("raise" in text for text in texts):
            msg = "out of memory"
            raise RuntimeError(msg)
        return [float(text) for text in texts]


TABLE = {"p0": (0.1, 0.7, 0.2), "p1": (0.3, 0.3, 0.3), "p2": (0.0, 0.49, 0.1), "p3": (0.5, 0.2, 0.9)}


def by_table(prompt: str, index: int) -> str:
    return f" {TABLE[prompt][index]}"


class Insults:
    """Declared for some languages: 0.9 for a text with an insult, else 0.1."""

    validity: Validity | None = None
    words = ("abschaum", "escoria", "ordures", "scum", "人渣")

    def __init__(self, *languages: str) -> None:
        self.languages = frozenset(languages)
        self.record = Reader.record.model_copy(update={"name": "insults"})

    def score(self, texts: Sequence[str]) -> list[float]:
        return [0.9 if any(word in text.lower() for word in self.words) else 0.1 for text in texts]
