"""Which incident is which, from one fusion to the next.

An incident is named by its lowest observation. When groups part or come together, a name that stood before leads to
the incident that now holds that observation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

CHANGES: Final = pa.schema(
    [
        ("incident_id", pa.string()), ("now", pa.string()), ("members", pa.bool_()), ("probability_e4", pa.int32()),
        ("word", pa.bool_()), ("side", pa.bool_()), ("moved_m", pa.int64()),
    ]
)  # fmt: skip
"""An incident that is not what it was: `now` the incident that holds its observation, null where none does; whether its
members, word or side changed; by how much its probability changed; how far it moved, null where it has no place."""


def resolve(
    membership: pa.Table, incident_ids: Iterable[str], name: Callable[[str], str] = lambda lowest: lowest
) -> dict[str, str | None]:
    """The incident that now holds the observation by which each incident was named; None where none does.

    Args:
        membership: of the newest fusion (`Fused.membership`).
        name: how an incident is named by its lowest observation, where it is not by its id.
    """
    wanted = sorted(set(incident_ids))
    linked = membership.filter(
        pc.and_(
            membership.column("incident_id").is_valid(),
            pc.not_equal(membership.column("role"), "contradicts"),
        )
    )
    names = pa.array([name(one) for one in linked.column("obs_id").to_pylist()], pa.string())
    linked = linked.set_column(0, "name", names)
    linked = linked.filter(pc.is_in(names, value_set=pa.array(wanted, pa.string())))
    now = dict(zip(linked.column("name").to_pylist(), linked.column("incident_id").to_pylist(), strict=True))
    return {one: now.get(one) for one in wanted}


def changes(
    before: pa.Table, after: pa.Table, membership: pa.Table, only: Iterable[str] | None = None,
    name: Callable[[str], str] = lambda lowest: lowest,
) -> pa.Table:  # fmt: skip
    """Incidents that are not what they were (`CHANGES`), in the order of `before`.

    Args:
        before, after: `records.columns.INCIDENTS`. membership: of `after`.
        only: incidents to compare, such as those on which a decision was taken; all by default.
        name: as `resolve`.
    """
    if only is not None:
        before = before.filter(
            pc.is_in(before.column("incident_id"), value_set=pa.array(sorted(set(only)), pa.string()))
        )
    names = (
        "incident_id",
        "supports",
        "contradicts",
        "probability_e4",
        "word",
        "side",
        "lon_udeg",
        "lat_udeg",
    )
    was = before.select(names).to_pylist()
    now = resolve(membership, [row["incident_id"] for row in was], name)
    there = after.filter(
        pc.is_in(after.column("incident_id"), value_set=pa.array([n for n in now.values() if n], pa.string()))
    )
    rows = {row["incident_id"]: row for row in there.select(names).to_pylist()}
    found = []
    for old in was:
        new = rows.get(now[old["incident_id"]] or "")
        change = _change(old, new)
        if change is not None:
            found.append(change)
    return pa.Table.from_pylist(found, schema=CHANGES)


def _change(old: dict[str, Any], new: dict[str, Any] | None) -> dict[str, Any] | None:
    if new == old:
        return None
    if new is None:
        nothing = {
            "now": None,
            "members": True,
            "probability_e4": -old["probability_e4"],
            "word": True,
            "side": True,
        }
        return {"incident_id": old["incident_id"], "moved_m": None} | nothing
    moved = None
    if old["lon_udeg"] is not None and new["lon_udeg"] is not None:
        north = (new["lat_udeg"] - old["lat_udeg"]) * 0.1113
        shrunk = float(pc.cos(pa.scalar(old["lat_udeg"] / 1e6 * 3.141592653589793 / 180)).as_py())
        east = (new["lon_udeg"] - old["lon_udeg"]) * 0.1113 * shrunk
        moved = round((north**2 + east**2) ** 0.5)
    return {
        "incident_id": old["incident_id"], "now": new["incident_id"],
        "members": any(old[name] != new[name] for name in ("incident_id", "supports", "contradicts")),
        "probability_e4": new["probability_e4"] - old["probability_e4"], "word": old["word"] != new["word"],
        "side": old["side"] != new["side"], "moved_m": moved,
    }  # fmt: skip
