"""The exercise mission: the simulated country goes through the same doors as a real one."""

from __future__ import annotations

import datetime as dt
import tempfile
import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from truceline import agreement as agreements
from truceline import fusion
from truceline.mission import computing, publishing
from truceline.mission.clock import iso
from truceline.mission.importing import import_file
from truceline.mission.mission import Mission
from truceline.mission.teaching import exercise_parameters
from truceline.mission.views import Views
from truceline.records.kinds import Genesis, Observation, Parameters, Watch
from truceline.simulate.cases import cases
from truceline.simulate.exercise import Exercise, build

AGREEMENT = "exercise-accord"
Say = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Ran:
    """What the demo made."""

    mission: Mission
    observations: int
    incidents: pa.Table
    findings: pa.Table
    published: publishing.Published
    exercise: Exercise


def run_exercise(
    root: Path, *, formats: Sequence[str], seed: int = 1, scale: float = 1.0, keys: Path | None = None,
    exercise: Exercise | None = None, say: Say = lambda step, share: None,
) -> Ran:  # fmt: skip
    """Build the exercise in `root` and run the whole chain over it.

    Args:
        say: called with the step and the share done, 0 to 1.
    Raises:
        UsageError: MIS-001, the folder is not empty.
    """
    say("simulating 45 days", 0.0)
    made = exercise or build(seed, scale)
    mission = prepare(root, made, keys=keys, say=say)
    end = iso(made.end_ms)
    mission.record_many([(role, body, iso(at)) for at, role, body in made.records])
    say("fusing observations into incidents", 0.4)
    fused = computing.fuse(mission, at=end, as_of_ms=made.end_ms)
    say("holding incidents against the agreement", 0.65)
    assessed = computing.assess(mission, at=end, as_of_ms=made.end_ms)
    say("notices, replies, reviews", 0.75)
    acts = cases(made, fused.table, assessed.table)
    mission.record_many([(role, body, iso(at)) for at, role, body in acts])
    say("writing the report", 0.8)
    published = publishing.publish(mission, last_day(mission, made), formats, at=end, as_of_ms=made.end_ms)
    say("done", 1.0)
    observed = Views(mission).observed().observations
    return Ran(mission, observed.num_rows, fused.table, assessed.table, published, made)


def prepare(
    root: Path, made: Exercise, *, keys: Path | None = None, agreement: bytes | None = None,
    say: Say = lambda step, share: None,
) -> Mission:  # fmt: skip
    """A mission that holds an exercise's geometry, agreement, sealed records, feeds and nothing computed."""
    say("opening the log", 0.06)
    mission = open_exercise(root, made, keys, agreement)
    say("sealing what observers report", 0.1)
    _seal(mission, made)
    say("importing the feeds", 0.25)
    _import(mission, made)
    return mission


def open_exercise(
    root: Path, made: Exercise, keys: Path | None = None, agreement: bytes | None = None
) -> Mission:
    """A mission folder for an exercise: genesis and agreement (packed; the accord that ships when None)."""
    genesis = Genesis(
        name=made.name, exercise=True, parties=made.parties, alignments=made.alignments, actors=made.actors, keys={},
        settings={"reporting_cutoff": "19:30", "reporting_zone": made.zone, "seed": made.seed,
                  "simulated_incidents": repr(made.world.incidents)},
    )  # fmt: skip
    start = iso(made.start_ms - 3_600_000)
    roles = sorted({role for _, role, _ in made.records})
    mission = Mission.create(root, genesis, geometry=made.geometry, keys=keys, roles=roles, at=start)
    mission.record(
        Parameters(fusion.METHOD, fusion.VERSION, exercise_parameters().as_dict()), "operator", start
    )
    computing.adopt(
        mission, agreement or agreements.pack(AGREEMENT), at=start, in_force_from=iso(made.start_ms)
    )
    return mission


def last_day(mission: Mission, made: Exercise) -> str:
    """The last reporting day of the exercise whose places may all be published at its end: its delay has run out."""
    open_ms = made.end_ms - int(mission.setting("disclosure_delay_ms"))
    return dt.datetime.fromtimestamp(open_ms / 1000 - 1, tz=zoneinfo.ZoneInfo(made.zone)).date().isoformat()


def _seal(mission: Mission, made: Exercise) -> None:
    """Observers' records and watches in the order in which they came in."""
    waiting: list[tuple[int, str, Observation | Watch]] = [
        (int(row["received_at_ms"] or row["observed_to_ms"]), row["obs_id"], Observation(_said(row)))
        for row in made.observer_rows.to_pylist()
    ]
    waiting += [(int(row["to_ms"]), row["watch_id"], Watch(_said(row))) for row in made.watches.to_pylist()]
    waiting.sort(key=lambda one: one[:2])
    mission.seal([body for _, _, body in waiting], [iso(at) for at, _, _ in waiting])


def _import(mission: Mission, made: Exercise) -> None:
    with tempfile.TemporaryDirectory(prefix="truceline-") as name:
        for file_name, table in made.feeds.items():
            path = Path(name) / file_name
            write_own_csv(path, table)
            import_file(mission, path, at=iso(made.end_ms))


def write_own_csv(path: Path, table: pa.Table) -> None:
    """Observations as Truceline's own CSV; columns that say nothing are left out."""
    spoken = [name for name in table.column_names if table.column(name).null_count < table.num_rows]
    pyarrow.csv.write_csv(table.select(spoken or table.column_names), path)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
