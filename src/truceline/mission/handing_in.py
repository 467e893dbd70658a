"""Acts that several sign, or that somebody signs elsewhere: prepared, countersigned, handed in."""

from __future__ import annotations

from collections.abc import Sequence

from truceline.errors import UsageError
from truceline.log.authors import Author
from truceline.log.entries import Entry, countersign, missing_signers, sign_entry, unchecked
from truceline.log.notes import SigningKey
from truceline.log.submitting import Judge, Outcome
from truceline.log.submitting import submit as submit_notes
from truceline.mission import settings
from truceline.mission.clock import iso
from truceline.mission.mission import SOURCED, Mission, speaks_for_itself
from truceline.mission.outlet import through_sequencer
from truceline.records.kinds import Key, Kind, Refused, Settings, decode, encode, word_of


def prepare(
    mission: Mission, role: str, body: Kind, signers: Sequence[str] = (), *, new_key: SigningKey | None = None, at: str | None = None
) -> bytes:  # fmt: skip
    """An entry of `role`, with the signature lines of all signers whose keys are in this ring.

    Raises:
        UsageError: MIS-003, the role's own key is not in this ring; MIS-007, LOG-120..122.
    """
    author = Author(mission.signing(role), mission.log)
    entry = author.entry(word_of(body), encode(body), at or iso(mission.clock_ms()), signers)
    note = sign_entry(mission.log.origin, entry, mission.signing(role))
    held = set(mission.keys.held())
    for name in signers:
        if name in held:
            note = countersign(note, mission.signing(name))
    return note if new_key is None else countersign(note, new_key)


def by_authorities(mission: Mission, body: Kind, new: SigningKey | None = None) -> bytes:
    """An entry of those who decide on keys and settings, with the lines of whoever of them is at hand.

    Raises:
        UsageError: MIS-003, MIS-007, MIS-054 nobody has that right, LOG-120..122.
    """
    first, *others = mission.log.chain.authorities or ("operator",)
    if first == mission.log.origin:
        raise UsageError(
            "MIS-054", "somebody must have the right to enrol and to revoke", where=str(mission.root), value=first,
            remedy="The genesis entry of this log names neither operator nor commission: its keys stay as they are.",
        )  # fmt: skip
    return prepare(mission, first, body, others, new_key=new)


def sign(mission: Mission, note: bytes, role: str) -> bytes:
    """Add the signature of `role` to a note that waits for it.

    Raises:
        LogError: LOG-011, LOG-022, LOG-119. UsageError: MIS-003, MIS-007, LOG-120..122.
    """
    entry = unchecked(mission.log.origin, note)
    if entry.body.get("author") == role and role not in (entry.author, *entry.signers):
        return countersign(note, mission.keys.next_key(role))
    return countersign(note, mission.signing(role))


def submit(mission: Mission, notes: Sequence[bytes]) -> list[Outcome]:
    """Hand in signed notes, to the sequencer that runs, or else by this program; what the log refuses, though its authors
    signed it, is named on the log.

    Policies that an entry pins are put into `policy/`.

    Raises:
        UsageError: MIS-003, MIS-007, LOG-120..122. EnvironmentFailure: ENV-001, ENV-003.
    """
    made = through_sequencer(mission.log, notes)
    if made is not None:
        mission.log.refresh()
    else:
        mission.unlock()
        at = iso(mission.clock_ms())
        made = submit_notes(mission.log, notes, mission.keys.log_key(), at, judge_of(mission))
    settings.lay_out(mission)
    return made


def judge_of(mission: Mission) -> Judge:
    """What a mission demands of an entry beside what its log does; raises UsageError MIS-005, MIS-020, RecordError."""

    def judge(entry: Entry) -> None:
        body = decode(entry.kind, entry.body)
        if not isinstance(body, (*SOURCED, Key, Refused, Settings)):
            mission.refuse_record()
        speaks_for_itself(entry.author, body)
        settings.check(body)

    return judge


def hand_in(mission: Mission, note: bytes) -> int:
    """Submit one note that everybody has signed; its index.

    Raises:
        UsageError: MIS-052, somebody has yet to sign; as `submit`. TrucelineError: what the log refused it for.
    """
    missing = missing_signers(note)
    if missing:
        raise UsageError(
            "MIS-052", "an act must be signed by everybody whom it lists", value=missing,
            remedy="Write it to a file with --out, let the others add theirs with `truceline log sign`, then `truceline log submit`.",
        )  # fmt: skip
    (outcome,) = submit(mission, [note])
    if outcome.problem is not None:
        raise outcome.problem
    assert outcome.index is not None
    return outcome.index
