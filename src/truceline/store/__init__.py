"""Views: tables that can be thrown away and made again from the log. Parquet files by default (docs/adr/0003)."""

from truceline.store.tables import TableWriter, is_whole, read_metadata, read_table, write_table

__all__ = ["TableWriter", "is_whole", "read_metadata", "read_table", "write_table"]
