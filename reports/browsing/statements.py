"""The statements that :mod:`audit.reports.browsing.sample_index` gives to DuckDB: constants, with ``?`` for values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.sensitive import HIDING
from audit.reports.browsing.selection import UNREADABLE, WITHOUT_FLAG

if TYPE_CHECKING:
    from audit.reports.browsing.selection import Selection

_HIDING = f"[{', '.join(sorted(repr(flag.value) for flag in HIDING))}]"
SHOWN = f"suite = 'evals' AND NOT list_has_any(flags, {_HIDING})"
"""Whether the text of a sample is not hidden, as :func:`audit.core.sensitive.is_hidden` has it."""
CREATE = """
CREATE TABLE samples (
    file INTEGER, row BIGINT, suite VARCHAR, task VARCHAR, sample_id VARCHAR, score DOUBLE, confidence DOUBLE,
    scored BOOLEAN, flags VARCHAR[], slices VARCHAR[], texts BIGINT, tokens BIGINT, explained BOOLEAN,
    question VARCHAR, output VARCHAR, reference VARCHAR, result VARCHAR, worst BIGINT
)
"""
INSERT = f"""
WITH given AS (SELECT ?::INTEGER AS file, ? AS of_suite, ? AS of_task, ?::VARCHAR[] AS explained),
read AS (
    SELECT *, list_filter(spans, lambda part: part.kind = 'field') AS fields
    FROM read_parquet(?, file_row_number = true, hive_partitioning = false)
),
asked AS (
    SELECT *, coalesce(list_filter(fields, lambda part: contains(lower(part.name), 'question'))[-1], fields[1]) AS field
    FROM read
)
INSERT INTO samples
SELECT given.file, file_row_number, given.of_suite, given.of_task, sample_id, score, confidence,
    error IS NULL AND score IS NOT NULL AND isfinite(score),
    list_sort(list_distinct(list_concat(flags, flatten(list_transform(completions, lambda one: one.flags))))),
    list_transform(map_entries(slices), lambda one: one.key || ' = ' || one.value),
    greatest(len(completions), 1), tokens_in, list_contains(given.explained, sample_id),
    CASE WHEN {SHOWN} THEN
        lower(CASE WHEN field IS NULL THEN prompt[-160:] ELSE prompt[field.start + 1:field."end"] END)[:40]
    END,
    CASE WHEN {SHOWN} THEN lower(output)[:40] END, CASE WHEN {SHOWN} THEN lower(reference)[:40] END, NULL, NULL
FROM asked, given
"""  # noqa: S608 - constants
"""The first characters of texts are kept for sorting alone, of hidden ones none: their order would tell what they say.
Without ``hive_partitioning = false`` a folder called ``output=x`` would give all its samples that output."""
IS_BINARY = "SELECT bool_and(score IN (0, 1)) FROM samples WHERE file = ? AND scored"
JUDGE = """
WITH given AS (SELECT ? AS quantity, ?::BOOLEAN AS two_sided, ?::DOUBLE AS sign, ?::INTEGER AS file),
judged AS (
    SELECT samples.file, row,
        CASE
            WHEN NOT scored THEN 'not scored'
            WHEN quantity = 'error rate' THEN if(score = 1, 'right', 'wrong')
            WHEN quantity = 'share with score 1' THEN if(score = 1, 'found', 'not found')
            ELSE 'scored'
        END AS result,
        row_number() OVER (
            ORDER BY scored DESC, if(two_sided, abs(score), sign * score) DESC,
                if(quantity = 'mean score', 0, coalesce(confidence, 0)) DESC, sample_id, row
        ) AS worst
    FROM samples, given WHERE samples.file = given.file
)
UPDATE samples SET result = judged.result, worst = judged.worst
FROM judged WHERE samples.file = judged.file AND samples.row = judged.row
"""
"""Worst first as :mod:`audit.reports.error_analysis` lists errors: by badness, then the more confident ones."""
SLICES = """
SELECT name, count(*) OVER () AS every FROM (
    SELECT unnest(slices) AS name FROM samples WHERE {where}
) GROUP BY name ORDER BY count(*) DESC, name LIMIT ?
"""
KEY = "SELECT file, row FROM samples WHERE list_contains(?::INTEGER[], file) AND sample_id = ? ORDER BY ALL LIMIT 1"
FACTS = """
SELECT file, row, sample_id, result, explained FROM samples
WHERE (file, row) IN (SELECT unnest(?::INTEGER[]), unnest(?::BIGINT[]))
"""
ROWS = """
SELECT * EXCLUDE (file_row_number)
FROM read_parquet(?, file_row_number = true, hive_partitioning = false)
WHERE list_contains(?::BIGINT[], file_row_number) ORDER BY file_row_number
"""
"""All columns that a file has: those of earlier versions lack some."""
SEARCH = f"""
SELECT given.file, file_row_number
FROM (SELECT lower(?) AS wanted, ?::INTEGER AS file) AS given,
    read_parquet(?, file_row_number = true, hive_partitioning = false)
