"""Proposals foretold: the same incidents for all, one source's chance its own, no side favoured, nothing of a mission read."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from truceline import mechanism
from truceline.cli.main import main
from truceline.errors import MechanismError
from truceline.mechanism.compare import cost_of
from truceline.mechanism.foretell import Watching, attributed, happen, nights, verified
from truceline.mechanism.ground import Terrain
from truceline.mission.foretelling import mechanism_scores

ROOT = Path(__file__).parents[2]


def node(**said: Any) -> dict[str, Any]:
    """A small proposal on a straight line of about 44 km."""
    return {
        "format": mechanism.FORMAT, "name": "EXERCISE small", "exercise": True, "starts": "2031-03-03", "days": 3,
        "utc_offset_hours": 4,
        "ground": {"left": "north", "right": "south", "coordinates": [[62.0, 0.8], [62.2, 0.8], [62.4, 0.8]]},
        "expect": {"incidents_per_day": 70, "hot_spots": [{"at_km": 12}, {"at_km": 30}]},
        "posts": [
            {"id": "p1", "at_km": 12, "side": "north", "nights_per_week": 7}, {"id": "p2", "at_km": 30, "side": "south"},
            {"id": "p3", "at_km": 14, "side": "south"},
        ],
        "teams": [{"id": "t1", "from_km": 0, "to_km": 44, "side": "north"}],
    } | said  # fmt: skip


def compared(*nodes: dict[str, Any], **how: Any) -> mechanism.Comparison:
    return mechanism.compare(
        [mechanism.parse(one, "test") for one in nodes], **({"replications": 20, "more": False} | how)
    )


def seen(one: dict[str, Any], number: int = 0) -> tuple[Any, Any, Watching]:
    proposal = mechanism.parse(one, "test")
    land = Terrain.of(proposal)
    happened = happen(proposal, land, nights(proposal, land), 1, number)
    watching = Watching(proposal, land, 1)
    return happened, watching.see(happened, number), watching


def numbers(made: mechanism.Comparison, index: int = 0) -> dict[str, Any]:
    return {key: found.mean for key, found in made.foretold[index].measures.items()}


def test_every_template_is_a_proposal_and_any_two_compare() -> None:
    read = {
        name: mechanism.parse(yaml.safe_load(mechanism.template(name)), name)
        for name in mechanism.templates()
    }
    assert len(read) >= 4
    for a, b in itertools.pairwise(read.values()):
        assert a.ground == b.ground
        assert a.expect == b.expect
        assert a.exercise
    assert len({one.name for one in read.values()}) == len(read)
    with pytest.raises(MechanismError) as problem:
        mechanism.template("no-such")
    assert problem.value.code == "MEC-006"


def test_the_schema_in_the_documents_is_the_program_s() -> None:
    page = ROOT / "docs/reference/mechanism.schema.json"
    assert json.loads(page.read_text()) == json.loads(json.dumps(mechanism.schema()))


def test_every_field_of_the_form_is_documented() -> None:
    page = (ROOT / "docs/reference/mechanism-format.md").read_text()
    shape = mechanism.schema()
    for part in [shape, *shape["$defs"].values()]:
        for name in part.get("properties", {}):
            assert f"`{name}`" in page, name


def test_the_same_seed_gives_the_same_and_others_do_not() -> None:
    assert numbers(compared(node())) == numbers(compared(node()))
    assert numbers(compared(node())) != numbers(compared(node(), seed=2))


def test_a_proposal_comes_out_the_same_beside_any_other_and_in_any_order_of_its_posts() -> None:
    other = node(name="EXERCISE other", posts=[])
    alone, beside = compared(node()), compared(other, node())
    assert numbers(alone) == numbers(beside, 1)
    assert numbers(compared(node(posts=node()["posts"][::-1]))) == numbers(alone)


def test_renaming_the_sides_renames_them_and_changes_nothing_else() -> None:
    renamed = json.loads(
        json.dumps(node()).replace('"north"', '"x"').replace('"south"', '"north"').replace('"x"', '"south"')
    )
    first, second = compared(node(), more=True), compared(renamed, more=True)
    assert numbers(first) == numbers(second)
    assert second.land.sides == first.land.sides[::-1]
    names = {"north": "south", "south": "north"}
    assert [one | {"side": names[one["side"]]} for one in first.foretold[0].more] == second.foretold[0].more


def test_a_mirrored_mechanism_has_the_opposite_asymmetry() -> None:
    one_sided = node(
        posts=[{"id": f"p{k}", "at_km": k, "side": "north", "offset_m": 3_000} for k in (8, 12, 16, 30)],
        teams=[],
    )
    mirrored = json.loads(json.dumps(one_sided))
    for post in mirrored["posts"]:
        post["side"] = "south"
    here, there = (
        compared(one, replications=60).foretold[0].measures["asymmetry"].mean for one in (one_sided, mirrored)
    )
    assert here is not None
    assert there is not None
    assert here > 0.03
    assert there == pytest.approx(-here, abs=0.06)


def test_moving_one_post_leaves_the_draws_of_the_others_alone() -> None:
    moved = node()
    moved["posts"] = [moved["posts"][0] | {"at_km": 20}, *moved["posts"][1:]]
    before, after = seen(node())[1], seen(moved)[1]
    for name in ("p2", "p3"):
        assert np.array_equal(before.reporters[name], after.reporters[name])
    assert not np.array_equal(before.reporters["p1"], after.reporters["p1"])


def test_one_more_never_takes_anything_away() -> None:
    more = node(cameras=[{"id": "c1", "at_km": 30, "side": "north", "thermal": True}])
    for number in range(4):
        (_, a, _), (_, b, _) = seen(node(), number), seen(more, number)
        assert (b.grid >= a.grid).all()
        assert (b.sources >= a.sources).all()
        assert (verified(b) >= verified(a)).all()
    made = compared(node(), more=True).foretold[0].more
    assert min(one["verified_per_month"].low for one in made) >= 0
    assert {one["kind"] for one in made} == {"post", "camera", "team"}
    assert len(made) == 12 * 2 * 3


def test_nobody_watching_sees_nothing_and_takes_for_ever() -> None:
    found = numbers(compared(node(posts=[], teams=[])))
    assert (found["watched_day"], found["noticed"], found["verified"], found["attributed"]) == (0, 0, 0, 0)
    assert found["finding_median_h"] is None


def test_closed_ground_and_refusals_cost_what_they_should() -> None:
    closed = node(access={"closed": [{"side": s, "from_km": 0, "to_km": 44} for s in ("north", "south")]})
    assert numbers(compared(closed))["noticed"] == 0
    freely, hardly = (
        numbers(compared(node(access={"refused": {"north": r, "south": r}}))) for r in (0.0, 0.6)
    )
    assert hardly["watched_day"] < 0.6 * freely["watched_day"]
    assert hardly["verified"] < freely["verified"]


def test_only_thermal_cameras_and_manned_nights_watch_by_night() -> None:
    cameras = [{"id": "c", "at_km": 20, "side": "north"}]
    assert numbers(compared(node(posts=[], teams=[], cameras=cameras)))["watched_night"] == 0
    thermal = [one | {"thermal": True} for one in cameras]
    assert numbers(compared(node(posts=[], teams=[], cameras=thermal)))["watched_night"] > 0.05


def test_a_hill_hides_what_lies_behind_it_and_only_that() -> None:
    ground = node()["ground"] | {
        "hills": [{"at_km": 22, "side": "north", "offset_m": 0, "radius_m": 1_500, "height_m": 200}]
    }
    land = Terrain.of(mechanism.parse(node(ground=ground), "test"))
    stand = land.beside(np.array([22_000.0]), np.array([2_000.0]))[0]
    behind, beside = land.beside(np.array([22_000.0, 26_000.0]), np.array([-2_500.0, 1_000.0]))
    hidden = land.hidden(stand, 6.0, np.array([behind, beside]))
    assert hidden.tolist() == [True, False]
    camera = [{"id": "c", "at_km": 22, "side": "north", "offset_m": 2_000, "range_m": 6_000}]
    expect = {"incidents_per_day": 70, "hot_spots": [{"at_km": 22}]}
    free, blocked = (
        numbers(compared(node(posts=[], teams=[], cameras=camera, ground=g, expect=expect)))
        for g in (node()["ground"], ground)
    )
    assert blocked["watched_day"] < free["watched_day"]
    assert blocked["noticed"] < free["noticed"]


def test_a_visit_turns_one_report_into_a_likely_verification() -> None:
    posts = [{"id": "p", "at_km": 20, "side": "north"}]
    team = {"id": "t", "from_km": 0, "to_km": 44, "side": "north", "stops_per_day": 0, "crosses": True}
    without, some, many = (
        numbers(compared(node(posts=posts, teams=[team | {"visits_per_day": v}]))) for v in (0, 2, 12)
    )
    assert without["verified"] == 0 < some["verified"] < many["verified"]
    assert some["finding_median_h"] > 14


def test_attribution_never_exceeds_verification() -> None:
    happened, found, _ = seen(node())
    assert not (attributed(found, happened) & ~verified(found)).any()
    assert attributed(found, happened).any()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"colour": "red"}, "MEC-002"),
        ({"exercise": False, "expect": {"incidents_per_day": 3, "left_share": 0.6}}, "MEC-002"),
        ({"posts": [{"id": "p", "at_km": 1, "side": "nobody"}]}, "MEC-002"),
        ({"posts": [{"id": "p", "at_km": 1, "side": "north"}] * 2}, "MEC-002"),
        ({"posts": [{"id": "p", "at_km": 1, "side": "north", "lon": 62.0}]}, "MEC-002"),
        ({"access": {"refused": {"nobody": 0.5}}}, "MEC-002"),
        ({"teams": [{"id": "t", "from_km": 5, "to_km": 5, "side": "north"}]}, "MEC-002"),
        ({"ground": {"left": "a", "right": "a", "coordinates": [[0, 0], [1, 0]]}}, "MEC-002"),
        ({"posts": [{"id": "p", "at_km": 900, "side": "north"}]}, "MEC-003"),
    ],
)  # fmt: skip
def test_what_is_no_proposal_is_refused_with_its_place(change: dict[str, Any], code: str) -> None:
    with pytest.raises(MechanismError) as problem:
        compared(node(**change))
    assert problem.value.code == code
    assert problem.value.where


def test_proposals_of_different_ground_or_one_name_are_not_compared() -> None:
    for other, code in (({"name": "other", "days": 6}, "MEC-004"), ({}, "MEC-005")):
        with pytest.raises(MechanismError) as problem:
            compared(node(), node(**other))
        assert problem.value.code == code


def test_files_say_what_they_are_and_hold_no_place_of_anybody(tmp_path: Path) -> None:
    real = node(name="A line", exercise=False)
    costs = {"post": 5, "night_post": 1, "team": 3}
    for one, mark in ((node(budget={"month": 10, "costs": costs}), "EXERCISE"), (real, "PROPOSAL")):
        made = compared(one, one | {"name": "<b>other</b>"}, more=True)
        files = mechanism.write(made, tmp_path / mark)
        assert all(path.name.startswith(f"{mark}-") for path in files.values())
        page = files["comparison.html"].read_text()
        assert mark in page
        assert "<script" not in page
        assert "<b>other" not in page
        assert files["line.png"].read_bytes().startswith(b"\x89PNG")
        plain = json.loads(files["comparison.json"].read_text())
        assert "coordinates" not in files["comparison.json"].read_text()
        assert plain["mark"] == mark
        assert set(plain["proposals"][1]["against_first"]) == {key for key, _, _ in mechanism.MEASURES}
        again = mechanism.write(made, tmp_path / "again") if mark == "EXERCISE" else files
        for name in ("comparison.html", "comparison.csv", "line.svg"):
            assert again[name].read_bytes() == files[name].read_bytes(), name
    assert cost_of(mechanism.parse(node(budget={"month": 10, "costs": costs}), "t")) == 3 * 5 + 7 + 3


def test_the_command_compares_checks_and_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        return (main(), *capsys.readouterr())

    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text(json.dumps(node()))
    b.write_text(json.dumps(node(name="EXERCISE b", posts=[])))
    code, out, err = run(
        "mechanism",
        "compare",
        a,
        b,
        "--replications",
        20,
        "--no-one-more",
        "--json",
        "--out",
        tmp_path / "out",
    )
    assert (code, err) == (0, "")
    assert json.loads(out)["files"]
    code, out, _ = run("mechanism", "compare", a, b, "--replications", 20, "--no-one-more")
    assert code == 0
    assert "likely to be verified" in out
    assert run("mechanism", "check", a)[0] == 0
    assert "posts-on-both-sides" in run("mechanism", "template")[1]
    code, _, err = run("mechanism", "template", "mobile-teams", a)
    assert code == 2
    assert "CLI-030" in err
    assert run("mechanism", "template", "mobile-teams", tmp_path / "c.yaml")[0] == 0
    a.write_text("posts: [")
    code, _, err = run("mechanism", "compare", a)
    assert code == 1
    assert "MEC-001" in err


def test_the_exercise_yields_about_what_was_foretold() -> None:
    made = mechanism_scores([12], 20)
    for key, one in made["seeds"]["12"].items():
        assert abs(one["foretold"] - one["yielded"]) < 0.08, key
