"""The mission of record, end to end: made through the ordinary log, pages from the log alone, and no finding at all."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.errors import LogError, UsageError
from truceline.mission import computing, mechanism, planning, record_facts, recording
from truceline.mission.importing import import_file
from truceline.mission.mission import Mission
from truceline.mission.publishing import publish
from truceline.mission.record_facts import facts
from truceline.mission.recording import open_record
from truceline.mission.replaying import replay
from truceline.mission.verifying import verify
from truceline.records.kinds import Consent, Genesis, Key, Observation, Report, encode
from truceline.records.parties import Alignment, Party

SEED = Path(__file__).parents[3] / "shared" / "seed"


def run(*arguments: object) -> str:
    """What the command line prints, in this process; errors leave as they are."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if done.exception is not None:
        raise done.exception
    return done.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> recording.Recording:
    return recording.run_record(tmp_path_factory.mktemp("record") / "mission")


@pytest.fixture(scope="module")
def pages(made: recording.Recording) -> dict[str, str]:
    return {name: path.read_text(encoding="utf-8") for name, path in made.files.items()}


@pytest.fixture
def copy(made: recording.Recording, tmp_path: Path) -> Path:
    shutil.copytree(made.mission.root, tmp_path / "mission")
    shutil.copytree(made.mission.keys.folder, tmp_path / "mission.keys")
    return tmp_path / "mission"


