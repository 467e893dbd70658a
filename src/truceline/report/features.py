"""GeoJSON (RFC 7946): one feature a reporting sector with its counts. No point, no line, no post."""

from __future__ import annotations

import itertools
import json
from typing import Any

from truceline.report.pages.arrears import last_week
from truceline.report.pages.common import Day
from truceline.report.view import View
from truceline.report.words import MARK

Ring = list[list[float]]


def sectors_geojson(view: View) -> str:
    """The FeatureCollection as text, keys sorted; `exercise` is a property of every feature.

    Incidents whose sector is withheld are counted on a feature without geometry. `recompute_by` holds for the whole
    feature: its counts follow from disclosed rows, but who corroborated what and who watched is sealed.
    """
    day = Day.of(view)
    week = last_week(view)
    cells = {row["sector_id"]: row for row in view.coverage.to_pylist() if row["week"] == week}
    shapes = {
        f["properties"]["id"]: f for f in view.geometry["features"] if f["properties"].get("role") == "sector"
    }
    features = []
    for sector in (*day.sectors(), None):
        own = [row for row in day.rows if row["sector_id"] == sector]
        if sector is None and not own:
            continue
        cell = cells.get(sector, {})
        features.append(
            {
                "type": "Feature",
                "id": sector if sector is not None else f"{MARK + '-' if view.exercise else ''}sector-withheld",
                "geometry": _wound(shapes[sector]["geometry"]) if sector is not None else None,
                "properties": {
                    "sector_id": sector, "name": day.sector(sector), "date": view.date,
                    "exercise": view.exercise, "mark": MARK if view.exercise else "",
                    "incidents": len(own),
                    "violations_min": sum(row["count_min"] for row in own),
                    "violations_max": sum(row["count_max"] for row in own),
                    "open_ended": any(row["open_ended"] for row in own),
                    "corroborated": sum(row["word"] == "corroborated" for row in own),
                    "coverage_week": week if cell else None,
                    "hours_total_e1": cell.get("hours_total_e1"), "hours_watched_e1": cell.get("hours_watched_e1"),
                    "recompute_by": "auditor",
                },
            }
        )  # fmt: skip
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def _wound(geometry: dict[str, Any]) -> dict[str, Any]:
    """Outer rings anticlockwise, holes clockwise, closed, seven decimals at most (RFC 7946, section 3.1.6)."""
    if geometry["type"] == "Polygon":
        return {"type": "Polygon", "coordinates": _rings(geometry["coordinates"])}
    return {"type": "MultiPolygon", "coordinates": [_rings(one) for one in geometry["coordinates"]]}


def _rings(rings: Any) -> list[Ring]:
    found = []
    for index, ring in enumerate(rings):
        points: Ring = [[round(float(p[0]), 7), round(float(p[1]), 7)] for p in ring]
        if points[0] != points[-1]:
            points.append(points[0])
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(points))
        found.append(points[::-1] if (area < 0) == (index == 0) else points)
    return found
