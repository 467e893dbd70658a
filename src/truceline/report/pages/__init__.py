"""The six pages of a report as plain words: one module a page, shared by HTML and PDF."""
