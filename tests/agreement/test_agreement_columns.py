"""Assessment by columns: a plain reference agrees, blocks and order change nothing, words are optional."""

from __future__ import annotations

import importlib

import numpy as np
import pyarrow as pa
import pytest
from agreement_rows import NOBODY, incident, incidents
from hypothesis import given
from hypothesis import strategies as st

from truceline import agreement
from truceline.agreement.fields import calibre_bound
from truceline.agreement.folder import FORMAT, changed
from truceline.agreement.references import moment_bounds
from truceline.agreement.sentences import SLOT
from truceline.agreement.telling import kilometres, packed, rounded, share
from truceline.geo import Frame
from truceline.mission.benching_articles import LINES, SET, many_incidents
from truceline.records.canonical import canonical

FOREVER = 2**52
columns = importlib.import_module("truceline.agreement.assess")  # the package has a function of that name


def found(name: str, table: pa.Table, **more: object) -> pa.Table:
    return agreement.assess(table, NOBODY, agreement.load(name), as_of_ms=FOREVER, lines=LINES, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SET)
def test_blocks_and_order_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = many_incidents(700)
    whole = found(name, table)
    monkeypatch.setattr(columns, "BLOCK", 97)
    assert found(name, table).combine_chunks().equals(whole.combine_chunks())
    order = np.random.default_rng(4).permutation(700)
    mixed = found(name, table.take(pa.array(order)))
    assert mixed.sort_by("finding_id").to_pylist() == whole.sort_by("finding_id").to_pylist()


def test_without_words_everything_else_is_the_same() -> None:
    table = many_incidents(300)
    plain = found("minsk-2015-package", table, words=False)
    full = found("minsk-2015-package", table)
    assert plain.column("reason").null_count == plain.num_rows
    said = ["reason", "needs"]
    assert plain.drop_columns(said).equals(full.drop_columns(said))


def test_plain_reference_agrees_on_random_incidents() -> None:
    """Word by word from docs/explanation/agreement.md, one incident at a time; the place's probability is that of geo."""
    text = agreement.load("minsk-2015-package")
    table = many_incidents(400)
    rows = table.to_pylist()
    by_id = {
        (row["incident_id"], row["article"]): row for row in found("minsk-2015-package", table).to_pylist()
    }
    entry = moment_bounds(text.articles[0].from_).earliest_ms  # type: ignore[arg-type]
    frame = Frame.of(table)
    fire, heavy = text.article("1"), text.article("2")
    for row in rows:
        low = 1.0 if row["act"] in fire.acts else 0.0  # type: ignore[union-attr]
        inside = max(0, row["to_ms"] - max(row["from_ms"], entry)) / max(1, row["to_ms"] - row["from_ms"])
        verdict = by_id[row["incident_id"], "1"]["verdict"]
        if low == 0 or inside == 0:
            assert verdict == "out_of_scope"
        else:
            chance = round(low * inside * row["probability_e4"])
            assert verdict == (
                "breach" if chance >= 8000 else "no_breach" if inside <= 0.2 else "undetermined"
            )
        if row["act"] != "weapon_present":
            assert by_id[row["incident_id"], "2"]["verdict"] == "out_of_scope"
            continue
        best = (-1.0, -1.0)
        for step in heavy.steps:  # type: ignore[union-attr]
            weapon = (
                [1.0, 1.0]
                if row["weapon"] in step.weapons
                else [0.0, 1.0]
                if row["weapon"] == "unknown"
                else [0.0, 0.0]
            )
            for bound in step.calibre:
                sign, size = calibre_bound(bound)
                um = row["calibre_um"]
                holds = (
                    um is not None
                    and {">=": um >= size, ">": um > size, "<=": um <= size, "<": um < size}[sign]
                )
                weapon = [weapon[0] * holds, weapon[1] * (holds or um is None)]
            due = moment_bounds(step.by)
            time = [
                max(0, row["to_ms"] - max(row["from_ms"], start)) / max(1, row["to_ms"] - row["from_ms"])
                for start in (due.latest_ms, due.earliest_ms)
            ]
            place = []
            for side in ("side-1", "side-2"):
                line = LINES[step.from_line[side]]
                mean = frame.to_xy([[row["lon_udeg"] / 1e6, row["lat_udeg"] / 1e6]])
                half = step.width_m / 2
                place.append(
                    float(
                        line.probability_between(
                            mean, np.eye(2)[None] * row["cov_ee_m2"], frame, ((-half, half),)
                        )[0]
                    )
                )
            share = {one["id"]: one["e4"] / 1e4 for one in row["sides"]}
            free = 1 - share.get("side-1", 0) - share.get("side-2", 0)
            sure = [
                share.get("side-1", 0) * place[0] + share.get("side-2", 0) * place[1] + free * pick(place)
                for pick in (min, max)
            ]
            best = max(best, (weapon[0] * time[0] * sure[0], weapon[1] * time[1] * sure[1]))
        verdict = by_id[row["incident_id"], "2"]["verdict"]
        if verdict != "out_of_scope":
            least, most = round(best[0] * row["probability_e4"]), round(best[1] * 1e4)
            assert verdict == ("breach" if least >= 8000 else "no_breach" if most <= 2000 else "undetermined")


@pytest.mark.parametrize("name", ["minsk-2015-package", "exercise-accord", "moscow-2020-10-10"])
def test_a_sentence_does_not_depend_on_its_neighbours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = many_incidents(50)
    whole = found(name, table, frame=Frame.of(table))
    monkeypatch.setattr(columns, "BLOCK", 1)
    assert found(name, table, frame=Frame.of(table)).combine_chunks().equals(whole.combine_chunks())
    assert not [said for said in whole.column("reason").to_pylist() if SLOT.search(said)]


