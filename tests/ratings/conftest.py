"""What the ratings tests share: a database of their own and a way to make ratings."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from sqlalchemy import create_engine, text

from audit.ratings import NewRating, default_url, output_digest
from audit.ratings.database import open_engine, parse_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NUMBERS = count()


class MakeRating(Protocol):
    def __call__(self, rater: str, sample_id: str, rating: int, **more: Any) -> NewRating: ...


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return default_url(tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database: once on SQLite and once on PostgreSQL."""
    url = default_url(tmp_path)
    if request.param == "postgresql":
        server: str = request.getfixturevalue("postgresql")
        name = f"test_{next(NUMBERS)}"
        engine = create_engine(parse_url(server), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        url = server.replace("/postgres?", f"/{name}?")
    yield url
    open_engine(url).dispose()


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
