"""The roles of those who use a mission. A liaison is one of a party; everybody else is of none."""

from __future__ import annotations

from typing import Final

ROLES: Final = ("public", "observer", "officer", "auditor", "commissioner", "liaison", "mediator", "admin")
"""`public` is whoever did not log in; it has no accounts."""

SIGNING: Final = frozenset({"officer", "liaison"})
"""Roles whose acts stand on the log under a key of their own."""
