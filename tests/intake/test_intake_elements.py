"""Long JSON arrays: streamed, and one broken element is refused alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline import intake
from truceline.errors import IntakeError
from truceline.intake.containers import elements


def feature(number: int) -> str:
    properties = {"obs_id": f"o{number}", "source_id": "post", "observed_from_ms": 1_600_000_000_000 + number}
    geometry = {"type": "Point", "coordinates": [46.5, 39.5]}
    return json.dumps({"type": "Feature", "geometry": geometry, "properties": properties})


def collection(*features: str) -> str:
    return '{"type": "FeatureCollection", "name": "x", "features": [\n' + ",\n".join(features) + "\n]}\n"


def test_features_keep_their_lines(write, take):
    found = take(write(collection(feature(1), feature(2)), "a.geojson"))
    assert [row["obs_id"] for row in found.rows] == ["o1", "o2"]
    assert found.lines == [2, 3]
    assert found.rows[0]["lon_udeg"] == 46_500_000


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_the_size_of_pieces_changes_nothing(write, take, monkeypatch, size):
    path = write(collection(*(feature(number) for number in range(50))), "a.geojson")
    whole = take(path)
    monkeypatch.setattr(elements, "PIECE_BYTES", size)
    pieces = take(path)
    assert pieces.rows == whole.rows
    assert pieces.lines == whole.lines == list(range(2, 52))


@pytest.mark.parametrize(
    "bad",
    [
        '{"type": "Feature", "properties": {"a": nonsense}}', "5", '"text"', "null", "[]", '{"type": "Point"}',
        '{"type": "Feature", "properties": 3}',
        '{"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}',
        '{"type": "Feature", "properties": {"text": "\\ud800"}}',
        feature(2).replace('"obs_id"', '"obs_id": "another", "obs_id"'),
        feature(2).replace('"obs_id"', '"OBS_ID": "another", "obs_id"'),
        feature(2).replace('"type": "Point"', '"type": "Point", "type": "Point"'),
    ],
)  # fmt: skip
def test_one_broken_feature_is_refused_alone(write, take, bad):
    found = take(write(collection(feature(1), bad, feature(3)), "a.geojson"))
    assert [row["obs_id"] for row in found.rows] == ["o1", "o3"]
    assert found.refusals() == [(3, "INT-114")]


def test_a_feature_that_is_not_utf8_is_refused_alone(write, take):
    raw = (
        collection(feature(1), feature(2).replace("post", "pXst"), feature(3))
        .encode()
        .replace(b"pXst", b"p\xffst")
    )
    found = take(write(raw, "a.geojson"))
    assert found.refusals() == [(3, "INT-102")]
    assert len(found.rows) == 2


def test_a_cut_off_array_says_where(write):
    whole = collection(feature(1), feature(2), feature(3))
    with pytest.raises(IntakeError, match="INT-015") as caught:
        list(intake.open_file(write(whole[:-60], "a.geojson")))
    assert "a.geojson:4" in str(caught.value)


@pytest.mark.parametrize("text", ["{}", '{"type": "FeatureCollection"}', "[1, 2", "{"])
def test_json_without_an_array_of_objects_is_refused(write, text):
    with pytest.raises(IntakeError):
        list(intake.open_file(write(text, "a.json")))


def test_digits_are_kept_as_written(write):
    path = write(
        '[{"a": 1.10, "b": 12345678901234567890, "c": true, "d": null, "e": "", "f": [1]}]', "a.json"
    )
    table = next(iter(elements.Elements(path, elements.as_is).blocks())).table
    assert table.to_pylist() == [
        {"a": "1.10", "b": "12345678901234567890", "c": "true", "d": None, "e": None, "f": '["1"]'}
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.text(max_size=6), max_size=3), max_size=6),
    st.booleans(),
)
def test_whatever_json_writes_is_read_back(tmp_path, objects, ascii_only):
    path = tmp_path / "any.json"
    try:
        path.write_text(json.dumps(objects, ensure_ascii=ascii_only, indent=1), encoding="utf-8")
    except UnicodeEncodeError:
        return
    found = [element for _line, element, _raw in elements.elements(path)]
    assert found == objects


@pytest.mark.parametrize(
    "text",
    [
        collection(feature(1)).rstrip()[:-1] + ', "features": [' + feature(2) + "]}",
        collection(feature(1)).rstrip()[:-1] + ', "records": []}',
        collection(feature(1)).rstrip()[:-1],
        collection(feature(1)) * 2,
        "[" + feature(1) + "]]",
    ],
)
def test_a_second_array_or_no_end_is_refused_rather_than_left_unread(write, text):
    with pytest.raises(IntakeError, match="INT-015"):
        list(intake.open_file(write(text, "a.geojson")))


@pytest.mark.parametrize("after", ["", ', "count": 1', ', "bbox": [1, 2, 3, 4], "links": {"data": [1]}'])
def test_members_after_the_array_are_no_rows(write, take, after):
    found = take(write(collection(feature(1)).rstrip()[:-1] + after + "}\n", "a.geojson"))
    assert len(found.rows) == 1


def test_features_that_say_nothing_are_counted(write, take):
    found = take(
        write(collection('{"type": "Feature", "properties": null, "geometry": null}'), "a.geojson"),
        format="truceline-geojson",
    )
    assert found.refusals() == [(2, "INT-105")]
