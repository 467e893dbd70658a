"""Hold incidents against an agreement: one finding for each incident and article.

Pure and deterministic. Formulas and thresholds: docs/explanation/agreement.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from truceline.agreement.clauses import Rule, rules_of
from truceline.agreement.decide import decide
from truceline.agreement.factors import Pair, claim_factor, procedure_factor
from truceline.agreement.findings import table_of
from truceline.agreement.folder import Agreement
from truceline.agreement.ground import Ground
from truceline.agreement.judge import judge, schema_refusal
from truceline.agreement.models import ExceptionArticle
from truceline.agreement.sheet import Coded, Sheet, numbers
from truceline.agreement.temporal import Facts
from truceline.geo import Frame, Line, Polygon, Sectors
from truceline.records.columns import FINDINGS, INCIDENTS
from truceline.records.parties import Alignment

BLOCK = 131_072
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
    words: bool = True,
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
        words: whether to say reasons and needs in words; null where not.
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
    frame = Frame.of(incidents) if frame is None else frame
    drawn = (lines_of(agreement, line, lines or {}), {**agreement.zones, **(zones or {})})
    heard = None if facts is None else facts.known_by(as_of_ms)
    who = alignments or agreement.alignments
    return pa.concat_tables(
        _block(
            incidents.slice(start, BLOCK),
            observations,
            agreement,
            rules,
            drawn,
            sectors,
            who,
            frame,
            heard,
            words,
        )
        for start in range(0, incidents.num_rows, BLOCK)
    )


def _block(
    incidents: pa.Table,
    observations: pa.Table,
    agreement: Agreement,
    rules: tuple[Rule, ...],
    drawn: tuple[dict[str, Line], dict[str, Polygon]],
    sectors: Sectors | None,
    alignments: tuple[Alignment, ...],
    frame: Frame,
    facts: Facts | None,
    words: bool,
) -> pa.Table:
    """Findings of one block of incidents; blocks bound the memory and change nothing."""
    sheet = Sheet.of(incidents)
    ground = _ground(incidents, agreement, drawn, sectors, frame)
    known: dict[str, Pair] = {}

    def claims(article: ExceptionArticle) -> Pair:
        if article.key not in known:
            known[article.key] = (
                procedure_factor(sheet, facts, article)
                if article.claim == "procedure"
                else claim_factor(incidents, observations, article)
            )
        return known[article.key]

    decided = [
        decide([judge(rule, clause, sheet, ground, alignments, claims) for clause in rule.clauses], sheet)
        for rule in rules
    ]
    return table_of(incidents, agreement, [rule.key for rule in rules], decided, sheet, words)


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
    drawn: tuple[dict[str, Line], dict[str, Polygon]],
    sectors: Sectors | None,
    frame: Frame,
) -> Ground:
    lonlat = np.stack([numbers(incidents, "lon_udeg") / 1e6, numbers(incidents, "lat_udeg") / 1e6], axis=1)
    lonlat[np.isnan(lonlat).any(axis=1)] = np.nan
    mean = frame.to_xy(lonlat)
    cov = np.empty((len(mean), 2, 2))
    cov[:, 0, 0], cov[:, 1, 1] = numbers(incidents, "cov_ee_m2"), numbers(incidents, "cov_nn_m2")
    cov[:, 0, 1] = cov[:, 1, 0] = numbers(incidents, "cov_en_m2")
    if sectors is not None:
        named = Coded.of(incidents.column("sector_id"), "")
        nowhere = np.isnan(mean).any(axis=1)
        for code, name in enumerate(named.words):
            rows = nowhere & (named.codes == code)
            if name in sectors.ids and rows.any():
                mean[rows] = frame.to_xy(sectors.centre(name))[0]
                cov[rows] = sectors.spread_m2(name, frame)
    # A place without an error is not a place without error: nothing is known of where it lies against an edge.
    mean[np.isnan(cov).any(axis=(1, 2))] = np.nan
    at = incidents.column("midpoint_ms").cast(pa.int64()).fill_null(0).to_numpy()
    return Ground(mean, cov, frame, *drawn, agreement.points, agreement.dated, at)
