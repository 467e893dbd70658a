"""Invented toponyms in two invented languages; any likeness to a real place is chance."""

from __future__ import annotations

import numpy as np

_FIRST = (
    ("Vel", "Ort", "Sum", "Tar", "Bel", "Nov", "Dru", "Kes", "Lom", "Pra", "Mir", "Hol", "Zel", "Gor", "Rus", "Tep"),
    ("Âu", "Ilê", "Suo", "Tha", "Bwe", "Nïa", "Dho", "Këa", "Loû", "Phe", "Mwi", "Hyo", "Zae", "Ngo", "Rhu", "Teö"),
)  # fmt: skip
_LAST = (
    ("oresk", "ivan", "adol", "umbra", "enik", "olsk", "arin", "etva", "ostin", "ural", "emsk", "abor"),
    ("rëzh", "vandu", "dollë", "mbaro", "nikwe", "lûska", "rinua", "tvëa", "stinê", "ruallo", "mskëo", "boräi"),
)  # fmt: skip
SECTOR_NAMES = (
    "Alder", "Basalt", "Curlew", "Drumlin", "Egret", "Fennel", "Gannet", "Heather",
    "Iris", "Jasper", "Kestrel", "Larch", "Marl", "Nettle", "Osprey", "Plover",
)  # fmt: skip


def toponyms(rng: np.random.Generator, count: int) -> list[tuple[str, str]]:
    """`count` different pairs of names; the two languages share an origin but not a spelling."""
    combined = len(_FIRST[0]) * len(_LAST[0])
    chosen = rng.permutation(combined)
    pairs = []
    for index in range(count):
        code, lap = int(chosen[index % combined]), index // combined
        first, last = divmod(code, len(_LAST[0]))
        tail = f" {lap + 1}" if lap else ""
        pairs.append(
            (
                f"EXERCISE {_FIRST[0][first]}{_LAST[0][last]}{tail}",
                f"EXERCISE {_FIRST[1][first]}{_LAST[1][last]}{tail}",
            )
        )
    return pairs
