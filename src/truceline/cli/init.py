"""`truceline init`: an empty mission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline import agreement as agreements
from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, emit
from truceline.errors import UsageError
from truceline.mission import computing
from truceline.mission.mission import Mission
from truceline.records.kinds import Genesis
from truceline.records.parties import Alignment, Party

CADENCE_MINUTES = 10
"""Of a real mission: what observers report is in the log at most so much later, and the log does not tell when they did."""


def init(
    folder: Folder,
    name: Annotated[str, typer.Option(help="Name of the mission.")] = "mission",
    party: Annotated[list[str] | None, typer.Option(help="Id of a party; repeat. `id=Name` also names it.")] = None,
    alignment: Annotated[list[str] | None, typer.Option(help="`id=party,party`: parties that stand together; repeat.")] = None,
    geometry: Annotated[Path | None, typer.Option(help="GeoJSON with line, sectors, places; roles in properties.role.")] = None,
    zone: Annotated[str, typer.Option(help="IANA zone of the reporting day.")] = "UTC",
    cutoff: Annotated[str, typer.Option(help="Local time at which the reporting day ends.")] = "19:30",
    agreement: Annotated[str, typer.Option(help="Agreement folder or library id to adopt.")] = "",
    exercise: Annotated[bool, typer.Option(help="Everything in it is simulated.")] = False,
    cadence_minutes: Annotated[int | None, typer.Option(min=0, help=f"Minutes between the padded batches in which observers' records are committed to; 0: at once, which tells when they came. {CADENCE_MINUTES} unless given, 0 in an exercise.", show_default=False)] = None,
    receipt: Annotated[Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Policy of the level `receipt`, where the cosigners are agreed already; `log settings` pins it later.", show_default=False)] = None,
    final: Annotated[Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Policy of the level `final`.", show_default=False)] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Start a mission in an empty folder: keys, genesis entry, geometry, agreement."""
    packed = agreements.pack(Path(agreement) if Path(agreement).is_dir() else agreement) if agreement else b""
    mission = create(
        folder, name=name, parties=party or [], alignments=alignment or [], geometry=geometry, zone=zone, cutoff=cutoff,
        exercise=exercise, cadence_minutes=cadence_minutes, keys=keys,
        policies={level: path.read_text("utf-8", "surrogateescape") for level, path in (("receipt", receipt), ("final", final)) if path},
    )  # fmt: skip
    if packed:
        computing.adopt(mission, packed)
    result: dict[str, str | int] = {
        "folder": str(folder),
        "origin": mission.log.origin,
        "log_size": mission.log.size,
        "keys": str(mission.keys.folder),
        "cadence_minutes": int(mission.setting("commit_cadence_ms")) // 60_000,
    }
    cadence = (
        f"What observers report goes on the log every {result['cadence_minutes']} minutes: keep `{PROGRAM} log sequence {folder}` "
        f"running, or have `{PROGRAM} evidence commit {folder}` called at each tick.\n"
        if result["cadence_minutes"]
        else ""
    )
    emit(
        result, as_json,
        f"A mission stands in {folder}; its private keys are in {mission.keys.folder}: keep them apart.\n"
        f"{cadence}Next: {PROGRAM} import {folder} FILE",
    )  # fmt: skip


def create(
    folder: Path, *, name: str = "mission", parties: list[str], alignments: list[str], geometry: Path | None = None,
    zone: str = "UTC", cutoff: str = "19:30", exercise: bool = False, cadence_minutes: int | None = None, keys: Path | None = None,
    policies: dict[str, str] | None = None,
) -> Mission:  # fmt: skip
    """A mission from words of the command line. Raises UsageError CLI-001, CLI-002; MIS-001. LogError LOG-052, LOG-140."""
    from truceline.report import reporting_day

    reporting_day("2031-03-03", cutoff, zone)  # refuse a bad zone or cut-off now
    named = [one.partition("=") for one in parties]
    together = [(one, *one.partition("=")) for one in alignments]
    known = {party for party, _, _ in named}
    for typed, _, equals, members in together:
        missing = [member for member in members.split(",") if member not in known]
        if not equals or missing:
            raise UsageError(
                "CLI-001", "an alignment must be `id=party,party` of known parties", where="--alignment",
                value=typed, remedy=f"Known parties: {', '.join(sorted(known)) or 'none'}.",
            )  # fmt: skip
    if cadence_minutes is None:
        cadence_minutes = 0 if exercise else CADENCE_MINUTES
    genesis = Genesis(
        name=name, exercise=exercise, actors=(), keys={},
        parties=tuple(Party(ident, {"en": title or ident}) for ident, _, title in named),
        alignments=tuple(Alignment(ident, tuple(members.split(","))) for _, ident, _, members in together),
        settings={"reporting_cutoff": cutoff, "reporting_zone": zone, "commit_cadence_ms": cadence_minutes * 60_000},
        policies=policies or {},
    )  # fmt: skip
    return Mission.create(folder, genesis, geometry=_read(geometry), keys=keys)


def _read(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        drawn = json.loads(path.read_text(encoding="utf-8"))
        if not _is_collection(drawn):
            raise _no_geometry(path, None)
    except OSError as problem:
        raise _no_geometry(path, problem.strerror) from problem
    except (ValueError, RecursionError) as problem:
        raise _no_geometry(path, str(problem)) from problem
    return dict(drawn)


def _is_collection(drawn: Any) -> bool:
    return (
        isinstance(drawn, dict)
        and drawn.get("type") == "FeatureCollection"
        and isinstance(drawn.get("features"), list)
        and all(
            isinstance(one, dict)
            and isinstance(one.get("properties"), dict)
            and isinstance(one.get("geometry"), dict)
            for one in drawn["features"]
        )
    )


def _no_geometry(path: Path, why: str | None) -> UsageError:
    return UsageError(
        "CLI-002", "the geometry must be a GeoJSON FeatureCollection in UTF-8", where=str(path), value=why,
        remedy="Give a file whose features all have properties and a geometry; `truceline simulate` writes one to look at.",
    )  # fmt: skip
