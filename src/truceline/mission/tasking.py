"""What evidence would settle an incident, ranked by how much it is expected to tell, as a request that a patrol can take.

Sealed: it names places and, to the mission, sources. Nothing is logged: a request is a plan of a patrol, and plans never
leave the mission. What the patrol then reports is logged as any observation is.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from truceline.errors import UsageError
from truceline.mission.clock import iso
from truceline.mission.computing import detection_of, newest_findings, newest_incidents
from truceline.mission.mission import Mission
from truceline.mission.views import Views
from truceline.records.codes import MISSION_KINDS
from truceline.records.kinds import Consent

LEAVES_TRACES: Final = {
    "explosion": 0.6,
    "shelling": 0.7,
    "air_strike": 0.85,
    "damage": 0.8,
    "burst": 0.12,
    "shot": 0.05,
}
"""Chance that a visit the same day can still establish it; assumed, not learned. Other acts 0.05."""
_TRACES_LAST_DAYS: Final = 7.0
_IMAGED: Final = {"explosion": 0.2, "shelling": 0.4, "air_strike": 0.6, "damage": 0.6}
_FALSE: Final = {"visit": 0.02, "recordings": 0.01, "imagery": 0.02, "question": 0.1}
_PLACED_M: Final = {"visit": 25.0, "imagery": 35.0, "recordings": 150.0, "question": None}
_HOURS: Final = {"visit": 6.0, "recordings": 2.0, "imagery": 48.0, "question": 4.0}


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to look for.

    Attributes:
        action: visit, recordings, imagery, question. ask: the words of the request. sources: whose recordings or log to ask for.
        chance_e4: that it shows the incident if it happened. existence_e3, side_e3: expected gain in thousandths of a bit.
        if_found_e4, if_not_e4: the probability afterwards. hours: until an answer, about. standing: ready, or what it waits for.
    """

    action: str
    ask: str
    sources: tuple[str, ...]
    chance_e4: int
    existence_e3: int
    side_e3: int
    if_found_e4: int
    if_not_e4: int
    hours: int
    standing: str

    @property
    def gain_e3(self) -> int:
        """Existence and side together."""
        return self.existence_e3 + self.side_e3


def requests(mission: Mission, incident_id: str) -> dict[str, Any]:
    """Requests for an incident, best first; those that tell less than a thousandth of a bit are left out.

    Raises:
        UsageError: MIS-020, MIS-022; MIS-193, no such incident; MIS-192, no key at hand opens the sealed rows.
    """
    mission.refuse_record()
    if not mission.vault.can_open:
        raise UsageError(
            "MIS-192",
            "requests can only be made by who may open the sealed rows",
            where=str(mission.root),
            remedy="Ask the mission, or give the folder of the sealed keys.",
        )
    fused = newest_incidents(mission)
    row = next(
        (r for r in fused.table.to_pylist() if incident_id in {r["incident_id"], *r["members"]}), None
    )  # an alias is any of its observations
    if row is None:
        raise UsageError(
            "MIS-193", "the incident must be one of the newest", value=incident_id,
            remedy="Give the id of an incident or of one of its observations, as `truceline fuse` and the tables name them.",
        )  # fmt: skip
    views = Views(mission)
    observations, watches = views.observed().observations, views.watches()
    found = [
        *_visit(mission, row),
        *_recordings(mission, row, observations, watches),
        *_imagery(row),
        *_question(row),
    ]
    made = [_valued(mission, row, *one) for one in found]
    ranked = sorted(
        (one for one in made if one.gain_e3 >= 1), key=lambda one: (-one.gain_e3, one.hours, one.action)
    )
    return {
        "incident_id": row["incident_id"], "exercise": row["exercise"], "sealed": True, "act": row["act"], "sector_id": row["sector_id"],
        "from": iso(row["from_ms"]), "to": iso(row["to_ms"]), "probability_e4": row["probability_e4"], "word": row["word"], "side": row["side"],
        "place": _place(row), "needs": _needs(mission, row["incident_id"]),
        "requests": [asdict(one) | {"gain_e3": one.gain_e3} for one in ranked],
    }  # fmt: skip


