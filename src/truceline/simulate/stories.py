"""The written cases: small, each really there among the rows, each to be found again by its ids.

Their incidents are added to the truth, and only the rows written here tell of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from truceline.simulate.incidents import Incidents, one
from truceline.simulate.open_sources import PLACE_CEP_M
from truceline.simulate.plane import Floats, Ints
from truceline.simulate.rows import Rows, ids, place, rows
from truceline.simulate.satellites import SATELLITES, overpasses
from truceline.simulate.sensors import COMPASS
from truceline.simulate.terrain import Terrain, sector_ids
from truceline.simulate.watches import WATCHED, Source, Watch, holder, line_points, sees
from truceline.simulate.world import DAY_MS, HOUR_MS, MINUTE_MS, World

_STREAM = 900
_HEARING_M = 9_500.0
QUIET_NIGHT, GUN, WITHDRAWAL, WRONG = (
    "an unwatched night",
    "a gun of exactly 100 mm",
    "consent withdrawn",
    "got wrong",
)
ACCUSED, OUTLETS, STUBBLE = "mutual accusation", "ten outlets, one source", "a stubble fire beside a claim"


@dataclass(frozen=True, slots=True)
class Story:
    """One written case: what it shows, and the ids with which to find it."""

    title: str
    what: str
    obs_ids: tuple[str, ...]
    notes: str
    record_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """What stories are played on."""

    world: World
    land: Terrain
    seed: int
    sources: tuple[Source, ...]
    watches: tuple[Watch, ...]
    base: Incidents
    moved: dict[str, Floats] = field(default_factory=dict)  # posts that stand elsewhere than in `sources`

    def at(self, day: int, hour: int, minute: int = 0) -> int:
        """UTC ms of a local time; day 1 is the first."""
        return self.world.start_ms + (day - 1) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS

    def watching(self, source: Source, at_ms: int) -> bool:
        """Whether a source was there and saw."""
        return any(
            w.source.id == source.id and w.outcome == WATCHED and w.from_ms <= at_ms < w.to_ms
            for w in self.watches
        )

    def across(self, x: float) -> tuple[str, str]:
        """The parties that hold the ground to the left and to the right of the line over x."""
        y = float(self.land.line_y(np.array([x]))[0])
        left, right = holder(self.world, self.land, np.array([[x, y + 1.0], [x, y - 1.0]]))
        return left, right


@dataclass(slots=True)
class _Book:
    """Collects rows, true incidents and stories."""

    stage: Stage
    parts: list[Rows]
    true: list[Incidents]
    told: list[Story]
    count: int = 0

    def happened(self, **what: Any) -> int:
        """Adds a true incident; its index."""
        self.true.append(one(self.stage.land, **what))
        return len(self.stage.base) + len(self.true) - 1

    def say(self, truth: int, **columns: Any) -> str:
        """Adds one row; its id."""
        obs = ids(self.stage.seed, _STREAM, self.count)
        self.count += 1
        whole = (int, bool, str, np.ndarray)
        listed = {name: value if isinstance(value, whole) else [value] for name, value in columns.items()}
        self.parts.append(rows(obs, np.array([truth]), **listed))
        return obs[0]

    def heard(self, truth: int, source: Source, xy: Floats, at_ms: int, what: str, count: int) -> str:
        """A post hears it, in its own sector and minute; "" from one that was moved out of hearing."""
        stand = self.stage.moved.get(source.id, source.xy)
        gap = xy - stand
        away = float(np.hypot(*gap))
        if away > _HEARING_M:
            self.count += 1
            return ""
        turn = round(float(np.degrees(np.arctan2(gap[0], gap[1]))) / 22.5) % 16
        low, high = int(max(away * 0.8 // 1000, 0.5) * 1000), int(-(-away * 1.2 // 1000) * 1000)
        minute = (at_ms + int(away / 0.343)) // MINUTE_MS * MINUTE_MS
        return self.say(
            truth, source_id=source.id, source_kind=source.kind, observed_from_ms=minute,
            observed_to_ms=minute + MINUTE_MS, time_precision="interval", received_at_ms=minute + 40 * MINUTE_MS,
            place_kind="sector", bearing_mdeg=turn * 22_500, bearing_step_mdeg=22_500, range_min_m=low, range_max_m=high,
            means="heard", act="explosion", description="undetermined", count_min=count, count_max=count, lang="en",
            text=f"EXERCISE: heard {what}, {low / 1000:g}-{high / 1000:g} km {COMPASS[turn]}", **_at(self.stage, stand),
        )  # fmt: skip

    def claimed(
        self,
        truth: int,
        actor: str,
        where: int,
        begin: int,
        end: int,
        near: Floats | None = None,
        **columns: Any,
    ) -> str:
        """A party speaks about a named place, or about a point `near` which it gives itself, by 400 m off."""
        tongue = 0 if actor in self.stage.world.alignments[0].members else 1
        columns = {"stance": "claim", "act": "shelling", "received_at_ms": end + 2 * HOUR_MS, **columns}
        return self.say(
            truth, source_id=f"EXERCISE-{actor}", source_kind=columns.pop("source_kind", "party"), actor=actor,
            observed_from_ms=begin, observed_to_ms=end, time_precision="interval",
            place_kind="named" if near is None else "point", error_m=PLACE_CEP_M if near is None else 700,
            place_name=self.stage.land.toponyms[where][tongue], place_precision=1, means="told",
            lang=("qaa", "qab")[tongue], **columns, **_at(self.stage, self.stage.land.places[where] if near is None else near + 280.0),
        )  # fmt: skip


def tell(stage: Stage, record_ids: Sequence[str]) -> tuple[list[Rows], list[Incidents], tuple[Story, ...]]:
    """All seven; a world of fewer days has fewer.

    Args:
        record_ids: of the records that show the withdrawal of consent and what follows.
    """
    book = _Book(stage, [], [], [])
    for day, story in (
        (12, _accusation),
        (18, _outlets),
        (22, _stubble),
        (1, _night),
        (20, _gun),
        (26, _wrong),
    ):
        if stage.world.days >= day + 3:
            story(book, day)
    if stage.world.days >= stage.world.withdrawal_day:
        book.told.append(
            Story(
                WITHDRAWAL, "A party withdraws its consent. Coverage falls, a guarantee lapses, and a step of the plan that"
                " leaned on it is suspended.", (), f"Day {stage.world.withdrawal_day}; compare coverage before and after.",
                tuple(record_ids),
            )
        )  # fmt: skip
    return book.parts, book.true, tuple(book.told)


def _accusation(book: _Book, day: int) -> None:
    stage = book.stage
    at, first, second, x = _two_posts(stage, day, 14)
    xy = stage.land.at_distance(x, 40.0, True)
    truth = book.happened(
        at_ms=at,
        xy=xy,
        act="explosion",
        weapon="mortar",
        calibre_um=120_000,
        count=1,
        span_ms=0,
        by_left=False,
    )
    left, right = stage.across(x)
    where = int(stage.land.nearest_place(xy.reshape(1, 2))[0])
    begin, end = at - 10 * MINUTE_MS, at + 10 * MINUTE_MS
    said = [book.heard(truth, post, xy, at, "1 undetermined explosion", 1) for post in (first, second)]
    for actor, other in ((left, right), (right, left)):
        said.append(
            book.claimed(truth, actor, where, begin, end, xy, accused=other, count_min=1, count_max=1, act="explosion",
                         text="EXERCISE: the other side fired on our people")
        )  # fmt: skip
        said.append(
            book.claimed(truth, actor, where, begin, end, xy, stance="denial", act="explosion",
                         received_at_ms=end + 9 * HOUR_MS, text="EXERCISE: not us; they blew it up themselves")
        )  # fmt: skip
    book.told.append(
        Story(
            ACCUSED, "One explosion on the line, heard from both banks. Each side accuses the other, and the side stays"
            " undetermined: two accusations say nearly nothing.", tuple(filter(None, said)), "side: undetermined.",
        )
    )  # fmt: skip


def _outlets(book: _Book, day: int) -> None:
    stage = book.stage
    x = stage.land.hot_x[len(stage.land.hot_x) // 3]
    where = int(np.abs(stage.land.places[:, 0] - x).argmin())
    left, right = stage.across(float(stage.land.places[where, 0]))
    begin = stage.at(day, 21)
    end = begin + HOUR_MS
    body = "forty shells fell on {} after dark, and a granary burns"
    source = book.claimed(
        -1, left, where, begin, end, accused=right, count_min=40,
        text=f"EXERCISE: {body.format(stage.land.toponyms[where][0])}",
    )  # fmt: skip
    said = [source]
    for outlet in range(1, 11):
        name = stage.land.toponyms[where][outlet % 2]
        lead = ("", "As reported: ", "Update. ", "Night brief: ")[outlet % 4]
        copy = source if outlet == 1 else said[1] if outlet % 2 == 0 else None
        said.append(
            book.say(
                -1, source_id=f"EXERCISE-outlet-{outlet:02d}", source_kind="media", stance="third_party", copy_of=copy,
                observed_from_ms=begin, observed_to_ms=end, time_precision="interval",
                received_at_ms=end + (2 * HOUR_MS + outlet * 25 * MINUTE_MS), place_kind="named", place_name=name,
                place_precision=1, error_m=PLACE_CEP_M, means="read", act="shelling", accused=right, count_min=40,
                lang=("qaa", "qab")[outlet % 2], text=f"EXERCISE: {lead}{body.format(name)}{'.' if outlet % 3 else ''}",
                **_at(stage, stage.land.places[where]),
            )
        )  # fmt: skip
    book.told.append(
        Story(
            OUTLETS, "Ten outlets carry the same forty shells. All of them retell one statement, half without saying so."
            " It counts as one source, and nothing happened.", tuple(said),
            "independent_groups: 1; word: reported. Odd outlets from the third on give no original: only the text is alike.",
        )
    )  # fmt: skip


def _stubble(book: _Book, day: int) -> None:
    stage = book.stage
    where = int(np.argsort(np.abs(stage.land.places[:, 0] - stage.land.hot_x[-2]), kind="stable")[0])
    field = stage.land.places[where] + np.array([900.0, -700.0])
    left, right = stage.across(float(field[0]))
    noon = sorted(
        (t, s)
        for s in range(SATELLITES)
        for t in overpasses(stage.world, s).tolist()
        if stage.at(day, 10) < t < stage.at(day, 19)
    )[:2]
    said = []
    for index, (passing, satellite) in enumerate(noon):
        said.append(
            book.say(
                -1, source_id=f"EXERCISE-satellite-{satellite + 1}", source_kind="satellite", observed_from_ms=passing,
                observed_to_ms=passing, time_precision="exact", received_at_ms=passing + 3 * HOUR_MS,
                place_kind="footprint", scan_m=410 + 60 * index, track_m=390 + 20 * index, means="thermal",
                act="thermal_anomaly", grade="n", lang="en", text="EXERCISE: hot pixel",
                **_at(stage, field + np.array([120.0 * index, -80.0])),
            )
        )  # fmt: skip
    begin = noon[0][0] - HOUR_MS
    said.append(
        book.claimed(-1, right, where, begin, begin + HOUR_MS, accused=left, count_min=12, weapon="mlrs",
                     text="EXERCISE: rockets set the fields alight")
    )  # fmt: skip
    book.told.append(
        Story(
            STUBBLE, "A farmer burns stubble and two satellites see it; a party says that rockets lit it. A fire is not a"
            " shelling: the pixels do not make the claim true.", tuple(said), "No incident happened; no corroboration.",
        )
    )  # fmt: skip


def _night(book: _Book, day: int) -> None:
    stage = book.stage
    day, sector = _unwatched(stage)
    west, east = stage.land.edges[sector], stage.land.edges[sector + 1]
    name, x = sector_ids(stage.world.sectors)[sector], float((west + east) / 2)
    left, right = stage.across(x)
    said = []
    image_day = day - (day % 2 == 0)  # images are taken at 10:00 on odd days
    passing, satellite = min(
        (t, s)
        for s in range(SATELLITES)
        for t in overpasses(stage.world, s).tolist()
        if t > stage.at(day, 23, 55)
    )
    for index, (hour, minute, aside) in enumerate(((23, 40, -800.0), (26, 10, 1_100.0))):
        xy = stage.land.at_distance(x + aside, 1_100.0, index == 0)
        at = stage.at(day, hour, minute)
        truth = book.happened(
            at_ms=at, xy=xy, act="explosion", weapon="mortar", calibre_um=82_000, count=7 + 4 * index, span_ms=240_000,
            by_left=index == 1,
        )  # fmt: skip
        said.append(
            book.say(
                truth, source_id="EXERCISE-imagery-1", source_kind="imagery",
                observed_from_ms=stage.at(image_day, 10), observed_to_ms=stage.at(image_day + 2, 10),
                time_precision="interval", received_at_ms=stage.at(image_day + 2, 19), place_kind="point", error_m=35,
                means="satellite_imagery", act="damage", description="impact", lang="en",
                text="EXERCISE: fresh craters between two images", **_at(stage, xy + 20.0),
            )
        )  # fmt: skip
        if index == 0:
            said.append(
                book.say(
                    truth, source_id=f"EXERCISE-satellite-{satellite + 1}", source_kind="satellite", observed_from_ms=passing,
                    observed_to_ms=passing, time_precision="exact", received_at_ms=passing + 3 * HOUR_MS,
                    place_kind="footprint", scan_m=390, track_m=380, means="thermal", act="thermal_anomaly", grade="h",
                    lang="en", text="EXERCISE: hot pixel", **_at(stage, xy),
                )
            )  # fmt: skip
    said += [
            book.say(
                -1, source_id=f"EXERCISE-{actor}", source_kind="party", actor=actor, stance="quiet",
                observed_from_ms=stage.at(day, 18), observed_to_ms=stage.at(day + 1, 6), time_precision="part_of_day",
                received_at_ms=stage.at(day + 1, 8), place_kind="area", area_id=name, error_m=8_000, means="told",
                act="statement", count_min=0, count_max=0, lang="en", text=f"EXERCISE: the night passed quietly in {name}",
                **_at(stage, np.array([x, float(stage.land.line_y(np.array([x]))[0])])),
            )
        for actor in (left, right)
    ]  # fmt: skip
    book.told.append(
        Story(
            QUIET_NIGHT, "Nobody of the mission watched this sector in this night, and both sides called it quiet."
            " Two days later images show craters. Silence was not peace.", tuple(said),
            f"Night of day {day}, {name}: coverage says not watched.",
        )
    )  # fmt: skip


def _gun(book: _Book, day: int) -> None:
    stage = book.stage
    left_places = stage.land.left(stage.land.places)
    x = float(stage.land.places[np.flatnonzero(left_places)[0], 0])
    xy = stage.land.at_distance(x, 12_400.0, True)
    at = stage.at(day, 7, 20)
    truth = book.happened(
        at_ms=at, xy=xy, act="weapon_present", weapon="artillery", calibre_um=100_000, count=1, span_ms=40 * MINUTE_MS,
        by_left=True,
    )  # fmt: skip
    shared = {
        "time_precision": "exact", "place_kind": "point", "act": "weapon_present", "weapon": "artillery",
        "calibre_um": 100_000, "count_min": 1, "count_max": 1, "lang": "en",
    }  # fmt: skip
    said = [
        book.say(
            truth, source_id="EXERCISE-team-02", source_kind="patrol", observed_from_ms=at,
            observed_to_ms=at + 10 * MINUTE_MS, received_at_ms=at + 3 * HOUR_MS, error_m=60, means="saw",
            text="EXERCISE: saw one towed gun of 100 mm, measured", **shared, **_at(stage, xy),
        ),
        book.say(
            truth, source_id="EXERCISE-uav-1", source_kind="uav", observed_from_ms=at + 15 * MINUTE_MS,
            observed_to_ms=at + 16 * MINUTE_MS, received_at_ms=at + 2 * HOUR_MS, error_m=40, means="uav_imagery",
            text="EXERCISE: imaged one towed gun of 100 mm", **shared, **_at(stage, xy + 25.0),
        ),
    ]  # fmt: skip
    book.told.append(
        Story(
            GUN, "A gun of exactly 100 mm stands 12.4 km from the line. Text 1 moves guns of 100 mm and more to 15 km, text 2"
            " guns of more than 100 mm: the same gun breaches one and not the other.", tuple(said),
            "Article 3: breach under text-1, not under text-2.",
        )
    )  # fmt: skip


def _wrong(book: _Book, day: int) -> None:
    stage = book.stage
    at, first, second, x = _two_posts(stage, day, 11)
    quarry = stage.land.at_distance(x, 2_200.0, False)
    left, right = stage.across(x)
    where = int(stage.land.nearest_place(quarry.reshape(1, 2))[0])
    begin, end = at - 15 * MINUTE_MS, at + 15 * MINUTE_MS
    said = [book.heard(-1, post, quarry, at, "3 undetermined explosions", 3) for post in (first, second)]
    said.append(
        book.say(
            -1, source_id="EXERCISE-uav-2", source_kind="uav", observed_from_ms=at, observed_to_ms=at + 2_000,
            time_precision="exact", received_at_ms=at + 2 * HOUR_MS, place_kind="point", error_m=50, means="uav_imagery",
            act="explosion", description="impact", count_min=3, count_max=3, lang="en",
            text="EXERCISE: imaged 3 explosions and dust", **_at(stage, quarry),
        )
    )  # fmt: skip
    said.append(
        book.claimed(-1, right, where, begin, end, quarry, source_kind="complaint", accused=left, count_min=3, act="explosion",
                     text="EXERCISE: we complain of shells at noon")
    )  # fmt: skip
    said.append(
        book.claimed(-1, left, where, begin, end, quarry, stance="denial", act="explosion", received_at_ms=end + 40 * HOUR_MS,
                     text="EXERCISE: that was the quarry; its blasting book lists three charges for this hour")
    )  # fmt: skip
    book.told.append(
        Story(
            WRONG, "Two posts and a drone agree on three explosions, a complaint blames the other side, and the system holds it"
            " for an alleged breach. It was a quarry. The reply proves it, and the correction is public.", tuple(filter(None, said)),
            "Not an incident; see the correction.",
        )
    )  # fmt: skip


def _two_posts(stage: Stage, day: int, hour: int) -> tuple[int, Source, Source, float]:
    """A time from `day` on at which two neighbouring posts watched within hearing of the middle between them."""
    posts = sorted((s for s in stage.sources if s.kind == "post"), key=lambda s: (float(s.xy[0]), s.id))
    pairs = [(a, b) for a, b in pairwise(posts) if np.hypot(*(a.xy - b.xy)) < 1.7 * _HEARING_M]
    pairs.sort(key=lambda pair: float(np.hypot(*(pair[0].xy - pair[1].xy))))
    for offset in range(3):
        at = stage.at(day + offset, hour, 20) + 17_000
        for first, second in pairs:
            if stage.watching(first, at) and stage.watching(second, at):
                return at, first, second, float(first.xy[0] + second.xy[0]) / 2
    first, second = pairs[0] if pairs else (posts[0], posts[-1])
    return stage.at(day, hour, 20) + 17_000, first, second, float(first.xy[0] + second.xy[0]) / 2


def _unwatched(stage: Stage) -> tuple[int, int]:
    """Day and sector of a night in which nobody watched a metre of the line there, and little else happened."""
    points = line_points(stage.land)
    sector = stage.land.sector(points[:, 0])
    seen = [(w, sees(w, points, w.source.radius_m)) for w in stage.watches if w.outcome == WATCHED]
    where = stage.land.sector(stage.base.xy[:, 0])
    best: tuple[int, int, int] | None = None
    for day in range(2, max(stage.world.days - 3, 3)):
        begin, end = stage.at(day, 18), stage.at(day + 1, 6)
        covered = np.zeros(len(points), dtype=np.bool_)
        for watch, held in seen:
            if watch.from_ms < end and watch.to_ms > begin + 2 * HOUR_MS:
                covered |= held
        busy = (stage.base.at_ms >= begin) & (stage.base.at_ms < end)
        for index in range(stage.world.sectors):
            if not covered[sector == index].any() and (sector == index).any():
                found = (int((busy & (where == index)).sum()), abs(day - 21), index)
                if best is None or (found[0], found[1]) < (best[0], best[1]):
                    best, chosen = found, (day, index)
    return (20, 0) if best is None else chosen


def _at(stage: Stage, xy: Floats) -> dict[str, Ints]:
    return place(stage.land.plane, xy)


def joined(base: Incidents, more: Sequence[Incidents]) -> Incidents:
    """The true incidents with those of the stories behind them."""
    for extra in more:
        base = base.joined(extra)
    return base
