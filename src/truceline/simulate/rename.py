"""Other names for the same parties: the simulator never looks at a name, so nothing else can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from truceline.errors import UsageError
from truceline.simulate.world import World


def exchange(world: World) -> dict[str, str]:
    """Names that swap the two alignments and the first member of each."""
    left, right = world.alignments
    pairs = ((left.id, right.id), (left.members[0], right.members[0]))
    return {a: b for one, other in pairs for a, b in ((one, other), (other, one))}


def renamed(world: World, names: Mapping[str, str]) -> World:
    """The world with other ids for parties and alignments; names for people follow the ids.

    Raises:
        UsageError: SIM-008 two would share a name.
    """
    old = [party.id for party in world.parties] + [alignment.id for alignment in world.alignments]
    new = [names.get(name, name) for name in old]
    if len(set(new)) != len(new):
        raise UsageError(
            "SIM-008", "names must stay apart", value=dict(names), remedy="Give a mapping that is one to one."
        )
    named = {party.id: party for party in world.parties}
    parties = tuple(
        msgspec.structs.replace(named.get(names.get(p.id, p.id), p), id=names.get(p.id, p.id))
        for p in world.parties
    )
    alignments = tuple(
        msgspec.structs.replace(
            a, id=names.get(a.id, a.id), members=tuple(names.get(m, m) for m in a.members)
        )
        for a in world.alignments
    )
    return replace(world, parties=parties, alignments=alignments)
