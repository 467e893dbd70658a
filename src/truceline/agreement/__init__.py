"""An agreement as a folder of code: articles, verdicts, linter, cases."""
