"""`truceline agreement`: check, test, explain, list, adopt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from truceline import agreement as agreements
from truceline.cli.common import AsJson, Folder, Keys, emit, table
from truceline.errors import UsageError
from truceline.mission import computing
from truceline.mission.mission import Mission

app = typer.Typer(
    help="Agreements as code: check them, run their cases, explain them, adopt one.", no_args_is_help=True
)
Which = Annotated[
    str,
    typer.Argument(
        metavar="PATH|ID|MISSION",
        help="An agreement folder, a library id, or a mission (its active version).",
        show_default=False,
    ),
]


def found(which: str) -> agreements.Agreement:
    """The agreement that a word of the command line means. Raises UsageError CLI-006."""
    path = Path(which)
    if (path / "state" / "origin").is_file():
        mission = Mission.open(path)
        return agreements.unpack(mission.blobs.read(computing.active_agreement(mission)[1].blob))
    if path.is_dir() or which in agreements.library():
        return agreements.load(path if path.is_dir() else which)
    raise UsageError(
        "CLI-006", "an agreement must be a folder, a library id or a mission", value=which,
        remedy=f"Check the path, or take one that ships: {', '.join(agreements.library())}.",
    )  # fmt: skip


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The agreements that ship, with their numbers of articles and cases."""
    rows = [agreements.load(one) for one in agreements.library()]
    told = [
        {"id": one.id, "version": one.version, "title": one.title, "articles": len(one.articles), "cases": len(one.cases)}
        for one in rows
    ]  # fmt: skip
    emit(
        {"library": told}, as_json,
        table(
            [(one.id, one.version, str(len(one.articles)), str(len(one.cases)), one.title) for one in rows],
            ("id", "version", "articles", "cases", "title"),
        ),
    )  # fmt: skip


@app.command("schema")
def schema(of: Annotated[str, typer.Argument(metavar="agreement|cases|plan", help="Which file the schema is for.")] = "agreement") -> None:  # fmt: skip
    """Print the JSON Schema of agreement.yaml, cases/*.yaml or plan.yaml, for completion in editors."""
    made = {
        "agreement": agreements.schema,
        "cases": agreements.case_schema,
        "plan": agreements.plan_schema,
    }.get(of)
    if made is None:
        raise UsageError(
            "CLI-006",
            "a schema is that of an agreement, of cases or of a plan",
            value=of,
            remedy="Say `agreement`, `cases` or `plan`.",
        )
    typer.echo(json.dumps(made(), ensure_ascii=False, indent=2))


@app.command()
def check(which: Which, as_json: AsJson = False) -> None:
    """Find what is wrong or doubtful in an agreement."""
    problems = agreements.check(found(which))
    emit(
        {"problems": [str(one) for one in problems]},
        as_json,
        "\n".join(map(str, problems)) or "No problem found.",
    )
    if problems:
        raise typer.Exit(1)


