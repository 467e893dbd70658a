"""A reliability diagram: what was said against what came true, and how often each was said."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

INK, QUIET, FILL = "#1f2a36", "#8a94a0", "#3b6ea5"
SIZE_IN: Final = (5.2, 5.6)


def reliability_diagram(scores: Sequence[Mapping[str, Any]], title: str, note: str = "") -> bytes:
    """A PNG of the bands of one or more `Reliability` (as dicts), added up; bars of 95 % (Wilson).

    Args:
        scores: with `bands`, each of low, high, count, mean and came_true.
        title, note: above, and in small letters below.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    added: dict[tuple[float, float], list[float]] = {}
    for score in scores:
        for band in score["bands"]:
            total = added.setdefault((band["low"], band["high"]), [0.0, 0.0, 0.0])
            for index, value in enumerate((1.0, band["mean"], band["came_true"])):
                total[index] += band["count"] * value
    bands = [(n, said / n, true / n) for _, (n, said, true) in sorted(added.items()) if n]
    figure = Figure(figsize=SIZE_IN, dpi=150)
    FigureCanvasAgg(figure)
    top, below = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    top.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle="--", label="as said")
    spans = [_wilson(true, n) for n, _, true in bands]
    errors = [[max(t - a, 0.0) for (_, _, t), (a, _) in zip(bands, spans, strict=True)],
              [max(b - t, 0.0) for (_, _, t), (_, b) in zip(bands, spans, strict=True)]]  # fmt: skip
    top.errorbar(
        [said for _, said, _ in bands], [true for _, _, true in bands], yerr=errors, fmt="o-", color=FILL, ecolor=FILL,
        capsize=2, markersize=5, linewidth=1.4, label="came true",
    )  # fmt: skip
    top.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that happened")
    top.legend(frameon=False, loc="upper left")
    top.set_title(title, loc="left", color=INK, fontsize=11)
    below.bar([said for _, said, _ in bands], [n for n, _, _ in bands], width=0.06, color=QUIET)
    below.set(xlabel="probability that was said" + (f"\n{note}" if note else ""), ylabel="incidents")
    for axes in (top, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK, labelsize=8)
        axes.grid(color="#e6e9ec", linewidth=0.6)
        axes.set_axisbelow(True)
    figure.tight_layout()
    made = io.BytesIO()
    figure.savefig(made, format="png", metadata={"Software": None})
    return made.getvalue()


def _wilson(share: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Interval of a share (Wilson 1927)."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return middle - half, middle + half
