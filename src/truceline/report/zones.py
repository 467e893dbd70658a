"""The zones of an agreement for review: lines, zones, bands with their uncertainty; neutral, no border, no side favoured.

Also two versions on one map: what stays, what is new (full) and what went (dashed).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

import jinja2
import typst
from markupsafe import Markup

from truceline.agreement.picture import Drawn
from truceline.report.drawing import Plane, plane_of
from truceline.report.html import TEMPLATES

_INK, _FAINT, _PAPER = "#2b2d2a", "#77776c", "#fffefb"
_FILLS: Final = ("#b79a66", "#8f9a86", "#a89f90", "#c9b88f", "#9fa6a0")
_DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "4 2")
_FONT: Final = "'Source Sans 3','Noto Sans','Liberation Sans','DejaVu Sans',Arial,sans-serif"
WIDTH: Final = 900


def draw_zones(
    drawn: Sequence[Drawn],
    *,
    title: str,
    exercise: bool,
    absent: Sequence[str] = (),
    old: Sequence[Drawn] = (),
) -> str:
    """The SVG text; a sheet that says so where nothing can be drawn.

    Args:
        old: of the earlier version; what differs from `drawn` is dashed, without a fill.
    """
    shown = [*drawn, *old]
    mark = "EXERCISE " if exercise and "EXERCISE" not in title else ""
    notes = [*absent]
    if any(one.by_case for one in shown):
        notes.append("A line that only the cases of the agreement use is drawn; it is nobody's line.")
    plane = (
        plane_of([*({"geometry": one.geometry} for one in shown), *_room(shown)], WIDTH, 560)
        if shown
        else Plane(0, 0, 1, 1, WIDTH, 60)
    )
    articles = list(dict.fromkeys(_band(one) for one in shown if one.article))
    same = {(one.id, str(one.geometry)) for one in drawn}
    gone = [one for one in old if (one.id, str(one.geometry)) not in same]
    top, legend_high = 50.0, 22.0 * (len(_entries(drawn, gone)) + len(notes)) + 30
    height = top + plane.height + legend_high
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" font-family="{escape(_FONT)}" font-size="12" fill="{_INK}">',
        f"<title>{escape(mark + title)}</title>",
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="{_PAPER}"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600">{escape(title)}</text>',
    ]  # fmt: skip
    if exercise:
        parts.append(
            f'<text x="{WIDTH - 16}" y="26" text-anchor="end" font-weight="700" letter-spacing="2">EXERCISE</text>'
        )
    parts.append(f'<g transform="translate(0 {top})">')
    parts += [_shape(one, plane, articles, gone=False) for one in drawn]
    parts += [_shape(one, plane, articles, gone=True) for one in gone]
    parts += _labels([one for one in drawn if one.sides], plane)
    if shown:
        parts += _scale(plane)
    parts.append("</g>")
    y = top + plane.height + 24
    for one, past in _entries(drawn, gone):
        parts.append(
            f'{_key(one, articles, 16, y, past)}<text x="48" y="{y + 4:.0f}">{escape(_words(one, past))}</text>'
        )
        y += 22
    for words in notes:
        parts.append(f'<text x="16" y="{y + 4:.0f}" fill="#5d5d54">{escape(words)}</text>')
        y += 22
    return "\n".join([*parts, "</svg>"]) + "\n"


def zones_png(svg: str, ppi: float = 144.0) -> bytes:
    """The same picture as PNG."""
    high = float(svg.split('viewBox="0 0 ')[1].split('"')[0].split()[1])
    page = f'#set page(width: {WIDTH}pt, height: {high}pt, margin: 0pt)\n#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    made = typst.compile(page.encode(), format="png", ppi=ppi, sys_inputs={"svg": svg})
    return bytes(made)


def zones_page(
    svg: str,
    rows: Sequence[dict[str, Any]],
    *,
    title: str,
    exercise: bool,
    note: str,
    changes: Sequence[dict[str, Any]] = (),
) -> str:
    """A page for review: the map, each article with its generated restatement, and changes where there are any."""
    house = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return house.get_template("zones.html").render(
        map=Markup(svg), rows=rows, title=title, exercise=exercise, note=note, changes=changes  # noqa: S704 drawn by us from numbers and escaped text
    )  # fmt: skip


def _entries(drawn: Sequence[Drawn], gone: Sequence[Drawn]) -> list[tuple[Drawn, bool]]:
    """One entry of the legend a title, in the order in which articles lay them."""
    made: dict[tuple[str, str, bool], tuple[Drawn, bool]] = {}
    for one, past in [*((one, False) for one in drawn), *((one, True) for one in gone)]:
        made.setdefault((one.kind, one.article + one.title, past), (one, past))
    return list(made.values())


def _words(one: Drawn, past: bool) -> str:
    name = one.id if one.title in ("", one.id) else f"{one.id}, {one.title}"
    words = f"article {one.article}, {one.title}" if one.article else f"{one.kind} {name}"
    if one.error_m:
        words += f", drawn to within {one.error_m} m"
    return f"before: {words}" if past else words


def _shape(one: Drawn, plane: Plane, articles: list[str], *, gone: bool) -> str:
    title = f"<title>{escape(_words(one, gone))}</title>"
    if one.geometry["type"] == "Point":
        x, y = plane.at(one.geometry["coordinates"])
        return f'<g>{title}<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{_PAPER}" stroke="{_INK}" stroke-width="1.6"/></g>'
    path = _path(one.geometry, plane)
    if one.kind == "line":
        halo = ""
        if one.error_m:
            wide = max(2 * one.error_m / 1000 * plane.pixels_per_km(), 4)
            halo = f'<path d="{path}" fill="none" stroke="{_FAINT}" stroke-opacity="0.3" stroke-width="{wide:.1f}" stroke-linejoin="round"/>'
        dash = ' stroke-dasharray="6 4"' if gone or one.by_case else ""
        return f'<g>{title}{halo}<path d="{path}" fill="none" stroke="{_INK}" stroke-width="2.2" stroke-linejoin="round"{dash}/></g>'
    fill, dash = _look(one, articles)
    if gone:
        return f'<g>{title}<path d="{path}" fill="none" stroke="{_INK}" stroke-width="1.2" stroke-dasharray="5 4"/></g>'
    return f'<g>{title}<path d="{path}" fill="{fill}" fill-opacity="0.22" fill-rule="evenodd" stroke="{fill}" stroke-width="1.2"{dash}/></g>'


def _room(shown: Sequence[Drawn]) -> list[dict[str, Any]]:
    """Two points above and below a picture that would be too flat for its labels."""
    points = [point for one in shown for ring in _rings([one.geometry["coordinates"]]) for point in ring]
    west, east = min(point[0] for point in points), max(point[0] for point in points)
    south, north = min(point[1] for point in points), max(point[1] for point in points)
    wide = (east - west) * math.cos(math.radians((south + north) / 2))
    missing = max(0.0, 0.2 * wide - (north - south)) / 2
    ends = [[(west + east) / 2, max(-89.0, south - missing)], [(west + east) / 2, min(89.0, north + missing)]]
    return [{"geometry": {"type": "Point", "coordinates": end}} for end in ends]


def _labels(lines: Sequence[Drawn], plane: Plane) -> list[str]:
    """The name of each line at its end, and of each side once, outside of all the lines that have it."""
    halo = f'stroke="{_PAPER}" stroke-width="3" paint-order="stroke" stroke-linejoin="round"'
    made: list[str] = []
    beside: dict[str, list[tuple[float, float]]] = {}
    middles: list[tuple[float, float]] = []
    for one in lines:
        points = [plane.at(point) for point in one.geometry["coordinates"]]
        x, y = min(points)
        made.append(f'<text x="{x + 8:.1f}" y="{y - 6:.1f}" font-size="11" {halo}>{escape(one.id)}</text>')
        at = max(0, (len(points) - 1) // 2)
        (ax, ay), (bx, by) = points[at], points[at + 1]
        long = math.hypot(bx - ax, by - ay) or 1.0
        mx, my = (ax + bx) / 2, (ay + by) / 2
        middles.append((mx, my))
        for sign, side in zip((16, -16), one.sides, strict=True):  # left of the line first; y runs down
            beside.setdefault(side, []).append((mx + sign * (by - ay) / long, my - sign * (bx - ax) / long))
    centre = tuple(sum(axis) / len(middles) for axis in zip(*middles, strict=True))
    for side, places in beside.items():
        x, y = max(places, key=lambda place: math.dist(place, centre))
        made.append(
            f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="11" {halo}>{escape(side)}</text>'
        )
    return made


def _key(one: Drawn, articles: list[str], x: float, y: float, past: bool) -> str:
    if one.geometry["type"] == "Point":
        return f'<circle cx="{x + 12}" cy="{y}" r="5" fill="{_PAPER}" stroke="{_INK}" stroke-width="1.6"/>'
    if one.kind == "line":
        dash = ' stroke-dasharray="6 4"' if past or one.by_case else ""
        return f'<path d="M{x} {y}h24" stroke="{_INK}" stroke-width="2.2"{dash}/>'
    fill, dash = _look(one, articles)
    inside = 'fill="none"' if past else f'fill="{fill}" fill-opacity="0.4"'
    edge = f'stroke="{_INK}" stroke-dasharray="5 4"' if past else f'stroke="{fill}"{dash}'
    return f'<rect x="{x}" y="{y - 7}" width="24" height="14" {inside} {edge}/>'


def _look(one: Drawn, articles: list[str]) -> tuple[str, str]:
    """A tone by article and class, never by side; a dash besides, for readers and printers without tones."""
    number = articles.index(_band(one)) if _band(one) in articles else len(articles)
    dash = _DASHES[number % len(_DASHES)]
    return _FILLS[number % len(_FILLS)], f' stroke-dasharray="{dash}"' if dash else ""


def _band(one: Drawn) -> str:
    return f"{one.article} {one.title.partition(':')[0]}"


def _path(geometry: dict[str, Any], plane: Plane) -> str:
    closed = "Polygon" in geometry["type"]
    return "".join(
        "M" + "L".join("{:.1f} {:.1f}".format(*plane.at(point)) for point in ring) + ("Z" if closed else "")
        for ring in _rings(geometry["coordinates"])
    )


def _rings(node: Any) -> list[Any]:
    """Lists of positions, out of any nesting of them."""
    return (
        [node] if isinstance(node[0][0], (int, float)) else [ring for part in node for ring in _rings(part)]
    )


def _scale(plane: Plane) -> list[str]:
    wanted = 160 / max(plane.pixels_per_km(), 1e-9)
    step = 10 ** math.floor(math.log10(wanted))
    km = max(factor * step for factor in (1, 2, 5) if factor * step <= wanted)
    wide, y = km * plane.pixels_per_km(), plane.height - 4
    return [
        f'<path d="M20 {y - 6:.1f}v6h{wide:.1f}v-6" fill="none" stroke="{_INK}" stroke-width="1.2"/>',
        f'<text x="{24 + wide:.1f}" y="{y:.1f}" font-size="11">{km:g} km, north up</text>',
    ]
