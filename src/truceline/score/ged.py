"""Casualty articles and the incidents that coders filed them under (UCDP GED): real reports, real disagreement.

What a reader would have at hand makes the observation: outlet, day of publication, headline. A headline gives a place
where it names one of a gazetteer, numbers of killed and injured, and a word for what happened. Nothing that the coders
added to an article reaches an observation; the gazetteer is the bare list of place names with their coordinates.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from truceline.records.columns import OBSERVATIONS
from truceline.score.partitions import compare_overlapping

FILES: Final = ("observations.csv", "truth_obs_to_event.csv", "ged_raw_cp1252.csv")
DAY_MS: Final = 86_400_000
_EVENING_MS: Final = 6 * 3_600_000  # an article of a day tells of that day and the evening before
_UNTIL_MS: Final = 20 * 3_600_000

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "twenty": 20, "a": 1, "an": 1,
}  # fmt: skip
_ENDINGS = (" town", " village", " area", " city", " settlement")
_SPELLINGS = {
    "gorlovka": "horlivka", "avdeyevka": "avdiivka", "avdiyivka": "avdiivka", "avdeevka": "avdiivka", "maryinka": "marinka",
    "mariinka": "marinka", "peski": "pisky", "shirokino": "shyrokyne", "shyrokine": "shyrokyne", "lugansk": "luhansk",
    "debaltsevo": "debaltseve", "stanitsa luganskaya": "stanytsia luhanska", "schastye": "shchastya", "dzerzhinsk": "toretsk",
    "slavyansk": "sloviansk", "zaitsevo": "zaitseve", "svetlodarsk": "svitlodarsk", "kramatorsk": "kramatorsk",
}  # fmt: skip
_DEAD = re.compile(r"\b(killed|kill|kills|dead|dies?|died|deaths?|slain)\b")
_WEEK = re.compile(r"\b(past|last|one|the) week\b")
_ONE = re.compile(
    r"\b(soldier|serviceman|militiaman|militia member|civilian|woman|man|child|boy|girl|journalist|worker|fighter)\b"
)
_STATE = re.compile(r" (donetsk|luhansk) (?=(people s )?(republic|region|oblast)\b)")
_HURT = re.compile(r"\b(wounded|injured|hurt|wounds|injures)\b")
_ACTS = (
    (re.compile(r"\b(shell|shelling|shelled|artillery|mortar|fire)\b"), "shelling"),
    (re.compile(r"\b(mine|landmine|blast|explosion|blown|bomb|grenade|trip ?wire)\b"), "explosion"),
    (re.compile(r"\b(sniper|shot|gunfire|gunned)\b"), "shot"),
    (re.compile(r"\b(clash|clashes|fighting|battle|combat|attack|attacks|skirmishes)\b"), "clash"),
)


def observations(files: Mapping[str, bytes]) -> pa.Table:
    """One row an article (`records.columns.OBSERVATIONS`), from what stands in its headline.

    Args:
        files: contents of `FILES` by name.
    """
    places = gazetteer(files[FILES[2]])
    rows = []
    for article in csv.DictReader(io.StringIO(files[FILES[0]].decode("utf-8"))):
        day = int(datetime.fromisoformat(article["published"]).replace(tzinfo=UTC).timestamp() * 1000)
        headline = article["headline"]
        plain = " " + re.sub(r"[^\w]+", " ", headline.casefold()) + " "
        row: dict[str, Any] = dict.fromkeys(OBSERVATIONS.names)
        row |= {
            "obs_id": article["obs_id"], "source_id": article["outlet"], "source_kind": "media", "stance": "report",
            "observed_from_ms": day - (7 * DAY_MS if _WEEK.search(plain) else _EVENING_MS), "observed_to_ms": day + _UNTIL_MS, "time_precision": "day",
            "received_at_ms": day + DAY_MS, "place_kind": "unknown", "means": "read",
            "act": next((act for pattern, act in _ACTS if pattern.search(plain)), "casualties"),
            "description": "undetermined", "weapon": "unknown", "intent": "unknown", "live_fire_exercise": "unknown",
            "in_disengagement_area": "unknown", "lang": "en", "text": headline, "exercise": False,
        }  # fmt: skip
        named = _named(plain, places)
        if named is not None:
            name, lon, lat = named
            row |= {
                "place_kind": "named", "place_name": name, "place_precision": 2,
                "lon_udeg": round(lon * 1e6), "lat_udeg": round(lat * 1e6),
            }  # fmt: skip
        killed, injured = _number(plain, _DEAD), _number(plain, _HURT)
        row |= {"killed_min": killed, "killed_max": killed, "injured_min": injured, "injured_max": injured}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=OBSERVATIONS)


def gazetteer(raw: bytes) -> dict[str, tuple[float, float]]:
    """Names of towns and villages with lon and lat; which incident stood beside a name is forgotten here."""
    places: dict[str, tuple[float, float]] = {}
    for entry in csv.DictReader(io.StringIO(raw.decode("cp1252"))):
        name = entry["where_coordinates"].casefold().strip()
        ending = next((end for end in _ENDINGS if name.endswith(end)), None)
        if ending not in (" town", " village", " city", " settlement"):
            continue
        try:
            at = (float(entry["longitude"]), float(entry["latitude"]))
        except ValueError:
            continue
        key = re.sub(r"[^\w]+", " ", name.removesuffix(ending)).strip()
        places[key] = min(at, places.get(key, at))
    return places


def measure(
    files: Mapping[str, bytes], fuse: Callable[[pa.Table], pa.Table], from_year: int = 0, to_year: int = 9999
) -> dict[str, Any]:
    """Fuse the articles and compare with the coders' filing.

    Args:
        files: contents of `FILES` by name.
        fuse: observations -> incident table.
        from_year, to_year: articles published in these years, both included.
    Returns:
        counts, `fused` (see `PartitionScore`, overlapping groups), and as baselines `same_day` (articles of one day
        are one incident), `same_text` (only equal headlines are) and `alone` (each article its own).
    """
    table = observations(files)
    year = [datetime.fromtimestamp(ms / 1000, UTC).year for ms in table.column("observed_to_ms").to_pylist()]
    table = table.filter(pa.array([from_year <= y <= to_year for y in year]))
    ids = table.column("obs_id").to_pylist()
    truth: dict[str, set[str]] = {obs: set() for obs in ids}
    for link in csv.DictReader(io.StringIO(files[FILES[1]].decode("utf-8"))):
        if link["obs_id"] in truth:
            truth[link["obs_id"]].add(link["ged_event_id"])
    found: dict[str, set[str]] = {obs: set() for obs in ids}
    incidents = fuse(table)
    for incident, supports in zip(
        incidents.column("incident_id").to_pylist(), incidents.column("supports").to_pylist(), strict=True
    ):
        for obs in supports:
            found[obs].add(incident)
    real = [truth[obs] for obs in ids]
    days = table.column("observed_to_ms").to_pylist()
    texts = table.column("text").to_pylist()
    baselines = {
        "same_day": [{d} for d in days],
        "same_text": [{t} for t in texts],
        "alone": [{i} for i in ids],
    }
    return {
        "articles": len(ids),
        "articles_with_place": sum(kind == "named" for kind in table.column("place_kind").to_pylist()),
        "incidents_found": incidents.num_rows,
        "incidents_true": len(set().union(*real)) if real else 0,
        "fused": compare_overlapping([found[obs] for obs in ids], real).as_dict(),
        **{name: compare_overlapping(groups, real).as_dict() for name, groups in baselines.items()},
    }


def _named(plain: str, places: Mapping[str, tuple[float, float]]) -> tuple[str, float, float] | None:
    """The longest place name in the text, older and other spellings included."""
    spelled = plain
    for other, name in _SPELLINGS.items():
        spelled = spelled.replace(f" {other} ", f" {name} ")
    spelled = _STATE.sub(" ", spelled)
    hits = [name for name in places if f" {name} " in spelled]
    if not hits:
        return None
    best = min(hits, key=lambda name: (-len(name), name))
    return best, *places[best]


def _number(plain: str, what: re.Pattern[str]) -> int | None:
    """The number said before (or else after) a word for casualties, within eight words."""
    said = plain.split()
    for index, word in enumerate(said):
        if not what.fullmatch(word):
            continue
        before = [_value(w) for w in said[max(0, index - 8) : index]]
        after = [_value(w) for w in said[index + 1 : index + 4]]
        for value in [*before[::-1], *after]:
            if value is not None:
                return value
        if _ONE.search(plain):
            return 1
    return None


def _value(word: str) -> int | None:
    if word.isdigit() and int(word) <= 500:
        return int(word)
    return _NUMBERS.get(word)
