"""The statements that :mod:`audit.reports.browsing.pair_index` gives to DuckDB: constants, with ``?`` for values."""

from __future__ import annotations

CREATE = """
CREATE TABLE pairs (
    file INTEGER, earlier BIGINT, later BIGINT, sample_id VARCHAR, slices VARCHAR[], moved DOUBLE, change VARCHAR,
    rank INTEGER, place BIGINT
)
"""
IS_BINARY = """
SELECT bool_and(score IN (0, 1)) FROM read_parquet(?, hive_partitioning = false)
WHERE error IS NULL AND isfinite(score)
"""
_SIDE = """
SELECT file_row_number AS row, row_number() OVER (PARTITION BY sample_id ORDER BY file_row_number) AS turn,
    if(given.escape, replace(sample_id, chr(92), repeat(chr(92), 2)), sample_id) AS sample_id,
    if(given.escape, replace(output, chr(92), repeat(chr(92), 2)), output) AS output,
    if(given.escape, replace(prompt, chr(92), repeat(chr(92), 2)), prompt) AS prompt, prompt_sha256,
    if(error IS NULL AND isfinite(score), score, NULL) AS score, slices
FROM read_parquet(?, file_row_number = true, hive_partitioning = false), (SELECT ?::BOOLEAN AS escape) AS given
"""
"""One run's samples of a task. A file without escapes is read as if it had them where that of the other run has."""
INSERT = f"""
WITH earlier AS ({_SIDE}), later AS ({_SIDE}),
given AS (SELECT ?::INTEGER AS file, ?::BOOLEAN AS answers, ?::BOOLEAN AS upwards),
named AS (
    SELECT given.file, earlier.row AS earlier, later.row AS later, later.sample_id,
        list_transform(map_entries(later.slices), lambda one: one.key || ' = ' || one.value) AS slices,
        later.score - earlier.score AS moved,
        CASE
            WHEN earlier.prompt_sha256 IS NOT NULL AND later.prompt_sha256 IS NOT NULL
                THEN earlier.prompt_sha256 <> later.prompt_sha256
            ELSE earlier.prompt <> '' AND later.prompt <> '' AND earlier.prompt <> later.prompt
        END AS asked_otherwise,
        CASE
            WHEN asked_otherwise THEN 'other prompt'
            WHEN (earlier.score IS NULL) <> (later.score IS NULL) THEN 'one scored'
            WHEN moved IS NULL THEN 'same'
            WHEN moved = 0 AND answers AND later.score = 0 AND earlier.output IS DISTINCT FROM later.output
                THEN 'other answer'
            WHEN moved = 0 THEN 'same'
            WHEN answers THEN if(moved > 0, 'fixed', 'broken')
            WHEN upwards IS NULL THEN 'moved'
            ELSE if((moved > 0) = upwards, 'better', 'worse')
        END AS change
    FROM earlier JOIN later USING (sample_id, turn), given
),
ranked AS (
    SELECT * EXCLUDE (asked_otherwise), CASE change
        WHEN 'other prompt' THEN 1 WHEN 'other answer' THEN 1 WHEN 'one scored' THEN 2
        WHEN 'fixed' THEN 3 WHEN 'better' THEN 3 WHEN 'same' THEN 4
        ELSE 0 END AS rank
    FROM named
)
INSERT INTO pairs SELECT *,
    row_number() OVER (PARTITION BY rank ORDER BY abs(moved) DESC NULLS LAST, sample_id, later)
FROM ranked
"""  # noqa: S608 - constants
"""Items that both runs have, the worst losses first; of several with one id the first with the first, and so on.
As the comparison of metrics, by the digests of the prompts, else by their texts; what was not stored says nothing."""
COUNTS = "SELECT change, count(*) FROM pairs WHERE {where} GROUP BY change"
FOUND = "SELECT file, later AS row FROM pairs WHERE {where} ORDER BY rank, place, file"
"""Losses before other changes, before gains, before what is the same; of several tasks the largest of each in turn."""
FACTS = """
SELECT file, later, earlier, sample_id, change, moved FROM pairs
WHERE (file, later) IN (SELECT unnest(?::INTEGER[]), unnest(?::BIGINT[]))
"""
KEY = "SELECT file, later FROM pairs WHERE list_contains(?::INTEGER[], file) AND sample_id = ? ORDER BY ALL LIMIT 1"
SLICES = """
SELECT name, count(*), count(*) FILTER (moved > 0), count(*) FILTER (moved < 0), avg(moved) FROM (
    SELECT unnest(slices) AS name, moved FROM pairs WHERE file = ? AND moved IS NOT NULL AND change <> 'other prompt'
) GROUP BY name ORDER BY count(*) DESC, name LIMIT ?
"""
