"""Evidence of a mission: show it with its chain of custody, disclose it after the delay, shred it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from truceline.errors import UsageError
from truceline.evidence import Opened
from truceline.evidence.showing import read_shown, show_records
from truceline.log.entries import unchecked
from truceline.mission.clock import from_iso
from truceline.mission.handing_in import hand_in, prepare
from truceline.mission.mission import Mission, Recorded, alone
from truceline.mission.shredded import Shredded, Which, sealed_list
from truceline.records.kinds import Commitments, Custody, Disclosure, Import, Kind, Shred

NOT_PERSONS = frozenset({"intake", "registrar"})
ACTIONS = ("received", "copied", "opened", "handed_over", "returned", "exported", "sealed", "destroyed")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain of custody: when it was recorded, by which entry, who did what."""

    entry: int
    at: str
    by: str
    action: str
    to: str = ""
    note: str = ""


def find(mission: Mission, named: str) -> tuple[Recorded, Import | Commitments]:
    """The evidence whose entry has this id (or the beginning of it) or index.

    Raises:
        UsageError: MIS-060, there is none, or several.
    """
    found: list[tuple[Recorded, Import | Commitments]] = [
        (one, one.body) for one in mission.entries()
        if isinstance(one.body, (Import, Commitments))
        and ((named.isdecimal() and one.index == int(named)) or (len(named) >= 8 and one.id.startswith(named)))
    ]  # fmt: skip
    if len(found) != 1:
        raise UsageError(
            "MIS-060", "evidence is named by the index or the id of one import or commitments entry", value=named,
            remedy="`truceline log show FOLDER --kind import` and `--kind commitments` list them.",
        )  # fmt: skip
    return found[0]


def custody(mission: Mission, entry: Recorded) -> list[Step]:
    """The chain of custody of one piece of evidence, in the order of the log: every custodian and every action.

    What was shredded is told to those whose keys open the lists of it.
    """
    body = entry.body
    first = "sealed" if isinstance(body, Commitments) or getattr(body, "sealed", False) else "received"
    steps = [Step(entry.index, entry.at, entry.author, first)]
    shreddings = {one.index: which[entry.id] for one, _, which in Shredded(mission).acts if entry.id in which}
    for one in mission.entries()[entry.index + 1 :]:
        match one.body:
            case Custody() if one.body.of == entry.id:
                steps.append(
                    Step(one.index, one.at, one.body.by, one.body.action, one.body.to, one.body.note)
                )
            case Disclosure() if one.body.of == entry.id:
                steps.append(
                    Step(
                        one.index, one.at, one.author, "disclosed", "all parties", f"{one.body.rows} records"
                    )
                )
            case Shred() if one.index in shreddings:
                numbers = shreddings[one.index]
                what = f"records {', '.join(map(str, numbers))}" if numbers else "all of it"
                steps.append(
                    Step(one.index, one.at, one.author, "shredded", "", f"{what}: {one.body.reason}")
                )
            case _:
                pass
    return steps


def take_custody(
    mission: Mission, named: str, action: str, by: str, to: str = "", note: str = ""
) -> Recorded:
    """Record one step of custody, signed by who did it.

    Raises:
        UsageError: MIS-060, MIS-061 an action that is not one; MIS-003, MIS-007, LOG-120..122.
    """
    entry, _ = find(mission, named)
    if action not in ACTIONS:
        raise UsageError(
            "MIS-061",
            "a step of custody must be one of the list",
            value=action,
            remedy=f"Known: {', '.join(ACTIONS)}.",
        )
    return mission.record(Custody(entry.id, action, by, to, note), by)


def opened(mission: Mission, named: str, by: str) -> list[tuple[int, dict[str, Any]]]:
    """Open the sealed records of a batch, and record first that `by` did.

    Returns:
        number and envelope of each record that is not a dummy and not shredded.
    Raises:
        UsageError: MIS-060; MIS-062, only batches are opened here. EvidenceError: EVI-001, EVI-002, EVI-011, EVI-012.
    """
    entry, body = find(mission, named)
    if not isinstance(body, Commitments):
        raise UsageError(
            "MIS-062", "only a batch of sealed records can be shown record by record", where=f"entry {entry.index}",
            remedy="The original of an import is read by `truceline replay`, or as blobs/ has it where it is public.",
        )  # fmt: skip
    records = _records(mission, entry, body)
    take_custody(mission, named, "opened", by)
    return [
        (number, _envelope(mission, one))
        for number, one in enumerate(records)
        if not (one.is_dummy or one.is_shredded)
    ]


