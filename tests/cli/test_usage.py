"""What a person meets who mistypes: one error, the right exit code, and nothing left behind."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from truceline.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_no_mission_there(run: Run, tmp_path: Path) -> None:
    for command in ("fuse", "assess", "replay"):
        code, out, err = run(command, tmp_path / "nothing")
        assert (code, out) == (2, "")
        assert "MIS-002" in err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--agreement", "no-such", "AGR-001"),
        ("--zone", "Mars/Base", "RPT-004"),
        ("--cutoff", "25:00", "RPT-007"),
        ("--alignment", "north=nobody", "CLI-001"),
        ("--geometry", "no-such.geojson", "CLI-002"),
    ],
)
def test_a_mission_that_cannot_start_leaves_nothing(
    run: Run, tmp_path: Path, option: str, value: str, said: str
) -> None:
    code, out, err = run("init", tmp_path / "mission", option, value)
    assert code in (1, 2)
    assert out == ""
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_starts_no_mission(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("colour,taste\nred,sweet\n")
    code, _, err = run("import", tmp_path / "mission", table)
    assert code == 1
    assert "INT-006" in err
    code, _, err = run("import", tmp_path / "mission", tmp_path / "absent.csv")
    assert code == 2
    assert "MIS-010" in err
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_errors_are_objects_when_asked_for(run: Run, tmp_path: Path) -> None:
    code, out, err = run("fuse", tmp_path / "nothing", "--json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "MIS-002"
    assert "MIS-002" in err


def test_unknown_commands_and_options_are_usage_errors(run: Run) -> None:
    for words in (["bogus"], ["assess"], ["fuse", "x", "--bogus"], ["simulate", "x", "--seed", "-1"]):
        code, out, err = run(*words)
        assert code == 2, words
        assert out == ""
        assert "Usage" in err


def test_every_command_has_help_that_says_what_it_does(run: Run) -> None:
    from typer.core import TyperGroup
    from typer.main import get_command

    from truceline.cli.main import app

    waiting = [((), get_command(app))]
    while waiting:
        words, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [((*words, name), one) for name, one in command.commands.items()]
        assert command.help, words
        code, out, _ = run(*words, "--help")
        assert code == 0
        for option in command.params:
            assert getattr(option, "help", None), (words, option.name)
            assert option.help.split()[0] in out, (words, option.name)


def test_a_template_goes_round(run: Run, tmp_path: Path) -> None:
    for suffix in ("csv", "geojson", "parquet"):
        file = tmp_path / f"template.{suffix}"
        assert run("template", file)[0] == 0
        code, out, err = run("import", tmp_path / f"mission-{suffix}", file, "--json")
        assert code == 0, err
        made = json.loads(out)
        assert made["rejected"] == 0, Path(made["rejected_file"]).read_text()
        assert made["accepted"] == 1
