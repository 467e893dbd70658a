"""What of an agreement can be drawn: its lines, zones and points, and the bands that its articles lay along lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from truceline.agreement.fields import Where
from truceline.agreement.folder import Agreement
from truceline.agreement.models import AnyArticle, Corridor, Withdrawal
from truceline.geo import Line, band_outline


@dataclass(frozen=True, slots=True)
class Drawn:
    """One thing on the map.

    Attributes:
        kind: line, zone, point, band.
        article: key of the article that lays it; "" for what the folder draws.
        geometry: GeoJSON, degrees. error_m: how far off it may be, 0 where nothing is said.
        sides: of a line, what lies to its left and to its right; empty otherwise.
        by_case: the line was drawn for the cases and is nobody's.
    """

    id: str
    kind: str
    title: str
    geometry: dict[str, Any]
    article: str = ""
    error_m: int = 0
    by_case: bool = False
    sides: tuple[str, ...] = ()


def picture(
    agreement: Agreement, lines: Mapping[str, Line] | None = None
) -> tuple[tuple[Drawn, ...], tuple[str, ...]]:
    """What can be drawn, broad things first, and words on what cannot.

    Args:
        lines: those that a mission draws, by id; a line that only the cases have is drawn and marked so.
    """
    known = {**agreement.case_lines, **agreement.lines, **(lines or {})}
    lent = set(agreement.case_lines) - set(agreement.lines) - set(lines or {})
    bands: list[tuple[int, Drawn]] = []
    absent: dict[str, None] = {}
    for article in agreement.articles:
        for words, line, side, near, far in _bands(article, agreement):
            if line not in known:
                absent[f"article {article.key}, {words}: line {line} is drawn by nobody here"] = None
                continue
            shape = band_outline(known[line], side, near, far)
            bands.append((far, Drawn(f"{article.key}-{words}-{side}-{far}", "band", f"{words}: {_reach(near, far)}, {_side(side)}", shape, article.key, by_case=line in lent)))  # fmt: skip
    titles = {one.id: one.title for one in agreement.line_names}
    drawn = [one for _, one in sorted(bands, key=lambda pair: (-pair[0], pair[1].id))]
    for feature in agreement.geometry["features"]:
        properties, kind = feature["properties"], feature["properties"]["role"]
        if kind in ("zone", "line", "case-line", "point") and not (
            kind == "case-line" and properties["id"] not in lent
        ):
            drawn.append(
                Drawn(
                    properties["id"], kind.removeprefix("case-"), str(properties.get("title", titles.get(properties["id"], properties["id"]))), feature["geometry"],
                    error_m=int(properties.get("error_m", 0)), by_case=kind == "case-line",
                    sides=(properties["left"], properties["right"]) if kind in ("line", "case-line") else (),
                )
            )  # fmt: skip
    drawn += [
        Drawn(
            one.id, "line", titles.get(one.id, one.id), {"type": "LineString", "coordinates": one.lonlat.tolist()},
            sides=(one.left, one.right),
        )
        for one in (lines or {}).values()
    ]  # fmt: skip
    return tuple(drawn), tuple(absent)


def _bands(article: AnyArticle, agreement: Agreement) -> list[tuple[str, str, str, int, int]]:
    """(what, line, side, from, to) in metres."""
    where: Where | None = getattr(article, "where", None)
    made: list[tuple[str, str, str, int, int]] = []
    if where is not None and where.line and where.within_m:
        made.append((article.title, where.line, where.side or "both", where.beyond_m or 0, where.within_m))
    if isinstance(article, Corridor):
        made.append((article.title, article.line, "both", 0, max(1, article.width_m // 2)))
    if isinstance(article, Withdrawal):
        for step in article.steps:
            far = step.distance_m if step.distance_m is not None else (step.width_m or 0) // 2
            line = (
                step.from_line
                if step.from_line is not None
                else (agreement.line_names[0].id if agreement.line_names else "")
            )
            if isinstance(far, dict) or isinstance(line, dict):
                sides = far.keys() if isinstance(far, dict) else line.keys()  # type: ignore[union-attr]
                made += [
                    (step.name, line[side] if isinstance(line, dict) else line, side, 0, far[side] if isinstance(far, dict) else far)
                    for side in sides
                ]  # fmt: skip
            elif far:
                made.append((step.name, line, "both", 0, far))
    return made


def _reach(near: int, far: int) -> str:
    return f"{near / 1000:g} to {far / 1000:g} km" if near else f"up to {far / 1000:g} km"


def _side(side: str) -> str:
    return "on each side" if side == "both" else f"on the side of {side}"
