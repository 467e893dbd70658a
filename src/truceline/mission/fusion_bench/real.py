"""Real data that nobody here wrote: coded articles, two sources of one alert, fires near reports, claims of one day."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.spatial import cKDTree

from truceline import fusion, intake
from truceline.intake.ledger import newest
from truceline.mission import scoring
from truceline.mission.fusion_bench.lines import Line
from truceline.mission.fusion_bench.peers import Spots
from truceline.scale import sides_of
from truceline.score.partitions import compare

DAY_S = 86_400.0


def lines(folder: Path) -> tuple[list[Line], dict[str, Any]]:
    """Lines of every set that the folder holds; one that is not there says so."""
    made: list[Line] = []
    figures: dict[str, Any] = {}
    for name, needs, measure in (
        ("coded casualty articles (UCDP GED, Donbas)", "ged_donbas", _articles), ("air-raid alerts of two sources", "air_raid", _alerts),
        ("fires near reports (VIIRS, VIINA, July 2023)", "firms_viirs_ukraine", _fires), ("claims of 10-11 October 2020", "karabakh_claims", _claims),
    ):  # fmt: skip
        if not (folder / needs).is_dir():
            made.append(Line(name, f"not measured: no folder {folder / needs}"))
            continue
        some, figures[needs] = measure(folder)
        made += some
    return made, figures


def _read(path: Path, mapping: str | None = None) -> pa.Table:
    """Observations of a file, the last row of each id."""
    chunks = list(intake.open_file(path, mapping=mapping))
    stands = newest(np.concatenate([chunk.keys for chunk in chunks]))
    table = pa.concat_tables([chunk.observations for chunk in chunks])
    return table.filter(pa.array(stands)).combine_chunks()


def _fused(table: pa.Table) -> pa.Table:
    names = [pc.unique(table.column(n)).to_pylist() for n in ("actor", "accused")]
    alignments = sides_of([*names[0], *names[1]], None)
    parameters = fusion.learn(table, alignments=alignments)
    return fusion.fuse(
        table, origin=np.zeros(table.num_rows, dtype=np.int64), parameters=parameters, alignments=alignments
    ).incidents


def _articles(folder: Path) -> tuple[list[Line], dict[str, Any]]:
    made = scoring.of_ged(folder / "ged_donbas")
    peer = max(("same_day", "same_text", "alone"), key=lambda one: float(made[one]["bcubed_f1"]))
    return [
        Line(
            f"{made['articles']} articles to {made['incidents_true']} coded events (UCDP GED)", f"B3 {made['fused']['bcubed_f1']:.3f}, pairs {made['fused']['pairwise_f1']:.3f}",
            f"best rule ({peer.replace('_', ' ')}): B3 {made[peer]['bcubed_f1']:.3f}, pairs {made[peer]['pairwise_f1']:.3f}", value=float(made["fused"]["bcubed_f1"]),
        )
    ], made  # fmt: skip


def _alerts(folder: Path) -> tuple[list[Line], dict[str, Any]]:
    """Official oblast alerts beside the volunteers' nearest start in the same oblast: the two clocks."""
    with (folder / "air_raid" / "official_2022_JJA.csv").open(encoding="utf-8-sig", newline="") as file:
        official = [(r["oblast"], r["started_at"]) for r in csv.DictReader(file) if r["level"] == "oblast"]
    with (folder / "air_raid" / "volunteer_2022_JJA.csv").open(encoding="utf-8-sig", newline="") as file:
        volunteer = [(r["region"], r["started_at"]) for r in csv.DictReader(file)]

    def seconds(rows: list[tuple[str, str]], where: str) -> Any:
        return np.sort(
            np.array([t[:19] for w, t in rows if w == where], dtype="datetime64[s]").astype(np.int64)
        )

    gaps: list[float] = []
    for oblast in sorted({w for w, _ in official}):
        ours, theirs = seconds(official, oblast), seconds(volunteer, oblast)
        if not len(theirs):
            gaps += [np.inf] * len(ours)
            continue
        at = np.searchsorted(theirs, ours)
        before, after = theirs[np.maximum(at - 1, 0)], theirs[np.minimum(at, len(theirs) - 1)]
        nearest = np.where(np.abs(before - ours) <= np.abs(after - ours), before, after)
        gaps += (nearest - ours).astype(float).tolist()
    gap = np.array(gaps)
    close = gap[np.abs(gap) <= 300]
    figures = {
        "official": len(gap),
        "within_300_s": float((np.abs(gap) <= 300).mean()),
        "median_s": float(np.median(close)),
        "p05_s": float(np.quantile(close, 0.05)),
        "p95_s": float(np.quantile(close, 0.95)),
    }
    return [
        Line(
            f"{len(gap):,} official air-raid alerts: the volunteers' clock", f"{figures['within_300_s']:.1%} within 5 minutes; offset median {figures['median_s']:+.0f} s, 90 % within {figures['p05_s']:+.0f} to {figures['p95_s']:+.0f} s",
            f"fusion takes {fusion.DEFAULTS.clock_s['civil_alert']} s as an alert's clock; a warning is never part of an incident",
        )
    ], figures  # fmt: skip


