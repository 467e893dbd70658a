"""Hold incidents against an agreement: one finding for each incident and article.

Pure and deterministic. Formulas and thresholds: docs/explanation/agreement.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from truceline.agreement.clauses import Rule, rules_of
from truceline.agreement.factors import Pair, claim_factor, procedure_factor
from truceline.agreement.folder import Agreement
from truceline.agreement.ground import Bools, Floats, Ground
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
from truceline.agreement.sheet import Coded, Sheet, numbers
from truceline.agreement.telling import placeholder, tell
from truceline.agreement.temporal import Facts
from truceline.agreement.words import Row
from truceline.geo import Frame, Line, Polygon, Sectors
from truceline.records.codes import VERDICTS
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

    columns = [
        _article_columns(
            rule,
            [judge(rule, clause, sheet, ground, alignments, claims) for clause in rule.clauses],
            sheet,
            words,
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


def _article_columns(rule: Rule, judged: list[Judged], sheet: Sheet, words: bool) -> dict[str, pa.Array]:
    """The columns of one article that differ from row to row, (n,) each."""
    best = deciding(judged)
    everybody = np.arange(sheet.n)

    def pick(arrays: list[Any]) -> Any:
        return arrays[0] if len(arrays) == 1 else np.stack(arrays)[best, everybody]

    low = {name: pick([item.low[name] for item in judged]) for name in FACTORS}
    high = {name: pick([item.high[name] for item in judged]) for name in FACTORS}
    in_scope = pick([item.in_scope for item in judged])
    least = _e4(pick([item.low_total for item in judged]) * sheet.existence[0])
    most = _e4(pick([item.high_total for item in judged]))
    undefined = np.array([bool(item.clause.missing) for item in judged])[best]
    breach = in_scope & ~undefined & (least >= BREACH_E4) & sheet.vouched
    no_breach = in_scope & ~undefined & (most <= NO_BREACH_E4)
    verdict = np.full(sheet.n, VERDICTS.index("undetermined"), dtype=np.int8)
    verdict[breach], verdict[no_breach] = VERDICTS.index("breach"), VERDICTS.index("no_breach")
    verdict[~in_scope] = VERDICTS.index("out_of_scope")
    unknown = {name: (low[name] <= 0.0) & (high[name] >= 1.0) for name in FACTORS}
    blank = np.any(list(unknown.values()), axis=0)
    decided = breach | no_breach
    edge, sd = pick([item.edge_m for item in judged]), pick([item.edge_sd_m for item in judged])
    placed = np.isfinite(edge) & in_scope
    columns = {
        "verdict": pa.array(VERDICTS, pa.string()).take(pa.array(verdict)),
        "probability_e4": _whole(np.where(decided | ~blank, least, 0), in_scope & (decided | ~blank)),
        **{f"p_{name}_e4": _whole(_e4(low[name]), ~unknown[name]) for name in FACTORS},
        "about": pa.array(sheet.side.words, pa.string()).take(pa.array(sheet.side.codes)),
        "distance_m": _whole(np.where(placed, edge, 0.0), placed, pa.int64()),
        "distance_sd_m": _whole(np.where(placed, sd, 0.0), placed, pa.int64()),
    }
    if not words:
        nothing = pa.nulls(sheet.n, pa.string())
        return columns | {"reason": nothing, "needs": nothing}
    excepted, by_side = pick([item.excepted for item in judged]), pick([item.by_side for item in judged])
    early = sheet.to_ms < np.array([_start(item) for item in judged])[best]

    def row_of(row: int) -> Row:
        item = judged[int(best[row])]
        return Row(
            rule.article,
            item.clause,
            VERDICTS[int(verdict[row])],
            {name: (float(low[name][row]), float(high[name][row])) for name in FACTORS},
            sheet.act[row],
            sheet.weapon[row],
            None if np.isnan(sheet.calibre_um[row]) else int(sheet.calibre_um[row]),
            sheet.side[row],
            float(sheet.existence[0][row]),
            None,
            None,
            bool(excepted[row]),
            bool(by_side[row]),
            item.needs_line,
            bool(early[row]),
            bool(sheet.vouched[row]),
            placeholder(bool(placed[row])),
        )

    marks = _marks(low, high, verdict, best, sheet, [placed, excepted, by_side, early])
    columns["reason"], columns["needs"] = tell(marks, row_of, edge, sd, placed)
    return columns


def _marks(
    low: dict[str, Floats],
    high: dict[str, Floats],
    verdict: npt.NDArray[np.int8],
    best: npt.NDArray[np.int64],
    sheet: Sheet,
    flags: list[Bools],
) -> list[npt.NDArray[Any]]:
    """All that a sentence depends on apart from the distance; what a verdict's sentence leaves out counts as equal."""
    scope = verdict != VERDICTS.index("out_of_scope")
    open_ = verdict == VERDICTS.index("undetermined")
    existence, product = sheet.existence[0], np.ones(sheet.n)
    for name in FACTORS:
        product = product * low[name]
    weakest = np.argmin(np.stack([high[name] for name in FACTORS]), axis=0)
    calibre = np.where(scope & ~np.isnan(sheet.calibre_um), sheet.calibre_um, -1.0)
    marks: list[npt.NDArray[Any]] = [
        verdict, best, sheet.act.codes, sheet.vouched, high["time"] <= 0, high["act"] <= 0, *flags,
        *(np.where(scope, mark, 0) for mark in (sheet.weapon.codes, sheet.side.codes, weakest)),
        calibre.astype(np.int64),
        existence < 0.8, (product * existence < 0.8) & (product >= 0.8), product * existence >= 0.8,
        np.where(open_, np.rint(existence * 100), 0).astype(np.int64),
    ]  # fmt: skip
    for name in FACTORS:
        a, b = low[name], high[name]
        said = open_ & (a < 0.8) & (b > 0.2)
        kind = (a <= 0) * 1 + (b >= 1) * 2 + (b - a < 0.005) * 4
        shown = np.rint(a * 100) * 1000 + np.rint(b * 100)
        marks += [
            np.where(open_, (a < 0.8) * 1 + (b > 0.2) * 2, 0),
            np.where(said, kind, 0),
            np.where(said, shown, 0).astype(np.int64),
        ]
    return marks


