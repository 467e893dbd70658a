"""One mission: its folder, its log, its originals, and whoever holds the keys."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from msgspec.structs import replace

from truceline import errors
from truceline.evidence import Blobs, Vault
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.log.authors import Author, Place
from truceline.log.entries import Entry
from truceline.log.locking import locked
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.submitting import Outcome
from truceline.mission import sealing, settings
from truceline.mission.clock import iso, now_ms
from truceline.mission.keyring import KeyRing, default_folder
from truceline.mission.outlet import through_sequencer
from truceline.records.canonical import canonical
from truceline.records.kinds import (
    AgreedText,
    AgreementVersion,
    Appeal,
    Consent,
    Correction,
    Fact,
    Genesis,
    Import,
    Kind,
    Observation,
    Passage,
    PlanStep,
    Proposal,
    Reply,
    Report,
    Signal,
    Stance,
    Statement,
    Watch,
    decode,
    encode,
    kind_word,
    word_of,
)  # fmt: skip

DEFAULTS: dict[str, str | int | bool] = {
    "reporting_cutoff": "19:30", "reporting_zone": "UTC", "disclosure_delay_ms": 86_400_000, "batch_size": 64,
    "record_only": False, "publish_sides": False, "commit_cadence_ms": 0,
}  # fmt: skip
NAMES_KEY = "incident_names"
"""In the genesis entry's settings: digest of the sealed file with the key by which incidents are named (`naming`)."""
SOURCED = (
    AgreementVersion,
    AgreedText,
    Statement,
    Signal,
    Appeal,
    Stance,
    Proposal,
    PlanStep,
    Passage,
    Correction,
    Report,
)
"""What a mission of record may hold."""
RESERVED = frozenset(
    {"operator", "intake", "registrar", "officer-1", "officer-2", "commission", "log", "mission", "auditor"}
)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
SEALED_ROLES = frozenset({"post"})
K = TypeVar("K", bound=Kind)
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One entry as read back."""

    index: int
    id: str
    author: str
    at: str
    body: Kind


class Mission:
    """Use `create` or `open`."""

    def __init__(self, root: Path, log: Log, keys: KeyRing) -> None:
        self.root, self.log, self.keys = root, log, keys
        self.blobs = Blobs(root / "blobs")
        self._entries: list[Recorded] = []
        self._of_kind: dict[str, tuple[list[Recorded], int]] = {}
        self._genesis: Genesis | None = None
        self._authors: dict[str, Author] = {}
        self._signed_upto = 0
        self._working = False
        self._vault: Vault | None = None
        self._geometry: dict[str, Any] | None = None

    @classmethod
    def create(
        cls, root: Path, genesis: Genesis, *, geometry: dict[str, Any] | None = None, keys: Path | None = None,
        roles: Sequence[str] = (), at: str | None = None, seed: bytes | None = None,
    ) -> Mission:  # fmt: skip
        """A new folder with its genesis entry; `geometry` in degrees, features with role `post` are sealed.

        Raises:
            UsageError: MIS-001, the folder is not empty; MIS-008 an id; MIS-009 keys of another mission.
            EnvironmentFailure: ENV-001.
        """
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise errors.UsageError(
                "MIS-001", "a mission must start in an empty folder", where=str(root),
                remedy="Choose another folder, or remove this one.",
            )  # fmt: skip
        _refuse_ids([*(party.id for party in genesis.parties), *(actor.id for actor in genesis.actors)])
        ring = KeyRing(keys or default_folder(root))
        if ring.holds_log_key:
            raise errors.UsageError(
                "MIS-009", "the folder of keys must not hold the keys of another mission", where=str(ring.folder),
                remedy="Choose another folder with --keys, or move those keys to where they are kept.",
            )  # fmt: skip
        wanted = {"operator", *roles}
        if not genesis.settings.get("record_only"):  # nobody of a mission of record has signed anything
            wanted |= {"intake", "registrar", "officer-1", "officer-2", "commission", "auditor"}
            wanted |= {party.id for party in genesis.parties} | {actor.id for actor in genesis.actors}
        ring.make(sorted(wanted))
        origin_key = _origin_key(genesis.name)
        root.mkdir(parents=True, exist_ok=True)
        ring.save_log_key(origin_key)
        mission = cls(root, Log.create(root, origin_key), ring)
        agreed = DEFAULTS | genesis.settings
        agreed |= {f"age_recipient_{role}": line for role, line in ring.recipients().items()}
        body = replace(
            genesis,
            settings=agreed,
            policies={
                name: settings.of_log(text, origin_key.vkey, anew=True)
                for name, text in genesis.policies.items()
            },
            keys={role: str(ring.signing(role).vkey) for role in sorted(wanted)},
        )
        mission._vault = Vault(root / "sealed", list(ring.recipients().values()), ring.identity())
        if geometry is not None:
            body = mission._with_geometry(body, geometry)
        if (
            not (genesis.exercise or genesis.settings.get("record_only"))
            and NAMES_KEY not in genesis.settings
        ):
            named = mission._vault.seal_file(secrets.token_bytes(32))
            body = replace(body, settings=body.settings | {NAMES_KEY: named})
        note = Author(origin_key, mission.log).note("genesis", encode(body), at or iso(now_ms()))
        mission.log.append([note])
        settings.lay_out(mission)
        return mission

    @classmethod
    def open(cls, root: Path, keys: Path | None = None) -> Mission:
        """An existing folder; without keys it can be read as far as it is disclosed.

        Raises:
            NotAMission: MIS-002, MIS-006 it was never finished. LogError: the log was altered.
            EnvironmentFailure: ENV-001, ENV-003.
        """
        if not (root / "state" / "origin").is_file():
            raise errors.NotAMission(
                "MIS-002", "the folder must hold a mission", where=str(root),
                remedy="Make one with `truceline init` or `truceline demo --out FOLDER`.",
            )  # fmt: skip
        ring = KeyRing(keys or default_folder(root))
        log = Log.open(root, ring.log_key() if ring.holds_log_key and not ring.is_locked else None)
        if not log.size:
            raise errors.NotAMission(
                "MIS-006", "a mission must have its first entry", where=str(root),
                remedy="Its making was cut short: remove the folder and that of its keys, and start again.",
            )  # fmt: skip
        return cls(root, log, ring)

    # What is on the log

    def entries(self) -> list[Recorded]:
        """All entries, decoded, in the order of the log; where one kind is wanted, `of` reads only that."""
        for index, ident, entry in self.log.entries(len(self._entries)):
            self._entries.append(_recorded(index, ident, entry))
        return self._entries

    def entry(self, index: int) -> Recorded:
        """One entry. Raises IndexError."""
        return _recorded(*self.log.entry(index))

    def of(self, kind: type[K], before: int | None = None, after: int = -1) -> list[tuple[Recorded, K]]:
        """The entries of one kind, those with an index below `before` and above `after`."""
        word = kind_word(kind)
        held, upto = self._of_kind.get(word, ([], 0))
        if upto < self.log.size:
            held += [_recorded(*one) for one in self.log.of_kind(word, upto)]
            self._of_kind[word] = held, self.log.size
        return [
            (one, one.body)
            for one in held[bisect_right(held, after, key=lambda one: one.index) :]
            if isinstance(one.body, kind) and (before is None or one.index < before)
        ]  # fmt: skip

    @property
    def genesis(self) -> Genesis:
        if self._genesis is None:
            first = self.entry(0).body
            if not isinstance(first, Genesis):
                raise errors.LogError(
                    "MIS-004",
                    "the first entry must be the genesis",
                    value=word_of(first),
                    remedy="Fetch the log from another copy.",
                )
            self._genesis = first
        return self._genesis

    def setting(self, name: str, before: int | None = None) -> str | int | bool:
        """A setting as it stood before an entry, and now when None: the newest change, else the genesis entry, else the default."""
        if name in settings.CHANGEABLE:
            changed = settings.current(self, before)
            if name in changed:
                return changed[name]
        return self.genesis.settings.get(name, DEFAULTS[name])

    def newest_at_ms(self) -> int:
        """The time of the newest entry."""
        return self.log.newest_ms()

    def clock_ms(self) -> int:
        """Now, for this mission: an exercise may lie ahead of our clock, and then it is just after its newest entry."""
        now = now_ms()
        return max(now, self.newest_at_ms() + 1) if self.genesis.exercise else now

    def refuse_record(self) -> None:
        """Stop what a mission of record must not do.

        Raises:
            UsageError: MIS-020.
        """
        if self.setting("record_only"):
            raise errors.UsageError(
                "MIS-020", "a mission of record holds sourced facts only and makes no finding about a real party",
                where=str(self.root), remedy="Use an exercise mission, or start a mission that the parties consented to.",
            )  # fmt: skip

    # Geometry

    @property
    def geometry(self) -> dict[str, Any]:
        """The public features, in degrees."""
        if self._geometry is None:
            digest = self.genesis.geometry
            empty: dict[str, Any] = {"type": "FeatureCollection", "features": []}
            self._geometry = json.loads(self.blobs.read(digest)) if digest else empty
        return self._geometry

    def posts(self) -> list[dict[str, Any]]:
        """The sealed features. Raises EvidenceError EVI-011 without a key."""
        digest = self.genesis.posts
        return list(json.loads(self.vault.read_file(digest))["features"]) if digest else []

    def places(self) -> dict[str, Any]:
        """All features by which a name in a file can be found: the public ones, and the posts where a key opens them."""
        known = self.posts() if self.genesis.posts and self.vault.can_open else []
        return {"type": "FeatureCollection", "features": [*self.geometry["features"], *known]}

    @property
    def line(self) -> Line | None:
        """The line of contact, where the mission has one."""
        drawn = [f for f in self.geometry["features"] if f["properties"].get("role") == "line"]
        return Line.from_geojson(drawn[0]) if drawn else None

    @property
    def sectors(self) -> Sectors | None:
        """The reporting sectors, where the mission has them."""
        sectors = Sectors.from_geojson(self.geometry)
        return sectors if sectors.ids else None

    # Recording

    @property
    def vault(self) -> Vault:
        if self._vault is None:
            agreed = self.genesis.settings
            lines = [str(agreed[name]) for name in sorted(agreed) if name.startswith("age_recipient_")]
            self._vault = Vault(self.root / "sealed", lines, self.keys.identity())
        return self._vault

    def unlock(self) -> None:
        """Take the log's key from the ring, asking for the passphrase where one protects it.

        Raises:
            UsageError: MIS-007, LOG-120..122.
        """
        if not self.log.can_append and self.keys.holds_log_key:
            self.log.unlock(self.keys.log_key())

    def signing(self, role: str) -> SigningKey:
        """The key that a role signs its next entry with. Raises UsageError MIS-003, MIS-007, LOG-120..122."""
        return self.keys.signing(role, self.log.chain.keys.get(role))

    def record(self, body: Kind, role: str = "operator", at: str | None = None) -> Recorded:
        """Sign and append one record; durable when this returns."""
        return self.record_many([(role, body, at)])[0]

    def record_many(self, acts: Sequence[tuple[str, Kind, str | None]]) -> list[Recorded]:
        """Sign and append records in order, in one step; where a sequencer runs, through it, and as it batches them.

        Raises:
            UsageError: MIS-003 a key is absent, MIS-005 somebody speaks for a party, MIS-007 a key is not whole, MIS-020 no such kind is for a record. LogError: LOG-014, LOG-020.
            EnvironmentFailure: ENV-001; ENV-003, another program is writing and takes no submissions.
        """
        for role, body, _ in acts:
            if not isinstance(body, SOURCED):
                self.refuse_record()
            speaks_for_itself(role, body)
        made = through_sequencer(self.log, sign=lambda place: self._sign(acts, place, {})) if acts else None
        if made is not None:
            return self._recorded(made)
        self.unlock()
        with self.log.writing():
            if self.log.size != self._signed_upto:
                self._authors.clear()  # others appended meanwhile, perhaps with the same keys
            self._signed_upto = -1  # until it is appended, nothing was said
            indices = self.log.append(self._sign(acts, self.log, self._authors))
            self._signed_upto = self.log.size
        return [self.entry(index) for index in indices]

    def _sign(
        self, acts: Sequence[tuple[str, Kind, str | None]], place: Place, authors: dict[str, Author]
    ) -> list[bytes]:
        notes = []
        for role, body, at in acts:
            author = authors.get(role)
            if author is None:
                author = authors[role] = Author(self.signing(role), place)
            notes.append(author.note(word_of(body), encode(body), at or iso(self.clock_ms())))
        return notes

    def _recorded(self, outcomes: Sequence[Outcome]) -> list[Recorded]:
        """What the sequencer took. Raises TrucelineError the first of what it refused."""
        self.log.refresh()
        for one in outcomes:
            if one.problem is not None:
                raise one.problem
        return [self.entry(one.index) for one in outcomes if one.index is not None]

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let no other program import, seal or compute in this mission meanwhile; may be nested.

        Single records may still be appended by others: a notice does not wait for an import.

        Raises:
            EnvironmentFailure: ENV-003, another program is at work.
        """
        if self._working:
            yield
            return
        with locked(self.root):
            with self.log.writing():
                pass  # hold what the others appended
            self.blobs.sweep()
            self.vault.sweep()
            self._working = True
            try:
                yield
            finally:
                self._working = False

    def seal(self, records: Sequence[Observation | Watch], at: Sequence[str] | None = None) -> int:
        """Commit to records of observers and sensors, each signed by its source, in padded batches.

        In a mission with a cadence (`commit_cadence_ms`) they wait, signed and sealed, for the next batches
        (`sealing.commit`), unless `at` says when they came: a simulated history is sequenced in bulk.

        Returns:
            the number of batches made now.
        Raises:
            UsageError: MIS-020, a mission of record.
        """
        self.refuse_record()
        with self.working():
            if int(self.setting("commit_cadence_ms")) and at is None:
                sealing.accept(self, records)
                return 0
            return sealing.seal(self, records, at)

    # Originals

    @contextmanager
    def original(self, imported: Import) -> Iterator[tuple[Path, bytes]]:
        """The original bytes of an import under their own suffix, and the secret of its row root.

        Raises:
            EvidenceError: EVI-001, EVI-002 absent or altered, EVI-011 sealed, and no key here opens it.
        """
        with tempfile.TemporaryDirectory(prefix="truceline-") as folder:
            path = Path(folder) / f"original{Path(imported.name).suffix.lower()}"
            if imported.sealed:
                secret = self.vault.open_file(imported.stored, path)
                with path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != imported.digest:
                        raise errors.EvidenceError(
                            "EVI-002",
                            "stored bytes must hash to their name",
                            where=imported.name,
                            remedy="Fetch the file of that name from another copy.",
                        )
            else:
                self.blobs.check(imported.stored)
                secret = public_row_secret(imported.digest)
                try:
                    path.hardlink_to(self.blobs.path(imported.stored).resolve())
                except OSError:
                    shutil.copyfile(self.blobs.path(imported.stored), path)
            yield path, secret

    def _with_geometry(self, genesis: Genesis, geometry: dict[str, Any]) -> Genesis:
        open_: list[dict[str, Any]] = []
        sealed: list[dict[str, Any]] = []
        for feature in geometry["features"]:
            (sealed if feature["properties"].get("role") in SEALED_ROLES else open_).append(feature)
        public = self.blobs.put(_geojson(open_))
        posts = self.vault.seal_file(_geojson(sealed)) if sealed else ""
        return replace(genesis, geometry=public, posts=posts)


