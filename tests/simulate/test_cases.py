"""What people do about actual findings, and the stories as fusion and the agreement see them."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from truceline import agreement, coverage, fusion
from truceline.geo import Line, Sectors
from truceline.records.canonical import canonical
from truceline.records.columns import FINDINGS, INCIDENTS
from truceline.records.kinds import Correction, Decision, Notice, Reply, Review, encode
from truceline.simulate import Exercise, cases
from truceline.simulate import stories as told
from truceline.simulate.rename import exchange

Judged = tuple[Exercise, pa.Table, pa.Table]


@pytest.fixture(scope="module")
def judged(exercise: Exercise) -> Judged:
    """What the mission itself saw and the stories, fused and assessed with the parameters that ship."""
    table = exercise.observations
    said = {obs for story in exercise.stories for obs in story.obs_ids}
    mission = pc.is_in(
        table["source_kind"], value_set=pa.array(["post", "patrol", "camera", "acoustic_array"])
    )
    kept = pc.or_(mission, pc.is_in(table["obs_id"], value_set=pa.array(sorted(said))))
    rows = table.filter(kept)
    line = Line.from_geojson(
        next(f for f in exercise.geometry["features"] if f["properties"]["role"] == "line")
    )
    sectors = Sectors.from_geojson(exercise.geometry)
    exposed = coverage.exposure(
        exercise.watches,
        sectors=sectors,
        line=line,
        from_ms=exercise.start_ms,
        to_ms=exercise.end_ms,
        zone=exercise.zone,
    )
    incidents = fusion.fuse(
        rows, origin=np.arange(rows.num_rows), parameters=fusion.DEFAULTS, line=line, sectors=sectors,
        alignments=exercise.alignments, exposure=exposed,
    ).incidents  # fmt: skip
    findings = agreement.assess(
        incidents, rows, agreement.load("exercise-accord"), as_of_ms=exercise.end_ms, line=line, sectors=sectors,
        alignments=exercise.alignments,
    )  # fmt: skip
    return exercise, incidents, findings


def of_story(judged: Judged, title: str) -> list[dict[str, Any]]:
    exercise, incidents, _ = judged
    said = set(next(s for s in exercise.stories if s.title == title).obs_ids)
    return [row for row in incidents.to_pylist() if said & set(row["members"])]


def verdicts(judged: Judged, incident: dict[str, Any]) -> dict[str, str]:
    rows = judged[2].filter(pc.equal(judged[2]["incident_id"], incident["incident_id"])).to_pylist()
    return {row["article"]: row["verdict"] for row in rows}


def test_two_accusations_leave_the_side_undetermined(judged: Judged) -> None:
    (incident,) = of_story(judged, told.ACCUSED)
    assert incident["side"] == "undetermined"
    assert {(a["actor"], a["accused"]) for a in incident["accused_by"]} == {
        (a["accused"], a["actor"]) for a in incident["accused_by"]
    }


def test_a_statement_told_ten_times_stays_reported(judged: Judged) -> None:
    assert {row["word"] for row in of_story(judged, told.OUTLETS)} == {"reported"}


def test_a_fire_does_not_corroborate_a_claim(judged: Judged) -> None:
    for incident in of_story(judged, told.STUBBLE):
        assert incident["word"] != "corroborated"
        assert "breach" not in verdicts(judged, incident).values()


def test_the_gun_breaches_text_1_and_not_text_2(judged: Judged) -> None:
    (incident,) = of_story(judged, told.GUN)
    found = verdicts(judged, incident)
    assert (found["3/text-1"], found["3/text-2"]) == ("breach", "no_breach")


def test_the_quarry_is_held_for_a_breach(judged: Judged) -> None:
    (incident,) = of_story(judged, told.WRONG)
    assert incident["word"] == "corroborated"
    assert verdicts(judged, incident)["2"] == "breach"


def test_people_answer_differ_and_correct(judged: Judged) -> None:
    exercise, incidents, findings = judged
    acts = cases(exercise, incidents, findings)
    known = set(findings["finding_id"].to_pylist())
    kinds = Counter(type(body) for _, _, body in acts)
    assert [at for at, _, _ in acts] == sorted(at for at, _, _ in acts)
    assert all(at < exercise.end_ms for at, _, _ in acts)
    assert kinds[Notice] >= 12
    assert kinds[Correction] == 1
    notices = {body.notice_id: body for _, _, body in acts if isinstance(body, Notice)}
    replies = [(role, body) for _, role, body in acts if isinstance(body, Reply)]
    parties = {p.id for p in exercise.parties}
    for notice in notices.values():
        assert set(notice.to) == parties
        assert set(notice.about) <= known
        assert notice.content.startswith("EXERCISE")
    assert len({tuple(n.to) for n in notices.values()}) == len(parties)  # the order of parties rotates
    assert all(role == body.party for role, body in replies)
    assert {body.position for _, body in replies} >= {"contests", "accepts", "partly"}
    assert any(body.replied > notices[body.to].answer_by for _, body in replies)
    assert {body.to for _, body in replies} < set(notices)  # some were never answered
    reviews = [(role, body) for _, role, body in acts if isinstance(body, Review)]
    assert all(role == body.reviewer_role and body.finding_id in known for role, body in reviews)
    pairs = Counter((body.finding_id, body.word) for _, body in reviews)
    assert any(word == "verified" and n == 2 for (_, word), n in pairs.items())
    assert any(word == "needs_more" for _, word in pairs)
    decisions = [body for _, _, body in acts if isinstance(body, Decision)]
    assert any(body.dissent for body in decisions)
    assert all(set(body.votes) == parties and set(body.dissent) <= parties for body in decisions)
    for _, _, body in acts:
        canonical(encode(body))


def test_the_correction_names_the_finding_that_two_officers_refuted(judged: Judged) -> None:
    exercise, incidents, findings = judged
    acts = cases(exercise, incidents, findings)
    correction = next(body for _, _, body in acts if isinstance(body, Correction))
    (incident,) = of_story(judged, told.WRONG)
    assert correction.of.startswith(incident["incident_id"])
    refuted = [b for _, _, b in acts if isinstance(b, Review) and b.word == "refuted"]
    assert {b.finding_id for b in refuted} == {correction.of}
    assert len({b.reviewer_role for b in refuted}) == 2
    contested = [b for _, _, b in acts if isinstance(b, Reply) and b.counter_observations]
    assert [b.position for b in contested] == ["contests"]


def test_notices_tell_no_place_and_no_source(judged: Judged) -> None:
    sources = set(judged[0].observations["source_id"].to_pylist())
    for _, _, body in cases(*judged):
        if isinstance(body, Notice):
            assert not re.search(r"\d+([.,]\d+)? ?(km|m|degrees)\b", body.content)
            assert not any(source in body.content for source in sources)


def test_cases_follow_the_names_of_parties(judged: Judged) -> None:
    """The same findings under other names give the same acts under other names."""
    exercise, incidents, findings = judged
    names = exchange(exercise.world)
    about = [names.get(word, word) for word in findings["about"].to_pylist()]
    index = findings.column_names.index("about")
    renamed = findings.set_column(index, findings.field("about"), pa.array(about, type=pa.string()))
    one = cases(exercise, incidents, findings)
    two = cases(exercise.relabelled(names), incidents, renamed)
    assert [(at, names.get(role, role)) for at, role, _ in one] == [(at, role) for at, role, _ in two]


def test_nothing_found_is_nothing_done(exercise: Exercise) -> None:
    assert cases(exercise, INCIDENTS.empty_table(), FINDINGS.empty_table()) == ()
