"""What parties claim and deny, outlets tell and copy, satellites and images show, and people complain of.

Parties follow one rule, whoever they are: they claim what hit their own side, a share is made up or moved, and they deny
some of what the other claims.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.simulate.columns.errors import error, gross
from truceline.simulate.columns.ground import VILLAGES, Ground
from truceline.simulate.columns.happenings import ACTS, Happenings
from truceline.simulate.columns.settings import Settings
from truceline.simulate.columns.table import NULL, Part, Words
from truceline.simulate.columns.witnesses import CEP
from truceline.simulate.plane import Floats, Ints
from truceline.simulate.world import DAY_MS, HOUR_MS, MINUTE_MS

PARTIES = ("party-1", "party-2")
OUTLETS = 40
PASSES_MS = np.array([80, 130, 180, 800, 850, 900]) * MINUTE_MS
FALSE_A_DAY = {"satellite": 220.0, "media": 28.0, "complaint": 8.0}
_VILLAGE = tuple(f"EXERCISE Village {n + 1}" for n in range(VILLAGES))
_OUTLET = tuple(f"EXERCISE-outlet-{n + 1:02d}" for n in range(OUTLETS))


def claims(
    rng: np.random.Generator, settings: Settings, land: Ground, real: Happenings, ghosts: Happenings
) -> list[Part]:
    """Claims of what happened, claims of what did not (one to each ghost), and denials of either."""
    hit = np.flatnonzero(rng.random(len(real)) < np.where(real.left != real.by_left, 0.30, 0.04))
    xy, at = real.xy[hit], real.at_ms[hit]
    moved = rng.random(len(hit)) < settings.strategic
    xy = xy + np.where(moved, 6_000.0, 0.0)[:, None] * rng.standard_normal((len(hit), 2))
    at = at + np.where(moved, 1.5 * HOUR_MS, 0.0) * rng.standard_normal(len(hit))
    made = [_claim(rng, settings, land, real, hit, xy, at, hit)]
    every = np.arange(len(ghosts))
    xy = ghosts.xy
    if settings.model == "barrage" and len(every):  # fabrications that support each other
        xy = np.where((rng.random(len(every)) < 0.6)[:, None], np.repeat(xy[::3], 3, axis=0)[: len(xy)], xy)
        ghosts.at_ms[:] = np.where(
            rng.random(len(every)) < 0.6, np.repeat(ghosts.at_ms[::3], 3)[: len(xy)], ghosts.at_ms
        )
    made.append(_claim(rng, settings, land, ghosts, every, xy, ghosts.at_ms, np.full(len(every), -1)))
    return made + [_denial(rng, one) for one in made]


def _claim(
    rng: np.random.Generator,
    settings: Settings,
    land: Ground,
    what: Happenings,
    number: Ints,
    xy: Floats,
    at: Floats,
    truth: Ints,
) -> Part:
    size = len(number)
    speaker = np.where(what.left[number], 0, 1)
    cep = np.where(rng.random(size) < 0.5, 400.0, 1_200.0)
    where = (
        xy
        + (cep / CEP)[:, None] * error(rng, settings, (size, 2))
        + 5_000.0 * gross(rng, settings, size)[:, None]
    )
    start = np.floor((at + 6 * MINUTE_MS * error(rng, settings, (size,))) / (5 * MINUTE_MS)) * 5 * MINUTE_MS
    udeg = land.plane.to_udeg(where)
    return Part(
        truth, what.at_ms[number],
        {
            "source_id": Words(speaker, tuple(f"EXERCISE-{p}" for p in PARTIES)), "source_kind": "party", "actor": Words(speaker, PARTIES),
            "stance": "claim", "accused": Words(1 - speaker, PARTIES), "place_kind": "point", "error_m": cep,
            "lon_udeg": udeg[:, 0], "lat_udeg": udeg[:, 1], "observed_from_ms": start, "observed_to_ms": start + 10 * MINUTE_MS,
            "time_precision": "interval", "received_at_ms": start + rng.exponential(10.0, size) * HOUR_MS, "means": "told",
            "act": Words(np.where(rng.random(size) < 0.3, 4, what.act[number]), (*ACTS, "shelling")),
            "description": Words(np.where(what.act[number] == 0, 1, 0), ("undetermined", "impact")),
            "count_min": what.count[number] * (1 + (rng.random(size) < 0.2)), "count_max": np.full(size, NULL),
        },
    )  # fmt: skip


def _denial(rng: np.random.Generator, claimed: Part) -> Part:
    chosen = np.flatnonzero(rng.random(len(claimed)) < 0.12)
    some = {name: _taken(value, chosen) for name, value in claimed.columns.items()}
    speaker = some["accused"].index
    some |= {
        "source_id": Words(speaker, tuple(f"EXERCISE-{p}" for p in PARTIES)), "actor": Words(speaker, PARTIES), "stance": "denial",
        "accused": None, "count_min": None, "count_max": None, "received_at_ms": some["received_at_ms"] + 5 * HOUR_MS,
    }  # fmt: skip
    return Part(claimed.truth[chosen], claimed.key[chosen], some)


def _taken(value: Any, rows: Ints) -> Any:
    if isinstance(value, Words):
        return Words(value.index[rows], value.words)
    return value[rows] if isinstance(value, np.ndarray) else value


def named(
    rng: np.random.Generator,
    settings: Settings,
    land: Ground,
    kind: str,
    what: Happenings,
    number: Ints,
    truth: Ints,
) -> Part:
    """Stories of outlets, or complaints, that name the nearest village and a part of the day."""
    size = len(number)
    village = land.village(what.xy[number])
    village = np.where(gross(rng, settings, size), (village + rng.integers(1, 9, size)) % VILLAGES, village)
    at = what.at_ms[number]
    hourly = rng.random(size) < (0.5 if kind == "media" else 0.8)
    wide = np.where(hourly, HOUR_MS, DAY_MS)
    start = np.floor(at / wide) * wide
    udeg = land.plane.to_udeg(land.villages)[village]
    who = rng.choice(OUTLETS, size, p=_weight())
    source = (
        Words(who, _OUTLET)
        if kind == "media"
        else Words(village, tuple(f"EXERCISE-village-{n + 1}" for n in range(VILLAGES)))
    )
    columns: dict[str, Any] = {
        "source_id": source, "source_kind": kind, "place_kind": "named", "place_name": Words(village, _VILLAGE), "place_precision": 2,
        "lon_udeg": udeg[:, 0], "lat_udeg": udeg[:, 1], "observed_from_ms": start, "observed_to_ms": start + wide,
        "time_precision": Words(np.where(hourly, 0, 1), ("interval", "day")), "received_at_ms": start + wide + rng.exponential(4.0, size) * HOUR_MS,
        "means": "told", "act": Words(np.where(what.act[number] == 0, rng.integers(0, 2, size) * 4, what.act[number]), (*ACTS, "shelling")),
        "description": Words(np.where(what.act[number] == 0, 1, 0), ("undetermined", "impact")),
    }  # fmt: skip
    if kind == "media":
        columns["text"] = _story(rng, village, what.count[number], hourly, at)
    return Part(truth, at, columns)


def _weight() -> Floats:
    share = 1.0 / np.arange(1, OUTLETS + 1)
    return np.asarray(share / share.sum(), dtype=np.float64)


def _story(rng: np.random.Generator, village: Ints, count: Ints, hourly: object, at: Floats) -> pa.Array:
    size = len(village)

    def word(index: Ints, words: tuple[str, ...]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(words)).cast(
            pa.string()
        )

    opening = (
        "residents of",
        "local officials in",
        "a correspondent near",
        "the administration of",
        "our sources in",
        "emergency services at",
    )
    effect = (
        "houses damaged",
        "no casualties known",
        "power lines down",
        "a school was hit",
        "fields on fire",
        "two wounded",
        "livestock killed",
        "road closed",
    )
    hour = ((at % DAY_MS) // HOUR_MS).astype(np.int64)
    return pc.binary_join_element_wise(
        "EXERCISE:", word(rng.integers(0, 6, size), opening), word(village, _VILLAGE), "report",
        word(np.minimum(count, 60), tuple(f"{n} rounds" for n in range(61))), "about",
        word(hour, tuple(f"{n:02d} hours" for n in range(24))), word(rng.integers(0, 8, size), effect), " ",
    )  # fmt: skip


def copies(rng: np.random.Generator, settings: Settings, root: Part, ids: pa.Array) -> Part:
    """The stories told again by other outlets; half say whose they are, half of the rest change a word or two.

    Args:
        ids: obs_id of each story of `root`.
    """
    again = (
        rng.poisson(settings.copies, len(root)) if settings.copies else np.zeros(len(root), dtype=np.int64)
    )
    of = np.repeat(np.arange(len(root)), again)
    some = {name: _taken(value, of) for name, value in root.columns.items() if name != "text"}
    size = len(of)
    said = rng.random(size) < 0.5
    text = root.columns["text"].take(pa.array(of))
    ending = pa.array(np.where(rng.random(size) < 0.5, " (updated)", ""))
    some |= {
        "source_id": Words(rng.integers(0, OUTLETS, size), _OUTLET), "text": pc.binary_join_element_wise(text, ending, ""),
        "copy_of": pc.if_else(pa.array(said), ids.take(pa.array(of)), pa.scalar(None, pa.string())),
        "received_at_ms": some["received_at_ms"] + rng.exponential(5.0, size) * HOUR_MS,
    }  # fmt: skip
    return Part(root.truth[of], root.key[of], some)


def pixels(
    rng: np.random.Generator, settings: Settings, land: Ground, real: Happenings, fields: Happenings
) -> list[Part]:
    """Hot pixels of fires that burn when a satellite passes; most are stubble, by day."""
    fires = np.flatnonzero(
        (real.act == 0) & (rng.random(len(real)) < np.minimum(0.07 + 0.01 * real.count, 0.4))
    )
    fields.at_ms[:] = np.floor(fields.at_ms / DAY_MS) * DAY_MS + rng.uniform(9, 17, len(fields)) * HOUR_MS
    made = []
    for what, number in ((real, fires), (fields, np.arange(len(fields)))):
        began = what.at_ms[number]
        burns = np.minimum(4.0 * np.exp(0.8 * rng.standard_normal(len(number))), 20.0) * HOUR_MS
        day = np.floor(began / DAY_MS) * DAY_MS
        passes = day[:, None] + np.concatenate([PASSES_MS, PASSES_MS + DAY_MS])
        burning = (
            (passes >= began[:, None])
            & (passes < (began + burns)[:, None])
            & (rng.random(passes.shape) < 0.5)
        )
        row, turn = np.nonzero(burning)
        at = passes[row, turn]
        size = len(row)
        scan = np.rint(375.0 * (1.0 + rng.random(size) ** 2))
        track = np.rint(375.0 + 0.35 * (scan - 375))
        where = what.xy[number][row] + rng.uniform(-0.5, 0.5, (size, 2)) * np.column_stack([scan, track])
        udeg = land.plane.to_udeg(where)
        truth = number[row] if what is real else np.full(size, -1)
        made.append(
            Part(
                truth, began[row],
                {
                    "source_id": Words(turn % 3, tuple(f"EXERCISE-satellite-{n + 1}" for n in range(3))), "source_kind": "satellite",
                    "place_kind": "footprint", "scan_m": scan, "track_m": track, "lon_udeg": udeg[:, 0], "lat_udeg": udeg[:, 1],
                    "observed_from_ms": at, "observed_to_ms": at, "time_precision": "exact", "received_at_ms": at + 3 * HOUR_MS,
                    "means": "thermal", "act": "thermal_anomaly", "grade": Words(rng.choice(3, size, p=[0.14, 0.74, 0.12]), ("l", "n", "h")),
                },
            )
        )  # fmt: skip
    return made


def damage(rng: np.random.Generator, settings: Settings, land: Ground, real: Happenings) -> Part:
    """Marks between two images, two days apart."""
    number = np.flatnonzero((real.act == 0) & (real.count >= 3) & (rng.random(len(real)) < 0.12))
    before = np.floor(real.at_ms[number] / (2 * DAY_MS)) * 2 * DAY_MS
    udeg = land.plane.to_udeg(real.xy[number] + 30.0 * error(rng, settings, (len(number), 2)))
    return Part(
        number, real.at_ms[number],
        {
            "source_id": "EXERCISE-imagery-1", "source_kind": "imagery", "place_kind": "point", "error_m": 35, "lon_udeg": udeg[:, 0],
            "lat_udeg": udeg[:, 1], "observed_from_ms": before, "observed_to_ms": before + 2 * DAY_MS, "time_precision": "interval",
            "received_at_ms": before + 2 * DAY_MS + 9 * HOUR_MS, "means": "satellite_imagery", "act": "damage", "description": "impact",
        },
    )  # fmt: skip
