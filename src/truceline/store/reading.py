"""Questions that pages ask of the views. Every list is bounded and pages by key, never by offset."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from truceline.records.columns import FINDINGS, INCIDENTS, OBSERVATIONS
from truceline.store.database import Database
from truceline.store.schema import disclosed, documents, findings, incidents, observations, places, tallies

PAGE: Final = 50
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; empty means all."""

    day: str = ""
    sector: str = ""
    word: str = ""
    act: str = ""
    alleged: bool = False
    before: tuple[int, str] | None = None  # the last row of the page before: (midpoint_ms, id)
    limit: int = PAGE


def incident_page(database: Database, wanted: Wanted) -> list[dict[str, Any]]:
    """Incidents, newest first."""
    query = sa.select(incidents.c.row).order_by(
        incidents.c.midpoint_ms.desc(), incidents.c.incident_id.desc()
    )
    for column, value in (
        (incidents.c.reporting_day, wanted.day), (incidents.c.sector_id, wanted.sector),
        (incidents.c.word, wanted.word), (incidents.c.act, wanted.act),
    ):  # fmt: skip
        if value:
            query = query.where(column == value)
    if wanted.alleged:
        query = query.where(incidents.c.alleged > 0)
    if wanted.before:
        query = query.where(
            sa.tuple_(incidents.c.midpoint_ms, incidents.c.incident_id) < sa.tuple_(*wanted.before)
        )
    return _all(database, query.limit(min(wanted.limit, MOST)))


def incident(database: Database, incident_id: str) -> dict[str, Any] | None:
    """One incident, or the one that holds the observation of that id: an old id leads to whatever took it over."""
    with database.reading() as connection:
        found = connection.execute(
            sa.select(incidents.c.row).where(incidents.c.incident_id == incident_id)
        ).scalar()
        if found is None:
            holder = connection.execute(
                sa.select(observations.c.incident_id).where(observations.c.obs_id == incident_id)
            ).scalar()
            if holder is None or holder == incident_id:
                return None
            found = connection.execute(
                sa.select(incidents.c.row).where(incidents.c.incident_id == holder)
            ).scalar()
    return None if found is None else _row(found, incidents)


def observations_of(database: Database, incident_id: str) -> list[dict[str, Any]]:
    """What supports and contradicts an incident, by time."""
    query = sa.select(observations.c.row).where(observations.c.incident_id == incident_id)
    return _all(database, query.order_by(observations.c.observed_from_ms, observations.c.obs_id).limit(MOST))


def findings_of(database: Database, incident_id: str) -> list[dict[str, Any]]:
    """The findings about an incident with their state of review, by article."""
    query = sa.select(findings.c.row, findings.c.state).where(findings.c.incident_id == incident_id)
    return _with_state(database, query.order_by(findings.c.article))


def finding(database: Database, finding_id: str) -> dict[str, Any] | None:
    """One finding with its state of review."""
    query = sa.select(findings.c.row, findings.c.state).where(findings.c.finding_id == finding_id)
    return next(iter(_with_state(database, query)), None)


def queue(
    database: Database, *, states: tuple[str, ...], verdict: str = "breach", before: tuple[int, str] | None = None,
    limit: int = PAGE,
) -> list[dict[str, Any]]:  # fmt: skip
    """Findings that wait for people, newest first."""
    query = (
        sa.select(findings.c.row, findings.c.state, findings.c.midpoint_ms)
        .where(findings.c.verdict == verdict, findings.c.state.in_(states))
        .order_by(findings.c.midpoint_ms.desc(), findings.c.finding_id.desc())
    )
    if before:
        query = query.where(sa.tuple_(findings.c.midpoint_ms, findings.c.finding_id) < sa.tuple_(*before))
    return _with_state(database, query.limit(min(limit, MOST)))


def states(database: Database, verdict: str = "breach") -> dict[str, int]:
    """How many findings stand in each state of review."""
    query = sa.select(findings.c.state, sa.func.count()).where(findings.c.verdict == verdict)
    with database.reading() as connection:
        return {str(state): int(n) for state, n in connection.execute(query.group_by(findings.c.state))}


def days(database: Database, *, everything: bool) -> list[tuple[str, str, int]]:
    """(reporting day, word, incidents), by day; of the disclosed rows unless the reader sees everything."""
    c = tallies.c
    query = sa.select(c.reporting_day, c.word, sa.func.sum(c.n)).where(c.view == _layer(everything).name)
    query = query.group_by(c.reporting_day, c.word).order_by(c.reporting_day, c.word)
    with database.reading() as connection:
        return [(str(day), str(word), int(n)) for day, word, n in connection.execute(query)]


