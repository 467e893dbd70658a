"""Cases: what must follow from what, run against the agreement they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.agreement.assess import assess
from truceline.agreement.duties import duties, state_of
from truceline.agreement.folder import Agreement
from truceline.agreement.models import Case, Given, Spot
from truceline.agreement.references import duty_key, moment_bounds
from truceline.agreement.temporal import Facts
from truceline.geo import Frame, Line
from truceline.geo.points import Float64Array, to_udeg
from truceline.records.columns import INCIDENTS, OBSERVATIONS

CEP50_PER_SIGMA = 1.1774
FAR_FUTURE_MS = 2**52
PREFIX = "EXERCISE-"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case and article: the verdicts that its author allows, and the one that the agreement gives."""

    case: str
    where: str
    article: str
    expected: tuple[str, ...]
    got: str
    reason: str
    why: str

    @property
    def passed(self) -> bool:
        """Whether the verdict is one of those expected."""
        return self.got in self.expected


@dataclass(frozen=True, slots=True)
class CaseReport:
    """Results in the order of the cases; `covered` counts the cases for each article that judges, nought included."""

    results: tuple[CaseResult, ...]
    covered: dict[str, int]

    @property
    def passed(self) -> bool:
        """Whether there are cases and all of them pass."""
        return bool(self.results) and not self.failures

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """Those that do not."""
        return tuple(result for result in self.results if not result.passed)


def run_cases(agreement: Agreement, *, stop_early: bool = False) -> CaseReport:
    """Assess every case of the folder, along the lines that the folder draws for its cases.

    Args:
        stop_early: leave out the cases of incidents where one of facts, which are quicker, already failed.

    Raises:
        AgreementError: as `assess`.
    """
    found = _states(agreement)
    early = stop_early and any(
        found.get((case.id, key), ("", ""))[0] not in expected
        for case in agreement.cases
        if case.given is None
        for key, expected in case.expect.items()
    )
    if not early:
        found |= _findings(agreement)
    results: list[CaseResult] = []
    for case, where in zip(agreement.cases, agreement.case_places, strict=True):
        for key, expected in case.expect.items():
            verdict, reason = found.get(
                (case.id, key), ("not known then", "The article was made later, or has no such duty.")
            )
            results.append(CaseResult(case.id, where, key, expected, verdict, reason, case.why))
    judging = dict.fromkeys(
        article.key for article in agreement.articles if article.judges or article.obliges
    )
    covered = {
        key: sum(any(duty_key(named)[0] == key for named in case.expect) for case in agreement.cases)
        for key in judging
    }
    return CaseReport(tuple(results), covered)


def _states(agreement: Agreement) -> dict[tuple[str, str], tuple[str, str]]:
    """(case, article or duty) -> (state, reason), for the cases of facts."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for case in agreement.cases:
        if case.given is not None:
            continue
        assert case.as_of is not None
        as_of = moment_bounds(case.as_of).latest_ms
        known = as_of if case.known is None else moment_bounds(case.known).latest_ms
        listed = duties(agreement, Facts.of(case.facts), as_of_ms=as_of, known_ms=known)
        for key in case.expect:
            duty = state_of(listed, key)
            if duty is not None:
                found[case.id, key] = (duty.state, duty.reason)
    return found


def _findings(agreement: Agreement) -> dict[tuple[str, str], tuple[str, str]]:
    """(case, article) -> (verdict, reason); cases of one line and one `as_of` are assessed together."""
    lines = {**agreement.lines, **agreement.case_lines}
    groups: dict[tuple[str, int], list[Case]] = {}
    for case in agreement.cases:
        if case.given is None:
            continue
        known = case.known or case.as_of
        as_of = FAR_FUTURE_MS if known is None else moment_bounds(known).latest_ms
        alone = case.id if case.background else _drawn_at(case.given)
        groups.setdefault((alone, as_of), []).append(case)
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for (_, as_of), cases in groups.items():
        facts = Facts.of(cases[0].background)
        tables = [tables_of(case, lines) for case in cases]
        incidents, observations = (pa.concat_tables([pair[index] for pair in tables]) for index in (0, 1))
        rows = assess(
            incidents, observations, agreement, as_of_ms=as_of, lines=lines, facts=facts
        ).to_pylist()
        for row in rows:
            case_id = row["incident_id"].removeprefix(PREFIX)
            found[case_id, row["article"]] = (row["verdict"], row["reason"])
    return found


def tables_of(case: Case, lines: dict[str, Line]) -> tuple[pa.Table, pa.Table]:
    """The incident of a case and its observations, all marked EXERCISE, as `assess` takes them."""
    given = case.given
    assert given is not None
    name = f"{PREFIX}{case.id}"
    from_ms = moment_bounds(given.at).earliest_ms
    to_ms = from_ms if given.until is None else moment_bounds(given.until).latest_ms
    row: dict[str, Any] = dict.fromkeys(INCIDENTS.names) | {
        "incident_id": name,
        "members": [f"{name}-{index}" for index in range(len(given.observations))],
        "from_ms": from_ms,
        "to_ms": to_ms,
        "midpoint_ms": (from_ms + to_ms) // 2,
        "act": given.act,
        "weapon": given.weapon,
        "calibre_um": given.calibre_um,
        "probability_e4": given.probability_e4,
        "sides": [{"id": side, "e4": share} for side, share in given.sides.items()],
        "side": _side(given),
        "exercise": True,
    }
    if given.place is not None:
        lonlat, sigma = place_of(given.place, lines[given.place.line])
    elif given.position is not None:
        lonlat = np.array([float(given.position.lon), float(given.position.lat)])
        sigma = max(1, round(given.position.error_m / CEP50_PER_SIGMA))
    if given.place is not None or given.position is not None:
        lon, lat = to_udeg(lonlat).tolist()
        row |= {
            "lon_udeg": lon,
            "lat_udeg": lat,
            "cov_ee_m2": sigma**2,
            "cov_en_m2": 0,
            "cov_nn_m2": sigma**2,
        }
    seen = [
        dict.fromkeys(OBSERVATIONS.names)
        | {"obs_id": f"{name}-{index}", "exercise": True}
        | observation.model_dump()
        for index, observation in enumerate(given.observations)
    ]
    return pa.Table.from_pylist([row], schema=INCIDENTS), pa.Table.from_pylist(seen, schema=OBSERVATIONS)


def _drawn_at(given: Given) -> str:
    """What cases share when they may be assessed in one frame: a line, or a whole degree."""
    if given.place is not None:
        return f"line {given.place.line}"
    return (
        ""
        if given.position is None
        else f"{round(float(given.position.lon))} {round(float(given.position.lat))}"
    )


def _side(given: Given) -> str:
    sure = [side for side, share in given.sides.items() if share >= 8000 and side != "undetermined"]
    return sure[0] if sure else "undetermined"


def place_of(spot: Spot, line: Line) -> tuple[Float64Array, int]:
    """Degrees (2,) and standard deviation in metres of a place told by its distance from the middle of a line."""
    middle = len(line.lonlat) // 2
    pair = line.lonlat[middle - 1 : middle + 1]
    frame = Frame.at(line.lonlat)
    a, b = frame.to_xy(pair)
    along = (b - a) / np.hypot(*(b - a))
    outward = np.array([-along[1], along[0]]) * (1.0 if spot.side == line.left else -1.0)
    lonlat: Float64Array = frame.to_lonlat(((a + b) / 2 + outward * spot.distance_m).reshape(1, 2))[0]
    return lonlat, max(1, round(spot.error_m / CEP50_PER_SIGMA))
