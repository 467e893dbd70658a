"""Files to fill in."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from truceline.intake.catalogue import known_format
from truceline.intake.formats import own
from truceline.records.columns import OBSERVATIONS


def template(format: str) -> bytes:
    """A file of a format to fill in: the header, and for our own formats one example row that says EXERCISE.

    CSV and GeoJSON have ISO times and degrees, as people write them; Parquet has the columns of OBSERVATIONS.

    Raises:
        IntakeError: INT-011, no such format.
    """
    fmt = known_format(format)
    if fmt is own.PARQUET:
        stream = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([_stored(own.EXAMPLE)], schema=OBSERVATIONS), stream)
        return stream.getvalue()
    if fmt is own.GEOJSON:
        said = {name: value for name, value in own.EXAMPLE.items() if name not in ("lon_deg", "lat_deg")}
        point = {"type": "Point", "coordinates": [own.EXAMPLE["lon_deg"], own.EXAMPLE["lat_deg"]]}
        feature = {"type": "Feature", "geometry": point, "properties": said}
        return (json.dumps({"type": "FeatureCollection", "features": [feature]}, indent=2) + "\n").encode()
    written = {stored: alias for alias, stored in own.ALIASES.items()}
    columns = (
        [written.get(name, name) for name in OBSERVATIONS.names] if fmt is own.CSV else sorted(fmt.needs)
    )
    text = io.StringIO()
    rows = csv.DictWriter(text, columns, extrasaction="raise")
    rows.writeheader()
    if fmt is own.CSV:
        rows.writerow(own.EXAMPLE | {"exercise": "true"})
    return text.getvalue().encode()


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    """A row written with ISO times and degrees, as OBSERVATIONS holds it."""
    stored = {own.ALIASES.get(name, name): value for name, value in row.items()}
    for name in ("observed_from_ms", "observed_to_ms"):
        stored[name] = round(dt.datetime.fromisoformat(stored[name]).timestamp() * 1000)
    return stored | {name: round(stored[name] * 1e6) for name in ("lon_udeg", "lat_udeg")}
