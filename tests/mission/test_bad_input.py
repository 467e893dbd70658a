"""Bad files, full disks and kills: one clear error or one counted row, and the mission goes on.

`TRUCELINE_LARGE_ROWS=1000000` makes the large file a million rows, `TRUCELINE_CRASH_ROUNDS=50` kills more often
and lets every single write fail instead of every third.
"""

from __future__ import annotations

import csv
import errno
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truceline.cli.init import create
from truceline.errors import EnvironmentFailure, IntakeError, UsageError
from truceline.evidence import Vault
from truceline.mission.importing import Imported, import_file
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify
from truceline.mission.views import Views
from truceline.records.kinds import Import
from truceline.store import TableWriter

LARGE_ROWS = int(os.environ.get("TRUCELINE_LARGE_ROWS", "100000"))
ROUNDS = int(os.environ.get("TRUCELINE_CRASH_ROUNDS", "2"))
STRIDE = 1 if ROUNDS > 2 else 3
HEAD = "obs_id,source_id,observed_from,lon_deg,lat_deg,act,text\n"
GOOD = HEAD + "a1,post-1,2031-03-03T10:00:00Z,21.5,0.8,explosion,heard\n"


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    return create(tmp_path / "mission", parties=[], alignments=[])


def write(tmp_path: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def row(number: int, text: str = "heard", **other: str) -> str:
    cells = {"time": "2031-03-03T10:00:00Z", "lon": "21.5", "lat": "0.8", "act": "explosion"} | other
    return f"b{number},post-1,{cells['time']},{cells['lon']},{cells['lat']},{cells['act']},{text}\n"


def refusals(made: Imported) -> list[tuple[int, str]]:
    with Path(made.rejected_file).open(encoding="utf-8", newline="") as file:
        return [(int(one["line"]), one["code"]) for one in csv.DictReader(file)]


def nothing_half_written(mission: Mission) -> bool:
    """No file of an import under way, and everything else as the log says."""
    found = [
        path for path in mission.root.rglob("*") if ".waiting." in path.name or path.name.endswith(".new")
    ]
    verify(mission.root)
    return not found


# Files that cannot be read at all


def parquet(cut: int) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"source_id": ["post-1"] * 50, "observed_from_ms": range(50)}), sink)
    whole: bytes = sink.getvalue().to_pybytes()
    return whole[:-cut]


def packed(tmp_path: Path) -> bytes:
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.csv", GOOD)
    return path.read_bytes()


def workbook(tmp_path: Path) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for cells in csv.reader(GOOD.splitlines()):
        book.active.append(cells)
    book.save(tmp_path / "rows.xlsx")
    return (tmp_path / "rows.xlsx").read_bytes()


