"""The observation table as arrays in one canonical order, outgoing fire already coarsened to its sector.

Rows are ordered by (origin, obs_id); whatever order they came in, everything after this point is the same. What is
taken from the whole (the frame, the area, the rate) comes from the parameters where they have it, so that a part of a
table reads exactly like the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import FusionError
from truceline.fusion.classes import ln_likelihood
from truceline.fusion.coding import aligned, coded, equal_numbers, is_one_of
from truceline.fusion.copies import RETOLD, SHORTEST_TEXT, Origins, origins
from truceline.fusion.marks import Marks, marks
from truceline.fusion.parameters import Parameters
from truceline.fusion.texts import Texts, read_texts
from truceline.fusion.theatre import DAY_S, NO_SECTOR_DEG, is_outgoing, settled
from truceline.geo.frame import Frame
from truceline.geo.lines import Line
from truceline.geo.places import sound_delay_s, uncertain_places
from truceline.geo.points import BoolArray, Float64Array, Int64Array
from truceline.geo.sectors import Sectors
from truceline.records.codes import ACTS, DESCRIPTIONS, MEANS, SOURCE_KINDS, STANCES, WEAPONS
from truceline.records.parties import Alignment

HEAT_LINGERS_MS = 6 * 3_600_000
GAUSSIAN_UP_TO_MS = 3 * 3_600_000
ZERO_MS = 1_756_339_200_000  # a whole number of 84 days
THEATRE_SIGMA_M = 150_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """n observations in canonical order.

    Attributes:
        rows: position of each in the table that came in.
        mean_m, cov_m2, known: places in `frame`; unknown ones are wide about its origin.
        name: number of the place named, -1 where none; same number means same error of place.
        tau_s, sd_s: Gaussian time, seconds after `ZERO_MS`; sd_s is nan for a box.
        from_s, to_s: box in which it happened; infinite for a Gaussian.
        ln_class: (n, 8) ln P(words | class).
        kind, stance, act, description, weapon, means: indices into the code lists.
        source: number of the source and the kind in which it speaks.
        origins: who says it first-hand. texts: its words. marks: what it is compared by.
        accused: number of the alignment that the row blames, -1 if none.
        speaker: number of the alignment that speaks, -1 where the row names no actor.
        names: alignments by number, as in `accused`.
        ln_area, ln_rate: ln of the square metres in which anything was reported, and of incidents a square metre and second.
    """

    table: pa.Table
    rows: Int64Array
    frame: Frame
    sectors: Sectors | None
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
    means: Int64Array
    outgoing: BoolArray
    source: Int64Array
    origins: Origins
    texts: Texts
    marks: Marks
    accused: Int64Array
    speaker: Int64Array
    names: tuple[str, ...]
    ln_area: float
    ln_rate: float

    def __len__(self) -> int:
        return len(self.rows)

    def extents(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Standard deviation of place along its long axis, middle of time, its standard deviation or half-width."""
        a, b, c = self.cov_m2[:, 0, 0], self.cov_m2[:, 0, 1], self.cov_m2[:, 1, 1]
        sigma = np.sqrt((a + c) / 2 + np.hypot((a - c) / 2, b))
        boxed = np.isnan(self.sd_s)
        half = np.where(
            boxed, (np.where(boxed, self.to_s, 0.0) - np.where(boxed, self.from_s, 0.0)) / 2, self.sd_s
        )
        middle = np.where(
            boxed, (np.where(boxed, self.from_s, 0.0) + np.where(boxed, self.to_s, 0.0)) / 2, self.tau_s
        )
        return sigma, middle, half


