"""Pictures of a comparison: the line straightened, measures with their bands, what one more would add. SVG and PNG.

Drawn from the same numbers as the table. Colours are neutral and no side has one of its own.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from truceline.mechanism.compare import MEASURES, Comparison
from truceline.mechanism.proposal import Proposal

INK: Final = "#2b2d2a"
FAINT: Final = "#77776c"
_WATCHED: Final = LinearSegmentedColormap.from_list(
    "watched", ["#ffffff", "#dfe5dc", "#9fb3ad", "#5d7f7a", "#2f5553"]
)
_MARKS: Final = ("#2f5553", "#b07a35", "#6d5b8c", "#7a7a70")
_STYLE: Final[dict[str, Any]] = {
    "font.family": ["Source Sans 3", "Noto Sans", "Liberation Sans", "DejaVu Sans"], "font.size": 10, "svg.fonttype": "path",
    "svg.hashsalt": "truceline", "axes.edgecolor": FAINT, "axes.labelcolor": INK, "text.color": INK, "xtick.color": FAINT,
    "ytick.color": INK, "hatch.color": "#b9b4a6", "hatch.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip
UNWATCHED_BELOW: Final = 0.10


def pictures(made: Comparison) -> dict[str, tuple[str, bytes]]:
    """Name -> (SVG, PNG) of each picture."""
    return {
        name: _printed(draw, made)
        for name, draw in (("line", _line), ("measures", _measures), ("one-more", _one_more))
        if name != "one-more" or any(one.more for one in made.foretold)
    }


def label(index: int) -> str:
    """A, B, C, ..."""
    return chr(65 + index) if index < 26 else str(index + 1)


def mark_of(made: Comparison) -> str:
    """What stands on every picture and page."""
    return "EXERCISE" if made.exercise else "PROPOSAL"


def _printed(draw: Callable[[Comparison], Figure], made: Comparison) -> tuple[str, bytes]:
    known = set(mpl.font_manager.get_font_names())
    families = [name for name in _STYLE["font.family"] if name in known] or ["DejaVu Sans"]
    style: Any = {**_STYLE, "font.family": families}
    with mpl.rc_context(style):
        figure = draw(made)
        FigureCanvasAgg(figure)
        said = (
            "EXERCISE: fictional ground, simulated"
            if made.exercise
            else "PROPOSAL: a planning study, simulated; no observation, nobody's position"
        )
        figure.text(0.995, 0.995, said, ha="right", va="top", fontsize=8, color=FAINT)
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": "Truceline"})
        figure.savefig(png, format="png", dpi=150, metadata={"Software": "Truceline"})
    text = svg.getvalue()
    return text[text.index("<svg") :], png.getvalue()


def _line(made: Comparison) -> Figure:
    count, km = len(made.foretold), made.land.length_m / 1_000
    figure = Figure(figsize=(10.2, 1.35 + 2.05 * count), layout="constrained")
    axes: Any = figure.subplots(
        count + 1, 1, sharex=True, gridspec_kw={"height_ratios": [0.75, *([2.0] * count)]}
    )
    top: Axes = axes[0]
    at = made.land.point_m / 1_000
    top.fill_between(at, 0, made.density, step="mid", color="#d2bc91", lw=0)
    top.set_ylabel("expected\nper km and day", fontsize=8, color=FAINT)
    top.tick_params(axis="y", labelsize=8, colors=FAINT)
    top.set_ylim(bottom=0)
    top.set_title(
        "Where incidents are expected, and what each proposal would watch", loc="left", fontsize=12, pad=16
    )
    for index, one in enumerate(made.foretold):
        ax: Axes = axes[index + 1]
        for row, ribbon in enumerate((one.ribbon_day, one.ribbon_night)):
            low = 0.08 - row
            ax.imshow(
                ribbon[None, :], cmap=_WATCHED, vmin=0, vmax=1, aspect="auto", extent=(0.0, km, low - 0.42, low + 0.42),
                interpolation="nearest", zorder=1,
            )  # fmt: skip
            for begin, end in _runs(ribbon < UNWATCHED_BELOW):
                ax.add_patch(
                    Rectangle((at[begin] - 0.25, low - 0.42), at[end] - at[begin] + 0.5, 0.84, fill=False, hatch="////", lw=0, zorder=2)
                )  # fmt: skip
            ax.add_patch(Rectangle((0, low - 0.42), km, 0.84, fill=False, ec=FAINT, lw=0.6, zorder=3))
        _sources(ax, one.proposal)
        ax.set_ylim(-2.25, 1.42)
        ax.set_xlim(-0.006 * km, 1.006 * km)
        ax.set_yticks([0.08, -0.92], ["day", "night"])
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set_title(f"{label(index)}   {one.proposal.name}", loc="left", fontsize=10.5, pad=3)
        for side, y in ((made.land.sides[0], 1.08), (made.land.sides[1], -1.9)):
            ax.text(-0.012 * km, y, side, fontsize=8.5, color=FAINT, ha="right", va="center")
    axes[-1].set_xlabel(
        "km along the line.  ▲ post (filled: also by night)   ◆ camera (filled: thermal)   ● array   ▬ beat of a team   "
        "┄ stretch of a drone\nThe darker, the more of the time watched; hatched: less than a tenth of it.",
        fontsize=8.5, color=FAINT,
    )  # fmt: skip
    return figure


def _sources(ax: Axes, proposal: Proposal) -> None:
    left = proposal.ground.left

    def y(side: str, step: float = 0.0) -> float:
        return 0.74 + step if side == left else -1.58 - step

    for post in proposal.posts:
        ax.plot(post.at_km, y(post.side), "^", ms=6.5, mec=INK, mew=0.8, mfc=INK if post.nights_per_week >= 3 else "white", clip_on=False)  # fmt: skip
    for camera in proposal.cameras:
        ax.plot(camera.at_km, y(camera.side), "D", ms=5, mec=INK, mew=0.8, mfc=INK if camera.thermal else "white", clip_on=False)  # fmt: skip
    for one in proposal.arrays:
        ax.plot(one.at_km, y(one.side), "o", ms=5.5, mec=INK, mew=0.8, mfc="white", clip_on=False)
    lanes: dict[tuple[str, float], float] = {}
    for team in sorted(proposal.teams, key=lambda t: (t.from_km, t.id)):
        step = next((s for s in (0.27, 0.42, 0.57) if lanes.get((team.side, s), -1.0) <= team.from_km), 0.57)
        lanes[(team.side, step)] = team.to_km
        ax.plot(
            [team.from_km + 0.4, team.to_km - 0.4],
            [y(team.side, step)] * 2,
            color=INK,
            lw=2.6,
            solid_capstyle="butt",
        )
    for drone in proposal.drones:
        ax.plot([drone.from_km, drone.to_km], [-0.42] * 2, color=INK, lw=1.2, ls=(0, (4, 3)), zorder=4)


def _runs(flags: Any) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _measures(made: Comparison) -> Figure:
    shares = [key for key, _, unit in MEASURES if unit == "share"]
    hours = [key for key, _, unit in MEASURES if unit == "hours"]
    figure = Figure(figsize=(10.2, 0.9 + 0.45 * (len(shares) + len(hours) + 1)), layout="constrained")
    axes: Any = figure.subplots(3, 1, gridspec_kw={"height_ratios": [len(shares), len(hours), 1.15]})
    for ax, keys, unit in zip(
        axes, (shares, hours, ["asymmetry"]), ("share", "hours", "points"), strict=True
    ):
        _dots(ax, made, keys, 100.0 if unit != "hours" else 1.0)
    axes[0].set_xlim(-1, 101)  # a mark at nought, or at all, is whole
    axes[0].set_xlabel("per cent", fontsize=8.5, color=FAINT)
    axes[0].set_title("What each proposal would do, with bands of nine in ten", loc="left", fontsize=12)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", fontsize=9, frameon=False, ncols=3
    )
    axes[1].set_xlim(left=0)
    axes[1].set_xlabel("hours", fontsize=8.5, color=FAINT)
    axes[2].axvline(0, color=FAINT, lw=0.8)
    wide = max(5.0, *(abs(v) for v in axes[2].get_xlim()))
    axes[2].set_xlim(-wide, wide)
    axes[2].set_xlabel("percentage points; nought treats both alike", fontsize=8.5, color=FAINT)
    return figure


def _dots(ax: Axes, made: Comparison, keys: list[str], factor: float) -> None:
    count = len(made.foretold)
    for row, key in enumerate(keys):
        if row % 2 == 0:
            ax.axhspan(-row - 0.5, -row + 0.5, color="#f6f3ec", lw=0, zorder=0)
        for index, one in enumerate(made.foretold):
            found = one.measures[key]
            if found.mean is None or found.low is None or found.high is None:
                continue
            y = -row + 0.32 * ((count - 1) / 2 - index) / max(count - 1, 1) * 2 * (count > 1) * 0.75
            colour = _MARKS[index % len(_MARKS)]
            ax.plot(
                [found.low * factor, found.high * factor],
                [y, y],
                color=colour,
                lw=2.2,
                alpha=0.55,
                solid_capstyle="round",
            )
            ax.plot(
                found.mean * factor, y, "osD^"[index % 4], ms=6, color=colour,
                label=f"{label(index)}  {one.proposal.name}" if row == 0 else None,
            )  # fmt: skip
    ax.set_yticks([-row for row in range(len(keys))], [made.words(key) for key in keys], fontsize=9.5)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-len(keys) + 0.5, 0.5)
    ax.spines["left"].set_visible(False)
    ax.grid(axis="x", color="#e6e2d8", lw=0.7)
    ax.set_axisbelow(True)


def _one_more(made: Comparison) -> Figure:
    count, sides = len(made.foretold), made.land.sides
    figure = Figure(figsize=(10.2, 0.9 + 1.9 * count), layout="constrained")
    axes: Any = np.atleast_1d(figure.subplots(count, 1, sharex=True, sharey=True))
    colours = {"post": _MARKS[0], "camera": _MARKS[1], "team": _MARKS[2]}
    for index, one in enumerate(made.foretold):
        ax: Axes = axes[index]
        for gain in one.more:
            slot = ("post", "camera", "team").index(gain["kind"])
            up = 1.0 if gain["side"] == sides[0] else -1.0
            width = (gain["to_km"] - gain["from_km"]) / 4
            x = gain["from_km"] + width * (slot + 1)
            found = gain["verified_per_month"]
            ax.bar(x, up * found.mean, width * 0.9, color=colours[gain["kind"]], alpha=0.9, label=None)
            ax.plot([x, x], [up * found.low, up * found.high], color=INK, lw=0.7)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set_title(f"{label(index)}   {one.proposal.name}", loc="left", fontsize=10.5)
        ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
        ax.set_ylabel(f"← {sides[1]}     {sides[0]} →", fontsize=8.5, color=FAINT)
        ax.grid(axis="y", color="#e6e2d8", lw=0.7)
        ax.set_axisbelow(True)
    for kind, colour in colours.items():
        words = {
            "post": "one more post, manned day and night",
            "camera": "one more thermal camera",
            "team": "one more team",
        }[kind]
        axes[0].bar(0, 0, color=colour, label=words)
    axes[0].legend(loc="upper right", fontsize=8.5, frameon=False, ncols=3)
    axes[-1].set_xlabel(
        "km along the line.  Incidents a month more that would likely be verified, by the side on whose ground it stands.",
        fontsize=8.5, color=FAINT,
    )  # fmt: skip
    figure.suptitle("What one more would add, and where\n", x=0.01, ha="left", fontsize=12)
    return figure
