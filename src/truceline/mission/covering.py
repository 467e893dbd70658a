"""Coverage for the pages: what may be told to all, in arrears by sector and week; and what a quiet week is worth, for the mission.

Three things never look alike: quiet (watchers said so), silent (watched, and nobody said anything), and not watched.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from truceline import coverage
from truceline.mission.computing import HOUR_MS, detection_of, exposure_of, moment
from truceline.mission.mission import Mission
from truceline.mission.trending import silence_of
from truceline.mission.views import Views


def told(mission: Mission, incidents: pa.Table, observations: pa.Table) -> dict[str, Any] | None:
    """The coverage view as plain JSON; None where nobody watched or there is no line.

    Returns:
        `weeks`: rows of `coverage.COVERAGE` with `word`, weeks that are over and whose delay has run out, for everybody;
        `sealed`: for the mission only: `silence` (rows of `coverage.SILENCE`), `from`, `to`, and `reasons`
        (rows of `coverage.REASONS`) why nobody watched.
    """
    watches = Views(mission).watches()
    exposed = exposure_of(mission, watches, observations, detection_of(mission))
    if exposed is None or mission.sectors is None or mission.line is None:
        return None
    now = moment(mission, observations)
    closed = now - int(mission.setting("disclosure_delay_ms"))
    weeks = coverage.summary(exposed, until_ms=closed).to_pylist()
    for row in weeks:
        total = row["hours_total_e1"] or 1
        row["word"] = word_of(row["hours_watched_e1"] * 10_000 // total)
    gaps = coverage.unwatched(
        watches, sectors=mission.sectors, line=mission.line, from_ms=exposed["hour_ms"][0].as_py(),
        to_ms=exposed["hour_ms"][-1].as_py() + HOUR_MS,
    )  # fmt: skip
    reasons = coverage.unwatched_weeks(gaps, zone=str(mission.setting("reporting_zone")), until_ms=closed)
    silence, first, last = silence_of(incidents, observations, exposed, now)
    sealed = {"silence": silence.to_pylist(), "from": first, "to": last, "reasons": reasons.to_pylist()}
    return {"weeks": weeks, "sealed": sealed}


def word_of(watched_e4: int) -> str:
    """How much of a week somebody watched, in the bands of `coverage.silence`."""
    return "watched" if watched_e4 >= 5_000 else "partly watched" if watched_e4 >= 1_000 else "not watched"
