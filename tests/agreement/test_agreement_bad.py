"""Bad agreements, each named for its fault: refused when read, or found by the linter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from truceline import agreement
from truceline.agreement.folder import FORMAT
from truceline.errors import AgreementError
from truceline.records.canonical import canonical

DOCS = (Path(__file__).parents[2] / "docs" / "reference" / "errors" / "agreement.md").read_text()
HEAD = """
format: truceline-agreement/1
id: bad
version: "1"
title: EXERCISE
exercise: true
sources: [{title: EXERCISE, confidence: fictional}]
parties: [{id: party-1, name: EXERCISE 1}, {id: party-2, name: EXERCISE 2}]
alignments: [{id: north, members: [party-1]}, {id: south, members: [party-2]}]
lines: [{id: line, title: EXERCISE line, drawn_by: mission}]
areas: [{id: district, title: EXERCISE district}]
%s
articles:
  - {number: "1", shape: entry_into_force, title: Start, restatement: Start., from: {local: "2031-03-03T00:00", zone: Etc/UTC}}
"""
GUN = "weapons: [artillery], from_line: line"


def made(
    *articles: str, head: str = "", geometry: list[dict[str, object]] | None = None
) -> agreement.Agreement:
    files = {
        "agreement.yaml": HEAD % head
        + "".join(
            f"  - {{{one}, restatement: {words}}}\n" for one, words in (_split(one) for one in articles)
        )
    }
    if geometry is not None:
        files["geometry/drawn.geojson"] = json.dumps({"type": "FeatureCollection", "features": geometry})
    return agreement.unpack(canonical({"format": FORMAT, "files": files}))


def _split(article: str) -> tuple[str, str]:
    one, _, words = article.partition(" | ")
    return one, f'"{words or "EXERCISE."}"'


def withdrawal(number: str, *steps: str, more: str = "", words: str = "") -> str:
    listed = ", ".join(f"{{name: step {index}, {step}}}" for index, step in enumerate(steps))
    return f'number: "{number}", shape: withdrawal, title: Withdrawal, steps: [{listed}]{more} | {words}'


def feature(name: str, role: str, kind: str, coordinates: object, **more: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"id": name, "role": role, **more},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


BOX = [[[-30.5, 0.1], [-30.0, 0.1], [-30.0, 0.3], [-30.5, 0.3], [-30.5, 0.1]]]
LINE = feature("line", "case-line", "LineString", [[-31, 0], [-29, 0]], left="north", right="south")
FIRE = "shape: prohibition, title: Fire, acts: [shelling]"
CONDITION = 'number: "9", shape: condition, title: Quiet, holds: '

TRANSFER = 'number: "%s", shape: transfer, title: District, area: district, giver: north, receiver: %s, by: {local: "2031-11-%sT00:00", zone: Etc/UTC}'
CEILING = 'number: "%s", shape: ceiling, title: Tanks, limits: [{name: tanks, at_most: %d, weapons: [tank]}], where: {line: line, within_m: %s}'
FLOW = 'number: "%s", shape: flow_limit, title: Flow, what: people, at_most: %d, per: month, zone: Etc/UTC'
AGREE = {
    "deadlines of two parties": [
        'number: "2", shape: task, title: T, what: w, within: 3 d, binds: [north]', 'number: "3", shape: task, title: T, what: w, within: 5 d, binds: [south]',
    ],
    "an amendment": [TRANSFER % ("2", "south", "15"), 'made: {local: "2031-11-01T00:00", zone: Etc/UTC}, ' + TRANSFER % ("2", "south", "25")],
    "bands side by side": [CEILING % ("2", 75, "10000"), (CEILING % ("3", 36, "20000")).replace("within_m", "beyond_m: 10000, within_m")],
    "fewer allowed inside than in the whole": [CEILING % ("2", 60, "5000"), CEILING % ("3", 70, "10000")],
    "one after the other": [
        FLOW % ("2", 5) + ', until: {local: "2031-05-01T00:00", zone: Etc/UTC}', FLOW % ("3", 9) + ', from: {local: "2031-05-01T00:00", zone: Etc/UTC}',
    ],
    "a graver nucleus": [
        f'number: "2", {FIRE}, severity: grave, where: {{line: line, within_m: 5000}}', f'number: "3", {FIRE}, where: {{line: line, within_m: 9000}}',
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", AGREE)
def test_articles_that_can_both_be_kept_are_no_contradiction(name: str) -> None:
    codes = {one.code for one in agreement.check(made(*AGREE[name]))}
    assert not codes & {"AGR-078", "AGR-079", "AGR-080"}


DEFECTS = {
    "stages that do not add up": ("AGR-040", lambda: made(withdrawal("2", f"{GUN}, distance_m: 15000, takes: 15 d", "weapons: [tank], from_line: line, distance_m: 15000, takes: 24 d", more=", total: 41 d"))),
    "two articles with different distances for one gun": ("AGR-041", lambda: made(withdrawal("2", f'{GUN}, calibre: ">= 100 mm", distance_m: 15000'), withdrawal("3", f'{GUN}, calibre: "<= 100 mm", distance_m: 25000'))),
    "an exception in one article that the other does not know": ("AGR-041", lambda: made(f'number: "2", {FIRE}, exceptions: ["4"]', f'number: "3", {FIRE}', 'number: "4", shape: exception, title: Exercise, claim: announced_exercise')),
    "one act forbidden twice": ("AGR-042", lambda: made(f'number: "2", {FIRE}', f'number: "3", {FIRE}')),
    "a zone that does not touch its line": ("AGR-043", lambda: made(f'number: "2", {FIRE}, where: {{zone: box}}', geometry=[LINE, feature("box", "zone", "Polygon", BOX, line="line")])),
    "a zone along a line that nobody drew": ("AGR-043", lambda: made(geometry=[feature("box", "zone", "Polygon", BOX, line="nowhere")])),
    "a width taken for a distance": ("AGR-044", lambda: made(withdrawal("2", f"{GUN}, distance_m: 50000", words="A zone 50 km wide for artillery."))),
    "a weapon left on the edge": ("AGR-045", lambda: made(withdrawal("2", f'{GUN}, calibre: "< 100 mm", distance_m: 15000', f'{GUN}, calibre: "> 100 mm", distance_m: 25000'))),
    "an act that nobody can see": ("AGR-046", lambda: made('number: "2", shape: overflight, title: Flights, where: {line: line, within_m: 1000}', head="roster: [shelling, explosion]")),
    "a condition that nobody can verify": ("AGR-046", lambda: made(CONDITION + "{quiet: {for: 7 d, acts: [overflight]}}", head="roster: [shelling, explosion]")),
    "a duty without a time": ("AGR-047", lambda: made('number: "2", shape: transfer, title: District, area: district, giver: north, receiver: south')),
    "two articles with different deadlines for one district": ("AGR-078", lambda: made(TRANSFER % ("2", "south", "15"), TRANSFER % ("3", "south", "20"))),
    "a district that goes to two": ("AGR-078", lambda: made(TRANSFER % ("2", "south", "15"), TRANSFER % ("3", "north", "15"))),
    "a time within and a date that differ": ("AGR-078", lambda: made('number: "2", shape: task, title: Orders, what: orders, within: 3 d', 'number: "3", shape: task, title: Orders, what: orders, by: {local: "2031-04-01T12:00", zone: Etc/UTC}')),
    "two notices of flights": ("AGR-078", lambda: made('number: "2", shape: notification, title: N, what: flight, before: 24 h', 'number: "3", shape: notification, title: N, what: [flight, works], before: 48 h')),
    "two clocks for an answer": ("AGR-078", lambda: made('number: "2", shape: report_and_answer, title: R, answer_within: 6 h', 'number: "3", shape: report_and_answer, title: R, answer_within: 12 h')),
    "two ceilings for tanks": ("AGR-079", lambda: made(CEILING % ("2", 75, "10000"), CEILING % ("3", 70, "10000"))),
    "more allowed inside than in the whole": ("AGR-079", lambda: made(CEILING % ("2", 75, "5000"), CEILING % ("3", 70, "10000"))),
    "two flows of people": ("AGR-079", lambda: made(FLOW % ("2", 35000), FLOW % ("3", 30000))),
    "two bands for one act": ("AGR-080", lambda: made(f'number: "2", {FIRE}, where: {{line: line, within_m: 5000}}', f'number: "3", {FIRE}, where: {{line: line, within_m: 9000}}')),
    "a deadline before the start": ("AGR-033", lambda: made('number: "2", shape: transfer, title: District, area: district, giver: north, receiver: south, by: {local: "2031-03-01T00:00", zone: Etc/UTC}')),
    "a duty that no case exercises": ("AGR-034", lambda: made('number: "2", shape: task, title: Orders, what: orders, within: 3 d')),
    "an hour without a zone": ("AGR-030", lambda: made('number: "2", shape: task, title: Orders, what: orders, by: {local: "2031-04-01T12:00"}')),
}  # fmt: skip

REFUSED = {
    "a duration without a unit": ("AGR-021", lambda: made(CONDITION + "{quiet: {for: seven days}}"), "articles"),
    "a condition in months": ("AGR-021", lambda: made(CONDITION + "{quiet: {for: 2 months}}"), "article 9"),
    "a text that is not held and does not say so": ("AGR-022", lambda: made(head='texts: [{id: a, title: A, language: en, authority: authentic, hash: null}]'), "text a"),
    "a text without a hash": ("AGR-007", lambda: made(head='texts: [{id: a, title: A, language: en, authority: authentic}]'), ""),
    "a condition with two operators": ("AGR-023", lambda: made(CONDITION + "{quiet: {for: 7 d}, once: {fact: done}}"), "article 9"),
    "a condition without operator": ("AGR-023", lambda: made(CONDITION + "{}"), "article 9"),
    "two versions of a zone at once": ("AGR-024", lambda: made(geometry=[feature("box", "zone", "Polygon", BOX, until="2031-05-01T00:00Z"), feature("box", "zone", "Polygon", BOX, **{"from": "2031-04-01T00:00Z"})]), "box"),
    "a zone whose time has no zone": ("AGR-024", lambda: made(geometry=[feature("box", "zone", "Polygon", BOX, until="2031-05-01T00:00")]), "box"),
    "a condition that is no condition": ("AGR-016", lambda: made(f'number: "2", {FIRE}, when: ["1"]'), "article 2"),
    "a district that is not declared": ("AGR-016", lambda: made('number: "2", shape: transfer, title: D, area: other, giver: north, receiver: south'), "article 2"),
    "a receiver who is nobody": ("AGR-016", lambda: made('number: "2", shape: transfer, title: D, area: district, giver: north, receiver: east'), "article 2"),
    "a deadline given twice": ("AGR-017", lambda: made('number: "2", shape: task, title: T, what: w, within: 3 d, by: {local: "2031-04-01T12:00", zone: Etc/UTC}'), "article 2"),
    "a procedure without steps": ("AGR-017", lambda: made('number: "2", shape: exception, title: E, claim: procedure'), "article 2"),
    "a corridor along no line": ("AGR-016", lambda: made('number: "2", shape: corridor, title: C, line: road, width_m: 5000'), "article 2"),
    "a stand-off from a point that is not drawn": ("AGR-016", lambda: made(f'number: "2", {FIRE}, where: {{point: camp, within_m: 3000}}'), "article 2"),
    "a stand-off without metres": ("AGR-018", lambda: made(f'number: "2", {FIRE}, where: {{point: camp}}', geometry=[feature("camp", "point", "Point", [-30, 0])]), "article 2"),
    "more than a million of a million": ("AGR-008", lambda: made('number: "2", shape: flow_limit, title: F, what: men, at_most: -1, per: month, zone: Asia/Seoul'), ""),
}  # fmt: skip


@pytest.mark.parametrize("fault", DEFECTS)
def test_linter_finds_the_fault_with_place_and_remedy(fault: str) -> None:
    code, broken = DEFECTS[fault]
    problems = [one for one in agreement.check(broken()) if one.code == code]
    assert problems, [str(one) for one in agreement.check(broken())]
    assert problems[0].remedy
    assert "agreement.yaml:" in problems[0].where or "geometry" in problems[0].where
    assert f"## {code}" in DOCS


@pytest.mark.parametrize("fault", REFUSED)
def test_reading_refuses_the_fault_and_says_where(fault: str) -> None:
    code, broken, where = REFUSED[fault]
    with pytest.raises(AgreementError) as caught:
        broken()
    assert caught.value.code == code, str(caught.value)
    assert where in caught.value.where


def test_stages_of_the_addendum_do_not_add_up_to_41_days() -> None:
    found = [one for one in agreement.check(agreement.load("minsk-2015-addendum")) if one.code == "AGR-040"]
    assert [one.value for one in found] == ["15 + 24 = 39 days, and the text says 41"]
    assert "article 2" in found[0].where
    assert "agreement.yaml:" in found[0].where


def test_stages_that_add_up_are_fine() -> None:
    fine = made(
        withdrawal(
            "2",
            f"{GUN}, distance_m: 15000, takes: 15 d",
            "weapons: [tank], from_line: line, distance_m: 15000, takes: 26 d",
            more=", total: 41 d",
        )
    )
    assert "AGR-040" not in {one.code for one in agreement.check(fine)}
