"""Officers merge incidents, split one, or take back that they did; the next fuse obeys, and every one after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import UsageError
from truceline.mission.clock import iso
from truceline.mission.computing import newest_incidents
from truceline.mission.grouping import Grouped, Sets, groupings, is_officer, sealed
from truceline.mission.mission import Mission, Recorded
from truceline.mission.views import Views
from truceline.records.kinds import Grouping, Withdrawal

ACTS: Final = ("merge", "split", "undo")
FARTHEST_DAYS: Final = 5
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """An act as it was judged: it can be signed. `role` signs it."""

    name: str
    act: str  # merge, split, undo; withdraw, restore
    sets: Sets
    reason: str
    role: str
    at: str
    undoes: str = ""


def merge(mission: Mission, incidents: Sequence[str], *, role: str, reason: str) -> Recorded:
    """These incidents are one from now on.

    Args:
        incidents: two or more, by their ids or by that of any observation in them; all their observations are held together.
    Raises:
        UsageError: as `judged`; MIS-003 the key is not here, MIS-007, MIS-020.
    """
    return sign(mission, judged(mission, "merge", [list(incidents)], role=role, reason=reason))


def split(mission: Mission, sets: Sequence[Sequence[str]], *, role: str, reason: str) -> Recorded:
    """These sets of observations are about different incidents from now on. Raises as `merge`.

    Args:
        sets: obs_ids; what else was in the incident goes where it fits better.
    """
    return sign(mission, judged(mission, "split", sets, role=role, reason=reason))


def undo(mission: Mission, grouping_id: str, *, role: str, reason: str) -> Recorded:
    """What an officer merged or split holds no longer. Raises as `merge`."""
    return sign(mission, judged(mission, "undo", [], role=role, reason=reason, undoes=grouping_id))


def judged(
    mission: Mission, act: str, sets: Sequence[Sequence[str]], *, role: str, reason: str, undoes: str = "",
    grouping_id: str = "", at: str = "",
) -> Wanted:  # fmt: skip
    """The act with everything that it must name; nothing is written.

    Args:
        sets: of a merge one, with incidents; of a split two or more, with observations.
    Raises:
        UsageError: MIS-240 who may not, MIS-241 no reason, MIS-242 an observation or incident that is not here,
            MIS-243 sets that say nothing or contradict each other, MIS-244 too far apart in time, MIS-245 nothing to undo,
            MIS-020, MIS-022. EvidenceError: EVI-011.
    """
    mission.refuse_record()
    reason = said_why(mission, role, reason)
    if act not in ACTS:
        raise UsageError("MIS-243", "a grouping must merge, split or undo", where="act", value=act, remedy=f"Known: {', '.join(ACTS)}.")  # fmt: skip
    said = groupings(mission)
    mark = "EXERCISE-" if mission.genesis.exercise else ""
    name = grouping_id or f"{mark}grouping-{1 + len(mission.of(Grouping)):04d}"
    when = at or iso(mission.clock_ms())
    if act == "undo":
        if not any(one.stands and one.name == undoes for one in said):
            standing = [one.name for one in said if one.stands]
            raise UsageError(
                "MIS-245", "only what stands can be undone", where="undoes", value=undoes,
                remedy=f"These stand: {', '.join(standing[-20:]) or 'none yet'}.",
            )  # fmt: skip
        return Wanted(name, act, (), reason, role, when, undoes)
    named = _merged(mission, sets) if act == "merge" else _apart(mission, sets)
    return Wanted(name, act, named, reason, role, when)


def said_why(mission: Mission, role: str, reason: str) -> str:
    """The reason as it is kept. Raises UsageError MIS-240 who may not, MIS-241 no reason."""
    if not is_officer(mission, role):
        raise UsageError(
            "MIS-240", "observations are grouped and withdrawn by officers of the mission", where="by_role", value=role,
            remedy="Neither parties, actors, the commission nor the auditor may; give e.g. officer-1.",
        )  # fmt: skip
    if not reason.strip():
        raise UsageError(
            "MIS-241", "who groups or withdraws observations must say why", where="reason",
            remedy="Say what shows it; the reason is sealed.",
        )  # fmt: skip
    marked = mission.genesis.exercise and not reason.strip().startswith("EXERCISE")
    return f"EXERCISE: {reason.strip()}" if marked else reason.strip()


def sign(mission: Mission, wanted: Wanted) -> Recorded:
    """Seal and record an act that was judged."""
    mission.signing(wanted.role)  # what would stop it is told before anything is written
    with mission.working():
        return mission.record(body_of(mission, wanted), wanted.role)


def body_of(mission: Mission, wanted: Wanted) -> Grouping | Withdrawal:
    """The record of an act, its observations sealed. Within `Mission.working`."""
    digest = mission.vault.seal_file(sealed(wanted.sets, wanted.reason))
    if wanted.act in ("withdraw", "restore"):
        return Withdrawal(wanted.name, digest, wanted.role, wanted.at, wanted.undoes)
    return Grouping(wanted.name, wanted.act, digest, wanted.role, wanted.at, wanted.undoes)


def stands_already(
    said: Sequence[Grouped], act: str, sets: Sequence[Sequence[str]], *, role: str, reason: str, undoes: str = ""
) -> bool:  # fmt: skip
    """Whether an officer said just this before: among the groupings or withdrawals given."""
    named = {frozenset(part) for part in sets}
    for one in said:
        same = (one.act, one.body.by_role, one.body.undoes) == (act, role, undoes)
        if not same or one.reason.removeprefix("EXERCISE: ") != reason.strip().removeprefix("EXERCISE: "):
            continue
        held = {frozenset(part) for part in one.sets}
        if act != "merge" and held == named:
            return True
        if act == "merge" and named and all(any(part <= whole for whole in held) for part in named):
            return True
    return False


def members(mission: Mission, incident: str) -> dict[str, Any]:
    """An incident and what is known of each of its observations, for an officer to split it. Sealed.

    Raises:
        UsageError: MIS-242, MIS-020, MIS-022. EvidenceError: EVI-011.
    """
    mission.refuse_record()
    [row] = _rows(mission, [incident])
    said = Views(mission).observed().observations
    some = said.filter(pc.is_in(said.column("obs_id"), value_set=pa.array(row["supports"], pa.string())))
    names = ("obs_id", "source_id", "source_kind", "means", "act", "weapon", "place_name", "text")
    rows = [
        {name: one[name] for name in names}
        | {"from": iso(one["observed_from_ms"]), "to": iso(one["observed_to_ms"]), "copy": one["obs_id"] in row["copies"]}
        for one in some.sort_by("observed_from_ms").to_pylist()
    ]  # fmt: skip
    return {"incident_id": row["incident_id"], "sector_id": row["sector_id"], "exercise": row["exercise"], "sealed": True, "observations": rows}  # fmt: skip


def template(found: dict[str, Any], role: str = "officer-1") -> str:
    """A split of that incident as YAML, for an officer to finish and to give to `truceline record`."""
    mark = "EXERCISE " if found["exercise"] else ""
    lines = [
        f"# {mark}Sealed: for officers only. Incident {found['incident_id']}, {found['sector_id'] or 'no sector'}.",
        "# Observations of different sets are about different incidents; what you leave out goes where it fits better.",
        "kind: grouping", "act: split", f"by_role: {role}", 'reason: ""  # why they belong apart', "sets:",
    ]  # fmt: skip
    for number, one in enumerate(found["observations"]):
        copy = ", a copy" if one["copy"] else ""
        what = " ".join(str(one[name]) for name in ("source_kind", "source_id", "means", "act"))
        text = " ".join(str(one["text"] or "").split())[:100]
        lines.append(f"{'- -' if number < 2 else '  -'} {one['obs_id']}  # {one['from']} {what}{copy}  {text}".rstrip())  # fmt: skip
    return "\n".join(lines) + "\n"


def _merged(mission: Mission, sets: Sequence[Sequence[str]]) -> Sets:
    names = [name for part in sets for name in part]
    rows = _rows(mission, names)
    if len({row["incident_id"] for row in rows}) < 2:
        raise UsageError(
            "MIS-243", "a merge must name two incidents or more", where="sets", value=", ".join(names),
            remedy="Those named are one incident already, or only one was named.",
        )  # fmt: skip
    ends = (max(row["from_ms"] for row in rows), min(row["to_ms"] for row in rows))
    if ends[0] - ends[1] > FARTHEST_DAYS * DAY_MS:
        raise UsageError(
            "MIS-244", f"incidents that are merged must lie within {FARTHEST_DAYS} days", where="sets",
            value=f"{iso(ends[1])} to {iso(ends[0])}", remedy="If one report bears a wrong date, correct that report.",
        )  # fmt: skip
    return (tuple(sorted({obs for row in rows for obs in row["supports"]})),)


def _apart(mission: Mission, sets: Sequence[Sequence[str]]) -> Sets:
    made = tuple(tuple(sorted(set(part))) for part in sets)
    named = [name for part in made for name in part]
    if len(made) < 2 or not all(made) or len(set(named)) < len(named):
        raise UsageError(
            "MIS-243", "a split must name two sets of observations or more, none in two of them", where="sets", value=[list(part) for part in made],
            remedy="Give each incident's observations as a set of its own.",
        )  # fmt: skip
    _rows(mission, named)
    return made


def _rows(mission: Mission, names: Sequence[str]) -> list[dict[str, Any]]:
    """The newest incidents that hold these observations, each once. Raises UsageError MIS-242."""
    table = newest_incidents(mission).table
    supports = table.column("supports").combine_chunks()
    flat = supports.flatten()
    parents = pc.list_parent_indices(supports)
    wanted = pa.array(list(names), pa.string())
    by_name = pc.index_in(wanted, value_set=table.column("incident_id").combine_chunks())
    at = pc.coalesce(by_name, parents.cast(pa.int32()).take(pc.index_in(wanted, value_set=flat)))
    unknown = [name for name, where in zip(names, at.to_pylist(), strict=True) if where is None]
    if unknown or not names:
        raise UsageError(
            "MIS-242", "a grouping must name what the newest incidents hold", where="sets", value=unknown[0] if unknown else "nothing",
            remedy="Give ids of incidents, or of observations that say that something happened; denials follow their incident.",
        )  # fmt: skip
    return list(table.take(pc.unique(at)).to_pylist())


def as_rows(mission: Mission) -> list[dict[str, Any]]:
    """All that officers grouped, as rows to show; sealed."""
    return [
        {
            "grouping_id": one.name, "act": one.act, "by_role": one.body.by_role, "at": one.body.at,
            "sets": [list(part) for part in one.sets], "reason": one.reason, "undoes": one.body.undoes, "stands": one.stands,
            "log_entry": one.entry.index,
        }
        for one in groupings(mission)
    ]  # fmt: skip
