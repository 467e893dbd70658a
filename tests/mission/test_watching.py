"""Files of tracks and passes become sealed watches and count as coverage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from truceline import coverage
from truceline.cli.main import app
from truceline.errors import UsageError
from truceline.mission import exercise
from truceline.mission.clock import iso
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.mission.watching import HOUR_MS, watch
from truceline.simulate.exercise import Exercise, build

SECOND_MS = 1_000


@pytest.fixture(scope="module")
def made() -> Exercise:
    return build(1, 0.01)


@pytest.fixture
def mission(made: Exercise, tmp_path: Path) -> Mission:
    return exercise.open_exercise(tmp_path / "EXERCISE-m", made)


def track(tmp_path: Path, mission: Mission, made: Exercise, name: str = "track.csv") -> Path:
    """Three hours along the line, a fix every ten seconds; in the second hour access is denied, a half-hour is lost."""
    [line] = [f for f in mission.geometry["features"] if f["properties"]["role"] == "line"]
    lon, lat = line["geometry"]["coordinates"][0]
    lines = ["source_id,time,lon,lat,outcome"]
    for second in range(0, 3 * 3_600, 10):
        if 9_000 <= second < 10_800 - 600:
            continue
        outcome = "access_denied" if 3_600 <= second < 7_200 else "watched"
        when = iso(made.start_ms + second * SECOND_MS)
        lines.append(f"EXERCISE-patrol-7,{when},{lon + second * 1e-5:.6f},{lat:.6f},{outcome}")
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_track_becomes_few_watches_that_know_where_access_was_denied(
    mission: Mission, made: Exercise, tmp_path: Path
) -> None:
    path = track(tmp_path, mission, made)
    told = watch(mission, path, radius_m=2_000)
    rows = Views(mission).watches().to_pylist()
    assert told.sealed == len(rows) < told.fixes / 4
    assert told.sources == ["EXERCISE-patrol-7"]
    hours = {name: sum(r["to_ms"] - r["from_ms"] for r in rows if r["outcome"] == name) / HOUR_MS for name in ("watched", "access_denied")}  # fmt: skip
    assert hours["access_denied"] == pytest.approx(1.0, abs=0.02)
    assert sum(r["outcome"] == "access_denied" for r in rows) == 1, "who was stopped was stopped once"
    assert hours["watched"] == pytest.approx(1.5 + 600 / 3600, abs=0.1), "the lost half-hour is nobody's"
    assert told.hours == pytest.approx(hours["watched"], abs=0.06)
    again = watch(mission, path, radius_m=2_000)
    assert (again.sealed, again.duplicates) == (0, told.sealed)
    with pytest.raises(UsageError, match="MIS-248"):
        watch(mission, path, radius_m=3_000)
    verify(mission.root)
    raw = b"".join(one.read_bytes() for one in (mission.root / "log").rglob("*") if one.is_file())
    assert b"patrol-7" not in raw
    assert mission.sectors is not None
    assert mission.line is not None
    exposed = coverage.exposure(
        Views(mission).watches(), sectors=mission.sectors, line=mission.line, from_ms=made.start_ms // HOUR_MS * HOUR_MS,
        to_ms=made.start_ms // HOUR_MS * HOUR_MS + 4 * HOUR_MS, zone=made.zone,
    )  # fmt: skip
    seen = coverage.summary(exposed)
    assert sum(seen["hours_watched_e1"].to_pylist()) > 0


def test_thinning_keeps_the_ways_that_are_watched(mission: Mission, made: Exercise, tmp_path: Path) -> None:
    from truceline.intake.tracks import read_tracks

    fixes = read_tracks(track(tmp_path, mission, made))
    known = {"sectors": mission.sectors, "line": mission.line, "from_ms": made.start_ms // HOUR_MS * HOUR_MS, "to_ms": made.start_ms // HOUR_MS * HOUR_MS + 4 * HOUR_MS, "zone": made.zone}  # fmt: skip
    shares = []
    for some in (fixes, coverage.thinned(fixes, 2_000)):
        exposed = coverage.exposure(coverage.patrol_watches(some, radius_m=2_000, exercise=True), **known)  # type: ignore[arg-type]
        shares.append(sum(exposed["watched_e4"].to_pylist()))
    assert shares[0] > 0
    assert shares[1] == pytest.approx(shares[0], rel=0.05)


def test_passes_and_what_a_file_lacks(mission: Mission, made: Exercise, tmp_path: Path) -> None:
    path = tmp_path / "passes.csv"
    rows = [f"EXERCISE-viirs,{iso(made.start_ms + n * 12 * HOUR_MS)},-29.9,46.1,3000000,{word}" for n, word in enumerate(("yes", "no", "yes"))]  # fmt: skip
    path.write_text("\n".join(["source_id,time,lon,lat,swath_m,clear", *rows]))
    run = CliRunner()
    missing = run.invoke(app, ["watch", str(mission.root), str(path)])
    assert missing.exit_code != 0
    assert "COV-012" in str(missing.exception)
    told = run.invoke(app, ["watch", str(mission.root), str(path), "--lingers-hours", "6", "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.output)["hours"] == 12.0
    found = Views(Mission.open(mission.root)).watches()
    assert found["outcome"].to_pylist() == ["watched", "weather", "watched"]
    assert set(found["source_kind"].to_pylist()) == {"satellite"}
    short = tmp_path / "short.csv"
    short.write_text(f"source_id,time,lon,lat\np,{iso(made.start_ms)},1,1\n")
    with pytest.raises(UsageError, match="COV-012"):
        watch(mission, track(tmp_path, mission, made))
    for wrong in ({"radius_m": 500}, {"radius_m": 500, "source_kind": "balloon"}):
        with pytest.raises(UsageError, match="COV-012"):
            watch(mission, short, **wrong)
