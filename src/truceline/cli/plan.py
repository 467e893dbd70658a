"""`truceline plan`: the steps of a mission, of an agreement folder or of one that ships, with their states at a time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline import agreement as agreements
from truceline.agreement import plan as plans
from truceline.cli.common import AsJson, Keys, emit, note, table
from truceline.errors import UsageError
from truceline.mission import planning
from truceline.mission.clock import from_iso, iso, now_ms
from truceline.mission.mission import Mission
from truceline.report import plan as papers

FILES = (".html", ".svg", ".ics")
AsOf = Annotated[str, typer.Option("--as-of", metavar="TIME", help="ISO 8601 with offset, or a date (its end, UTC); now unless given.", show_default=False)]  # fmt: skip


def moment(text: str, option: str, otherwise: int) -> int:
    """A time of the command line. Raises UsageError CLI-060."""
    if not text:
        return otherwise
    try:
        if len(text) == len("2020-11-25"):
            end = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(23, 59, 59), dt.UTC)
            return round(end.timestamp() * 1000)
        if dt.datetime.fromisoformat(text).tzinfo is None:
            raise ValueError(text)
        return from_iso(text)
    except ValueError as problem:
        raise UsageError(
            "CLI-060", "a time must be ISO 8601 with an offset, or a date", where=option, value=text,
            remedy="For example 2020-11-20T12:00:00Z, or 2020-11-20.",
        ) from problem  # fmt: skip


def plan(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A mission, an agreement folder, or the id of one that ships.", show_default=False)],
    as_of: AsOf = "",
    known_at: Annotated[str, typer.Option(metavar="TIME", help="Only what had been recorded by then; the same moment unless given.", show_default=False)] = "",
    what_if: Annotated[list[str] | None, typer.Option(metavar="STEP=TIME", help="Suppose that this step is done then; repeat.", show_default=False)] = None,
    out: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Also write a file: .html (page), .svg (timeline) or .ics (calendar); repeat.", show_default=False)] = None,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """The plan: who has to do what by when, what waits for what, and where each step stands."""
    for path in out or []:
        if path.suffix.lower() not in FILES:
            raise UsageError(
                "CLI-061", "a file of the plan must end in a known suffix", where="--out", value=path.name,
                remedy=f"Known: {', '.join(FILES)}.",
            )  # fmt: skip
    root = Path(folder)
    mission = Mission.open(root, keys) if (root / "state" / "origin").is_file() else None
    at = moment(as_of, "--as-of", mission.clock_ms() if mission else now_ms())
    known = moment(known_at, "--known-at", at)
    moved = dict(_moved(one) for one in what_if or [])
    told = _told(mission, folder, at, known, moved)
    for path in out or []:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_file(path.suffix.lower(), told, at).encode())
        note(f"Wrote {path}")
    emit(told, as_json, _text(told))


def _told(mission: Mission | None, folder: str, at: int, known: int, moved: dict[str, int]) -> dict[str, Any]:
    head: dict[str, Any] = {"as_of": iso(at), "known_at": iso(known)}
    if mission is not None and mission.setting("record_only"):
        if moved:
            raise UsageError(
                "CLI-062", "a mission of record computes nothing about real parties", where="--what-if",
                remedy="Try it on the agreement that ships, or on a copy of your own.",
            )  # fmt: skip
        return head | {
            "title": mission.genesis.name, "exercise": False, "computed": False, "steps": planning.told_rows(mission, at),
            "stages": None, "critical_path": [], "expected": [],
            "note": "A mission of record: what its sources said, with amendments. No state is computed and nothing here is a finding.",
        }  # fmt: skip
    if mission is not None:
        made, exercise, words = planning.planned(mission), mission.genesis.exercise, ""
    else:
        made, exercise = _of_agreement(folder)
        words = "An agreement without a mission: nothing was recorded, so a step is overdue if nobody verifies it."
    if not made.plan.steps:
        raise UsageError(
            "CLI-063", "there must be a plan", value=folder,
            remedy="Put plan.yaml beside agreement.yaml, or record steps on the log.",
        )  # fmt: skip
    expected = planning.what_if(made, at, moved)
    return head | {
        "title": made.plan.title, "exercise": exercise, "computed": True, "steps": planning.rows_of(made, at, known),
        "stages": plans.stages(made.status(at, known)), "critical_path": [one["id"] for one in expected if one["critical"]],
        "expected": expected, "moved": {name: iso(ms) for name, ms in moved.items()}, "note": words,
    }  # fmt: skip


def _of_agreement(folder: str) -> tuple[planning.Planned, bool]:
    agreement = agreements.load(Path(folder) if Path(folder).is_dir() else folder)
    return planning.Planned(agreement.plan or plans.Plan(()), (), ()), agreement.exercise


def _moved(text: str) -> tuple[str, int]:
    name, sign, time = text.partition("=")
    if not sign or not time:
        raise UsageError(
            "CLI-060", "a supposed date must be STEP=TIME", where="--what-if", value=text,
            remedy="For example step-3=2031-04-20.",
        )  # fmt: skip
    return name, moment(time, "--what-if", 0)


def _file(suffix: str, told: dict[str, Any], at: int) -> str:
    title, exercise = told["title"], told["exercise"]
    if suffix == ".ics":
        return papers.calendar(told["steps"], title=title, as_of_ms=at, exercise=exercise)
    moved = {one["id"]: from_iso(one["if_moved"]) for one in told["expected"] if one["id"] in told["moved"]} if told["expected"] else {}  # fmt: skip
    if suffix == ".svg":
        return papers.timeline(
            told["steps"],
            title=title,
            as_of_ms=at,
            exercise=exercise,
            critical=told["critical_path"],
            moved=moved,
        )
    return papers.page(
        told["steps"], told["stages"] or {}, title=title, as_of=told["as_of"], as_of_ms=at, exercise=exercise,
        critical=told["critical_path"], moved=moved, expected=told["expected"], note=told["note"],
    )  # fmt: skip


def _text(told: dict[str, Any]) -> str:
    rows = [
        (row["id"], row["state"].replace("_", " ") + _flags(row), (row["deadline"] or "")[:16].replace("T", " "), row["owner"], _why(row))
        for row in told["steps"]
    ]  # fmt: skip
    lines = [
        f"{told['title']}, as of {told['as_of']}",
        table(rows, ("step", "state", "deadline (UTC)", "owner", "why")),
    ]
    if told["stages"]:
        shares = (f"{name.replace('_', ' ')} {one['steps']} ({one['share_e4'] / 100:.0f} %)" for name, one in told["stages"].items())  # fmt: skip
        lines.append(f"Stages: {', '.join(shares)}.")
    if told["critical_path"]:
        lines.append(f"Decides the end: {', '.join(told['critical_path'])}.")
    if told.get("moved"):
        lines += [
            f"If moved: {one['id']} {one['expected'][:10]} -> {one['if_moved'][:10]}"
            + (f", {one['late_days_if_moved']} days late" if one["late_days_if_moved"] else "")
            for one in told["expected"] if one["expected"] != one["if_moved"]
        ]  # fmt: skip
    return "\n".join([*lines, *([told["note"]] if told["note"] else [])])


def _flags(row: dict[str, Any]) -> str:
    flags = [word for word, on in (("late", row.get("late") == "yes"), ("overdue?", row.get("overdue") == "undetermined"), ("amended", row["amendments"])) if on]  # fmt: skip
    return f" ({', '.join(flags)})" if flags else ""


def _why(row: dict[str, Any]) -> str:
    parts = [f"amended: {(one['before'] or 'none')[:10]} before, {(one['after'] or 'none')[:10]} now" for one in row["amendments"]]  # fmt: skip
    if row.get("state_as_first_agreed"):
        parts.append(f"as first agreed: {row['state_as_first_agreed'].replace('_', ' ')}")
    if row["computed"]:
        parts += [f"not holding: {', '.join(row['lapsed'])}"] * bool(row["lapsed"])
        parts += [f"not there yet: {', '.join(row['waits_for'])}"] * bool(row["waits_for"])
    return "; ".join([*parts, row["because"]] if row["because"] else parts)