def refuse_disorder(observations: pa.Table, origin: Int64Array) -> None:
    """Refuse a table that has no canonical order.

    Raises:
        FusionError: FUS-004 ranks do not fit the rows; FUS-005 an obs_id occurs twice.
    """
    n = observations.num_rows
    if len(origin) != n:
        raise FusionError(
            "FUS-004", "every observation must have one rank", where="origin", value=len(origin),
            remedy=f"There are {n} observations.",
        )  # fmt: skip
    ids = observations.column("obs_id")
    if n and len(pc.unique(ids)) != n:
        counts = pc.value_counts(ids.combine_chunks())
        twice = pc.min(counts.field("values").filter(pc.greater(counts.field("counts"), 1))).as_py()
        raise FusionError(
            "FUS-005", "an obs_id must occur once", where="observations", value=twice,
            remedy="Leave out the superseded row.",
        )  # fmt: skip


def canonical(observations: pa.Table, origin: Int64Array) -> tuple[pa.Table, Int64Array]:
    """The table in canonical order, by (origin, obs_id), and where each row stood before."""
    n, ids = observations.num_rows, observations.column("obs_id")
    ranks = np.asarray(origin, dtype=np.int64)
    if n < 2 or (np.diff(ranks) > 0).all() or (not np.diff(ranks).any() and _ascending(ids)):
        return observations, np.arange(n, dtype=np.int64)
    keys = pa.table({"rank": ranks, "id": ids})
    order = pc.sort_indices(keys, sort_keys=[("rank", "ascending"), ("id", "ascending")])
    return observations.take(order), order.to_numpy().astype(np.int64)


def _ascending(ids: pa.ChunkedArray) -> bool:
    whole = ids.combine_chunks()
    return bool(pc.all(pc.less(whole.slice(0, len(whole) - 1), whole.slice(1))).as_py())


def read(
    observations: pa.Table,
    origin: Int64Array,
    *,
    parameters: Parameters,
    sectors: Sectors | None,
    alignments: tuple[Alignment, ...],
    line: Line | None = None,
) -> Sheet:
    """Arrays of the observations; see `Sheet`.

    Raises:
        FusionError: FUS-003; FUS-006 an interval ends before it starts.
    """
    parameters = settled(observations, parameters, line=line, sectors=sectors)
    table, rows = canonical(observations, origin)
    table = table.combine_chunks()
    kind = coded(table, "source_kind", SOURCE_KINDS)
    stance = coded(table, "stance", STANCES)
    act, weapon = coded(table, "act", ACTS), coded(table, "weapon", WEAPONS)
    description, means = coded(table, "description", DESCRIPTIONS), coded(table, "means", MEANS)
    outgoing = is_outgoing(table)
    frame = Frame(parameters.frame_lon_udeg / 1e6, parameters.frame_lat_udeg / 1e6)
    mean, cov, known, name = _places(table, frame, outgoing, sectors)
    from_ms = table.column("observed_from_ms").to_numpy().astype(np.int64)
    to_ms = table.column("observed_to_ms").to_numpy().astype(np.int64)
    if (to_ms < from_ms).any():
        bad = int(np.argmax(to_ms < from_ms))
        raise FusionError(
            "FUS-006", "an interval must not end before it starts",
            where=str(table.column("obs_id")[bad]), value=(int(from_ms[bad]), int(to_ms[bad])),
            remedy="Correct the record.",
        )  # fmt: skip
    clock = np.array([parameters.clock_s[k] for k in SOURCE_KINDS], dtype=np.float64)[kind]
    vague = is_in(table.column("time_precision"), ("part_of_day", "day", "week", "month", "year"))
    hot = (act == ACTS.index("thermal_anomaly")) & (kind == SOURCE_KINDS.index("satellite"))
    short = (to_ms - from_ms <= GAUSSIAN_UP_TO_MS) & ~vague & ~hot
    start, end = (from_ms - ZERO_MS - np.where(hot, HEAT_LINGERS_MS, 0)) / 1e3, (to_ms - ZERO_MS) / 1e3
    delay, delay_sd = sound_delay_s(
        table, frame, mean, cov, (means == MEANS.index("heard")) & known & ~outgoing
    )
    tau = np.where(short, (start + end) / 2 - delay, np.nan)
    sd = np.where(short, np.sqrt((end - start) ** 2 / 12 + clock**2 + delay_sd**2), np.nan)
    numbers: dict[str, int] = {}
    unknown = pc.equal(table.column("accused"), "unknown").fill_null(False)
    accused = aligned(pc.if_else(unknown, None, table.column("accused")), from_ms, alignments, numbers)
    nobody = pc.equal(table.column("actor"), "").fill_null(False)
    speaker = aligned(pc.if_else(nobody, None, table.column("actor")), from_ms, alignments, numbers)
    retold = is_one_of(kind, SOURCE_KINDS, RETOLD | {"party", "complaint"})
    texts = read_texts(table.column("text"), retold, SHORTEST_TEXT)
    worth = (
        np.array([parameters.alike_e3[band] for band in sorted(parameters.alike_e3)], dtype=np.float64) / 1e3
    )
    source = equal_numbers(table.column("source_id")) * len(SOURCE_KINDS) + kind
    source = np.unique(source, return_inverse=True)[1].astype(np.int64) if len(source) else source
    area = max(parameters.theatre_km2, 1) * 1e6
    rate = parameters.theatre_rate_e3 / 1e3 - np.log(1e6 * DAY_S)
    return Sheet(
        table=table, rows=rows, frame=frame, sectors=sectors, mean_m=mean, cov_m2=cov, known=known, name=name, tau_s=tau,
        sd_s=sd, from_s=np.where(short, -np.inf, start - clock), to_s=np.where(short, np.inf, end + clock),
        from_ms=from_ms, to_ms=to_ms, ln_class=ln_likelihood(act, weapon), kind=kind, stance=stance, act=act,
        description=description, weapon=weapon, means=means, outgoing=outgoing, source=source,
        origins=origins(table, kind, stance, speaker), texts=texts,
        marks=marks(table, texts, accused, worth), accused=accused, speaker=speaker, names=tuple(numbers), ln_area=float(np.log(area)),
        ln_rate=float(rate),
    )  # fmt: skip


