"""Verdicts: symmetry, monotony, edges of calibre, time and place, exceptions, amendments, what is missing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from agreement_rows import IN_FORCE_MS, LATE_MS, LINE, NOBODY, incident, incidents, observations
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline import agreement
from truceline.agreement import Agreement
from truceline.agreement.moments import bounds_of
from truceline.geo import Line, Polygon, Sectors
from truceline.records.columns import FINDINGS
from truceline.records.parties import Alignment

ACCORD = agreement.load("exercise-accord")
ENTRY_MS = bounds_of("2031-03-03T00:00", "Etc/GMT-4").earliest_ms
SIDES = (Alignment("north", ("party-1", "party-2")), Alignment("south", ("party-3",)))


def findings(table: pa.Table, text: Agreement = ACCORD, **options: Any) -> pa.Table:
    settled = {"as_of_ms": LATE_MS, "line": LINE, "alignments": SIDES, "observations": NOBODY} | options
    return agreement.assess(table, settled.pop("observations"), text, **settled)


def one(article: str, row: dict[str, Any], **options: Any) -> dict[str, Any]:
    found = [item for item in findings(incidents(row), **options).to_pylist() if item["article"] == article]
    assert len(found) == 1
    return found[0]


def built(tmp_path: Path, articles: str, extra: str = "", geometry: str = "") -> Agreement:
    folder = tmp_path / "text"
    folder.mkdir()
    (folder / "agreement.yaml").write_text(
        "format: truceline-agreement/1\nid: t\nversion: '1'\ntitle: EXERCISE\nexercise: true\n"
        "sources: [{title: EXERCISE, confidence: fictional}]\nalignments: [{id: north}, {id: south}]\n"
        "lines: [{id: line-of-contact, title: l}, {id: other-line, title: o}]\n"
        + extra
        + "articles:\n"
        + articles
    )
    if geometry:
        (folder / "geometry").mkdir()
        (folder / "geometry" / "g.geojson").write_text(geometry)
    return agreement.load(folder)


def test_findings_have_the_schema_and_one_row_for_each_incident_and_article() -> None:
    table = incidents(*(incident(f"EXERCISE-{index}") for index in range(5)))
    found = findings(table)
    assert found.schema.equals(FINDINGS)
    assert found.num_rows == 5 * 6
    assert len(set(found.column("finding_id").to_pylist())) == 30
    assert found.column("article").to_pylist()[:6] == ["2", "3/text-1", "3/text-2", "4", "6", "7"]
    assert all(found.column("exercise").to_pylist())


def test_no_incidents_give_no_findings() -> None:
    assert findings(incidents()).num_rows == 0


@pytest.mark.parametrize(
    ("calibre_um", "first", "second"),
    [(99_999, "no_breach", "no_breach"), (100_000, "breach", "no_breach"), (100_001, "breach", "breach")],
)
def test_calibre_at_the_threshold_is_decided_by_the_comparison(
    calibre_um: int, first: str, second: str
) -> None:
    row = incident(act="weapon_present", weapon="artillery", calibre_um=calibre_um)
    assert one("3/text-1", row)["verdict"] == first
    assert one("3/text-2", row)["verdict"] == second


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "verdict", "share"),
    [
        (ENTRY_MS - 1, ENTRY_MS - 1, "out_of_scope", 0),
        (ENTRY_MS, ENTRY_MS, "breach", 10_000),
        (ENTRY_MS - 3_600_000, ENTRY_MS, "out_of_scope", 0),
        (ENTRY_MS - 3_600_000, ENTRY_MS + 3_600_000, "undetermined", 5_000),
        (ENTRY_MS - 900_000, ENTRY_MS + 9_000_000, "breach", 9_091),
        (ENTRY_MS - 9_000_000, ENTRY_MS + 900_000, "no_breach", 909),
    ],
)
def test_time_is_half_open_and_an_interval_counts_by_its_share(
    from_ms: int, to_ms: int, verdict: str, share: int
) -> None:
    found = one("2", incident(from_ms=from_ms, to_ms=to_ms))
    assert (found["verdict"], found["p_time_e4"]) == (verdict, share)


def test_probability_is_null_exactly_where_out_of_scope_or_a_factor_is_unknown() -> None:
    assert one("4", incident())["probability_e4"] is None
    unknown = one("3/text-1", incident(act="weapon_present", weapon="artillery"))
    assert (unknown["verdict"], unknown["probability_e4"], unknown["p_weapon_e4"]) == (
        "undetermined",
        None,
        None,
    )
    assert "calibre" in unknown["needs"]


def test_missing_input_is_never_a_default() -> None:
    nowhere = one("2", incident(metres=None))
    assert (nowhere["verdict"], nowhere["p_place_e4"], nowhere["distance_m"]) == ("undetermined", None, None)
    no_error = one("2", incident(cov_nn_m2=None))
    assert no_error["verdict"] == "undetermined"
    assert one("2", incident(act="unknown"))["verdict"] == "undetermined"
    assert one("2", incident(probability_e4=None))["verdict"] == "undetermined"
    assert one("3/text-1", incident(act="weapon_present", calibre_um=None))["verdict"] == "undetermined"


def test_without_the_line_every_place_is_open_and_the_need_names_it() -> None:
    found = one("2", incident(), line=None)
    assert found["verdict"] == "undetermined"
    assert "line-of-contact" in found["needs"]


def test_a_sector_gives_a_place_to_an_incident_without_coordinates() -> None:
    square = [[-30.1, 0.01], [-29.9, 0.01], [-29.9, 0.1], [-30.1, 0.1], [-30.1, 0.01]]
    sectors = Sectors.from_geojson(
        {
            "features": [
                {
                    "properties": {"role": "sector", "id": "s1"},
                    "geometry": {"type": "Polygon", "coordinates": [square]},
                }
            ]
        }
    )
    row = incident(metres=None, sector_id="s1")
    assert one("2", row, sectors=sectors)["verdict"] == "breach"


def test_what_hardly_happened_is_neither_breach_nor_no_breach() -> None:
    assert one("2", incident(probability_e4=7_999))["verdict"] == "undetermined"
    assert one("2", incident(probability_e4=8_000))["verdict"] == "breach"
    assert one("2", incident(probability_e4=100, metres=60_000))["verdict"] == "no_breach"


def test_what_only_parties_say_is_never_a_breach_however_likely() -> None:
    told = {word: one("2", incident(word=word)) for word in ("reported", "credible", "corroborated")}
    assert [told[word]["verdict"] for word in told] == ["undetermined", "breach", "breach"]
    assert told["reported"]["probability_e4"] == told["credible"]["probability_e4"]
    assert "only parties say so" in told["reported"]["reason"]
    assert "independent source" in told["reported"]["needs"]
    assert "only parties" not in told["credible"]["reason"]


def test_about_is_named_only_with_evidence_of_the_side() -> None:
    assert one("2", incident())["about"] == "undetermined"
    assert one("2", incident())["needs"].startswith("Evidence of the side")
    known = incident(side="north", sides=[{"id": "north", "e4": 9_000}, {"id": "undetermined", "e4": 1_000}])
    assert one("2", known)["about"] == "north"
    assert one("2", known)["needs"] == ""


def test_place_distance_is_measured_to_the_edge_that_decides() -> None:
    found = one("4", incident(act="overflight", metres=-9_000, sd_m=200))
    assert found["distance_m"] == pytest.approx(1_000, abs=20)
    assert found["distance_sd_m"] == pytest.approx(200, abs=2)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 40_000), min_size=2, max_size=12, unique=True),
    st.sampled_from([10, 300, 2_000]),
    st.sampled_from([-1, 1]),
)
def test_farther_from_the_line_is_never_more_of_a_breach(metres: list[int], sd_m: int, side: int) -> None:
    rows = [
        incident(
            f"EXERCISE-{m}",
            metres=side * m,
            sd_m=sd_m,
            act="weapon_present",
            weapon="artillery",
            calibre_um=152_000,
        )
        for m in sorted(metres)
    ]
    found = [row for row in findings(incidents(*rows)).to_pylist() if row["article"] == "3/text-1"]
    place = [row["p_place_e4"] for row in found]
    # The closed and the sampled branch of geo agree to 0.02.
    assert all(later <= earlier + 200 for earlier, later in pairwise(place))
    order = {"breach": 0, "undetermined": 1, "no_breach": 2}
    verdicts = [order[row["verdict"]] for row in found]
    assert verdicts == sorted(verdicts)


_ROW = st.fixed_dictionaries(
    {
        "act": st.sampled_from(
            ["shelling", "weapon_present", "overflight", "access_denied", "unknown", "damage"]
        ),
        "weapon": st.sampled_from(["artillery", "mortar", "uav", "unknown"]),
        "calibre_um": st.sampled_from([None, 82_000, 100_000, 152_000]),
        "metres": st.sampled_from([None, -16_000, -14_900, -4_000, 300, 9_900, 14_900, 52_000]),
        "sd_m": st.sampled_from([20, 400]),
        "share": st.integers(0, 10_000),
        "late": st.integers(-10_000_000, 400_000_000),
        "long": st.sampled_from([0, 5_000_000]),
        "said": st.sampled_from(["unknown", "yes", "no"]),
        "kind": st.sampled_from(["patrol", "party"]),
    }
)


def _tables(drawn: list[dict[str, Any]], names: dict[str, str]) -> tuple[pa.Table, pa.Table]:
    rows, seen = [], []
    for index, item in enumerate(drawn):
        share, from_ms = item["share"], ENTRY_MS + item["late"]
        side = "north" if share >= 8_000 else "south" if share <= 2_000 else "undetermined"
        shares = {"north": share // 2, "south": (10_000 - share) // 2}
        if side != "undetermined":
            shares = {side: max(share, 10_000 - share)}
        shares["undetermined"] = 10_000 - sum(shares.values())
        rows.append(
            incident(
                f"EXERCISE-{index}", metres=item["metres"], sd_m=item["sd_m"], act=item["act"], weapon=item["weapon"],
                calibre_um=item["calibre_um"], members=[f"o{index}"], from_ms=from_ms, to_ms=from_ms + item["long"],
                side=names.get(side, side),
                sides=[{"id": names.get(name, name), "e4": e4} for name, e4 in sorted(shares.items(), key=lambda kv: names.get(*kv[:1] * 2))],
            )
        )  # fmt: skip
        seen.append({"obs_id": f"o{index}", "source_kind": item["kind"], "live_fire_exercise": item["said"]})
    return incidents(*rows), observations(*seen)


def _relabelled(text: Agreement, names: dict[str, str]) -> Agreement:
    """The same agreement with alignments and parties renamed, through its packed form."""
    swap = {"north": "\0n", "south": "\0s", "party-1": "\0a", "party-3": "\0c"}
    source = text.files["agreement.yaml"]
    for old, mark in swap.items():
        source = (
            source.replace(f"id: {old},", f"id: {mark},")
            .replace(f"[{old}", f"[{mark}")
            .replace(f", {old}]", f", {mark}]")
        )
    for old, mark in swap.items():
        source = source.replace(mark, names[old])
    from truceline.agreement.folder import FORMAT
    from truceline.records.canonical import canonical

    return agreement.unpack(canonical({"format": FORMAT, "files": {"agreement.yaml": source}}))


@settings(max_examples=25, deadline=None)
@given(st.lists(_ROW, min_size=1, max_size=8))
def test_relabelling_the_parties_relabels_the_findings_and_changes_nothing_else(
    drawn: list[dict[str, Any]],
) -> None:
    same = {"north": "north", "south": "south"}
    names = {"north": "zulu", "south": "alpha", "party-1": "party-9", "party-3": "party-0"}
    table, seen = _tables(drawn, same)
    plain = findings(table, observations=seen)
    table, seen = _tables(drawn, names)
    line = Line(LINE.id, LINE.lonlat, names[LINE.left], names[LINE.right])
    sides = (Alignment("alpha", ("party-0",)), Alignment("zulu", ("party-9", "party-2")))
    swapped = findings(table, _relabelled(ACCORD, names), observations=seen, line=line, alignments=sides)
    expected = [row | {"about": names.get(row["about"], row["about"])} for row in plain.to_pylist()]
    assert swapped.to_pylist() == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(_ROW, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_order_of_incidents_does_not_matter(drawn: list[dict[str, Any]], random: Any) -> None:
    table, seen = _tables(drawn, {"north": "north", "south": "south"})
    order = list(range(table.num_rows))
    random.shuffle(order)
    frame = LINE.frame()
    plain = findings(table, observations=seen, frame=frame).sort_by("finding_id")
    mixed = findings(table.take(order), observations=seen, frame=frame).sort_by("finding_id")
    assert plain.equals(mixed)


def test_drawing_the_line_the_other_way_changes_nothing() -> None:
    table = incidents(
        incident(act="overflight", metres=9_950, sd_m=100), incident("EXERCISE-2", metres=-49_990)
    )
    assert findings(table).equals(findings(table, line=LINE.reversed()))


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ([("patrol", "yes")], "no_breach"),
        ([("patrol", "yes"), ("party", "no")], "undetermined"),
        ([("party", "yes")], "undetermined"),
        ([("media", "yes"), ("complaint", "yes")], "undetermined"),
        ([("patrol", "no"), ("party", "no")], "breach"),
        ([("patrol", "unknown")], "breach"),
        ([], "breach"),
    ],
)
def test_an_exception_holds_only_by_a_source_of_the_mission(
    said: list[tuple[str, str]], verdict: str
) -> None:
    seen = observations(
        *(
            {"obs_id": f"o{index}", "source_kind": kind, "live_fire_exercise": word}
            for index, (kind, word) in enumerate(said)
        )
    )
    row = incident(metres=8_000, members=[f"o{index}" for index in range(len(said))])
    assert one("2", row, observations=seen)["verdict"] == verdict


def test_an_exception_is_subtracted_exactly_at_its_edge() -> None:
    seen = observations({"obs_id": "o0", "live_fire_exercise": "yes"})
    found = one("2", incident(metres=5_000, sd_m=300, members=["o0"]), observations=seen)
    assert found["verdict"] == "undetermined"
    assert found["p_place_e4"] == pytest.approx(5_000, abs=250)


def test_an_amendment_rules_from_its_date_and_only_once_it_was_made(tmp_path: Path) -> None:
    text = built(
        tmp_path,
        """
  - {number: "1", shape: entry_into_force, title: t, restatement: r, from: {local: "2031-01-01T00:00", zone: Etc/UTC}}
  - number: "2"
    shape: withdrawal
    title: t
    restatement: r
    steps: [{name: guns, distance_m: 10000, from_line: line-of-contact, by: {local: "2031-11-20T00:00", zone: Etc/UTC}}]
  - number: "2"
    shape: withdrawal
    title: t
    restatement: r
    made: {local: "2031-11-15T00:00", zone: Etc/UTC}
    from: {local: "2031-11-15T00:00", zone: Etc/UTC}
    steps: [{name: guns, distance_m: 10000, from_line: line-of-contact, by: {local: "2031-11-25T00:00", zone: Etc/UTC}}]
