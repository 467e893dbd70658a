"""What fusion must do whatever the numbers: order, copies, denials, chains, secrecy, sums."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.errors import FusionError
from truceline.fusion import DEFAULTS, Parameters, fuse, learn
from truceline.geo.lines import Line
from truceline.geo.sectors import Sectors
from truceline.records.columns import INCIDENTS
from truceline.records.parties import Alignment

Row = Callable[..., dict[str, Any]]
Table = Callable[[list[dict[str, Any]]], pa.Table]
ANY_FIXTURE = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def incidents(observations: pa.Table, **known: Any) -> list[dict[str, Any]]:
    known.setdefault("origin", np.zeros(observations.num_rows, dtype=np.int64))
    found = fuse(observations, **known).incidents
    assert found.schema == INCIDENTS
    return found.to_pylist()


def crowd(make_row: Row, seed: int, count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    kinds = ["camera", "acoustic_array", "patrol", "post", "media", "party", "satellite", "complaint"]
    rows = []
    for index in range(count):
        kind = str(rng.choice(kinds))
        spot = rng.integers(0, 6)
        long = kind == "media"
        rows.append(
            make_row(
                f"o{index:03d}", f"{kind}-{rng.integers(3)}", source_kind=kind,
                east_m=float(spot * 3_000 + rng.normal(0, 300)), north_m=float(rng.normal(0, 900)),
                at_s=float(spot % 3 * 5_000 + rng.normal(0, 60)), lasts_s=86_400.0 if long else 60.0,
                time_precision="day" if long else "exact",
                stance=str(rng.choice(["report", "report", "report", "claim", "denial", "quiet"])),
                actor=str(rng.choice(["n1", "n2", "s1"])) if kind in ("party", "complaint") else None,
                accused=str(rng.choice(["n1", "s1"])) if kind in ("party", "complaint") else None,
                act=str(rng.choice(["explosion", "burst", "shot", "overflight"])),
                description=str(rng.choice(["impact", "undetermined", "outgoing"], p=[0.4, 0.5, 0.1])),
                place_kind="unknown" if rng.random() < 0.1 else "point",
                copy_of=f"o{rng.integers(count):03d}" if rng.random() < 0.1 else None,
                count_min=int(rng.integers(1, 9)) if rng.random() < 0.5 else None,
                direction_mdeg=int(rng.integers(0, 360_000)) if rng.random() < 0.2 else None,
                text="Shelling was heard near the bridge" if rng.random() < 0.1 else None,
            )
        )  # fmt: skip
    return rows


@ANY_FIXTURE
@given(seed=st.integers(0, 10_000), shuffle=st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_same_incidents(
    seed: int,
    shuffle: Any,
    make_row: Row,
    make_table: Table,
    line: Line,
    sectors: Sectors,
    alignments: tuple[Alignment, ...],
) -> None:
    rows = crowd(make_row, seed, 60)
    origin = np.arange(60) // 2
    order = list(range(60))
    shuffle.shuffle(order)
    known: dict[str, Any] = {"line": line, "sectors": sectors, "alignments": alignments}
    first = fuse(make_table(rows), origin=origin, **known)
    second = fuse(make_table([rows[i] for i in order]), origin=origin[order], **known)
    assert first.incidents.equals(second.incidents)
    assert first.detections.equals(second.detections)


@ANY_FIXTURE
@given(seed=st.integers(0, 10_000))
def test_every_row_holds_together(
    seed: int,
    make_row: Row,
    make_table: Table,
    line: Line,
    sectors: Sectors,
    alignments: tuple[Alignment, ...],
) -> None:
    rows = crowd(make_row, seed, 60)
    found = incidents(make_table(rows), line=line, sectors=sectors, alignments=alignments)
    supports = [obs for incident in found for obs in incident["supports"]]
    positive = {r["obs_id"] for r in rows if r["stance"] not in ("denial", "quiet")}
    assert len(supports) == len(set(supports))
    assert positive - {r["obs_id"] for r in rows if r["copy_of"]} <= set(supports) <= positive
    for incident in found:
        total = sum(term["log_odds_e6"] for term in incident["explanation"])
        assert incident["probability_e4"] == min(9999, max(1, round(1e4 / (1 + math.exp(-total / 1e6)))))
        assert sum(share["e4"] for share in incident["sides"]) == 10_000
        assert all(share["e4"] >= 0 for share in incident["sides"])
        assert {share["id"] for share in incident["sides"]} == {"north", "south", "undetermined"}
        top = {share["id"]: share["e4"] for share in incident["sides"]}
        assert incident["side"] == "undetermined" or top[incident["side"]] >= 8000
        assert set(incident["copies"]) < set(incident["supports"])
        assert set(incident["supports"]) | set(incident["contradicts"]) == set(incident["members"])
        assert incident["from_ms"] <= incident["midpoint_ms"] <= incident["to_ms"]
        assert len(incident["supports"]) - len(incident["copies"]) == incident["independent_groups"]
        assert incident["incident_id"] in incident["supports"]


@ANY_FIXTURE
@given(seed=st.integers(0, 10_000))
def test_relabelling_the_parties_relabels_the_sides_and_nothing_else(
    seed: int, make_row: Row, make_table: Table, sectors: Sectors
) -> None:
    swap = {
        "north": "zulu",
        "south": "alpha",
        "n1": "z9",
        "n2": "z0",
        "s1": "a1",
        "undetermined": "undetermined",
        None: None,
        "": "",
    }
    rows = crowd(make_row, seed, 50)
    path = [[29.0, 0.5], [31.0, 0.5]]
    first = incidents(
        make_table(rows), sectors=sectors, line=Line("line", path, "north", "south"),  # type: ignore[arg-type]
        alignments=(Alignment("north", ("n1", "n2")), Alignment("south", ("s1",))),
    )  # fmt: skip
    second = incidents(
        make_table([r | {"actor": swap[r["actor"]], "accused": swap[r["accused"]]} for r in rows]), sectors=sectors,
        line=Line("line", path, "zulu", "alpha"),  # type: ignore[arg-type]
        alignments=(Alignment("zulu", ("z9", "z0")), Alignment("alpha", ("a1",))),
    )  # fmt: skip
    for one, two in zip(first, second, strict=True):
        one["side"] = swap[one["side"]]
        one["sides"] = sorted(({**s, "id": swap[s["id"]]} for s in one["sides"]), key=lambda s: s["id"])
        renamed = ({"actor": swap[a["actor"]], "accused": swap[a["accused"]]} for a in one["accused_by"])
        one["accused_by"] = sorted(renamed, key=lambda a: (a["actor"], a["accused"]))
        assert one == two


@ANY_FIXTURE
@given(seed=st.integers(0, 10_000))
def test_a_line_drawn_the_other_way_turns_the_sign_of_distances_and_nothing_else(
    seed: int,
    make_row: Row,
    make_table: Table,
    line: Line,
    sectors: Sectors,
    alignments: tuple[Alignment, ...],
) -> None:
    observations = make_table(crowd(make_row, seed, 50))
    first = incidents(observations, line=line, sectors=sectors, alignments=alignments)
    second = incidents(observations, line=line.reversed(), sectors=sectors, alignments=alignments)
    for one, two in zip(first, second, strict=True):
        if one["line_distance_m"] is not None:
            one["line_distance_m"] *= -1
        assert one == two


def test_an_empty_table_gives_an_empty_table(make_table: Table) -> None:
    found = fuse(make_table([]), origin=np.empty(0, dtype=np.int64))
    assert found.incidents.equals(INCIDENTS.empty_table())
    assert found.detections.num_rows == 0
    assert learn(make_table([])) == DEFAULTS


def test_one_report_makes_one_incident(
    make_row: Row, make_table: Table, line: Line, sectors: Sectors
) -> None:
    found = incidents(make_table([make_row("o1", "camera-1")]), line=line, sectors=sectors)
    assert [(i["supports"], i["independent_groups"], i["copies"], i["contradicts"]) for i in found] == [
        (["o1"], 1, [], [])
    ]
    assert learn(make_table([make_row("o1", "camera-1")])).weight_e3 == DEFAULTS.weight_e3


_DIGEST = """
import hashlib, json, sys
import numpy as np, pyarrow as pa
from truceline.fusion import fuse
table = pa.ipc.open_file(sys.argv[1]).read_all()
rows = fuse(table, origin=np.arange(table.num_rows)).incidents.to_pylist()
print(hashlib.sha256(json.dumps(rows).encode()).hexdigest())
"""


def test_other_processes_with_other_hash_seeds_find_the_same(
    make_row: Row, make_table: Table, tmp_path: Path
) -> None:
    table = make_table(crowd(make_row, 7, 120))
    path = tmp_path / "rows.arrow"
    with pa.ipc.new_file(path, table.schema) as sink:
        sink.write_table(table)
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST, str(path)], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1


@ANY_FIXTURE
@given(seed=st.integers(0, 10_000), repeats=st.integers(1, 6))
def test_copies_of_anything_never_raise_a_probability(
    seed: int, repeats: int, make_row: Row, make_table: Table, alignments: tuple[Alignment, ...]
) -> None:
    rows = [r | {"copy_of": None} for r in crowd(make_row, seed, 25)]
    rng = np.random.default_rng(seed)
    echoes = [
        rows[index] | {"obs_id": f"z{turn}{index:02d}", "source_id": f"outlet-{turn}", "source_kind": "media", "copy_of": rows[index]["obs_id"]}
        for turn in range(repeats)
        for index in rng.integers(0, len(rows), 4).tolist()
    ]  # fmt: skip
    echoes = list({echo["obs_id"]: echo for echo in echoes}.values())
    before = incidents(make_table(rows), alignments=alignments)
    after = incidents(make_table([*rows, *echoes]), alignments=alignments)
    one = {i["incident_id"]: i for i in before}
    two = {i["incident_id"]: i for i in after}
    assert set(one) == set(two)
    for name, incident in one.items():
        assert two[name]["probability_e4"] <= incident["probability_e4"]
        assert (
            two[name]["independent_groups"] <= incident["independent_groups"]
        )  # a copy may show others up as copies


def test_who_tells_it_in_the_words_of_a_known_copy_copies_too(make_row: Row, make_table: Table) -> None:
    words = "Two shells fell beside the mill at the edge of the village"
    first = [make_row("a", "camera-1"), make_row("b", "outlet-1", source_kind="media", text=words)]
    known = make_row("c", "outlet-2", source_kind="media", text=words, copy_of="a")
    (apart,) = incidents(make_table(first))
    (together,) = incidents(make_table([*first, known]))
    assert (apart["independent_groups"], together["independent_groups"]) == (2, 1)
    assert together["probability_e4"] <= apart["probability_e4"]


def test_reports_without_any_place_are_kept_apart_and_have_no_place(
    make_row: Row, make_table: Table, line: Line
) -> None:
    rows = [
        make_row(f"o{i}", f"c{i}", place_kind="unknown", lon_udeg=None, lat_udeg=None, at_s=i * 9_000)
        for i in range(9)
    ]
    found = incidents(make_table(rows), line=line)
    assert sum(len(i["supports"]) for i in found) == 9
    assert all(
        i["lon_udeg"] is None and i["line_distance_m"] is None and i["side"] == "undetermined" for i in found
    )


def test_two_reports_of_different_precision_become_one_incident(make_row: Row, make_table: Table) -> None:
    rows = [
        make_row("o1", "camera-1", error_m=100),
        make_row("o2", "patrol-7", source_kind="patrol", east_m=900, north_m=-700, at_s=90, error_m=1_200),
        make_row("o3", "camera-9", east_m=40_000, at_s=20_000),
    ]
    found = incidents(make_table(rows))
    assert [i["supports"] for i in found] == [["o1", "o2"], ["o3"]]
    assert found[0]["independent_groups"] == 2
    assert abs(found[0]["lon_udeg"] - 30_000_000) < 1_500


def test_a_long_string_of_neighbours_does_not_join_its_far_ends(make_row: Row, make_table: Table) -> None:
    rows = [
        make_row(f"o{i:02d}", f"c{i}", source_kind="unknown", east_m=350.0 * i, at_s=20.0 * i, error_m=300)
        for i in range(40)
    ]
    found = incidents(make_table(rows))
    assert len(found) >= 4
    for incident in found:
        places = [int(obs[1:]) for obs in incident["supports"]]
        assert 350 * (max(places) - min(places)) < 4_000


def test_ten_outlets_with_one_source_count_once(make_row: Row, make_table: Table) -> None:
    said = {"source_kind": "media", "time_precision": "day", "lasts_s": 86_400.0}
    one = incidents(make_table([make_row("o0", "agency", **said)]))[0]
    rows = [make_row("o0", "agency", **said)]
    rows += [
        make_row(f"o{i}", f"outlet-{i}", copy_of="o0" if i % 2 else "agency", **said) for i in range(1, 11)
    ]
    ten = incidents(make_table(rows))
    assert len(ten) == 1
    assert ten[0]["independent_groups"] == 1
    assert len(ten[0]["copies"]) == 10
    assert ten[0]["probability_e4"] == one["probability_e4"]


def test_equal_and_nearly_equal_texts_are_copies(make_row: Row, make_table: Table) -> None:
    said = {"source_kind": "media", "time_precision": "day", "lasts_s": 86_400.0}
    texts = [
        "Three shells fell on the eastern market street, officials said on Monday",
        "THREE SHELLS FELL on the eastern market street, officials said on Monday.",
        "Three shells fell on the eastern market street, officials said Monday",
    ]
    found = incidents(
        make_table([make_row(f"o{i}", f"outlet-{i}", text=text, **said) for i, text in enumerate(texts)])
    )
    assert len(found) == 1
    assert found[0]["independent_groups"] == 1


def test_a_party_and_its_allies_are_one_voice_and_never_more_than_reported(
    make_row: Row, make_table: Table, alignments: tuple[Alignment, ...]
) -> None:
    said = {"stance": "claim", "accused": "south"}
    rows = [
        make_row("o1", "ministry", source_kind="party", actor="n1", **said),
        make_row("o2", "authority", source_kind="party", actor="n2", **said),
        make_row("o3", "outlet", source_kind="media", actor="n1", **said),
    ]
    found = incidents(make_table(rows), alignments=alignments)
    assert len(found) == 1
    assert found[0]["independent_groups"] == 1
    assert found[0]["word"] == "reported"
    assert found[0]["accused_by"] == [
        {"actor": "n1", "accused": "south"},
        {"actor": "n2", "accused": "south"},
    ]


@pytest.mark.parametrize("stance", ["denial", "quiet"])
def test_a_denial_or_quiet_report_is_listed_and_lowers(stance: str, make_row: Row, make_table: Table) -> None:
    rows = [make_row("o1", "camera-1")]
    alone = incidents(make_table(rows))[0]
    rows.append(make_row("o2", "post-1", source_kind="post", stance=stance, east_m=100, lasts_s=3_600))
    found = incidents(make_table(rows))
    assert len(found) == 1
    assert found[0]["contradicts"] == ["o2"]
    assert found[0]["supports"] == ["o1"]
    assert found[0]["independent_groups"] == 1
    assert found[0]["probability_e4"] < alone["probability_e4"]


def test_a_denial_alone_is_no_incident(make_row: Row, make_table: Table) -> None:
    assert (
        incidents(make_table([make_row("o1", "ministry", source_kind="party", stance="denial", actor="n1")]))
        == []
    )


def test_a_copy_of_a_denial_supports_nothing(make_row: Row, make_table: Table) -> None:
    rows = [
        make_row("o1", "ministry", source_kind="party", stance="denial", actor="n1"),
        make_row("o2", "outlet", source_kind="media", copy_of="o1"),
        make_row("o3", "camera-1", east_m=60_000, at_s=90_000),
    ]
    assert [i["supports"] for i in incidents(make_table(rows))] == [["o3"]]


def test_an_outlet_that_blames_as_a_party_does_is_that_partys_voice(
    make_row: Row, make_table: Table, alignments: tuple[Alignment, ...]
) -> None:
    rows = [
        make_row("o1", "ministry", source_kind="party", actor="n1", stance="claim", accused="s1"),
        make_row("o2", "outlet", source_kind="media", stance="third_party", accused="s1", means="read"),
    ]
    retold = incidents(make_table(rows), alignments=alignments)
    alone = incidents(make_table(rows[:1]), alignments=alignments)
    assert [i["independent_groups"] for i in retold] == [1]
    assert retold[0]["copies"] == ["o2"]
    assert retold[0]["probability_e4"] == alone[0]["probability_e4"]
    rows[1]["means"] = "saw"
    assert [i["independent_groups"] for i in incidents(make_table(rows), alignments=alignments)] == [2]


def test_hearsay_of_one_origin_is_never_more_than_reported(make_row: Row, make_table: Table) -> None:
    sure = Parameters.from_dict({**DEFAULTS.as_dict(), "prior_e3": 9_000})
    found = incidents(make_table([make_row("o1", "outlet", source_kind="media")]), parameters=sure)
    assert found[0]["probability_e4"] > 9_000
    assert found[0]["word"] == "reported"


def test_an_alert_is_context_and_neither_an_incident_nor_support(make_row: Row, make_table: Table) -> None:
    said = {"source_kind": "civil_alert", "act": "air_raid_alert", "lasts_s": 3_600.0}
    assert incidents(make_table([make_row("o1", "sirens", **said)])) == []
    rows = [make_row("o1", "sirens", **said), make_row("o2", "camera-1")]
    alone, beside = (incidents(make_table(part)) for part in (rows[1:], rows))
    assert alone == beside


def test_a_report_of_a_day_finds_its_incident_beside_hundreds_of_other_days(
    make_row: Row, make_table: Table
) -> None:
    rows = [
        make_row(f"c{i:03d}", f"camera-{i}", east_m=300.0 * (i % 20), at_s=200_000 + 2_000.0 * i)
        for i in range(450)
    ]
    rows.append(make_row("m1", "outlet", source_kind="media", lasts_s=86_400.0, time_precision="day"))
    rows.append(make_row("o1", "camera-x", at_s=40_000.0))
    assert ["m1", "o1"] in [i["supports"] for i in incidents(make_table(rows))]


def test_who_describes_best_does_not_hang_on_what_was_learned(make_row: Row, make_table: Table) -> None:
    rows = [
        make_row("o1", "camera-1", weapon="mortar"),
        make_row("o2", "ministry", source_kind="party", stance="claim", actor="n1", weapon="tank"),
    ]
    trusting = Parameters.from_dict(
        {**DEFAULTS.as_dict(), "weight_e3.party": 9_000, "weight_e3.camera": -500}
    )
    assert incidents(make_table(rows))[0]["weapon"] == "mortar"
    assert incidents(make_table(rows), parameters=trusting)[0]["weapon"] == "mortar"


def test_counts_of_independent_reports_meet_and_do_not_add_up(make_row: Row, make_table: Table) -> None:
    rows = [
        make_row("o1", "camera-1", count_min=7, count_max=9),
        make_row("o2", "post-1", source_kind="post", count_min=5, count_max=8),
        make_row("o3", "post-2", source_kind="post", count_min=4, count_max=None),
    ]
    found = incidents(make_table(rows))
    assert len(found) == 1
    assert (found[0]["count_min"], found[0]["count_max"]) == (7, 8)


def test_probabilities_spread_from_a_rumour_to_three_witnesses(
    make_row: Row, make_table: Table, alignments: tuple[Alignment, ...]
) -> None:
    day = {"time_precision": "day", "lasts_s": 86_400.0, "error_m": 4_000}
    rumour = incidents(make_table([make_row("o1", "outlet", source_kind="media", stance="claim", **day)]))[0]
    heard = incidents(make_table([make_row("o1", "p", source_kind="patrol", means="heard", error_m=1_500)]))[
        0
    ]
    camera = incidents(make_table([make_row("o1", "camera-1", means="recorded")]))[0]
    both = incidents(make_table([make_row("o1", "camera-1"), make_row("o2", "p", source_kind="patrol")]))[0]
    assert rumour["probability_e4"] < heard["probability_e4"] < both["probability_e4"]
    assert rumour["probability_e4"] < camera["probability_e4"] < 6_000, "nothing is corroborated around it"
    assert both["probability_e4"] > 8_000
    assert [i["word"] for i in (rumour, camera)] == ["reported", "reported"]


@ANY_FIXTURE
@given(east=st.integers(-4_500, 4_500), north=st.integers(-10_000, -200), partner=st.booleans())
def test_outgoing_fire_moved_within_its_sector_changes_nothing(
    east: int, north: int, partner: bool, make_row: Row, make_table: Table, line: Line, sectors: Sectors
) -> None:
    def seen(x: float, y: float) -> list[dict[str, Any]]:
        rows = [
            make_row(
                "o1", "array-1", source_kind="acoustic_array", description="outgoing", east_m=x, north_m=y
            )
        ]
        if partner:
            rows.append(
                make_row(
                    "o2",
                    "array-2",
                    source_kind="acoustic_array",
                    description="outgoing",
                    east_m=y / 4,
                    north_m=x - 6_000,
                )
            )
        return incidents(make_table(rows), line=line, sectors=sectors)

    # sector S4a spans 30.0 to 30.1 E and 0.4 to 0.5 N
    found = seen(5_500.0 + east, float(north))
    assert found == seen(5_500.0 + east / 3, north / 2) if not partner else True
    centre = sectors.centre(found[0]["sector_id"])
    assert abs(found[0]["lon_udeg"] / 1e6 - centre[0]) < 1e-4
    assert abs(found[0]["lat_udeg"] / 1e6 - centre[1]) < 1e-4
    assert min(found[0]["cov_ee_m2"], found[0]["cov_nn_m2"]) > 2_500**2
    assert found[0]["outgoing"]


def test_an_impact_on_one_side_is_laid_to_the_other_and_an_admission_outweighs(
    make_row: Row, make_table: Table, line: Line, alignments: tuple[Alignment, ...]
) -> None:
    impact = make_row("o1", "camera-1", north_m=4_000, description="impact")
    assert incidents(make_table([impact]), line=line, alignments=alignments)[0]["side"] == "south"
    near = make_row("o1", "camera-1", north_m=20, description="impact")
    assert incidents(make_table([near]), line=line, alignments=alignments)[0]["side"] == "undetermined"
    blame = make_row(
        "o2", "ministry", source_kind="party", actor="n1", accused="s1", stance="claim", north_m=20
    )
    assert incidents(make_table([near, blame]), line=line, alignments=alignments)[0]["side"] == "undetermined"
    own = make_row(
        "o2", "ministry", source_kind="party", actor="n1", accused="n1", stance="claim", north_m=20
    )
    assert incidents(make_table([near, own]), line=line, alignments=alignments)[0]["side"] == "north"


def test_watchers_that_saw_nothing_lower_and_blind_ones_do_not(
    make_row: Row, make_table: Table, sectors: Sectors
) -> None:
    observations = make_table([make_row("o1", "outlet", source_kind="media")])
    hour = observations.column("observed_from_ms")[0].as_py() // 3_600_000 * 3_600_000
    sector = sectors.of([[30.0, 0.5]])[0]

    def watched(share: int) -> pa.Table:
        return pa.table(
            {
                "sector_id": [sector],
                "hour_ms": [hour],
                "source_kind": ["camera"],
                "watched_e4": [share],
                "night": [False],
            }
        )

    blind = incidents(observations, sectors=sectors, exposure=watched(0))[0]["probability_e4"]
    seeing = incidents(observations, sectors=sectors, exposure=watched(9_000))[0]["probability_e4"]
    assert seeing < blind == incidents(observations, sectors=sectors)[0]["probability_e4"]


def test_parameters_survive_the_log_and_refuse_what_does_not_fit() -> None:
    flat = DEFAULTS.as_dict()
    assert Parameters.from_dict(flat) == DEFAULTS
    assert all(type(value) is int for value in flat.values())
    with pytest.raises(FusionError, match="FUS-001"):
        Parameters.from_dict({**flat, "favourite": 1})
    with pytest.raises(FusionError, match="FUS-002"):
        Parameters.from_dict({**flat, "denial_e3": -1})
    with pytest.raises(FusionError, match="FUS-002"):
        Parameters.from_dict({**flat, "repeat_e4": 10_001})


def test_learning_returns_integers_and_knows_no_party(make_row: Row, make_table: Table) -> None:
    rows = crowd(make_row, 3, 80)
    learned = learn(make_table(rows))
    swapped = [r | {"actor": {"n1": "s1", "s1": "n1"}.get(r["actor"], r["actor"])} for r in rows]
    assert learned == learn(make_table(swapped))
    assert Parameters.from_dict(learned.as_dict()) == learned
    assert learned.rate_e3 != DEFAULTS.rate_e3
    assert all(learned.unmatched_e4[kind] >= 0.3 * least for kind, least in DEFAULTS.unmatched_e4.items())


def test_audits_move_the_probabilities_towards_what_was_found(make_row: Row, make_table: Table) -> None:
    rows = [make_row(f"c{i:03d}", "camera-1", at_s=i * 40_000) for i in range(40)]
    rows += [
        make_row(f"m{i:03d}", "outlet", source_kind="media", east_m=90_000, at_s=i * 40_000)
        for i in range(40)
    ]
    observations = make_table(rows)
    audits = {f"c{i:03d}": i % 4 != 0 for i in range(40)} | {f"m{i:03d}": i % 4 == 0 for i in range(40)}
    learned = learn(observations, audits=audits)
    before, after = incidents(observations), incidents(observations, parameters=learned)
    share = {"before": {}, "after": {}}
    for name, found in (("before", before), ("after", after)):
        for kind in "cm":
            chances = [i["probability_e4"] for i in found if i["incident_id"].startswith(kind)]
            share[name][kind] = sum(chances) / len(chances) / 1e4
    assert abs(share["after"]["c"] - 0.75) < 0.2 < share["after"]["c"] - share["before"]["c"]
    assert abs(share["after"]["m"] - 0.25) < 0.15
    assert learned.weight_e3["party"] == DEFAULTS.weight_e3["party"]


def test_tables_that_do_not_hold_together_are_refused(make_row: Row, make_table: Table) -> None:
    ones = np.zeros(1, dtype=np.int64)
    with pytest.raises(FusionError, match="FUS-003"):
        fuse(make_table([make_row("o1", "c", act="celebration")]), origin=ones)
    with pytest.raises(FusionError, match="FUS-004"):
        fuse(make_table([make_row("o1", "c")]), origin=np.zeros(2, dtype=np.int64))
    with pytest.raises(FusionError, match="FUS-005"):
        fuse(make_table([make_row("o1", "c"), make_row("o1", "d")]), origin=np.zeros(2, dtype=np.int64))
    with pytest.raises(FusionError, match="FUS-006"):
        fuse(make_table([make_row("o1", "c", lasts_s=-5)]), origin=ones)