WHERE {SHOWN} AND (
    contains(lower(prompt), wanted) OR contains(lower(output), wanted) OR contains(lower(reference), wanted)
    OR contains(lower(thinking), wanted)
    OR len(list_filter(completions, lambda one: NOT list_has_any(one.flags, {_HIDING})
        AND (contains(lower(one."text"), wanted) OR contains(lower(one.thinking), wanted)))) > 0
)
"""  # noqa: S608 - constants
"""What is hidden is not searched: whether a word is found would say what stands there."""
_COLUMNS = {
    "worst": "worst", "task": "task", "result": "result", "score": "if(scored, score, NULL)",
    "confidence": "confidence", "question": "question", "output": "output", "reference": "reference",
    "texts": "texts", "flags": "nullif(array_to_string(flags, ', '), '')", "tokens": "tokens",
}  # fmt: skip


def order(sort: str, *, descending: bool) -> str:
    """The order of a list: by a column, then as in the run's files.

    Args:
        sort: One of :data:`audit.reports.browsing.selection.SORTS`.
        descending: Largest first.
    """
    way = "DESC" if descending else "ASC"
    if sort == "run":
        return f"file {way}, row {way}"
    return f"{_COLUMNS[sort]} {way} NULLS LAST, file, row"


def conditions(selection: Selection) -> tuple[list[str], list[object]]:
    """The filters of a selection but for its text, and what is bound to them."""
    ends = (None if selection.low is None else [selection.low], None if selection.high is None else [selection.high])
    every: list[tuple[str, list[object] | None]] = [
        ("list_contains(?::VARCHAR[], suite)", [[*selection.suites]] if selection.suites else None),
        ("list_contains(?::VARCHAR[], suite || '/' || task)", [[*selection.tasks]] if selection.tasks else None),
        ("result = ?", [selection.result] if selection.result else None),
        ("len(flags) > 0", [] if "flagged" in selection.marks else None),
        ("explained", [] if "explained" in selection.marks else None),
        ("list_has_any(flags, ?::VARCHAR[])", [[*UNREADABLE]] if "unreadable answer" in selection.marks else None),
        (
            "(list_has_any(flags, ?::VARCHAR[]) OR (? AND len(flags) = 0))",
            [[*selection.flags], WITHOUT_FLAG in selection.flags] if selection.flags else None,
        ),
        ("list_has_any(slices, ?::VARCHAR[])", [[*selection.slices]] if selection.slices else None),
        ("scored AND score >= ?", ends[0]),  # type: ignore[list-item] # a list of floats is one of objects
        ("scored AND score <= ?", ends[1]),  # type: ignore[list-item] # as above
    ]
    kept = [(condition, given) for condition, given in every if given is not None]
    return [condition for condition, _ in kept], [value for _, given in kept for value in given]
