"""Pages and pictures of trends: daily series against coverage, alerts, hot spots, before and after. For the mission only."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from pathlib import Path
from typing import Any, Final, Protocol

import matplotlib as mpl
import numpy as np
import pyarrow as pa
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from truceline.report.words import MARK

INK, FAINT, COUNT, NIGHT, ALARM = "#2b2d2a", "#77776c", "#b79a66", "#5d7f7a", "#8c3b2f"
_FAMILIES: Final = ("Source Sans 3", "Noto Sans", "Liberation Sans", "DejaVu Sans")
SEALED: Final = "For the mission: by day and sector, never published"


class Series(Protocol):
    """What `coverage.daily` gives."""

    @property
    def sectors(self) -> tuple[str, ...]: ...
    @property
    def first(self) -> int: ...
    @property
    def count(self) -> Any: ...
    @property
    def hours(self) -> Any: ...
    @property
    def watched(self) -> Any: ...


class Told(Protocol):
    """What `mission.trending.trends` gives."""

    @property
    def mission(self) -> str: ...
    @property
    def exercise(self) -> bool: ...
    @property
    def daily(self) -> Any: ...
    @property
    def alerts(self) -> tuple[Any, ...]: ...
    @property
    def false_per_year(self) -> float: ...
    @property
    def hot_spots(self) -> pa.Table: ...
    @property
    def decision(self) -> str: ...
    @property
    def before_after(self) -> pa.Table | None: ...
    @property
    def totals(self) -> pa.Table: ...
    @property
    def unwatched(self) -> pa.Table: ...
    @property
    def silence(self) -> pa.Table: ...
    @property
    def silence_from(self) -> str: ...
    @property
    def silence_to(self) -> str: ...


def write_trends(told: Told, folder: Path) -> dict[str, Path]:
    """`trends.html`, its pictures as SVG and PNG, and a CSV of each table; names begin with EXERCISE where it is one."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = f"{MARK}-" if told.exercise else ""
    files: dict[str, Path] = {}

    def put(name: str, body: bytes) -> None:
        files[name] = folder / f"{mark}trends-{name}"
        files[name].write_bytes(body)

    drawn = {}
    for name, draw in (("daily", _daily), ("rates", _rates)):
        drawn[name], png = _printed(draw, told)
        put(f"{name}.svg", drawn[name].encode())
        put(f"{name}.png", png)
    tables = {"alerts": alert_rows(told), "hot-spots": told.hot_spots.to_pylist(), "totals": told.totals.to_pylist(), "unwatched": told.unwatched.to_pylist(), "silence": told.silence.to_pylist()}  # fmt: skip
    if told.before_after is not None:
        tables["before-after"] = told.before_after.to_pylist()
    for name, rows in tables.items():
        put(f"{name}.csv", _csv(rows, told.exercise).encode())
    put("page.html", _page(told, drawn).encode())
    return files


def alert_rows(told: Told) -> list[dict[str, Any]]:
    """Alerts with dates, as plain values."""
    first = told.daily.first
    return [
        {
            "sector_id": one.series, "date": _date(first + one.day), "began": _date(first + one.began), "reported": one.count,
            "expected_e2": one.expected_e2, "ratio_e2": one.ratio_e2, "p_e6": one.p_e6,
        }
        for one in told.alerts
    ]  # fmt: skip


def _date(ordinal: int) -> str:
    return dt.date.fromordinal(ordinal).isoformat()


def _printed(draw: Any, told: Told) -> tuple[str, bytes]:
    known = set(mpl.font_manager.get_font_names())
    style: Any = {
        "font.family": [name for name in _FAMILIES if name in known] or ["DejaVu Sans"], "font.size": 9, "svg.hashsalt": "truceline",
        "svg.fonttype": "path", "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": FAINT, "text.color": INK,
        "xtick.color": FAINT, "ytick.color": FAINT, "hatch.color": "#b9b4a6", "hatch.linewidth": 0.6,
    }  # fmt: skip
    with mpl.rc_context(style):
        figure = draw(told)
        FigureCanvasAgg(figure)
        figure.text(
            0.995,
            0.998,
            f"{MARK + ' · ' if told.exercise else ''}{SEALED}",
            ha="right",
            va="top",
            fontsize=7.5,
            color=FAINT,
        )
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": "Truceline"})
        figure.savefig(png, format="png", dpi=140, metadata={"Software": "Truceline"})
    text = svg.getvalue()
    return text[text.index("<svg") :], png.getvalue()


