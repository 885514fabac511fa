"""Readers: a publisher's files go in, rows with the columns of ``docs/assets.md`` come out."""
