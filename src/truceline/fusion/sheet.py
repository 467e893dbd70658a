"""The observation table as arrays in one canonical order, outgoing fire already coarsened to its sector.

Rows are ordered by (origin, obs_id); whatever order they came in, everything after this point is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.errors import FusionError
from truceline.fusion.classes import ln_likelihood
from truceline.fusion.copies import root_keys, text_keys
from truceline.fusion.parameters import Parameters
from truceline.fusion.rates import theatre_m2
from truceline.geo.frame import Frame
from truceline.geo.places import uncertain_places
from truceline.geo.points import BoolArray, Float64Array, Int64Array, from_udeg
from truceline.geo.sectors import Sectors
from truceline.records.codes import ACTS, DESCRIPTIONS, SOURCE_KINDS, STANCES, WEAPONS
from truceline.records.parties import Alignment, alignment_of

HEAT_LINGERS_MS = 6 * 3_600_000
GAUSSIAN_UP_TO_MS = 3 * 3_600_000
EPOCH_MS = 7_257_600_000
NO_SECTOR_DEG = 0.25
THEATRE_SIGMA_M = 150_000.0
FLASHES = ("muzzle_flash",)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """n observations in canonical order.

    Attributes:
        rows: position of each in the table that came in.
        mean_m, cov_m2, known: places in `frame`; unknown ones are wide about the middle of the known.
        name: number of the place named, -1 where none; same number means same error of place.
        tau_s, sd_s: Gaussian time, seconds after `zero_ms`; sd_s is nan for a box.
        from_s, to_s: box in which it happened; infinite for a Gaussian.
        ln_class: (n, 8) ln P(words | class).
        kind, stance, act, description, weapon: indices into the code lists.
        source: number of the source and the kind in which it speaks. root: number of the independent origin. text: number of the text, -1 if none.
        accused: number of the alignment that the row blames, -1 if none.
        ln_area: ln of the square metres in which anything was reported.
        original: row of an established copy's original, -1 where there is none in the table.
    """

    table: pa.Table
    rows: Int64Array
    obs_id: list[str]
    frame: Frame
    sectors: Sectors | None
    zero_ms: int
    mean_m: Float64Array
    cov_m2: Float64Array
    known: BoolArray
    name: Int64Array
    tau_s: Float64Array
    sd_s: Float64Array
    from_s: Float64Array
    to_s: Float64Array
    from_ms: Int64Array
    to_ms: Int64Array
    ln_class: Float64Array
    kind: Int64Array
    stance: Int64Array
    act: Int64Array
    description: Int64Array
    weapon: Int64Array
    outgoing: BoolArray
    source: Int64Array
    root: Int64Array
    established: BoolArray
    text: Int64Array
    original: Int64Array
    accused: Int64Array
    ln_area: float

    def __len__(self) -> int:
        return len(self.rows)


def coded(table: pa.Table, name: str, words: tuple[str, ...]) -> Int64Array:
    """A coded column as indices into its list.

    Raises:
        FusionError: FUS-003 a word is not in the list.
    """
    number = {word: index for index, word in enumerate(words)}
    values = table.column(name).to_pylist()
    try:
        return np.array([number[value] for value in values], dtype=np.int64)
    except KeyError as problem:
        raise FusionError(
            "FUS-003", f"`{name}` must be a word of its code list", where="observations", value=problem.args[0],
            remedy="See docs/reference/codes.md.",
        ) from problem  # fmt: skip


def numbered(values: list[Any]) -> Int64Array:
    """Equal values get equal numbers, -1 for None; numbers follow the order of first appearance."""
    seen: dict[Any, int] = {}
    return np.array([-1 if v is None else seen.setdefault(v, len(seen)) for v in values], dtype=np.int64)


def canonical(observations: pa.Table, origin: Int64Array) -> tuple[pa.Table, Int64Array]:
    """The table in canonical order, and where each row stood before.

    Raises:
        FusionError: FUS-004 ranks do not fit the rows; FUS-005 an obs_id occurs twice.
    """
    if len(origin) != observations.num_rows:
        raise FusionError(
            "FUS-004", "every observation must have one rank", where="origin", value=len(origin),
            remedy=f"There are {observations.num_rows} observations.",
        )  # fmt: skip
    ids = observations.column("obs_id").to_pylist()
    if len(set(ids)) != len(ids):
        counted: set[str] = set()
        twice = next(i for i in sorted(ids) if i in counted or counted.add(i))  # type: ignore[func-returns-value]
        raise FusionError(
            "FUS-005", "an obs_id must occur once", where="observations", value=twice,
            remedy="Leave out the superseded row.",
        )  # fmt: skip
    ranks = np.asarray(origin, dtype=np.int64).tolist()
    order = sorted(range(len(ids)), key=lambda i: (ranks[i], ids[i]))
    rows = np.array(order, dtype=np.int64)
    return observations.take(pa.array(rows)), rows


def read(
    observations: pa.Table,
    origin: Int64Array,
    *,
    parameters: Parameters,
    sectors: Sectors | None,
    alignments: tuple[Alignment, ...],
) -> Sheet:
    """Arrays of the observations; see `Sheet`.

    Raises:
        FusionError: FUS-003, FUS-004, FUS-005; FUS-006 an interval ends before it starts.
    """
    table, rows = canonical(observations, origin)
    kind = coded(table, "source_kind", SOURCE_KINDS)
    act, weapon = coded(table, "act", ACTS), coded(table, "weapon", WEAPONS)
    description = coded(table, "description", DESCRIPTIONS)
    outgoing = (description == DESCRIPTIONS.index("outgoing")) | np.isin(
        act, [ACTS.index(a) for a in FLASHES]
    )
    mean, cov, known, name, frame = _places(table, outgoing, sectors)
    from_ms = table.column("observed_from_ms").to_numpy().astype(np.int64)
    to_ms = table.column("observed_to_ms").to_numpy().astype(np.int64)
    if (to_ms < from_ms).any():
        bad = int(np.argmax(to_ms < from_ms))
        raise FusionError(
            "FUS-006", "an interval must not end before it starts",
            where=str(table.column("obs_id")[bad]), value=(int(from_ms[bad]), int(to_ms[bad])),
            remedy="Correct the record.",
        )  # fmt: skip
    zero_ms = int(from_ms.min()) // EPOCH_MS * EPOCH_MS if len(rows) else 0
    clock = np.array([parameters.clock_s[k] for k in SOURCE_KINDS], dtype=np.float64)[kind]
    precision = (
        np.array(table.column("time_precision").to_pylist(), dtype="U12") if len(rows) else np.empty(0, "U12")
    )
    short = (to_ms - from_ms <= GAUSSIAN_UP_TO_MS) & ~np.isin(
        precision, ["part_of_day", "day", "week", "month", "year"]
    )
    hot = (act == ACTS.index("thermal_anomaly")) & (kind == SOURCE_KINDS.index("satellite"))
    short &= ~hot
    start, end = (from_ms - zero_ms - np.where(hot, HEAT_LINGERS_MS, 0)) / 1e3, (to_ms - zero_ms) / 1e3
    tau = np.where(short, (start + end) / 2, np.nan)
    sd = np.where(short, np.sqrt((end - start) ** 2 / 12 + clock**2), np.nan)
    blamed = [
        alignment_of(alignments, party, at) if party and party != "unknown" else None
        for party, at in zip(table.column("accused").to_pylist(), from_ms.tolist(), strict=True)
    ]
    root, established, original = root_keys(table, alignments)
    return Sheet(
        table=table, rows=rows, obs_id=table.column("obs_id").to_pylist(), frame=frame, sectors=sectors, zero_ms=zero_ms,
        mean_m=mean, cov_m2=cov, known=known, name=name, tau_s=tau, sd_s=sd,
        from_s=np.where(short, -np.inf, start - clock), to_s=np.where(short, np.inf, end + clock),
        from_ms=from_ms, to_ms=to_ms, ln_class=ln_likelihood(act, weapon), kind=kind,
        stance=coded(table, "stance", STANCES), act=act, description=description, weapon=weapon, outgoing=outgoing,
        source=numbered(
            list(zip(table.column("source_id").to_pylist(), table.column("source_kind").to_pylist(), strict=True))
        ), root=root, established=established,
        text=text_keys(table), original=original, accused=numbered(blamed), ln_area=float(np.log(theatre_m2(mean))),
    )  # fmt: skip


def _places(
    table: pa.Table, outgoing: BoolArray, sectors: Sectors | None
) -> tuple[Float64Array, Float64Array, BoolArray, Int64Array, Frame]:
    """Places, with every outgoing one replaced by its sector (or, without sectors, by a quarter-degree cell)."""
    first = Frame.of(table)
    places = uncertain_places(table, first, sectors)
    mean, cov, known, name = places.mean_m, places.cov_m2, places.known, places.shared
    hidden = np.flatnonzero(outgoing & known)
    lonlat = first.to_lonlat(mean)
    spread: dict[str, tuple[Float64Array, Float64Array]] = {}
    chosen: list[str | None] = []
    if len(hidden):
        if sectors is not None and sectors.ids:
            chosen = sectors.of(lonlat[hidden])
            for row, sector in zip(hidden.tolist(), chosen, strict=True):
                lonlat[row] = sectors.centre(sector) if sector is not None else np.nan
        else:
            lonlat[hidden] = (np.floor(lonlat[hidden] / NO_SECTOR_DEG) + 0.5) * NO_SECTOR_DEG
    posts = from_udeg(table)
    frame = Frame.at(np.where(outgoing[:, None], lonlat, posts)) if len(mean) else first
    if frame != first:
        places = uncertain_places(table, frame, sectors)
        mean, cov = places.mean_m, places.cov_m2
    mean[hidden] = frame.to_xy(lonlat[hidden])
    name = name.copy()
    highest = int(name.max(initial=-1)) + 1
    if sectors is not None and sectors.ids:
        for row, sector in zip(hidden.tolist(), chosen, strict=True):
            if sector is None:
                continue
            if sector not in spread:
                spread[sector] = (mean[row], sectors.spread_m2(sector, frame))
            cov[row] = spread[sector][1]
            name[row] = highest + sectors.ids.index(sector)
    else:
        for row in hidden.tolist():
            cov[row] = np.diag([(NO_SECTOR_DEG * 111_000.0) ** 2 / 12] * 2)
    known = known & ~np.isnan(mean).any(axis=1)
    middle = np.median(mean[known], axis=0) if known.any() else np.zeros(2)
    mean[~known], cov[~known] = middle, np.eye(2) * THEATRE_SIGMA_M**2
    return mean, cov, known, name, frame
