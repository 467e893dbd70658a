"""From groups of observations to rows of the incident table; columns throughout, no object a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.fusion.association import AGAINST, Association
from truceline.fusion.coding import dictionary
from truceline.fusion.describing import intervals, meet, power, vote_values, vote_words
from truceline.fusion.ellipses import settled_places
from truceline.fusion.existence import Verdicts, judge, own_weights
from truceline.fusion.lists import lists, structs, word_sets
from truceline.fusion.parameters import DESCRIBES, Parameters
from truceline.fusion.sheet import Sheet
from truceline.fusion.sides import Said, across, left_of, own_shares, shares
from truceline.fusion.stats import KNOWN
from truceline.fusion.surroundings import corroborated, corroborated_near
from truceline.fusion.theatre import NO_SECTOR_DEG
from truceline.fusion.voices import Members, voices
from truceline.fusion.watched import Watched, chances
from truceline.fusion.work import Grouped, Work
from truceline.geo.lines import Line
from truceline.geo.points import BoolArray, Float64Array, Int64Array, column, to_udeg
from truceline.records.codes import ACTS, DESCRIPTIONS, MEANS, SOURCE_KINDS, STANCES, WEAPONS
from truceline.records.columns import INCIDENTS
from truceline.records.parties import Alignment

MEMBERSHIP = pa.schema(
    [
        ("obs_id", pa.string()),
        ("incident_id", pa.string()),
        ("role", pa.string()),
        ("existence", pa.float64()),
    ]
)
"""Each observation once for each incident that it is a member of: `role` is supports, copy or contradicts. One that is
in none stands with a null incident, an empty role and a null existence."""


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """incidents: `records.columns.INCIDENTS`, in the order of their lowest observations. membership: `MEMBERSHIP`."""

    incidents: pa.Table
    membership: pa.Table


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Of k incidents: mean and covariance in the frame, degrees, sector number (-1 for none), whether known, outgoing."""

    mean_m: Float64Array
    cov_m2: Float64Array
    lonlat: Float64Array
    sector: Int64Array
    known: BoolArray
    outgoing: BoolArray


