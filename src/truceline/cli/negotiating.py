"""`truceline mechanism status|propose|stance`: negotiating the mechanism itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, note, table
from truceline.cli.plan import AsOf, moment
from truceline.errors import UsageError
from truceline.mission import mechanism
from truceline.mission.clock import iso
from truceline.mission.mission import Mission
from truceline.records.kinds import Source
from truceline.report.mechanism import page


def status(
    folder: Folder, as_of: AsOf = "",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a page, .html.", show_default=False)] = None,
    keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """What is proposed about the mechanism, where each party stands, what is agreed so far and what is not."""
    mission = Mission.open(folder, keys)
    at = moment(as_of, "--as-of", mission.clock_ms())
    told = _told(mission, at)
    if out is not None:
        if out.suffix.lower() != ".html":
            raise UsageError("CLI-064", "the page must be an HTML file", where="--out", value=out.name, remedy="End it in .html.")  # fmt: skip
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(page(told).encode())
        note(f"Wrote {out}")
    emit(told, as_json, _text(told))


def propose(
    folder: Folder,
    proposal: Annotated[str, typer.Argument(metavar="ID", help="Id of the proposal.", show_default=False)],
    about: Annotated[str, typer.Option(help=f"Of {', '.join(mechanism.TERMS)}.", show_default=False)],
    by: Annotated[str, typer.Option(help="Party or actor that proposes it.", show_default=False)],
    words: Annotated[str, typer.Option(help="The proposal in your own words.", show_default=False)],
    term: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="What it would set, e.g. observers=a,b or observers=4 or publish_sides=yes; repeat.", show_default=False)] = None,
    source: Annotated[str, typer.Option(help="Address of where it was said.")] = "",
    role: Annotated[str, typer.Option(help="Whose key signs the record.")] = "operator",
    keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record a proposal of composition, mandate, access or quorum."""
    terms = dict(_term(one, about) for one in term or [])
    entry = mechanism.propose(
        Mission.open(folder, keys),
        proposal,
        about,
        terms,
        by=by,
        restatement=words,
        role=role,
        source=Source(url=source),
    )
    emit(
        {"log_entry": entry.index, "proposal": proposal},
        as_json,
        f"Entry {entry.index}: {proposal}, about {about}.",
    )


def stance(
    folder: Folder,
    proposal: Annotated[str, typer.Argument(metavar="ID", help="Id of the proposal.", show_default=False)],
    party: Annotated[str, typer.Argument(metavar="PARTY", help="Party or actor.", show_default=False)],
    word: Annotated[str, typer.Argument(metavar="STANCE", help="offered, accepted, rejected, conditional or silent.", show_default=False)],
    statement: Annotated[str, typer.Option(help="Id of the statement that shows it.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="When it was taken; now unless given.", show_default=False)] = "",
    role: Annotated[str, typer.Option(help="Whose key signs; that of the party unless given.", show_default=False)] = "",
    keys: Keys = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Record where a party stands on a proposal."""
    mission = Mission.open(folder, keys)
    when = iso(moment(at, "--at", 0)) if at else ""
    entry = mechanism.take_stance(mission, proposal, party, word, role=role, statement_id=statement, at=when)
    told = mechanism.status(mission, mission.clock_ms())
    row = next(one for element in told["elements"] for one in element["proposals"] if one["id"] == proposal)
    emit(
        {"log_entry": entry.index, "proposal": proposal, "word": row["word"], "stances": row["stances"]}, as_json,
        f"Entry {entry.index}: {party} {word}; {proposal} is {row['word']}.",
    )  # fmt: skip


def _told(mission: Mission, at: int) -> dict[str, Any]:
    names = {party.id: party.names.get("en", party.id) for party in mission.genesis.parties}
    names |= {actor.id: actor.names.get("en", actor.id) for actor in mission.genesis.actors}
    told = mechanism.status(mission, at)
    for element in told["elements"]:
        for row in element["proposals"]:
            row["since"] = iso(row.pop("since_ms"))
            for one in row["history"]:
                one["at"] = iso(one.pop("at_ms"))
    return {
        "mission": mission.genesis.name, "exercise": mission.genesis.exercise, "as_of": iso(at), "names": names,
        "parties": [party.id for party in mission.genesis.parties], **told,
    }  # fmt: skip


def _term(text: str, about: str) -> tuple[str, list[str] | int | bool]:
    name, sign, value = text.partition("=")
    if not sign:
        raise UsageError("CLI-065", "a term must be NAME=VALUE", where="--term", value=text, remedy="For example observers=4.")  # fmt: skip
    if value in ("yes", "no", "true", "false"):
        return name, value in ("yes", "true")
    if value.isdigit() and about == "quorum":
        return name, int(value)
    return name, [one.strip() for one in value.split(",") if one.strip()]


def _text(told: dict[str, Any]) -> str:
    parties = told["parties"]
    rows = [
        (element["element"], row["id"], row["word"], *(row["stances"][party] for party in parties))
        for element in told["elements"] for row in element["proposals"]
    ]  # fmt: skip
    lines = [f"{told['mission']}, as of {told['as_of']}"]
    if rows:
        lines.append(table(rows, ("about", "proposal", "word", *parties)))
    lines.append(f"Agreed: {', '.join(told['agreed']) or 'nothing'}. Not agreed: {', '.join(told['not_agreed']) or 'nothing'}.")  # fmt: skip
    return "\n".join(lines)
