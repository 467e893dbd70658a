"""The facts of the record mission: Karabakh, 27 September to 10 November 2020, each with its source.

Real statements, appeals, signals, stances and plan steps only: no observation, no incident, no finding, no line. Where a
page gives only the day, the interval is the whole day; a record's own time is the last moment of its interval, because it
cannot have been known later. What it holds and leaves out: docs/explanation/record-mission.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec
import yaml

from truceline.errors import RecordError
from truceline.records.kinds import (
    AgreedText,
    Appeal,
    Kind,
    Passage,
    PlanStep,
    Proposal,
    Signal,
    Source,
    Stance,
    Statement,
)  # fmt: skip
from truceline.records.parties import Actor, Alignment, Party

LOCAL = "+04:00"
"""The offset of both capitals in 2020; the usual zone of a day in the files."""
FROM, TO = (
    "2020-09-27T00:00:00+04:00",
    "2020-11-15T23:59:59+04:00",
)  # the later date for Kalbajar is the one fact after the text of 10 November
NAME = "The record: Karabakh, 27 September to 10 November 2020"


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Everything that the record mission puts on its log.

    Attributes:
        geometry: FeatureCollection in degrees; places only, no line and no border.
        texts: what was agreed; the articles are among `records`.
        founding: the sentences of the founding text, restated.
        records: (ms UTC, body), by time; equal times keep the order of the files.
    """

    name: str
    start_ms: int
    end_ms: int
    parties: tuple[Party, ...]
    alignments: tuple[Alignment, ...]
    actors: tuple[Actor, ...]
    geometry: dict[str, Any]
    texts: tuple[AgreedText, ...]
    records: tuple[tuple[int, Kind], ...]
    founding: tuple[Passage, ...]


@lru_cache(maxsize=1)
def facts() -> RecordFacts:
    """The facts, read once from the files beside this module.

    Raises:
        RecordError: REC-020 a file names a source, speaker or record that does not exist, or does not fit its kind.
    """
    sources = {
        key: _convert(value, Source, f"sources.yaml, {key}") for key, value in _read("sources").items()
    }
    speakers = _read("speakers")
    parties = _read("parties")
    texts = _read("agreements")
    bodies: list[tuple[int, Kind]] = []
    for entry in texts:
        bodies += _articles(entry, sources, speakers)
    for name, kind in (
        ("appeals", Appeal), ("statements", Statement), ("signals", Signal), ("proposals", Proposal), ("stances", Stance), ("plan", PlanStep),
    ):  # fmt: skip
        bodies += [_body(dict(entry), kind, f"{name}.yaml", sources, speakers) for entry in _read(name)]
    bodies.sort(key=lambda pair: pair[0])
    known = {record_id(body) for _, body in bodies}
    origin = _look_up(sources, "founding", "founding.yaml")
    founding = tuple(_passage(entry, known, origin) for entry in _read("founding"))
    for _, body in bodies:
        _check_links(body, known)
    return RecordFacts(
        NAME, _ms(FROM), _ms(TO),
        tuple(_convert(entry, Party, "parties.yaml") for entry in parties["parties"]),
        tuple(_convert(entry, Alignment, "parties.yaml") for entry in parties["alignments"]),
        tuple(_convert(entry, Actor, "parties.yaml") for entry in parties["actors"]),
        _geometry(_read("places")),
        tuple(
            AgreedText(entry["id"], entry["title"], entry["in_force_from"], entry["zone_note"], _look_up(sources, entry["source"], entry["id"]))
            for entry in texts
        ),
        tuple(bodies), founding,
    )  # fmt: skip


def record_id(body: Kind) -> str:
    """The name by which facts refer to each other; a stance is `stance:proposal/party/day`, new terms of a step `step/amended/day`."""
    if isinstance(body, Stance):
        return f"stance:{body.proposal}/{body.party}/{body.at}"
    if isinstance(body, Proposal):
        return f"proposal:{body.proposal_id}"
    if isinstance(body, PlanStep) and body.state == "amended":
        return f"{body.step_id}/amended/{body.at}"
    for field in ("statement_id", "signal_id", "appeal_id", "step_id", "text_id", "passage_id"):
        if hasattr(body, field):
            return str(getattr(body, field))
    raise RecordError(
        "REC-020",
        "a fact must be a statement, signal, appeal, proposal, stance, plan step, text or passage",
        value=body,
        remedy="Take one of these kinds.",
    )


def speakers() -> dict[str, tuple[str, str, str]]:
    """Every speaker on record: id -> (name or "", office, party or actor)."""
    return {
        key: (entry.get("name", ""), entry["office"], entry["of"]) for key, entry in _read("speakers").items()
    }


