"""What the ratings tests share: a database of their own and a way to make ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from audit.ratings import NewRating, default_url, output_digest

if TYPE_CHECKING:
    from pathlib import Path


class MakeRating(Protocol):
    def __call__(self, rater: str, sample_id: str, rating: int, **more: Any) -> NewRating: ...


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return default_url(tmp_path)


@pytest.fixture
def make_rating() -> MakeRating:
    def make(rater: str, sample_id: str, rating: int, **more: Any) -> NewRating:
        values: dict[str, Any] = {
            "rater": rater,
            "run_id": "run-1",
            "suite": "evals",
            "task": "asdiv",
            "sample_id": sample_id,
            "output_sha256": output_digest(f"output of {sample_id}"),
            "rating": rating,
        }
        return NewRating(**values | more)

    return make
