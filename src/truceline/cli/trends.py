"""`truceline trends`: alerts, hot spots, day and night, before and after a decision, totals; for the mission."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit
from truceline.mission import trending
from truceline.mission.mission import Mission
from truceline.report.trends import alert_rows, write_trends


def trends(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(help="Folder for a page, pictures and tables; sealed, keep it so.", show_default=False)] = None,
    decision: Annotated[str, typer.Option(metavar="DATE", help="Hold the days from this local date on against those before it.", show_default=False)] = "",
    span: Annotated[int, typer.Option(min=1, max=365, help="Days before and after the decision.")] = 14,
    false_alarms: Annotated[float, typer.Option(min=0.01, max=50, help="False alarms a year that are put up with, all sectors together.")] = 0.5,
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell what changed against what was watched: escalation alerts, hot spots, day and night, before and after."""
    made = trending.trends(
        Mission.open(folder, keys), decision=decision, span=span, false_per_year=false_alarms
    )
    files = write_trends(made, out) if out is not None else {}
    alerts = alert_rows(made)
    result: dict[str, Any] = {
        "exercise": made.exercise, "sealed": True, "false_alarms_per_year": false_alarms, "alerts": alerts,
        "hot_spots": made.hot_spots.to_pylist(), "before_after": made.before_after.to_pylist() if made.before_after is not None else [],
        "totals": made.totals.to_pylist(), "silence": made.silence.to_pylist(), "files": {name: str(path) for name, path in files.items()},
    }  # fmt: skip
    lines = [
        f"ALERT {row['sector_id']} {row['date']}: {row['reported']} reported since {row['began']}, {row['expected_e2'] / 100:.1f} expected at that coverage"
        for row in alerts
    ] or ["No alert; that is not quiet: see what was watched."]
    spots = [f"{row['sector_id']} by {row['light']}" for row in result["hot_spots"] if row["raised"]]
    lines.append(f"More than length and coverage call for: {', '.join(spots) or 'nowhere'}.")
    for row in result["before_after"]:
        if row["series"] == "all" and row["light"] == "both":
            told = "cannot be told" if row["ratio_e2"] is None else f"{row['ratio_e2'] / 100:.2f}"
            lines.append(
                f"Rate after {decision} against before, whole line: {told}; a change after a decision need not be due to it."
            )
    whole = [row for row in result["totals"] if row["light"] == "both" and row["sector_id"] != "all"]
    lines.append(
        f"Totals: {sum(row['total_e1'] is not None for row in whole)} of {len(whole)} sector-weeks; elsewhere coverage is too thin."
    )
    if files:
        lines.append(f"Written, sealed: {', '.join(str(path) for path in files.values())}")
    emit(result, as_json, "\n".join(lines))
