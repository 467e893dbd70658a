"""The audit: open everything that is sealed, check who said what and that nothing is missing, recompute, sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import truceline
from truceline.errors import CheckFailed, EvidenceError, TrucelineError, UsageError
from truceline.log.entries import parse_entry
from truceline.log.notes import VerifierKey
from truceline.mission.coarse import coarse_rows
from truceline.mission.evidence import disclosed, sealed_under
from truceline.mission.handing_in import prepare
from truceline.mission.heard import by_device, heard, source_of
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay
from truceline.mission.shredded import Shredded
from truceline.records.kinds import Audit, Commitments, Key, Observation, Watch, decode

ROLE = "auditor"


@dataclass(slots=True)
class Audited:
    """For the auditor's eyes; what goes on the log is `body`. How many records are real stays out of that."""

    size: int
    root: str
    batches: int = 0
    records: int = 0
    dummies: int = 0
    shredded: int = 0
    duress: list[str] = field(default_factory=list)  # entry and record of each that was said under force
    sources: dict[str, int] = field(default_factory=dict)
    replayed: bool = False
    compared: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)

    @property
    def body(self) -> Audit:
        """What the auditor signs."""
        codes = tuple(sorted({one["code"] for one in self.problems}))
        return Audit(self.size, self.root, self.replayed, codes, f"truceline {truceline.__version__}")

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def audit(mission: Mission, say: Callable[[str], None] = lambda step: None) -> Audited:
    """Open all batches, check each record, each disclosed form and each disclosure, and recompute everything.

    Raises:
        EvidenceError: EVI-011, the keys at hand open nothing. UsageError: MIS-067, a mission of record.
    """
    if mission.setting("record_only"):
        raise UsageError(
            "MIS-067", "a mission of record has nothing sealed to audit", where=str(mission.root),
            remedy="Anybody can run `truceline replay` on it.",
        )  # fmt: skip
    made = Audited(mission.log.size, mission.log.root.hex())
    say("opening what is sealed")
    _open_all(mission, made)
    again = replay(mission, say)
    made.replayed, made.compared, made.not_compared = again.identical, again.compared, again.not_compared
    if not again.identical:
        made.problems.append(
            {"code": again.difference.partition(" ")[0], "where": "replay", "rule": again.difference}
        )
    return made


def sign(mission: Mission, made: Audited) -> bytes:
    """The auditor's entry about it. Raises UsageError MIS-003, MIS-007, LOG-120..122."""
    return prepare(mission, ROLE, made.body)


def _open_all(mission: Mission, made: Audited) -> None:
    shredded, sources = Shredded(mission), Counter[str]()
    keys = {"registrar": VerifierKey.parse(mission.genesis.keys["registrar"])}
    pseudonyms: dict[str, bytes] = {}
    for entry, body in mission.of(Commitments):
        made.batches += 1
        gone = shredded.records(entry, body)
        said: list[tuple[Observation | Watch, bytes, str]] = []
        try:
            opened = mission.vault.open_batch(body.payloads_digest, body.commitments, gone)
        except EvidenceError as problem:
            if problem.code == "EVI-011":
                raise
            _note(made, problem, f"entry {entry.index}")
            continue
        for number, one in enumerate(opened):
            where = f"entry {entry.index}, record {number}"
            made.shredded += one.is_shredded
            made.dummies += one.is_dummy
            if one.is_shredded or one.is_dummy:
                continue
            made.records += 1
            try:
                envelope = parse_entry(mission.log.origin, one.record.sealed, keys)
                record = (
                    heard(envelope, exercise=mission.genesis.exercise)
                    if by_device(envelope.author)
                    else decode(envelope.kind, envelope.body)
                )
            except TrucelineError as problem:
                _note(made, problem, where)
                continue
            sources[envelope.author] += 1
            if isinstance(record, Key) and record.act == "revoke":
                continue  # revoking flags, and removes nothing
            if isinstance(record, Key):
                keys[record.author] = VerifierKey.parse(record.vkey)
                pseudonyms[source_of(record.author)] = bytes.fromhex(record.pseudonyms)
            elif isinstance(record, (Observation, Watch)):
                said.append((record, one.record.disclosed, where))
                if record.duress == "1":
                    made.duress.append(where)
        _coarse(mission, made, said, pseudonyms)
        try:
            disclosed(mission, entry, body)
        except CheckFailed as problem:
            _note(made, problem, f"entry {entry.index}")
    made.sources = dict(sorted(sources.items()))
    bodies = {one.id: one.body for one in mission.entries()}
    for entry, _, which in shredded.acts:
        for ident, numbers in which.items():
            named = sealed_under(bodies[ident]) if ident in bodies else []
            if not named:
                _note(
                    made,
                    EvidenceError(
                        "EVI-032",
                        "a shredding must name evidence of this log",
                        remedy="Keep the log and tell the parties.",
                    ),
                    f"entry {entry.index}",
                )
            if not all(mission.vault.is_shredded(digest, numbers, size) for digest, size in named):
                _note(
                    made,
                    EvidenceError(
                        "EVI-031",
                        "what the log says is shredded must be gone",
                        remedy="Remove the file and its copies, as the log says was done.",
                    ),
                    f"entry {entry.index}",
                )


def _coarse(
    mission: Mission, made: Audited, said: list[tuple[Observation | Watch, bytes, str]], pseudonyms: dict[str, bytes]
) -> None:  # fmt: skip
    """The disclosed form that was committed is the coarse form of what was sealed, and nothing finer or else."""
    again = coarse_rows([record for record, _, _ in said], mission.sectors, pseudonyms)
    for (_, shown, where), ought in zip(said, again, strict=True):
        if shown != ought and shown:
            _note(
                made,
                EvidenceError(
                    "EVI-033",
                    "the disclosed form must be the coarse form of what is sealed",
                    where=where,
                    remedy="Keep the log and tell the parties: what was shown is not what was sealed.",
                ),
                where,
            )


def _note(made: Audited, problem: TrucelineError, where: str) -> None:
    made.problems.append({"code": problem.code, "where": problem.where or where, "rule": problem.rule})
