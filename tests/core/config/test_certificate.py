"""Bounds of the certificate, by arithmetic."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import CertificateBounds, CertificateConfig
from audit.core.config.yaml_file import validate
from audit.core.errors import ConfigError
from audit.core.records import Certificate

SOUND: dict[str, Any] = {
    "requests": 200,
    "tokens": 400,
    "median": 0.1,
    "p90": 0.2,
    "p99": 0.75,
    "largest": 3.0,
    "places": 100,
    "flipped_places": 5,
    "text_tokens": 100,
    "flipped_text_tokens": 5,
    "read_texts": 10,
    "choices": 50,
    "flipped_choices": 5,
    "failed": 2,
}
"""Everything exactly at its bound."""


def faults(**values: Any) -> list[str]:
    return CertificateBounds().faults(Certificate(against="weights", source="m", seed=0, **{**SOUND, **values}))


def test_what_is_at_its_bound_holds() -> None:
    assert faults() == []
    assert faults(absent=10, not_compared=0) == [], "half of the texts may be withheld"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"median": 0.11}, "the median of |Δ log p| is 0.11 nats, bound 0.1"),
        ({"p99": 0.76}, "the 99 % quantile of |Δ log p| is 0.76 nats, bound 0.75"),
        ({"largest": 3.1}, "the largest |Δ log p| is 3.1 nats, bound 3"),
        ({"largest": float("inf")}, "the largest |Δ log p| is inf nats"),
        ({"flipped_places": 6}, "of 6 of 100 target tokens"),
        ({"flipped_text_tokens": 6}, "of 6 of 100 tokens of greedy texts"),
        ({"flipped_choices": 6}, "of 6 of 50 items"),
        ({"absent": 1, "absent_scores": 1}, "the run holds no answer to 1 of the requests"),
        ({"absent": 11}, "the run holds no answer to 11 of the requests"),
        ({"changed_prompts": 1}, "1 prompts are others"),
        ({"failed": 3}, "3 requests have no second answer"),
        ({"requests": 0, "failed": 0}, "no request could be compared"),
    ],
)
def test_what_is_beyond_is_named(values: dict[str, Any], words: str) -> None:
    (fault,) = faults(**values)
    assert fault.startswith(words)


@pytest.mark.parametrize("values", [{"share": 0}, {"share": 1.5}, {"least": 0}, {"bounds": {"median": 0}}])
def test_what_cannot_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        validate(CertificateConfig, values, "here")