def entropy_bits(p: float) -> float:
    """Of a yes-or-no."""
    return 0.0 if p <= 0 or p >= 1 else -(p * math.log2(p) + (1 - p) * math.log2(1 - p))


def expected_gain_bits(p: float, chance: float, false: float) -> tuple[float, float, float]:
    """How much an answer is expected to tell about a yes-or-no of probability p.

    Args:
        chance, false: that the answer is yes where it is so, and where it is not.
    Returns:
        Mutual information in bits, never negative; p after a yes; p after a no.
    """
    yes = p * chance + (1 - p) * false
    after_yes = p * chance / yes if yes > 0 else p
    after_no = p * (1 - chance) / (1 - yes) if yes < 1 else p
    gain = entropy_bits(p) - yes * entropy_bits(after_yes) - (1 - yes) * entropy_bits(after_no)
    return max(gain, 0.0), after_yes, after_no


Found = tuple[str, str, tuple[str, ...], float]


def _valued(
    mission: Mission, row: dict[str, Any], action: str, ask: str, sources: tuple[str, ...], chance: float
) -> Request:  # fmt: skip
    p = row["probability_e4"] / 1e4
    gain, yes, no = expected_gain_bits(p, chance, _FALSE[action])
    side = 0.0
    placed = _PLACED_M[action]
    if (
        placed is not None
        and not row["outgoing"]
        and row["line_distance_m"] is not None
        and row["side"] == "undetermined"
    ):
        before = float(ndtr(row["line_distance_m"] / max(row["line_distance_sd_m"] or 1, 1)))
        spread = math.hypot(row["line_distance_sd_m"] or 1, 1.0)
        grid = row["line_distance_m"] + spread * np.linspace(-3, 3, 61)
        weight = np.exp(-0.5 * np.linspace(-3, 3, 61) ** 2)
        after = sum(
            w * entropy_bits(float(q)) for w, q in zip(weight, ndtr(grid / placed), strict=True)
        ) / float(weight.sum())
        side = max(p * chance * (entropy_bits(before) - after), 0.0)
    return Request(
        action, ask, sources, round(1e4 * chance), round(1e3 * gain), round(1e3 * side), round(1e4 * yes), round(1e4 * no),
        round(_HOURS[action]), _standing(mission, action),
    )  # fmt: skip


def _visit(mission: Mission, row: dict[str, Any]) -> list[Found]:
    if row["lon_udeg"] is None:
        return []
    days = max(mission.clock_ms() - row["to_ms"], 0) / 86_400_000 if not row["exercise"] else 1.0
    chance = LEAVES_TRACES.get(row["act"], 0.05) * math.exp(-days / _TRACES_LAST_DAYS)
    radius = _radius_m(row)
    chance *= min(1.0, 1_500.0 / max(radius, 1.0))  # nobody searches more than a kilometre and a half about
    where = (
        f"sector {row['sector_id']}" if row["outgoing"] else f"within {max(radius, 50):,.0f} m of the place"
    )
    ask = (
        f"Visit {where}. Look for craters, fragments, damage and who saw it; photograph with a scale and north; note what is absent. "
        "Do not measure directions of fire beyond the side of the line."
    )
    return [("visit", ask, (), chance)]


