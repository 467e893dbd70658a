"""What the columns of a source mean: one file a format, each a pure function from a block of strings to columns."""