def _start(item: Judged) -> int:
    return 2**53 if item.clause.start is None else item.clause.start.latest_ms


def _table(
    incidents: pa.Table, agreement: Agreement, rules: tuple[Rule, ...], columns: list[dict[str, pa.Array]]
) -> pa.Table:
    """Findings by incident, then by article: the columns of the articles, interleaved."""
    n, k = incidents.num_rows, len(rules)
    by_incident = pa.array(np.repeat(np.arange(n), k))
    order = pa.array((np.arange(k)[None, :] * n + np.arange(n)[:, None]).ravel())
    ids = incidents.column("incident_id").combine_chunks().take(by_incident)
    key = pa.array([rule.key for rule in rules], pa.string()).take(pa.array(np.tile(np.arange(k), n)))
    exercise = pc.or_(incidents.column("exercise").combine_chunks().fill_null(False), agreement.exercise)
    table: dict[str, pa.Array] = {
        "finding_id": pc.binary_join_element_wise(ids, key, "/"),
        "incident_id": ids,
        "agreement": pa.repeat(pa.scalar(agreement.id, pa.string()), n * k),
        "version": pa.repeat(pa.scalar(agreement.version, pa.string()), n * k),
        "article": key,
        "exercise": exercise.take(by_incident),
    }
    for name in columns[0]:
        table[name] = pa.concat_arrays([column[name] for column in columns]).take(order)
    return pa.table({name: table[name] for name in FINDINGS.names}, schema=FINDINGS)


def _e4(chance: Floats) -> Floats:
    whole: Floats = np.rint(np.clip(chance, 0.0, 1.0) * 1e4)
    return whole


def _whole(values: Floats, said: Any, kind: pa.DataType | None = None) -> pa.Array:
    """Rounded to whole numbers, null where nothing is said."""
    return pa.array(np.rint(np.where(said, values, 0.0)).astype(np.int64), pa.int64(), mask=~said).cast(
        kind or pa.int32()
    )
