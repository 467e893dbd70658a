"""The mission server under load: pages and the map's data over a store of many incidents, readers and writers at once.

The store is that of a small exercise, its rows repeated day after day up to the size asked for; the server runs in a
process of its own with one worker, as `truceline serve` starts it, and readers and writers in this one.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.mission.desk import Desk
from truceline.mission.exercise import run_exercise
from truceline.mission.staff import add_account

PAGE_GOAL_S: Final = 0.1
MAP_GOAL_S: Final = 3.0
EACH: Final = 40
"""Requests of each page, one after another, from which its distribution is told."""
PAUSE_S: Final = 10.0
"""A reader asks for a page every so often, a writer acts every so often."""
DAY_MS: Final = 86_400_000
ACCOUNTS: Final[dict[str, dict[str, str]]] = {
    "officer": {"role": "officer", "signs_as": "officer-1"}, "second": {"role": "officer", "signs_as": "officer-2"},
    "auditor": {"role": "auditor"}, "liaison": {"role": "liaison", "party": "party-1"},
    "other": {"role": "liaison", "party": "party-2"}, "mediator": {"role": "mediator", "signs_as": "mediator-1"},
}  # fmt: skip
Say = Callable[[str, float], None]


@dataclass(slots=True)
class Load:
    """What a load run saw: seconds of each request by route, and what failed."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def run(
    incidents: int, readers: int, writers: int, seconds: float, folder: Path | None, url: str | None, say: Say
) -> dict[str, Any]:
    """Measure; what was made for it is removed, but for the tables of a database that `url` names.

    Args:
        incidents: in the store; about five times as many observations.
        readers, writers: at once, each asking or acting every `PAUSE_S` seconds, for `seconds`.
        folder: on the disk to be measured; the temporary folder unless given.
        url: database to hold the views, as for `truceline serve`; the mission's own file unless given.
    Returns:
        {"results": [{what, unit, n, p50, p95, p99, most, goal, met}], "store", "load", "within_goals"}.
    Raises:
        EnvironmentFailure: ENV-040, ENV-041. ModuleNotFoundError: the extra `serve` is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="truceline-bench-", dir=folder) as name:
        root, password = Path(name) / "EXERCISE-mission", secrets.token_hex(16)
        say("an exercise", 0.0)
        run_exercise(root, formats=("html", "csv"), scale=0.3)
        store = _fill(root, url, incidents, password, say)
        say("starting the server", 0.35)
        with _server(root, url) as (address, process):
            told = asyncio.run(_drive(address, store, password, readers, writers, seconds, say))
            told["load"]["server_peak_bytes"] = _peak(process.pid)
        return {"incidents": incidents, "store": {k: v for k, v in store.items() if k != "open"}} | told


def _fill(root: Path, url: str | None, incidents: int, password: str, say: Say) -> dict[str, Any]:
    """Accounts, and the store: the exercise's rows again and again, each time some days earlier."""
    from truceline.mission import computing
    from truceline.mission.views import Views
    from truceline.store import filling, reading

    desk = Desk(root, None, url)
    try:
        desk.refresh(again=True)
        for name, more in ACCOUNTS.items():
            add_account(desk, name=name, password=password, **more)
        own, found = computing.newest_incidents(desk.mission), computing.newest_findings(desk.mission).table
        held, table = Views(desk.mission).observed().observations, own.table
        shown = computing.read_shown(desk.mission, own.entry.body)  # type: ignore[arg-type]
        table, held = _thicker(table, held)
        day_of = desk.reporting_days(table)
        middles = table["midpoint_ms"].to_numpy()
        span = (int(middles.max() - middles.min()) // DAY_MS + 1) * DAY_MS
        times = max(1, round(incidents / table.num_rows))
        say(f"filling the store with {times * table.num_rows:,} incidents", 0.05)
        began = time.perf_counter()
        filling.fill(
            desk.database, made_from=filling.made_from(desk.database), state_of={},
            incident_table=_repeated(table, times, span), finding_table=_repeated(found, times, span),
            observation_table=_repeated(held, times, span),
            disclosed_rows=(
                row | {"incident_id": f"{row['incident_id']}{_mark(n)}", "reporting_day": _earlier(row["reporting_day"], n * span)}
                for n in range(times) for row in shown
            ),
            day_of={f"{name}{_mark(n)}": _earlier(day, n * span) for n in range(times) for name, day in day_of.items()},
        )  # fmt: skip
        filled = time.perf_counter() - began
        every = reading.days(desk.database, everything=True)
        return {
            "open": [one["finding_id"] for one in reading.queue(desk.database, states=("alleged",), limit=500)],
            "first": every[0][0], "last": every[-1][0], "fill_seconds": round(filled, 1),
            "file_bytes": 0 if url else sum(one.stat().st_size for one in (root / "views").glob("desk.sqlite*")),
            "database": "sqlite" if desk.database.is_sqlite else "postgresql", "fill_peak_bytes": _peak(os.getpid()),
        } | reading.counts(desk.database)  # fmt: skip
    finally:
        desk.close()


def _thicker(incidents: pa.Table, observations: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The same with five observations an incident: members are repeated under other ids."""
    more = max(1, round(5 * incidents.num_rows / observations.num_rows))
    names = [f"-{n}" if n else "" for n in range(more)]
    members = [[f"{one}{name}" for one in row for name in names] for row in incidents["members"].to_pylist()]
    at = incidents.schema.get_field_index("members")
    thick = incidents.set_column(at, incidents.schema.field(at), [members])
    copies = [_suffixed(observations, "obs_id", name) for name in names]
    return thick, pa.concat_tables(copies)


def _repeated(table: pa.Table, times: int, span_ms: int) -> pa.Table:
    """The table again and again: ids marked, times shifted by whole days."""
    return pa.concat_tables([_moved(table, n, span_ms) for n in range(times)])


def _moved(table: pa.Table, n: int, span_ms: int) -> pa.Table:
    made = table
    for at, one in enumerate(table.schema):
        if pa.types.is_int64(one.type) and one.name.endswith("_ms"):
            made = made.set_column(at, one, pc.subtract(made[one.name], n * span_ms))
        elif one.name in ("incident_id", "obs_id", "members", "contradicts", "copies", "supports"):
            made = _suffixed(made, one.name, _mark(n))
    if "finding_id" in table.column_names:
        ids = pc.binary_join_element_wise(made["incident_id"], made["article"], "/")
        made = made.set_column(
            table.schema.get_field_index("finding_id"), table.schema.field("finding_id"), ids
        )
    return made


def _suffixed(table: pa.Table, name: str, mark: str) -> pa.Table:
    at, column = table.schema.get_field_index(name), table[name].combine_chunks()
    if pa.types.is_list(column.type):
        values = pc.binary_join_element_wise(column.flatten(), mark, "")
        column = pa.ListArray.from_arrays(column.offsets, values)
    else:
        column = pc.binary_join_element_wise(column, mark, "")
    return table.set_column(at, table.schema.field(at), column)


def _mark(n: int) -> str:
    return f".{n}" if n else ""


def _earlier(day: str, by_ms: int) -> str:
    return str(np.datetime64(day) - np.timedelta64(by_ms // DAY_MS, "D"))


@contextmanager
def _server(root: Path, url: str | None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`truceline serve` in a process of its own, until the end."""
    command = [
        sys.executable,
        "-m",
        "truceline",
        "serve",
        str(root),
        "--port",
        "0",
        *(["--database", url] if url else []),
    ]
    with (root.parent / "server.log").open("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - our own program
        try:
            for _ in range(600):
                time.sleep(0.1)
                log.seek(0)
                text = log.read()
                address = re.search(r"http://127\.0\.0\.1:\d+", text)
                if address:
                    break
                if process.poll() is not None:
                    raise RuntimeError(f"the server ended: {text[-2000:]}")
            else:
                raise RuntimeError(f"the server did not start: {text[-2000:]}")
            yield address.group(), process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()


async def _drive(
    address: str, store: dict[str, Any], password: str, readers: int, writers: int, seconds: float, say: Say
) -> dict[str, Any]:
    import httpx

    limits = httpx.Limits(max_connections=readers + writers + 10)
    cookies: dict[str, dict[str, str]] = {"public": {}}
    forms: dict[str, str] = {}
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        for name in ACCOUNTS:
            answer = await client.post("/login", data={"name": name, "password": password})
            cookies[name] = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
            client.cookies.clear()
            shown = await client.get("/account", headers=cookies[name])
            token = re.search(r'name="csrf" value="([^"]+)"', shown.text)
            forms[name] = token[1] if token else ""
        pages = _pages(store)
        said = Load()
        await _one(client, said, "warm up", "/", cookies["officer"])
        for n, (name, who, path) in enumerate(pages):
            say(name, 0.4 + 0.2 * n / len(pages))
            for _ in range(EACH):
                await _one(client, said, name, path, cookies[who])
        results = [
            _line(name, said.seconds.get(name, []), MAP_GOAL_S if name.startswith("map") else PAGE_GOAL_S)
            for name, _, _ in pages
        ]
        say(f"{readers} readers and {writers} writers for {seconds:.0f} s", 0.6)
        load = Load()
        ends = time.monotonic() + seconds
        work: list[Awaitable[None]] = [
            _read(client, load, [(name, path, cookies[who]) for name, who, path in pages], n, ends)
            for n in range(readers)
        ]
        findings = store["open"]
        for n in range(writers):
            who = ("officer", "second")[n % 2]
            work.append(
                _write(
                    client,
                    load,
                    findings[n // 2 :: max(1, -(-writers // 2))],
                    cookies[who] | {"x-csrf-token": forms[who]},
                    n,
                    ends,
                )
            )
        await asyncio.gather(*work)
    results += [_line(f"{name}, under load", took, None) for name, took in sorted(load.seconds.items())]
    errors = said.errors + load.errors
    results.append({"what": "requests that failed", "unit": "", "n": sum(map(len, load.seconds.values())), "p50": None,
                    "p95": None, "p99": None, "most": len(errors), "goal": 0, "met": not errors})  # fmt: skip
    return {
        "results": results, "within_goals": all(one["met"] is not False for one in results),
        "load": {"readers": readers, "writers": writers, "seconds": seconds, "errors": errors[:20]},
    }  # fmt: skip


def _pages(store: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(what, who asks, path)."""
    last = store["last"]
    finding = store["open"][0]
    incident = finding.rpartition("/")[0]
    week = str(np.datetime64(last) - np.timedelta64(6, "D"))
    return [
        ("situation, officer", "officer", "/"), ("situation, public", "public", "/"),
        ("incidents", "officer", "/incidents"), ("incidents, of a word", "officer", "/incidents?word=confirmed"),
        ("incidents, public", "public", "/incidents"), ("incident", "officer", f"/incidents/{incident}"),
        ("queue", "officer", "/queue"), ("notices", "liaison", "/notices"), ("statements", "mediator", "/statements"),
        ("agreement", "public", "/agreement"), ("plan", "public", "/plan"), ("reports", "public", "/reports"),
        ("log", "public", "/log"), ("timeline's data", "officer", "/data/days"),
        ("map's data, a week", "officer", f"/data/places?day_from={week}&day_to={last}"),
        ("map's data, all days", "officer", f"/data/places?day_from={store['first']}&day_to={last}"),
        ("map's sectors, all days", "public", f"/data/sectors?day_from={store['first']}&day_to={last}"),
        ("API, 500 incidents", "officer", "/api/v1/incidents?limit=500"),
    ]  # fmt: skip


async def _one(
    client: Any, load: Load, name: str, path: str, headers: dict[str, str], data: dict[str, str] | None = None
) -> None:
    import httpx

    began = time.perf_counter()
    try:
        answer = await (
            client.get(path, headers=headers)
            if data is None
            else client.post(path, headers=headers, data=data)
        )
        if answer.status_code not in (200, 303):
            load.errors.append(f"{name}: {answer.status_code} {answer.text[:200]}")
    except httpx.HTTPError as problem:
        load.errors.append(f"{name}: {problem!r}")
    load.seconds.setdefault(name, []).append(time.perf_counter() - began)


async def _read(
    client: Any, load: Load, pages: list[tuple[str, str, dict[str, str]]], n: int, ends: float
) -> None:
    """One reader: a page every so often, each reader beginning elsewhere."""
    light = [one for one in pages if "all days" not in one[0]]
    await asyncio.sleep(PAUSE_S * ((n * 0.618) % 1))
    turn = n
    while time.monotonic() < ends:
        began = time.monotonic()
        await _one(client, load, *light[turn % len(light)])
        turn += 1
        await asyncio.sleep(max(0.0, min(PAUSE_S - (time.monotonic() - began), ends - time.monotonic())))


async def _write(
    client: Any, load: Load, findings: list[str], headers: dict[str, str], n: int, ends: float
) -> None:
    """One writer: a review every so often."""
    await asyncio.sleep(PAUSE_S * ((n * 0.618) % 1))
    for finding_id in findings * 50:
        if time.monotonic() >= ends:
            return
        began = time.monotonic()
        said = {"finding_id": finding_id, "word": "verified", "reason": "EXERCISE: read in a load test"}
        await _one(client, load, "review", "/findings/review", headers, said)
        await asyncio.sleep(max(0.0, min(PAUSE_S - (time.monotonic() - began), ends - time.monotonic())))


def _line(what: str, took: list[float], goal: float | None) -> dict[str, Any]:
    p50, p95, p99, most = (float(one) for one in np.quantile(took or [0.0], (0.5, 0.95, 0.99, 1.0)))
    return {"what": what, "unit": "s", "n": len(took), "p50": p50, "p95": p95, "p99": p99, "most": most,
            "goal": goal, "met": None if goal is None else p95 <= goal}  # fmt: skip


def _peak(pid: int) -> int:
    """Peak resident bytes of a process; 0 where the system does not tell."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return 0
