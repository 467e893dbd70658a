"""The keyring of the operating system (Secret Service, macOS Keychain, Windows Credential Locker) holds the key of a folder of keys.

`ring` then holds this, and nothing secret:

    truceline-keyring/v1
    <name>                 the entry `truceline`, <name> in the keyring; its secret is the folder's age identity

Needs the extra `keyring`, which chooses the backend (https://keyring.readthedocs.io, PYTHON_KEYRING_BACKEND).
"""

from __future__ import annotations

import contextlib
import re
import secrets
from pathlib import Path
from types import ModuleType

from truceline.errors import EnvironmentFailure, UsageError

MAGIC = b"truceline-keyring/v1\n"
SERVICE = "truceline"
_RING = re.compile(re.escape(MAGIC.decode()) + r"([0-9a-f]{32})\n")


def keep(secret: str) -> bytes:
    """Put a secret into the keyring under a new name, and read it back; what `ring` is to hold.

    Raises:
        UsageError: LOG-151, the keyring does not keep it. EnvironmentFailure: LOG-153.
    """
    keyring, name = _needs(), secrets.token_hex(16)
    try:
        keyring.set_password(SERVICE, name, secret)
        kept = keyring.get_password(SERVICE, name)
    except keyring.errors.KeyringError as problem:
        raise _refused(name, str(problem)) from problem
    if kept != secret:
        raise _refused(name, f"{type(keyring.get_keyring()).__module__} keeps nothing")
    return MAGIC + f"{name}\n".encode()


def find(ring: bytes, where: Path) -> bytes:
    """The secret of a `ring`. Raises UsageError LOG-151; EnvironmentFailure LOG-153."""
    name, keyring = _name(ring, str(where)), _needs()
    try:
        secret = keyring.get_password(SERVICE, name)
    except keyring.errors.KeyringError as problem:
        raise _refused(str(where), str(problem)) from problem
    if secret is None:
        raise _refused(str(where), f"no entry {SERVICE}, {name}")
    return str(secret).encode()


def forget(ring: bytes) -> None:
    """Remove the secret of a `ring` that is used no more; one that is gone already is no fault."""
    keyring = _needs()
    with contextlib.suppress(keyring.errors.KeyringError):
        keyring.delete_password(SERVICE, _name(ring, "ring"))


def _name(ring: bytes, where: str) -> str:
    found = _RING.fullmatch(ring.decode("ascii", "replace"))
    if found is None:
        raise _refused(where, "the file is not whole")
    return found[1]


def _needs() -> ModuleType:
    try:
        import keyring
        import keyring.errors
    except ImportError as problem:
        raise EnvironmentFailure(
            "LOG-153", "the keyring of the operating system needs the extra `keyring`", value="keyring",
            remedy="Install it: pip install 'truceline[keyring]'",
        ) from problem  # fmt: skip
    return keyring


def _refused(where: str, value: str) -> UsageError:
    return UsageError(
        "LOG-151", "the keyring of the operating system must hold the key of the folder of keys", where=where, value=value,
        remedy="Unlock it and log in as the account that made the folder; without one, use a passphrase: `truceline key protect`.",
    )  # fmt: skip
