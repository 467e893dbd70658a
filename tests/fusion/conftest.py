"""Small made observations for the fusion tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.columns import OBSERVATIONS
from truceline.records.parties import Alignment

START_MS = 1_760_000_400_000
_ORDINARY = {
    "source_kind": "camera", "stance": "report", "time_precision": "exact", "place_kind": "point", "means": "unknown",
    "act": "explosion", "description": "undetermined", "weapon": "unknown", "intent": "unknown",
    "live_fire_exercise": "unknown", "in_disengagement_area": "unknown", "exercise": True,
}  # fmt: skip


def row(
    obs_id: str,
    source_id: str,
    *,
    east_m: float = 0.0,
    north_m: float = 0.0,
    at_s: float = 0.0,
    lasts_s: float = 60.0,
    **said: Any,
) -> dict[str, Any]:
    """One observation near 30 E 0.5 N; metres and seconds from there and from START_MS."""
    start = START_MS + int(at_s * 1000)
    place = {
        "lon_udeg": 30_000_000 + round(east_m / 0.111320),
        "lat_udeg": 500_000 + round(north_m / 0.110574),
        "error_m": 200,
    }
    span = {"observed_from_ms": start, "observed_to_ms": start + int(lasts_s * 1000)}
    return (
        dict.fromkeys(OBSERVATIONS.names)
        | _ORDINARY
        | place
        | span
        | {"obs_id": obs_id, "source_id": source_id}
        | said
    )


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=OBSERVATIONS)


@pytest.fixture
def make_row() -> Callable[..., dict[str, Any]]:
    return row


@pytest.fixture
def make_table() -> Callable[[list[dict[str, Any]]], pa.Table]:
    return table


@pytest.fixture
def alignments() -> tuple[Alignment, ...]:
    return (Alignment("north", ("n1", "n2")), Alignment("south", ("s1",)))


@pytest.fixture
def line() -> Line:
    return Line("line", [[29.0, 0.5], [31.0, 0.5]], "north", "south")  # type: ignore[arg-type]


@pytest.fixture
def sectors() -> Sectors:
    features = []
    for index in range(8):
        west, east = 29.6 + 0.1 * index, 29.7 + 0.1 * index
        for name, south, north in (("a", 0.4, 0.5), ("b", 0.5, 0.6)):
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            features.append(
                {
                    "type": "Feature",
                    "properties": {"role": "sector", "id": f"S{index}{name}"},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
            )
    return Sectors.from_geojson({"type": "FeatureCollection", "features": features})
