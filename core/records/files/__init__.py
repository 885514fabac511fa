"""The files that records are kept in: JSON, compressed JSON and Parquet."""
