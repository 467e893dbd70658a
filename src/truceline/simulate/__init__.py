"""Seeded simulator of a fictional country, behind the intake interface."""