""",
    )
    at = bounds_of("2031-11-20T12:00", "Etc/UTC").earliest_ms
    row = incident(act="weapon_present", weapon="artillery", from_ms=at, to_ms=at)
    before = bounds_of("2031-11-14T00:00", "Etc/UTC").earliest_ms
    assert one("2", row, text=text, as_of_ms=before)["verdict"] == "breach"
    known = one("2", row, text=text)
    assert (known["verdict"], known["reason"]) == (
        "out_of_scope",
        "Not due yet: the step's deadline lies later.",
    )
    late = bounds_of("2031-11-26T00:00", "Etc/UTC").earliest_ms
    assert one("2", row | {"from_ms": late, "to_ms": late}, text=text)["verdict"] == "breach"


def test_an_article_that_binds_one_side_leaves_the_other_out(tmp_path: Path) -> None:
    text = built(
        tmp_path,
        """
  - {number: "1", shape: entry_into_force, title: t, restatement: r, from: {local: "2031-01-01T00:00", zone: Etc/UTC}}
  - {number: "2", shape: prohibition, title: t, restatement: r, acts: [shelling], binds: [north]}
""",
    )

    def sides(**shares: int) -> dict[str, Any]:
        return {"sides": [{"id": name, "e4": e4} for name, e4 in shares.items()]}

    assert one("2", incident(**sides(north=9_000, undetermined=1_000)), text=text)["verdict"] == "breach"
    assert one("2", incident(**sides(south=10_000)), text=text)["verdict"] == "out_of_scope"
    assert one("2", incident(**sides(south=9_000, undetermined=1_000)), text=text)["verdict"] == "no_breach"
    open_side = one("2", incident(**sides(north=5_000, undetermined=5_000)), text=text)
    assert (open_side["verdict"], open_side["p_side_e4"]) == ("undetermined", 5_000)
    assert "vidence of the side" in open_side["needs"]


def test_attribution_stops_at_a_side_even_when_a_party_is_bound(tmp_path: Path) -> None:
    text = built(
        tmp_path,
        """
  - {number: "1", shape: entry_into_force, title: t, restatement: r, from: {local: "2031-01-01T00:00", zone: Etc/UTC}}
  - {number: "2", shape: prohibition, title: t, restatement: r, acts: [shelling], binds: [party-1]}
  - {number: "3", shape: prohibition, title: t, restatement: r, acts: [shelling], binds: [party-3]}
