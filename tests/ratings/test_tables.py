"""The tables as the program sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, inspect

from audit.ratings import add
from audit.ratings.tables import RatingRow

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ratings.conftest import MakeRating


def test_the_migrated_table_has_the_columns_that_the_program_reads(
    tmp_path: Path, database_url: str, make_rating: MakeRating
) -> None:
    add(database_url, make_rating("ada", "s1", 3))
    engine = create_engine(f"sqlite:///{tmp_path / 'ratings.sqlite'}")
    columns = {column["name"]: column["nullable"] for column in inspect(engine).get_columns("ratings")}
    engine.dispose()
    mapped = {column.name: column.nullable for column in RatingRow.__table__.columns}
    assert columns.keys() == mapped.keys()
    assert not any(nullable for name, nullable in columns.items() if name != "id")
