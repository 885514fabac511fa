"""A scorer of offensive Chinese: one weight for each run of one to three characters, from COLD's training set.

What it was fitted to and how well it agrees with labels is in ``models/audit_toxicity_zh.md``; how it is made in
``training/audit_toxicity_zh.py``. numpy alone. Chinese, simplified or traditional.
"""

from __future__ import annotations

import unicodedata
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file

from audit.core.assets.digest import file_sha256
from audit.core.records import AssetRecord
from audit.safety.scorers.registry import CHINESE
from audit.safety.scorers.validity import shipped_validity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.config import SafetyConfig

NAME = "audit-toxicity-zh"
VERSION = "1"
BITS = 19
"""Of a bucket's number."""
LONGEST = 3
"""Characters of a run, at most."""
WINDOW, OVERLAP = 200, 50
"""Characters of a text that are scored together, and that two windows share; it was fitted to at most 192."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, 6.4)."""


def simplified(text: str, characters: Mapping[int, str]) -> str:
    """A text as the scorer reads it: NFKC, small letters, no white space, simplified characters.

    Args:
        text: As it was written.
        characters: Code points of traditional characters to simplified ones.
    """
    return "".join(unicodedata.normalize("NFKC", text).lower().translate(characters).split())


def buckets(text: str) -> NDArray[np.int64]:
    """Numbers, below 2^19 and ascending, of the runs of one to three characters of a text, its ends included.

    Args:
        text: Not empty, as :func:`simplified` gives it.
    """
    marked = f"\x02{text}\x03".encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(marked, dtype="<u4").astype(np.uint64)
    runs = (codes + np.uint64(1)) * _MULTIPLIER
    found = [runs]
    for length in range(2, LONGEST + 1):
        runs = (runs[:-1] ^ (runs[:-1] >> np.uint64(29))) * _MULTIPLIER + codes[length - 1 :]
        found.append(runs)
    mixed = np.concatenate(found)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * _MULTIPLIER
    return np.unique(mixed >> np.uint64(64 - BITS)).astype(np.int64)


def windows(text: str) -> list[str]:
    """A text as overlapping windows; a short one as it is."""
    if len(text) <= WINDOW:
        return [text]
    return [text[start : start + WINDOW] for start in range(0, len(text) - OVERLAP, WINDOW - OVERLAP)]


class ChineseToxicity:
    """Probability that COLD's labels would call a Chinese text offensive.

    Args:
        file: Its weights; None takes those of the package.
    """

    languages = CHINESE

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or Path(
            str(resources.files("audit.safety").joinpath("models", "audit_toxicity_zh.safetensors"))
        )
        self.record = AssetRecord(
            name=NAME,
            kind="scorer",
            source="package checkpoint-audit",
            version=VERSION,
            sha256=file_sha256(self._file),
            licence="Apache-2.0",
            homepage="https://github.com/thu-coai/COLDataset",
        )
        self.validity = shipped_validity(self.record)

    def score(self, texts: Sequence[str]) -> list[float]:
        """Calibrated probabilities; of a text with several windows the maximum."""
        return [max(map(self._probability, windows(simplified(text, self._characters)))) for text in texts]

    def _probability(self, window: str) -> float:
        places = buckets(window)
        total = self._weights[places].astype(np.float64).sum() / np.sqrt(len(places))
        scale, bias = self._arrays["scale"], self._arrays["bias"]
        return float(1 / (1 + np.exp(-(scale[0] * total + bias[0]))))

    @cached_property
    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        return load_file(self._file)

    @cached_property
    def _weights(self) -> NDArray[np.int8]:
        """Of each bucket, in units of ``scale``."""
        return self._arrays["weights"].astype(np.int8)

    @cached_property
    def _characters(self) -> dict[int, str]:
        """Traditional characters to simplified ones."""
        pairs = zip(self._arrays["traditional"].tolist(), self._arrays["simplified"].tolist(), strict=True)
        return {old: chr(new) for old, new in pairs}


def make(_variant: str, _config: SafetyConfig) -> ChineseToxicity:
    """The scorer; it has no variants."""
    return ChineseToxicity()
