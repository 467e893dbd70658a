"""A fusion that stands and is brought up to date: what is added, corrected or withdrawn touches only its own days.

Observations and incidents are kept by blocks of days. An update fuses the days around what changed, with a margin. What
it finds at the far ends of these days must be what stood there before: then the change has not reached so far, and the
rest cannot differ. Where it is not, the days are doubled. Under one set of parameters the result is that of fusing
everything again, and a test says so. Copies and their originals, and what officers said of, are fused together however far
apart in time they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import FusionError
from truceline.fusion.assembly import Assembled
from truceline.fusion.constraints import Constraint, observed_in
from truceline.fusion.fuse import fuse
from truceline.fusion.parameters import Parameters
from truceline.fusion.tiling import DAY_MS, middles_ms, owned
from truceline.geo.lines import Line
from truceline.geo.points import Int64Array
from truceline.geo.sectors import Sectors
from truceline.records.parties import Alignment

REACH_DAYS: Final = 2
RIM_DAYS: Final = 1
MARGIN_DAYS: Final = 2
RANK: Final = "rank"


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """One day: the observations whose middle lies in it (with their ranks), and the incidents whose lowest is among them."""

    observations: pa.Table
    made: Assembled


class Standing:
    """Incidents that are kept up to date.

    Attributes:
        parameters: with what was taken from the whole; they stay, and a new set needs a new fusion.
        compared: days before and after the last change that were fused again.
    """

    def __init__(
        self, observations: pa.Table, *, origin: Int64Array, parameters: Parameters, line: Line | None = None,
        sectors: Sectors | None = None, alignments: tuple[Alignment, ...] = (), exposure: pa.Table | None = None,
        constraints: Sequence[Constraint] = (),
    ) -> None:  # fmt: skip
        """Fuse everything once.

        Raises:
            FusionError: as `fuse`.
        """
        self._known: dict[str, Any] = {
            "line": line, "sectors": sectors, "alignments": alignments, "exposure": exposure,
            "constraints": tuple(constraints),
        }  # fmt: skip
        whole = fuse(observations, origin=origin, parameters=parameters, **self._known)
        self.parameters = whole.parameters
        self.compared = (0, 0)
        table = observations.append_column(RANK, pa.array(np.asarray(origin, dtype=np.int64)))
        self._day_of: dict[str, int] = {}
        self._blocks: dict[int, _Block] = {}
        self._kin: dict[str, set[str]] = {}
        self._relate(observations, constraints)
        day = middles_ms(table) // DAY_MS
        self._put(table, day, Assembled(whole.incidents, whole.membership), np.unique(day).tolist())

    @property
    def incidents(self) -> pa.Table:
        """`records.columns.INCIDENTS`, by the day and then the order of their lowest observations."""
        return pa.concat_tables([block.made.incidents for _, block in sorted(self._blocks.items())])

    @property
    def membership(self) -> pa.Table:
        """`assembly.MEMBERSHIP`, by day."""
        return pa.concat_tables([block.made.membership for _, block in sorted(self._blocks.items())])

    @property
    def observations(self) -> pa.Table:
        """What stands, by day, with the column `rank`."""
        return pa.concat_tables([block.observations for _, block in sorted(self._blocks.items())])

    def update(
        self, added: pa.Table | None = None, *, origin: Int64Array | None = None, withdrawn: Iterable[str] = (),
        constraints: Sequence[Constraint] = (),
    ) -> None:  # fmt: skip
        """Bring the incidents up to date.

        Args:
            added: observations that are new or correct one of the same obs_id. origin: their ranks on the log.
            withdrawn: obs_ids that no longer stand.
            constraints: what officers decided since.
        Raises:
            FusionError: as `fuse`; FUS-008, an observation to withdraw, or one of a constraint, is not here.
        """
        gone = set(withdrawn)
        new = added.column("obs_id").to_pylist() if added is not None else []
        for name in sorted(gone | {obs for one in constraints for obs in observed_in(one)}):
            if name not in self._day_of and name not in new:
                raise FusionError(
                    "FUS-008", "an observation that is withdrawn or named in a constraint must be here",
                    where="update", value=name, remedy="Give the obs_id as it was fused.",
                )  # fmt: skip
        self._relate(added, constraints)
        touched = self._family(gone | set(new) | {obs for one in constraints for obs in observed_in(one)})
        days = {self._day_of[name] for name in touched if name in self._day_of}
        fresh = None
        if added is not None and added.num_rows:
            ranks = (
                np.zeros(added.num_rows, dtype=np.int64)
                if origin is None
                else np.asarray(origin, dtype=np.int64)
            )
            fresh = added.append_column(RANK, pa.array(ranks))
            days |= set((middles_ms(added) // DAY_MS).tolist())
        if not days:
            return
        self._known["constraints"] = (*self._known["constraints"], *constraints)
        replaced = gone | {name for name in new if name in self._day_of}
        self._bring(min(days), max(days), fresh, replaced)
        for name in gone - set(new):
            del self._day_of[name]

    def _relate(self, observations: pa.Table | None, constraints: Sequence[Constraint]) -> None:
        """Remember which observations must be fused together wherever they are."""
        groups = [observed_in(one) for one in constraints]
        if observations is not None:
            copies = observations.filter(
                pc.fill_null(pc.not_equal(observations.column("copy_of"), ""), False)
            )
            groups += zip(*(copies.column(name).to_pylist() for name in ("obs_id", "copy_of")), strict=True)
        for names in groups:
            for one in names:
                self._kin.setdefault(one, set()).update(names)

    def _family(self, names: Iterable[str]) -> set[str]:
        """These observations and all that are tied to them."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self._kin.get(one, ()))
        return found

    def _covering(self, first: int, last: int) -> tuple[int, int]:
        """Days from `first` to `last`, and those of whatever officers tied to an observation between them."""
        grew = True
        while grew:
            grew = False
            for one in self._known["constraints"]:
                at = [self._day_of[obs] for obs in observed_in(one) if obs in self._day_of]
                if at and min(at) <= last and max(at) >= first and not first <= min(at) <= max(at) <= last:
                    first, last, grew = min(first, *at), max(last, *at), True
        return first, last

    def _afar(self, part: pa.Table, replaced: set[str]) -> list[pa.Table]:
        """Copies of what is in the part, and originals of its copies, that stand on other days."""
        here = set(part.column("obs_id").to_pylist())
        wanted: dict[int, list[str]] = {}
        for obs in self._family(self._kin.keys() & here) - here - replaced:
            if obs in self._day_of:
                wanted.setdefault(self._day_of[obs], []).append(obs)
        return [
            table.filter(pc.is_in(table.column("obs_id"), value_set=pa.array(sorted(names))))
            for table, names in ((self._blocks[day].observations, names) for day, names in sorted(wanted.items()))
        ]  # fmt: skip

    def _bring(self, first: int, last: int, fresh: pa.Table | None, replaced: set[str]) -> None:
        reach = REACH_DAYS
        known = sorted(self._blocks)
        while True:
            low, high = self._covering(first - reach, last + reach)
            outer = range(low - MARGIN_DAYS, high + MARGIN_DAYS + 1)
            held = [self._blocks[day].observations for day in known if outer[0] <= day <= outer[-1]]
            part = pa.concat_tables([*held, *((fresh,) if fresh is not None and not replaced else ())])
            if replaced:
                part = part.filter(
                    pc.invert(pc.is_in(part.column("obs_id"), value_set=pa.array(sorted(replaced))))
                )
                part = pa.concat_tables([part, *((fresh,) if fresh is not None else ())])
            part = pa.concat_tables([part, *self._afar(part, replaced)]).combine_chunks()
            found = fuse(
                part.drop_columns([RANK]), origin=part.column(RANK).to_numpy(), parameters=self.parameters, tile_days=0,
                **self._known,
            )  # fmt: skip
            made = Assembled(found.incidents, found.membership)
            whole = low - MARGIN_DAYS <= known[0] and high + MARGIN_DAYS >= known[-1]
            if whole or self._rim_holds(made, part, low, first, last, high):
                break
            reach *= 2
        self.compared = (first - low, high - last)
        day = middles_ms(part) // DAY_MS
        inner = [d for d in np.unique(day).tolist() if low <= d <= high]
        for gone in [d for d in self._blocks if low <= d <= high and d not in inner]:
            del self._blocks[gone]
        self._put(part, day, made, inner)

    def _rim_holds(self, made: Assembled, part: pa.Table, low: int, first: int, last: int, high: int) -> bool:
        """Whether the days at both ends came out as they stood."""
        days = [
            d
            for d in (*range(low, low + RIM_DAYS), *range(high - RIM_DAYS + 1, high + 1))
            if d < first or d > last
        ]
        for day in days:
            again = owned(made, part, lambda at, day=day: at // DAY_MS == day)  # type: ignore[misc]
            before = self._blocks.get(day)
            if before is None:
                if again.incidents.num_rows:
                    return False
            elif not again.incidents.equals(before.made.incidents):
                return False
        return True

    def _put(self, table: pa.Table, day: Int64Array, made: Assembled, days: list[int]) -> None:
        """Cut observations and incidents into blocks."""
        ids = table.column("obs_id").combine_chunks()
        order = np.argsort(day, kind="stable")
        ordered = table.take(pa.array(order))
        starts = np.searchsorted(day[order], days), np.searchsorted(day[order], days, side="right")
        home = np.asarray(pc.index_in(made.incidents.column("incident_id"), value_set=ids)).astype(np.int64)
        by_incident = day[home]
        place = made.incidents.take(pa.array(np.argsort(by_incident, kind="stable")))
        cuts = np.sort(by_incident)
        member = made.membership.column("incident_id")
        named = pc.if_else(member.is_null(), made.membership.column("obs_id"), member)
        by_member = day[np.asarray(pc.index_in(named, value_set=ids)).astype(np.int64)]
        members = made.membership.take(pa.array(np.argsort(by_member, kind="stable")))
        member_cuts = np.sort(by_member)
        for number, (low, high) in enumerate(zip(*starts, strict=True)):
            one = days[number]
            a, b = np.searchsorted(cuts, [one, one + 1])
            c, d = np.searchsorted(member_cuts, [one, one + 1])
            self._blocks[one] = _Block(
                ordered.slice(low, high - low), Assembled(place.slice(a, b - a), members.slice(c, d - c))
            )
        inside = np.isin(day, days)
        self._day_of.update(zip(ids.filter(pa.array(inside)).to_pylist(), day[inside].tolist(), strict=True))
