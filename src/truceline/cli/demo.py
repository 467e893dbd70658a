"""`truceline demo`: the two missions that ship, and three things to try on the exercise."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline import report as reports
from truceline.cli.common import PROGRAM, AsJson, Folder, Keys, Progress, emit, note, table
from truceline.errors import NotAMission, UsageError
from truceline.mission import exercise, recording, tampering, telling, trying
from truceline.mission.keyring import default_folder
from truceline.mission.mission import Mission

app = typer.Typer(help="Build a mission that ships and run everything over it.")
_VERDICTS = {"breach": "alleged breach", "no_breach": "no breach", "undetermined": "undetermined"}
DEFAULT, RECORD = Path("EXERCISE-mission"), Path("RECORD-mission")

PAPERS = {"html": "to read", "pdf": "on paper", "csv": "the table", "geojson": "the map's data"}


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Empty folder for the mission.")] = DEFAULT,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated country.")] = 1,
    scale: Annotated[float, typer.Option(help="How busy, against about 1,900 incidents.")] = 1.0,
    replace: Annotated[bool, typer.Option(help="Remove an exercise that stands there.")] = False,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Build the exercise mission: a fictional country, 45 simulated days, the whole chain, a report."""
    if context.invoked_subcommand is not None:
        return
    if replace:
        _remove(out, keys, "exercise")
    progress, started = Progress(not as_json), time.monotonic()
    ran = exercise.run_exercise(
        out, formats=reports.FORMATS, seed=seed, scale=scale, keys=keys, say=progress.step
    )
    progress.done()
    seconds = time.monotonic() - started
    files = {name: str(path) for name, path in ran.published.files.items()}
    result: dict[str, Any] = {
        "folder": str(out), "exercise": "EXERCISE", "observations": ran.observations, "incidents": ran.incidents.num_rows,
        "findings": ran.findings.num_rows, "log_size": ran.mission.log.size, "report": files,
        "stories": [{"title": story.title, "what": story.what} for story in ran.exercise.stories], "seconds": round(seconds, 1),
    }  # fmt: skip
    emit(result, as_json, _summary(out, ran, files, seconds))