def sectors(database: Database, day_from: str, day_to: str, *, everything: bool) -> dict[str, int]:
    """Incidents by sector over whole reporting days, both included; where the sector is withheld, under ""."""
    c = tallies.c
    query = sa.select(c.sector_id, sa.func.sum(c.n)).where(c.view == _layer(everything).name)
    query = query.where(c.reporting_day.between(day_from, day_to)).group_by(c.sector_id)
    with database.reading() as connection:
        return {str(name): int(n) for name, n in connection.execute(query)}


def map_places(database: Database, day_from: str, day_to: str, limit: int = 20_000) -> dict[str, list[Any]]:
    """Uncertain places as columns, for the mission's own map; the surest where there are too many, in no order to be relied on."""
    query = sa.select(places).where(places.c.reporting_day.between(day_from, day_to))
    query = query.order_by(places.c.probability_e4.desc(), places.c.incident_id).limit(limit)
    names = [column.name for column in places.columns]
    with database.reading() as connection:
        found = connection.execute(query).all()
    return (
        dict(zip(names, map(list, zip(*found, strict=True)), strict=True))
        if found
        else {name: [] for name in names}
    )


def disclosed_page(
    database: Database, *, day: str = "", sector: str = "", after: str = "", limit: int = PAGE
) -> list[dict[str, Any]]:
    """Disclosed rows by id, for parties and the public."""
    query = sa.select(disclosed.c.row).order_by(disclosed.c.reporting_day.desc(), disclosed.c.incident_id)
    if day:
        query = query.where(disclosed.c.reporting_day == day)
    if sector:
        query = query.where(disclosed.c.sector_id == sector)
    if after:
        marker = (
            sa.select(disclosed.c.reporting_day).where(disclosed.c.incident_id == after).scalar_subquery()
        )
        query = query.where(
            sa.or_(
                disclosed.c.reporting_day < marker,
                sa.and_(disclosed.c.reporting_day == marker, disclosed.c.incident_id > after),
            )
        )
    return _all(database, query.limit(min(limit, MOST)))


def disclosed_row(database: Database, incident_id: str) -> dict[str, Any] | None:
    """One disclosed row."""
    query = sa.select(disclosed.c.row).where(disclosed.c.incident_id == incident_id)
    return next(iter(_all(database, query)), None)


def sources(database: Database, kinds: tuple[str, ...]) -> list[tuple[str, str, int]]:
    """(source id, kind, reports) of sources of these kinds, by kind and id; for the mission only."""
    query = sa.select(observations.c.source_id, observations.c.source_kind, sa.func.count())
    query = query.where(observations.c.source_kind.in_(kinds))
    query = query.group_by(observations.c.source_id, observations.c.source_kind)
    with database.reading() as connection:
        found = connection.execute(query.order_by(observations.c.source_kind, observations.c.source_id))
        return [(str(name), str(kind), int(n)) for name, kind, n in found]


def document(database: Database, name: str) -> Any:
    """A view that is one piece; None where it was not made."""
    with database.reading() as connection:
        found = connection.execute(sa.select(documents.c.body).where(documents.c.name == name)).scalar()
    return None if found is None else json.loads(found)


def counts(database: Database) -> dict[str, int]:
    """Rows of each view."""
    with database.reading() as connection:
        return {
            table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0)
            for table in (incidents, findings, observations, disclosed)
        }


def _layer(everything: bool) -> sa.Table:
    return incidents if everything else disclosed


_NULLS: Final = {
    table.name: dict.fromkeys(schema.names)
    for table, schema in ((incidents, INCIDENTS), (findings, FINDINGS), (observations, OBSERVATIONS))
}


def _row(raw: str, table: sa.Table) -> dict[str, Any]:
    """The whole row: what is absent from the JSON was null."""
    held: dict[str, Any] = json.loads(raw)
    return _NULLS.get(table.name, {}) | held


def _all(database: Database, query: sa.Select[Any]) -> list[dict[str, Any]]:
    (column,) = query.selected_columns
    with database.reading() as connection:
        return [_row(raw, column.table) for raw in connection.execute(query).scalars()]


def _with_state(database: Database, query: sa.Select[Any]) -> list[dict[str, Any]]:
    with database.reading() as connection:
        return [_row(found.row, findings) | {"state": found.state} for found in connection.execute(query)]
