"""What the rooms for people show and to whom: coverage, roster, plan, notices, commission."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from fastapi.testclient import TestClient

from truceline.mission import planning
from truceline.mission.desk import Desk
from truceline.records.kinds import Decision, Meeting, Notice
from truceline.store import reading

LogIn = Callable[[str], TestClient]
Csrf = Callable[[TestClient], str]


def test_present_gaps_and_sources_are_for_the_mission_only(log_in: LogIn, desk: Desk) -> None:
    """R19 and rule 3: coverage leaves the mission in arrears, by sector and week."""
    told = reading.document(desk.database, "coverage")
    assert told["sealed"]["silence"]
    for role in ("public", "liaison", "mediator", "observer"):
        client = log_in(role)
        assert "silence is worth" not in client.get("/coverage").text
        assert "EXERCISE-camera" not in client.get("/observers").text
    inside = log_in("officer")
    assert "silence is worth" in inside.get("/coverage").text
    assert "EXERCISE-camera" in inside.get("/observers").text
    bytes_ = {log_in(role).get("/coverage").text.count("cell") for role in ("public", "liaison", "mediator")}
    assert len(bytes_) == 1


def test_quiet_silent_and_unwatched_never_look_alike(log_in: LogIn) -> None:
    """R10."""
    text = log_in("officer").get("/coverage").text
    assert text.count('class="cell unwatched"') >= 1
    assert text.count('class="cell watched"') + text.count('class="cell partly"') >= 2


def test_the_plan_shows_computed_states(log_in: LogIn, desk: Desk) -> None:
    text = log_in("public").get("/plan").text
    rows = planning.rows_of(planning.planned(desk.mission), desk.mission.clock_ms())
    assert rows
    for row in rows:
        assert f'state-{row["state"]}"' in text


def test_a_notice_is_acknowledged_answered_in_confidence_and_shown_by_layer(
    log_in: LogIn, csrf: Csrf, desk: Desk
) -> None:
    officer, own, other = log_in("officer"), log_in("liaison"), log_in("other liaison")
    assert officer.post("/notices", data={"content": "fire in sector 3", "hours": "6", "csrf": csrf(officer)}).status_code == 303  # fmt: skip
    name = desk.mission.of(Notice)[-1][1].notice_id
    assert own.post("/notices/receipt", data={"notice_id": name, "csrf": csrf(own)}).status_code == 303
    form = {"notice_id": name, "position": "contests", "text": "only you may know", "confidential": "true", "csrf": csrf(own)}  # fmt: skip
    assert own.post("/notices/reply", data=form).status_code == 303
    assert "only you may know" in own.get("/notices").text
    assert "only you may know" in officer.get("/notices").text
    for reader in (other, log_in("mediator"), log_in("commissioner")):
        text = reader.get("/notices").text
        assert "only you may know" not in text
        assert "same digest" in text


def test_a_private_call_is_read_by_mediators_only(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    """Rule 10."""
    mediator = log_in("mediator")
    call = {
        "from_actor": "mediator-1", "to_actor": "party-1", "channel": "phone", "held_from": "2031-04-10T10:00Z",
        "reported_by": "mediator-1", "content": "said in private", "csrf": csrf(mediator),
    }  # fmt: skip
    assert mediator.post("/signals/private", data=call).status_code == 303
    assert "said in private" in mediator.get("/signals").text
    for role in ("public", "officer", "auditor", "admin", "liaison", "commissioner"):
        assert "said in private" not in log_in(role).get("/signals").text
    tiles = b"".join(p.read_bytes() for p in (desk.mission.root / "log").rglob("*") if p.is_file())
    assert b"said in private" not in tiles


def test_a_sitting_ends_in_a_decision_signed_by_members(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    from truceline.mission.staff import add_account

    for party in ("party-1", "party-2", "party-3"):
        add_account(desk, name=f"member {party}", role="commissioner", password="four words make one", signs_as=party)  # fmt: skip
    chair = log_in("commissioner")
    secret = csrf(chair)
    about = reading.queue(desk.database, states=("alleged",))[0]["finding_id"]
    there = {f"present-party-{n}": "1" for n in (1, 2, 3)}
    form = {"held": "2031-04-20T10:00Z", "agenda": about, "quorum": "3", "csrf": secret} | there
    assert chair.post("/commission", data=form).status_code == 303
    meeting = desk.mission.of(Meeting)[-1][1].meeting_id
    pack = chair.get(f"/commission/{meeting}").text
    assert about in pack
    assert "lon_udeg" not in pack
    votes = {"vote-party-1": "against", "vote-party-2": "for", "vote-party-3": "for", "dissent-party-1": "not shown"}  # fmt: skip
    form = {
        "meeting_id": meeting,
        "about": about,
        "outcome": "upheld",
        "agreed": "fire",
        "csrf": secret,
    } | votes
    member = log_in("member party-1")
    assert member.post("/commission/draft", data=form | {"csrf": csrf(member)}).status_code == 403
    assert chair.post("/commission/draft", data=form).status_code == 303
    assert "Yet to sign: party-1, party-2, party-3" in member.get("/commission").text
    assert "Yet to sign" not in log_in("public").get("/commission").text
    for party in ("party-1", "party-2", "party-3"):
        client = log_in(f"member {party}")
        found = client.get("/commission").text.split('name="decision_id" value="')[1].split('"')[0]
        assert client.post("/commission/sign", data={"decision_id": found, "csrf": csrf(client)}).status_code == 303  # fmt: skip
    assert desk.mission.of(Decision)[-1][1].dissent == {"party-1": "EXERCISE: not shown"}
    assert "Dissent of party-1" in log_in("public").get("/commission").text


def test_a_batch_stands_when_a_second_officer_signs_the_same(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    """R24, in bulk."""
    names = [row["finding_id"] for row in reading.queue(desk.database, states=("alleged",), limit=12)]
    first, second = log_in("officer"), log_in("second officer")
    size = desk.mission.log.size
    form = {"finding_id": [*names, "none"], "word": "refuted", "reason": "blasting in a quarry"}
    assert first.post("/findings/review-batch", data=form | {"csrf": csrf(first)}).status_code == 422
    assert desk.mission.log.size == size  # all of it or nothing
    form["finding_id"] = names
    for client, state in ((first, "in_review"), (second, "refuted")):
        assert client.post("/findings/review-batch", data=form | {"csrf": csrf(client)}).status_code == 303
        found = [reading.finding(desk.database, name) for name in names]
        assert {one["state"] for one in found if one} == {state}
    assert desk.mission.log.size == size + 2 * len(names)


def test_who_has_a_finding_in_hand_shows_until_it_is_reviewed(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    name = reading.queue(desk.database, states=("alleged",))[0]["finding_id"]
    officer, size = log_in("officer"), desk.mission.log.size
    assert officer.post("/findings/take", data={"finding_id": name, "csrf": csrf(officer)}).status_code == 303
    assert desk.mission.log.size == size
    link = f"/incidents/{name.rpartition('/')[0]}"
    assert "<strong>officer</strong> has it in hand" in log_in("second officer").get(link).text
    form = {"finding_id": name, "word": "verified", "reason": "seen", "csrf": csrf(officer)}
    officer.post("/findings/review", data=form)
    assert "has it in hand" not in officer.get(link).text


def test_the_draft_of_a_finding_is_coarse_and_a_precise_reason_is_refused(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:  # fmt: skip
    row = reading.queue(desk.database, states=("alleged",))[0]
    officer = log_in("officer")
    text = officer.get(f"/incidents/{row['incident_id']}").text
    draft = text.split('rows="4">')[1].split("</textarea>")[0]
    assert f"article {row['article']}" in draft
    assert "alleged breach" in draft
    form = {"finding_id": row["finding_id"], "word": "verified", "csrf": csrf(officer)}
    assert officer.post("/findings/review", data=form | {"reason": "at 39.83412, 46.75211"}).status_code == 422  # fmt: skip
    assert officer.post("/findings/review", data=form | {"reason": draft}).status_code == 303


def test_an_officer_splits_an_incident_and_fusion_obeys(log_in: LogIn, csrf: Csrf, desk: Desk) -> None:
    from truceline.mission import computing
    from truceline.records.kinds import Grouping

    row = next(one for one in reading.incident_page(desk.database, reading.Wanted(limit=500)) if len(one["members"]) > 2)  # fmt: skip
    apart = row["members"][-1]
    officer = log_in("officer")
    form = {"incident_id": row["incident_id"], "apart": [apart], "reason": "two bangs", "csrf": csrf(officer)}
    assert officer.post("/incidents/split", data=form).status_code == 303
    assert desk.mission.of(Grouping)[-1][1].act == "split"
    computing.fuse(desk.mission)
    computing.assess(desk.mission)
    assert desk.refresh()
    again = reading.incident(desk.database, row["incident_id"])
    assert again is None or apart not in again["members"]


@pytest.mark.parametrize("code", ["ru", "hy", "az"])
def test_pages_speak_the_chosen_language_and_say_who_has_checked_it(
    log_in: LogIn, desk: Desk, code: str
) -> None:
    """R25."""
    from truceline.web.languages import LANGUAGES

    client, chosen = log_in("public"), LANGUAGES[code]
    answer = client.get(f"/language/{code}?back=/coverage")
    assert (answer.status_code, answer.headers["location"]) == (303, "/coverage")
    for path, word in (
        ("/coverage", "Coverage"),
        ("/commission", "Sittings"),
        ("/plan", "Deadline"),
        ("/signals", "Channel"),
    ):
        text = client.get(path).text
        assert f'<html lang="{code}">' in text
        assert chosen.words[word] in text
        assert chosen.note in text
        assert "EXERCISE" in text
        assert not re.search(rf">\s*{word}\s*<", text)
    assert 'lang="en"' in log_in("public").get("/coverage").text
    asked = log_in("public").get("/coverage", headers={"accept-language": f"fr, {code};q=0.8"})
    assert f'<html lang="{code}">' in asked.text


def test_a_language_leads_nowhere_else(log_in: LogIn) -> None:
    client = log_in("public")
    for back in ("https://elsewhere.example", "//elsewhere.example", "/\\\\elsewhere.example"):
        assert client.get("/language/ru", params={"back": back}).headers["location"] == "/"
    assert client.get("/language/xx").status_code == 404


def test_catalogues_hold_the_same_words_and_every_one_is_used() -> None:
    """A word that no page has any more is dropped; one that a language lacks is asked for."""
    from truceline.web.answers import FOLDER, TITLES
    from truceline.web.languages import KNOWN, LANGUAGES

    told = "".join(path.read_text(encoding="utf-8") for path in (FOLDER / "templates").glob("*.html"))
    told = re.sub(r"\s+", " ", told)
    for code in ("ru", "hy", "az"):
        assert set(LANGUAGES[code].words) == KNOWN
        assert all(LANGUAGES[code].words.values())
    assert not [word for word in KNOWN if word not in told and word not in TITLES.values()]
    assert set(TITLES.values()) <= KNOWN
