"""The whole exercise, from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import UsageError
from truceline.records.kinds import Kind
from truceline.records.parties import Actor, Alignment, Party
from truceline.simulate import open_sources, satellites
from truceline.simulate.incidents import ACTS, WEAPONS, Incidents, make_incidents
from truceline.simulate.plane import Floats
from truceline.simulate.rename import exchange, renamed
from truceline.simulate.rows import TRUTH, Rows, together
from truceline.simulate.sensors import observe
from truceline.simulate.statecraft import state_records, withdrawal_ids
from truceline.simulate.stories import Stage, Story, joined, tell
from truceline.simulate.terrain import Terrain, features, make_terrain
from truceline.simulate.watches import Source, Watch, make_sources, make_watches, watches_table
from truceline.simulate.world import Roster, World, generator

Moved = tuple[tuple[str, float, float], ...]
FARTHEST_M = 200_000.0
OBSERVER_KINDS = ("patrol", "post", "complaint")
FEEDS = {
    "camera": "EXERCISE-cameras.csv", "acoustic_array": "EXERCISE-arrays.csv", "uav": "EXERCISE-drones.csv",
    "satellite": "EXERCISE-satellites.csv", "imagery": "EXERCISE-imagery.csv", "party": "EXERCISE-party-statements.csv",
    "media": "EXERCISE-media.csv",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exercise:
    """A simulated mission and its truth. Times are ms UTC, coordinates of `geometry` degrees."""

    name: str
    start_ms: int
    end_ms: int
    zone: str
    parties: tuple[Party, ...]
    alignments: tuple[Alignment, ...]
    actors: tuple[Actor, ...]
    geometry: dict[str, Any]
    observer_rows: pa.Table  # patrols, posts, complaints: sealed entries
    feeds: dict[str, pa.Table]  # file name -> rows: imports
    watches: pa.Table
    records: tuple[tuple[int, str, Kind], ...]  # (at_ms, role of the author, body), by time
    truth: pa.Table  # obs_id, incident ("" for none)
    true_incidents: pa.Table
    stories: tuple[Story, ...]
    seed: int
    world: World
    roster: Roster
    moved: Moved = ()  # posts put elsewhere: id, lon, lat

    def relabelled(self, names: Mapping[str, str]) -> Exercise:
        """The same exercise with parties and alignments renamed everywhere, and nothing else changed.

        Args:
            names: old id -> new id; ids that are absent stay. Names for people follow the ids.
        Raises:
            UsageError: SIM-008 two would share a name.
        """
        return build(self.seed, world=renamed(self.world, names), roster=self.roster, moved=self.moved)

    @property
    def observations(self) -> pa.Table:
        """All rows, as they were received."""
        table = pa.concat_tables([self.observer_rows, *self.feeds.values()])
        return table.sort_by([("received_at_ms", "ascending"), ("obs_id", "ascending")])


def build(
    seed: int = 1, scale: float = 1.0, *, world: World | None = None, roster: Roster | None = None,
    moved: Moved = (), swap: bool = False,
) -> Exercise:  # fmt: skip
    """The exercise of one seed.

    Args:
        seed: 0 or more; equal seeds give equal exercises.
        scale: how busy, against about 1,900 incidents and 6,400 observations in 45 days.
        moved: posts to put elsewhere, as (source id, lon, lat in degrees).
        swap: exchange the names of the two alignments and of their first members, and change nothing else.
    Raises:
        UsageError: SIM-001 to SIM-007.
    """
    world = (world or World()).scaled(scale)
    world = renamed(world, exchange(world)) if swap else world
    roster = roster or Roster()
    land = make_terrain(world, generator(seed, 0))
    base = make_incidents(world, land, generator(seed, 1))
    elsewhere = _moved(land, moved)
    sources = make_sources(world, roster, land, seed, {})
    watches = make_watches(world, roster, land, seed, sources)
    stage = Stage(world, land, seed, tuple(sources), tuple(watches), base, elsewhere)
    if elsewhere:
        _known(sources, elsewhere)
        sources = make_sources(world, roster, land, seed, elsewhere)
        watches = make_watches(world, roster, land, seed, sources)
    told, extra, stories = tell(stage, withdrawal_ids(world))
    table, truth = together([*_everything(world, roster, land, seed, sources, watches, base), *told])
    kind = table["source_kind"]
    return Exercise(
        name=world.name, start_ms=world.start_ms, end_ms=world.end_ms, zone=world.zone, parties=world.parties,
        alignments=world.alignments, actors=world.actors,
        geometry=features(world, land, [(s.id, s.xy) for s in sources if s.kind == "post"]),
        observer_rows=table.filter(pc.is_in(kind, pa.array(OBSERVER_KINDS))),
        feeds={name: table.filter(pc.equal(kind, word)) for word, name in FEEDS.items()},
        watches=watches_table(land, watches, seed), records=state_records(world),
        truth=pa.table({"obs_id": table["obs_id"], "incident": [true_id(i) for i in truth.tolist()]}, schema=TRUTH),
        true_incidents=_true_table(world, land, joined(base, extra)), stories=stories, seed=seed, world=world,
        roster=roster, moved=moved,
    )  # fmt: skip


def move_post(exercise: Exercise, post_id: str, lon_deg: float, lat_deg: float) -> Exercise:
    """The same exercise with one post elsewhere: its watches, its reports and its place change, and nothing else.

    Raises:
        UsageError: SIM-006 no such post, SIM-007 not a place on this map.
    """
    others = tuple(move for move in exercise.moved if move[0] != post_id)
    return build(
        exercise.seed,
        world=exercise.world,
        roster=exercise.roster,
        moved=(*others, (post_id, lon_deg, lat_deg)),
    )


def true_id(index: int) -> str:
    """Name of a true incident; "" for none."""
    return f"EXERCISE-I{index:06d}" if index >= 0 else ""


def _everything(
    world: World,
    roster: Roster,
    land: Terrain,
    seed: int,
    sources: list[Source],
    watches: list[Watch],
    true: Incidents,
) -> list[Rows]:
    by_source: dict[str, list[Watch]] = {source.id: [] for source in sources}
    for watch in watches:
        by_source[watch.source.id].append(watch)
    parts = [observe(world, land, seed, source, by_source[source.id], true) for source in sources]
    said, taken_up = open_sources.claims(world, land, seed, true)
    return [
        *parts, satellites.hot_pixels(world, land, seed, true), satellites.damage(world, land, seed, true),
        said, open_sources.denials(world, land, seed, taken_up), open_sources.quiet(world, land, seed),
        open_sources.complaints(world, land, seed, true),
        open_sources.media(world, roster, land, seed, true, taken_up),
    ]  # fmt: skip


def _moved(land: Terrain, moved: Moved) -> dict[str, Floats]:
    found: dict[str, Floats] = {}
    for name, lon, lat in moved:
        xy = land.plane.to_xy(np.array([lon, lat]))
        if not np.isfinite(xy).all() or np.abs(xy).max() > FARTHEST_M:
            raise UsageError(
                "SIM-007", "a post must stand on the map", where=name, value=(lon, lat),
                remedy=f"Stay within {FARTHEST_M / 1000:g} km of {land.plane.lon0_deg}, {land.plane.lat0_deg}.",
            )  # fmt: skip
        found[name] = xy
    return found


def _known(sources: list[Source], moved: dict[str, Floats]) -> None:
    posts = [source.id for source in sources if source.kind == "post"]
    for name in moved:
        if name not in posts:
            raise UsageError(
                "SIM-006", "the post must be on the roster", value=name, remedy=f"Known: {', '.join(posts)}."
            )


def _true_table(world: World, land: Terrain, true: Incidents) -> pa.Table:
    udeg = land.plane.to_udeg(true.xy)
    return pa.table(
        {
            "incident": [true_id(i) for i in range(len(true))], "at_ms": true.at_ms, "span_ms": true.span_ms,
            "lon_udeg": udeg[:, 0], "lat_udeg": udeg[:, 1], "act": np.array(ACTS)[true.act].tolist(),
            "weapon": np.array(WEAPONS)[true.weapon].tolist(), "calibre_um": true.calibre_um, "count": true.count,
            "by": [world.alignments[0 if left else 1].id for left in true.by_left.tolist()],
        }
    )  # fmt: skip
