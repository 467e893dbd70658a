"""Private keys at rest: age files (https://age-encryption.org/v1), mode 0600, opened by one key of the folder.

    FOLDER/ring      the folder's own X25519 identity: encrypted under a passphrase (scrypt), or to this account's key;
                     or the name under which the keyring of the operating system holds it (the extra `keyring`)
    FOLDER/<name>    everything else: encrypted to that identity

The passphrase comes from TRUCELINE_PASSPHRASE, from the file descriptor TRUCELINE_PASSPHRASE_FD, or from the person at
the terminal. Where none was given when the folder was made, this account's key opens it: TRUCELINE_ACCOUNT_KEY, by
default `truceline/account.key` in the account's folder for settings. So a copy of the folder alone opens nothing.
"""

from __future__ import annotations

import getpass
import os
import sys
from functools import cache
from pathlib import Path
from typing import Final

import pyrage
from pyrage import x25519

from truceline.errors import LogError, UsageError
from truceline.log import oskeyring
from truceline.log.files import write_durably

PASSPHRASE: Final = "TRUCELINE_PASSPHRASE"  # noqa: S105  the name of a variable
PASSPHRASE_FD: Final = "TRUCELINE_PASSPHRASE_FD"  # noqa: S105
ACCOUNT_KEY: Final = "TRUCELINE_ACCOUNT_KEY"
_MAGIC, _SCRYPT = b"age-encryption.org/v1\n", b"-> scrypt "
RING: Final = "ring"


class KeyStore:
    """Files of one folder of keys; nothing is asked before something encrypted is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def protection(self) -> str:
        """passphrase, account, keyring, or none: a folder of an older version, whose files lie open."""
        path = self.folder / RING
        if not path.is_file():
            return "none"
        if path.read_bytes().startswith(oskeyring.MAGIC):
            return "keyring"
        return "passphrase" if path.read_bytes().startswith(_MAGIC + _SCRYPT) else "account"

    def create(self, passphrase: str | None = None) -> None:
        """Make the folder and its key, unless it has one.

        Args:
            passphrase: by default what the surroundings give; where they give none, this account's key.
        Raises:
            EnvironmentFailure: ENV-001.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (self.folder / RING).exists():
            self._wrap(x25519.Identity.generate(), passphrase or given_passphrase())

    def protect(self, passphrase: str | None, *, by_keyring: bool = False) -> None:
        """Change what opens the folder: a passphrase, this account's key, or the keyring of the operating system.

        Encrypts what lay open. A name that the keyring held before is removed from it afterwards.

        Raises:
            UsageError: LOG-120..122, it does not open now; LOG-151, the keyring does not take it. EnvironmentFailure:
                ENV-001, LOG-153.
        """
        path = self.folder / RING
        before = path.read_bytes() if path.exists() else b""
        identity = self._identity() if before else x25519.Identity.generate()
        if by_keyring:
            sealed = oskeyring.keep(str(identity))
            write_durably(path, sealed, mode=0o600)
            _opened[sealed] = identity
        else:
            self._wrap(identity, passphrase)
        if before.startswith(oskeyring.MAGIC):
            oskeyring.forget(before)
        for path in sorted(one for one in self.folder.iterdir() if one.is_file() and one.name != RING):
            raw = path.read_bytes()
            if not raw.startswith(_MAGIC) and not path.name.startswith("."):
                self.write(path.name, raw)

    def read(self, name: str) -> bytes:
        """What a file holds, decrypted.

        Raises:
            UsageError: LOG-120 a passphrase is needed, LOG-121 it is another one, LOG-122 another account's key, LOG-151 the
                keyring of the operating system does not give it. EnvironmentFailure: LOG-153.
            LogError: LOG-014, the file is not whole. OSError: it is not there.
        """
        raw = (self.folder / name).read_bytes()
        if not raw.startswith(_MAGIC):
            return raw
        try:
            return bytes(pyrage.decrypt(raw, [self._identity()]))
        except pyrage.DecryptError as problem:
            raise LogError(
                "LOG-014", "a file of the folder of keys must open with the folder's key", where=str(self.folder / name),
                remedy="Restore the file from the copy that was kept apart.",
            ) from problem  # fmt: skip

    def write(self, name: str, content: bytes) -> None:
        """Keep `content`, encrypted, readable by its owner alone. Raises EnvironmentFailure ENV-001; UsageError as `read`."""
        self.create()
        sealed = pyrage.encrypt(content, [self._identity().to_public()])
        write_durably(self.folder / name, sealed, mode=0o600)

    def _wrap(self, identity: x25519.Identity, passphrase: str | None) -> None:
        plain = f"{identity}\n".encode()
        if passphrase:
            sealed = pyrage.passphrase.encrypt(plain, passphrase)
        else:
            sealed = pyrage.encrypt(plain, [_account().to_public()])
        write_durably(self.folder / RING, sealed, mode=0o600)
        _opened[sealed] = identity

    def _identity(self) -> x25519.Identity:
        path = self.folder / RING
        sealed = path.read_bytes()
        if sealed not in _opened:
            _opened[sealed] = self._unwrap(path, sealed)
        return _opened[sealed]

    @staticmethod
    def _unwrap(path: Path, sealed: bytes) -> x25519.Identity:
        try:
            if sealed.startswith(oskeyring.MAGIC):
                plain = oskeyring.find(sealed, path)
            elif sealed.startswith(_MAGIC + _SCRYPT):
                plain = pyrage.passphrase.decrypt(sealed, given_passphrase() or _asked(path))
            else:
                plain = pyrage.decrypt(sealed, [_account()])
            return x25519.Identity.from_str(plain.decode().strip())
        except pyrage.DecryptError as problem:
            if sealed.startswith(_MAGIC + _SCRYPT):
                raise UsageError(
                    "LOG-121", "the passphrase must be that of the folder of keys", where=str(path),
                    remedy="Nothing was opened. Try again; nobody can open the folder without it.",
                ) from problem  # fmt: skip
            raise UsageError(
                "LOG-122", "the folder of keys must be opened by the account that made it", where=str(path),
                remedy=f"Give that account's key with {ACCOUNT_KEY}, or take the copy of the keys that has a passphrase.",
            ) from problem  # fmt: skip
        except (pyrage.IdentityError, UnicodeDecodeError) as problem:
            raise LogError(
                "LOG-014", "the key of a folder of keys must be whole", where=str(path),
                remedy="Restore the file from the copy that was kept apart.",
            ) from problem  # fmt: skip


