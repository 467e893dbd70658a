"""Time stamps of others over checkpoints (RFC 3161): asked for by file, so that no network is needed here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cryptography import x509

from truceline.errors import EnvironmentFailure, EvidenceError
from truceline.log.checkpoints import read_checkpoint
from truceline.log.tree import TileTree
from truceline.mission.clock import iso
from truceline.mission.mission import Mission, Recorded
from truceline.records.kinds import Anchor


@dataclass(frozen=True, slots=True)
class Anchored:
    """One anchor that was checked: its entry, the size of the log that stood then, and when that was at the latest."""

    entry: int
    size: int
    stamped: str


def request(note: bytes) -> bytes:
    """A request (DER, for a `.tsq` file) to stamp a checkpoint. Raises EnvironmentFailure ENV-010."""
    client = _client()
    made = (
        client.TimestampRequestBuilder()
        .data(note)
        .hash_algorithm(client.HashAlgorithm.SHA256)
        .nonce(nonce=False)
        .build()
    )
    return bytes(made.as_bytes())


def accept(
    mission: Mission,
    note: bytes,
    response: bytes,
    roots: Sequence[bytes],
    intermediates: Sequence[bytes] = (),
) -> Recorded:
    """Check an authority's answer over a checkpoint of this log, and put it on the log.

    Args:
        note: the checkpoint that was sent. response: the answer (DER). roots, intermediates: certificates, PEM.
    Raises:
        EvidenceError: EVI-040, the answer is not good. LogError: LOG-031.., the checkpoint is not of this log. EnvironmentFailure: ENV-010.
    """
    checkpoint, _, _ = read_checkpoint(note, mission.log.key, "the checkpoint that was stamped")
    if checkpoint.size > mission.log.size or mission.log.root_at(checkpoint.size) != checkpoint.root:
        raise _not_good("the checkpoint must be one that this log had", f"size {checkpoint.size}")
    stamped = _check(note, response, roots, intermediates)
    body = Anchor(
        checkpoint.size, checkpoint.root.hex(), mission.blobs.put(note), mission.blobs.put(response), stamped
    )
    return mission.record(body, "operator")


def check(mission: Mission, roots: Sequence[bytes], intermediates: Sequence[bytes] = ()) -> list[Anchored]:
    """Check every anchor on the log again; the chain of certificates counts at the time of the stamp.

    Raises:
        EvidenceError: EVI-001, EVI-002, EVI-040. EnvironmentFailure: ENV-010.
    """
    made = []
    tree: TileTree = mission.log.tree
    for entry, body in mission.of(Anchor):
        note = mission.blobs.read(body.checkpoint)
        checkpoint, _, _ = read_checkpoint(note, mission.log.key, f"anchor of entry {entry.index}")
        stamped = _check(note, mission.blobs.read(body.response), roots, intermediates)
        if (checkpoint.size, checkpoint.root.hex(), stamped) != (body.size, body.root, body.stamped) or (
            tree.root_at(body.size) != checkpoint.root
        ):
            raise _not_good("an anchor must say what was stamped", f"entry {entry.index}")
        made.append(Anchored(entry.index, body.size, stamped))
    return made


def _check(note: bytes, raw: bytes, roots: Sequence[bytes], intermediates: Sequence[bytes]) -> str:
    client = _client()
    try:
        response = client.decode_timestamp_response(raw)
        builder = client.VerifierBuilder(
            roots=[x509.load_pem_x509_certificate(one) for one in roots],
            intermediates=[x509.load_pem_x509_certificate(one) for one in intermediates],
        )
        builder.build().verify(response, hashlib.sha256(note).digest())
        at: Any = response.tst_info.gen_time
    except client.VerificationError as problem:
        raise _not_good(
            "a time stamp must be over this checkpoint, by an authority of the roots given", str(problem)
        ) from problem
    except ValueError as problem:
        raise _not_good(
            "a time stamp must be an RFC 3161 answer, certificates PEM", str(problem)
        ) from problem
    return iso(round(at.timestamp() * 1000))


def _client() -> ModuleType:
    try:
        import rfc3161_client
    except ImportError as problem:
        raise EnvironmentFailure(
            "ENV-010", "anchoring needs the extra `anchor`", value="rfc3161-client", remedy="Install it: pip install 'truceline[anchor]'"
        ) from problem  # fmt: skip
    return rfc3161_client


def _not_good(rule: str, value: str) -> EvidenceError:
    return EvidenceError(
        "EVI-040",
        rule,
        value=value,
        remedy="Nothing was recorded. Ask the authority again, and check its certificates.",
    )
