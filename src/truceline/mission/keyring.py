"""Private keys, in a folder of their own that never lies inside the mission's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyrage import x25519

from truceline.errors import UsageError
from truceline.log.notes import SigningKey

AGE_ROLES = ("mission", "auditor")


def default_folder(mission: Path) -> Path:
    """Beside the mission: `<mission>.keys`."""
    resolved = mission.resolve()
    return resolved.with_name(resolved.name + ".keys")


class KeyRing:
    """`<role>.key` signs, `<role>.age` opens sealed payloads, `observers/` holds one key a source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, roles: Iterable[str]) -> None:
        """New keys for every role that has none, and identities for the mission and its auditor."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for role in roles:
            if not self._path(role).exists():
                SigningKey(role, secrets.token_bytes(32)).save(self._path(role))
        for role in AGE_ROLES:
            path = self.folder / f"{role}.age"
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(f"{x25519.Identity.generate()}\n")

    def save_log_key(self, key: SigningKey) -> None:
        """The log's own key, whose name is the origin."""
        key.save(self.folder / "log.key")

    def log_key(self) -> SigningKey:
        """The log's own key. Raises UsageError MIS-003."""
        return self._load(self.folder / "log.key")

    def signing(self, role: str) -> SigningKey:
        """The key of a role. Raises UsageError MIS-003 where this ring does not hold it."""
        return self._load(self._path(role))

    def identity(self) -> str | None:
        """The first age identity this ring holds."""
        for role in AGE_ROLES:
            path = self.folder / f"{role}.age"
            if path.is_file():
                return path.read_text().strip()
        return None

    def recipients(self) -> dict[str, str]:
        """Role -> age public key."""
        return {
            role: str(x25519.Identity.from_str((self.folder / f"{role}.age").read_text().strip()).to_public())
            for role in AGE_ROLES
        }

    def observer(self, source: str) -> Observer:
        """The key of one observer or sensor with the state that its device keeps; made on first use."""
        return Observer(self.folder / "observers" / f"{source}.json", source)

    def _path(self, role: str) -> Path:
        return self.folder / f"{role}.key"

    def _load(self, path: Path) -> SigningKey:
        if not path.is_file():
            raise UsageError(
                "MIS-003", "the folder of keys must hold the key that signs this", where=str(path),
                remedy="Give the folder of keys with --keys, or ask who holds that role.",
            )  # fmt: skip
        return SigningKey.load(path)


class Observer:
    """What a device holds: its key, its next number, the id of its last record."""

    def __init__(self, path: Path, source: str) -> None:
        self._file = path
        self.is_new = not path.is_file()
        held: dict[str, Any] = (
            {"seed": secrets.token_hex(32), "seq": 0, "prev": ""}
            if self.is_new
            else json.loads(path.read_text())
        )
        self.key = SigningKey(source, bytes.fromhex(held["seed"]))
        self.seq, self.prev = int(held["seq"]), str(held["prev"])

    def advance(self, entry_id: str) -> None:
        """One more record was signed."""
        self.seq, self.prev = self.seq + 1, entry_id

    def save(self) -> None:
        """Keep the state."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch(mode=0o600)
        held = {"seed": self.key.seed.hex(), "seq": self.seq, "prev": self.prev}
        self._file.write_text(json.dumps(held))
