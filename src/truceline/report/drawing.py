"""The map: sectors, line, places and terrain as one SVG. No borders, no points of incidents, neutral colours."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from truceline.report.words import MARK, number, plain

WIDTH: Final = 760
_MARGIN: Final = 16
_FILLS: Final = ("#fbf9f4", "#f3ecdc", "#e6d8bb", "#d2bc91", "#b79a66")
_INK, _FAINT, _WATER, _HEIGHTS = "#2b2d2a", "#77776c", "#9fb3ad", "#d9d3c3"
_FONT: Final = "'Source Sans 3','Noto Sans','Liberation Sans','DejaVu Sans',Arial,sans-serif"

Pixel = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """Equirectangular about the middle latitude of what is shown, north up, fitted to a width in pixels."""

    west: float
    north: float
    shrink: float  # cosine of the middle latitude
    scale: float  # pixels per degree of latitude
    width: float
    height: float

    def at(self, position: Any) -> Pixel:
        """Pixels of one GeoJSON position."""
        return (
            _MARGIN + (float(position[0]) - self.west) * self.shrink * self.scale,
            _MARGIN + (self.north - float(position[1])) * self.scale,
        )

    def pixels_per_km(self) -> float:
        """On the sphere of radius 6371 km."""
        return self.scale / (6371.0 * math.pi / 180)


def plane_of(features: list[dict[str, Any]], width: float = WIDTH, tallest: float = 520) -> Plane:
    """The plane that shows all these features."""
    points = [point for feature in features for line in _lines(feature) for point in line]
    west, east = min(float(p[0]) for p in points), max(float(p[0]) for p in points)
    south, north = min(float(p[1]) for p in points), max(float(p[1]) for p in points)
    shrink = max(math.cos(math.radians((south + north) / 2)), 0.01)
    wide, high = max((east - west) * shrink, 1e-6), max(north - south, 1e-6)
    scale = min((width - 2 * _MARGIN) / wide, (tallest - 2 * _MARGIN) / high)
    spare = ((width - 2 * _MARGIN) / scale - wide) / 2
    return Plane(west - spare / shrink, north, shrink, scale, width, high * scale + 2 * _MARGIN)


def draw(
    geometry: dict[str, Any], counts: dict[str, int], unwatched: frozenset[str], *,
    exercise: bool, title: str, describes: str, only: frozenset[str] | None = None,
    width: float = WIDTH, tallest: float = 520, prefix: str = "m", labels: bool = True,
    captions: dict[str, str] | None = None,
) -> tuple[str, tuple[str, ...]]:  # fmt: skip
    """An SVG of the mission's geometry.

    Args:
        geometry: the FeatureCollection; features of role post are never looked at.
        counts: incidents per sector. unwatched: sectors to hatch.
        only: show these sectors only, shaded alike, instead of the counts.
        width, tallest: pixels. labels: draw places. captions: words to print in sectors instead of their counts.
        prefix: for ids inside the SVG, so that two of them may stand in one document.
    Returns:
        The SVG, and the ids of the places whose names found room.
    """
    by_role: dict[str, list[dict[str, Any]]] = {}
    for feature in geometry["features"]:
        by_role.setdefault(str(feature["properties"].get("role")), []).append(feature)
    sectors = by_role.get("sector", [])
    framed = [f for f in sectors if only is None or f["properties"]["id"] in only] or sectors
    plane = plane_of(framed, width, tallest)
    along = [box for feature in by_role.get("line", []) for box in _along(feature, plane)]
    taken = list(along)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(plane.width)} {_n(plane.height)}" role="img" '
        f'aria-labelledby="{prefix}-t {prefix}-d" font-family="{_FONT}">',
        f'<title id="{prefix}-t">{escape(title)}</title><desc id="{prefix}-d">{escape(describes)}</desc>',
        f'<defs><pattern id="{prefix}-h" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7" stroke="{_FAINT}" stroke-width="1.3"/></pattern>'
        f'<clipPath id="{prefix}-c"><rect width="{_n(plane.width)}" height="{_n(plane.height)}"/></clipPath></defs>',
        f'<g clip-path="url(#{prefix}-c)"><rect width="{_n(plane.width)}" height="{_n(plane.height)}" fill="#ffffff"/>',
    ]
    most = max(counts.values(), default=0)
    for feature in sectors:
        name = str(feature["properties"]["id"])
        shade = (
            _FILLS[2]
            if only and name in only
            else _FILLS[0]
            if only
            else _FILLS[level(counts.get(name, 0), most)]
        )
        path = _path(feature, plane)
        out.append(f'<path d="{path}" fill="{shade}" fill-rule="evenodd"/>')
    out += [_terrain(feature, plane) for feature in by_role.get("terrain", [])]
    for feature in sectors:
        path = _path(feature, plane)
        if feature["properties"]["id"] in unwatched:
            out.append(f'<path d="{path}" fill="url(#{prefix}-h)" fill-opacity=".55" fill-rule="evenodd"/>')
        out.append(f'<path d="{path}" fill="none" stroke="#a8a294" stroke-width=".8"/>')
    out += [
        f'<path d="{_path(feature, plane)}" fill="none" stroke="{_FAINT}" stroke-dasharray="2 2"/>'
        for feature in by_role.get("zone", [])
    ]
    for feature in by_role.get("line", []):
        line = _path(feature, plane)
        out.append(
            f'<path d="{line}" fill="none" stroke="#ffffff" stroke-width="4.5" stroke-linejoin="round"/>'
        )
        out.append(
            f'<path d="{line}" fill="none" stroke="{_INK}" stroke-width="1.7" stroke-linejoin="round"/>'
        )
    if exercise:
        out.append(_watermark(plane))
    printed = captions if captions is not None else {name: number(n) for name, n in counts.items() if n}
    _sector_labels(
        out, taken, framed if only else sectors, {} if only else printed, plane, 12.5 if captions else 17.0
    )
    named = _place_labels(out, taken, by_role.get("place", []), plane, len(along)) if labels else ()
    out.append(_scale_bar(plane))
    out.append("</g></svg>")
    return "".join(out), named


def is_wide(geometry: dict[str, Any]) -> bool:
    """Whether the sectors stretch more from west to east than from south to north."""
    sectors = [f for f in geometry["features"] if f["properties"].get("role") == "sector"]
    plane = plane_of(sectors, WIDTH, 1e9)
    return plane.height < 0.8 * plane.width


def level(count: int, most: int) -> int:
    """The shade of a count: 0 none, then four equal steps to the highest."""
    return 0 if count <= 0 or most <= 0 else min(4, 1 + (4 * count - 1) // most)


def legend(most: int) -> list[tuple[str, str]]:
    """Colour and words of each shade in use."""
    rows = [(_FILLS[0], "none")]
    low = 1
    for step in range(1, 5):
        high = max((n for n in range(low, most + 1) if level(n, most) == step), default=0)
        if high:
            rows.append((_FILLS[step], f"{low}" if low == high else f"{low}–{high}"))
            low = high + 1
    return rows


def _n(value: float) -> str:
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _lines(feature: dict[str, Any]) -> list[list[Any]]:
    shape = feature.get("geometry") or {}
    held = shape.get("coordinates") or []
    match shape.get("type"):
        case "Point":
            return [[held]]
        case "LineString" | "MultiPoint":
            return [list(held)]
        case "Polygon" | "MultiLineString":
            return [list(line) for line in held]
        case "MultiPolygon":
            return [list(ring) for polygon in held for ring in polygon]
        case _:
            return []


def _path(feature: dict[str, Any], plane: Plane) -> str:
    closed = str((feature.get("geometry") or {}).get("type", "")).endswith("Polygon")
    parts = []
    for line in _lines(feature):
        points: list[str] = []
        for position in line:
            x, y = plane.at(position)
            point = f"{_n(x)},{_n(y)}"
            if not points or points[-1] != point:
                points.append(point)
        if points:
            parts.append("M" + "L".join(points) + ("Z" if closed else ""))
    return "".join(parts)


def _terrain(feature: dict[str, Any], plane: Plane) -> str:
    river = feature["properties"].get("kind") == "river"
    look = f'stroke="{_WATER}" stroke-width="1.6"' if river else f'stroke="{_HEIGHTS}" stroke-width=".8"'
    return f'<path d="{_path(feature, plane)}" fill="none" {look} stroke-linejoin="round"/>'


def _watermark(plane: Plane) -> str:
    x, y = plane.width / 2, plane.height / 2
    size = min(plane.width / 6.2, plane.height / 2.2)
    return (
        f'<text x="{_n(x)}" y="{_n(y + size / 3)}" text-anchor="middle" font-size="{_n(size)}" letter-spacing="6" '
        f'font-weight="700" fill="{_INK}" fill-opacity=".055">{MARK}</text>'
    )


def _middle(feature: dict[str, Any], plane: Plane) -> Pixel:
    """Centroid of the largest ring."""
    best, found = -1.0, (0.0, 0.0)
    for ring in _lines(feature):
        points = [plane.at(p) for p in ring]
        area = x = y = 0.0
        for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
            cross = x0 * y1 - x1 * y0
            area, x, y = area + cross, x + (x0 + x1) * cross, y + (y0 + y1) * cross
        if abs(area) > best and area:
            best, found = abs(area), (x / (3 * area), y / (3 * area))
    return found


def _text(x: float, y: float, words: str, size: float, look: str = "", anchor: str = "middle") -> str:
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{_n(size)}" fill="{_INK}" '
        f'stroke="#ffffff" stroke-width="2.6" stroke-opacity=".85" paint-order="stroke" stroke-linejoin="round"{look}>'
        f"{escape(words)}</text>"
    )


def _along(feature: dict[str, Any], plane: Plane) -> list[Box]:
    """Small boxes along a line, so that no word is set across it."""
    boxes: list[Box] = []
    for line in _lines(feature):
        points = [plane.at(position) for position in line]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            steps = max(1, int(max(abs(x1 - x0), abs(y1 - y0)) // 3))
            for step in range(steps + 1):
                x, y = x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps
                boxes.append((x - 1.5, y - 1.5, x + 1.5, y + 1.5))
    return boxes


def _is_free(box: Box, taken: list[Box]) -> bool:
    return not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken)


def _sector_labels(
    out: list[str],
    taken: list[Box],
    sectors: list[dict[str, Any]],
    printed: dict[str, str],
    plane: Plane,
    size: float,
) -> None:
    for feature in sectors:
        name = str(feature["properties"]["id"])
        x, y = _middle(feature, plane)
        bottom = max(plane.at(p)[1] for line in _lines(feature) for p in line)
        label = plain(name)
        said = printed.get(name, "")
        if said:
            half = size * 0.33 * len(said) + 2
            boxes = [
                (x - half, y + shift - size * 0.55, x + half, y + shift + size * 0.5)
                for step in range(12)
                for shift in (-6 * step, 6 * step)
            ]
            box = next((one for one in boxes if _is_free(one, taken)), boxes[0])
            out.append(_text(x, box[3] - size * 0.17, said, size, ' font-weight="600"'))
            taken.append(box)
        foot = min(bottom - 6, plane.height - 6)
        out.append(_text(x, foot, label, 10.5, ' letter-spacing=".6"'))
        half = 3.6 * len(label)
        taken.append((x - half, foot - 10, x + half, foot + 3))


def _place_labels(
    out: list[str], taken: list[Box], places: list[dict[str, Any]], plane: Plane, along: int
) -> tuple[str, ...]:
    """The first `along` boxes of those taken lie along lines."""
    named: list[str] = []
    for feature in places:
        x, y = plane.at(_lines(feature)[0][0])
        if not (4 < x < plane.width - 4 and 4 < y < plane.height - 4):
            continue
        words = place_words(feature)
        half = 2.35 * max(len(word) for word in words) + 2
        high = 9.0 * len(words) + 4
        free = next(
            (
                (left, top)
                for left, top in ((x - half, y + 3), (x - half, y - 4 - high), (x + 5, y - high / 2), (x - 5 - 2 * half, y - high / 2))
                if left > 2 and left + 2 * half < plane.width - 2 and 2 < top < plane.height - high - 20
                and _is_free((left, top, left + 2 * half, top + high), taken)
            ),
            None,
        )  # fmt: skip
        if free is None or any(b[0] - 3 < x < b[2] + 3 and b[1] - 3 < y < b[3] + 3 for b in taken[along:]):
            continue  # the place itself would lie under a word; beside the line it may stand
        left, top = free
        taken += [(left, top, left + 2 * half, top + high), (x - 4, y - 4, x + 4, y + 4)]
        out.append(
            f'<rect x="{_n(x - 2)}" y="{_n(y - 2)}" width="4" height="4" fill="#ffffff" stroke="{_INK}"/>'
        )
        for index, word in enumerate(words):
            look = ' fill-opacity=".7"' if index == len(words) - 1 else ""
            out.append(_text(left + half, top + 9 + 9 * index, word, 8.2, look))
        named.append(str(feature["properties"]["id"]))
    return tuple(named)


def place_words(feature: dict[str, Any]) -> list[str]:
    """All toponyms, in the order of the geometry's languages, then the neutral id."""
    names = feature["properties"].get("names") or {}
    said = list(dict.fromkeys(plain(str(name)) for name in names.values()))
    return [*said, plain(str(feature["properties"]["id"]))]


def _scale_bar(plane: Plane) -> str:
    per_km = plane.pixels_per_km()
    km = max((n for n in (1, 2, 5, 10, 20, 50, 100, 200) if n * per_km <= plane.width / 5), default=1)
    x, y, long = 14.0, plane.height - 12.0, km * per_km
    north = plane.width - 18.0
    return (
        f'<path d="M{_n(x)},{_n(y - 4)}V{_n(y)}H{_n(x + long)}V{_n(y - 4)}" fill="none" stroke="{_INK}"/>'
        f'<text x="{_n(x + long + 5)}" y="{_n(y)}" font-size="9.5" fill="{_INK}">{km} km</text>'
        f'<path d="M{_n(north)},14l4,13l-4,-3l-4,3Z" fill="{_INK}"/>'
        f'<text x="{_n(north)}" y="37" text-anchor="middle" font-size="9.5" fill="{_INK}">N</text>'
    )
