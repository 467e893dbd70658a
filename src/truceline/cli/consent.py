"""`truceline consent` and `truceline roster`: nothing is assigned without the consent of every party."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, table
from truceline.cli.plan import AsOf, moment
from truceline.errors import UsageError
from truceline.mission import roster as rosters
from truceline.mission.clock import iso
from truceline.mission.mission import Mission
from truceline.mission.views import Views
from truceline.records.kinds import Assignment

app = typer.Typer(help="Consent of the parties: give, withdraw, show.", no_args_is_help=True)
roster_app = typer.Typer(
    help="Who observes: assign, show, and which watches lack consent. Sealed; needs the mission's keys.",
    no_args_is_help=True,
)
Party = Annotated[
    str, typer.Argument(metavar="PARTY", help="Id of the party, whose key signs.", show_default=False)
]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="A task in words, or team:ID, nationality:ID, sensor:KIND, place:ID.", show_default=False)]  # fmt: skip
From = Annotated[
    str, typer.Option("--from", metavar="TIME", help="Since when; now unless given.", show_default=False)
]
Until = Annotated[
    str, typer.Option("--until", metavar="TIME", help="Until when, if for a time.", show_default=False)
]


@app.command()
def give(folder: Folder, party: Party, subject: Subject, since: From = "", until: Until = "", conditions: Annotated[str, typer.Option(help="What it depends on, in words.")] = "", keys: Keys = None, as_json: AsJson = False) -> None:  # fmt: skip
    """Record that a party consents."""
    _say(folder, party, subject, True, since, until, conditions, keys, as_json)


@app.command()
def withdraw(folder: Folder, party: Party, subject: Subject, since: From = "", keys: Keys = None, as_json: AsJson = False) -> None:  # fmt: skip
    """Record that a party withdraws its consent: what rests on it ends then."""
    _say(folder, party, subject, False, since, "", "", keys, as_json)


@app.command()
def show(folder: Folder, as_of: AsOf = "", keys: Keys = None, as_json: AsJson = False) -> None:
    """Each subject with the word of every party."""
    mission = Mission.open(folder, keys)
    at = moment(as_of, "--as-of", mission.clock_ms())
    rows = rosters.consent_table(mission, at)
    parties = [party.id for party in mission.genesis.parties]
    lines = [(row["subject"], *(row["parties"][party] for party in parties), "yes" if row["all"] else "no") for row in rows]  # fmt: skip
    emit(
        {"as_of": iso(at), "consents": rows}, as_json,
        table(lines, ("subject", *parties, "all")) if lines else "Nobody has spoken about anything: nothing may start.",
    )  # fmt: skip


@roster_app.command()
def assign(
    folder: Folder,
    team: Annotated[str, typer.Argument(metavar="TEAM", help="Id of the team.", show_default=False)],
    task: Annotated[str, typer.Option(help="The task, in the words to which the parties consented.", show_default=False)],
    observer: Annotated[list[str], typer.Option(metavar="NATIONALITY=NUMBER", help="Who is on it; repeat.", show_default=False)],
    sensor: Annotated[list[str] | None, typer.Option(help="Kind of sensor; repeat.", show_default=False)] = None,
    place: Annotated[list[str] | None, typer.Option(help="Sector or public place; repeat.", show_default=False)] = None,
    since: From = "", until: Until = "", keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put a team on the roster; refused unless every party consents to all of it and the agreed mechanism allows it."""
    mission = Mission.open(folder, keys)
    observers: dict[str, int] = {}
    for text in observer:
        name, _, number = text.partition("=")
        if not name or not number.isdigit() or int(number) < 1:
            raise UsageError("CLI-065", "observers must be NATIONALITY=NUMBER", where="--observer", value=text, remedy="For example xa=2.")  # fmt: skip
        observers[name] = observers.get(name, 0) + int(number)
    posting = rosters.Posting(team, task, observers, tuple(sensor or ()), tuple(place or ()))
    start = iso(moment(since, "--from", mission.clock_ms()))
    entry = rosters.assign(mission, posting, start, iso(moment(until, "--until", 0)) if until else "")
    emit(
        {"log_entry": entry.index, "team": team},
        as_json,
        f"Entry {entry.index}: team {team} is on the roster.",
    )


@roster_app.command("show")
def show_roster(folder: Folder, as_of: AsOf = "", keys: Keys = None, as_json: AsJson = False) -> None:
    """Every assignment and whether it still stands. For the mission alone."""
    mission = Mission.open(folder, keys)
    at = moment(as_of, "--as-of", mission.clock_ms())
    rows = rosters.roster(mission, at)
    lines = [(row["team"], row["state"], row["task"], ", ".join(f"{name} {number}" for name, number in sorted(row["observers"].items())), _ended(row)) for row in rows]  # fmt: skip
    emit(
        {"as_of": iso(at), "assignments": rows}, as_json,
        table(lines, ("team", "state", "task", "observers", "ended by")) if lines else "Nobody is on the roster.",
    )  # fmt: skip


@roster_app.command("watches")
def show_watches(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Watches that do not rest on the consent of every party, and why: kept as evidence, they verify no quiet. For the mission alone."""
    mission = Mission.open(folder, keys)
    watches = Views(mission).watches()
    why = rosters.unconsented(mission, watches)
    columns = ("watch_id", "source_id", "source_kind", "sector_id", "from_ms")
    rows = [
        dict(zip(columns, row, strict=True)) | {"from_ms": iso(row[-1]), "why": reason}
        for row, reason in zip(zip(*(watches[name].to_pylist() for name in columns), strict=True), why, strict=True) if reason
    ]  # fmt: skip
    kept = bool(mission.of(Assignment))
    told = [{("from" if name == "from_ms" else name): value for name, value in row.items()} for row in rows]
    lines = [(row["watch_id"], row["source_id"], row["from"][:16], row["why"]) for row in told]
    nothing = f"All {watches.num_rows:,} watches rest on consent." if kept else "The mission keeps no roster, so no watch is held against one."  # fmt: skip
    emit(
        {"watches": watches.num_rows, "roster": kept, "flagged": told}, as_json,
        table(lines, ("watch", "source", "from", "why")) if lines else nothing,
    )  # fmt: skip


def _say(folder: Any, party: str, subject: str, given: bool, since: str, until: str, conditions: str, keys: Any, as_json: bool) -> None:  # fmt: skip
    mission = Mission.open(folder, keys)
    start = iso(moment(since, "--from", mission.clock_ms()))
    ends = iso(moment(until, "--until", 0)) if until else ""
    entry = rosters.consent(
        mission, party, subject, given, from_time=start, until_time=ends, conditions=conditions
    )
    word = "consents to" if given else "withdraws consent to"
    emit(
        {"log_entry": entry.index, "party": party, "subject": subject, "given": given, "from": start}, as_json,
        f"Entry {entry.index}: {party} {word} {subject} from {start}.",
    )  # fmt: skip


def _ended(row: dict[str, Any]) -> str:
    return "; ".join(f"{one['party']}: {one['subject']}, {one['since'][:16]}" for one in row["ended"])