def is_in(column: Any, words: tuple[str, ...]) -> BoolArray:
    """Whether each value of a column is one of some words; null is not."""
    found: BoolArray = (
        pc.is_in(column, value_set=pa.array(words, pa.string())).to_numpy(zero_copy_only=False).astype(bool)
    )
    return found


def _places(
    table: pa.Table, frame: Frame, outgoing: BoolArray, sectors: Sectors | None
) -> tuple[Float64Array, Float64Array, BoolArray, Int64Array]:
    """Places, with every outgoing one replaced by its sector (or, without sectors, by a quarter-degree cell)."""
    places = uncertain_places(table, frame, sectors)
    mean, cov, known, name = places.mean_m, places.cov_m2, places.known, places.shared.copy()
    hidden = np.flatnonzero(outgoing & known)
    if len(hidden) and sectors is not None and sectors.ids:
        numbers = sectors.index_of(frame.to_lonlat(mean[hidden]))
        for number in np.unique(numbers[numbers >= 0]).tolist():
            rows = hidden[numbers == number]
            sector = sectors.ids[number]
            mean[rows], cov[rows] = frame.to_xy(sectors.centre(sector))[0], sectors.spread_m2(sector, frame)
            name[rows] = int(places.shared.max(initial=-1)) + 1 + number
        mean[hidden[numbers < 0]] = np.nan
    elif len(hidden):
        lonlat = (np.floor(frame.to_lonlat(mean[hidden]) / NO_SECTOR_DEG) + 0.5) * NO_SECTOR_DEG
        mean[hidden] = frame.to_xy(lonlat)
        cov[hidden] = np.diag([(NO_SECTOR_DEG * 111_000.0) ** 2 / 12] * 2)
    known = known & ~np.isnan(mean).any(axis=1)
    mean[~known], cov[~known] = 0.0, np.eye(2) * THEATRE_SIGMA_M**2
    return mean, cov, known, name
