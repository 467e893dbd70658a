"""Private keys, in a folder of their own that never lies inside the mission's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyrage
from pyrage import x25519

from truceline.errors import LogError, UsageError
from truceline.log.files import write_durably
from truceline.log.notes import SigningKey

AGE_ROLES = ("mission", "auditor")


def default_folder(mission: Path) -> Path:
    """Beside the mission: `<mission>.keys`."""
    resolved = mission.resolve()
    return resolved.with_name(resolved.name + ".keys")


class KeyRing:
    """`<role>.key` signs, `<role>.age` opens sealed payloads, `observers.json` stands for the observers' devices."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, roles: Iterable[str]) -> None:
        """New keys for every role that has none, and identities for the mission and its auditor.

        Raises:
            EnvironmentFailure: ENV-001.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for role in roles:
            if not self._path(role).exists():
                SigningKey(role, secrets.token_bytes(32)).save(self._path(role))
        for role in AGE_ROLES:
            if not self._age(role).exists():
                write_durably(self._age(role), f"{x25519.Identity.generate()}\n".encode(), mode=0o600)

    def save_log_key(self, key: SigningKey) -> None:
        """The log's own key, whose name is the origin."""
        key.save(self.folder / "log.key")

    def log_key(self) -> SigningKey:
        """The log's own key. Raises UsageError MIS-003, MIS-007."""
        return self._load(self.folder / "log.key")

    def signing(self, role: str) -> SigningKey:
        """The key of a role. Raises UsageError MIS-003 where this ring does not hold it, MIS-007 not whole."""
        return self._load(self._path(role))

    def identity(self) -> str | None:
        """The first age identity this ring holds. Raises UsageError MIS-007."""
        for role in AGE_ROLES:
            if self._age(role).is_file():
                return str(self._identity(role))
        return None

    def recipients(self) -> dict[str, str]:
        """Role -> age public key. Raises UsageError MIS-003, MIS-007."""
        return {role: str(self._identity(role).to_public()) for role in AGE_ROLES}

    def observers(self, committed: Collection[str]) -> Observers:
        """The keys of observers and sensors, with the state that their devices keep.

        Args:
            committed: digests of the payloads that the log commits to; they tell whether a seal that was cut short counts.
        """
        return Observers(self.folder / "observers.json", committed)

    def _path(self, role: str) -> Path:
        return self.folder / f"{role}.key"

    def _age(self, role: str) -> Path:
        return self.folder / f"{role}.age"

    def _load(self, path: Path) -> SigningKey:
        if not path.is_file():
            raise _absent(path)
        try:
            return SigningKey.load(path)
        except LogError as problem:
            raise _broken(path) from problem

    def _identity(self, role: str) -> x25519.Identity:
        path = self._age(role)
        if not path.is_file():
            raise _absent(path)
        try:
            return x25519.Identity.from_str(path.read_text(encoding="utf-8").strip())
        except (pyrage.IdentityError, UnicodeDecodeError) as problem:
            raise _broken(path) from problem


class Observer:
    """What a device holds: its key, its next number, the id of its last record."""

    def __init__(self, key: SigningKey, seq: int = 0, prev: str = "", *, is_new: bool = True) -> None:
        self.key, self.seq, self.prev, self.is_new = key, seq, prev, is_new

    def advance(self, entry_id: str) -> None:
        """One more record was signed."""
        self.seq, self.prev, self.is_new = self.seq + 1, entry_id, False


class Observers:
    """All devices in one file, which is replaced at once.

    Their numbers must agree with the log whatever moment a process is killed at: `prepare` writes the new state beside
    the old one, with the payloads that it belongs to; whoever opens the file next sees on the log which one counts.
    """

    def __init__(self, path: Path, committed: Collection[str]) -> None:
        """Raises UsageError MIS-007, the file is not whole."""
        self._path = path
        self._held: dict[str, Observer] = {}
        self._kept: dict[str, Any] = {}
        if not path.is_file():
            return
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            waiting = kept.get("next")
            taken = waiting is not None and set(waiting["payloads"]) <= set(committed)
            for source, (seed, seq, prev) in (waiting if taken else kept)["devices"].items():
                key = SigningKey(source, bytes.fromhex(seed))
                self._held[source] = Observer(key, int(seq), str(prev), is_new=False)
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            raise _broken(path) from problem
        self._kept = self._state()

    def of(self, source: str) -> Observer:
        """The device of a source; its key is made on first use."""
        if source not in self._held:
            self._held[source] = Observer(SigningKey(source, secrets.token_bytes(32)))
        return self._held[source]

    def prepare(self, payloads: Sequence[str]) -> None:
        """Keep the state that counts once the log commits to these payloads. Raises EnvironmentFailure ENV-001."""
        later = {"payloads": list(payloads), "devices": self._state()}
        self._write({"devices": self._kept, "next": later})

    def keep(self) -> None:
        """The log has committed. Raises EnvironmentFailure ENV-001."""
        self._kept = self._state()
        self._write({"devices": self._kept})

    def _state(self) -> dict[str, Any]:
        return {source: [one.key.seed.hex(), one.seq, one.prev] for source, one in self._held.items()}

    def _write(self, kept: dict[str, Any]) -> None:
        write_durably(self._path, json.dumps(kept).encode(), mode=0o600)


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
