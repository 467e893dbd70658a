"""Who was watching, what they would have noticed, and what silence means.

exposure.py which share of the line was watched in each hour, and what was not and why (track.py the kernels, tracks.py
patrols and satellites); detection.py how likely an incident is noticed, learned from what others saw; sun.py day or
night; summary.py weeks and sectors, which is all that is published; totals.py seen and unseen; silence.py what quiet is
worth; trends.py and alerts.py what changed.
"""

from truceline.coverage.alerts import FALSE_PER_YEAR, Alert, alerts, raised
from truceline.coverage.detection import (
    DEFAULTS,
    METHOD,
    TRIALS,
    VERSION,
    Curve,
    Detection,
    learn,
    temper,
    trials,
)
from truceline.coverage.exposure import ANY, EXPOSURE, NOBODY, UNWATCHED, exposure, unwatched
from truceline.coverage.silence import could_not_see, silence
from truceline.coverage.summary import COVERAGE, summary, unwatched_weeks
from truceline.coverage.totals import TOTALS, totals
from truceline.coverage.tracks import FIXES, PASSES, pass_watches, patrol_watches, thinned
from truceline.coverage.trends import BEFORE_AFTER, HOT_SPOTS, Daily, before_after, daily, hot_spots

__all__ = [
    "ANY",
    "BEFORE_AFTER",
    "COVERAGE",
    "DEFAULTS",
    "EXPOSURE",
    "FALSE_PER_YEAR",
    "FIXES",
    "HOT_SPOTS",
    "METHOD",
    "NOBODY",
    "PASSES",
    "TOTALS",
    "TRIALS",
    "UNWATCHED",
    "VERSION",
    "Alert",
    "Curve",
    "Daily",
    "Detection",
    "alerts",
    "before_after",
    "could_not_see",
    "daily",
    "exposure",
    "hot_spots",
    "learn",
    "pass_watches",
    "patrol_watches",
    "raised",
    "silence",
    "summary",
    "temper",
    "thinned",
    "totals",
    "trials",
    "unwatched",
    "unwatched_weeks",
]
