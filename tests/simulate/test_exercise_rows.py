"""The exercise as tables: numbers near the targets, code lists kept, EXERCISE on everything."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from truceline.errors import UsageError
from truceline.records import codes
from truceline.records.canonical import canonical
from truceline.records.columns import NEVER_NULL, OBSERVATIONS, WATCHES
from truceline.records.kinds import Consent, Reply, decode, encode, word_of
from truceline.simulate import Exercise, build
from truceline.simulate.world import Roster, World


def tables(made: Exercise) -> dict[str, pa.Table]:
    return {
        "observers": made.observer_rows, **made.feeds, "watches": made.watches, "truth": made.truth,
        "true": made.true_incidents,
    }  # fmt: skip


def test_the_same_seed_gives_the_same_exercise(small: Exercise) -> None:
    again = build(1, 0.1)
    assert all(table.equals(tables(again)[name]) for name, table in tables(small).items())
    assert (again.records, again.stories, again.geometry) == (small.records, small.stories, small.geometry)


def test_another_seed_gives_another_exercise(small: Exercise) -> None:
    other = build(2, 0.1)
    assert not set(other.observations["obs_id"].to_pylist()) & set(small.observations["obs_id"].to_pylist())
    assert other.geometry != small.geometry


def test_numbers_are_near_those_promised(exercise: Exercise) -> None:
    assert 1_800 <= exercise.true_incidents.num_rows <= 2_000
    assert 5_800 <= exercise.observations.num_rows <= 7_000
    assert exercise.end_ms - exercise.start_ms == 45 * 86_400_000
    sources = {
        (row["source_kind"], row["source_id"])
        for row in exercise.watches.select(["source_kind", "source_id"]).to_pylist()
    }
    assert Counter(kind for kind, _ in sources) == {
        "post": 12, "patrol": 6, "camera": 8, "acoustic_array": 3, "uav": 2,
    }  # fmt: skip


def test_every_kind_of_source_speaks_and_some_of_each_kind_err(exercise: Exercise) -> None:
    known = dict(
        zip(exercise.truth["obs_id"].to_pylist(), exercise.truth["incident"].to_pylist(), strict=True)
    )
    seen: Counter[tuple[str, bool]] = Counter(
        (kind, known[obs] == "")
        for kind, obs in zip(
            exercise.observations["source_kind"].to_pylist(), exercise.observations["obs_id"].to_pylist(), strict=True
        )
    )  # fmt: skip
    for kind in ("post", "patrol", "camera", "acoustic_array", "satellite", "complaint", "party", "media"):
        assert seen[(kind, False)] > 0, kind
        assert seen[(kind, True)] > 0, kind
    assert seen[("uav", False)] > 0
    assert seen[("imagery", False)] > 0
    assert set(known.values()) - {""} <= set(exercise.true_incidents["incident"].to_pylist())


def test_rows_fit_the_schema_and_the_code_lists(exercise: Exercise) -> None:
    table = exercise.observations
    assert table.schema.equals(OBSERVATIONS)
    for name in NEVER_NULL:
        assert table[name].null_count == 0, name
    for field in OBSERVATIONS:
        named = (field.metadata or {}).get(b"codes")
        if named:
            assert set(table[field.name].to_pylist()) <= set(getattr(codes, named.decode())), field.name
    assert pc.all(pc.less_equal(table["observed_from_ms"], table["observed_to_ms"])).as_py()
    assert pc.all(pc.less_equal(table["observed_to_ms"], table["received_at_ms"])).as_py()
    both = table.filter(pc.is_valid(table["count_max"]))
    assert pc.all(pc.less_equal(both["count_min"], both["count_max"])).as_py()
    ranged = table.filter(pc.is_valid(table["range_max_m"]))
    assert pc.all(pc.less(ranged["range_min_m"], ranged["range_max_m"])).as_py()
    assert len(set(table["obs_id"].to_pylist())) == table.num_rows == exercise.truth.num_rows
    assert exercise.watches.schema.equals(WATCHES)
    assert set(exercise.watches["outcome"].to_pylist()) <= set(codes.WATCH_OUTCOMES)
    assert len(set(exercise.watches["watch_id"].to_pylist())) == exercise.watches.num_rows


def test_original_of_a_copy_is_an_earlier_row(exercise: Exercise) -> None:
    table = exercise.observations
    received = dict(zip(table["obs_id"].to_pylist(), table["received_at_ms"].to_pylist(), strict=True))
    copies = table.filter(pc.is_valid(table["copy_of"])).to_pylist()
    assert len(copies) > 500
    assert all(received[row["copy_of"]] <= row["received_at_ms"] for row in copies)
    media = table.filter(pc.equal(table["source_kind"], "media"))
    assert media["copy_of"].null_count > 300  # some copies do not say so


def test_everything_simulated_says_exercise(exercise: Exercise) -> None:
    for name, table in tables(exercise).items():
        if "exercise" in table.column_names:
            assert pc.all(table["exercise"]).as_py(), name
        for column in ("obs_id", "source_id", "watch_id", "sector_id", "area_id", "place_name", "text", "incident",
                       "quoted_reason", "copy_of"):  # fmt: skip
            if column in table.column_names:
                assert all(v in (None, "") or v.startswith("EXERCISE") for v in table[column].to_pylist()), (
                    name,
                    column,
                )
    assert all(name.startswith("EXERCISE") for name in exercise.feeds)
    assert exercise.name.startswith("EXERCISE")
    named: list[Any] = [*exercise.parties, *exercise.actors]
    assert all(word.startswith("EXERCISE") for one in named for word in one.names.values())
    for feature in exercise.geometry["features"]:
        said = feature["properties"]
        assert feature["id"].startswith("EXERCISE")
        assert said["exercise"] is True
        assert all(
            word.startswith("EXERCISE")
            for word in [said.get("name", "EXERCISE"), *said.get("names", {}).values()]
        )


def strings(value: Any, key: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for k, v in value.items() for found in strings(v, k)]
    if isinstance(value, (list, tuple)):
        return [found for v in value for found in strings(v, key)]
    return [(key, value)] if isinstance(value, str) else []


def test_records_are_canonical_and_every_id_and_sentence_says_exercise(exercise: Exercise) -> None:
    assert [at for at, _, _ in exercise.records] == sorted(at for at, _, _ in exercise.records)
    free = {"content", "restatement", "title", "text", "because", "conditions", "speaker", "task"}
    for _, role, body in exercise.records:
        plain = encode(body)
        canonical(plain)
        assert decode(word_of(body), plain) == body
        if isinstance(body, (Consent, Reply)):
            assert role == body.party
        for key, value in strings(plain):
            if value and (key in free or re.fullmatch(r"[a-z]+_id|object", key)):
                assert value.startswith("EXERCISE"), (key, value)


def test_nobody_of_ours_is_named_by_an_id(exercise: Exercise) -> None:
    """An observation's disclosed id must not tell the source: no row's id contains a word of its source."""
    for row in exercise.observer_rows.select(["obs_id", "source_id", "source_kind"]).to_pylist():
        assert re.fullmatch(r"EXERCISE-[0-9a-f]{12}", row["obs_id"])


def test_detection_falls_with_distance_and_at_night(exercise: Exercise) -> None:
    heard = exercise.observations.filter(pc.equal(exercise.observations["source_kind"], "post"))
    known = dict(
        zip(exercise.truth["obs_id"].to_pylist(), exercise.truth["incident"].to_pylist(), strict=True)
    )
    at = dict(
        zip(
            exercise.true_incidents["incident"].to_pylist(),
            exercise.true_incidents["at_ms"].to_pylist(),
            strict=True,
        )
    )
    hours = [
        (at[known[obs]] - exercise.start_ms) // 3_600_000 % 24
        for obs in heard["obs_id"].to_pylist()
        if known[obs]
    ]
    night = np.isin(hours, [*range(5), *range(20, 24)]).mean()
    true_night = np.isin(
        (np.array(list(at.values())) - exercise.start_ms) // 3_600_000 % 24, [*range(5), *range(20, 24)]
    )
    assert night < 0.4 * true_night.mean()


def test_scale_makes_it_busier_and_ids_stay_unique() -> None:
    made = build(3, 4.0, roster=Roster(posts=6, teams=2), world=World(days=12))
    assert made.true_incidents.num_rows > 7_000
    assert len(set(made.observations["obs_id"].to_pylist())) == made.observations.num_rows
    assert made.stories == () or all(story.title for story in made.stories)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("SIM-002", lambda: World(line_m=1.0)),
        ("SIM-003", lambda: World(days=0)),
        ("SIM-001", lambda: World(alignments=World().alignments[:1])),
        ("SIM-004", lambda: build(1, 0.0)),
        ("SIM-004", lambda: build(1, float("nan"))),
        ("SIM-005", lambda: build(-1)),
    ],
)
def test_settings_that_make_no_world_are_refused(code: str, wrong: Any) -> None:
    with pytest.raises(UsageError) as caught:
        wrong()
    assert caught.value.code == code