""",
        extra="parties: [{id: party-1, name: EXERCISE}, {id: party-3, name: EXERCISE}]\n",
    )
    north = incident(side="north", sides=[{"id": "north", "e4": 10_000}])
    assert one("2", north, text=text)["verdict"] == "undetermined"
    assert one("3", north, text=text)["verdict"] == "out_of_scope"
    south = incident(side="south", sides=[{"id": "south", "e4": 10_000}])
    assert one("3", south, text=text)["verdict"] == "breach"


def test_a_local_time_without_a_zone_leaves_26_hours_open(tmp_path: Path) -> None:
    text = built(
        tmp_path,
        """
  - {number: "1", shape: entry_into_force, title: t, restatement: r, from: {local: "2031-01-01T00:00"}}
  - {number: "2", shape: prohibition, title: t, restatement: r, acts: [shelling]}
""",
    )
    utc = bounds_of("2031-01-01T00:00", "Etc/UTC").earliest_ms
    hour = 3_600_000
    for shift, verdict in (
        (-15, "out_of_scope"),
        (-14, "undetermined"),
        (11, "undetermined"),
        (12, "breach"),
    ):
        at = utc + shift * hour
        assert one("2", incident(from_ms=at, to_ms=at), text=text)["verdict"] == verdict


def test_zone_and_side_of_a_line(tmp_path: Path) -> None:
    ring = "[[-30.1,0.0],[-29.9,0.0],[-29.9,0.1],[-30.1,0.1],[-30.1,0.0]]"
    text = built(
        tmp_path,
        """
  - {number: "1", shape: entry_into_force, title: t, restatement: r, from: {local: "2031-01-01T00:00", zone: Etc/UTC}}
  - {number: "2", shape: prohibition, title: t, restatement: r, acts: [shelling], where: {zone: z}}
  - {number: "3", shape: prohibition, title: t, restatement: r, acts: [shelling], where: {line: line-of-contact, side: north, within_m: 9000}}
