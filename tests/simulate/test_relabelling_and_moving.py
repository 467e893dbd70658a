"""R7: other names change names and nothing else. A post that moves changes its own rows and nobody else's."""

from __future__ import annotations

import re

import msgspec
import pytest

from truceline.errors import UsageError
from truceline.records.kinds import encode, word_of
from truceline.simulate import Exercise, build, move_post
from truceline.simulate.rename import exchange


def said(exercise: Exercise) -> list[object]:
    rows: list[object] = []
    for table in (exercise.observations, exercise.watches, exercise.truth, exercise.true_incidents):
        rows += table.to_pylist()
    rows += [(at, role, word_of(body), encode(body)) for at, role, body in exercise.records]
    rows += [encode_plain(p) for p in (*exercise.parties, *exercise.alignments)]
    return [*rows, exercise.geometry, [str(story) for story in exercise.stories]]


def encode_plain(value: object) -> object:

    plain: object = msgspec.to_builtins(value)
    return plain


def renamed(value: object, names: dict[str, str]) -> object:
    """Every whole word that is an id, anywhere."""
    pattern = re.compile(r"(?<![A-Za-z0-9])(" + "|".join(map(re.escape, names)) + r")(?![A-Za-z0-9])")
    match value:
        case str():
            return pattern.sub(lambda found: names[found.group()], value)
        case dict():
            return {renamed(k, names): renamed(v, names) for k, v in value.items()}
        case list() | tuple():
            return type(value)(renamed(v, names) for v in value)
        case _:
            return value


def without_party_names(rows: list[object]) -> list[object]:
    return [{k: v for k, v in r.items() if k != "names"} if isinstance(r, dict) else r for r in rows]


def test_swapped_build_differs_by_names_alone(small: Exercise) -> None:
    names = exchange(small.world)
    swapped = build(1, 0.1, swap=True)
    assert swapped.parties != small.parties
    assert without_party_names(said(swapped)) == renamed(without_party_names(said(small)), names)


def test_names_for_people_follow_the_ids(small: Exercise) -> None:
    swapped = small.relabelled(exchange(small.world))
    assert {p.id: p.names for p in swapped.parties} == {p.id: p.names for p in small.parties}


def test_swapping_twice_is_nothing(small: Exercise) -> None:
    names = exchange(small.world)
    assert said(small.relabelled(names).relabelled(names)) == said(small)


def test_new_names_appear_everywhere(small: Exercise) -> None:
    other = small.relabelled({"party-1": "kestrel", "south": "lower"})
    assert "party-1" not in str(said(other))
    assert "'south'" not in str(said(other))
    assert any(row["actor"] == "kestrel" for row in other.observations.to_pylist())


def test_two_parties_with_one_name_are_refused(small: Exercise) -> None:
    with pytest.raises(UsageError, match="SIM-008"):
        small.relabelled({"party-1": "party-2"})


def test_a_moved_post_changes_only_its_own_watches_and_reports(small: Exercise) -> None:
    post = "EXERCISE-post-03"
    moved = move_post(small, post, 62.1, 0.83)
    for before, after, source in (
        (small.watches, moved.watches, "source_id"),
        (small.observations, moved.observations, "source_id"),
    ):
        others = [[r for r in table.to_pylist() if r[source] != post] for table in (before, after)]
        assert others[0] == others[1]
        mine = [[r for r in table.to_pylist() if r[source] == post] for table in (before, after)]
        assert mine[0] != mine[1]
    assert {r["lon_udeg"] for r in moved.watches.to_pylist() if r["source_id"] == post} == {62_100_000}
    assert move_post(moved, post, 62.1, 0.83).observations.equals(moved.observations)


@pytest.mark.parametrize(
    ("code", "post", "lon", "lat"),
    [("SIM-006", "EXERCISE-post-99", 62.0, 0.8), ("SIM-007", "EXERCISE-post-01", 10.0, 50.0),
     ("SIM-007", "EXERCISE-post-01", float("nan"), 0.8), ("SIM-006", "EXERCISE-camera-01", 62.0, 0.8)],
)  # fmt: skip
def test_a_post_can_only_be_moved_about_the_map(
    small: Exercise, code: str, post: str, lon: float, lat: float
) -> None:
    with pytest.raises(UsageError) as caught:
        move_post(small, post, lon, lat)
    assert caught.value.code == code
