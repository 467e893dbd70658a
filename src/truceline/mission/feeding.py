"""Ask feeds when they are due: only for what changed, more seldom after failures, and say what their revisions touch.

The bytes of an answer are imported like any file, so a row that a source revised supersedes its earlier form. What a source no
longer lists is not removed from anything: it is said, with the incidents, reviews, decisions and notices that rest on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from truceline import intake
from truceline.errors import EnvironmentFailure, TrucelineError
from truceline.intake.feeds import Feed
from truceline.log.files import write_durably
from truceline.mission import computing
from truceline.mission.importing import import_file
from truceline.mission.mission import Mission
from truceline.mission.views import Views
from truceline.records.kinds import Decision, Incidents, Notice, Review
from truceline.store import read_table

MOST_BYTES: Final = 512 << 20
LONGEST_WAIT_MS: Final = 24 * 3_600_000
TIMEOUT_S: Final = 60.0


@dataclass(slots=True)
class Fed:
    """What became of one question. `status`: new, unchanged, waiting (not due yet), failed."""

    feed: str
    part: str
    status: str
    accepted: int = 0
    superseded: int = 0
    duplicates: int = 0
    rejected: int = 0
    withdrawn: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    problem: str = ""
    next_ms: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def run_feeds(mission: Mission, feeds: Iterable[Feed], *, now: bool = False) -> list[Fed]:
    """Ask every feed that is due.

    Args:
        now: whether it is due or not.
    Raises:
        EnvironmentFailure: ENV-030 the extra `serve` is not installed, ENV-001, ENV-003. UsageError: MIS-003, MIS-020.
    """
    mission.refuse_record()
    client = _client()
    try:
        return [_ask(mission, client, feed, part, now) for feed in feeds for part in feed.parts]
    finally:
        client.close()


def _ask(mission: Mission, client: Any, feed: Feed, part: str, now: bool) -> Fed:
    path = mission.root / "state" / "feeds" / f"{feed.id}{f'-{part}' if part else ''}.json"
    state: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    clock = mission.clock_ms()
    if not now and clock < state.get("next_ms", 0):
        return Fed(feed.id, part, "waiting", next_ms=state["next_ms"])
    made = Fed(feed.id, part, "unchanged")
    try:
        for page in feed.pages:
            if not _page(mission, client, feed, part, page, state, made):
                break
        state |= {"failures": 0, "next_ms": clock + feed.every_min * 60_000}
    except _Failed as problem:
        failures = state.get("failures", 0) + 1
        wait = min(max(feed.every_min * 60_000 * 2 ** (failures - 1), problem.wait_ms), LONGEST_WAIT_MS)
        state |= {"failures": failures, "next_ms": clock + wait}
        made.status, made.problem = "failed", str(problem)
    made.next_ms = state["next_ms"]
    write_durably(path, json.dumps(state).encode())
    return made


def _page(
    mission: Mission, client: Any, feed: Feed, part: str, page: int, state: dict[str, Any], made: Fed
) -> bool:
    """One answer; whether to ask for the next page."""
    marks: dict[str, str] = state.setdefault("marks", {}).get(str(page), {})
    headers = {
        name: marks[held]
        for name, held in (("If-None-Match", "etag"), ("If-Modified-Since", "modified"))
        if held in marks
    }
    with tempfile.TemporaryDirectory(prefix="truceline-") as folder:
        prefix = "EXERCISE-" if mission.genesis.exercise else ""
        file = (
            Path(folder)
            / f"{prefix}{feed.id}{f'-{part}' if part else ''}{f'-{page}' if len(feed.pages) > 1 else ''}{feed.suffix}"
        )
        fresh = _fetch(client, feed, part, page, headers, file)
        if fresh is None:
            return len(feed.pages) > 1 and str(page + 1) in state["marks"]
        if len(feed.pages) > 1 and len(file.read_bytes().splitlines()) < 2:
            return False
        try:
            _take(mission, feed, file, state, made)
        except (TrucelineError, ValueError) as problem:
            if isinstance(problem, EnvironmentFailure):
                raise
            raise _Failed(str(problem)) from problem
        state["marks"][str(page)] = fresh
    return True


def _take(mission: Mission, feed: Feed, file: Path, state: dict[str, Any], made: Fed) -> None:
    done = import_file(mission, file, format=feed.format, mapping=feed.mapping, settings=dict(feed.settings))
    made.accepted += done.accepted
    made.superseded += done.superseded
    made.duplicates += done.duplicates
    made.rejected += done.rejected
    if done.accepted or done.superseded:
        made.status = "new"
    changed = (
        set(read_table(Views(mission).import_path(done.entry), ["obs_id"])["obs_id"].to_pylist())
        if done.superseded
        else set()
    )
    if feed.complete:
        listed = _ids(mission, file, feed)
        made.withdrawn = sorted(set(state.get("listed", ())) - listed)
        state["listed"] = sorted(listed)
        if made.withdrawn:
            made.status = "new"
    made.touched = sorted({*made.touched, *touched(mission, changed | set(made.withdrawn))})


def _ids(mission: Mission, file: Path, feed: Feed) -> set[str]:
    reader = intake.open_file(file, format=feed.format, mapping=feed.mapping, settings=_places(mission, feed))
    return {ident for chunk in reader for ident in chunk.observations["obs_id"].to_pylist()}


def _places(mission: Mission, feed: Feed) -> dict[str, Any]:
    known = intake.FORMATS.get(feed.format or "")
    return dict(feed.settings) | (
        {"geometry": mission.places()} if known and "geometry" in known.settings else {}
    )


def touched(mission: Mission, observations: set[str]) -> list[str]:
    """What rests on observations: `incident ID`, and every review, decision and notice about one, in words."""
    if not observations or not mission.of(Incidents):
        return []
    table = computing.newest_incidents(mission).table.select(["incident_id", "members"])
    hit = [row["incident_id"] for row in table.to_pylist() if observations & set(row["members"])]
    found = [f"incident {one}" for one in hit]

    def about(named: str) -> bool:
        return any(named == one or named.startswith(f"{one}/") for one in hit)

    found += [
        f"review {body.review_id} of {body.finding_id}"
        for _, body in mission.of(Review)
        if about(body.finding_id)
    ]
    found += [
        f"decision {body.decision_id} about {body.about}"
        for _, body in mission.of(Decision)
        if about(body.about)
    ]
    return found + [
        f"notice {body.notice_id}" for _, body in mission.of(Notice) if any(map(about, body.about))
    ]


class _Failed(Exception):
    """One question was not answered with a file; `wait_ms` is how long the source asks to wait."""

    def __init__(self, told: str, wait_ms: int = 0) -> None:
        super().__init__(told)
        self.wait_ms = wait_ms


def _fetch(
    client: Any, feed: Feed, part: str, page: int, headers: dict[str, str], file: Path
) -> dict[str, str] | None:
    """The answer in `file`, and the marks by which to ask whether it changed; None where it did not.

    Nothing that is said about a failure holds the address as it was asked, for a key may stand in it.
    """
    import httpx

    key, bearer = (os.environ.get(name, "") if name else "" for name in (feed.key_env, feed.bearer_env))
    for name, value in ((feed.key_env, key), (feed.bearer_env, bearer)):
        if name and not value:
            raise _Failed(f"the environment must hold {name}")
    told = headers | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    try:
        with (
            client.stream("GET", feed.address(part, page, key), headers=told) as answer,
            file.open("wb") as out,
        ):
            if answer.status_code == 304:
                return None
            if answer.status_code != 200:
                raise _Failed(
                    f"{feed.url}: answered {answer.status_code}",
                    _wait_ms(answer.headers.get("retry-after", "")),
                )
            size, sha = 0, hashlib.sha256()
            for piece in answer.iter_bytes():
                size += len(piece)
                if size > MOST_BYTES:
                    raise _Failed(f"{feed.url}: more than {MOST_BYTES >> 20} MiB")
                sha.update(piece)
                out.write(piece)
            names = (("etag", "etag"), ("modified", "last-modified"))
            return {held: answer.headers[name] for held, name in names if name in answer.headers} | {
                "sha256": sha.hexdigest()
            }
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        raise _Failed(f"{feed.url}: {type(problem).__name__}") from None


def _wait_ms(told: str) -> int:
    """Retry-After: seconds, or a date (RFC 9110)."""
    if told.isdecimal():
        return min(int(told), LONGEST_WAIT_MS // 1000) * 1000
    try:
        from truceline.mission.clock import now_ms

        return max(0, round(parsedate_to_datetime(told).timestamp() * 1000) - now_ms())
    except (ValueError, OverflowError):
        return 0


def _client() -> Any:
    try:
        import httpx
    except ModuleNotFoundError as problem:
        raise EnvironmentFailure(
            "ENV-030",
            "following feeds needs httpx",
            value=problem.name,
            remedy="Install it: pip install 'truceline[serve]'.",
        ) from problem
    return httpx.Client(timeout=TIMEOUT_S, follow_redirects=True, headers={"User-Agent": "truceline"})
