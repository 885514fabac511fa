"""What is the same for the numbers of all countries: what is found, and how many other check digits pass."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from audit.safety.privacy.identities import find_identities
from tests.safety.privacy.cases.personal_identity_values import IDENTITY_LABELS, IDENTITY_VALUES

if TYPE_CHECKING:
    from audit.safety.privacy.countries.identity import Identity


def found(kind: str, text: str) -> list[str]:
    return list(dict.fromkeys(text[one.start : one.end] for one in find_identities(kind, text)))


def check_published(kind: str, identity: Identity, right: str, wrong: str) -> None:
    """With each word that names it, and without one where the notation speaks for itself."""
    for label in IDENTITY_LABELS[kind].values():
        assert found(kind, f"{label}: {right}, so") == [right]
        assert found(kind, f"{label}: {wrong}, so") == []
    assert found(kind, f"so {right} is") == ([right] if identity.form else [])


def share_of_others(kind: str) -> float:
    """The share found of values with another last character; generated ones themselves are all found."""
    draws = random.Random(7)  # noqa: S311 - repeatable
    label = next(iter(IDENTITY_LABELS[kind].values()))
    wrong = total = 0
    for _ in range(30):
        value = IDENTITY_VALUES[kind](draws)
        assert found(kind, f"{label}: {value}.") == [value]
        others = [one for one in ("ABCDEFGHIJ" if value[-1].isalpha() else "0123456789") if one != value[-1]]
        wrong += sum(bool(found(kind, f"{label}: {value[:-1]}{one}.")) for one in others)
        total += len(others)
    return wrong / total
