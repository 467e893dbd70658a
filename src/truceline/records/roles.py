"""The roles of those who use a mission. A liaison is one of a party; everybody else is of none."""

from __future__ import annotations

from typing import Final

ROLES: Final = ("public", "observer", "officer", "auditor", "commissioner", "liaison", "mediator", "admin")
"""`public` is whoever did not log in; it has no accounts."""

SIGNING: Final = frozenset({"officer", "liaison"})
"""Roles whose acts stand on the log under a key of their own."""

MAY_SIGN: Final = SIGNING | {"commissioner", "mediator"}
"""Roles that may hold a key: a commissioner that of a party or of the commission, a mediator that of an actor."""