UNREADABLE: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "empty": (lambda _: b"", "INT-002"),
    "only a byte order mark": (lambda _: b"\xef\xbb\xbf", "INT-002"),
    "random bytes": (lambda _: random.Random(1).randbytes(5000), "INT-003"),
    "an image": (lambda _: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(900), "INT-004"),
    "a compressed file": (lambda _: gzip.compress(GOOD.encode(), mtime=0), "INT-003"),
    "an archive": (packed, "INT-017"),
    "a cut workbook": (lambda tmp_path: workbook(tmp_path)[:-60], "INT-017"),
    "a cut Parquet file": (lambda _: parquet(40), "INT-016"),
    "a Parquet file without its last byte": (lambda _: parquet(1), "INT-016"),
    "a cut array": (lambda _: b'[{"event_id_cnty": "A1", "event_date": "2031-03-03"', "INT-015"),
    "UTF-16 without its mark": (lambda _: GOOD.encode("utf-16-le"), "INT-003"),
    "a header in another encoding": (lambda _: "Zone,Änderung\n1,2\n".encode("cp1252"), "INT-004"),
    "a column twice": (lambda _: b"source_id,source_id\na,b\n", "INT-005"),
    "a misspelt column": (lambda _: b"source_id,observd_from,lon_deg,lat_deg,act,text\n", "INT-008"),
    "prose": (lambda _: b"Nothing to report today.\n", "INT-006"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_table_is_one_error_and_no_entry(
    mission: Mission, tmp_path: Path, name: str
) -> None:
    content, code = UNREADABLE[name]
    before = mission.log.size
    with pytest.raises(IntakeError) as caught:
        import_file(mission, write(tmp_path, content(tmp_path)))
    assert caught.value.code == code
    assert caught.value.remedy or code == "INT-005"
    assert mission.log.size == before
    assert nothing_half_written(mission)
    assert import_file(mission, write(tmp_path, GOOD)).accepted == 1


def test_a_file_cut_in_the_middle_of_its_rows_is_refused_where_half_is_no_evidence(
    mission: Mission, tmp_path: Path
) -> None:
    """An array that breaks off after rows were read: nothing of them is kept."""
    features = [
        {"type": "Feature", "geometry": None, "properties": {"source_id": f"post-{n}", "observed_from_ms": n}}
        for n in range(20_500)
    ]
    whole = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    with pytest.raises(IntakeError, match="INT-015"):
        import_file(mission, write(tmp_path, whole[:-200], "rows.geojson"))
    assert nothing_half_written(mission)
    assert import_file(mission, write(tmp_path, whole, "rows.geojson")).accepted == 20_500


def test_a_folder_and_an_absent_file_are_named(mission: Mission, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.csv"):
        with pytest.raises(UsageError, match="MIS-010"):
            import_file(mission, path)


def test_a_file_whose_name_is_no_text_is_taken_under_its_bytes_written_out(
    mission: Mission, tmp_path: Path
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    try:
        path.write_text(GOOD)
    except OSError:
        pytest.skip("this file system takes no such name")
    assert import_file(mission, path).accepted == 1
    assert mission.of(Import)[0][1].name == "caf\\xe9.csv"
    shutil.rmtree(mission.root / "views")
    assert Views(mission).observed().observations.num_rows == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_file_that_may_not_be_read_is_named(mission: Mission, tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.chmod(0)
    with pytest.raises(IntakeError, match="INT-001"):
        import_file(mission, path)


# Rows that cannot be


def test_each_bad_row_is_refused_with_its_line_and_reason_and_the_rest_is_taken(
    mission: Mission, tmp_path: Path
) -> None:
    bad = {
        3: ("INT-108", row(1, lon="181")), 4: ("INT-108", row(2, lat="-90.5")), 5: ("INT-108", row(3, lon="")),
        6: ("INT-106", row(4, lon="21,5".replace(",", "°"))), 7: ("INT-109", row(5, time="2031-02-30T10:00:00Z")),
        8: ("INT-109", row(6, time="2031-03-03T25:00:00Z")), 9: ("INT-109", row(7, time="2031-03-03T10:00:00")),
        10: ("INT-109", row(8, time="1066-10-14T09:00:00Z")), 11: ("INT-105", row(9, time="")),
        12: ("INT-107", row(10, act="bang")), 13: ("INT-101", row(11, text="one,two")),
        14: ("INT-104", row(12, text='"open')), 15: ("INT-103", row(13, text="a\0b")),
    }  # fmt: skip
    content = GOOD + "".join(line for _, line in bad.values()) + row(99)
    made = import_file(mission, write(tmp_path, content))
    assert (made.accepted, made.rejected, made.rows) == (2, len(bad), len(bad) + 2)
    assert refusals(made) == [(line, code) for line, (code, _) in bad.items()]
    with Path(made.rejected_file).open(encoding="utf-8", newline="") as file:
        for one, (_, raw) in zip(csv.DictReader(file), bad.values(), strict=True):
            assert one["rule"]
            assert raw.split(",")[0] in one["raw"]
    assert mission.of(Import)[0][1].rejected == len(bad)
    again = import_file(mission, write(tmp_path, content))
    assert (again.accepted, again.rejected, again.rejected_file) == (0, made.rejected, made.rejected_file)
    assert nothing_half_written(mission)


def test_rows_in_another_encoding_are_refused_until_the_encoding_is_named(
    mission: Mission, tmp_path: Path
) -> None:
    path = write(tmp_path, (GOOD + row(1, "gehört") + row(2)).encode("cp1252"))
    made = import_file(mission, path)
    assert (made.accepted, refusals(made)) == (2, [(3, "INT-102")])
    made = import_file(mission, path, settings={"encoding": "cp1252"})
    assert (made.accepted, made.duplicates, made.rejected) == (1, 2, 0)
    with pytest.raises(IntakeError, match="INT-010"):
        import_file(mission, path, settings={"encoding": "klingon"})


def test_the_same_key_twice_is_a_duplicate_or_a_newer_version_and_is_counted(
    mission: Mission, tmp_path: Path
) -> None:
    made = import_file(mission, write(tmp_path, GOOD + row(1) + row(1) + row(1, "corrected") + row(2)))
    assert (made.accepted, made.duplicates, made.superseded, made.rejected) == (3, 1, 1, 0)
    standing = Views(mission).observed().observations
    assert dict(zip(*(standing.column(n).to_pylist() for n in ("obs_id", "text")), strict=True)) == {
        "a1": "heard", "b1": "corrected", "b2": "heard",
    }  # fmt: skip


def test_one_bad_row_among_very_many_costs_one_row(mission: Mission, tmp_path: Path) -> None:
    middle = LARGE_ROWS // 2
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write(HEAD)
        file.writelines(row(n) for n in range(middle))
        file.write(row(middle, text='"a lone quote'))
        file.writelines(row(n) for n in range(middle + 1, LARGE_ROWS))
    made = import_file(mission, path)
    assert (made.accepted, made.rejected, made.duplicates) == (LARGE_ROWS - 1, 1, 0)
    assert refusals(made) == [(middle + 2, "INT-104")]


def test_a_file_that_changes_while_it_is_read_is_not_taken(
    mission: Mission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, whole = write(tmp_path, GOOD), Vault.seal_file

    def meddle(vault: Vault, source: Path | bytes, secret: bytes = b"") -> str:
        path.write_text(GOOD + row(1))
        return whole(vault, source, secret)

    monkeypatch.setattr(Vault, "seal_file", meddle)
    with pytest.raises(UsageError, match="MIS-011"):
        import_file(mission, path)
    monkeypatch.undo()
    assert mission.of(Import) == []
    assert nothing_half_written(mission)
    assert import_file(mission, path).accepted == 2


# A disk that fills up


class Filling:
    """Let the calls by which bytes and names reach the disk fail from one of them on, until `stop`."""

    def __init__(self, patch: pytest.MonkeyPatch, fails_at: int) -> None:
        self.calls, self._fails_at = 0, fails_at
        for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "mkdir"), (TableWriter, "add")):
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls >= self._fails_at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return plain(*given, **named)

        return call


@pytest.mark.slow
def test_whatever_write_the_disk_refuses_the_mission_stands_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        os, "fsync", lambda _: None
    )  # no power fails here; the calls are counted all the same
    first = write(tmp_path, GOOD, "first.csv")
    second = write(tmp_path, HEAD + row(1) + row(2, lon="999"), "second.csv")
    whole = tmp_path / "whole"
    import_file(create(whole, parties=[], alignments=[]), first)
    with monkeypatch.context() as patch:
        counting = Filling(patch, 10**9)
        import_file(Mission.open(whole), second)
    assert counting.calls > 15
    base = tmp_path / "base"
    import_file(create(base, parties=[], alignments=[]), first)
    outcomes, failing = Counter[str](), range(1, counting.calls + 1, STRIDE)
    for fails_at in failing:
        copy = tmp_path / f"copy{fails_at}"
        for suffix in ("", ".keys"):
            shutil.copytree(f"{base}{suffix}", f"{copy}{suffix}")
        mission = Mission.open(copy)
        with monkeypatch.context() as patch:
            Filling(patch, fails_at)
            try:
                import_file(mission, second)
            except EnvironmentFailure as problem:
                outcomes[problem.code] += 1
        assert [body.name for _, body in mission.of(Import)][:1] == ["first.csv"]
        again = Mission.open(copy)
        made = import_file(again, second)
        assert (made.accepted + made.duplicates, made.rejected) == (1, 1)
        assert [body.name for _, body in again.of(Import)] == ["first.csv", "second.csv"]
        assert Views(again).observed().observations.num_rows == 2
        assert nothing_half_written(again)
        shutil.rmtree(copy)
    # the last writes only tidy up what the log has taken
    assert outcomes["ENV-001"] > len(failing) // 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A real disk of a few kilobytes, where the system lets us mount one."""
    mounted: list[Path] = []

    def mount(size_kib: int) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(place)]
        if (
            shutil.which("mount") is None
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("mounting a small disk needs rights that this user does not have")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_really_full_gives_one_error_and_room_heals_it(
    small_disk: Callable[[int], Path], tmp_path: Path
) -> None:
    text = random.Random(3)
    rows = "".join(
        row(n, text.randbytes(60).hex()) for n in range(4_000)
    )  # 0.7 MB that no compression shrinks
    large = write(tmp_path, HEAD + rows, "large.csv")
    for room_kib in (40, 300, 800, 1200):  # the view, the sealed original and the log run out of room in turn
        disk = small_disk(4_000)
        mission = create(disk / "mission", parties=[], alignments=[], keys=tmp_path / f"keys{room_kib}")
        import_file(mission, write(tmp_path, GOOD))
        free = shutil.disk_usage(disk).free
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(free - room_kib * 1024))
        with pytest.raises(EnvironmentFailure, match="ENV-001"):
            import_file(mission, large)
        assert mission.log.size == 2
        assert nothing_half_written(mission)
        ballast.unlink()
        assert import_file(mission, large).accepted == 4_000
        assert import_file(Mission.open(mission.root, mission.keys.folder), large).duplicates == 4_000


# A kill

IMPORTER = """
import sys
from pathlib import Path
from truceline.mission.importing import import_file
from truceline.mission.mission import Mission
print("ready", flush=True)
mission = Mission.open(Path(sys.argv[1]))
for path in sys.argv[2:]:
    made = import_file(mission, Path(path))
    print(made.entry, Path(path).name, made.accepted, flush=True)
"""


@pytest.mark.slow
def test_killed_at_random_moments_no_acknowledged_import_is_lost(tmp_path: Path) -> None:
    root, choice = tmp_path / "mission", random.Random(2027)
    create(root, parties=[], alignments=[])
    acknowledged: dict[str, int] = {}
    number = 0
    for killed in range(ROUNDS):
        paths = []
        for _ in range(40):
            number += 1
            content = HEAD + "".join(row(1000 * number + n) for n in range(30)) + row(0, lon="999")
            paths.append(write(tmp_path, content, f"{number:05}.csv"))
        child = subprocess.Popen(
            [sys.executable, "-c", IMPORTER, str(root), *map(str, paths)],
            env=os.environ | {"PYTHONPATH": ":".join(sys.path)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2 + choice.random())
        child.send_signal(signal.SIGKILL)
        said, _ = child.communicate()
        for line in said.splitlines(keepends=True):
            if line.endswith("\n"):
                entry, name, accepted = line.split()
                assert accepted == "30"
                acknowledged[name] = int(entry)
        if killed % 2:
            verify(root)
        mission = Mission.open(root)
        held = {body.name: one.index for one, body in mission.of(Import)}
        assert {name: held.get(name) for name in acknowledged} == acknowledged
        for path in paths[: len(acknowledged) + 3][-3:]:  # what was killed is imported again, and stands once
            import_file(mission, path)
        names = [body.name for _, body in mission.of(Import)]
        assert len(names) == len(set(names))
        assert nothing_half_written(mission)
        observed = Views(mission).observed().observations
        assert observed.num_rows == 30 * len(names)
    assert acknowledged
    shutil.rmtree(root / "views")  # and everything parses again to what the entries say
    assert Views(Mission.open(root)).observed().observations.num_rows == 30 * len(mission.of(Import))


def test_a_view_that_was_cut_short_is_made_again(mission: Mission, tmp_path: Path) -> None:
    import_file(mission, write(tmp_path, GOOD + row(1)))
    before = Views(mission).observed().observations
    for view in mission.root.joinpath("views").rglob("*.parquet"):
        os.truncate(view, view.stat().st_size // 2)
    assert Views(mission).observed().observations.equals(before)
    for view in mission.root.joinpath("views").rglob("*.parquet"):
        os.truncate(view, 0)
    assert import_file(mission, write(tmp_path, GOOD + row(1) + row(2))).accepted == 1


def test_importing_needs_no_second_name_for_the_same_bytes(mission: Mission, tmp_path: Path) -> None:
    import_file(mission, write(tmp_path, GOOD))
    before = mission.log.size
    assert import_file(mission, write(tmp_path, GOOD, "renamed.csv")).duplicates == 1
    assert mission.log.size == before


def test_simulated_rows_in_a_real_mission_are_said_and_never_fused(mission: Mission, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    head = "obs_id,source_id,source_kind,observed_from,observed_to,act,exercise"
    row = "{},post-1,post,2026-03-03T21:40:00Z,2026-03-03T21:45:00Z,explosion,{}"
    path.write_text(
        "\n".join([head, row.format("o1", "true"), row.format("o2", ""), row.format("o3", "false")]) + "\n"
    )
    made = import_file(mission, path)
    marked = 1 if not mission.genesis.exercise else 2
    assert (made.accepted, made.aside) == (3, marked)
    assert Views(mission).observed().aside == marked
    assert Views(mission).observed().observations.num_rows == 3 - marked
