"""Wires the edges together."""
