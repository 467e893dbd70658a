"""Parties, alignments that change over time, and actors with several roles at once."""

from __future__ import annotations

import msgspec


class Party(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signatory or addressee of the agreement, by neutral id."""

    id: str
    names: dict[str, str]  # language -> name
    names_by: str = ""  # source of the names


class Alignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parties that stand together from one time until another (UTC ms, half-open; None is open-ended)."""

    id: str
    members: tuple[str, ...]
    from_ms: int | None = None
    until_ms: int | None = None


class Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Anyone else who acts; one actor may hold several roles, and the roles show."""

    id: str
    names: dict[str, str]
    roles: tuple[str, ...]  # mediator, guarantor, source, contributor, observer_state, ...


def alignment_of(alignments: tuple[Alignment, ...], party: str, at_ms: int) -> str:
    """The alignment that holds `party` at `at_ms`; the party itself when none does."""
    for alignment in alignments:
        if alignment.id == party:
            return party
        started = alignment.from_ms is None or alignment.from_ms <= at_ms
        ended = alignment.until_ms is not None and alignment.until_ms <= at_ms
        if party in alignment.members and started and not ended:
            return alignment.id
    return party
