"""A data set scored by a model: built once, stored as Parquet, queried with DuckDB."""
