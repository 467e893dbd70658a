"""From groups of observations to rows of the incident table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.fusion.association import Association, extents
from truceline.fusion.clusters import summarise
from truceline.fusion.copies import SPOKEN, near, retells
from truceline.fusion.existence import Watched, judge, own_weights
from truceline.fusion.parameters import DEFAULTS, Parameters
from truceline.fusion.ranges import meet
from truceline.fusion.sheet import NO_SECTOR_DEG, Sheet
from truceline.fusion.sides import across, left_of, own_share, shares, standing
from truceline.geo.lines import Line
from truceline.geo.points import column, to_udeg
from truceline.records.codes import ACTS, DESCRIPTIONS, STANCES, WEAPONS
from truceline.records.columns import INCIDENTS
from truceline.records.parties import Alignment, alignment_of

_TEXTS_COMPARED = 40
AT_ONCE = 10_000
_SAYS_LITTLE = {"unknown", "undetermined", "other", "statement", "casualties", "damage"}


def assemble(
    sheet: Sheet,
    found: Association,
    *,
    parameters: Parameters,
    line: Line | None,
    alignments: tuple[Alignment, ...],
    exposure: pa.Table | None,
) -> pa.Table:
    """The incident table (`records.columns.INCIDENTS`), in the order of the incidents' lowest observations."""
    n = len(sheet)
    heads = np.unique(found.label[found.label >= 0])
    k = len(heads)
    if not k:
        return INCIDENTS.empty_table()
    compact = np.full(n, -1, dtype=np.int64)
    linked = found.label >= 0
    compact[linked] = np.searchsorted(heads, found.label[linked])
    against = np.isin(sheet.stance, [STANCES.index(word) for word in ("denial", "quiet")])
    core = linked & ~against & ~found.copy
    c = summarise(sheet, np.where(core, compact, -1), k, np.zeros(n))
    sigma, _, half = extents(sheet)
    weight = own_weights(sheet, sigma, half, parameters)
    knows = own_weights(sheet, sigma, half, DEFAULTS)  # who describes best does not hang on what was learned

    located = np.bincount(compact[core], weights=sheet.known[core], minlength=k) > 0
    mean, cov = c.mean_m.copy(), c.cov_m2.copy()
    outgoing = np.bincount(compact[core], weights=sheet.outgoing[core], minlength=k) > 0
    mean[~located] = np.nan
    lonlat = sheet.frame.to_lonlat(mean)
    sector: list[str | None] = sheet.sectors.of(lonlat) if sheet.sectors is not None else [None] * k
    _hide(sheet, np.flatnonzero(outgoing & located).tolist(), sector, lonlat, mean, cov)
    if line is not None:
        distance, distance_sd = line.distance_with_error(mean, cov, sheet.frame)
        p_left = left_of(line, mean, cov, sheet.frame)
        cosines = across(line, sheet.mean_m, column(sheet.table, "direction_mdeg") / 1e3, sheet.frame)
    else:
        distance = distance_sd = p_left = np.full(k, np.nan)
        cosines = np.zeros(n)

    members: list[list[int]] = [[] for _ in range(k)]
    for row in np.flatnonzero(linked & ~against).tolist():
        members[compact[row]].append(row)
    opposed: list[list[int]] = [[] for _ in range(k)]
    for row, head in found.against:
        opposed[int(np.searchsorted(heads, head))].append(row)
    soft: list[list[dict[str, Any]]] = [[] for _ in range(k)]
    for row, head, share in found.soft:
        soft[int(np.searchsorted(heads, found.label[head]))].append(
            {"id": sheet.obs_id[row], "e4": round(share * 1e4)}
        )

    get = _columns(sheet) | {
        "root": sheet.root.tolist(), "text_key": sheet.text.tolist(), "blames": sheet.accused.tolist(),
        "established": sheet.established.tolist(), "timed": (~np.isnan(sheet.sd_s)).tolist(),
        "from_ms": sheet.from_ms.tolist(), "to_ms": sheet.to_ms.tolist(), "copied": found.copy.tolist(),
        "weight": weight.tolist(), "knows": knows.tolist(), "cosine": cosines.tolist(),
        "power": np.exp(np.minimum(knows, 6_000_000) / 1e6).tolist(),
    }  # fmt: skip
    at = [(sector[g], bool(outgoing[g])) for g in range(k)]
    placed = _placed(lonlat, cov, located)
    when = list(zip(c.tau_s.tolist(), c.from_s.tolist(), c.to_s.tolist(), strict=True))
    across_line = list(zip(distance.tolist(), distance_sd.tolist(), p_left.tolist(), strict=True))
    watched = Watched(exposure)
    tables = []
    for first in range(0, k, AT_ONCE):
        rows = [
            _row(
                sheet, members[g], opposed[g], soft[g], get, parameters, alignments, line, watched,
                place=(*placed[g], *at[g]), when=when[g], across_line=across_line[g],
            )
            for g in range(first, min(first + AT_ONCE, k))
        ]  # fmt: skip
        tables.append(pa.Table.from_pylist(rows, schema=INCIDENTS))
    return pa.concat_tables(tables)


