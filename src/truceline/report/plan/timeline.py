"""The plan as a timeline: a row a step, its states as bars, deadlines before and after, and what waits for what.

States are told by pattern and word as well as by tone; the tones are neutral and belong to no party.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

Row = dict[str, Any]
WIDTH: Final = 1120
_LEFT, _RIGHT, _TOP, _STEP = 404, 24, 84, 46
_INK, _FAINT, _RULE = "#2b2d2a", "#6b6b61", "#ddd8cb"
_FONT: Final = "'Source Sans 3','Noto Sans','Liberation Sans','DejaVu Sans',Arial,sans-serif"
TONES: Final = {
    "waiting": "#f3ecdc", "open": "#e0d2ae", "reported": "#c3ab78", "verified": "#6f6a4f", "overdue": "#fbf9f4",
    "disputed": "#e8e2d2", "suspended": "#fbf9f4", "not_agreed": "#fbf9f4",
}  # fmt: skip
_PATTERNS: Final = {
    "overdue": '<path d="M0 6L6 0" stroke="#2b2d2a" stroke-width="1.4"/>',
    "suspended": '<path d="M3 0V6" stroke="#77776c" stroke-width="1.6"/>',
    "disputed": '<path d="M0 0L6 6M0 6L6 0" stroke="#77776c" stroke-width="0.9"/>',
    "not_agreed": '<circle cx="3" cy="3" r="0.9" fill="#a9a493"/>',
}
DAY_MS: Final = 86_400_000


def timeline(
    rows: Sequence[Row], *, title: str, as_of_ms: int, exercise: bool, critical: Sequence[str] = (),
    moved: Mapping[str, int] | None = None,
) -> str:  # fmt: skip
    """The SVG text.

    Args:
        rows: as `truceline plan --json` gives them.
        critical: ids of the steps that decide the end; outlined.
        moved: expected completion, ms UTC, of steps under a what-if.
    """
    times = [as_of_ms, *(moved or {}).values()]
    for row in rows:
        times += [_ms(one["at"]) for one in row.get("history", ())] + [_ms(one) for one in _deadlines(row)]
    first = min(times) - DAY_MS
    last = max(max(times), as_of_ms) + 3 * DAY_MS
    height = _TOP + _STEP * len(rows) + 70
    scale = (WIDTH - _LEFT - _RIGHT) / max(last - first, 1)

    def x(ms: int) -> float:
        return round(_LEFT + (ms - first) * scale, 1)

    middle = {row["id"]: _TOP + _STEP * n + _STEP / 2 for n, row in enumerate(rows)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="{escape(_FONT)}" font-size="12" fill="{_INK}">',
        f"<title>{escape(('EXERCISE ' if exercise and 'EXERCISE' not in title else '') + title)}</title>",
        f"<desc>{escape(_described(rows))}</desc>",
        "<defs>", *(f'<pattern id="p-{name}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="{TONES[name]}"/>{drawn}</pattern>' for name, drawn in _PATTERNS.items()),
        '<marker id="tip" viewBox="0 0 6 6" refX="5.4" refY="3" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0L6 3L0 6z" fill="#6b6b61"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fffefb"/>',
        f'<text x="16" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
    ]  # fmt: skip
    parts += _axis(first, last, x, height)
    for number, row in enumerate(rows):
        parts += _row(row, _TOP + _STEP * number, x, as_of_ms, row["id"] in critical)
    parts += _links(rows, middle, x, as_of_ms)
    for name, ms in (moved or {}).items():
        y = middle[name]
        parts.append(
            f'<path d="M{x(ms)} {y - 9}l6 9l-6 9l-6 -9z" fill="none" stroke="{_INK}" stroke-dasharray="2 2"/>'
        )
    now = x(as_of_ms)
    parts.append(
        f'<path d="M{now} {_TOP - 12}V{height - 56}" stroke="{_INK}" stroke-width="1.2"/><text x="{now}" y="{_TOP - 16}" text-anchor="middle" font-weight="600">as of {_day(as_of_ms)}</text>'
    )
    parts += _legend(height, exercise, bool(moved))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _row(row: Row, top: float, x: Any, as_of_ms: int, critical: bool) -> list[str]:
    y, high = top + 12, 20
    owner = f" · {row['owner']}" if row["owner"] else ""
    parts = [
        f'<path d="M16 {top + _STEP}H{WIDTH - 16}" stroke="{_RULE}" stroke-width="0.7"/>',
        f'<text x="16" y="{top + 19}">{escape(_cut(row["title"], 50))}</text>',
        f'<text x="16" y="{top + 34}" font-size="10.5" fill="{_FAINT}">{escape(_cut(row["id"] + owner, 44))} · <tspan font-weight="600" fill="{_INK}">{row["state"].replace("_", " ")}</tspan></text>',
    ]
    history = row.get("history") or []
    for one, following in zip(history, [*history[1:], None], strict=True):
        start, end = x(_ms(one["at"])), x(min(_ms(following["at"]) if following else as_of_ms, as_of_ms))
        start = max(start, _LEFT)
        if end - start < 0.5:
            continue
        fill = f"url(#p-{one['state']})" if one["state"] in _PATTERNS else TONES[one["state"]]
        parts.append(
            f'<rect x="{start}" y="{y}" width="{round(end - start, 1)}" height="{high}" fill="{fill}" stroke="{_FAINT}" stroke-width="0.6"><title>{one["state"].replace("_", " ")} from {one["at"][:16]}Z</title></rect>'
        )
        if end - start > 58:
            dark = one["state"] == "verified"
            word = one["state"].replace("_", " ")
            if one["state"] in _PATTERNS:
                parts.append(
                    f'<rect x="{start + 3}" y="{y + 3}" width="{6.2 * len(word) + 4}" height="14" fill="#fffefb"/>'
                )
            parts.append(
                f'<text x="{start + 5}" y="{y + 14}" font-size="10.5" fill="{"#fffefb" if dark else _INK}">{word}</text>'
            )
    for number, deadline in enumerate(_deadlines(row)):
        newest = number == len(_deadlines(row)) - 1
        at = x(_ms(deadline))
        word = "deadline" if newest else "deadline before the amendment"
        parts.append(
            f'<path d="M{at} {y - 9}l5 6l-5 6l-5 -6z" fill="{_INK if newest else "#fffefb"}" stroke="{_INK}"><title>{word} {deadline[:16]}</title></path>'
        )
    if len(_deadlines(row)) > 1:
        start, end = (x(_ms(one)) for one in _deadlines(row)[-2:])
        way = 6 if end > start else -6
        parts.append(
            f'<path d="M{start + way} {y - 3}H{end - way}" stroke="{_INK}" stroke-width="0.8" stroke-dasharray="3 2" marker-end="url(#tip)"/>'
        )
    if critical:
        parts.append(f'<path d="M8 {top + 6}V{top + _STEP - 6}" stroke="{_INK}" stroke-width="4"/>')
    return parts


def _links(rows: Sequence[Row], middle: Mapping[str, float], x: Any, as_of_ms: int) -> list[str]:
    """Arrows on the left margin of the bars: full for `after`, dashed for `while`."""
    parts, lane = [], 0
    for row in rows:
        for kind, dash in (("after", ""), ("while", ' stroke-dasharray="2 3"')):
            for name in row[kind]:
                if name in middle:
                    at = _LEFT - 10 - 7 * (lane % 7)
                    lane += 1
                    start, end = middle[name], middle[row["id"]]
                    parts.append(
                        f'<path d="M{_LEFT - 2} {start + 5}H{at}V{end}H{_LEFT - 3}" fill="none" stroke="{_FAINT}" stroke-width="0.9"{dash} marker-end="url(#tip)"><title>{escape(row["id"])} {"waits for" if kind == "after" else "holds while"} {escape(name)}</title></path>'
                    )
    return parts


def _axis(first: int, last: int, x: Any, height: float) -> list[str]:
    days = (last - first) / DAY_MS
    step = next(
        (s for s in (1, 2, 5, 7, 14, 30, 61, 91, 182, 365) if days / s <= 11), 365 * math.ceil(days / 3650)
    )
    parts = []
    at = math.ceil(first / DAY_MS) * DAY_MS
    while at < last:
        parts.append(
            f'<path d="M{x(at)} {_TOP - 4}V{height - 56}" stroke="{_RULE}" stroke-width="0.7"/><text x="{x(at)}" y="{_TOP - 32}" text-anchor="middle" font-size="10.5" fill="{_FAINT}">{_day(at)}</text>'
        )
        at += step * DAY_MS
    return parts


def _legend(height: float, exercise: bool, moved: bool) -> list[str]:
    parts, at = [], 16.0
    y = height - 34
    for state, tone in TONES.items():
        fill = f"url(#p-{state})" if state in _PATTERNS else tone
        word = state.replace("_", " ")
        parts.append(
            f'<rect x="{at}" y="{y - 10}" width="16" height="11" fill="{fill}" stroke="{_FAINT}" stroke-width="0.6"/><text x="{at + 21}" y="{y}" font-size="10.5">{word}</text>'
        )
        at += 36 + 6.2 * len(word)
    marks = (
        ('<path d="M0 0l5 -6l5 6l-5 6z" transform="translate(0 -4)"/>', "deadline"),
        (f'<path d="M0 0l5 -6l5 6l-5 6z" transform="translate(0 -4)" fill="#fffefb" stroke="{_INK}"/>', "before"),
        (f'<path d="M0 -4H12" stroke="{_FAINT}" marker-end="url(#tip)"/>', "waits for"),
        (f'<path d="M0 -4H12" stroke="{_FAINT}" stroke-dasharray="2 3" marker-end="url(#tip)"/>', "holds while"),
        (f'<path d="M4 -11V3" stroke="{_INK}" stroke-width="4"/>', "decides the end"),
        *([(f'<path d="M0 0l5 -6l5 6l-5 6z" transform="translate(0 -4)" fill="none" stroke="{_INK}" stroke-dasharray="2 2"/>', "if moved")] if moved else []),
    )  # fmt: skip
    at, y = 16.0, height - 14
    for mark, word in marks:
        parts.append(
            f'<g transform="translate({at} {y})">{mark}<text x="18" y="0" font-size="10.5">{word}</text></g>'
        )
        at += 40 + 6.0 * len(word)
    if exercise:
        parts.append(
            f'<text x="{WIDTH - 16}" y="24" text-anchor="end" font-weight="700" letter-spacing="2">EXERCISE</text>'
        )
    return parts


def _deadlines(row: Row) -> list[str]:
    """Oldest first; the last one holds."""
    made = [one["before"] for one in row["amendments"] if one["before"]]
    return [*made, row["deadline"]] if row["deadline"] else made


def _described(rows: Sequence[Row]) -> str:
    return "; ".join(f"{row['id']} {row['state'].replace('_', ' ')}" for row in rows)


def _ms(text: str) -> int:
    moment = dt.datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)


def _day(ms: int) -> str:
    moment = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return f"{moment.day} {moment:%b %Y}"


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"
