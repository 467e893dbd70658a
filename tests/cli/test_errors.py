"""Each mistake that a person makes at the command line, and what the program says to it: never a traceback."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from truceline.cli.main import main
from truceline.errors import UsageError
from truceline.mission.mission import Mission
from truceline.records.kinds import Reply

Run = Callable[..., tuple[int, dict[str, str]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a line with --json in a folder of its own; exit code, and the error as an object."""
    monkeypatch.chdir(tmp_path)

    def call(line: str, *more: str) -> tuple[int, dict[str, str]]:
        monkeypatch.setattr(sys, "argv", ["truceline", *shlex.split(line), *(more or ("--json",))])
        code = main()
        out, err = capsys.readouterr()
        said = json.loads(out).get("error", {}) if out.strip().startswith("{") else {}
        if said:
            assert said["code"] in err
        return code, said

    return call


@pytest.fixture
def prepared(run: Run, tmp_path: Path) -> Path:
    """A real mission without anything in it, a folder of other things, some files."""
    assert run("init real --party a --party b")[0] == 0
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "letter").write_text("mine")
    (tmp_path / "broken.geojson").write_text("{")
    (tmp_path / "hollow.geojson").write_text('{"type": "FeatureCollection", "features": [{}]}')
    (tmp_path / "latin.geojson").write_bytes(b'{"type": "\xff"}')
    (tmp_path / "EXERCISE-rows.csv").write_text("a,b\n1,2\n")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "code", "where", "remedy"),
    [
        ("init junk", "MIS-001", "junk", "Choose another folder"),
        ("init junk/letter", "MIS-001", "junk/letter", "Choose another folder"),
        ("log verify nowhere", "MIS-002", "nowhere", "truceline demo"),
        ("log verify junk", "MIS-002", "junk", "truceline demo"),
        ("log show nowhere", "MIS-002", "nowhere", "truceline init"),
        ("fuse nowhere", "MIS-002", "nowhere", "truceline init"),
        ("replay junk", "MIS-002", "junk", "truceline init"),
        ("agreement adopt real exercise-accord --keys nokeys", "MIS-003", "nokeys/operator.key", "--keys"),
        ("init new --party log", "MIS-008", "--party", "operator"),
        ("init new --party ../up", "MIS-008", "--party", "operator"),
        ("init new --party a --party a", "MIS-008", "--party", "operator"),
        ("init new --keys real.keys", "MIS-009", "real.keys", "--keys"),
        ("import real nofile.csv", "MIS-010", "nofile.csv", "path"),
        ("import new nofile.csv", "MIS-010", "nofile.csv", "path"),
        ("fuse real", "MIS-021", "real", "truceline import real FILE"),
        ("assess real", "MIS-022", "real", "truceline fuse real"),
        ("report real --date 2026-11-20", "MIS-024", "real", "truceline assess real"),
        ("agreement test real", "MIS-023", "real", "truceline agreement adopt real ID"),
        ("score exercise real", "MIS-032", "real", "truceline demo"),
        ("demo swap real", "MIS-032", "real", "truceline demo"),
        ("demo move-post real", "MIS-032", "real", "truceline demo"),
        ("score ged junk", "MIS-033", "junk/observations.csv", "observations.csv"),
        ("init new --alignment x=a,b --party a", "CLI-001", "--alignment", "Known parties: a."),
        ("init new --alignment x", "CLI-001", "--alignment", "none"),
        ("init new --geometry nofile.geojson", "CLI-002", "nofile.geojson", "simulate"),
        ("init new --geometry broken.geojson", "CLI-002", "broken.geojson", "simulate"),
        ("init new --geometry hollow.geojson", "CLI-002", "hollow.geojson", "simulate"),
        ("init new --geometry latin.geojson", "CLI-002", "latin.geojson", "simulate"),
        ("init new --geometry junk", "CLI-002", "junk", "simulate"),
        ("import real EXERCISE-rows.csv --set zone", "CLI-003", "--set", "zone="),
        ("report real --date 2026-11-20 --format docx", "CLI-004", "--format", "html"),
        ("report real --date 2026-11-20 --format ,", "CLI-004", "--format", "html"),
        ("demo --out real --replace", "CLI-005", "real", "another folder"),
        ("demo --out junk --replace", "CLI-005", "junk", "another folder"),
        ("demo record --out real --replace", "CLI-005", "real", "another folder"),
        ("agreement check nosuch", "CLI-006", "", "exercise-accord"),
        ("agreement adopt real nosuch", "CLI-006", "", "exercise-accord"),
        ("score ged nowhere", "CLI-007", "nowhere", "path"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_a_remedy(
    prepared: Path, run: Run, line: str, code: str, where: str, remedy: str
) -> None:
    exit_code, said = run(line)
    assert (exit_code, said["code"]) == (2, code)
    assert said["where"].endswith(where)
    assert remedy in said["remedy"]
    assert said["rule"]
    assert not (prepared / "new").exists()
    assert (prepared / "junk" / "letter").read_text() == "mine"


def test_simulated_files_stay_out_of_a_real_mission(prepared: Path, run: Run) -> None:
    assert run("template", "EXERCISE-template.csv")[0] == 0
    exit_code, said = run("import real EXERCISE-template.csv")
    assert (exit_code, said["code"]) == (2, "MIS-012")


def test_keys_that_are_not_whole_are_named(prepared: Path, run: Run) -> None:
    for name, line in (
        ("operator.key", "agreement adopt real exercise-accord"),
        ("mission.age", "replay real"),
        ("log.key", "log show real"),
    ):
        for content in (b"", b"word", b"operator zz", b"operator 00", b"\xff\xfe"):
            (prepared / "real.keys" / name).write_bytes(content)
            exit_code, said = run(line)
            assert (exit_code, said["code"]) == (2, "MIS-007")
            assert said["where"].endswith(name)


def test_a_mission_whose_making_was_cut_short_is_named(prepared: Path, run: Run) -> None:
    (prepared / "half" / "log").mkdir(parents=True)
    (prepared / "half" / "state").mkdir()
    (prepared / "half" / "state" / "origin").write_bytes(
        (prepared / "real" / "state" / "origin").read_bytes()
    )
    assert run("log show half")[1]["code"] == "MIS-006"
    assert run("log verify half") == (1, run("log verify half")[1] | {"code": "LOG-031"})


def test_nobody_speaks_for_a_party(prepared: Path) -> None:
    with pytest.raises(UsageError, match="MIS-005"):
        Mission.open(prepared / "real").record(
            Reply("r-1", "n-1", "a", "contests", "No.", "2026-11-20T00:00:00Z"), role="b"
        )


def test_the_parser_s_own_errors_keep_their_exit_code(run: Run) -> None:
    assert run("log show")[0] == 2
    assert run("nosuch")[0] == 2
    assert run("log show x --last 0")[0] == 2


def test_a_check_that_fails_without_an_error_still_exits_1(prepared: Path, run: Run) -> None:
    """Commands that print what they found and then leave with a code."""
    (prepared / "real" / "state" / "commit").write_bytes(b"altered")
    assert run("replay real")[0] == 1
    assert run("log verify real")[0] == 1
    assert run("--version", "--version")[0] == 0
    assert run("agreement list")[0] == 0
