"""The mission's desk: its log beside a database of views, for many people at once.

The log is the truth. `Desk.refresh` fills the views again when the log holds newer results; a review is recorded on the
log first, and the view follows. Acts are one at a time within this program, as the log has one sequencer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from truceline.errors import UsageError
from truceline.mission import computing, covering, reviewing
from truceline.mission.living import Changed, Living
from truceline.mission.mission import Mission, Recorded
from truceline.mission.views import Views
from truceline.records.kinds import Findings, Incidents
from truceline.report import reporting_date

if TYPE_CHECKING:
    import pyarrow as pa

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
        self._living: Living | None = None

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
            self.fill(
                self.database,
                computing.newest_incidents(self.mission).table,
                computing.newest_findings(self.mission).table,
            )
            self._living = None  # parameters may be others now
            return True

    def keep_up(self) -> bool:
        """Fuse what came since, live, for the mission's own screens; whether anything there changed.

        The first call fuses everything once. Where nothing was fused or assessed yet, or nothing can be opened, it does nothing.
        """
        mission = self.mission
        if mission.setting("record_only") or not mission.of(Findings) or not mission.vault.can_open:
            return False
        if self._living is None:
            living = Living(mission)
            changed: Changed | None = living.first
            self._living = living
        else:
            with self._lock:
                changed = self._living.take()
        if changed is None or not (changed.gone or changed.incidents.num_rows or changed.observations.num_rows):  # fmt: skip
            return False
        from truceline.store import filling

        with self._lock:
            filling.change(
                self.database, gone=changed.gone, incident_table=changed.incidents, finding_table=changed.findings,
                observation_table=changed.observations, day_of=self.reporting_days(changed.incidents),
                state_of=self._reviews.states(),
            )  # fmt: skip
        return True

    def review(self, finding_id: str, *, role: str, word: str, reason: str) -> str:
        """Record a review and say the state that it leads to. Raises as `review_many`."""
        return self.review_many([finding_id], role=role, word=word, reason=reason)[finding_id]

    def review_many(self, finding_ids: Sequence[str], *, role: str, word: str, reason: str) -> dict[str, str]:
        """Record one officer's word on a batch, all of it or nothing, and say the state of each.

        Raises:
            UsageError: MIS-100, MIS-101, MIS-221; MIS-102 one that does not stand.
        """
        from truceline.store import filling, reading, working

        with self._lock:
            for finding_id in finding_ids:
                if reading.finding(self.database, finding_id) is None:
                    raise UsageError(
                        "MIS-102", "a review must be of a finding that stands", where="finding_id", value=finding_id,
                        remedy="It may have been fused anew: look it up in the queue.",
                    )  # fmt: skip
            reviewing.review_many(
                self._reviews, self.mission, finding_ids, role=role, word=word, reason=reason
            )
            states = {name: self._reviews.state(name) for name in finding_ids}
            filling.set_states(self.database, states)
            working.leave(self.database, list(states))
            return states

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

    def fill(self, database: Database, incidents: pa.Table, findings: pa.Table) -> None:
        """Fill the views of a database from the newest results of the log, which the caller has at hand."""
        from truceline.store import filling

        mission = self.mission
        newest = mission.of(Findings)[-1][0].id
        fused = next(
            body for entry, body in mission.of(Incidents) if entry.id == mission.of(Findings)[-1][1].incidents
        )
        observations = Views(mission).observed().observations
        filling.fill(
            database, made_from=newest, incident_table=incidents, finding_table=findings, observation_table=observations,
            disclosed_rows=computing.read_shown(mission, fused), day_of=self.reporting_days(incidents),
            state_of=self._reviews.states(), papers={"coverage": covering.told(mission, incidents, observations)},
        )  # fmt: skip

    def reporting_days(self, incidents: Any) -> Mapping[str, str]:
        """incident id -> local reporting date, as the mission's cutoff and zone have it."""
        cutoff, zone = (str(self.mission.setting(f"reporting_{name}")) for name in ("cutoff", "zone"))
        middles = incidents["midpoint_ms"].to_pylist()
        return {
            name: reporting_date(at, cutoff, zone)
            for name, at in zip(incidents["incident_id"].to_pylist(), middles, strict=True)
        }
