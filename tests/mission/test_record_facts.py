"""The record mission holds sourced facts only, treats both parties alike, and leads from the founding text to them."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from truceline.errors import RecordError
from truceline.geo import Frame, Line, Sectors
from truceline.mission import record_facts
from truceline.mission.record_facts import RecordFacts, facts, record_id, speakers
from truceline.records.kinds import (
    Appeal,
    Kind,
    PlanStep,
    Proposal,
    Signal,
    Stance,
    Statement,
    decode,
    encode,
    word_of,
)

FILES = Path(record_facts.__file__).parent / "record"
DOCS = Path(__file__).parents[2] / "docs" / "explanation" / "record-mission.md"
TIMES = ("said_from", "said_to", "held_from", "held_to", "made", "effective", "at", "deadline")


@pytest.fixture(scope="module")
def record() -> RecordFacts:
    return facts()


def of(record: RecordFacts, kind: type[Kind]) -> list[Any]:
    return [body for _, body in record.records if isinstance(body, kind)]


def words(body: Kind) -> str:
    return " ".join(str(value) for key, value in encode(body).items() if key != "source")


def test_every_record_has_a_source_or_leads_to_a_record_that_has_one(record: RecordFacts) -> None:
    sourced = {
        record_id(body) for _, body in record.records if getattr(body, "source", None) and body.source.url
    }
    for _, body in record.records:
        assert record_id(body) in sourced or (isinstance(body, Stance) and body.statement_id in sourced), body
    for _, body in record.records:
        if record_id(body) in sourced:
            assert body.source.url.startswith(("https://", "http://"))
            assert body.source.title
            assert body.source.publisher
            assert body.source.confidence in ("seen", "general knowledge")


def test_every_source_is_used_and_listed_in_the_docs(record: RecordFacts) -> None:
    used = {body.source.url for _, body in record.records if hasattr(body, "source")}
    listed = DOCS.read_text(encoding="utf-8")
    for source in yaml.safe_load((FILES / "sources.yaml").read_text(encoding="utf-8")).values():
        assert source["url"] in used
        assert source["url"] in listed


def test_every_sentence_of_the_founding_text_leads_to_records_a_command_and_a_screen(
    record: RecordFacts,
) -> None:
    known = {record_id(body): body for _, body in record.records}
    assert [sentence.number for sentence in record.founding] == list(range(1, 14))
    for sentence in record.founding:
        assert sentence.carried_by
        assert set(sentence.carried_by) <= set(known)
        assert sentence.command.startswith("truceline ")
        assert sentence.screen
        sources = [getattr(known[name], "source", None) for name in sentence.carried_by]
        assert any(source and source.url == sentence.source.url for source in sources), sentence


def test_identifiers_are_unique(record: RecordFacts) -> None:
    assert max(Counter(record_id(body) for _, body in record.records).values()) == 1


def test_nothing_is_observed_found_simulated_or_scored(record: RecordFacts) -> None:
    assert {type(body) for _, body in record.records} == {
        Statement,
        Signal,
        Appeal,
        Proposal,
        Stance,
        PlanStep,
    }
    for _, body in record.records:
        text = words(body)
        assert "EXERCISE" not in text
        assert not re.search(r"probab|likel|\d\s?%|per cent|\bp ?=|0\.\d", text, flags=re.IGNORECASE), text


def test_every_person_appears_with_an_office_and_only_as_a_speaker(record: RecordFacts) -> None:
    people = [name for name, _, _ in speakers().values() if name]
    offices = {office for _, office, _ in speakers().values()}
    assert people
    for _, body in record.records:
        if isinstance(body, Statement):
            name, _, office = (
                body.speaker.rpartition(", ")
                if body.speaker.partition(", ")[0] in people
                else ("", "", body.speaker)
            )
            assert office in offices
            assert not name or name in people
        rest = (
            words(body)
            .replace(getattr(body, "speaker", "\0"), "")
            .replace(getattr(body, "reported_by", "\0"), "")
        )
        for person in people:
            assert person.split()[-1] not in rest, (person, rest)


def test_times_parse_and_a_clock_time_has_an_offset(record: RecordFacts) -> None:
    for at, body in record.records:
        assert record.start_ms <= at <= record.end_ms
        for field in TIMES:
            value = getattr(body, field, "")
            if not value:
                continue
            if "T" in value:
                assert datetime.fromisoformat(value).tzinfo is not None
            else:
                date.fromisoformat(value)
        if isinstance(body, Statement):
            assert datetime.fromisoformat(body.said_from) <= datetime.fromisoformat(body.said_to)
        if isinstance(body, Signal):
            assert datetime.fromisoformat(body.held_from) <= datetime.fromisoformat(body.held_to)


def test_nothing_reiterates_or_rejects_what_was_said_later(record: RecordFacts) -> None:
    at = {record_id(body): time for time, body in record.records}
    assert [time for time, _ in record.records] == sorted(time for time, _ in record.records)
    for time, body in record.records:
        for earlier in (*getattr(body, "reiterates", ()), *getattr(body, "rejects", ())):
            assert at[earlier] <= time


def test_both_parties_are_treated_alike(record: RecordFacts) -> None:
    ids = {party.id for party in record.parties}
    assert ids == {"am", "az"}
    assert [alignment.members for alignment in record.alignments] == [("am",), ("az",)]
    for act in ("accuses", "denies", "states", "accepts"):
        assert {s.on_behalf_of for s in of(record, Statement) if s.act == act} >= ids, act
    accusing = Counter(s.on_behalf_of for s in of(record, Statement) if s.act == "accuses")
    assert accusing["am"] == accusing["az"]
    for appeal in of(record, Appeal):
        assert set(appeal.to) == ids
    for proposal in {stance.proposal for stance in of(record, Stance)}:
        assert {stance.party for stance in of(record, Stance) if stance.proposal == proposal} >= ids
    reached = Counter((signal.to_actor, signal.from_actor) for signal in of(record, Signal))
    assert {a for pair in reached for a in pair} >= ids
    assert {p.names.keys() >= {"hy", "az", "en", "ru"} for p in record.parties} == {True}


def test_whoever_speaks_signals_or_is_accused_is_a_party_or_an_actor(record: RecordFacts) -> None:
    known = {party.id for party in record.parties} | {actor.id for actor in record.actors}
    for statement in of(record, Statement):
        assert statement.on_behalf_of in known
        assert statement.accused in known | {""}
    for signal in of(record, Signal):
        assert {signal.from_actor, signal.to_actor, *signal.readouts} <= known
    for appeal in of(record, Appeal):
        assert {*appeal.by, *appeal.to} <= known
    for stance in of(record, Stance):
        assert stance.party in known


def test_a_signal_that_is_said_to_be_the_same_is_mirrored_both_ways(record: RecordFacts) -> None:
    signals = {signal.signal_id: signal for signal in of(record, Signal)}
    mirrored = [signal for signal in signals.values() if signal.mirrors]
    assert len(mirrored) == 6
    for signal in mirrored:
        other = signals[signal.mirrors]
        assert other.mirrors == signal.signal_id
        parties = {signal.from_actor, signal.to_actor, other.from_actor, other.to_actor} & {"am", "az"}
        assert parties == {"am", "az"}


def test_the_phased_plan_stands_as_not_agreed(record: RecordFacts) -> None:
    steps = {step.step_id: step for step in of(record, PlanStep)}
    recalled = [step for step in steps.values() if step.step_id.startswith("plan-")]
    assert {step.state for step in recalled} == {"not_agreed"}
    assert set(steps["plan-districts"].while_holds) == {"plan-guarantees", "plan-link"}
    assert steps["plan-status"].preconditions == ("plan-districts",)
    assert steps["nov-kalbajar"].deadline == "2020-11-25"
    assert steps["nov-kalbajar"].state == "amended"


def test_each_text_names_its_moment_with_an_offset_and_has_articles(record: RecordFacts) -> None:
    moments = {text.text_id: text.in_force_from for text in record.texts}
    assert moments == {
        "moscow-2020-10-10": "2020-10-10T12:00:00+04:00",
        "truce-2020-10-18": "2020-10-18T00:00:00+04:00",
        "truce-2020-10-26": "2020-10-26T08:00:00+04:00",
        "trilateral-2020-11-10": "2020-11-10T00:00:00+03:00",
    }
    articles = {statement.article for statement in of(record, Statement)}
    for text in record.texts:
        assert f"{text.text_id}/1" in articles


def test_places_carry_both_toponyms_a_neutral_id_and_a_source_and_nothing_is_drawn(
    record: RecordFacts,
) -> None:
    features = record.geometry["features"]
    assert {feature["properties"]["role"] for feature in features} == {"place"}
    assert {feature["geometry"]["type"] for feature in features} == {"Point"}
    assert Sectors.from_geojson(record.geometry).ids == ()
    lons = []
    for number, feature in enumerate(features, 1):
        assert feature["properties"]["id"] == f"place-{number:02d}"
        assert {"az", "hy"} <= set(feature["properties"]["names"])
        assert feature["properties"]["source"]["url"].startswith("https://")
        lons.append(feature["geometry"]["coordinates"][0])
    assert lons == sorted(lons)
    assert (
        len(Frame.at([feature["geometry"]["coordinates"] for feature in features]).to_xy([[46.0, 40.0]])) == 1
    )


def test_towns_lie_where_natural_earth_puts_them(record: RecordFacts) -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / "geometry" / "ne_10m_admin_0_disputed_areas.json"
    if not path.exists():
        pytest.skip("the shared geometry lies beside the checkout only where the data were fetched")
    from shapely.geometry import Point, shape

    features = msgspec.json.decode(path.read_bytes())["features"]
    area = next(shape(f["geometry"]) for f in features if f["properties"]["BRK_NAME"] == "Nagorno-Karabakh")
    inside = {
        feature["properties"]["names"]["az"]: area.contains(Point(feature["geometry"]["coordinates"]))
        for feature in record.geometry["features"]
    }
    assert all(inside[name] for name in ("Xankəndi", "Şuşa", "Hadrut", "Füzuli", "Laçın", "Kəlbəcər"))
    assert not inside["Gəncə"]


def test_every_body_survives_encoding(record: RecordFacts) -> None:
    for _, body in record.records:
        assert decode(word_of(body), encode(body)) == body


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("statements", {"source": "nowhere"}),
        ("statements", {"speaker": "nobody"}),
        ("statements", {"rejects": ["st-nothing"]}),
        ("statements", {"unknown_field": 1}),
        ("founding", {"records": ["st-nothing"]}),
    ],
)
def test_a_fact_that_leads_nowhere_is_refused(
    name: str, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = record_facts._read

    def broken(asked: str) -> Any:
        rows = plain(asked)
        if asked == name:
            rows[0] |= change
        return rows

    monkeypatch.setattr(record_facts, "_read", broken)
    with pytest.raises(RecordError) as caught:
        facts.__wrapped__()
    assert caught.value.code == "REC-020"


def test_the_record_draws_no_line_so_none_can_be_read() -> None:
    with pytest.raises(Exception, match="GEO-004"):
        Line.from_geojson(facts().geometry["features"][0])
