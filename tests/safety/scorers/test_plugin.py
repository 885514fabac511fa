"""Scorers of plug-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import SafetyConfig
from audit.core.errors import AssetError
from audit.core.records import AssetRecord
from audit.safety.scorers import plugin as scorers
from audit.safety.scorers.registry import choose_scorer

if TYPE_CHECKING:
    from collections.abc import Callable


SECRET = "secret text of the model"  # noqa: S105 - no password


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*_given: object) -> Any:
        raise error

    return raises


class Scorer:
    """Has what every scorer has."""

    record = AssetRecord(name="mine", kind="scorer", source="s", version="1", sha256="0" * 64, licence="MIT")
    validity = None
    languages = frozenset({"en"})

    def score(self, texts: list[str]) -> list[float]:
        return [0.0 for _ in texts]


class OfAnyLanguage(Scorer):
    """Says nothing of languages."""

    languages = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (raising(RuntimeError(SECRET)), "cannot be made (RuntimeError): --verbose shows where"),
        (raising(SystemExit(0)), "cannot be made (SystemExit): --verbose shows where"),
        (lambda *_given: None, "is not a scorer: its record is not an AssetRecord"),
        (lambda *_given: OfAnyLanguage(), "is not a scorer: its languages are not a set of ISO 639 codes"),
    ],
)
def test_a_scorer_that_cannot_be_made(make: Any, why: str) -> None:
    scorers.JOINED["mine"], scorers.OWNERS["mine"] = make, "theirs"
    with pytest.raises(AssetError) as raised:
        choose_scorer(SafetyConfig(toxicity_scorer="plugin:mine"))
    assert str(raised.value) == f"plug-in theirs: scorer mine {why}"


def test_a_scorer_that_is_one() -> None:
    scorers.JOINED["mine"] = lambda *_given: Scorer()
    assert isinstance(choose_scorer(SafetyConfig(toxicity_scorer="plugin:mine")), Scorer)