def _daily(told: Told) -> Figure:
    """A strip a sector: reports by day and night, days hardly watched hatched, alerts flagged."""
    series: Series = told.daily
    rows = max(len(series.sectors), 1)
    figure = Figure(figsize=(10.2, 1.0 + 0.78 * rows), layout="constrained")
    axes: Any = figure.subplots(rows, 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    days = [dt.date.fromordinal(series.first + d) for d in range(series.count.shape[1])]
    at = np.arange(len(days))
    top = max(float(series.count.sum(axis=2).max(initial=1)), 1.0)
    flagged = [(one.series, one.day) for one in told.alerts]
    for s, name in enumerate(series.sectors):
        ax = axes[s]
        for d in np.flatnonzero(series.watched[s] < 0.1).tolist():
            ax.axvspan(d - 0.5, d + 0.5, facecolor="none", edgecolor="#b9b4a6", hatch="////", lw=0, zorder=0)
        ax.fill_between(at, 0, series.watched[s] * top, step="mid", color="#eef1ec", lw=0, zorder=-1)
        ax.bar(at, series.count[s, :, 0], width=0.82, color=COUNT)
        ax.bar(at, series.count[s, :, 1], width=0.82, bottom=series.count[s, :, 0], color=NIGHT)
        for sector, day in flagged:
            if sector == name:
                ax.axvline(day, color=ALARM, lw=1.1)
                ax.plot(day, top * 1.08, "v", color=ALARM, ms=6, clip_on=False)
        if told.decision:
            ax.axvline(
                dt.date.fromisoformat(told.decision).toordinal() - series.first - 0.5,
                color=INK,
                lw=1,
                ls=(0, (3, 2)),
            )
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8.5, color=INK)
        ax.set_ylim(0, top * 1.12)
        ax.tick_params(labelsize=7.5)
    if days:
        ticks = [i for i, day in enumerate(days) if day.weekday() == 0]
        axes[-1].set_xticks(ticks, [days[i].isoformat() for i in ticks], rotation=0, fontsize=7.5)
        axes[-1].set_xlim(-0.6, len(days) - 0.4)
    axes[-1].set_xlabel(
        "Reports of the mission's own by local day: ochre by day, green by night. Grey: share of line-hours watched (full height is all). "
        "Hatched: less than a tenth watched.\n▼ alert" + (", dashed: the decision" if told.decision else ""), fontsize=8, color=FAINT,
    )  # fmt: skip
    figure.suptitle(
        "Incidents that the mission reported, and what it watched\n", x=0.01, ha="left", fontsize=11.5
    )
    return figure


def _rates(told: Told) -> Figure:
    """Reports per 100 noticed hours by sector, by day and by night; and rates after against before."""
    rows = told.hot_spots.to_pylist()
    names = list(told.daily.sectors)
    both = told.before_after is not None
    figure = Figure(figsize=(10.2, 1.2 + 0.34 * max(len(names), 3)), layout="constrained")
    axes: Any = figure.subplots(1, 2 if both else 1, squeeze=False)[0]
    figure.suptitle(" \n", fontsize=6)
    ax = axes[0]
    for row in rows:
        y = -names.index(row["sector_id"]) + (0.16 if row["light"] == "day" else -0.16)
        if row["per_noticed_100h_e2"] is None:
            continue
        colour = COUNT if row["light"] == "day" else NIGHT
        ax.barh(y, row["per_noticed_100h_e2"] / 100, height=0.3, color=colour)
        if row["raised"]:
            ax.plot(row["per_noticed_100h_e2"] / 100, y, "<", color=ALARM, ms=6)
    ax.set_yticks([-i for i in range(len(names))], names, color=INK)
    ax.set_title("Reports per 100 hours in which one would be noticed", loc="left", fontsize=10.5, pad=12)
    ax.set_xlabel(
        "ochre by day, green by night; ◀ more than length and coverage call for", fontsize=8, color=FAINT
    )
    if both:
        other = axes[1]
        assert told.before_after is not None
        for row in told.before_after.to_pylist():
            if row["light"] != "both" or row["ratio_e2"] is None or row["high_e2"] is None:
                continue
            y = -([*names, "all"].index(row["series"]))
            low, high = max(row["low_e2"], 5) / 100, max(row["high_e2"], 5) / 100
            other.plot([low, high], [y, y], color=NIGHT, lw=2, alpha=0.6)
            other.plot(
                max(row["ratio_e2"], 5) / 100, y, "o", color=INK if row["series"] == "all" else NIGHT, ms=5
            )
        other.axvline(1, color=FAINT, lw=0.8)
        other.set_xscale("log")
        other.set_xticks([0.1, 0.25, 0.5, 1, 2, 4, 10], ["0.1", "0.25", "0.5", "1", "2", "4", "10"])
        other.minorticks_off()
        other.set_yticks([-i for i in range(len(names) + 1)], [*names, "all"], color=INK)
        other.set_title(f"Rate after {told.decision} against before", loc="left", fontsize=10.5, pad=12)
        other.set_xlabel(
            "90 % interval; a change after a decision need not be due to it", fontsize=8, color=FAINT
        )
    return figure


