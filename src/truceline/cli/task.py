"""`truceline task`: what evidence would settle an incident, best first, as requests that a patrol can take."""

from __future__ import annotations

from typing import Annotated

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit
from truceline.mission import tasking
from truceline.mission.mission import Mission


def task(
    folder: Folder,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="Id of an incident, or of an observation in it.", show_default=False)],
    keys: Keys = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell what evidence would settle an incident, ranked by expected gain. Sealed: a plan of a patrol, never logged."""
    made = tasking.requests(Mission.open(folder, keys), incident)
    head = f"{'EXERCISE ' if made['exercise'] else ''}REQUEST, sealed: incident {made['incident_id']}, {made['act']}, sector {made['sector_id']}"
    lines = [
        head, f"{made['from']} to {made['to']} UTC; probability {made['probability_e4'] / 1e4:.2f}, {made['word']}; side {made['side']}"
    ]  # fmt: skip
    if made["place"]:
        place = made["place"]
        lines.append(
            f"Place: {place['lon_udeg'] / 1e6:.5f}, {place['lat_udeg'] / 1e6:.5f}, within {place['radius_90_m']:,} m nine times in ten."
        )
    lines += [f"Missing for {one}" for one in made["needs"]]
    for number, one in enumerate(made["requests"], start=1):
        lines += [
            "", f"{number}. {one['action']}: {one['gain_e3'] / 1000:.3f} bit expected ({one['existence_e3'] / 1000:.3f} whether it happened, "
            f"{one['side_e3'] / 1000:.3f} on which ground), answer in about {one['hours']} h; {one['standing']}",
            f"   {one['ask']}",
            f"   Found: probability {one['if_found_e4'] / 1e4:.2f}. Not found: {one['if_not_e4'] / 1e4:.2f}.",
        ]  # fmt: skip
        if one["sources"]:
            lines.append(f"   Ask: {', '.join(one['sources'])}")
    if not made["requests"]:
        lines.append("Nothing that could be asked for is expected to tell more.")
    emit(made, as_json, "\n".join(lines))
