"""What observers and sensors report: signed by each source, sealed, committed to in padded batches.

In a mission with a cadence, records wait in `sealed/pending`, encrypted to mission and auditor, one file a record (and
the enrolment of a new source before it). At each tick of the cadence exactly one batch of fixed size goes on the log,
full, half empty or all dummies: so the log does not tell when anybody reported, or how much.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from truceline.errors import TrucelineError
from truceline.evidence import SealedRecord
from truceline.field import chains
from truceline.log.entries import Entry, entry_id, sign_entry
from truceline.log.files import write_durably
from truceline.log.notes import SigningKey
from truceline.mission.clock import from_iso, iso
from truceline.mission.coarse import coarse_rows
from truceline.mission.device_list import all_devices
from truceline.mission.keyring import Observer, Observers
from truceline.records.kinds import Commitments, Key, Observation, Watch, encode, word_of

if TYPE_CHECKING:
    from truceline.mission.mission import Mission, Recorded

Waiting = list[tuple[SealedRecord, str]]
MARK = "batch.json"


def seal(mission: Mission, records: Sequence[Observation | Watch], at: Sequence[str] | None) -> int:
    """Commit to records at once; the number of batches. Within `Mission.working`."""
    size, devices = int(mission.setting("batch_size")), devices_of(mission)
    times = list(at) if at is not None else [iso(mission.clock_ms())] * len(records)
    signed = [one for each in _signed(mission, devices, records, times) for one in each]
    batches = [signed[first : first + size] for first in range(0, len(signed), size)]
    made = [mission.vault.seal_batch([record for record, _ in batch], size) for batch in batches]
    devices.prepare([one.payloads_digest for one in made])
    mission.record_many(
        [
            ("intake", Commitments(one.commitments, one.payloads_digest), batch[-1][1])
            for one, batch in zip(made, batches, strict=True)
        ]
    )
    devices.keep()
    return len(made)


def accept(mission: Mission, records: Sequence[Observation | Watch]) -> list[str]:
    """Take records in, signed and sealed, for the next ticks; durable when this returns. Within `Mission.working`.

    Returns:
        the id of each, which is the receipt of the device.
    """
    receipts = []
    times = [iso(mission.clock_ms())] * len(records)
    devices = devices_of(mission)
    for signed in _signed(mission, devices, records, times):
        name = next_name(mission)
        devices.prepare([name])
        put_waiting(mission, name, signed)
        devices.keep()
        receipts.append(entry_id(signed[-1][0].sealed))
    return receipts


def commit(mission: Mission, *, now: bool = False) -> Recorded | None:
    """Put one batch of what waits on the log, if a tick of the cadence has passed since the last one.

    Args:
        now: whether a tick has passed or not.
    Returns:
        its entry; None where it is too early.
    Raises:
        EvidenceError: EVI-011, the keys at hand do not open what waits. UsageError: MIS-020. EnvironmentFailure: ENV-001, ENV-003.
    """
    mission.refuse_record()
    with mission.working():
        settle(mission)
        cadence = max(1, int(mission.setting("commit_cadence_ms")))
        last = [from_iso(one.at) for one, _ in mission.of(Commitments)][-1:]
        if not now and last and mission.clock_ms() // cadence <= last[0] // cadence:
            return None
        size = int(mission.setting("batch_size"))
        names: list[str] = []
        batch: list[SealedRecord] = []
        for path in waiting(mission):
            held = [
                SealedRecord(bytes.fromhex(sealed), bytes.fromhex(shown))
                for sealed, shown, _ in json.loads(mission.vault.unlock(path.read_bytes()))
            ]
            if len(batch) + len(held) > size:
                break
            batch += held
            names.append(path.name)
        made = mission.vault.seal_batch(batch, size)
        mark = {"payloads": made.payloads_digest, "names": names}
        write_durably(_folder(mission) / MARK, json.dumps(mark).encode())
        entry = mission.record(Commitments(made.commitments, made.payloads_digest), "intake")
        settle(mission)
        return entry


def keep_cadence(root: Path, keys: Path | None, ended: threading.Event, say: Callable[[str], None]) -> None:
    """Commit at each tick until `ended` is set; a tick that fails is told, and the next one tries again."""
    from truceline.mission.mission import Mission

    mission = Mission.open(root, keys)
    every_s = min(5.0, int(mission.setting("commit_cadence_ms")) / 4000)
    said = ""
    while not ended.wait(every_s):
        try:
            mission.log.refresh()
            commit(mission)
            said = ""
        except TrucelineError as problem:
            if problem.code != said:
                say(f"the cadence is not kept: {problem}")
            said = problem.code


def waiting(mission: Mission) -> list[Path]:
    """The files of what waits, in the order in which it came."""
    return sorted(_folder(mission).glob("*.pending"))


def settle(mission: Mission) -> None:
    """Finish what was cut short: what devices sent and the numbers of it agree, and what the log has taken waits no more."""
    chains.settle(field_folder(mission), _folder(mission))
    devices_of(mission).keep()
    path = _folder(mission) / MARK
    if not path.exists():
        return
    mark = json.loads(path.read_bytes())
    if mark["payloads"] in {body.payloads_digest for _, body in mission.of(Commitments)}:
        for name in mark["names"]:
            (_folder(mission) / name).unlink(missing_ok=True)
    path.unlink()


def devices_of(mission: Mission) -> Observers:
    known = {body.payloads_digest for _, body in mission.of(Commitments)}
    return mission.keys.observers(known | {path.name for path in waiting(mission)})


def _signed(
    mission: Mission, devices: Observers, records: Sequence[Observation | Watch], times: Sequence[str]
) -> list[Waiting]:  # fmt: skip
    """Each record, signed by its source; before it the enrolment of a source that is new."""
    origin, seen = mission.log.origin, mission.log.seen()
    registrar = devices.of("registrar")
    registrar.key = mission.signing("registrar")
    made: list[Waiting] = []

    def sign(
        into: Waiting, holder: Observer, kind: str, body: dict[str, Any], when: str, *beside: SigningKey, shown: bytes = b""
    ) -> None:  # fmt: skip
        entry = Entry(kind, holder.key.name, holder.seq, holder.prev, seen, when, body)
        note = sign_entry(origin, entry, holder.key, *beside)
        holder.advance(entry_id(note))
        into.append((SealedRecord(note, shown), when))

    sources = {str(one.row["source_id"]) for one in records}
    shared = {one.observer: bytes.fromhex(one.pseudonyms) for one in all_devices(mission)}
    for source in sources & shared.keys():
        devices.of(source).pseudonyms = shared[source]
    coarse = coarse_rows(records, mission.sectors, {one: devices.of(one).pseudonyms for one in sources})
    for body, when, shown in zip(records, times, coarse, strict=True):
        source = str(body.row["source_id"])
        signed: Waiting = []
        device = devices.of(source)
        if device.is_new:
            enrolment = Key(
                "enrol", source, str(device.key.vkey), "observer", pseudonyms=device.pseudonyms.hex()
            )
            sign(signed, registrar, "key", encode(enrolment), when, device.key)
        sign(
            signed, device, word_of(body), encode(replace(body, duress=body.duress or "0")), when, shown=shown
        )
        made.append(signed)
    return made


def put_waiting(mission: Mission, name: str, signed: Waiting) -> None:
    """Let records wait under a name from `next_name`, for the mission and its auditor only. Raises EnvironmentFailure ENV-001."""
    raw = json.dumps([[one.sealed.hex(), one.disclosed.hex(), when] for one, when in signed]).encode()
    write_durably(_folder(mission) / name, mission.vault.lock(raw), mode=0o600)


def field_folder(mission: Mission) -> Path:
    """Where what devices sent is kept beside the log."""
    return mission.root / "sealed" / "field"


def waiting_path(mission: Mission, name: str) -> Path:
    """Where a file of what waits stands."""
    return _folder(mission) / name


def _folder(mission: Mission) -> Path:
    return mission.root / "sealed" / "pending"


def next_name(mission: Mission) -> str:
    """A name after those of all that waits."""
    newest = [int(path.name.partition(".")[0]) for path in waiting(mission)][-1:]
    return f"{max([time.time_ns(), *(one + 1 for one in newest)]):020d}.pending"
