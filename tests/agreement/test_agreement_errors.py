"""Every AGR code is raised by the fault it is named for, with the place where it stands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from agreement_rows import LINE, NOBODY, incident, incidents
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline import agreement
from truceline.agreement.folder import FORMAT
from truceline.errors import AgreementError, TrucelineError
from truceline.geo import Line
from truceline.records.canonical import canonical

FILES = agreement.load("exercise-accord").files
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "errors" / "agreement.md"


def line_of(text: str, nth: int = 1) -> str:
    """`agreement.yaml:N` of the n-th line that holds `text`."""
    found = [number for number, line in enumerate(FILES["agreement.yaml"].splitlines(), 1) if text in line]
    return f"agreement.yaml:{found[nth - 1]}"


def unpacked(files: dict[str, str]) -> agreement.Agreement:
    return agreement.unpack(canonical({"format": FORMAT, "files": files}))


def changed(old: str, new: str, file: str = "agreement.yaml") -> Callable[[], object]:
    assert old in FILES[file]
    return lambda: unpacked(FILES | {file: FILES[file].replace(old, new, 1)})


def _folder_with_a_stray_file() -> object:
    return unpacked(FILES | {"notes.txt": "hello"})


def _too_large() -> object:
    return unpacked(FILES | {"cases/big.yaml": "#" * 1_000_001})


def _assessed_with_a_short_table() -> object:
    short = incidents(incident()).drop_columns(["weapon"])
    return agreement.assess(short, NOBODY, agreement.load("exercise-accord"), as_of_ms=0, line=LINE)


def _assessed_with_a_line_of_other_sides() -> object:
    package = agreement.load("minsk-2015-package")
    return agreement.assess(incidents(incident()), NOBODY, package, as_of_ms=2**50, line=LINE)


CASES = "cases/accord.yaml"
FAULTS: dict[str, tuple[str, Callable[[], object], str]] = {
    "folder that does not exist": ("AGR-001", lambda: agreement.load("no-such-agreement"), ""),
    "file that does not belong": ("AGR-002", _folder_with_a_stray_file, "notes.txt"),
    "file too large": ("AGR-003", _too_large, "cases/big.yaml"),
    "not yaml": ("AGR-004", changed("format: ", "format: [", ), "agreement.yaml:"),
    "alias": ("AGR-004", changed("version: \"1\"", "version: &a \"1\""), line_of("version:")),
    "tag": ("AGR-004", changed("version: \"1\"", "version: !!python/name:os.system \"1\""), line_of("version:")),
    "key twice": ("AGR-005", changed("title: EXERCISE Accord", "id: x\ntitle: EXERCISE Accord"), line_of("title: EXERCISE Accord")),
    "unknown field": ("AGR-006", changed("distance_m: 15000", "distance: 15000"), line_of("distance_m: 15000")),
    "missing field": ("AGR-007", changed("    title: Entry into force\n", ""), line_of('number: "1"')),
    "wrong type": ("AGR-008", changed("distance_m: 15000", "distance_m: fifteen"), line_of("distance_m: 15000")),
    "decimal metres": ("AGR-008", changed("within_m: 10000", "within_m: 10000.5"), line_of("within_m: 10000")),
    "unknown shape": ("AGR-008", changed("shape: access", "shape: accession"), "agreement.yaml:"),
    "geometry": ("AGR-009", changed("FeatureCollection", "Feature", "geometry/case-lines.geojson"), "geometry/"),
    "geometry not json": ("AGR-009", changed("{", "", "geometry/case-lines.geojson"), "geometry/"),
    "role": ("AGR-009", changed("case-line", "case", "geometry/case-lines.geojson"), "geometry/"),
    "time": ("AGR-010", changed("2031-03-03T00:00", "3 March 2031"), line_of('number: "1"')),
    "no such day": ("AGR-010", changed("2031-03-03T00:00", "2031-02-30T00:00"), line_of('number: "1"')),
    "hour that clocks skip": (
        "AGR-010",
        changed('"2031-03-03T00:00", zone: Etc/GMT-4', '"2031-03-30T03:30", zone: Europe/Kyiv'),
        line_of('number: "1"'),
    ),
    "hour that comes twice": (
        "AGR-010",
        changed('"2031-03-03T00:00", zone: Etc/GMT-4', '"2031-10-26T03:30", zone: Europe/Kyiv'),
        line_of('number: "1"'),
    ),
    "time zone": ("AGR-011", changed("Etc/GMT-4", "Local"), line_of('number: "1"')),
    "time zone as a path": ("AGR-011", changed("Etc/GMT-4", "../etc/passwd"), line_of('number: "1"')),
    "act": ("AGR-012", changed("[explosion, burst", "[boom, burst"), line_of("acts: [explosion")),
    "verdict": ("AGR-012", changed('{"2": breach}', '{"2": guilty}', CASES), f"{CASES}:"),
    "calibre": ("AGR-013", changed('">= 100 mm"', '"100 mm and more"'), line_of('">= 100 mm"')),
    "tampered pack": ("AGR-014", lambda: agreement.unpack(agreement.pack("exercise-accord")[:-2]), ""),
    "pack without agreement.yaml": ("AGR-014", lambda: unpacked({}), ""),
    "article twice": ("AGR-015", changed("text: text-2", "text: text-1"), line_of('number: "3"', 2)),
    "case twice": ("AGR-015", changed("- id: mortar-82mm", "- id: burnt-field", CASES), ""),
    "unknown line": ("AGR-016", changed("from_line: line-of-contact", "from_line: other"), line_of('number: "3"')),
    "unknown exception": ("AGR-016", changed('exceptions: ["5"]', 'exceptions: ["6"]'), line_of('number: "2"')),
    "unknown article in a case": ("AGR-016", changed('expect: {"2": breach}', 'expect: {"9": breach}', CASES), CASES),
    "unknown article asked for": ("AGR-016", lambda: agreement.load("exercise-accord").article("99"), ""),
    "distance and width": ("AGR-017", changed("distance_m: 15000", "distance_m: 15000\n        width_m: 30000"), ""),
    "time and readings": ("AGR-017", changed('{local: "2031-03-03T00:00", zone: Etc/GMT-4}', "{zone: Etc/GMT-4}"), ""),
    "line without distance": ("AGR-018", changed(", within_m: 10000", ""), line_of('number: "4"')),
    "upside down": ("AGR-018", changed("within_m: 10000", "within_m: 10, beyond_m: 20"), line_of('number: "4"')),
    "table without columns": ("AGR-019", _assessed_with_a_short_table, ""),
    "line of other sides": ("AGR-020", _assessed_with_a_line_of_other_sides, "article 2"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_raises_its_code_and_says_where(fault: str) -> None:
    code, broken, where = FAULTS[fault]
    with pytest.raises(AgreementError) as caught:
        broken()
    assert caught.value.code == code, str(caught.value)
    assert where in caught.value.where
    assert caught.value.rule
    assert f"## {code}" in DOCS.read_text()


def _without(text: str, start: str, end: str) -> str:
    first = text.index(start)
    return text[:first] + text[text.index(end, first) :]


YAML = FILES["agreement.yaml"]
DEFECTS: dict[str, Callable[[], dict[str, str]]] = {
    "AGR-030": lambda: {"agreement.yaml": YAML.replace(", zone: Etc/GMT-4", "")},
    "AGR-031": lambda: {"agreement.yaml": _without(YAML, '  - number: "1"', '  - number: "2"')},
    "AGR-032": dict,
    "AGR-033": lambda: {
        "agreement.yaml": YAML.replace(
            "distance_m: 15000",
            'distance_m: 15000\n        by: {local: "2031-02-01T00:00", zone: Etc/UTC}',
            1,
        )
    },
    "AGR-034": lambda: {CASES: "cases:\n" + FILES[CASES][FILES[CASES].index("  - id: burnt-field") :]},
    "AGR-035": dict,
    "AGR-036": lambda: {"agreement.yaml": YAML.replace("may_be: [thermal", "may_be: [burst, thermal")},
    "AGR-037": lambda: {
        "agreement.yaml": YAML.replace(
            '{local: "2031-03-03T00:00", zone: Etc/GMT-4}',
            '{readings: [{local: "2031-03-03T00:00", zone: Etc/GMT-4}, {local: "2031-03-03T00:00", zone: Etc/UTC}]}',
        )
    },
    "AGR-038": lambda: {"agreement.yaml": YAML.replace("confidence: fictional", "confidence: seen", 1)},
    "AGR-039": lambda: {"agreement.yaml": YAML.replace("distance_m: 15000", "distance_m: 12000", 1)},
}


@pytest.mark.parametrize("code", DEFECTS)
def test_linter_names_the_defect(code: str) -> None:
    found = agreement.check(unpacked(FILES | DEFECTS[code]()))
    assert code in {problem.code for problem in found}
    assert f"## {code}" in DOCS.read_text()
    for problem in found:
        assert problem.where.startswith(("agreement.yaml:", "cases/"))
        assert problem.rule
        assert problem.remedy


def test_sound_text_has_only_the_defects_it_is_meant_to_show() -> None:
    found = agreement.check(agreement.load("exercise-accord"))
    assert sorted({problem.code for problem in found}) == ["AGR-032", "AGR-035"]


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "agreement.yaml").write_text(YAML)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "c.yaml").symlink_to(tmp_path / "agreement.yaml")
    with pytest.raises(AgreementError) as caught:
        agreement.load(tmp_path)
    assert caught.value.code == "AGR-002"


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "agreement.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(AgreementError) as caught:
        agreement.load(tmp_path)
    assert caught.value.code == "AGR-003"


def test_packing_a_folder_on_disk_gives_the_bytes_of_its_text(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    assert agreement.pack(tmp_path) == agreement.pack("exercise-accord")


def test_times_and_norwegian_words_stay_what_was_written() -> None:
    from truceline.agreement.documents import parse

    assert parse("f", "a: 12:00\nb: no\nc: 2031-01-01\nd: 0x10\ne: 1_0\nf: 7\ng: true\nh: 1.5\n").value == {
        "a": "12:00", "b": "no", "c": "2031-01-01", "d": "0x10", "e": "1_0", "f": 7, "g": True, "h": "1.5",
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_to_the_yaml_loads_or_is_refused_in_our_own_words(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(YAML) - 1))
    length = data.draw(st.integers(0, 30))
    insert = data.draw(st.text(max_size=12))
    damaged = YAML[:at] + insert + YAML[at + length :]
    with contextlib.suppress(TrucelineError):
        unpacked(FILES | {"agreement.yaml": damaged})


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_pack(raw: bytes) -> None:
    with pytest.raises(AgreementError):
        agreement.unpack(raw)


def test_a_line_needs_the_sides_of_a_side_bound_article() -> None:
    package = agreement.load("minsk-2015-package")
    fitting = Line("line-of-contact", np.array(LINE.lonlat), "side-1", "side-2")
    found = agreement.assess(incidents(incident()), NOBODY, package, as_of_ms=2**50, line=fitting)
    assert found.num_rows == 3
