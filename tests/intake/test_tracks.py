"""Tracks of patrols and passes of satellites, read from files: whole, or refused with one error."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.errors import IntakeError, TrucelineError
from truceline.intake.tracks import read_tracks

GPX = """<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>patrol-2</name><trkseg>
<trkpt lat="46.1" lon="-29.9"><ele>3</ele><time>2031-03-12T05:00:00Z</time></trkpt>
<trkpt lat="46.11" lon="-29.9"><time>2031-03-12T05:05:00.5Z</time></trkpt></trkseg></trk></gpx>"""
LINE = {
    "type": "Feature", "geometry": {"type": "LineString", "coordinates": [[-29.9, 46.1, 3], [-29.9, 46.11]]},
    "properties": {"name": "patrol-2", "coordTimes": ["2031-03-12T09:00:00+04:00", "2031-03-12T05:05:00.5Z"]},
}  # fmt: skip
CSV = "source_id,time,lat,lon\npatrol-2,2031-03-12T05:00:00Z,46.1,-29.9\npatrol-2,2031-03-12T05:05:00.5Z,46.11,-29.9\n"
POINTS = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": {"name": "patrol-2", "time": when}}
        for at, when in zip(LINE["geometry"]["coordinates"], LINE["properties"]["coordTimes"], strict=True)  # type: ignore[index]
    ],
}  # fmt: skip


def write(tmp_path: Path, text: str, name: str = "track") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text", [GPX, json.dumps(LINE), json.dumps(POINTS), CSV], ids=["gpx", "line", "points", "csv"]
)
def test_every_form_says_the_same(tmp_path: Path, text: str) -> None:
    assert read_tracks(write(tmp_path, text)).to_pylist() == [
        {"source_id": "patrol-2", "at_ms": 1_931_058_000_000 + more, "lon_udeg": -29_900_000, "lat_udeg": lat, "outcome": "watched"}
        for more, lat in ((0, 46_100_000), (300_500, 46_110_000))
    ]  # fmt: skip
    assert set(read_tracks(write(tmp_path, text), source_id="p9")["source_id"].to_pylist()) == {"p9"}


def test_passes_have_a_swath_and_a_sky(tmp_path: Path) -> None:
    made = read_tracks(
        write(tmp_path, "satellite,time,lat,lon,swath_m,clear\nv1,2031-03-12T05:00:00Z,46,30,3000000,no\n")
    )
    assert made.schema.field("clear").type == pa.bool_()
    assert (made["swath_m"].to_pylist(), made["clear"].to_pylist()) == ([3_000_000], [False])


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("", "COV-010", "track"), ("a,b\n1,2\n", "COV-010", "track"), ("{}", "COV-010", "track"), ("<gpx", "COV-010", "track"),
        ('<!DOCTYPE gpx [<!ENTITY a "b">]><gpx/>', "COV-010", "track"), ("<gpx/>", "COV-010", "track"),
        (GPX.replace("05:00:00Z", "05:00:00"), "COV-011", "track, point 1"),
        (GPX.replace('lat="46.11"', 'lat="146.11"'), "COV-011", "track, point 2"),
        (CSV.replace("46.1,-29.9", "46.1"), "COV-011", "track, line 2"), (CSV.replace("-29.9\n", "nan\n"), "COV-011", "track, line 2"),
        (CSV.replace("patrol-2", ""), "COV-011", "track, line 2"),
        ("time,lat,lon,source,outcome\n2031-03-12T05:00:00Z,1,1,a,slept\n", "COV-011", "track, line 2"),
        ("time,lat,lon,source,swath_m,clear\n2031-03-12T05:00:00Z,1,1,a,9,perhaps\n", "COV-011", "track, line 2"),
        (json.dumps(LINE | {"properties": {"name": "x"}}), "COV-011", "track, feature 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, text: str, code: str, where: str
) -> None:
    with pytest.raises(IntakeError, match=code) as caught:
        read_tracks(write(tmp_path, text))
    assert caught.value.where == where
    assert caught.value.remedy


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, 600),
    noise=st.binary(min_size=1, max_size=6),
    of=st.sampled_from([GPX, json.dumps(LINE), CSV]),
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, at: int, noise: bytes, of: str) -> None:
    raw = of.encode()
    path = tmp_path / "track"
    path.write_bytes(raw[: at % len(raw)] + noise + raw[at % len(raw) + len(noise) :])
    with contextlib.suppress(TrucelineError):
        read_tracks(path)
