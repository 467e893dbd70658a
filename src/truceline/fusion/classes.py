"""Likelihood of the words of a report given what truly happened, in eight broad classes.

The table is fixed, not learned: rows say how often an incident of the class is reported with each word by those who
report it. Words that say nothing ("unknown", "other", "statement") are as likely under every class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from truceline.geo.points import Float64Array
from truceline.records.codes import ACTS, WEAPONS

CLASSES: Final = ("heavy", "light", "ground", "air", "overflight", "presence", "restriction", "other")
PRIOR: Final = np.array([0.34, 0.26, 0.08, 0.06, 0.08, 0.08, 0.06, 0.04])

_ACT: Final = {
    #                      heavy light ground air   over  pres  restr other
    "explosion":          (0.48, 0.02, 0.20, 0.40, 0.01, 0.01, 0.01, 0.04),
    "burst":              (0.02, 0.50, 0.14, 0.02, 0.01, 0.01, 0.01, 0.03),
    "shot":               (0.02, 0.38, 0.08, 0.01, 0.01, 0.01, 0.01, 0.03),
    "projectile":         (0.10, 0.05, 0.03, 0.04, 0.03, 0.01, 0.01, 0.02),
    "muzzle_flash":       (0.06, 0.05, 0.02, 0.01, 0.01, 0.01, 0.01, 0.02),
    "illumination_flare": (0.04, 0.03, 0.02, 0.01, 0.02, 0.01, 0.01, 0.05),
    "thermal_anomaly":    (0.08, 0.01, 0.04, 0.10, 0.01, 0.01, 0.01, 0.10),
    "shelling":           (0.40, 0.04, 0.20, 0.20, 0.01, 0.01, 0.01, 0.02),
    "air_strike":         (0.04, 0.01, 0.03, 0.50, 0.03, 0.01, 0.01, 0.01),
    "clash":              (0.05, 0.10, 0.60, 0.02, 0.01, 0.01, 0.01, 0.02),
    "advance":            (0.01, 0.01, 0.30, 0.01, 0.01, 0.03, 0.02, 0.01),
    "overflight":         (0.01, 0.01, 0.01, 0.20, 0.80, 0.01, 0.01, 0.02),
    "weapon_present":     (0.01, 0.01, 0.02, 0.01, 0.01, 0.80, 0.02, 0.02),
    "damage":             (0.16, 0.03, 0.10, 0.16, 0.01, 0.01, 0.01, 0.06),
    "casualties":         (0.14, 0.10, 0.20, 0.16, 0.01, 0.01, 0.01, 0.06),
    "access_denied":      (0.005, 0.005, 0.005, 0.005, 0.005, 0.005, 0.50, 0.01),
    "jamming":            (0.005, 0.005, 0.005, 0.005, 0.03, 0.005, 0.35, 0.02),
    "air_raid_alert":     (0.02, 0.005, 0.01, 0.10, 0.04, 0.005, 0.005, 0.10),
}  # fmt: skip
_HEAVY = (0.9, 0.06, 0.4, 0.2, 0.05, 0.4, 0.2, 0.2)
_LIGHT = (0.06, 0.9, 0.5, 0.05, 0.05, 0.3, 0.2, 0.2)
_AIR = (0.12, 0.03, 0.1, 0.9, 0.9, 0.1, 0.1, 0.2)
_WEAPON: Final = {
    "small_arms": _LIGHT, "heavy_machine_gun": _LIGHT, "grenade_launcher": (0.4, 0.6, 0.5, 0.05, 0.05, 0.3, 0.2, 0.2),
    "cannon": (0.4, 0.6, 0.5, 0.1, 0.05, 0.4, 0.2, 0.2), "recoilless_gun": _HEAVY, "mortar": _HEAVY,
    "artillery": _HEAVY, "tank": _HEAVY, "mlrs": _HEAVY, "missile": (0.6, 0.05, 0.2, 0.7, 0.2, 0.4, 0.2, 0.2),
    "uav": _AIR, "aircraft": _AIR, "anti_tank_missile": (0.6, 0.3, 0.5, 0.1, 0.05, 0.4, 0.2, 0.2),
}  # fmt: skip


def _table(words: tuple[str, ...], rows: Mapping[str, tuple[float, ...]]) -> Float64Array:
    table = np.zeros((len(words), len(CLASSES)))
    for index, word in enumerate(words):
        if word in rows:
            table[index] = np.log(rows[word])
    return table


LN_ACT: Final = _table(ACTS, _ACT)
LN_WEAPON: Final = _table(WEAPONS, _WEAPON)


def ln_likelihood(
    act: np.ndarray[tuple[int], np.dtype[np.int64]], weapon: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Float64Array:
    """ln P(words | class), (n, 8), up to a constant of each row."""
    together: Float64Array = LN_ACT[act] + LN_WEAPON[weapon]
    return together