""",
        geometry='{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"z","role":"zone"},'
        f'"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}',
    )
    assert [one(key, incident(metres=5_000), text=text)["verdict"] for key in "23"] == ["breach", "breach"]
    assert [one(key, incident(metres=-5_000), text=text)["verdict"] for key in "23"] == [
        "no_breach",
        "no_breach",
    ]
    far = [[-25.0, 5.0], [-24.0, 5.0], [-24.0, 6.0], [-25.0, 5.0]]
    elsewhere = {"z": Polygon("z", {"type": "Polygon", "coordinates": [far]})}
    assert one("2", incident(metres=5_000), text=text, zones=elsewhere)["verdict"] == "no_breach"


def test_the_missions_second_line_is_used_for_the_side_that_measures_from_it() -> None:
    package = agreement.load("minsk-2015-package")
    first = Line("whatever-the-mission-calls-it", LINE.lonlat, "side-1", "side-2")
    second = Line("memorandum-line", LINE.lonlat + np.array([0.0, 0.1]), "side-1", "side-2")
    at = bounds_of("2015-04-01T12:00", "Europe/Kyiv").earliest_ms
    row = incident(
        metres=-20_000, act="weapon_present", weapon="artillery", calibre_um=152_000, from_ms=at, to_ms=at,
        side="side-2", sides=[{"id": "side-2", "e4": 10_000}],
    )  # fmt: skip
    both = one("2", row, text=package, line=first, lines={"memorandum-line": second}, alignments=())
    assert both["verdict"] == "no_breach"
    single = one("2", row, text=package, line=first, alignments=())
    assert single["verdict"] == "undetermined"
    assert "memorandum-line" in single["needs"]


def test_findings_are_the_same_each_time() -> None:
    table = incidents(
        *(incident(f"EXERCISE-{index}", metres=14_000 + 150 * index, sd_m=700) for index in range(20))
    )
    assert findings(table).equals(findings(table))


def test_two_thousand_incidents_take_seconds_at_most() -> None:
    import time

    rows = [
        incident(f"EXERCISE-{index}", metres=(index % 200) * 300 - 30_000, sd_m=400, act=act)
        for index, act in enumerate(["shelling", "weapon_present", "overflight", "explosion"] * 500)
    ]
    table = incidents(*rows)
    started = time.process_time()
    findings(table)
    assert time.process_time() - started < 6.0


assert IN_FORCE_MS > ENTRY_MS
