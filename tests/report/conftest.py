"""A plausible, wholly invented view: twelve sectors, two days, about a hundred and twenty incidents."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from truceline.records.columns import FINDINGS, INCIDENTS, OBSERVATIONS
from truceline.records.kinds import Correction, Import, Notice, PlanStep, Reply, Review
from truceline.records.parties import Alignment, Party
from truceline.report import COVERAGE, Article, View, reporting_day

ZONE = "Europe/Kyiv"
HOUR = 3_600_000
FIRST, SECOND = (
    ("Vel", "Ort", "Sum", "Tar", "Bel", "Nov", "Dru", "Kes"),
    ("oresk", "ivan", "adol", "enik", "arin"),
)
SECTORS = tuple(f"EXERCISE-S{n:02d}" for n in range(1, 13))


def line_at(x: float) -> float:
    return 0.8 + 0.11 * math.sin(x * 5.1) + 0.05 * math.sin(x * 17 + 1) + 0.012 * math.sin(x * 71)


def geometry(alignments: tuple[str, str]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    def add(name: str, role: str, shape: str, coordinates: Any, /, **more: Any) -> None:
        found.append(
            {
                "type": "Feature",
                "id": name,
                "geometry": {"type": shape, "coordinates": coordinates},
                "properties": {"id": name, "role": role, "exercise": True, **more},
            }
        )

    dice = random.Random(4)
    edges = [20.3 + 1.36 * (n + dice.uniform(-0.2, 0.2) * (0 < n < 12)) / 12 for n in range(13)]
    steps = [20.3 + 1.36 * n / 300 for n in range(301)]
    add(
        "line",
        "line",
        "LineString",
        [[x, line_at(x)] for x in steps],
        left=alignments[0],
        right=alignments[1],
    )
    for n, name in enumerate(SECTORS):
        xs = [edges[n], *[x for x in steps if edges[n] < x < edges[n + 1]][::3], edges[n + 1]]
        low = [[x, line_at(x) - 0.18] for x in xs]
        high = [[x, line_at(x) + 0.18] for x in reversed(xs)]
        ring = [*low, *high, low[0]]
        bird = ("Alder", "Basalt", "Curlew", "Drumlin", "Egret", "Fennel")[n % 6]
        add(name, "sector", "Polygon", [ring], name=f"EXERCISE {bird}")
    for n in range(40):
        x = dice.uniform(20.32, 21.64)
        names = {
            "n": f"EXERCISE {FIRST[n % 8]}{SECOND[n % 5]}",
            "s": f"EXERCISE {FIRST[n % 8][:2]}ë{SECOND[n % 5][1:]}û",
        }
        add(
            f"EXERCISE-P{n + 1:03d}",
            "place",
            "Point",
            [x, line_at(x) + dice.uniform(-0.16, 0.16)],
            names=names,
        )
    add("EXERCISE-Z01", "zone", "Polygon", [[[21, 0.7], [21.03, 0.7], [21.03, 0.73], [21, 0.73], [21, 0.7]]])
    river = [[20.8 + 0.05 * math.sin(y * 9) + 0.1 * y, 0.3 + y] for y in [n / 40 for n in range(41)]]
    add("EXERCISE-T001", "terrain", "LineString", river, kind="river")
    for n in range(9):
        x, y = dice.uniform(20.3, 21.6), dice.uniform(0.6, 1.0)
        for ring_size in (0.05, 0.034, 0.02):
            ring = [
                [
                    x + ring_size * math.cos(a / 6) * (1 + 0.2 * math.sin(a / 2)),
                    y + 0.7 * ring_size * math.sin(a / 6),
                ]
                for a in range(38)
            ]
            add(f"EXERCISE-T{n + 2:03d}", "terrain", "LineString", ring, kind="contour", height_m=300)
    add("EXERCISE-post-7", "post", "Point", [20.987654, 0.812345])
    return {"type": "FeatureCollection", "features": found}


def build(
    parties: tuple[str, str] = ("party-1", "party-2"), sides: tuple[str, str] = ("north", "south"), *,
    exercise: bool = True, publish_sides: bool = False, canary: Callable[[str, Any], Any] | None = None,
) -> View:  # fmt: skip
    """`canary` rewrites each cell of the observations: (column, value) -> value."""
    dice = random.Random(11)
    day = reporting_day("2031-03-12", "19:30", ZONE)
    before = reporting_day("2031-03-11", "19:30", ZONE)
    observations: list[dict[str, Any]] = []
    incidents: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    for at in range(118):
        start, _end = day if at < 63 else before
        hour = int(dice.triangular(0, 24, 20))
        begin = start + hour * HOUR + dice.randrange(0, 50) * 60_000 if hour < 23 else start + 22 * HOUR
        long = dice.choice((2, 4, 9, 31, 74)) * 60_000
        sector = SECTORS[min(11, int(dice.expovariate(0.3)) + dice.choice((0, 0, 4, 5)))]
        act, weapon, calibre = dice.choice(
            (("explosion", "mortar", 120_000), ("explosion", "unknown", None), ("burst", "heavy_machine_gun", None),
             ("shot", "small_arms", None), ("shelling", "artillery", 122_000), ("explosion", "artillery", 100_000),
             ("overflight", "uav", None), ("burst", "cannon", 30_000))
        )  # fmt: skip
        kinds = dice.sample(
            ["post", "camera", "acoustic_array", "party", "media", "satellite", "patrol"],
            dice.choice((1, 1, 2, 2, 3, 4)),
        )
        members = []
        side = dice.choice((*sides, "undetermined", "undetermined"))
        for n, kind in enumerate([*kinds, *(["party"] if at % 7 == 0 else [])]):
            name = f"EXERCISE-o{at:03d}{n}{dice.randrange(16**4):04x}"
            members.append(name)
            row = dict.fromkeys(OBSERVATIONS.names)
            actor = parties[(at + n) % 2] if kind == "party" else None
            row |= {
                "obs_id": name, "source_id": f"EXERCISE-{kind}-{n}", "source_kind": kind, "actor": actor,
                "stance": "denial" if at % 7 == 0 and n == len(kinds) else "report",
                "observed_from_ms": begin - 41_000, "observed_to_ms": begin + long + 77_000, "time_precision": "interval",
                "place_kind": {"satellite": "footprint", "camera": "point"}.get(kind, "sector"),
                "lon_udeg": 20_712_345 + at, "lat_udeg": 812_345 + n, "error_m": 431, "scan_m": 400, "track_m": 375,
                "means": {"camera": "recorded", "satellite": "satellite_imagery", "media": "read", "party": "told"}.get(kind, "heard"),
                "act": act, "description": "impact", "weapon": weapon, "calibre_um": calibre,
                "count_min": dice.randrange(1, 30), "count_max": None, "accused": parties[(at + n + 1) % 2] if actor else None,
                "intent": "unknown", "live_fire_exercise": "no", "in_disengagement_area": "unknown",
                "text": "a sentence that an observer wrote", "exercise": exercise,
            }  # fmt: skip
            observations.append({k: canary(k, v) for k, v in row.items()} if canary else row)
        low = 0 if act == "overflight" else dice.choice((1, 1, 2, 3, 5, 8, 14, 37))
        p = int(10_000 * dice.betavariate(5, 1.4))
        word = "corroborated" if p >= 9_500 and len(kinds) > 1 else "credible" if p >= 8_000 else "reported"
        one = dict.fromkeys(INCIDENTS.names)
        one |= {
            "incident_id": members[0], "members": sorted(members), "supports": sorted(members[: len(kinds)]),
            "contradicts": sorted(members[len(kinds):]), "copies": sorted(members[2:3]), "soft": [],
            "from_ms": begin, "to_ms": begin + long, "midpoint_ms": begin + long // 2, "lon_udeg": 20_723_456 + at,
            "lat_udeg": 823_456 + at, "cov_ee_m2": 234_567, "cov_en_m2": 1_234, "cov_nn_m2": 345_678, "sector_id": sector,
            "place_name": "a hamlet nobody may read", "act": act, "description": "impact", "means": ["heard", "recorded"][: len(kinds)],
            "weapon": weapon, "calibre_um": calibre, "count_min": low or None, "count_max": low + dice.randrange(0, 6) if at % 9 else None,
            "probability_e4": p, "word": word, "independent_groups": len(kinds), "source_kinds": sorted(kinds),
            "sides": [{"id": s, "e4": 8_200 if s == side else 900} for s in (*sides, "undetermined")], "side": side,
            "accused_by": [{"actor": a, "accused": parties[(i + 1) % 2]} for i, a in enumerate(parties)] if at % 7 == 0 else [],
            "line_distance_m": 2_345 + at, "line_distance_sd_m": 345, "outgoing": False,
            "explanation": [{"term": t, "log_odds_e6": e} for t, e in (("prior", -1_900_000), ("acoustic_array", 3_400_000), ("secret-post-9", 700_000), ("coverage", -600_000))],
            "exercise": exercise,
        }  # fmt: skip
        if at == 21:
            one |= {"killed_min": 0, "killed_max": 1, "injured_min": 2, "injured_max": 2}
        incidents.append(one)
        for article in ("1", "2(1)"):
            verdict = dice.choice(("breach", "no_breach", "undetermined", "out_of_scope", "undetermined"))
            finding = dict.fromkeys(FINDINGS.names)
            findings.append(
                finding | {
                    "finding_id": f"{members[0]}/{article}", "incident_id": members[0], "agreement": "text", "version": "1",
                    "article": article, "verdict": verdict, "probability_e4": p, "p_place_e4": 9_700, "p_time_e4": 9_990,
                    "p_act_e4": 8_100, "p_weapon_e4": 6_000, "p_side_e4": 4_000, "about": side, "distance_m": 54_321,
                    "distance_sd_m": 4_321, "reason": "54,321 m beyond the edge", "needs": "a second bearing", "exercise": exercise,
                }
            )  # fmt: skip
    inside = [row["incident_id"] for row in incidents[:63]]
    contested = next(f"{inside[0]}/{f['article']}" for f in findings if f["incident_id"] == inside[0])
    exposure = [
        {"sector_id": s, "hour_ms": before[0] // HOUR * HOUR + h * HOUR, "source_kind": "post",
         "watched_e4": int(9_000 * dice.random()) if 5 < h % 24 < 18 and n % 4 else int(900 * dice.random())}
        for n, s in enumerate(SECTORS) for h in range(49)
    ]  # fmt: skip
    weeks = [
        {"sector_id": s, "week": f"2031-W{w:02d}", "hours_total_e1": 1680, "hours_watched_e1": int(1680 * share),
         "night_total_e1": 770, "night_watched_e1": int(300 * share * share), "access_denied": int(share < 0.2) * (w % 3)}
        for n, s in enumerate(SECTORS) for w in range(6, 12) for share in [max(0.03, 0.5 * abs(math.sin(n * 2.2 + w / 3)) + 0.04)]
    ]  # fmt: skip
    return View(
        mission="EXERCISE: the two banks" if exercise else "The two banks", exercise=exercise, date="2031-03-12",
        day_from_ms=day[0], day_to_ms=day[1], previous_from_ms=before[0], previous_to_ms=before[1], zone=ZONE,
        parties=tuple(Party(p, {"en": f"{p.capitalize()} (EXERCISE)"}) for p in parties),
        alignments=tuple(Alignment(s, (p,)) for s, p in zip(sides, parties, strict=True)),
        observations=pa.Table.from_pylist(observations, schema=OBSERVATIONS),
        incidents=pa.Table.from_pylist(incidents, schema=INCIDENTS), findings=pa.Table.from_pylist(findings, schema=FINDINGS),
        coverage=pa.Table.from_pylist(weeks, schema=COVERAGE), geometry=geometry(sides),
        unwatched=pa.Table.from_pylist(
            [{"sector_id": s, "week": f"2031-W{w:02d}", "reason": why, "hours_e1": hours} for s in SECTORS for w in range(6, 12)
             for why, hours in (("nobody", 900 + w), ("jammed", 31))]
        ),
        agreement_title="EXERCISE agreement on the cessation of fire",
        checkpoint="exercise.invalid/two-banks\n4711\nm5h0zcUe3kLq8r0yqgqg0Z9m0q2yA3H1r0o4mZ1kq7U=\n\n— exercise.invalid/two-banks Az3grl==\n",
        log_size=4711, version="0.1.0",
        could_not_see=(
            "Sectors EXERCISE-S01, S05 and S09 were watched for less than a tenth of the day.",
            "Between dusk and dawn 4 of 12 sectors had a sensor that works in the dark.",
            "Access was refused twice, and once delayed by more than an hour.",
            "Jamming kept uncrewed aircraft on the ground from 09:00 to 13:00.",
        ),
        articles=(
            Article("1", "Cessation of fire", "All fire along the line stops from the agreed hour."),
            Article("2(1)", "Withdrawal of heavy weapons", "Guns of 100 mm and more stay 15 km or more from the line."),
            Article("3", "Access for observers", "Observers move freely on both sides."),
        ),
        plan=(
            PlanStep("A1", "Hours of silence", "the whole line", parties[0], "verified", "2031-02-20"),
            PlanStep("A2", "Corridor opened", "district 4", parties[1], "overdue", "2031-03-05", ("A1",), because="no report of it"),
            PlanStep("B1", "Return of district 2", "district 2", parties[0], "suspended", "2031-04-01", ("A2",), ("A1",), "its guarantee lapsed"),
        ),
        notices=(Notice("EXERCISE-n1", parties, "Reports of shelling", "0" * 64, "2031-03-12T08:10Z", "2031-03-12T14:10Z", True, (inside[0],)),),
        replies=(
            Reply("r1", "EXERCISE-n1", parties[0], "contests", "Our units did not fire; we ask that the array's clock be checked.", "2031-03-12T11:02Z"),
            Reply("r2", contested, parties[1], "informs", "We lost two vehicles and left their wrecks in place for inspection.", "2031-03-12T11:02Z"),
        ),
        corrections=(Correction("c1", "report of 9 March, incidents", "38", "37", "Two records of one explosion were joined after a late camera file.", "verification officer", "2031-03-12T16:00Z"),),
        reviews=(Review("v1", contested, "verification officer", "needs_more", "One group of sources only.", "2031-03-12T15:00Z"),),
        rejected=(
            Import("a" * 64, 120_331, "smm_csv", 1, "b" * 64, 412, 401, 6, 2, 3, "c" * 64, "d" * 64, False, "4" * 64, "EXERCISE-cameras.csv"),
            Import("e" * 64, 9_120, "observer_form", 1, "f" * 64, 96, 95, 0, 0, 1, "a" * 64, "b" * 64, True, "4" * 64, "post-7-notebook.csv"),
        ),
        exposure=pa.Table.from_pylist(exposure), publish_sides=publish_sides,
    )  # fmt: skip


@pytest.fixture(scope="session")
def build_view() -> Callable[..., View]:
    """The builder, for tests that change something."""
    return build


@pytest.fixture(scope="session")
def view() -> View:
    """The plain one."""
    return build()