def _placed(lonlat: Any, cov: Any, located: Any) -> list[tuple[Any, Any]]:
    """(lon, lat) in microdegrees and three covariances in square metres of each group, Nones where it has no place."""
    udeg, square = np.zeros((len(located), 2), dtype=np.int64), np.zeros((len(located), 3), dtype=np.int64)
    udeg[located] = to_udeg(lonlat[located])
    square[located] = np.rint(cov.reshape(-1, 4)[located][:, [0, 1, 3]]).astype(np.int64)
    return [
        (place, error) if known else ((None, None), (None, None, None))
        for place, error, known in zip(udeg.tolist(), square.tolist(), located.tolist(), strict=True)
    ]


def _hide(
    sheet: Sheet, groups: list[int], sector: list[str | None], lonlat: Any, mean: Any, cov: Any
) -> None:
    """No place finer than a sector for an incident with outgoing fire, whatever else was reported of it."""
    for g in groups:
        name = sector[g]
        if sheet.sectors is not None and name is not None:
            lonlat[g] = sheet.sectors.centre(name)
            cov[g] = sheet.sectors.spread_m2(name, sheet.frame)
        else:
            lonlat[g] = (np.floor(lonlat[g] / NO_SECTOR_DEG) + 0.5) * NO_SECTOR_DEG
            cov[g] = np.eye(2) * (NO_SECTOR_DEG * 111_000.0) ** 2 / 12
        mean[g] = sheet.frame.to_xy(lonlat[g])[0]


def _columns(sheet: Sheet) -> dict[str, list[Any]]:
    names = (
        "source_kind", "actor", "stance", "place_name", "means", "act", "description", "weapon", "calibre_um", "count_min",
        "count_max", "accused", "killed_min", "killed_max", "injured_min", "injured_max", "text", "exercise",
    )  # fmt: skip
    return {name: sheet.table.column(name).to_pylist() for name in names}


def _independent(rows: list[int], get: dict[str, list[Any]]) -> tuple[dict[int, list[int]], set[int]]:
    """Rows by independent origin (same root, same text, nearly the same text, the same blame retold), and who retells."""
    texts = get["text"]
    if len(rows) == 1:
        return {get["root"][rows[0]]: rows}, set()
    origin = {row: get["root"][row] for row in rows}

    def unite(a: int, b: int) -> None:
        low, high = sorted((origin[a], origin[b]))
        if low != high:
            for row, value in origin.items():
                if value == high:
                    origin[row] = low

    by_text: dict[int, int] = {}
    for row in rows:
        number = get["text_key"][row]
        if number >= 0:
            unite(row, by_text.setdefault(number, row))
    told = list(by_text.values())[:_TEXTS_COMPARED]
    for index, a in enumerate(told):
        for b in told[index + 1 :]:
            if origin[a] != origin[b] and near(texts[a], texts[b]):
                unite(a, b)
    blames = get["blames"]
    blamers = {blames[r]: r for r in reversed(rows) if blames[r] >= 0 and _by_party(get, r)}
    retelling: set[int] = set()
    for row in rows:
        if blames[row] in blamers and retells(get["source_kind"][row], get["means"][row]):
            unite(row, blamers[blames[row]])
            retelling.add(row)
    groups: dict[int, list[int]] = {}
    for row in rows:
        groups.setdefault(origin[row], []).append(row)
    return groups, retelling