def assemble(
    sheet: Sheet,
    found: Association,
    *,
    parameters: Parameters,
    line: Line | None,
    alignments: tuple[Alignment, ...],
    exposure: pa.Table | None,
) -> Assembled:
    """The incidents of an association."""
    k = len(np.unique(found.label[found.label >= 0]))
    if not k:
        return Assembled(INCIDENTS.empty_table(), _no_members(sheet, np.arange(len(sheet))))
    d = described(sheet, found, parameters, exposure)
    core, members, places = d.core, d.members, d.places
    opposed_row, opposed = found.against.row, np.searchsorted(core.heads, found.against.group)
    verdicts = judge(
        members, sheet.kind, sheet.origins.by_party, d.weight,
        *_contradictions(sheet, opposed_row, opposed, d.weight, k), chances(d.watched_e4, d.noticed_e4, parameters), d.mass, d.near, parameters,
    )  # fmt: skip
    from_ms, to_ms, midpoint_ms = d.when_ms
    columns = _told(sheet, members, places, power(d.knows)) | _lines(sheet, members, places, line)
    columns |= _linked(sheet, members, opposed_row, opposed, found, core)
    columns |= _sides(sheet, members, places, columns, midpoint_ms, line, alignments, parameters)
    columns |= {
        "from_ms": from_ms, "to_ms": to_ms, "midpoint_ms": midpoint_ms,
        "probability_e4": pa.array(verdicts.probability_e4).cast(pa.int32()), "word": verdicts.words(),
        "explanation": structs(
            np.repeat(np.arange(k), np.diff(verdicts.start)), k, INCIDENTS.field("explanation").type, verdicts.names(),
            pa.array(verdicts.value),
        ),
    }  # fmt: skip
    del columns["p_left"]
    table = pa.Table.from_arrays([_cast(columns[f.name], f.type) for f in INCIDENTS], schema=INCIDENTS)
    return Assembled(table, _membership(sheet, table, verdicts, members, opposed_row, opposed))


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What is known of k incidents before it is asked whether they happened.

    Attributes:
        when_ms: from, to and midpoint, (k,) each. weight, knows: (n,) see `existence.own_weights`.
        watched_e4, noticed_e4: (k, kinds) see `watched.Watched.here`. mass: (k,) chance that the incident is part of another.
        near: (k, windows) see `surroundings`.
    """

    core: Grouped
    members: Members
    places: _Places
    when_ms: tuple[Int64Array, Int64Array, Int64Array]
    weight: Int64Array
    knows: Int64Array
    watched_e4: Int64Array
    noticed_e4: Int64Array
    mass: Float64Array
    near: Int64Array


def described(
    sheet: Sheet, found: Association, parameters: Parameters, exposure: pa.Table | None
) -> Described:
    """See `Described`; there must be an incident."""
    against = np.isin(sheet.stance, AGAINST)
    work = Work(sheet, parameters, ~against)
    core = Grouped.of(np.where(against | found.copy, -1, found.label), work)
    supports = np.where(against, -1, found.label)
    rows = np.flatnonzero(supports >= 0)
    group = np.searchsorted(core.heads, supports[rows])
    rows = rows[np.argsort(group, kind="stable")]
    start = np.searchsorted(np.sort(group), np.arange(len(core.heads) + 1)).astype(np.int64)
    sigma, _, half = sheet.extents()
    weight = own_weights(sheet, sigma, half, parameters)
    knows = own_weights(sheet, sigma, half, DESCRIBES)  # who describes best does not hang on what was learned
    members = voices(sheet, start, rows, knows)
    places = _places(sheet, core, work, parameters)
    when = intervals(sheet, members, found.copy, core)
    names = list(sheet.sectors.ids) if sheet.sectors is not None else []
    watched, noticed = Watched(exposure).here(places.sector, names, when[2])
    watched[~places.known] = 0
    noticed[~places.known] = -1
    near = corroborated_near(places.mean_m, when[2], places.known, corroborated(members, sheet.kind))
    linked = np.where(members.chosen, found.mass[members.rows], 1.0)
    mass = np.minimum.reduceat(linked, members.start[:-1])
    return Described(core, members, places, when, weight, knows, watched, noticed, mass, near)


def _cast(values: object, kind: pa.DataType) -> pa.Array:
    array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return array if array.type == kind else array.cast(kind)


def _places(sheet: Sheet, core: Grouped, work: Work, parameters: Parameters) -> _Places:
    """Places of the incidents; those with outgoing fire to their sector, or to a cell where there are no sectors."""
    k, s = len(core.heads), core.said
    outgoing = np.bincount(core.compact[core.rows], weights=sheet.outgoing[core.rows], minlength=k) > 0
    known = s[:, KNOWN] > 0
    mean, cov = settled_places(core, work, parameters)
    mean[~known] = np.nan
    lonlat = sheet.frame.to_lonlat(mean)
    sectors = sheet.sectors
    sector = sectors.index_of(lonlat) if sectors is not None else np.full(k, -1, dtype=np.int64)
    hidden = np.flatnonzero(outgoing & known)
    for number in np.unique(sector[hidden]).tolist():
        here = hidden[sector[hidden] == number]
        if sectors is not None and number >= 0:
            name = sectors.ids[number]
            lonlat[here], cov[here] = sectors.centre(name), sectors.spread_m2(name, sheet.frame)
        else:
            lonlat[here] = (np.floor(lonlat[here] / NO_SECTOR_DEG) + 0.5) * NO_SECTOR_DEG
            cov[here] = np.eye(2) * (NO_SECTOR_DEG * 111_000.0) ** 2 / 12
    mean[hidden] = sheet.frame.to_xy(lonlat[hidden])
    return _Places(mean, cov, lonlat, sector, known, outgoing)


def _contradictions(
    sheet: Sheet, row: Int64Array, group: Int64Array, weight: Int64Array, k: int
) -> tuple[Int64Array, Int64Array]:
    """Independent voices that deny each incident; weight of the strongest quiet one, -1 for none."""
    denies = sheet.stance[row] == STANCES.index("denial")
    voices_ = np.unique(np.column_stack([group[denies], sheet.origins.number[row[denies]]]), axis=0)
    denials = np.bincount(voices_[:, 0], minlength=k)
    quiet = np.full(k, -1, dtype=np.int64)
    np.maximum.at(quiet, group[~denies], np.maximum(weight[row[~denies]], 0))
    return denials.astype(np.int64), quiet


def _told(sheet: Sheet, members: Members, places: _Places, weight: Float64Array) -> dict[str, object]:
    """What happened, with what, and how much of it."""
    k = len(members.start) - 1
    description = vote_words(sheet.description, DESCRIPTIONS, members, weight)
    name = vote_values(sheet.table.column("place_name"), members, weight)
    unknown = MEANS.index("unknown")
    means = sheet.means[members.rows]
    columns: dict[str, object] = {
        "act": vote_words(sheet.act, ACTS, members, weight), "weapon": vote_words(sheet.weapon, WEAPONS, members, weight),
        "description": pc.if_else(pa.array(places.outgoing), "outgoing", description),
        "place_name": pc.if_else(pa.array(places.outgoing), pa.scalar(None, pa.string()), name),
        "calibre_um": vote_values(sheet.table.column("calibre_um"), members, weight),
        "means": word_sets(members.group, np.where(means == unknown, -1, means), MEANS, k),
        "source_kinds": word_sets(members.group, sheet.kind[members.rows], SOURCE_KINDS, k),
        "independent_groups": np.bincount(members.group, weights=members.chosen, minlength=k).astype(np.int64),
        "outgoing": places.outgoing,
    }  # fmt: skip
    for what in ("count", "killed", "injured"):
        columns[f"{what}_min"], columns[f"{what}_max"] = meet(sheet.table, what, members)
    return columns


def _lines(sheet: Sheet, members: Members, places: _Places, line: Line | None) -> dict[str, object]:
    """Where it happened, and on which side of the line."""
    k = len(places.known)
    udeg = np.zeros((k, 2), dtype=np.int64)
    udeg[places.known] = to_udeg(places.lonlat[places.known])
    square = np.zeros((k, 3), dtype=np.int64)
    square[places.known] = np.rint(places.cov_m2.reshape(-1, 4)[places.known][:, [0, 1, 3]]).astype(np.int64)
    nowhere = ~places.known
    columns: dict[str, object] = {
        name: pa.array(values, mask=nowhere)
        for name, values in zip(
            ("lon_udeg", "lat_udeg", "cov_ee_m2", "cov_en_m2", "cov_nn_m2"), (*udeg.T, *square.T), strict=True
        )
    }
    names = list(sheet.sectors.ids) if sheet.sectors is not None else []
    columns["sector_id"] = pa.array(names, pa.string()).take(pa.array(places.sector, mask=places.sector < 0))
    if line is None:
        nothing = pa.nulls(k, pa.int64())
        return columns | {
            "line_distance_m": nothing,
            "line_distance_sd_m": nothing,
            "p_left": np.full(k, np.nan),
        }
    distance, spread = line.distance_with_error(places.mean_m, places.cov_m2, sheet.frame)
    for name, values in (("line_distance_m", distance), ("line_distance_sd_m", spread)):
        columns[name] = pa.array(np.rint(np.nan_to_num(values)).astype(np.int64), mask=nowhere)
    columns["p_left"] = left_of(line, places.mean_m, places.cov_m2, sheet.frame)
    return columns


def _linked(
    sheet: Sheet,
    members: Members,
    opposed_row: Int64Array,
    opposed: Int64Array,
    found: Association,
    core: Grouped,
) -> dict[str, object]:
    """Lists of observations, by their ids in alphabetical order."""
    k = len(core.heads)
    ids = sheet.table.column("obs_id").combine_chunks()
    order = pc.sort_indices(ids).to_numpy().astype(np.int64)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids))

    def listed(group: Int64Array, row: Int64Array) -> pa.ListArray:
        key = np.unique(group * len(ids) + rank[row])
        return lists(key // len(ids), ids.take(pa.array(order[key % len(ids)])), k)

    group, rows = members.group, members.rows
    soft_group, e4 = (
        np.searchsorted(core.heads, found.soft.group),
        np.rint(found.soft.share * 1e4).astype(np.int64),
    )
    by = np.lexsort((rank[found.soft.row], -e4, soft_group))
    said_so = [np.concatenate([group, opposed]), np.concatenate([rows, opposed_row])]
    exercise = sheet.table.column("exercise").to_numpy().astype(np.float64)
    return {
        "incident_id": ids.take(pa.array(rows[members.start[:-1]])), "members": listed(*said_so),
        "supports": listed(group, rows), "contradicts": listed(opposed, opposed_row),
        "copies": listed(group[~members.chosen], rows[~members.chosen]),
        "soft": structs(
            soft_group[by], k, INCIDENTS.field("soft").type, ids.take(pa.array(found.soft.row[by])),
            pa.array(e4[by]).cast(pa.int32()),
        ),
        "exercise": np.bincount(said_so[0], weights=exercise[said_so[1]], minlength=k) > 0,
        "accused_by": _accused_by(sheet, group, rows, k),
    }  # fmt: skip


def _accused_by(sheet: Sheet, group: Int64Array, rows: Int64Array, k: int) -> pa.ListArray:
    """Who blames whom, in the words of the reports, each pair once and sorted."""
    numbers, words = [], []
    for name in ("actor", "accused"):
        values, distinct = dictionary(pc.fill_null(sheet.table.column(name), ""))
        order = sorted(range(len(distinct)), key=distinct.__getitem__)
        rank = np.empty(max(len(distinct), 1), dtype=np.int64)
        rank[order] = np.arange(len(distinct))
        numbers.append(rank[values])
        words.append([distinct[i] for i in order])
    blames = (
        np.array([bool(word) for word in words[1]], dtype=bool)[numbers[1][rows]]
        if len(rows)
        else np.zeros(0, bool)
    )
    many = (len(words[0]) or 1, len(words[1]) or 1)
    key = np.unique((group[blames] * many[0] + numbers[0][rows[blames]]) * many[1] + numbers[1][rows[blames]])
    actor, accused = key // many[1] % many[0], key % many[1]
    return structs(
        key // many[1] // many[0], k, INCIDENTS.field("accused_by").type,
        pa.array(words[0], pa.string()).take(pa.array(actor)), pa.array(words[1], pa.string()).take(pa.array(accused)),
    )  # fmt: skip


def _sides(
    sheet: Sheet, members: Members, places: _Places, columns: dict[str, object], midpoint_ms: Int64Array, line: Line | None,
    alignments: tuple[Alignment, ...], parameters: Parameters,
) -> dict[str, object]:  # fmt: skip
    """Shares of the sides."""
    k, group, rows = len(places.known), members.group, members.rows
    cosine = np.zeros(k)
    if line is not None:
        spoken = rows[members.chosen]
        straight = across(
            line, sheet.mean_m[spoken], column(sheet.table, "direction_mdeg")[spoken] / 1e3, sheet.frame
        )
        by = group[members.chosen]
        told = np.bincount(by, weights=straight != 0.0, minlength=k)
        cosine = np.bincount(by, weights=straight, minlength=k) / np.maximum(told, 1)
    blames = sheet.accused[rows] >= 0
    said = np.unique(
        np.column_stack([group[blames], sheet.speaker[rows[blames]], sheet.accused[rows[blames]]]), axis=0
    )
    own = own_shares(columns["act"].to_pylist(), columns["description"].to_pylist(), parameters)  # type: ignore[attr-defined]
    found = shares(
        midpoint_ms, alignments, line, columns["p_left"], own, cosine, Said(said[:, 0], said[:, 1], said[:, 2], sheet.names), parameters,  # type: ignore[arg-type]
    )  # fmt: skip
    return {
        "sides": structs(
            found.group, k, INCIDENTS.field("sides").type, pa.array(found.name, pa.string()),
            pa.array(found.e4).cast(pa.int32()),
        ),
        "side": pa.array(found.side, pa.string()),
    }  # fmt: skip


def _membership(
    sheet: Sheet,
    incidents: pa.Table,
    verdicts: Verdicts,
    members: Members,
    opposed_row: Int64Array,
    opposed: Int64Array,
) -> pa.Table:
    rows = np.concatenate([members.rows, opposed_row])
    group = np.concatenate([members.group, opposed])
    role = np.concatenate([np.where(members.chosen, 0, 1), np.full(len(opposed_row), 2)])
    order = np.lexsort((group, rows))
    rows, group, role = rows[order], group[order], role[order]
    linked = pa.Table.from_arrays(
        [
            sheet.table.column("obs_id").combine_chunks().take(pa.array(rows)),
            incidents.column("incident_id").combine_chunks().take(pa.array(group)),
            pa.array(["supports", "copy", "contradicts"]).take(pa.array(role)),
            pa.array(verdicts.probability_e4[group] / 1e4),
        ],
        schema=MEMBERSHIP,
    )
    rest = np.ones(len(sheet), dtype=bool)
    rest[rows] = False
    return pa.concat_tables([linked, _no_members(sheet, np.flatnonzero(rest))])


def _no_members(sheet: Sheet, rows: Int64Array) -> pa.Table:
    ids = sheet.table.column("obs_id").take(pa.array(rows)).cast(pa.string())
    empty = pa.array([""]).take(pa.array(np.zeros(len(rows), dtype=np.int64)))
    return pa.table(
        [ids, pa.nulls(len(rows), pa.string()), empty, pa.nulls(len(rows), pa.float64())], schema=MEMBERSHIP
    )
