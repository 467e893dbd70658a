"""What officers decided about which observations belong together, as the log holds it: the constraints of a fusion.

A record stands in the open (that an officer merged or split, and when); which observations it was, and why, is sealed.
Only officers are obeyed: a record signed by a party, an actor, the commission or the auditor binds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from truceline import fusion
from truceline.errors import RecordError, ReplayError
from truceline.mission.mission import Mission, Recorded
from truceline.records.canonical import canonical, parse_canonical
from truceline.records.kinds import Grouping

Sets = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Grouped:
    """One act of an officer, opened; `stands` is false where it was undone since."""

    entry: Recorded
    body: Grouping
    sets: Sets
    reason: str
    stands: bool


def is_officer(mission: Mission, role: str) -> bool:
    """Whether a role groups observations: neither who is watched, nor who decides upon or audits what comes out."""
    genesis = mission.genesis
    outside = {one.id for one in genesis.parties} | {one.id for one in genesis.actors}
    return role in genesis.keys and role not in outside | {"intake", "commission", "auditor", "log"}


def groupings(mission: Mission, before: int | None = None) -> list[Grouped]:
    """All that officers grouped, oldest first, as of the entry `before`.

    Raises:
        EvidenceError: EVI-011 without a key that opens it. ReplayError: RPL-004, the sealed file is not what it must be.
    """
    found = [
        (entry, body)
        for entry, body in mission.of(Grouping, before)
        if entry.author == body.by_role and is_officer(mission, body.by_role)
    ]
    undone: set[str] = set()
    for _, body in reversed(found):  # what undoes may itself be undone
        if body.act == "undo" and body.grouping_id not in undone:
            undone.add(body.undoes)
    return [
        Grouped(entry, body, *_opened(mission, entry, body), body.grouping_id not in undone)
        for entry, body in found
    ]


def constraints_of(mission: Mission, before: int | None = None) -> tuple[fusion.Constraint, ...]:
    """What fusion obeys as of the entry `before`, oldest first. Raises as `groupings`."""
    made: list[fusion.Constraint] = []
    for one in groupings(mission, before):
        if one.stands and one.body.act == "merge":
            made.append(fusion.Merge(one.sets[0]))
        elif one.stands and one.body.act == "split":
            made.append(fusion.Split(one.sets))
    return tuple(made)


def sealed(sets: Sets, reason: str) -> bytes:
    """The bytes of the sealed file."""
    return canonical({"sets": [list(part) for part in sets], "reason": reason})


def _opened(mission: Mission, entry: Recorded, body: Grouping) -> tuple[Sets, str]:
    try:
        said = parse_canonical(mission.vault.read_file(body.sealed))
        sets = tuple(tuple(str(name) for name in part) for part in said["sets"])
        reason = str(said["reason"])
        named = [name for part in sets for name in part]
        whole = body.act == "undo" or (len(set(named)) == len(named) and all(sets))
        known = {"merge": len(sets) == 1 and len(named) > 1, "split": len(sets) > 1, "undo": True}
        if not whole or not known.get(body.act, False):
            raise ValueError(body.act)
    except (RecordError, KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ReplayError(
            "RPL-004", "a grouping must name sets of observations, none twice", where=f"entry {entry.index}", value=body.act,
            remedy=f"Ask {entry.author}, who signed it.",
        ) from problem  # fmt: skip
    return sets, reason
