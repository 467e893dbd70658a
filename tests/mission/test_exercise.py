"""The exercise, end to end, through the command line that people's scripts rest on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: object, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "truceline", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("exercise") / "mission"
    made = json.loads(run("demo", "--out", root, "--scale", 0.25, "--json"))
    (root.parent / "made.json").write_text(json.dumps(made))
    return root


def made_of(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder.parent / "made.json").read_text()))


def test_the_demo_says_what_it_made_and_where(folder: Path) -> None:
    made = made_of(folder)
    assert {"observations", "incidents", "findings", "log_size", "report"} <= set(made)
    report = made["report"]
    assert isinstance(report, dict)
    assert set(report) == {"html", "pdf", "csv", "geojson"}
    for path in report.values():
        assert Path(path).is_file()
        assert Path(path).name.startswith("EXERCISE")


def test_the_folder_verifies_and_replays_identically(folder: Path) -> None:
    run("log", "verify", folder)
    made = json.loads(run("replay", folder, "--json"))
    assert made["identical"] is True
    assert made["clearance"] == "auditor"


def test_without_keys_the_public_part_replays(folder: Path, tmp_path: Path) -> None:
    made = json.loads(run("replay", folder, "--keys", tmp_path, "--json"))
    assert made["identical"] is True
    assert made["clearance"] == "public"
    assert made["not_compared"]


def test_a_flipped_byte_is_refused_anywhere_under_the_log(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    files = sorted(p for p in (copy / "log").rglob("*") if p.is_file())
    earlier = [
        p
        for p in files
        if p.parent.suffix == ".p" and p != max(p.parent.iterdir(), key=lambda one: int(one.name))
    ]
    for path in sorted({*files} - {*earlier[:-3]}):  # of the partial tiles of smaller checkpoints, three
        raw = path.read_bytes()
        path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
        run("log", "verify", copy, code=1)
        path.write_bytes(raw)


def test_a_wrong_figure_is_found_by_the_replay(folder: Path, tmp_path: Path) -> None:
    from truceline.mission.mission import Mission
    from truceline.mission.replaying import replay
    from truceline.records.kinds import Report

    copy = tmp_path / "mission"
    shutil.copytree(folder, copy)
    shutil.copytree(folder.with_name("mission.keys"), tmp_path / "mission.keys")
    mission = Mission.open(copy)
    body = mission.of(Report)[-1][1]
    figures = json.loads(mission.blobs.read(body.figures))
    figures["figures"]["incidents"]["value"] += 1
    from msgspec.structs import replace

    from truceline.records.canonical import canonical

    mission.record(replace(body, figures=mission.blobs.put(canonical(figures)), files={}))
    for keys in (None, tmp_path / "no-keys"):
        made = replay(Mission.open(copy, keys))
        assert not made.identical
        assert "figure incidents" in made.difference


def test_reports_of_any_day_can_be_made_again(folder: Path) -> None:
    made = json.loads(run("report", folder, "--date", "2031-03-20", "--format", "csv,geojson", "--json"))
    assert set(made["report"]) == {"csv", "geojson"}
    run("report", folder, "--date", "20.3.2031", code=1)
    run("report", folder, "--date", "2031-03-20", "--format", "docx", code=2)


def test_fusing_and_assessing_again_gives_the_same_digests(folder: Path, tmp_path: Path) -> None:
    from truceline.mission.mission import Mission
    from truceline.records.kinds import Incidents

    copy = tmp_path / "mission"
    shutil.copytree(folder, copy)
    shutil.copytree(folder.with_name("mission.keys"), tmp_path / "mission.keys")
    json.loads(run("fuse", copy, "--json"))
    json.loads(run("assess", copy, "--json"))
    results = [body.result for _, body in Mission.open(copy).of(Incidents)]
    assert len(results) == 2
    assert results[0] == results[1]


def test_the_missions_agreement_passes_its_cases(folder: Path) -> None:
    made = json.loads(run("agreement", "test", folder, "--json"))
    assert made["passed"] is True


def test_nothing_real_says_less_than_exercise(folder: Path) -> None:
    report = made_of(folder)["report"]
    assert isinstance(report, dict)
    for line in Path(report["csv"]).read_text(encoding="utf-8-sig").splitlines()[1:]:
        assert "EXERCISE" in line


def test_the_commands_of_the_demo_work(folder: Path) -> None:
    assert "entry" in json.loads(run("demo", "tamper", folder, "--json"))["refused"]
    moved = json.loads(run("demo", "move-post", folder, "--json"))["sectors"]
    assert any(one["before_e1"] != one["after_e1"] for one in moved)


def test_a_folder_that_is_no_mission_is_named(tmp_path: Path) -> None:
    for arguments in (("fuse", tmp_path), ("log", "verify", tmp_path), ("replay", tmp_path)):
        run(*arguments, code=2)
