"""The disclosed form of observations: a reporting sector, whole hours, a rotating pseudonym."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from truceline.records.columns import OBSERVATIONS

HOUR_MS = 3_600_000


def disclosed_observations(
    observations: pa.Table, sector_ids: Sequence[str | None], secret: bytes | Mapping[str, bytes]
) -> pa.Table:
    """Coarse rows in the schema OBSERVATIONS.

    Sealed columns are null; the interval is widened to whole UTC hours, the place is a reporting sector, and the
    source is a pseudonym that changes every ISO week, so that a team's rhythm cannot be followed.

    Args:
        observations: schema OBSERVATIONS, n rows.
        sector_ids: the reporting sector of each row, None where no place is known.
        secret: key of the pseudonyms, one for all or one a source; whoever holds it can undo them.
    """
    columns = {}
    for field in OBSERVATIONS:
        layer = (field.metadata or {})[b"layer"]
        given = observations.column(field.name).combine_chunks()
        columns[field.name] = given if layer == b"disclosed" else pa.nulls(len(given), field.type)
    start, end = (
        observations.column(name).to_numpy().astype(np.int64)
        for name in ("observed_from_ms", "observed_to_ms")
    )
    columns["observed_from_ms"] = pa.array(start // HOUR_MS * HOUR_MS)
    columns["observed_to_ms"] = pa.array(-(-end // HOUR_MS) * HOUR_MS)
    columns["area_id"] = pa.array(list(sector_ids), pa.string())
    known = pc.is_valid(columns["area_id"])
    columns["place_kind"] = pc.if_else(known, "area", "unknown")
    columns["description"] = pa.repeat(pa.scalar("unknown"), len(start))
    for name in ("place_precision", "scan_m", "track_m"):  # finer than a sector
        columns[name] = pa.nulls(len(start), OBSERVATIONS.field(name).type)
    sources = observations.column("source_id").to_pylist()
    columns["source_id"] = pa.array(
        [
            _pseudonym(secret if isinstance(secret, bytes) else secret[source], source, when)
            for source, when in zip(sources, start.tolist(), strict=True)
        ],
        pa.string(),
    )
    return pa.table([columns[field.name] for field in OBSERVATIONS], schema=OBSERVATIONS)


def _pseudonym(secret: bytes, source: str, at_ms: int) -> str:
    day = dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).isocalendar()
    mark = hmac.digest(secret, f"{day.year}-W{day.week}/{source}".encode(), "sha256").hex()[:10]
    prefix = "EXERCISE-" if source.startswith("EXERCISE") else ""
    return f"{prefix}source-{mark}"
