"""`truceline evidence`: sealed evidence and its custody, from disclosure to shredding, and the auditor's check of all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, Progress, emit, table
from truceline.errors import UsageError
from truceline.log.files import write_durably
from truceline.mission import auditing, sealing
from truceline.mission import evidence as acts
from truceline.mission.handing_in import hand_in
from truceline.mission.mission import Mission
from truceline.mission.shredded import Shredded
from truceline.records.kinds import Commitments

app = typer.Typer(help="Evidence: show, custody, disclose, audit, shred.", no_args_is_help=True)
Named = Annotated[
    str,
    typer.Argument(metavar="ID", help="Index or id of an import or commitments entry.", show_default=False),
]


@app.command()
def show(
    folder: Folder,
    named: Named,
    open_: Annotated[bool, typer.Option("--open", help="Open sealed records; that somebody did goes on the log first.")] = False,
    by: Annotated[str, typer.Option(help="Who opens.")] = "officer-1",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """What the log says about a piece of evidence: its custody, what was disclosed of it, what was shredded."""
    mission = Mission.open(folder, keys)
    entry, body = acts.find(mission, named)
    records = acts.opened(mission, named, by) if open_ else []
    steps = acts.custody(mission, entry)
    result: dict[str, Any] = {
        "entry": entry.index,
        "id": entry.id,
        "at": entry.at,
        "custody": [asdict(one) for one in steps],
    }
    lines = [f"Entry {entry.index}, {entry.id}"]
    if isinstance(body, Commitments):
        gone = sorted(Shredded(mission).records(entry, body))
        rows = acts.disclosed(mission, entry, body)
        result |= {"commitments": list(body.commitments), "disclosed": rows, "shredded": gone}
        lines.append(f"{len(body.commitments)} commitments, {len(rows)} disclosed, {len(gone)} shredded")
        lines += [f"  record {number}: {row}" for number, row in sorted(rows.items())]
    else:
        result |= {"name": body.name, "digest": body.digest, "sealed": body.sealed}
        lines.append(
            f"{body.name}, {body.bytes:,} bytes, SHA-256 {body.digest}, {'sealed' if body.sealed else 'public'}"
        )
    if open_:
        result["opened"] = [{"record": number} | said for number, said in records]
        lines += [
            f"  record {number}, {said['author']} number {said['seq']}, {said['kind']}: {said['body']}"
            for number, said in records
        ]
    lines += ["", table([(f"{one.entry}", one.at, one.by, one.action, one.to, one.note) for one in steps],
                        ("entry", "recorded", "by", "action", "to", "note"))]  # fmt: skip
    emit(result, as_json, "\n".join(lines))


@app.command()
def custody(
    folder: Folder,
    named: Named,
    action: Annotated[str, typer.Option(help=f"One of {', '.join(acts.ACTIONS)}.", show_default=False)],
    by: Annotated[str, typer.Option(help="Who did it, and signs.", show_default=False)],
    to: Annotated[str, typer.Option(help="Who has it now.")] = "",
    note: Annotated[str, typer.Option(help="What a later reader must know; it stands in the open.")] = "",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Record a step of custody: a carrier handed over, a copy exported, a package sealed."""
    made = acts.take_custody(Mission.open(folder, keys), named, action, by, to, note)
    emit({"entry": made.index, "id": made.id}, as_json, f"{action} by {by}: entry {made.index}.")


@app.command()
def commit(
    folder: Folder,
    now: Annotated[bool, typer.Option("--now", help="Whether a tick of the cadence has passed or not.")] = False,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put one padded batch of what waits on the log, real records or dummies; run it at each tick of the mission's cadence."""
    mission = Mission.open(folder, keys)
    made = sealing.commit(mission, now=now)
    left = len(sealing.waiting(mission))
    result = {"entry": None if made is None else made.index, "waiting": left}
    said = "Too early: the last batch is of this tick." if made is None else f"One batch: entry {made.index}."
    emit(result, as_json, f"{said} {left} records wait for the next.")


@app.command()
def disclose(
    folder: Folder,
    named: Annotated[str, typer.Argument(metavar="[ID]", help="One batch; all that are due when left out.")] = "",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show the coarse form of sealed records to all parties at once, after the mission's delay."""
    made = acts.disclose(Mission.open(folder, keys), named)
    rows = sum(one.body.rows for one in made)  # type: ignore[attr-defined]
    emit(
        {"entries": [one.index for one in made], "rows": rows}, as_json,
        f"{len(made)} batches disclosed, {rows} records." if made else "Nothing is due: all is disclosed, or younger than the delay.",
    )  # fmt: skip


@app.command()
def shred(
    folder: Folder,
    named: Annotated[str, typer.Argument(metavar="[ID]", help="Index or id of the entry; leave it out with --source.")] = "",
    record: Annotated[list[int] | None, typer.Option(min=0, help="Number of a record in the batch; repeat. All when left out.")] = None,
    source: Annotated[str, typer.Option(help="Shred all that one source reported, and its enrolment.")] = "",
    by: Annotated[list[str] | None, typer.Option(help="Who orders it: two people, so give it twice.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it stands on the log.", show_default=False)] = "",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Delete keys and salts of sealed evidence for ever. Two people sign; what was opened before is beyond reach."""
    if bool(named) == bool(source) or not reason:
        raise UsageError(
            "CLI-021", "shredding needs an entry or a source, and a reason", where="evidence shred",
            remedy="E.g. `truceline evidence shred FOLDER 12 --record 3 --by officer-1 --by officer-2 --reason withdrawn`.",
        )  # fmt: skip
    mission = Mission.open(folder, keys)
    if source:
        gone = acts.shred_source(mission, source, by or [], reason)
    else:
        gone = acts.shred(mission, named, by or [], reason, record or [])
    emit(
        asdict(gone), as_json,
        f"Shredded, by entry {gone.entry}: keys and salts are gone from this folder. "
        "Copies that somebody opened before, or made of sealed/keys, are beyond its reach.",
    )  # fmt: skip


@app.command()
def audit(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the signed entry to a file for the operator to submit.", show_default=False)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look: sign nothing.")] = False,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """For the auditor: open everything sealed, check signatures, gaps and disclosures, recompute, and sign an audit entry."""
    mission, progress = Mission.open(folder, keys), Progress(not as_json)
    made = auditing.audit(mission, progress.say)
    progress.done()
    result = made.as_dict()
    if not dry_run:
        note = auditing.sign(mission, made)
        if out is not None or not mission.keys.holds_log_key:
            target = out or Path("audit.note")
            write_durably(target, note)
            result["file"] = str(target)
        else:
            result["entry"] = hand_in(mission, note)
    lines = [
        f"{made.batches:,} batches opened: {made.records:,} records of {len(made.sources):,} sources, {made.dummies:,} dummies, {made.shredded:,} shredded.",
        f"Said under duress: {', '.join(made.duress) or 'none'}.",
        "Recomputed: " + ("everything came out as logged." if made.replayed else "DIFFERENT."),
        *(f"  not compared: {one}" for one in made.not_compared),
        *(f"  {one['code']} {one['where']}: {one['rule']}" for one in made.problems),
    ]
    if "entry" in result:
        lines.append(
            f"Signed: entry {result['entry']}. It says whether all came out, never how many records are real."
        )
    if "file" in result:
        lines.append(f"Signed: {result['file']}; the operator hands it in with `{PROGRAM} log submit`.")
    emit(result, as_json, "\n".join(lines))
    if made.problems:
        raise typer.Exit(1)
