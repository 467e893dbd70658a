"""Truceline: ceasefire verification on a log that neither party can rewrite."""

__version__ = "0.1.0"