def _csv(rows: list[dict[str, Any]], exercise: bool) -> str:
    text = io.StringIO(newline="")
    out = csv.writer(text, lineterminator="\n")
    names = list(rows[0]) if rows else []
    out.writerow([*names, "exercise"])
    for row in rows:
        out.writerow([*("" if row[n] is None else row[n] for n in names), "true" if exercise else "false"])
    return text.getvalue()


def _page(told: Told, drawn: dict[str, str]) -> str:
    mark = f'<p class="mark">{MARK}</p>' if told.exercise else ""
    alerts = alert_rows(told)
    said = [
        f"{html.escape(row['sector_id'])}, {row['date']}: {row['reported']} reported since {row['began']} where {row['expected_e2'] / 100:.1f} were to be expected "
        f"at that coverage."
        for row in alerts
    ] or ["No alert. That is not quiet: see what was watched."]
    whole = [r for r in told.totals.to_pylist() if r["sector_id"] != "all" and r["light"] == "both"]
    held = [r for r in whole if r["total_e1"] is not None]
    body = [
        f"<h1>What changed: {html.escape(told.mission)}</h1>{mark}<p class=faint>{SEALED}.</p>",
        f"<h2>Alerts</h2><p class=faint>At most {told.false_per_year:g} false alarms a year are meant, all sectors together.</p><ul>",
        *(f"<li>{one}</li>" for one in said), "</ul>", f"<figure>{_fluid(drawn['daily'])}</figure>",
        "<h2>Where, by day and by night" + (f", and before and after {html.escape(told.decision)}" if told.decision else "") + "</h2>",
        f"<figure>{_fluid(drawn['rates'])}</figure>",
        f"<h2>What no report means, {told.silence_from} to {told.silence_to}</h2>",
        "<table><thead><tr><th>sector</th><th>word</th><th>of the line-hours watched</th></tr></thead><tbody>",
        *(
            f"<tr><td>{html.escape(r['sector_id'])}</td><td>{r['word']}</td><td>{r['watched_e4'] / 100:.0f} %</td></tr>"
            for r in told.silence.to_pylist()
        ), "</tbody></table>",
        "<h2>Seen and unseen</h2>",
        f"<p>A total can be given for {len(held)} of {len(whole)} sector-weeks; elsewhere coverage is too thin, mostly by night. Raw counts and "
        "hours watched stand beside each in the table.</p>",
        "<table><thead><tr><th>sector</th><th>week</th><th>reported</th><th>hours watched</th><th>of</th><th>total, 90 % interval</th></tr></thead><tbody>",
        *(
            f"<tr><td>{html.escape(r['sector_id'])}</td><td>{r['week']}</td><td>{r['reported']}</td><td>{r['watched_e1'] / 10:.0f}</td>"
            f"<td>{r['hours_e1'] / 10:.0f}</td><td>"
            + ("too thin to tell" if r["total_e1"] is None else f"{r['total_e1'] / 10:.0f} ({r['low_e1'] / 10:.0f} to {r['high_e1'] / 10:.0f})")
            + "</td></tr>"
            for r in whole
        ), "</tbody></table>",
    ]  # fmt: skip
    style = (
        "body{font-family:'Source Sans 3','Noto Sans','Liberation Sans',Arial,sans-serif;color:#2b2d2a;max-width:62rem;margin:0 auto;padding:1.2rem;line-height:1.45}"
        ".mark{letter-spacing:.08em;font-weight:700;border:1.5px solid #2b2d2a;display:inline-block;padding:.1rem .6rem}.faint{color:#5f5f56}"
        "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #e0dbcf}figure{margin:1rem 0}"
    )
    title = f"{MARK + ': ' if told.exercise else ''}what changed"
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head><body>{"".join(body)}</body></html>\n'


def _fluid(svg: str) -> str:
    head, _, rest = svg.partition(">")
    return re.sub(r'width="[^"]*pt" height="[^"]*pt"', 'width="100%"', head, count=1) + ">" + rest
