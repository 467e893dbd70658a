"""The mission's desk: its log beside a database of views, for many people at once.

The log is the truth. `Desk.refresh` fills the views again when the log holds newer results; a review is recorded on the
log first, and the view follows. Acts are one at a time within this program, as the log has one sequencer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from truceline.errors import UsageError
from truceline.mission import computing, reviewing
from truceline.mission.mission import Mission, Recorded
from truceline.mission.views import Views
from truceline.records.kinds import Findings
from truceline.report import reporting_date

if TYPE_CHECKING:
    from truceline.store.database import Database

P = ParamSpec("P")
R = TypeVar("R")


class Desk:
    """One mission and its database."""

    def __init__(self, root: Path, keys: Path | None = None, url: str | None = None) -> None:
        """Open both; the database is a file among the views unless `url` names another.

        Raises:
            NotAMission: MIS-002, MIS-006. EnvironmentFailure: ENV-040, ENV-041. LogError: the log was altered.
        """
        from truceline.store.database import Database, sqlite_url

        self.mission = Mission.open(root, keys)
        (root / "views").mkdir(exist_ok=True)
        self.database: Database = Database(url or sqlite_url(root / "views" / "desk.sqlite"))
        self._lock = threading.RLock()
        self._reviews = reviewing.Reviews(self.mission)

    def close(self) -> None:
        """Give back the database."""
        self.database.close()

    def refresh(self, *, again: bool = False) -> bool:
        """Fill the views when the log holds newer findings; whether they were filled.

        Args:
            again: fill them though they are current.
        """
        from truceline.store import filling

        with self._lock:
            with self.mission.log.writing():
                pass  # hold what other programs appended
            done = self.mission.of(Findings)
            if not done:
                return False
            newest = done[-1][0].id
            if not again and filling.made_from(self.database) == newest:
                return False
            self._fill(newest)
            return True

    def review(self, finding_id: str, *, role: str, word: str, reason: str) -> str:
        """Record a review and say the state that it leads to.

        Raises:
            UsageError: MIS-100, MIS-101, MIS-102 no such finding.
        """
        from truceline.store import filling, reading

        with self._lock:
            if reading.finding(self.database, finding_id) is None:
                raise UsageError(
                    "MIS-102", "a review must be of a finding that stands", where="finding_id", value=finding_id,
                    remedy="It may have been fused anew: look it up in the queue.",
                )  # fmt: skip
            reviewing.review(self._reviews, self.mission, finding_id, role=role, word=word, reason=reason)
            state = self._reviews.state(finding_id)
            filling.set_state(self.database, finding_id, state)
            return state

    def act(
        self, use_case: Callable[Concatenate[Mission, P], R], /, *arguments: P.args, **named: P.kwargs
    ) -> R:
        """Run one act of a person on the mission; one at a time within this program."""
        with self._lock:
            return use_case(self.mission, *arguments, **named)

    @contextmanager
    def alone(self) -> Iterator[Mission]:
        """The mission, while nobody else of this program acts in it."""
        with self._lock:
            yield self.mission

    def reviews(self, finding_id: str) -> list[tuple[Recorded, Any]]:
        """All reviews of one finding, in the order of the log."""
        with self._lock:
            return self._reviews.of(finding_id)

    def places(self, day_from: str, day_to: str) -> dict[str, list[Any]]:
        """Uncertain places over whole reporting days as columns, with covariances; the mission's own map draws them."""
        from truceline.store import reading

        return reading.map_places(self.database, day_from, day_to)

    def _fill(self, newest: str) -> None:
        from truceline.store import filling

        incidents = computing.newest_incidents(self.mission)
        findings = computing.newest_findings(self.mission)
        shown = computing.read_shown(self.mission, incidents.entry.body)  # type: ignore[arg-type]
        filling.fill(
            self.database, made_from=newest, incident_table=incidents.table, finding_table=findings.table,
            observation_table=Views(self.mission).observed().observations, disclosed_rows=shown,
            day_of=self.reporting_days(incidents.table), state_of=self._reviews.states(),
        )  # fmt: skip

    def reporting_days(self, incidents: Any) -> Mapping[str, str]:
        """incident id -> local reporting date, as the mission's cutoff and zone have it."""
        cutoff, zone = (str(self.mission.setting(f"reporting_{name}")) for name in ("cutoff", "zone"))
        middles = incidents["midpoint_ms"].to_pylist()
        return {
            name: reporting_date(at, cutoff, zone)
            for name, at in zip(incidents["incident_id"].to_pylist(), middles, strict=True)
        }
