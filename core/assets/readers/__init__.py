"""Readers: a publisher's files go in, rows with the columns of ``docs/reference/assets.md`` come out."""
