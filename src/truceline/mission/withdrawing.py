"""Observations that no longer stand: an officer withdraws them on the word of their source, or takes that back.

They stay on the log, and what was computed from them replays. A newer version of one that its source sends afterwards
stands again, for that is what the source says now.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from truceline.errors import UsageError
from truceline.mission.clock import iso
from truceline.mission.grouping import withdrawals
from truceline.mission.mission import Mission, Recorded
from truceline.mission.regrouping import Wanted, said_why, sign
from truceline.mission.views import Views
from truceline.records.kinds import Withdrawal


def withdraw(mission: Mission, obs_ids: Sequence[str], *, role: str, reason: str) -> Recorded:
    """These observations no longer stand.

    Raises:
        UsageError: as `judged`; MIS-003 the key is not here, MIS-007, MIS-020.
    """
    return sign(mission, judged(mission, obs_ids, role=role, reason=reason))


def restore(mission: Mission, withdrawal_id: str, *, role: str, reason: str) -> Recorded:
    """A withdrawal holds no longer. Raises as `withdraw`."""
    return sign(mission, judged(mission, (), role=role, reason=reason, undoes=withdrawal_id))


def judged(
    mission: Mission, obs_ids: Sequence[str], *, role: str, reason: str, undoes: str = "", withdrawal_id: str = "", at: str = ""
) -> Wanted:  # fmt: skip
    """The act with everything that it must name; nothing is written.

    Raises:
        UsageError: MIS-240 who may not, MIS-241 no reason, MIS-246 an observation that does not stand, MIS-247 nothing to
            restore, MIS-020. EvidenceError: EVI-011.
    """
    mission.refuse_record()
    reason = said_why(mission, role, reason)
    mark = "EXERCISE-" if mission.genesis.exercise else ""
    name = withdrawal_id or f"{mark}withdrawal-{1 + len(mission.of(Withdrawal)):04d}"
    when = at or iso(mission.clock_ms())
    if undoes:
        standing = [one.name for one in withdrawals(mission) if one.stands]
        if undoes not in standing:
            raise UsageError(
                "MIS-247", "only a withdrawal that stands can be taken back", where="undoes", value=undoes,
                remedy=f"These stand: {', '.join(standing[-20:]) or 'none yet'}.",
            )  # fmt: skip
        return Wanted(name, "restore", (), reason, role, when, undoes)
    wanted = sorted(set(obs_ids))
    held = Views(mission).observed().observations.column("obs_id")
    known = pc.is_in(pa.array(wanted, pa.string()), value_set=held.combine_chunks()).to_pylist()
    unknown = [obs for obs, here in zip(wanted, known, strict=True) if not here]
    if unknown or not wanted:
        raise UsageError(
            "MIS-246", "a withdrawal must name observations that stand", where="obs_ids", value=unknown[0] if unknown else "nothing",
            remedy="Give their obs_id; what was withdrawn or set aside stands no longer.",
        )  # fmt: skip
    return Wanted(name, "withdraw", (tuple(wanted),), reason, role, when)
