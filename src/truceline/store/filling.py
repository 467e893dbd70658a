"""Fill the views from columns: in one transaction, so that a reader sees the old state or the new one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa

from truceline.records.codes import VERDICTS
from truceline.store.database import Database
from truceline.store.schema import disclosed, findings, incidents, observations, places, settings, tallies

AT_ONCE: Final = 5_000


def fill(
    database: Database, *, made_from: str, incident_table: pa.Table, finding_table: pa.Table, observation_table: pa.Table,
    disclosed_rows: Iterable[Mapping[str, Any]], day_of: Mapping[str, str], state_of: Mapping[str, str],
) -> None:  # fmt: skip
    """Replace all views.

    Args:
        made_from: id of the entry that the views were made from; `made_from_of` reads it back.
        incident_table, finding_table, observation_table: `records.columns` INCIDENTS, FINDINGS, OBSERVATIONS.
        disclosed_rows: the disclosed form of the incidents, with `reporting_day`.
        day_of: incident id -> reporting day.
        state_of: finding id -> state of review; those that are absent are "alleged".
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


def made_from(database: Database) -> str:
    """Id of the entry that the views were made from; empty before the first."""
    with database.reading() as connection:
        found = connection.execute(sa.select(settings.c.value).where(settings.c.name == "made_from")).scalar()
    return str(found or "")


def set_state(database: Database, finding_id: str, state: str) -> None:
    """The state of review of one finding, after a review was recorded."""
    with database.writing() as connection:
        connection.execute(sa.update(findings).where(findings.c.finding_id == finding_id).values(state=state))


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
