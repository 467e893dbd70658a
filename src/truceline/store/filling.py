"""Fill the views from columns: in one transaction, so that a reader sees the old state or the new one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa

from truceline.records.codes import VERDICTS
from truceline.store.database import Database
from truceline.store.schema import (
    disclosed,
    documents,
    findings,
    incidents,
    observations,
    places,
    settings,
    tallies,
)

AT_ONCE: Final = 5_000


def fill(
    database: Database, *, made_from: str, incident_table: pa.Table, finding_table: pa.Table, observation_table: pa.Table,
    disclosed_rows: Iterable[Mapping[str, Any]], day_of: Mapping[str, str], state_of: Mapping[str, str], papers: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Replace all views.

    Args:
        made_from: id of the entry that the views were made from; `made_from_of` reads it back.
        incident_table, finding_table, observation_table: `records.columns` INCIDENTS, FINDINGS, OBSERVATIONS.
        disclosed_rows: the disclosed form of the incidents, with `reporting_day`.
        day_of: incident id -> reporting day.
        state_of: finding id -> state of review; those that are absent are "alleged".
        papers: name -> what a page shows in one piece, as plain JSON.
    """
    alleged: dict[str, int] = {}
    for batch in finding_table.select(["incident_id", "verdict"]).to_batches():
        for incident_id, verdict in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            alleged[incident_id] = alleged.get(incident_id, 0) + (verdict == "breach")
    middle_of: dict[str, int] = {}
    holder: dict[str, str] = {}
    with database.writing() as connection:
        for table in (incidents, places, findings, observations, disclosed):
            connection.execute(sa.delete(table))

        def put(table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
            held: list[dict[str, Any]] = []
            for row in rows:
                held.append(row)
                if len(held) == AT_ONCE:
                    connection.execute(sa.insert(table), held)
                    held = []
            if held:
                connection.execute(sa.insert(table), held)

        def of_incidents() -> Iterator[dict[str, Any]]:
            for row in _rows(incident_table):
                ident = row["incident_id"]
                middle_of[ident] = row["midpoint_ms"]
                for name in row["members"]:
                    holder[name] = ident
                yield _chosen(row, incidents) | {
                    "reporting_day": day_of[ident], "alleged": alleged.get(ident, 0), "row": _lean(row),
                }  # fmt: skip

        def of_places() -> Iterator[dict[str, Any]]:
            for row in _rows(
                incident_table.select([c.name for c in places.columns if c.name != "reporting_day"])
            ):
                if None not in row.values():
                    yield row | {"reporting_day": day_of[row["incident_id"]]}

        def of_findings() -> Iterator[dict[str, Any]]:
            for row in _rows(finding_table):
                if row["verdict"] == VERDICTS[3]:
                    continue  # an article that says nothing about an incident makes no work
                yield _chosen(row, findings) | {
                    "midpoint_ms": middle_of[row["incident_id"]],
                    "state": state_of.get(row["finding_id"], "alleged"), "row": _lean(row),
                }  # fmt: skip

        put(incidents, of_incidents())
        put(places, of_places())
        put(findings, of_findings())
        put(
            observations,
            (
                _chosen(row, observations) | {"incident_id": holder.get(row["obs_id"]), "row": _lean(row)}
                for row in _rows(observation_table)
            ),
        )
        put(disclosed, (_chosen(row, disclosed) | {"row": _json(row)} for row in disclosed_rows))
        count(connection)
        connection.execute(sa.delete(documents))
        for name, body in (papers or {}).items():
            connection.execute(sa.insert(documents), {"name": name, "body": _json(body)})
        connection.execute(sa.delete(settings).where(settings.c.name == "made_from"))
        connection.execute(sa.insert(settings), {"name": "made_from", "value": made_from})


def count(connection: sa.Connection, days: Collection[str] | None = None) -> None:
    """Tally the incidents and the disclosed rows of these reporting days, or of all."""
    connection.execute(
        sa.delete(tallies) if days is None else sa.delete(tallies).where(tallies.c.reporting_day.in_(days))
    )
    for table in (incidents, disclosed):
        sector = sa.func.coalesce(table.c.sector_id, "")
        query = sa.select(
            sa.literal(table.name), table.c.reporting_day, table.c.word, sector, sa.func.count()
        )
        if days is not None:
            query = query.where(table.c.reporting_day.in_(days))
        query = query.group_by(table.c.reporting_day, table.c.word, sector)
        connection.execute(sa.insert(tallies).from_select(list(tallies.columns), query))


def change(
    database: Database, *, gone: Iterable[str], incident_table: pa.Table, finding_table: pa.Table, observation_table: pa.Table,
    day_of: Mapping[str, str], state_of: Mapping[str, str],
) -> None:  # fmt: skip
    """Put incidents that changed in the place of those that were; in one transaction. The disclosed rows stay as they are.

    Args:
        gone: ids that are no more. finding_table: all findings of the incidents of `incident_table`. Others as of `fill`.
    """
    rows = list(_rows(incident_table))
    told = [row for row in _rows(finding_table) if row["verdict"] != VERDICTS[3]]
    seen = {row["obs_id"]: row for row in _rows(observation_table)}
    holder = {name: row["incident_id"] for row in rows for name in row["members"]}
    alleged: dict[str, int] = {}
    for row in told:
        alleged[row["incident_id"]] = alleged.get(row["incident_id"], 0) + (row["verdict"] == "breach")
    middle_of = {row["incident_id"]: row["midpoint_ms"] for row in rows}
    replaced = sorted({*gone, *middle_of})
    with database.writing() as connection:
        before = {
            str(day)
            for first in range(0, len(replaced), 500)
            for day in connection.execute(
                sa.select(incidents.c.reporting_day).where(
                    incidents.c.incident_id.in_(replaced[first : first + 500])
                )
            ).scalars()
        }
        for first in range(0, len(replaced), 500):
            names = replaced[first : first + 500]
            connection.execute(sa.delete(incidents).where(incidents.c.incident_id.in_(names)))
            connection.execute(sa.delete(places).where(places.c.incident_id.in_(names)))
            connection.execute(sa.delete(findings).where(findings.c.incident_id.in_(names)))
        for first in range(0, len(seen), 500):
            ids = list(seen)[first : first + 500]
            connection.execute(sa.delete(observations).where(observations.c.obs_id.in_(ids)))
        if rows:
            connection.execute(
                sa.insert(incidents),
                [
                    _chosen(row, incidents)
                    | {
                        "reporting_day": day_of[row["incident_id"]], "alleged": alleged.get(row["incident_id"], 0),
                        "row": _lean(row),
                    }
                    for row in rows
                ],
            )  # fmt: skip
        placed = [_chosen(row, places) | {"reporting_day": day_of[row["incident_id"]]} for row in rows]
        placed = [one for one in placed if None not in one.values()]
        if placed:
            connection.execute(sa.insert(places), placed)
        if told:
            connection.execute(
                sa.insert(findings),
                [
                    _chosen(row, findings)
                    | {
                        "midpoint_ms": middle_of[row["incident_id"]], "row": _lean(row),
                        "state": state_of.get(row["finding_id"], "alleged"),
                    }
                    for row in told
                ],
            )  # fmt: skip
        if seen:
            connection.execute(
                sa.insert(observations),
                [
                    _chosen(row, observations) | {"incident_id": holder.get(name), "row": _lean(row)}
                    for name, row in seen.items()
                ],
            )
        count(connection, before | {day_of[row["incident_id"]] for row in rows})


def made_from(database: Database) -> str:
    """Id of the entry that the views were made from; empty before the first."""
    with database.reading() as connection:
        found = connection.execute(sa.select(settings.c.value).where(settings.c.name == "made_from")).scalar()
    return str(found or "")


def set_states(database: Database, states: Mapping[str, str]) -> None:
    """The states of review of findings, after reviews were recorded."""
    changed = sa.update(findings).where(findings.c.finding_id == sa.bindparam("name"))
    if states:
        with database.writing() as connection:
            connection.execute(
                changed.values(state=sa.bindparam("new")),
                [{"name": name, "new": state} for name, state in states.items()],
            )


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=AT_ONCE):
        yield from batch.to_pylist()


def _chosen(row: Mapping[str, Any], table: sa.Table) -> dict[str, Any]:
    return {column.name: row[column.name] for column in table.columns if column.name in row}


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _lean(row: Mapping[str, Any]) -> str:
    """Without nulls, which `reading` puts back: most columns of most observations are null."""
    return _json({name: value for name, value in row.items() if value is not None})