def _fires(folder: Path) -> tuple[list[Line], dict[str, Any]]:
    """How often a fire would be taken for a confirmation: near a report, against the same reports moved by 30 days and 50 km."""
    reports = _read(folder / "viina" / "viina_incidents_202307.csv")
    fires = _read(folder / "firms_viirs_ukraine" / "viirs_snpp_nrt_2023-02-24_07-31.csv")
    both = Spots(pa.concat_tables([reports, fires]))
    n = reports.num_rows
    placed = np.flatnonzero(both.known[:n])
    tree = cKDTree(np.column_stack([both.xy[n:] / 5_000.0, both.at[n:] / DAY_S]))

    def near(xy: Any, at: Any) -> float:
        return float(
            (
                tree.query_ball_point(
                    np.column_stack([xy / 5_000.0, at / DAY_S]), 1.0, p=np.inf, return_length=True
                )
                > 0
            ).mean()
        )

    here = near(both.xy[placed], both.at[placed])
    other = float(
        np.mean(
            [
                near(both.xy[placed] + 25_000.0 * np.array(step), both.at[placed])
                for step in ((1, 0), (-1, 0), (0, 1), (0, -1))
            ]
        )
    )
    earlier = near(both.xy[placed], both.at[placed] - 10 * DAY_S)
    july = np.flatnonzero((both.at[n:] >= both.at[placed].min()) & (both.at[n:] <= both.at[placed].max()))
    back = cKDTree(np.column_stack([both.xy[placed] / 5_000.0, both.at[placed] / DAY_S]))
    beside = float(
        (
            back.query_ball_point(
                np.column_stack([both.xy[n:][july] / 5_000.0, both.at[n:][july] / DAY_S]),
                1.0,
                p=np.inf,
                return_length=True,
            )
            > 0
        ).mean()
    )
    table = pa.concat_tables([reports, fires.take(pa.array(july))]).combine_chunks()
    incidents = _fused(table)
    kinds = incidents.column("source_kinds").to_pylist()
    with_report = [k for k in kinds if set(k) - {"satellite"}]
    taken = sum("satellite" in k for k in with_report) / max(len(with_report), 1)
    figures = {
        "reports": len(placed),
        "fire_within_5_km_and_a_day": here,
        "moved_25_km": other,
        "ten_days_earlier": earlier,
        "fires_beside_a_report": beside,
        "incidents_of_reports": len(with_report),
        "fused_with_a_fire": taken,
    }
    return [
        Line(f"{len(placed):,} news reports, July 2023: a fire within 5 km and a day", f"{here:.1%}", f"the same reports moved 25 km: {other:.1%}; ten days earlier: {earlier:.1%} (so most of it is coincidence)"),
        Line(f"{len(july):,} fires of that time with a report within 5 km and a day", f"{beside:.1%}", "a fire is not a shelling"),
        Line("fused: incidents of reports that hold a fire", f"{taken:.1%} of {len(with_report):,}", f"a rule of nearness would hold {here:.1%}"),
    ], figures  # fmt: skip


def _claims(folder: Path) -> tuple[list[Line], dict[str, Any]]:
    path = folder / "karabakh_claims" / "claims_2020-10-10_11.csv"
    table = _read(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    incidents = _fused(table)
    found = dict.fromkeys(table.column("obs_id").to_pylist(), "")
    for name, members in zip(
        incidents.column("incident_id").to_pylist(), incidents.column("members").to_pylist(), strict=True
    ):
        for one in members:
            found[one] = name
    label = {}
    for one in table.column("obs_id").to_pylist():
        row = next((r for r in rows if one.endswith(r["doc_id"])), None)
        if row is not None and row["incident_label"]:
            label[one] = row["incident_label"]
    ids = sorted(label)
    score = compare([found[one] or one for one in ids], [label[one] for one in ids])
    words = Counter(incidents.column("word").to_pylist())
    corroborated = words.get("corroborated", 0)
    return [
        Line(
            f"{len(ids)} statements of 10-11 October 2020, one reader's {len(set(label.values()))} incidents", f"B3 {score.bcubed_f1:.3f}, pairs {score.pairwise_f1:.3f}",
            f"{corroborated} called corroborated: statements corroborate nothing, whoever repeats them", value=score.bcubed_f1,
        )
    ], {"score": score.as_dict(), "words": dict(words)}  # fmt: skip