def _envelope(mission: Mission, one: Opened) -> dict[str, Any]:
    said = unchecked(mission.log.origin, one.record.sealed)
    return {"author": said.author, "seq": said.seq, "at": said.at, "kind": said.kind, "body": said.body}


def _records(mission: Mission, entry: Recorded, body: Commitments) -> list[Opened]:
    return mission.vault.open_batch(
        body.payloads_digest, body.commitments, Shredded(mission).records(entry, body)
    )


@alone
def disclose(mission: Mission, named: str = "") -> list[Recorded]:
    """Open the disclosed forms of batches to all parties at once, one entry a batch.

    Args:
        named: one batch; all that are due when empty.
    Raises:
        UsageError: MIS-063, the batch is younger than the mission's delay, or was disclosed; MIS-060, MIS-062.
        EvidenceError: EVI-011, no key here opens it.
    """
    done = {body.of for _, body in mission.of(Disclosure)}
    until = mission.clock_ms() - int(mission.setting("disclosure_delay_ms"))
    waiting = mission.of(Commitments)
    if named:
        entry, body = find(mission, named)
        if not isinstance(body, Commitments) or entry.id in done or from_iso(entry.at) > until:
            raise UsageError(
                "MIS-063", "a batch is disclosed once, after the mission's delay", where=f"entry {entry.index}", value=entry.at,
                remedy="Nobody gets it earlier than the others. `truceline evidence show` says whether it was disclosed.",
            )  # fmt: skip
        waiting = [(entry, body)]
    made: list[Recorded] = []
    for entry, body in waiting:
        if entry.id in done or from_iso(entry.at) > until:
            continue
        shown = show_records(_records(mission, entry, body))
        blob = mission.blobs.put(shown)
        made.append(mission.record(Disclosure(entry.id, blob, shown.count(b"\n"), blob), "intake"))
    return made


def disclosed(mission: Mission, entry: Recorded, body: Commitments) -> dict[int, dict[str, Any]]:
    """The disclosed rows of a batch by the number of their record, checked against the commitments; needs no key.

    Raises:
        EvidenceError: EVI-001, EVI-002, EVI-030.
    """
    rows: dict[int, dict[str, Any]] = {}
    for one, shown in mission.of(Disclosure):
        if shown.of == entry.id:
            rows |= read_shown(
                mission.blobs.read(shown.blob), body.commitments, f"disclosure of entry {one.index}"
            )
    return rows


@dataclass(frozen=True, slots=True)
class Gone:
    """What a shredding took away."""

    entry: int  # that says so
    records: int
    closed: int  # ciphertexts that nothing opens any more


@alone
def shred(mission: Mission, named: str, by: Sequence[str], reason: str, records: Sequence[int] = ()) -> Gone:
    """Delete keys and salts of evidence for ever: first the entry that two people sign, then the bytes.

    Args:
        by: two people whose keys are at hand.
        records: of a batch, which; all when empty.
    Raises:
        UsageError: MIS-060, MIS-064 not two people, MIS-065 what cannot be shredded so.
    """
    entry, body = find(mission, named)
    _two(by)
    if isinstance(body, Import):
        if records or not body.sealed:
            raise _cannot(entry, "an import is shredded whole, and only where it was sealed")
        return _shred(mission, by, {entry.id: ()}, reason)
    wanted = set(records) or set(range(len(body.commitments)))
    if not wanted <= set(range(len(body.commitments))):
        raise _cannot(entry, f"records are numbered 0 to {len(body.commitments) - 1}")
    held = {
        number: one.author
        for number, one in _said(mission, entry, body).items()
        if one.kind == "key" and number in wanted
    }
    if held and _depends(mission, entry, wanted):
        raise _cannot(
            entry,
            f"records {', '.join(map(str, sorted(held)))} enrol a source whose records stand: shred the source (--source)",
        )
    return _shred(mission, by, {entry.id: sorted(wanted)}, reason)


