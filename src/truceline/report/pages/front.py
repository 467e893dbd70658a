"""Page 1: one sentence, four numbers with their change, the map, and what could not be seen."""

from __future__ import annotations

from typing import Any

from truceline.report.drawing import draw, is_wide, legend
from truceline.report.pages.arrears import last_week, unwatched, watched_shares
from truceline.report.pages.common import Day
from truceline.report.words import against, between, listed, moment, number, percent, plain, plural, tenths


def front_page(day: Day) -> dict[str, Any]:
    """Words and map of page 1."""
    counts = day.counts()
    dark = unwatched(day.view)
    week = last_week(day.view)
    inside = {name: n for name, n in counts.items() if name}
    busy = [name for name, n in inside.items() if n]
    hatched = (
        f" Hatched sectors were watched less than a quarter of the hours in week {week}." if week else ""
    )
    wide = is_wide(day.view.geometry)
    mark = "EXERCISE: " if day.view.exercise else ""
    svg, named = draw(
        day.view.geometry, inside, dark, exercise=day.view.exercise,
        title=f"{mark}Incidents by reporting sector, {day.view.date}",
        describes=f"{plural(len(day.rows), 'incident')} in {len(busy)} of {len(inside)} sectors.{hatched}",
        width=760 if wide else 430, tallest=360 if wide else 600,
    )  # fmt: skip
    shares = watched_shares(day.view)
    gaps, _ = draw(
        day.view.geometry, {}, dark, exercise=day.view.exercise, labels=False, prefix="g", width=500, tallest=300,
        title=f"{mark}Share of hours watched by sector, week {week}", captions=shares,
        describes="; ".join(f"{plain(name)} {share}" for name, share in shares.items()) or "No coverage.",
    )  # fmt: skip
    return {
        "sentence": _sentence(day, busy),
        "numbers": _numbers(day),
        "map": svg,
        "wide": wide,
        "gaps": gaps if week else "",
        "gaps_note": f"Per cent of hours watched in week {week}, the last complete one; hatched below a quarter."
        if week
        else "",
        "legend": legend(max(inside.values(), default=0)),
        "hatched": f"watched less than a quarter of the hours in week {week}" if dark else "",
        "caption": _caption(day, counts, named, week),
        "unseen": [_bare(day, words) for words in day.view.could_not_see],
        "unseen_note": _unseen_note(day),
    }


def _bare(day: Day, words: str) -> str:
    """Sectors by their number alone, as on the map; the mark stands on the page."""
    for name in sorted(day.sectors(), key=len, reverse=True):
        words = words.replace(name, plain(name))
    return words.replace(" %", "%")


def _sentence(day: Day, busy: list[str]) -> str:
    view = day.view
    hours = (view.day_to_ms - view.day_from_ms) // 3_600_000
    head = f"In the {hours} hours to {moment(view.day_to_ms, view.zone)}, "
    watched = percent(day.value("hours_watched_e1"), day.value("hours_total_e1"))
    seen = (
        "how much of the line was watched is not known"
        if view.exposure is None or watched is None
        else f"{watched} per cent of sector-hours were watched"
    )
    if not day.rows:
        return f"{head}the mission recorded no incident; {seen}, so this does not say that nothing happened."
    low, high = day.value("violations_min"), day.value("violations_max")
    spoken = between(low, high, day.value("incidents_open_ended") > 0)
    tail = []
    for name, word in (("killed", "killed"), ("injured", "injured")):
        if day.value(f"{name}_max"):
            tail.append(f"{between(day.value(f'{name}_min'), day.value(f'{name}_max'))} reported {word}")
    hurt = f", with {listed(tail)}" if tail else ""
    withheld = sum(row["sector_id"] is None for row in day.rows)
    everywhere = len(busy) == len(day.sectors())
    where = f"in all {len(busy)} sectors" if everywhere else f"in {len(busy)} of {len(day.sectors())} sectors"
    if withheld and not everywhere:
        where = (
            f"in at least {len(busy)} of {len(day.sectors())} sectors ({plural(withheld, 'incident')} without a published place)"
            if busy
            else "whose places are not yet published"
        )
    return (
        f"{head}the mission recorded {plural(len(day.rows), 'incident')} with {spoken} single violations "
        f"{where}{hurt}; {number(day.value('incidents_alleged'))} "
        f"{'is an alleged breach' if day.value('incidents_alleged') == 1 else 'are alleged breaches'} of the agreement, and {seen}."
    )


def _numbers(day: Day) -> list[dict[str, str]]:
    low, high = day.value("violations_min"), day.value("violations_max")
    open_ended = day.value("incidents_open_ended")
    watched = day.figures["hours_watched_e1"]
    share = percent(day.value("hours_watched_e1"), day.value("hours_total_e1"))
    before = percent(watched["previous"] or 0, day.figures["hours_total_e1"]["previous"] or 0)
    known = watched["value"] is not None and share is not None
    upper = f"at most {number(high)}" + (
        f", not counting {plural(open_ended, 'incident')} without an upper count" if open_ended else ""
    )
    alleged_note = f"{number(day.value('findings_verified'))} findings verified on review, {number(day.value('findings_undetermined'))} undetermined"
    return [
        {
            "label": "incidents", "value": number(day.value("incidents")), "change": against(day.change("incidents")),
            "note": f"{number(day.value('incidents_corroborated'))} corroborated, "
            f"{number(day.value('incidents_credible'))} credible, {number(day.value('incidents_reported'))} reported only",
            "who": day.figures["incidents"]["recompute_by"],
        },
        {
            "label": "single violations, at least", "value": number(low), "change": against(day.change("violations_min")),
            "note": upper, "who": day.figures["violations_min"]["recompute_by"],
        },
        {
            "label": "incidents alleged to be breaches", "value": number(day.value("incidents_alleged")),
            "change": against(day.change("incidents_alleged")), "note": alleged_note,
            "who": day.figures["incidents_alleged"]["recompute_by"],
        },
        {
            "label": "of sector-hours watched", "value": f"{share}%" if known else "not known",
            "change": against(share - before if known and share is not None and before is not None and watched["previous"] is not None else None, "point"),
            "note": f"{tenths(watched['value'])} of {tenths(day.figures['hours_total_e1']['value'])} sector-hours"
            if known else "no coverage was given",
            "who": watched["recompute_by"],
        },
    ]  # fmt: skip


def _caption(day: Day, counts: dict[str, int], named: tuple[str, ...], week: str | None) -> str:
    words = [
        "Numbers are incidents per reporting sector; no place is published more finely. Lines are the mission's "
        "working geometry and say nothing about borders. Every place carries all its names and a neutral id."
    ]
    withheld = counts.get("", 0)
    if withheld:
        words.append(
            f"{plural(withheld, 'incident')} without a published sector {'is' if withheld == 1 else 'are'} not on the map: "
            "places are published to all at once, after the mission's delay."
        )
    places = [
        plain(str(f["properties"]["id"]))
        for f in day.view.geometry["features"]
        if f["properties"].get("role") == "place" and f["properties"]["id"] not in named
    ]
    if places:
        words.append(f"{plural(len(places), 'place')} found no room here; the list on page 6 has all.")
    return " ".join(words)


def _unseen_note(day: Day) -> str:
    if day.view.could_not_see:
        return ""
    if day.view.exposure is None:
        return "The mission gave no coverage for this period. Nothing here may be read as a sign of quiet."
    return "No gap was stated for this period. Distance, weather and darkness still hide much."