def test_the_command_builds_it_and_the_command_line_checks_it(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    typed = [sys.executable, "-m", "truceline", "demo", "record", "--out", str(folder), "--json"]
    said = json.loads(subprocess.run(typed, capture_output=True, text=True, check=True).stdout)
    assert set(said["pages"]) == {"record.html", "founding.html", "record.csv"}
    assert said["counts"]["coverage_hours"] == said["counts"]["findings"] == 0
    assert said["counts"]["passages"] == 13
    assert said["counts"]["steps"] == 10  # one of them has two dates
    page = Path(said["pages"]["record.html"]).read_text(encoding="utf-8")
    assert page.count("27 September to 10 November 2020") >= 3
    assert "to 15 November" not in page
    run("log", "verify", folder)
    assert json.loads(run("replay", folder, "--json"))["identical"] is True
    again = run("demo", "record", "--out", folder, "--replace")
    assert re.findall(r"^  truceline (replay|agreement check|fuse) ", again, re.M) == [
        "replay", "agreement check", "fuse",
    ]  # fmt: skip
    for path in re.findall(r"^  (?:start here|the record|as a table|mission) +(\S+)", again, re.M):
        assert Path(path).exists()


def test_anyone_replays_all_of_it_without_a_key(copy: Path, tmp_path: Path) -> None:
    for keys in (None, tmp_path / "none"):
        again = replay(Mission.open(copy, keys))
        assert again.identical
        assert again.clearance == "public"
        assert not again.not_compared
        assert sum("html" in one or "csv" in one for one in again.compared) == 3


def test_the_pages_come_from_the_log_and_not_from_the_files_of_facts(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> Any:
        raise AssertionError(f"{name}.yaml was read")

    record_facts.facts.cache_clear()
    monkeypatch.setattr(record_facts, "_read", gone)
    assert replay(Mission.open(copy)).identical
    with pytest.raises(AssertionError, match="was read"):
        record_facts.facts()


def test_it_comes_out_the_same_every_time(made: recording.Recording, tmp_path: Path) -> None:
    again = recording.run_record(tmp_path / "mission")
    for name, path in made.files.items():
        assert again.files[name].read_bytes() == path.read_bytes()
    one, two = made.mission.entries(), again.mission.entries()
    assert [(e.at, e.author if e.index else "", e.body) for e in one[1:]] == [
        (e.at, e.author, e.body) for e in two[1:]
    ]
    first, second = (encode(e[0].body) for e in (one, two))
    for body in (first, second):
        body["keys"] = sorted(body["keys"])
        body["settings"] = {name: v for name, v in body["settings"].items() if "age_recipient" not in name}
    assert first == second


def test_entries_follow_the_time_of_their_facts(made: recording.Recording) -> None:
    times = [entry.at for entry in made.mission.entries()]
    assert times == sorted(times)
    version = computing.active_agreement(made.mission)[1]
    assert (version.agreement_id, version.in_force_from) == (
        "moscow-2020-10-10", "2020-10-10T12:00:00+04:00",
    )  # fmt: skip


def test_no_key_is_made_for_anybody_who_did_not_sign(made: recording.Recording) -> None:
    assert set(made.mission.genesis.keys) == {"operator"}
    names = {path.stem for path in made.mission.keys.folder.iterdir()}
    assert not names & {one.id for one in (*made.mission.genesis.parties, *made.mission.genesis.actors)}


def test_it_refuses_whatever_would_observe_or_find_something(copy: Path, tmp_path: Path) -> None:
    mission = Mission.open(copy)
    size = mission.log.size
    file = tmp_path / "claims.csv"
    file.write_text("x\n")
    row = {"source_id": "somebody"}
    for act in (
        lambda: computing.fuse(mission), lambda: computing.assess(mission), lambda: publish(mission, "2020-10-14", ("html",)),
        lambda: import_file(mission, file), lambda: mission.seal([Observation(row)]),
        lambda: mission.record(Key("enrol", "somebody", "x", "observer")),
        lambda: mission.record(Consent("c", "am", "posts", True, "2020-10-14"), "am"),
    ):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.code == "MIS-020"
        assert "no finding about a real party" in str(caught.value)
    assert Mission.open(copy).log.size == size
    verify(copy)


def test_an_altered_page_is_refused_and_a_page_that_nobody_can_make_again_is_found(copy: Path) -> None:
    mission = Mission.open(copy)
    body = mission.of(Report)[-1][1]
    other = mission.blobs.put(b"<html>Somebody won.</html>")
    mission.record(replace(body, files=body.files | {"record.html": other}))
    found = replay(mission) if _laid(copy, body, b"<html>Somebody won.</html>") else None
    assert found is not None
    assert not found.identical
    assert "record.html" in found.difference
    _laid(copy, body, b"<html>Nobody won.</html>")
    with pytest.raises(LogError, match="LOG-041"):
        verify(copy)


def _laid(root: Path, body: Report, content: bytes) -> bool:
    path = root / "reports" / body.date / "record.html"
    path.write_bytes(content)
    return path.exists()


def test_the_founding_text_is_restated_and_never_quoted(pages: dict[str, str]) -> None:
    texts = sorted(SEED.glob("*.txt")) if SEED.is_dir() else []
    if not texts:
        pytest.skip("the founding text lies beside the checkout only")
    spoken = words(" ".join(path.read_text(encoding="utf-8") for path in texts))
    runs = {tuple(spoken[at : at + 6]) for at in range(len(spoken) - 5)}
    for name, page in pages.items():
        shown = words(re.sub(r"<[^>]+>", " ", page))
        copied = [
            " ".join(shown[at : at + 6]) for at in range(len(shown) - 5) if tuple(shown[at : at + 6]) in runs
        ]
        assert not copied, (name, copied[:3])


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def test_nothing_of_the_machine_or_of_a_key_is_on_a_page(
    made: recording.Recording, pages: dict[str, str]
) -> None:
    mission = made.mission
    secrets = [path.read_bytes().decode("latin-1") for path in mission.keys.folder.iterdir()]
    secrets += [str(value) for name, value in mission.genesis.settings.items() if "age_" in name]
    secrets += [str(mission.root), mission.log.origin, *mission.genesis.keys.values()]
    for page in pages.values():
        assert not any(secret.strip() in page for secret in secrets)
        assert "EXERCISE" not in page


def test_every_command_that_a_page_names_exists(pages: dict[str, str]) -> None:
    named = {
        command for page in pages.values() for command in re.findall(r"<code>(truceline [^<]+)</code>", page)
    }
    assert len(named) >= 6
    for command in named:
        found: Any = typer.main.get_command(app)
        for word in shlex.split(command)[1:]:
            if not hasattr(found, "commands"):
                break
            assert word in found.commands, command
            found = found.commands[word]
        options = {option for one in found.params for option in getattr(one, "opts", ())}
        assert {word for word in shlex.split(command) if word.startswith("--")} <= options


def test_only_a_mission_of_record_is_replaced(tmp_path: Path) -> None:
    party = Party("p", {"en": "P"})
    Mission.create(tmp_path / "m", Genesis("EXERCISE", True, (party,), (Alignment("s", ("p",)),), (), {}, {}))
    with pytest.raises(UsageError, match="CLI-005"):
        run("demo", "record", "--out", tmp_path / "m", "--replace")
    assert (tmp_path / "m" / "state").is_dir()


def test_the_record_holds_the_offer_of_the_founding_text_and_nothing_of_it_is_agreed_that_day(
    tmp_path: Path,
) -> None:
    mission = open_record(tmp_path / "record", facts())
    noon = round(datetime(2020, 10, 15, tzinfo=UTC).timestamp() * 1000)
    told = mechanism.status(mission, noon)
    rows = {one["id"]: one for element in told["elements"] for one in element["proposals"]}
    assert rows["russian-observers"]["terms"]["observers"] == ["ru"]
    assert rows["russian-observers"]["others"] == {"ru": "offered"}
    assert set(rows["russian-observers"]["stances"].values()) == {"silent"}
    assert rows["verification-mechanism"]["stances"] == {"am": "accepted", "az": "silent"}
    assert told["agreed"] == []


def test_the_plan_of_the_record_tells_both_dates_for_kalbajar_and_computes_nothing(tmp_path: Path) -> None:
    mission = open_record(tmp_path / "record", facts())

    def kalbajar(day: int) -> dict[str, Any]:
        at = round(datetime(2020, 11, day, 12, tzinfo=UTC).timestamp() * 1000)
        rows = planning.told_rows(mission, at)
        assert not any(row["computed"] for row in rows)
        return next(row for row in rows if row["id"] == "nov-kalbajar")

    assert (kalbajar(14)["deadline"], kalbajar(14)["amendments"]) == ("2020-11-15", [])
    later = kalbajar(20)
    assert later["deadline"] == "2020-11-25"
    assert [(one["before"], one["after"]) for one in later["amendments"]] == [("2020-11-15", "2020-11-25")]
    assert later["state"] == "waiting"
