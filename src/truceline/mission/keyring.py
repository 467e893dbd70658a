"""Private keys, in a folder of their own that never lies inside the mission's; encrypted at rest (log/keystore.py)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyrage
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pyrage import x25519

from truceline.errors import LogError, UsageError
from truceline.log.keystore import KeyStore, given_passphrase
from truceline.log.notes import SigningKey, VerifierKey

AGE_ROLES = ("mission", "auditor")
OBSERVERS = "observers.json"
FIELD = "field.hpke"
NEXT = ".next"
"""Mark of a key that waits for the log to take it."""


def default_folder(mission: Path) -> Path:
    """Beside the mission: `<mission>.keys`."""
    resolved = mission.resolve()
    return resolved.with_name(resolved.name + ".keys")


class KeyRing:
    """`<role>.key` signs, `<role>.age` opens sealed payloads, `observers.json` stands for the observers' devices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = KeyStore(folder)

    def make(self, roles: Iterable[str], passphrase: str | None = None) -> None:
        """New keys for every role that has none, and identities for the mission and its auditor.

        Args:
            passphrase: what opens a new folder of keys; by default what the surroundings give, else this account.
        Raises:
            EnvironmentFailure: ENV-001.
        """
        self.store.create(passphrase)
        for role in roles:
            if not self._path(role).exists():
                self._keep(self._path(role), SigningKey(role, secrets.token_bytes(32)))
        for role in AGE_ROLES:
            if not self._age(role).exists():
                self.store.write(self._age(role).name, f"{x25519.Identity.generate()}\n".encode())

    @property
    def is_locked(self) -> bool:
        """Whether somebody must be asked for a passphrase before a key can be used."""
        return self.store.protection == "passphrase" and not given_passphrase()

    @property
    def holds_log_key(self) -> bool:
        """Whether this ring can append to the log."""
        return (self.folder / "log.key").is_file()

    def held(self) -> list[str]:
        """The roles whose signing key this ring holds."""
        found = sorted(path.name.removesuffix(".key") for path in self.folder.glob("*.key"))
        return [name for name in found if name != "log" and not name.endswith(NEXT)]

    def waiting(self) -> list[str]:
        """The roles that have made a key which the log has yet to take."""
        return sorted(path.name.removesuffix(f"{NEXT}.key") for path in self.folder.glob(f"*{NEXT}.key"))

    def save_log_key(self, key: SigningKey) -> None:
        """The log's own key, whose name is the origin."""
        self._keep(self.folder / "log.key", key)

    def log_key(self) -> SigningKey:
        """The log's own key. Raises UsageError MIS-003, MIS-007, LOG-120..122."""
        return self._load(self.folder / "log.key")

    def signing(self, role: str, valid: VerifierKey | None = None) -> SigningKey:
        """The key of a role.

        Args:
            valid: the key that the log says is valid; a rotation that the log took and this ring did not finish is finished.
        Raises:
            UsageError: MIS-003 where this ring does not hold it, MIS-007 not whole, LOG-120..122 locked.
        """
        waiting = self._path(role + NEXT)
        if valid is not None and waiting.is_file():
            following = self._load(waiting)
            if following.vkey == valid:
                self._keep(self._path(role), following)
                waiting.unlink()
        return self._load(self._path(role))

    def next_key(self, role: str) -> SigningKey:
        """A key for a role to rotate to, or to be enrolled with, kept before anybody signs for it.

        Raises:
            EnvironmentFailure: ENV-001. UsageError: MIS-007, LOG-120..122.
        """
        path = self._path(role + NEXT)
        if not path.is_file():
            self._keep(path, SigningKey(role, secrets.token_bytes(32)))
        return self._load(path)

    def identity(self) -> str | None:
        """The first age identity this ring holds. Raises UsageError MIS-007, LOG-120..122."""
        for role in AGE_ROLES:
            if self._age(role).is_file():
                return str(self._identity(role))
        return None

    def recipients(self) -> dict[str, str]:
        """Role -> age public key. Raises UsageError MIS-003, MIS-007, LOG-120..122."""
        return {role: str(self._identity(role).to_public()) for role in AGE_ROLES}

    def compartment(self, name: str) -> x25519.Identity:
        """The key of a compartment that neither the mission nor its auditor opens; made on first use.

        Raises:
            UsageError: MIS-007, LOG-120..122. EnvironmentFailure: ENV-001.
        """
        role = f"compartment-{name}"
        if not self._age(role).exists():
            self.store.write(self._age(role).name, f"{x25519.Identity.generate()}\n".encode())
        return self._identity(role)

    def field_key(self) -> X25519PrivateKey:
        """The key that devices in the field seal to; made on first use, and it serves nothing else.

        Raises:
            UsageError: MIS-007, LOG-120..122. EnvironmentFailure: ENV-001.
        """
        path = self.folder / FIELD
        if not path.is_file():
            self.store.write(FIELD, X25519PrivateKey.generate().private_bytes_raw().hex().encode())
        try:
            return X25519PrivateKey.from_private_bytes(bytes.fromhex(self.store.read(FIELD).decode()))
        except (LogError, ValueError) as problem:
            raise _broken(path) from problem

    def observers(self, committed: Collection[str]) -> Observers:
        """The keys of observers and sensors, with the state that their devices keep.

        Args:
            committed: digests of the payloads that the log commits to; they tell whether a seal that was cut short counts.
        """
        return Observers(self.store, committed)

    def _path(self, role: str) -> Path:
        return self.folder / f"{role}.key"

    def _age(self, role: str) -> Path:
        return self.folder / f"{role}.age"

    def _load(self, path: Path) -> SigningKey:
        if not path.is_file():
            raise _absent(path)
        try:
            return SigningKey.from_line(self.store.read(path.name))
        except LogError as problem:
            raise _broken(path) from problem

    def _keep(self, path: Path, key: SigningKey) -> None:
        self.store.write(path.name, key.line())

    def _identity(self, role: str) -> x25519.Identity:
        path = self._age(role)
        if not path.is_file():
            raise _absent(path)
        try:
            return x25519.Identity.from_str(self.store.read(path.name).decode().strip())
        except (LogError, pyrage.IdentityError, UnicodeDecodeError) as problem:
            raise _broken(path) from problem