@app.command("test")
def run_cases(
    which: Annotated[str, typer.Argument(metavar="PATH|ID|MISSION", help="As for check; left out with --all.", show_default=False)] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every agreement of the library.")] = False,
    mutate: Annotated[bool, typer.Option("--mutate", help="Also change each threshold, sign and date, and tell which change no case notices.")] = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Run the agreement's own cases; exits 1 when one comes out otherwise than written, or a change goes unnoticed."""
    if everything == bool(which):
        raise UsageError(
            "CLI-006",
            "name one agreement, or give --all",
            value=which,
            remedy="For example `agreement test --all`.",
        )
    chosen = [agreements.load(one) for one in agreements.library()] if everything else [found(which)]
    told, lines = [], []
    for agreement in chosen:
        made = agreements.run_cases(agreement)
        failures = [
            {
                "case": one.case, "where": one.where, "article": one.article, "expected": one.expected, "found": one.got,
                "reason": one.reason,
            }
            for one in made.failures
        ]  # fmt: skip
        told.append(
            {
                "agreement": agreement.id, "version": agreement.version, "passed": made.passed,
                "articles": len(made.covered), "covered": sum(map(bool, made.covered.values())),
                "cases": len(agreement.cases), "verdicts": len(made.results), "failed": len({one.case for one in made.failures}),
                "failures": failures, "coverage": made.covered,
            }
        )  # fmt: skip
        lines += [
            f"{one['where']} {one['case']}, article {one['article']}: expected {one['expected']}, found {one['found']}. {one['reason']}"
            for one in failures
        ]
        if mutate:
            survey = agreements.survey(agreement)
            left = [str(one) for one in survey.survivors]
            told[-1] |= {
                "mutants": survey.noticed + survey.refused + survey.idle + len(left),
                "idle": survey.idle,
                "unnoticed": left,
            }
            lines += [f"{agreement.id}: no case notices {one}" for one in left]
        uncovered = [key for key, count in made.covered.items() if not count]
        lines.append(
            f"{agreement.id}: {len(agreement.cases)} cases, {len(made.results)} verdicts, {len(failures)} otherwise than written."
            + (f" No case exercises {', '.join(uncovered)}." if uncovered else "")
        )
    sums = {
        name: sum(int(str(one[name])) for one in told)
        for name in ("articles", "covered", "cases", "verdicts", "failed")
    }
    passed = all(one["passed"] and not one.get("unnoticed") for one in told)
    emit({"agreements": len(told), **sums, "passed": passed, "results": told}, as_json, "\n".join(lines))
    if not passed:
        raise typer.Exit(1)


@app.command()
def duties(
    which: Which,
    facts: Annotated[Path | None, typer.Option(help="A YAML file with a list `facts`; of a mission, instead of what its log holds.", exists=True, dir_okay=False, show_default=False)] = None,
    as_of: Annotated[str, typer.Option("--as-of", metavar="TIME", help="The time at which one looks, UTC, such as 2020-11-20T12:00; of a mission now unless given.", show_default=False)] = "",
    known: Annotated[str, typer.Option(metavar="TIME", help="Amendments made later are passed over; --as-of where left out.", show_default=False)] = "",
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Who owes what by when, and whether it is met, late, overdue or disputed, from facts and by any version of the text."""
    agreement = found(which)
    mission = Mission.open(Path(which), keys) if (Path(which) / "state" / "origin").is_file() else None
    at = mission.clock_ms() if mission and not as_of else agreements.utc_ms(as_of, "--as-of")
    if facts is not None or mission is None:
        told = agreements.read_facts(facts.name, facts.read_text(encoding="utf-8")) if facts else ()
        seen = agreements.Facts.of(told)
    else:
        mission.refuse_record()
        seen = computing.facts_now(mission, agreement)
    listed = agreements.duties(
        agreement,
        seen,
        as_of_ms=at,
        known_ms=agreements.utc_ms(known, "--known") if known else None,
    )
    rows = [
        {
            "article": one.article, "duty": one.name, "owner": one.owner, "state": one.state, "severity": one.severity,
            "due_earliest_ms": one.due.earliest_ms if one.due else None, "due_latest_ms": one.due.latest_ms if one.due else None,
            "done_ms": one.done_ms, "reason": one.reason, "needs": one.needs,
        }
        for one in listed
    ]  # fmt: skip
    shown = [(one.article, one.name, one.owner, one.state, one.reason) for one in listed]
    emit(
        {"agreement": agreement.id, "as_of_ms": at, "duties": rows}, as_json,
        table(shown, ("article", "duty", "owner", "state", "why")) if shown else "No article obliges anybody.",
    )  # fmt: skip


@app.command()
def adopt(folder: Folder, agreement: Annotated[str, typer.Argument(help="Agreement folder or library id.", show_default=False)], keys: Keys = None, as_json: AsJson = False) -> None:  # fmt: skip
    """Put an agreement on the mission's log as the version in force from now on."""
    found(agreement)
    source: str | Path = Path(agreement) if Path(agreement).is_dir() else agreement
    entry = computing.adopt(Mission.open(folder, keys), agreements.pack(source))
    emit({"log_entry": entry.index}, as_json, f"Adopted {agreement} at entry {entry.index}.")
