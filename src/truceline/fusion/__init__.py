"""Observations to incidents: association, existence, place and time, attribution to a side."""