@app.command()
def record(
    out: Annotated[Path, typer.Option(help="Empty folder for the mission.")] = RECORD,
    replace: Annotated[bool, typer.Option(help="Remove a mission of record that stands there.")] = False,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:
    """Build the mission of record: Karabakh, 27 September to 10 November 2020, sourced public facts and nothing else."""
    if replace:
        _remove(out, keys, "record_only")
    made = recording.run_record(out, keys=keys)
    files = {name: str(path) for name, path in made.files.items()}
    result = {
        "folder": str(out), "mission": made.mission.genesis.name, "log_size": made.mission.log.size, "pages": files, "counts": made.counts,
    }  # fmt: skip
    emit(result, as_json, _record_summary(out, made, files))


@app.command()
def tamper(folder: Folder, as_json: AsJson = False) -> None:
    """Alter copies of a mission as somebody who holds the folder might, and see each copy refused."""
    made = tampering.tamper(folder)
    lines = [f"Changed byte {made['byte']} of {made['file']} in a copy.", f"Refused: {made['refused']}", ""]
    for number, one in enumerate(made["tries"], 1):
        lines += [f"{number}. We {one['what']}.", f"   Refused at {one['why']}."]
    lines += [
        "",
        f"{len(made['tries'])} copies altered, {len(made['tries'])} refused. Your mission was not touched.",
    ]
    emit(made, as_json, "\n".join(lines))


@app.command()
def stories(folder: Folder, keys: Keys = None, as_json: AsJson = False) -> None:
    """Tell the seven written cases of an exercise: what happened, what the system made of it, what people did."""
    told = telling.stories(folder, keys)
    emit(
        {"stories": told},
        as_json,
        "\n".join(line for number, one in enumerate(told, 1) for line in _told(number, one, folder)),
    )


def _told(number: int, story: dict[str, Any], folder: Path) -> list[str]:
    lines = [
        f"{number}. {story['title']}",
        *textwrap.wrap(story["what"], 100, initial_indent="   ", subsequent_indent="   "),
    ]
    for one in story["incidents"][:3]:
        verdicts = ", ".join(
            f"article {article} {_VERDICTS[verdict]}" for article, verdict in sorted(one["verdicts"].items())
        )
        against = f", {one['contradicted_by']} against it" if one["contradicted_by"] else ""
        lines += [
            f"   {one['incident_id']} ({one['day']}): {one['reports']} of its {story['reports']} reports{against}; {one['word']}, {one['probability']}; "
            f"independent groups {one['independent_groups']}; side {one['side']}.",
            *([f"     {verdicts}"] if verdicts else []),
            *(f"     {line}" for line in one["said"]),
        ]
    if len(story["incidents"]) > 3:
        lines.append(f"   and {len(story['incidents']) - 3} more incidents of a report or two")
    lines += [f"   {line}" for line in story["records"]]
    if story["incidents"]:
        lines.append(f"   the day's report: {PROGRAM} report {folder} --date {story['incidents'][0]['day']}")
    return [*lines, ""]


@app.command()
def swap(folder: Folder, as_json: AsJson = False) -> None:
    """Run the same exercise with the sides' names exchanged, and compare: relabelled, and nothing else changed."""
    note("Running the exercise again with the names exchanged...")
    made = trying.swap(folder)
    emit(
        made, as_json,
        f"{made['incidents']:,} incidents and {made['findings']:,} findings, names exchanged: "
        + ("relabelled, and nothing else changed." if made["symmetric"] else f"DIFFERENT at {made['difference']}"),
    )  # fmt: skip
    if not made["symmetric"]:
        raise typer.Exit(1)


@app.command("move-post")
def move_post(
    folder: Folder,
    post: Annotated[str, typer.Option(help="Which post; the first one when left out.")] = "",
    north_km: Annotated[float, typer.Option(help="How far to the north.")] = 0.0,
    east_km: Annotated[float, typer.Option(help="How far to the east.")] = 12.0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Put one post elsewhere, simulate again, and see by sector how coverage changes."""
    made = trying.move_post(folder, post, north_km=north_km, east_km=east_km)
    rows = [
        (one["sector"], f"{one['before_e1'] / 10:.1f}", f"{one['after_e1'] / 10:.1f}", _change(one["after_e1"] - one["before_e1"]))
        for one in made["sectors"]
    ]  # fmt: skip
    emit(
        made, as_json,
        f"{made['post']} moved {north_km:g} km north, {east_km:g} km east. Sector-hours watched in the exercise:\n"
        + table(rows, ("sector", "before", "after", "change"))
        + "\nWhere hours were lost, silence says less than before. Your mission was not touched.",
    )  # fmt: skip


def _change(tenths: int) -> str:
    return f"{tenths / 10:+.1f}" if tenths else "-"


def _summary(out: Path, ran: exercise.Ran, files: dict[str, str], seconds: float) -> str:
    words = Counter(ran.incidents["word"].to_pylist())
    verdicts = Counter(ran.findings["verdict"].to_pylist())
    undetermined = sum(1 for side in ran.incidents["side"].to_pylist() if side == "undetermined")
    lines = [
        f"{ran.exercise.name}. Everything here is simulated.",
        "",
        f"{ran.observations:,} observations from patrols, posts, cameras, arrays, satellites, parties and outlets were put together",
        f"into {ran.incidents.num_rows:,} incidents: {words['corroborated']:,} corroborated by independent sources, {words['credible']:,} credible, {words['reported']:,} only reported.",
        f"For {undetermined:,} of them the side is undetermined, and the system says so.",
        f"Held against each article of the agreement: {verdicts['breach']:,} alleged breaches, {verdicts['no_breach']:,} no breach, {verdicts['undetermined']:,} undetermined;",
        f"{verdicts['out_of_scope']:,} times an article had nothing to say. People have yet to review what is alleged.",
        f"All of it stands on a log of {ran.mission.log.size:,} signed entries and can be recomputed. ({seconds:.1f} s)",
        "",
        f"The report of {ran.published.figures['date']}, its map and its data:",
        *(f"  {PAPERS[name]:16}{path}" for name, path in files.items()),
        f"  {'the mission':16}{out}",
        "",
        "Next, try:",
        f"  {PROGRAM} demo tamper {out}      alter copies in four ways, and be refused each time",
        f"  {PROGRAM} demo swap {out}        exchange the sides' names, and see nothing else change",
        f"  {PROGRAM} demo move-post {out}   move one post, and see coverage change",
        f"and read the seven cases written into it: {PROGRAM} demo stories {out}",
    ]
    return "\n".join(lines)


def _record_summary(out: Path, made: recording.Recording, files: dict[str, str]) -> str:
    counts = made.counts
    things = (
        (f"{PROGRAM} replay {out}", "make the pages again from the log, and compare byte by byte"),
        (
            f"{PROGRAM} agreement check {recording.AGREEMENT}",
            "see what a text must say before anyone can verify it",
        ),
        (f"{PROGRAM} fuse {out}", "be refused: no finding about a real party"),
    )
    width = max(len(typed) for typed, _ in things)
    lines = [
        f"{made.mission.genesis.name}. Public facts, each with its source; nothing in it is simulated, observed or found.",
        "",
        f"{counts['texts']} texts agreed, {counts['appeals']} appeals to stop, {counts['signals']} signals between capitals, {counts['statements']} statements by {counts['speakers']} speakers,",
        f"{counts['positions']} positions on observers and verification, {counts['steps']} steps of a plan; {counts['sources']} sources.",
        f"Hours of coverage: {counts['coverage_hours']}. Nobody watched for this mission, so it says of no party what it did.",
        f"The first truce left its parameters to be agreed, and they never were: {counts['provisions_undetermined']} of its {counts['provisions']} provisions are undetermined.",
        f"A readout by both ends was found of {counts['signals_both_readouts']} of the {counts['signals']} signals.",
        f"All of it stands on a log of {made.mission.log.size} signed entries, and the pages are made from the log alone.",
        "",
        f"  start here  {files['founding.html']}    from each sentence of the founding text to its records",
        f"  the record  {files['record.html']}",
        f"  as a table  {files['record.csv']}",
        f"  mission     {out}",
        "",
        "Next, try:",
        *(f"  {typed:{width}}  {why}" for typed, why in things),
    ]
    return "\n".join(lines)


def _is_ours(out: Path, keys: Path | None, kind: str) -> bool:
    try:
        mission = Mission.open(out, keys)
    except NotAMission:
        return False
    return mission.genesis.exercise if kind == "exercise" else bool(mission.setting(kind))


def _remove(out: Path, keys: Path | None, kind: str) -> None:
    """Remove a folder only if it is a mission that ships: an exercise, or a mission of record."""
    if not out.exists():
        return
    if any(out.iterdir()) and not _is_ours(out, keys, kind):
        raise UsageError(
            "CLI-005", "only a mission that this command makes may be replaced", where=str(out),
            remedy="Choose another folder.",
        )  # fmt: skip
    shutil.rmtree(out)
    shutil.rmtree(keys or default_folder(out), ignore_errors=True)
