"""The one verifier of signatures: Ed25519 (RFC 8032) with every choice that libraries differ on made here.

A signature is good when all of these hold; the published edge cases pin what follows from that (tests/log/test_ed25519.py):

    key       32 bytes, canonical (y < 2^255 - 19), not of low order
    R         the first half of the signature: canonical, not of low order
    S         the second half: below the order of the group
    equation  [S]B = R + [k]A without the cofactor

A difference between two verifiers would be a dispute between two parties: so keys and points that some accept and
others refuse are refused before any library is asked.

The equation is libsodium's work (docs/adr/0055): it is the quickest, and several threads verify at once, since PyNaCl lets
go of the interpreter meanwhile.
"""

from __future__ import annotations

from typing import Final

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

FIELD: Final = 2**255 - 19
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_SIGN: Final = 1 << 255
# y of the points whose order divides 8: (0, 1), (0, -1), (+-sqrt(-1), 0), and the four of order 8
_LOW_ORDER: Final = frozenset(
    {
        0, 1, FIELD - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
    }
)  # fmt: skip


def verify(key: bytes, text: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `text` is good under `key` (32 bytes)."""
    if len(signature) != 64 or not is_strong(key) or not is_strong(signature[:32]):
        return False
    if int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    try:
        crypto_sign_open(signature + text, key)
    except CryptoError:
        return False
    return True


def is_strong(point: bytes) -> bool:
    """Whether 32 bytes are the canonical encoding of something that is not of low order."""
    if len(point) != 32:
        return False
    y = int.from_bytes(point, "little") & (_SIGN - 1)
    return y < FIELD and y not in _LOW_ORDER
