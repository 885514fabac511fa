"""Bounds of the certificate: what lies beyond them is named, and so is what was not certified."""

from __future__ import annotations

import pytest

from audit.core.config import CertificateBounds
from audit.core.records import Certificate

FINE = {"requests": 100, "tokens": 100, "median": 0.02, "p99": 0.3, "largest": 1.0, "places": 100, "choices": 20}


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({}, None),
        ({"flipped_places": 5, "flipped_choices": 2}, None),  # at the bound: 5 of 100, 2 of 20
        ({"median": 0.11}, "median"),
        ({"p99": 0.8}, "99 % quantile"),
        ({"largest": 3.5}, "largest"),
        ({"flipped_places": 6}, "6 of 100 target tokens"),
        ({"flipped_choices": 3}, "3 of 20 items"),
        ({"text_tokens": 100, "flipped_text_tokens": 6}, "6 of 100 tokens of greedy texts"),
        ({"absent": 1, "absent_scores": 1}, "holds no answer to 1 "),
        ({"absent": 10, "read_texts": 10}, None),  # half of the texts may hold personal data
        ({"absent": 11, "read_texts": 10}, "holds no answer to 11 "),
        ({"changed_prompts": 1}, "1 prompts"),
        ({"failed": 1}, None),  # 1 of 101
        ({"failed": 2}, "2 requests have no second answer"),
        ({"requests": 0}, "no request could be compared"),
        ({"requests": 99, "items": 9, "of_items": 10}, "99 requests of 9 of 10 items"),
        ({"requests": 90, "not_compared": 10, "items": 9, "of_items": 10}, None),  # 100 were asked
        ({"not_asked": ["boolq", "asdiv"]}, "nothing of boolq, asdiv was asked again"),
        ({"largest": float("inf")}, "largest"),
    ],
)
def test_faults(figures: dict[str, float], words: str | None) -> None:
    found = Certificate.model_validate({"against": "repeat", "source": "x", "seed": 0, **FINE, **figures})
    faults = CertificateBounds().faults(found)
    assert faults == [] if words is None else (len(faults) == 1 and words in faults[0])