def _recordings(
    mission: Mission, row: dict[str, Any], observations: pa.Table, watches: pa.Table
) -> list[Found]:
    """Watchers that had the place before them then, and have not reported it."""
    if row["lon_udeg"] is None or row["outgoing"] or mission.line is None:
        return []
    spoke = set(row["supports"])
    reported = {
        source
        for one, source in zip(
            observations["obs_id"].to_pylist(), observations["source_id"].to_pylist(), strict=True
        )
        if one in spoke
    }
    frame = mission.line.frame()
    here = frame.to_xy(np.array([[row["lon_udeg"] / 1e6, row["lat_udeg"] / 1e6]]))[0]
    detection = detection_of(mission)
    chances: dict[str, tuple[str, float]] = {}
    for watch in watches.to_pylist():
        kind = watch["source_kind"]
        if watch["outcome"] != "watched" or kind not in MISSION_KINDS or watch["source_id"] in reported:
            continue
        if not (watch["from_ms"] <= row["midpoint_ms"] < watch["to_ms"]) or watch["lon_udeg"] is None:
            continue
        stand = frame.to_xy(np.array([[watch["lon_udeg"] / 1e6, watch["lat_udeg"] / 1e6]]))[0]
        gap = here - stand
        if watch["bearing_mdeg"] is not None and watch["width_mdeg"] is not None:
            off = abs(
                (math.degrees(math.atan2(gap[0], gap[1])) - watch["bearing_mdeg"] / 1e3 + 180) % 360 - 180
            )
            if off > watch["width_mdeg"] / 2e3:
                continue
        chance = float(detection.chance(kind, float(np.hypot(*gap)), False))
        if (
            chance > 0.05
        ):  # looking again, at a stated minute, finds about half of what was there and went unreported
            chances[watch["source_id"]] = (
                kind,
                max(chances.get(watch["source_id"], (kind, 0.0))[1], 0.5 * chance),
            )
    if not chances:
        return []
    names = tuple(sorted(chances, key=lambda name: (-chances[name][1], name)))[:5]
    chance = 1.0 - math.prod(1.0 - chances[name][1] for name in names)
    ask = f"Look again at recordings and log books between {iso(row['from_ms'])} and {iso(row['to_ms'])}, ten minutes either side."
    return [("recordings", ask, names, chance)]


def _imagery(row: dict[str, Any]) -> list[Found]:
    chance = _IMAGED.get(row["act"], 0.0)
    if row["lon_udeg"] is None or row["outgoing"] or chance == 0.0 or "imagery" in row["source_kinds"]:
        return []
    ask = (
        "Order images of the place from before and after; ask for fresh damage, not for anybody's positions."
    )
    return [("imagery", ask, (), chance)]


def _question(row: dict[str, Any]) -> list[Found]:
    ask = (
        f"Put the same question to every party at the same moment: what happened in sector {row['sector_id'] or 'unknown'} between "
        f"{iso(row['from_ms'])} and {iso(row['to_ms'])}? An admission tells much, a denial little."
    )
    return [("question", ask, (), 0.15)]


def _standing(mission: Mission, action: str) -> str:
    """A visit is a task of observers: it waits where any party's newest word on it is a withdrawal (R9)."""
    if action != "visit":
        return "ready"
    newest: dict[tuple[str, str], bool] = {}
    for _, body in mission.of(Consent):
        newest[(body.party, body.task)] = body.given
    withheld = sorted({party for (party, _), given in newest.items() if not given})
    if withheld:
        return f"waits for the consent of {', '.join(withheld)}"
    return "ready" if newest else "waits for a recorded consent of each party"


def _radius_m(row: dict[str, Any]) -> float:
    """Radius that holds the place with 0.9, taking the wider axis."""
    return 2.146 * math.sqrt(max(row["cov_ee_m2"] or 0, row["cov_nn_m2"] or 0))


def _place(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["lon_udeg"] is None or row["outgoing"]:
        return None  # of outgoing fire no place finer than a sector is known to anybody
    return {"lon_udeg": row["lon_udeg"], "lat_udeg": row["lat_udeg"], "radius_90_m": round(_radius_m(row))}


def _needs(mission: Mission, incident_id: str) -> list[str]:
    """What the findings about it say is missing."""
    try:
        findings = newest_findings(mission).table
    except UsageError:
        return []
    columns = (findings[n].to_pylist() for n in ("incident_id", "article", "needs"))
    return [
        f"{article}: {needs}"
        for name, article, needs in zip(*columns, strict=True)
        if name == incident_id and needs
    ]
