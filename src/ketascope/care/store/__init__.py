"""The store of places: a DuckDB file built aside from public files, opened read-only for each question."""