@given(st.lists(st.floats(0, 1e6) | st.integers(0, 10**7).map(lambda whole: whole / 1e4), min_size=1))
def test_numbers_are_rounded_as_format_rounds_them(values: list[float]) -> None:
    array = np.array(values)
    for decimals in (1, 2):
        expected = [f"{value:.{decimals}f}" for value in values]
        assert [f"{one / 10**decimals:.{decimals}f}" for one in rounded(array, decimals)] == expected
    rows = np.arange(len(array))
    near = [f"{value / 1000:.1f}" if value >= 1000 else f"{value / 1000:.2f}" for value in values]
    assert kilometres(array)(rows).to_pylist() == near
    assert share(array)(rows).to_pylist() == [f"{value:.2f}" for value in values]


def test_combinations_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    fields = {"a": rng.integers(0, 5, 500), "b": rng.integers(0, 2**32, 500), "c": rng.random(500) < 0.5}
    codes, states = packed({"a": (fields["a"], 5), "b": (fields["b"], 2**32), "c": (fields["c"], 2)})
    for name, values in fields.items():
        assert [states[code][name] for code in codes] == values.tolist()


CORRIDOR = """
  - number: "8"
    shape: corridor
    title: Corridor
    restatement: A way 5 km wide along the line, open from six to ten at night.
    line: line-of-contact
    width_m: 5000
    open: {from: "06:00", until: "22:00", zone: Etc/GMT-4}
"""


@pytest.mark.parametrize(
    ("utc_hour", "length_min", "metres", "verdict"),
    [
        (2, 1, 1000, "breach"), (1, 1, 1000, "out_of_scope"), (17, 30, 1000, "breach"), (18, 1, 1000, "out_of_scope"),
        (17, 90, 1000, "undetermined"), (10, 1, 2600, "no_breach"), (10, 1, 2400, "breach"),
    ],
)  # fmt: skip
def test_corridor_is_open_at_its_hours_and_ends_at_half_its_width(
    utc_hour: int, length_min: int, metres: int, verdict: str
) -> None:
    accord = agreement.load("exercise-accord")
    with_corridor = changed(accord, accord.files["agreement.yaml"].rstrip() + "\n" + CORRIDOR)
    start = 1_930_521_600_000 + utc_hour * 3_600_000
    row = incident(
        metres=metres,
        sd_m=20,
        act="access_denied",
        from_ms=start,
        to_ms=start + length_min * 60_000,
        midpoint_ms=start,
    )
    rows = agreement.assess(
        incidents(row), NOBODY, with_corridor, as_of_ms=FOREVER, lines=accord.case_lines
    ).to_pylist()
    assert {one["article"]: one["verdict"] for one in rows}["8"] == verdict


def test_a_line_that_moves_counts_as_it_stood_at_the_time() -> None:
    accord = agreement.load("exercise-accord")

    def drawn(lat: float, **when: str) -> str:
        return (
            '{"type": "Feature", "properties": {"id": "line-of-contact", "role": "line", "left": "north", "right": "south"'
            + "".join(f', "{name}": "{value}"' for name, value in when.items())
            + f'}}, "geometry": {{"type": "LineString", "coordinates": [[-31, {lat}], [-29, {lat}]]}}}}'
        )

    versions = (drawn(0.0, until="2031-03-06T00:00Z"), drawn(1.0, **{"from": "2031-03-06T00:00Z"}))
    moved = '{"type": "FeatureCollection", "features": [' + ", ".join(versions) + "]}"
    files = dict(accord.files) | {"geometry/line.geojson": moved}
    dated = agreement.unpack(canonical({"format": FORMAT, "files": files}))
    day = 86_400_000
    before, after = 1_930_500_000_000, 1_930_500_000_000 + 3 * day
    rows = [
        incident(
            "EXERCISE-1", metres=9_000, act="overflight", from_ms=before, to_ms=before, midpoint_ms=before
        ),
        incident("EXERCISE-2", metres=9_000, act="overflight", from_ms=after, to_ms=after, midpoint_ms=after),
        incident(
            "EXERCISE-3",
            metres=110_574 + 9_000,
            act="overflight",
            from_ms=after,
            to_ms=after,
            midpoint_ms=after,
        ),
    ]
    judged = agreement.assess(incidents(*rows), NOBODY, dated, as_of_ms=FOREVER).to_pylist()
    assert [one["verdict"] for one in judged if one["article"] == "4"] == ["breach", "no_breach", "breach"]


def test_stand_off_from_a_point() -> None:
    accord = agreement.load("exercise-accord")
    camp = '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "camp", "role": "point"}, "geometry": {"type": "Point", "coordinates": [-30, 0]}}]}'
    article = '\n  - {number: "8", shape: prohibition, title: Stand-off, restatement: Nobody comes within 3 km of the camp., acts: [advance], where: {point: camp, within_m: 3000}}\n'
    files = dict(accord.files) | {
        "geometry/camp.geojson": camp,
        "agreement.yaml": accord.files["agreement.yaml"].rstrip() + article,
    }
    text = agreement.unpack(canonical({"format": FORMAT, "files": files}))
    rows = [
        incident(f"EXERCISE-{metres}", metres=metres, sd_m=20, act="advance") for metres in (2_900, 3_100)
    ]
    judged = agreement.assess(
        incidents(*rows), NOBODY, text, as_of_ms=FOREVER, lines=accord.case_lines
    ).to_pylist()
    told = [one for one in judged if one["article"] == "8"]
    assert [one["verdict"] for one in told] == ["breach", "no_breach"]
    assert [abs(one["distance_m"] - metres) < 3 for one, metres in zip(told, (100, -100), strict=True)] == [
        True,
        True,
    ]
