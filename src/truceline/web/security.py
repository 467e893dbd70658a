"""Passwords, one-time codes, and the headers that every answer carries."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from functools import cache
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher()  # Argon2id with the library's defaults (RFC 9106, low memory)

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "worker-src 'self' blob:; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def is_password(hashed: str, password: str) -> bool:
    """Whether a password fits; an account that is not there takes the same time as one that is."""
    try:
        return _HASHER.verify(hashed or _nobody(), password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


def code_step(secret: str, code: str, now_s: float) -> int | None:
    """The 30-second step of a one-time code (RFC 6238), one step early or late allowed; None where it is wrong."""
    totp = pyotp.TOTP(secret)
    step = int(now_s) // totp.interval
    for candidate in (step, step - 1, step + 1):
        if secrets.compare_digest(totp.at(candidate * totp.interval), code.strip()):
            return candidate
    return None


class Limiter:
    """At most so many failures in so many seconds for one key; in memory, of this process."""

    def __init__(self, failures: int, seconds: float) -> None:
        self._failures, self._seconds = failures, seconds
        self._seen: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def allows(self, key: str) -> bool:
        """Whether one more try may be made."""
        with self._lock:
            return len(self._held(key)) < self._failures

    def failed(self, key: str) -> None:
        """Count a failure."""
        with self._lock:
            if len(self._seen) > 10_000:
                old = time.monotonic() - self._seconds
                self._seen = {name: held for name, held in self._seen.items() if held and held[-1] > old}
            self._seen.setdefault(key, deque()).append(time.monotonic())

    def _held(self, key: str) -> deque[float]:
        held = self._seen.get(key, deque())
        while held and held[0] <= time.monotonic() - self._seconds:
            held.popleft()
        return held