_opened: dict[bytes, x25519.Identity] = {}
"""What this process has opened already: a passphrase costs a second each time, on purpose."""


def given_passphrase() -> str | None:
    """The passphrase that the surroundings give, without asking anybody."""
    return os.environ.get(PASSPHRASE) or _from_descriptor(os.environ.get(PASSPHRASE_FD, ""))


@cache
def _from_descriptor(number: str) -> str | None:
    if not number:
        return None
    try:
        with os.fdopen(int(number), "rb") as file:
            return file.read().decode().rstrip("\r\n") or None
    except (OSError, ValueError) as problem:
        raise UsageError(
            "LOG-120", "the passphrase must be readable", where=PASSPHRASE_FD, value=number,
            remedy="Give the number of an open file descriptor that holds UTF-8 text.",
        ) from problem  # fmt: skip


def _asked(path: Path) -> str:
    if sys.stdin.isatty() and sys.stderr.isatty():
        return getpass.getpass(f"Passphrase of {path.parent}: ", stream=sys.stderr)
    raise UsageError(
        "LOG-120", "the folder of keys is protected by a passphrase", where=str(path.parent),
        remedy=f"Set {PASSPHRASE}, or {PASSPHRASE_FD} to a file descriptor that holds it; at a terminal you are asked.",
    )  # fmt: skip


def account_key_path() -> Path:
    """Where this account's key stands."""
    named = os.environ.get(ACCOUNT_KEY)
    if named:
        return Path(named)
    settings = os.environ.get("XDG_CONFIG_HOME")
    return (Path(settings) if settings else Path.home() / ".config") / "truceline" / "account.key"


def _account() -> x25519.Identity:
    path = account_key_path()
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(path, f"{x25519.Identity.generate()}\n".encode(), mode=0o600)
        return x25519.Identity.from_str(path.read_text(encoding="utf-8").strip())
    except (pyrage.IdentityError, UnicodeDecodeError) as problem:
        raise UsageError(
            "LOG-122", "the account's key must be whole", where=str(path), remedy="Restore it from a copy of the account's settings."
        ) from problem  # fmt: skip