class Observer:
    """What a device holds: its key, its next number, the id of its last record, the secret of its pseudonyms."""

    def __init__(
        self, key: SigningKey, seq: int = 0, prev: str = "", *, is_new: bool = True, pseudonyms: bytes = b""
    ) -> None:
        self.key, self.seq, self.prev, self.is_new = key, seq, prev, is_new
        self.pseudonyms = pseudonyms

    def advance(self, entry_id: str) -> None:
        """One more record was signed."""
        self.seq, self.prev, self.is_new = self.seq + 1, entry_id, False


class Observers:
    """All devices in one file, which is replaced at once.

    Their numbers must agree with the log whatever moment a process is killed at: `prepare` writes the new state beside
    the old one, with the payloads that it belongs to; whoever opens the file next sees on the log which one counts.
    """

    def __init__(self, store: KeyStore, committed: Collection[str]) -> None:
        """Raises UsageError MIS-007, the file is not whole; LOG-120..122, it is locked."""
        self._store = store
        path = store.folder / OBSERVERS
        self._held: dict[str, Observer] = {}
        self._kept: dict[str, Any] = {}
        if not path.is_file():
            return
        try:
            kept = json.loads(store.read(OBSERVERS))
            waiting = kept.get("next")
            taken = waiting is not None and set(waiting["payloads"]) <= set(committed)
            for source, (seed, seq, prev, *more) in (waiting if taken else kept)["devices"].items():
                key, pseudonyms = SigningKey(source, bytes.fromhex(seed)), bytes.fromhex("".join(more))
                self._held[source] = Observer(key, int(seq), str(prev), is_new=False, pseudonyms=pseudonyms)
        except (LogError, ValueError, TypeError, KeyError, AttributeError) as problem:
            raise _broken(path) from problem
        self._kept = self._state()

    def of(self, source: str) -> Observer:
        """The device of a source; its key is made on first use."""
        if source not in self._held:
            key = SigningKey(source, secrets.token_bytes(32))
            self._held[source] = Observer(key, pseudonyms=secrets.token_bytes(32))
        return self._held[source]

    def forget(self, source: str) -> None:
        """Drop a device; if it reports again, it is another one. Raises EnvironmentFailure ENV-001."""
        if self._held.pop(source, None) is not None:
            self.keep()

    def prepare(self, payloads: Sequence[str]) -> None:
        """Keep the state that counts once the log commits to these payloads. Raises EnvironmentFailure ENV-001."""
        later = {"payloads": list(payloads), "devices": self._state()}
        self._write({"devices": self._kept, "next": later})

    def keep(self) -> None:
        """The log has committed. Raises EnvironmentFailure ENV-001."""
        self._kept = self._state()
        self._write({"devices": self._kept})

    def _state(self) -> dict[str, Any]:
        return {
            source: [one.key.seed.hex(), one.seq, one.prev, one.pseudonyms.hex()]
            for source, one in self._held.items()
        }

    def _write(self, kept: dict[str, Any]) -> None:
        self._store.write(OBSERVERS, json.dumps(kept).encode())


def _absent(path: Path) -> UsageError:
    return UsageError(
        "MIS-003", "the folder of keys must hold the key of whoever signs or opens this", where=str(path),
        remedy="Give the folder of keys with --keys, or ask who holds that role.",
    )  # fmt: skip


def _broken(path: Path) -> UsageError:
    return UsageError(
        "MIS-007", "a file of the folder of keys must be whole", where=str(path),
        remedy="Restore it from the copy of the keys that was kept apart.",
    )  # fmt: skip
