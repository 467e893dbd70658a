"""Figures of merit over columns."""
