"""What officers decided about observations, as the log holds it: which belong together, and which no longer stand.

A record stands in the open (that an officer merged, split or withdrew, and when); which observations it was, and why, is sealed.
Only officers are obeyed: a record signed by a party, an actor, the commission or the auditor binds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from truceline import fusion
from truceline.errors import RecordError, ReplayError
from truceline.mission.mission import Mission, Recorded
from truceline.records.canonical import canonical, parse_canonical
from truceline.records.kinds import Grouping, Withdrawal

Sets = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Grouped:
    """One act of an officer, opened; `stands` is false where it was undone since."""

    entry: Recorded
    body: Grouping | Withdrawal
    name: str
    act: str  # merge, split, undo; withdraw, restore
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
    return _acts(mission, [(entry, body, body.grouping_id) for entry, body in mission.of(Grouping, before)])


def withdrawals(mission: Mission, before: int | None = None) -> list[Grouped]:
    """All that officers withdrew, oldest first, as of the entry `before`. Raises as `groupings`."""
    return _acts(
        mission, [(entry, body, body.withdrawal_id) for entry, body in mission.of(Withdrawal, before)]
    )


def constraints_of(mission: Mission, before: int | None = None) -> tuple[fusion.Constraint, ...]:
    """What fusion obeys as of the entry `before`, oldest first. Raises as `groupings`."""
    made: list[fusion.Constraint] = []
    for one in groupings(mission, before):
        if one.stands and one.act == "merge":
            made.append(fusion.Merge(one.sets[0]))
        elif one.stands and one.act == "split":
            made.append(fusion.Split(one.sets))
    return tuple(made)


def withdrawn_since(mission: Mission, before: int | None = None) -> dict[str, int]:
    """obs_id -> index of the entry that withdrew it: what was recorded before that entry stands no longer. Raises as `groupings`."""
    return {
        obs: one.entry.index
        for one in withdrawals(mission, before)
        if one.stands
        for part in one.sets
        for obs in part
    }


def sealed(sets: Sets, reason: str) -> bytes:
    """The bytes of the sealed file."""
    return canonical({"sets": [list(part) for part in sets], "reason": reason})


def _act(body: Grouping | Withdrawal) -> str:
    if isinstance(body, Grouping):
        return body.act
    return "restore" if body.undoes else "withdraw"


def _acts(mission: Mission, said: Sequence[tuple[Recorded, Grouping | Withdrawal, str]]) -> list[Grouped]:
    found = [one for one in said if one[0].author == one[1].by_role and is_officer(mission, one[1].by_role)]
    undone: set[str] = set()
    for _, body, ident in reversed(found):  # what undoes may itself be undone
        if body.undoes and ident not in undone:
            undone.add(body.undoes)
    return [
        Grouped(entry, body, ident, _act(body), *_opened(mission, entry, body), ident not in undone)
        for entry, body, ident in found
    ]


def _opened(mission: Mission, entry: Recorded, body: Grouping | Withdrawal) -> tuple[Sets, str]:
    act = _act(body)
    try:
        said = parse_canonical(mission.vault.read_file(body.sealed))
        sets = tuple(tuple(str(name) for name in part) for part in said["sets"])
        reason = str(said["reason"])
        named = [name for part in sets for name in part]
        whole = act in ("undo", "restore") or (len(set(named)) == len(named) and all(sets))
        known = {"merge": len(sets) == 1 and len(named) > 1, "split": len(sets) > 1, "undo": True, "restore": True, "withdraw": len(sets) == 1}  # fmt: skip
        if not whole or not known.get(act, False):
            raise ValueError(act)
    except (RecordError, KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ReplayError(
            "RPL-004", "an officer's act must name sets of observations, none twice", where=f"entry {entry.index}", value=act,
            remedy=f"Ask {entry.author}, who signed it.",
        ) from problem  # fmt: skip
    return sets, reason
