"""Names of places and posts to coordinates, from the mission's own geometry or from settings; nothing is looked up elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.errors import IntakeError


@dataclass(frozen=True, slots=True)
class Place:
    """One place: WGS 84 micro-degrees, circular error in metres (None is not said), id of the feature."""

    id: str
    lon_udeg: int
    lat_udeg: int
    error_m: int | None = None


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Places by every name they have, compared without case and spacing.

    Args:
        digest: hex SHA-256 of the places taken, part of what determines a reading; "" where there are none.
    """

    places: Mapping[str, Place]
    digest: str = ""

    @classmethod
    def of(cls, given: object, roles: Iterable[str], where: str = "geometry") -> Gazetteer:
        """From a GeoJSON FeatureCollection (as dict, or path of a file): Point features whose role is one of `roles`.

        A name is properties.id or any of properties.names. A name that stands for two different places stands for none.

        Raises:
            IntakeError: INT-010, not a FeatureCollection or a point out of range.
        """
        if given in (None, ""):
            return cls({})
        collection = _load(given, where)
        wanted = frozenset(roles)
        found: dict[str, Place] = {}
        doubtful: set[str] = set()
        for feature in collection.get("features") or ():
            properties = feature.get("properties") or {}
            geometry = feature.get("geometry") or {}
            if properties.get("role") not in wanted or geometry.get("type") != "Point":
                continue
            place = _place(properties, geometry, where)
            names = properties.get("names") or {}
            for name in {str(properties.get("id", "")), *map(str, dict(names).values())} - {""}:
                folded = fold(name)
                if found.get(folded, place) != place:
                    doubtful.add(folded)
                found[folded] = place
        kept = {name: found[name] for name in sorted(found) if name not in doubtful}
        plain = [[name, p.id, p.lon_udeg, p.lat_udeg, p.error_m] for name, p in kept.items()]
        return cls(kept, hashlib.sha256(json.dumps(plain).encode()).hexdigest() if kept else "")

    def find(self, name: str) -> Place | None:
        """The place of a name."""
        return self.places.get(fold(name))

    def within(self, text: str) -> Place | None:
        """The place whose name is the text, or the longest name that the text begins with."""
        folded = fold(text)
        if folded in self.places:
            return self.places[folded]
        starts = [name for name in self.places if folded.startswith(name) and not folded[len(name)].isalnum()]
        return self.places[max(starts, key=lambda name: (len(name), name))] if starts else None


def fold(name: str) -> str:
    """A name as it is compared."""
    return " ".join(name.casefold().split())


def _place(properties: dict[str, Any], geometry: dict[str, Any], where: str) -> Place:
    try:
        lon, lat = (round(float(value) * 1e6) for value in geometry["coordinates"][:2])
        error = properties.get("error_m")
        place = Place(str(properties.get("id", "")), lon, lat, None if error is None else int(error))
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        raise _refusal(where, "coordinates must be two numbers", properties.get("id")) from problem
    if abs(lon) > 180_000_000 or abs(lat) > 90_000_000:
        raise _refusal(where, "coordinates must be degrees, lon before lat", geometry["coordinates"])
    return place


def _load(given: object, where: str) -> dict[str, Any]:
    if isinstance(given, str | Path):
        try:
            given = json.loads(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise _refusal(where, "geometry must be a readable GeoJSON file", str(given)) from problem
    if not isinstance(given, Mapping) or given.get("type") != "FeatureCollection":
        raise _refusal(where, "geometry must be a GeoJSON FeatureCollection", type(given).__name__)
    return dict(given)


def _refusal(where: str, rule: str, value: object) -> IntakeError:
    return IntakeError("INT-010", rule, where=where, value=value, remedy="See docs/reference/formats.md.")
