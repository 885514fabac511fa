"""What the statements on pairs must be: constants, to which every value is bound."""

from __future__ import annotations

import duckdb

from audit.reports.browsing import pair_statements


def test_statements_bind_values_and_know_every_column() -> None:
    database = duckdb.connect(":memory:")
    database.execute(pair_statements.CREATE)
    columns = [row[0] for row in database.execute("SELECT column_name FROM (DESCRIBE pairs)").fetchall()]
    assert columns == ["file", "earlier", "later", "sample_id", "slices", "moved", "change", "rank", "place"]
    assert pair_statements.INSERT.count("?") == 7
    assert "'" not in pair_statements.FOUND + pair_statements.FACTS + pair_statements.KEY + pair_statements.COUNTS