def _recorded(index: int, ident: str, entry: Entry) -> Recorded:
    return Recorded(index, ident, entry.author, entry.at, decode(entry.kind, entry.body))


def alone(function: Callable[Concatenate[Mission, P], R]) -> Callable[Concatenate[Mission, P], R]:
    """A use case that runs within `Mission.working`."""

    @wraps(function)
    def within(mission: Mission, /, *arguments: P.args, **named: P.kwargs) -> R:
        with mission.working():
            return function(mission, *arguments, **named)

    return within


def public_row_secret(digest: str) -> bytes:
    """For public files the salts hide nothing, so that anyone can recompute the root of the rows."""
    return hashlib.sha256(b"truceline/public-rows\n" + bytes.fromhex(digest)).digest()


def _geojson(features: list[dict[str, Any]]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _origin_key(name: str) -> SigningKey:
    """The log's key; its name, the origin, is the mission's name and a piece of the key, so no two are alike."""
    seed = secrets.token_bytes(32)
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "mission"
    mark = SigningKey("", seed).vkey.key.hex()[:8]
    return SigningKey(f"truceline.invalid/{word}/{mark}", seed)


def _refuse_ids(ids: Sequence[str]) -> None:
    """Ids name keys and files, and no key serves two purposes."""
    for number, ident in enumerate(ids):
        if not _WORD.fullmatch(ident) or ident in RESERVED or ident in ids[:number]:
            raise errors.UsageError(
                "MIS-008", "the id of a party or actor must be a word of its own, of letters, digits and hyphens",
                where="--party", value=ident, remedy=f"These are roles of the mission: {', '.join(sorted(RESERVED))}.",
            )  # fmt: skip


def speaks_for_itself(role: str, body: Kind) -> None:
    """Nobody signs a party's consent or reply but that party, and no party tells another's word. Raises UsageError MIS-005."""
    party = body.party if isinstance(body, (Consent, Reply)) else role
    if isinstance(body, Fact) and role not in RESERVED:
        party = body.told_by or role
    if party != role:
        raise errors.UsageError(
            "MIS-005", "a party's own words must be signed by that party", where=role, value=party,
            remedy=f"Record it with the key of {party}.",
        )  # fmt: skip


def result_digest(rows: list[dict[str, Any]]) -> str:
    """SHA-256 over the canonical rows, one a line, in the order given."""
    sha = hashlib.sha256()
    for row in rows:
        sha.update(canonical(row) + b"\n")
    return sha.hexdigest()