def _row(
    sheet: Sheet, rows: list[int], opposed: list[int], soft: list[dict[str, Any]], get: dict[str, list[Any]],
    parameters: Parameters, alignments: tuple[Alignment, ...], line: Line | None, watched: Watched, *,
    place: Any, when: tuple[float, float, float], across_line: tuple[float, float, float],
) -> dict[str, Any]:  # fmt: skip
    udeg, square, sector, outgoing = place
    located = udeg[0] is not None
    weight = get["weight"]
    groups, retelling = _independent(rows, get)
    best = {
        root: min(held, key=lambda row: (get["established"][row], row in retelling, -get["knows"][row], row))
        for root, held in groups.items()
    }
    chosen = sorted(best.values())
    copies = sorted(set(rows) - set(chosen))
    from_ms, to_ms, midpoint_ms = _interval(
        sheet.zero_ms, [r for r in rows if not get["copied"][r]] or rows, get, when
    )

    denials = {get["root"][r] for r in opposed if get["stance"][r] == "denial"}
    quiet: dict[int, int] = {}
    for r in opposed:
        if get["stance"][r] == "quiet":
            quiet[get["root"][r]] = max(quiet.get(get["root"][r], 0), weight[r])
    kinds = {get["source_kind"][r] for r in rows}
    unseen = watched.unseen(sector, midpoint_ms, kinds, parameters) if located else []
    verdict = judge(
        [(get["source_kind"][r], weight[r], _by_party(get, r)) for r in chosen],
        len(denials), sorted(quiet.values()), unseen, parameters,
    )  # fmt: skip

    vote = _voter(chosen, get["power"])
    act = vote(get["act"], ACTS)
    description = "outgoing" if outgoing else vote(get["description"], DESCRIPTIONS)
    said = sorted(
        {
            (
                alignment_of(alignments, get["actor"][r], midpoint_ms) if get["actor"][r] else "",
                alignment_of(alignments, get["accused"][r], midpoint_ms),
            )
            for r in rows
            if get["accused"][r] and get["accused"][r] != "unknown"
        }
    )
    accused_by = sorted({(get["actor"][r] or "", get["accused"][r]) for r in rows if get["accused"][r]})
    directed = [get["cosine"][r] for r in chosen if get["cosine"][r] != 0.0]
    distance, distance_sd, p_left = across_line
    side_shares, side = shares(
        standing(alignments, line, midpoint_ms), line, p_left, own_share(act, description, parameters),
        sum(directed) / len(directed) if directed else 0.0, said, parameters,
    )  # fmt: skip
    count = meet((get["count_min"][r], get["count_max"][r]) for r in chosen)
    killed = meet((get["killed_min"][r], get["killed_max"][r]) for r in chosen)
    injured = meet((get["injured_min"][r], get["injured_max"][r]) for r in chosen)
    on_line = located and line is not None
    return {
        "incident_id": sheet.obs_id[min(rows)],
        "members": sorted(sheet.obs_id[r] for r in {*rows, *opposed}),
        "supports": sorted(sheet.obs_id[r] for r in rows),
        "contradicts": sorted(sheet.obs_id[r] for r in opposed),
        "copies": sorted(sheet.obs_id[r] for r in copies),
        "soft": sorted(soft, key=lambda s: (-s["e4"], s["id"])),
        "from_ms": from_ms, "to_ms": to_ms, "midpoint_ms": midpoint_ms,
        "lon_udeg": udeg[0], "lat_udeg": udeg[1],
        "cov_ee_m2": square[0], "cov_en_m2": square[1], "cov_nn_m2": square[2],
        "sector_id": sector, "place_name": None if outgoing else vote(get["place_name"], None),
        "act": act, "description": description,
        "means": sorted({get["means"][r] for r in rows} - {"unknown"}),
        "weapon": vote(get["weapon"], WEAPONS), "calibre_um": vote(get["calibre_um"], None),
        "count_min": count[0], "count_max": count[1], "killed_min": killed[0], "killed_max": killed[1],
        "injured_min": injured[0], "injured_max": injured[1],
        "probability_e4": verdict.probability_e4, "word": verdict.word,
        "independent_groups": len(groups), "source_kinds": sorted({get["source_kind"][r] for r in rows}),
        "sides": [{"id": name, "e4": e4} for name, e4 in side_shares], "side": side,
        "accused_by": [{"actor": actor, "accused": accused} for actor, accused in accused_by],
        "line_distance_m": round(distance) if on_line else None,
        "line_distance_sd_m": round(distance_sd) if on_line else None,
        "outgoing": outgoing,
        "explanation": [{"term": term, "log_odds_e6": value} for term, value in verdict.terms],
        "exercise": any(get["exercise"][r] for r in {*rows, *opposed}),
    }  # fmt: skip


def _by_party(get: dict[str, list[Any]], row: int) -> bool:
    return get["source_kind"][row] in ("party", "complaint") or (
        get["stance"][row] in SPOKEN and get["actor"][row] is not None
    )


def _interval(
    zero_ms: int, rows: list[int], get: dict[str, list[Any]], when: tuple[float, float, float]
) -> tuple[int, int, int]:
    """The hull of the short intervals; without any, what all the long ones share. The midpoint is the consensus."""
    tau, start, end = when
    short = [r for r in rows if get["timed"][r]]
    if short:
        low, high = min(get["from_ms"][r] for r in short), max(get["to_ms"][r] for r in short)
    else:
        low, high = max(get["from_ms"][r] for r in rows), min(get["to_ms"][r] for r in rows)
        low, high = min(low, high), max(low, high)
    middle = zero_ms + round((tau if short else (start + end) / 2) * 1e3)
    return low, high, min(max(middle, low), high)


def _voter(rows: list[int], power: list[float]) -> Callable[[list[Any], tuple[str, ...] | None], Any]:
    """Weighted vote among independent reports; words that say little count only where no other does."""

    def only(values: list[Any], words: tuple[str, ...] | None) -> Any:
        value = values[rows[0]]
        return "unknown" if value is None and words is not None else value

    def vote(values: list[Any], words: tuple[str, ...] | None) -> Any:
        tally: dict[Any, float] = {}
        for row in rows:
            if values[row] is not None:
                little = words is not None and values[row] in _SAYS_LITTLE
                tally[values[row]] = tally.get(values[row], 0.0) + power[row] * (1e-6 if little else 1.0)
        if not tally:
            return None if words is None else "unknown"
        rank = (lambda word: words.index(word)) if words is not None else (lambda word: word)
        return min(tally, key=lambda word: (-round(tally[word], 9), word == "unknown", rank(word)))

    return only if len(rows) == 1 else vote
