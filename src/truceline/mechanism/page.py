"""A comparison as files: a page to read, a table, numbers, pictures."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from truceline.mechanism.compare import MEASURES, Comparison, Interval
from truceline.mechanism.pictures import label, mark_of, pictures

PAGE: Final = Path(__file__).parent / "comparison.html"


def as_dict(made: Comparison) -> dict[str, Any]:
    """Numbers only, for --json and for machines."""
    return {
        "mark": mark_of(made), "seed": made.seed, "replications": made.replications, "line_km": round(made.land.length_m / 1_000, 1),
        "sides": list(made.land.sides),
        "proposals": [
            {
                "name": one.proposal.name, "cost_month": one.cost,
                "budget_month": one.proposal.budget.month if one.proposal.budget else None,
                "measures": {key: _plain(one.measures[key]) for key, _, _ in MEASURES},
                "against_first": {key: _plain(value) for key, value in one.against.items()},
                "one_more": [
                    {name: _plain(value) if isinstance(value, Interval) else value for name, value in gain.items()}
                    for gain in one.more
                ],
            }
            for one in made.foretold
        ],
    }  # fmt: skip


def write(made: Comparison, folder: Path) -> dict[str, Path]:
    """`comparison.html`, `.csv`, `.json` and a `.svg` and `.png` of each picture; names begin with the mark.

    Returns:
        Name without ending -> path, by ending for the pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = mark_of(made)
    drawn = pictures(made)
    files: dict[str, Path] = {}

    def put(name: str, body: bytes) -> None:
        files[name] = folder / f"{mark}-mechanism-{name}"
        files[name].write_bytes(body)

    for name, (svg, png) in drawn.items():
        put(f"{name}.svg", svg.encode())
        put(f"{name}.png", png)
    put("comparison.json", (json.dumps(as_dict(made), ensure_ascii=False, indent=2) + "\n").encode())
    put("comparison.csv", _csv(made).encode())
    put("comparison.html", _html(made, {name: svg for name, (svg, _) in drawn.items()}).encode())
    return files


def said(found: Interval, unit: str, signed: bool = False) -> str:
    """`62 (55 to 68)`; per cent, points or hours."""
    if found.mean is None or found.low is None or found.high is None:
        return "–"
    factor = 1.0 if unit == "hours" else 100.0
    if not (found.mean or found.low or found.high):
        return "0"
    digits = 0 if unit != "points" and max(abs(found.mean), abs(found.high)) * factor >= 10 else 1
    form = f"{{:{'+' if signed or unit == 'points' else ''}.{digits}f}}"
    mean, low, high = (_nought(form.format(one * factor)) for one in (found.mean, found.low, found.high))
    return f"{mean} ({low} to {high})"


def rows(made: Comparison) -> list[dict[str, Any]]:
    """The table: a row a measure, a cell a proposal, the difference with the first below it."""
    found = []
    for key, _, unit in MEASURES:
        cells = [
            {"said": said(one.measures[key], unit), "against": said(one.against[key], unit, True) if one.against else ""}
            for one in made.foretold
        ]  # fmt: skip
        found.append({"key": key, "words": made.words(key), "unit": {"share": "%", "hours": "h", "points": "points"}[unit], "cells": cells})  # fmt: skip
    return found


def sentences(made: Comparison) -> list[str]:
    """What the comparison says in words; a difference is only called one where nine in ten replications agree on its sign."""
    out = []
    for index, one in enumerate(made.foretold):
        m = one.measures
        out.append(
            f"{label(index)}, {one.proposal.name}: watches {said(m['watched_day'], 'share')} % of the line-hours by day and "
            f"{said(m['watched_night'], 'share')} % by night; {said(m['verified'], 'share')} % of incidents are likely to be verified and "
            f"{said(m['attributed'], 'share')} % attributed to a side."
        )
        gap = m["asymmetry"]
        if (
            gap.low is not None
            and gap.high is not None
            and gap.mean is not None
            and (gap.low > 0 or gap.high < 0)
        ):
            better = made.land.sides[0 if gap.mean > 0 else 1]
            out.append(
                f"{label(index)} does not treat both alike: incidents on the ground of {better} are likelier to be verified, by "
                f"{said(gap, 'points')} points."
            )
        if one.more:
            best = one.more[0]
            out.append(
                f"One more would add most to {label(index)} as a {best['kind']} on the ground of {best['side']} between km "
                f"{best['from_km']:g} and {best['to_km']:g}: {_count(best['verified_per_month'])} incidents a month likely to be verified."
            )
    for index, one in enumerate(made.foretold[1:], start=1):
        for key, what in (
            ("verified", "verified"),
            ("attributed", "attributed to a side"),
            ("watched_night", "watched by night"),
        ):
            found = one.against[key]
            if found.low is None or found.high is None:
                continue
            if found.low > 0 or found.high < 0:
                more = "More" if found.low > 0 else "Less"
                out.append(
                    f"{more} is {what} under {label(index)} than under A: {said(found, 'share', True)} points."
                )
            elif found.low == found.high == 0:
                out.append(f"Just as much is {what} under {label(index)} as under A.")
            else:
                out.append(
                    f"Whether more is {what} under {label(index)} than under A cannot be told: {said(found, 'share', True)} points."
                )
    return out


def _html(made: Comparison, drawn: dict[str, str]) -> str:
    house = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGE.parent), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    alike = [
        [gain | {"said": _count(gain["verified_per_month"]), "day": _count(gain["line_km_hours_day"]), "night": _count(gain["line_km_hours_night"])} for gain in one.more[:6]]
        for one in made.foretold
    ]  # fmt: skip
    return house.get_template(PAGE.name).render(
        mark=mark_of(made), made=made, label=label, rows=rows(made), sentences=sentences(made), more=alike,
        drawings={name: Markup(re.sub(r'width="[^"]*pt" height="[^"]*pt"', 'width="100%"', svg, count=1)) for name, svg in drawn.items()},  # noqa: S704
        money=_money,
    )  # fmt: skip


def _csv(made: Comparison) -> str:
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["mark", "proposal", "measure", "unit", "mean", "low", "high", "against_first_mean", "against_first_low", "against_first_high"])  # fmt: skip
    for one in made.foretold:
        for key, _, unit in MEASURES:
            other = one.against.get(key, Interval(None, None, None))
            found = one.measures[key]
            out.writerow(
                [mark_of(made), _safe(one.proposal.name), key, unit, found.mean, found.low, found.high, other.mean, other.low, other.high]
            )  # fmt: skip
    return text.getvalue()


def _safe(text: str) -> str:
    """No spreadsheet takes it for a formula."""
    return "'" + text if text[:1] in "=+-@\t\r" else text


def _plain(found: Interval) -> dict[str, float | None]:
    return {"mean": found.mean, "low": found.low, "high": found.high}


def _count(found: Interval) -> str:
    if found.mean is None or found.low is None or found.high is None:
        return "–"
    digits = 0 if found.high >= 20 else 1
    return f"{found.mean:,.{digits}f} ({found.low:,.{digits}f} to {found.high:,.{digits}f})"


def _nought(text: str) -> str:
    return text.lstrip("+-") if not text.strip("+-0.") else text


def _money(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"