@alone
def shred_source(mission: Mission, source: str, by: Sequence[str], reason: str) -> Gone:
    """Shred all that one source ever reported, and its enrolment, so that nothing here can tell who it was.

    Raises:
        UsageError: MIS-064 not two people, MIS-066 no such source.
    """
    _two(by)
    which: dict[str, Sequence[int]] = {}
    for entry, body in mission.of(Commitments):
        theirs = {
            number for number, one in _said(mission, entry, body).items()
            if one.author == source or (one.kind == "key" and one.body.get("author") == source)
        }  # fmt: skip
        if theirs:
            which[entry.id] = sorted(theirs)
    if not which:
        raise UsageError(
            "MIS-066", "the source must have reported something that is sealed", value=source,
            remedy="Its records may have been shredded before; `truceline evidence show ID --open` lists sources.",
        )  # fmt: skip
    gone = _shred(mission, by, which, reason)
    mission.keys.observers({body.payloads_digest for _, body in mission.of(Commitments)}).forget(source)
    return gone


@alone
def finish_shredding(mission: Mission) -> int:
    """Delete what the log says is shredded and a program that ended early left; how many pieces.

    Raises:
        EvidenceError: EVI-011. EnvironmentFailure: ENV-001.
    """
    done = 0
    bodies = {one.id: one for one in mission.entries()}
    for _, _, which in Shredded(mission).acts:
        for ident, numbers in which.items():
            for digest, size in sealed_under(bodies[ident].body):
                if not mission.vault.is_shredded(digest, numbers, size):
                    _drop_views(mission, bodies[ident])
                    mission.vault.shred(digest, numbers, size)
                    done += 1
    return done


def sealed_under(body: Kind) -> list[tuple[str, int]]:
    """Digest of each ciphertext of a piece of evidence, and the number of its records; 0 for a file."""
    if isinstance(body, Commitments):
        return [(body.payloads_digest, len(body.commitments))]
    if isinstance(body, Import) and body.sealed:
        return [(one, 0) for one in (body.stored, body.rejected_stored) if one]
    return []


def _shred(mission: Mission, by: Sequence[str], which: Which, reason: str) -> Gone:
    """First the entry that both sign, then the bytes; `finish_shredding` goes on where a program ended early."""
    bodies = {one.id: one for one in mission.entries()}
    shredded, closed, records = Shredded(mission), [], 0
    for ident, numbers in which.items():
        entry = bodies[ident]
        records += len(numbers)
        for digest, size in sealed_under(entry.body):
            batch = entry.body
            gone = set(numbers) | (
                shredded.records(entry, batch) if isinstance(batch, Commitments) else set()
            )
            if not numbers or gone >= set(range(size)):
                closed.append(digest)
    act = Shred(reason, mission.vault.seal_file(sealed_list(which)), tuple(sorted(closed)))
    index = hand_in(mission, prepare(mission, by[0], act, list(by[1:])))
    finish_shredding(mission)
    return Gone(index, records, len(closed))


def _said(mission: Mission, entry: Recorded, body: Commitments) -> dict[int, Any]:
    """Number -> envelope of the records of a batch that can still be opened."""
    return {
        number: unchecked(mission.log.origin, one.record.sealed)
        for number, one in enumerate(_records(mission, entry, body))
        if not (one.is_dummy or one.is_shredded)
    }


def _depends(mission: Mission, entry: Recorded, wanted: set[int]) -> bool:
    """Whether records that would stand were signed with keys that these records enrol."""
    whole = {one.id: _said(mission, one, body) for one, body in mission.of(Commitments)}
    enrolled = {
        said.body.get("author")
        for number, said in whole[entry.id].items()
        if number in wanted and said.kind == "key"
    }
    return any(
        said.author in enrolled
        for ident, batch in whole.items()
        for number, said in batch.items()
        if not (ident == entry.id and number in wanted)
    )


def _drop_views(mission: Mission, entry: Recorded) -> None:
    """Views hold in the open what was sealed: they are made again from what is left."""
    views = mission.root / "views"
    theirs = f"imports/{entry.index:08d}*" if isinstance(entry.body, Import) else "sealed-*.parquet"
    for path in [
        *views.glob(theirs),
        *views.glob("incidents-*.parquet"),
        *(views / f"{name}.parquet" for name in ("exposure", "incidents", "findings")),
    ]:
        path.unlink(missing_ok=True)


def _two(by: Sequence[str]) -> None:
    if len(set(by)) != 2 or len(by) != 2 or set(by) & NOT_PERSONS:
        raise UsageError(
            "MIS-064", "shredding takes two people", where="--by", value=list(by),
            remedy="Name two whose keys are at hand, e.g. --by officer-1 --by officer-2.",
        )  # fmt: skip


def _cannot(entry: Recorded, rule: str) -> UsageError:
    return UsageError("MIS-065", rule, where=f"entry {entry.index}", remedy="Nothing was shredded.")
