"""Hold incidents against an agreement: one finding for each incident and article.

Pure and deterministic. Formulas and thresholds: docs/explanation/agreement.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from truceline.agreement.clauses import Rule, rules_of
from truceline.agreement.factors import Pair, Sheet, claim_factor, procedure_factor
from truceline.agreement.folder import Agreement
from truceline.agreement.ground import Floats, Ground
from truceline.agreement.judge import (
    BREACH_E4,
    FACTORS,
    NO_BREACH_E4,
    Judged,
    deciding,
    judge,
    schema_refusal,
)
from truceline.agreement.models import ExceptionArticle
from truceline.agreement.temporal import Facts
from truceline.agreement.words import Row, needs_of, reason_of
from truceline.geo import Frame, Line, Polygon, Sectors
from truceline.records.columns import FINDINGS, INCIDENTS
from truceline.records.parties import Alignment

_READ = ("obs_id", "source_kind", "live_fire_exercise", "intent")


def assess(
    incidents: pa.Table,
    observations: pa.Table,
    agreement: Agreement,
    *,
    as_of_ms: int,
    line: Line | None = None,
    lines: Mapping[str, Line] | None = None,
    zones: Mapping[str, Polygon] | None = None,
    sectors: Sectors | None = None,
    alignments: tuple[Alignment, ...] = (),
    frame: Frame | None = None,
    facts: Facts | None = None,
) -> pa.Table:
    """Findings of all incidents against all articles that judge.

    Args:
        incidents, observations: `records.columns.INCIDENTS` and `OBSERVATIONS`; members name observations.
        as_of_ms: UTC; articles and amendments made later are not known yet.
        line: the mission's line; it stands for the line of the same id, or else for the first one that the
            agreement leaves to the mission, and wins over the folder's own.
        lines, zones: further geometry of the mission by id; wins over the folder's own.
        sectors: give a place to incidents that have a reporting sector but no coordinates.
        alignments: of the mission; the agreement's own where none are given.
        frame: local metres; chosen from the incidents where None.
        facts: what is known of conditions ("after seven quiet days"); an article that waits for one is undetermined
            without them.
    Returns:
        `records.columns.FINDINGS`, by incident in the order given, then by article in the order of the file.
    Raises:
        AgreementError: AGR-019 a table lacks columns; AGR-020 a line without the sides that an article names.
    """
    for name, table, columns in (
        ("incidents", incidents, INCIDENTS.names),
        ("observations", observations, _READ),
    ):
        missing = [column for column in columns if column not in table.column_names]
        if missing:
            raise schema_refusal(name, missing)
    rules = rules_of(agreement, as_of_ms, facts)
    if not incidents.num_rows or not rules:
        return FINDINGS.empty_table()
    sheet = Sheet.of(incidents)
    ground = _ground(incidents, agreement, line, lines or {}, zones or {}, sectors, frame)
    known: dict[str, Pair] = {}

    def claims(article: ExceptionArticle) -> Pair:
        if article.key not in known:
            known[article.key] = (
                procedure_factor(sheet, None if facts is None else facts.known_by(as_of_ms), article)
                if article.claim == "procedure"
                else claim_factor(incidents, observations, article)
            )
        return known[article.key]

    who = alignments or agreement.alignments
    columns = [
        _article_columns(
            rule, [judge(rule, clause, sheet, ground, who, claims) for clause in rule.clauses], sheet
        )
        for rule in rules
    ]
    return _table(incidents, agreement, rules, columns)


def lines_of(agreement: Agreement, line: Line | None, lines: Mapping[str, Line]) -> dict[str, Line]:
    """The lines that articles measure from, by the ids the agreement uses, in the order it declares them."""
    named = [item.id for item in agreement.line_names]
    found = {**agreement.lines, **lines}
    if line is not None:
        left = [
            item.id for item in agreement.line_names if item.drawn_by == "mission" and item.id not in lines
        ]
        found[line.id if line.id in named else (left or named or [line.id])[0]] = line
    return {name: found[name] for name in named if name in found}


def _ground(
    incidents: pa.Table,
    agreement: Agreement,
    line: Line | None,
    lines: Mapping[str, Line],
    zones: Mapping[str, Polygon],
    sectors: Sectors | None,
    frame: Frame | None,
) -> Ground:
    frame = Frame.of(incidents) if frame is None else frame
    lon, lat = _floats(incidents, "lon_udeg") / 1e6, _floats(incidents, "lat_udeg") / 1e6
    lonlat = np.stack([lon, lat], axis=1)
    lonlat[np.isnan(lonlat).any(axis=1)] = np.nan
    mean = frame.to_xy(lonlat)
    cov = np.empty((len(mean), 2, 2))
    cov[:, 0, 0], cov[:, 1, 1] = _floats(incidents, "cov_ee_m2"), _floats(incidents, "cov_nn_m2")
    cov[:, 0, 1] = cov[:, 1, 0] = _floats(incidents, "cov_en_m2")
    if sectors is not None:
        names = incidents.column("sector_id").to_pylist()
        for row in np.flatnonzero(np.isnan(mean).any(axis=1)).tolist():
            if names[row] in sectors.ids:
                mean[row] = frame.to_xy(sectors.centre(names[row]))[0]
                cov[row] = sectors.spread_m2(names[row], frame)
    # A place without an error is not a place without error: nothing is known of where it lies against an edge.
    mean[np.isnan(cov).any(axis=(1, 2))] = np.nan
    at = incidents.column("midpoint_ms").cast(pa.int64()).fill_null(0).to_numpy()
    drawn = lines_of(agreement, line, lines)
    return Ground(
        mean, cov, frame, drawn, {**agreement.zones, **zones}, agreement.points, agreement.dated, at
    )


def _article_columns(rule: Rule, judged: list[Judged], facts: Sheet) -> dict[str, list[Any]]:
    best = deciding(judged)

    def pick(arrays: list[Any]) -> Any:
        return np.choose(best, arrays)

    low = {name: pick([item.low[name] for item in judged]) for name in FACTORS}
    high = {name: pick([item.high[name] for item in judged]) for name in FACTORS}
    in_scope = pick([item.in_scope for item in judged])
    least = _e4(pick([item.low_total for item in judged]) * facts.existence[0])
    most = _e4(pick([item.high_total for item in judged]))
    undefined = pick([np.full(facts.n, bool(item.clause.missing)) for item in judged])
    breach = in_scope & ~undefined & (least >= BREACH_E4) & facts.vouched
    no_breach = in_scope & ~undefined & (most <= NO_BREACH_E4)
    verdict = np.full(facts.n, "undetermined", dtype="U12")
    verdict[breach], verdict[no_breach], verdict[~in_scope] = "breach", "no_breach", "out_of_scope"
    factor: dict[str, list[int | None]] = {}
    blank = np.zeros(facts.n, dtype=bool)
    for name in FACTORS:
        unknown = (low[name] <= 0.0) & (high[name] >= 1.0)
        blank |= unknown
        factor[name] = _listed(_e4(low[name]), ~unknown)
    decided = breach | no_breach
    edge, sd = pick([item.edge_m for item in judged]), pick([item.edge_sd_m for item in judged])
    placed = ~np.isnan(edge) & np.isfinite(edge) & in_scope
    excepted = pick([item.excepted for item in judged])
    by_side = pick([item.by_side for item in judged])
    reasons, needs = [], []
    said: dict[tuple[str, int, bool, bool], str] = {}
    start = np.array([_start(item) for item in judged])[best]
    early = facts.to_ms < start
    for row in range(facts.n):
        item = judged[int(best[row])]
        mark = (str(facts.act[row]), int(best[row]), bool(early[row]), bool(item.high["time"][row] > 0))
        if not in_scope[row] and mark in said and (item.high["act"][row] <= 0 or not mark[3]):
            reasons.append(said[mark])
            needs.append("")
            continue
        told = Row(
            rule.article,
            item.clause,
            str(verdict[row]),
            {name: (float(low[name][row]), float(high[name][row])) for name in FACTORS},
            str(facts.act[row]),
            str(facts.weapon[row]),
            None if np.isnan(facts.calibre_um[row]) else int(facts.calibre_um[row]),
            facts.side[row],
            float(facts.existence[0][row]),
            float(edge[row]) if placed[row] else None,
            float(sd[row]) if placed[row] else None,
            bool(excepted[row]),
            bool(by_side[row]),
            item.needs_line,
            bool(early[row]),
            bool(facts.vouched[row]),
        )
        reasons.append(reason_of(told))
        if not in_scope[row]:
            said[mark] = reasons[-1]
        needs.append(needs_of(told))
    return {
        "verdict": verdict.tolist(),
        "probability_e4": _listed(np.where(decided | ~blank, least, 0), in_scope & (decided | ~blank)),
        **{f"p_{name}_e4": factor[name] for name in FACTORS},
        "about": facts.side,
        "distance_m": _listed(np.rint(np.where(placed, edge, 0.0)), placed),
        "distance_sd_m": _listed(np.rint(np.where(placed, sd, 0.0)), placed),
        "reason": reasons,
        "needs": needs,
    }


def _start(item: Judged) -> int:
    return 2**53 if item.clause.start is None else item.clause.start.latest_ms


def _table(
    incidents: pa.Table, agreement: Agreement, rules: tuple[Rule, ...], columns: list[dict[str, list[Any]]]
) -> pa.Table:
    n, k = incidents.num_rows, len(rules)
    ids = incidents.column("incident_id").to_pylist()
    exercise = incidents.column("exercise").to_pylist()
    keys = [rule.key for rule in rules]
    table: dict[str, list[Any]] = {
        "finding_id": [f"{name}/{key}" for name in ids for key in keys],
        "incident_id": [name for name in ids for _ in keys],
        "agreement": [agreement.id] * (n * k),
        "version": [agreement.version] * (n * k),
        "article": keys * n,
        "exercise": [bool(flag) or agreement.exercise for flag in exercise for _ in keys],
    }
    for name in columns[0]:
        table[name] = [columns[article][name][row] for row in range(n) for article in range(k)]
    return pa.table({name: table[name] for name in FINDINGS.names}, schema=FINDINGS)


def _floats(table: pa.Table, name: str) -> Floats:
    values: Floats = table.column(name).cast(pa.float64()).fill_null(float("nan")).to_numpy().copy()
    return values


def _e4(chance: Floats) -> Floats:
    whole: Floats = np.rint(np.clip(chance, 0.0, 1.0) * 1e4)
    return whole


def _listed(values: Floats, said: Any) -> list[int | None]:
    return [
        int(value) if known else None for value, known in zip(values.tolist(), said.tolist(), strict=True)
    ]
