"""A checkpoint as digits that two people can read to each other, in any language, over any line.

Forty digits of a slow hash (scrypt) over origin, size and root, in eight groups of five, each with a sixth digit that
checks the group and its place. So a digit misheard, two digits exchanged and two groups exchanged are told from a
checkpoint that differs. 10^40 are about 2^133: nobody finds two histories that read the same.
"""

from __future__ import annotations

import base64
import hashlib
import re

from truceline.errors import LogError

GROUPS = 8
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2), (7, 0, 9, 2, 1, 5, 4, 8, 6, 3), (4, 2, 0, 6, 8, 7, 1, 3, 5, 9), (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8), (3, 6, 7, 4, 2, 0, 9, 5, 8, 1), (5, 8, 6, 9, 7, 2, 0, 1, 3, 4), (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5), (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)  # fmt: skip


def fingerprint(origin: str, size: int, root: bytes) -> str:
    """Eight groups of six digits, e.g. "123456 ..."; the same for everybody who holds that checkpoint."""
    text = f"truceline/fingerprint/v1\n{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    slow = hashlib.scrypt(text, salt=b"truceline/fingerprint/v1", n=1 << 14, r=8, p=1, dklen=32)
    digits = f"{int.from_bytes(slow, 'big') % 10 ** (5 * GROUPS):0{5 * GROUPS}d}"
    groups = [digits[5 * place : 5 * place + 5] for place in range(GROUPS)]
    return " ".join(group + str(_check_digit(place, group)) for place, group in enumerate(groups))


def compare(own: str, heard: str) -> None:
    """Compare what was read out with one's own.

    Raises:
        LogError: LOG-130 a group was misheard or mistyped, LOG-131 the other side holds another checkpoint.
    """
    digits = re.sub(r"[\s.,-]", "", heard)
    if not re.fullmatch(rf"[0-9]{{{6 * GROUPS}}}", digits):
        raise LogError(
            "LOG-130",
            f"a fingerprint must be {GROUPS} groups of six digits",
            value=heard,
            remedy="Ask for it again.",
        )
    groups = [digits[6 * place : 6 * place + 6] for place in range(GROUPS)]
    for place, group in enumerate(groups):
        if str(_check_digit(place, group[:5])) != group[5]:
            raise LogError(
                "LOG-130", "a group's last digit must fit the others", where=f"group {place + 1}", value=group,
                remedy="It was misheard or mistyped: ask for that group again.",
            )  # fmt: skip
    if " ".join(groups) != own:
        raise LogError(
            "LOG-131", "both must hold the same checkpoint", value=" ".join(groups),
            remedy=f"Yours is {own}. First make sure that both speak of the same size; if so, one of you was shown another history.",
        )  # fmt: skip


def _check_digit(place: int, group: str) -> int:
    interim = 0
    for digit in (place, *map(int, group)):
        interim = _DAMM[interim][digit]
    return interim
