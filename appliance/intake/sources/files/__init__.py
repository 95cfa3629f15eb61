"""Files: CSV in any dialect, and Parquet."""
