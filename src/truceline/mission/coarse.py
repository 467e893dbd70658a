"""The disclosed form of sealed records, as bytes: a reporting sector, whole hours, a pseudonym of the week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from truceline.evidence import disclosed_observations
from truceline.geo.places import uncertain_places
from truceline.geo.sectors import Sectors
from truceline.records.canonical import canonical
from truceline.records.columns import NEVER_NULL, OBSERVATIONS
from truceline.records.kinds import Observation, Watch

NAMING = frozenset({"obs_id", "copy_of", "url"})
"""Columns that a source fills with names of its own; a disclosed record is known by its commitment."""


def coarse_rows(
    records: Sequence[Observation | Watch], sectors: Sectors | None, secrets: Mapping[str, bytes]
) -> list[bytes]:
    """What a disclosure shows of each record: canonical JSON of what the coarse row says; nothing of a watch.

    Where somebody watched, and when, never leaves the mission. The sector is that of the place reported, not of the post.

    Args:
        secrets: the secret of each source's pseudonyms; a record of a source that has none shows nothing.
    """
    shown = [b""] * len(records)
    rows = [
        number
        for number, one in enumerate(records)
        if isinstance(one, Observation) and secrets.get(str(one.row["source_id"]))
    ]
    if not rows:
        return shown
    filled: dict[str, str | int | bool] = dict.fromkeys(NEVER_NULL, "unknown")
    listed = [filled | records[number].row for number in rows]
    table = pa.Table.from_pylist(listed, schema=OBSERVATIONS)
    coarse = disclosed_observations(table, sectors_of(table, sectors), secrets)
    for number, row in zip(rows, coarse.to_pylist(), strict=True):
        shown[number] = canonical(
            {name: value for name, value in row.items() if value is not None and name not in NAMING}
        )
    return shown


def sectors_of(observations: pa.Table, sectors: Sectors | None) -> list[str | None]:
    """The reporting sector in which what was observed happened, most likely; None where no place is known."""
    if sectors is None or not sectors.ids:
        return [None] * observations.num_rows
    frame = sectors.frame()
    places = uncertain_places(observations, frame, sectors)
    return sectors.of(np.where(places.known[:, None], frame.to_lonlat(places.mean_m), np.nan))