def _read(name: str) -> Any:
    path = resources.files("truceline.mission") / "record" / f"{name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _convert(plain: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as problem:
        raise RecordError(
            "REC-020", "a fact must fit its kind", where=where, value=str(problem), remedy="Correct the file."
        ) from problem


def _look_up(table: dict[str, Any], key: str, where: str) -> Any:
    if key not in table:
        raise RecordError(
            "REC-020",
            "a fact must name what exists",
            where=where,
            value=key,
            remedy="Add it, or correct the name.",
        )
    return table[key]


def _interval(entry: dict[str, Any]) -> tuple[str, str]:
    zone = entry.pop("zone", LOCAL)
    if "day" in entry:
        day = entry.pop("day")
        return f"{day}T00:00:00{zone}", f"{day}T23:59:59{zone}"
    return entry.pop("from"), entry.pop("to")


def _ms(time: str) -> int:
    if len(time) == len("2020-10-14"):
        date.fromisoformat(time)
        time = f"{time}T23:59:59{LOCAL}"
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def _speaker(key: str, speakers: dict[str, Any], where: str) -> tuple[str, str]:
    person = _look_up(speakers, key, where)
    name = f"{person['name']}, {person['office']}" if person.get("name") else person["office"]
    return name, person["of"]


def _body(
    entry: dict[str, Any], kind: type[Kind], file: str, sources: dict[str, Source], speakers: dict[str, Any]
) -> tuple[int, Kind]:
    where = f"{file}, {entry.get('statement_id') or entry.get('id') or next(iter(entry.values()))}"
    if "source" in entry:
        entry["source"] = msgspec.to_builtins(_look_up(sources, entry["source"], where))
    if kind is Statement:
        entry["statement_id"] = entry.pop("id")
        entry["said_from"], entry["said_to"] = _interval(entry)
        entry["speaker"], entry["on_behalf_of"] = _speaker(entry["speaker"], speakers, where)
        entry.setdefault("reported_by", entry["source"]["publisher"])
        at = entry["said_to"]
    elif kind is Signal:
        entry["held_from"], entry["held_to"] = _interval(entry)
        entry["reported_by"] = _speaker(entry["reported_by"], speakers, where)[0]
        at = entry["held_to"]
    else:
        at = entry["made"] if kind in (Appeal, Proposal) else entry["at"]
    body: Kind = _convert(entry, kind, where)
    return _ms(at), body


def _articles(
    text: dict[str, Any], sources: dict[str, Source], speakers: dict[str, Any]
) -> list[tuple[int, Kind]]:
    """One statement an article and speaker; where several speak, each for its own party."""
    made = []
    several = text.get("speakers", [text.get("speaker")])
    for article in text["articles"]:
        for speaker in several:
            name = f"{text['id']}/{article['article']}"
            entry = {
                "id": name if len(several) == 1 else f"{name}/{_speaker(speaker, speakers, name)[1]}",
                "speaker": speaker, "day": text["day"], "zone": text.get("zone", LOCAL), "act": "accepts",
                "article": name, "restatement": article["restatement"], "source": article.get("source", text["source"]),
            }  # fmt: skip
            made.append(_body(entry, Statement, "agreements.yaml", sources, speakers))
    return made


def _passage(entry: dict[str, Any], known: set[str], source: Source) -> Passage:
    where = f"founding.yaml, sentence {entry['number']}"
    for name in entry["records"]:
        _look_up(dict.fromkeys(known), name, where)
    return Passage(
        f"founding/{entry['number']}", entry["number"], entry["text"], tuple(entry["records"]), entry["screen"],
        entry["command"], source,
    )  # fmt: skip


def _check_links(body: Kind, known: set[str]) -> None:
    links: list[str] = []
    for field in ("reiterates", "rejects", "preconditions", "while_holds"):
        links += getattr(body, field, ())
    links += getattr(body, "readouts", {}).values()
    links += [name for name in (getattr(body, "mirrors", ""),) if name]
    if isinstance(body, Stance):
        links.append(body.statement_id)
    for name in links:
        _look_up(dict.fromkeys(known), name, record_id(body))


def _geometry(places: list[dict[str, Any]]) -> dict[str, Any]:
    """Places only, numbered from west to east: no line, no border and no sector was ever agreed."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": f"place-{number:02d}", "role": "place", "kind": place["kind"], "names": place["names"],
                "source": {"url": place["url"], "publisher": place["publisher"]},
            },
            "geometry": {"type": "Point", "coordinates": [place["lon"], place["lat"]]},
        }
        for number, place in enumerate(sorted(places, key=lambda one: (one["lon"], one["lat"])), 1)
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}
