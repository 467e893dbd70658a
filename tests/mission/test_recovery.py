"""The rehearsal of docs/how-to/recover.md: a lost disk, a mirror that has the rest, and a tail that is lost."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from truceline.cli.main import main
from truceline.errors import EnvironmentFailure, LogError, UsageError
from truceline.log import stick as sticks
from truceline.log.brackets import bracket
from truceline.log.collecting import Collector
from truceline.log.cosignatures import CosignerKey
from truceline.log.http import Reply
from truceline.log.levels import known_cosigners
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.services import WitnessService
from truceline.log.witness import Witness
from truceline.mission import backing_up, cosigned, evidence, handing_in, pinning
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay
from truceline.mission.verifying import verify
from truceline.records.kinds import Commitments, Correction

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return code, said.out or said.err

    return call


def say(root: Path, number: int) -> Mission:
    mission = Mission.open(root)
    mission.record(Correction(f"c{number}", "x", "1", "2", "typing", "operator", "2031-05-01T00:00:00Z"))
    return mission


def test_a_backup_verifies_and_holds_neither_keys_nor_views(tiny: Path, tmp_path: Path) -> None:
    made = backing_up.backup(tiny, tmp_path / "backup")
    assert made.log_size == Mission.open(tiny).log.size
    names = {path.relative_to(tmp_path / "backup").as_posix() for path in (tmp_path / "backup").rglob("*")}
    assert not any(
        name.startswith(("sealed/keys", "views", "state/staging")) or ".keys" in name for name in names
    )
    assert backing_up.backup(tiny, tmp_path / "backup").copied == 0
    say(tiny, 1)
    again = backing_up.backup(tiny, tmp_path / "backup")
    assert again.log_size == made.log_size + 1
    assert 0 < again.copied < 12
    with pytest.raises(UsageError, match="MIS-070"):
        backing_up.backup(tiny, tmp_path)


def test_what_is_shredded_later_does_not_live_on_in_a_backup(tiny: Path, tmp_path: Path) -> None:
    backing_up.backup(tiny, tmp_path / "backup")
    mission = Mission.open(tiny)
    entry, batch = mission.of(Commitments)[1]
    number = next(n for n, one in evidence._said(mission, entry, batch).items() if one.kind != "key")
    secret = mission.vault._unwrap(batch.payloads_digest)[96 * number : 96 * number + 96]
    evidence.shred(mission, entry.id, ("officer-1", "officer-2"), "withdrawn", [number])
    for folder in (tiny, tmp_path / "backup"):
        for path in (one for one in folder.rglob("*") if one.is_file()):
            raw = path.read_bytes()
            assert secret[:32] not in raw
            assert secret[32:64] not in raw
    assert not (tmp_path / "backup" / "sealed" / "keys").exists()


def test_the_rehearsal_a_disk_is_lost_and_a_mirror_has_the_rest(tiny: Path, tmp_path: Path, run: Run) -> None:
    backup, mirror, again = tmp_path / "backup", tmp_path / "mirror", tmp_path / "again"
    assert run("backup", tiny, backup)[0] == 0
    for number in range(3):
        say(tiny, number)
    assert run("stick", "export", tiny, mirror)[0] == 0
    keys, size = tiny / "sealed" / "keys", Mission.open(tiny).log.size
    shutil.copytree(keys, tmp_path / "wraps")
    shutil.rmtree(tiny)  # the disk is lost
    assert run("restore", backup, again)[0] == 2  # nobody was asked
    code, said = run("restore", backup, again, "--held", mirror / "log" / "checkpoint")
    assert code == 1
    assert "LOG-136" in said
    assert not again.exists()
    code, said = run("restore", backup, again, "--mirror", mirror, "--json")
    told = json.loads(said)
    assert (code, told["log_size"], told["refilled"], told["missing"]) == (0, size, 3, [])
    shutil.copytree(tmp_path / "wraps", again / "sealed" / "keys")
    shutil.copytree(tmp_path / "mission.keys", tmp_path / "again.keys")
    verify(again)
    assert replay(Mission.open(again)).identical
    assert say(again, 9).log.size == size + 1


def test_the_rehearsal_a_tail_is_lost_and_a_successor_embeds_what_was_cosigned(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    backup, successor = tmp_path / "backup", tmp_path / "successor"
    run("backup", tiny, backup)
    held = tmp_path / "held"
    held.write_bytes(say(tiny, 1).log.checkpoint)
    assert run("succeed", backup, successor)[0] == 2
    code, said = run("succeed", backup, successor, "--held", held, "--json")
    assert (code, json.loads(said)["embedded"]) == (0, 1)
    mission = Mission.open(successor)
    assert mission.genesis.succeeds == (held.read_text(),)
    assert mission.log.origin != Mission.open(tiny).log.origin
    assert {one.id for one in mission.genesis.parties} == {
        one.id for one in Mission.open(tiny).genesis.parties
    }
    old = {line for name, line in Mission.open(tiny).genesis.keys.items()}
    assert not old & set(mission.genesis.keys.values())
    verify(successor)
    held.write_bytes(held.read_bytes().replace(b"\n\n", b"9\n\n", 1))
    assert run("succeed", backup, tmp_path / "other", "--held", held)[0] == 1


def test_rolled_back_restore_is_refused_when_a_fork_was_cosigned(tiny: Path, tmp_path: Path) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(tiny, fork)
    shutil.copytree(tmp_path / "mission.keys", tmp_path / "fork.keys")
    forked = say(fork, 1).log.checkpoint
    say(tiny, 2)
    say(tiny, 3)
    backing_up.backup(tiny, tmp_path / "backup")
    with pytest.raises(LogError, match="LOG-044"):
        backing_up.restore(tmp_path / "backup", tmp_path / "again", held=[("held by north", forked)])
    assert not (tmp_path / "again").exists()


def test_what_a_stick_brought_back_counts_as_cosigned(tiny: Path, tmp_path: Path, run: Run) -> None:
    stick, old = tmp_path / "stick", tmp_path / "old"
    backing_up.backup(tiny, old)
    say(tiny, 1)
    pin = json.loads(run("log", "identity", tiny, "--json")[1])
    theirs = (
        "--state", tmp_path / "north", "--keys", tmp_path / "north.keys", "--name", "north.example/w", "--log", pin["log"],
        "--genesis", pin["genesis"], "--json",
    )  # fmt: skip
    run("stick", "export", tiny, stick)
    code, said = run("stick", "check", stick, *theirs)
    assert code == 0
    (tiny / "policy").mkdir(exist_ok=True)
    for level in ("receipt", "final"):
        (tiny / "policy" / f"{level}.policy").write_text(
            f"log {pin['log']}\nwitness north {json.loads(said)['cosigner']}\nquorum north\n"
        )
    mine = json.loads(run("stick", "cosign", stick, *theirs)[1])["fingerprint"]
    assert run("stick", "fingerprint", tiny, "--heard", mine)[0] == 0
    assert run("stick", "fingerprint", stick, "--log", pin["log"], "--heard", mine)[0] == 0
    assert run("stick", "fingerprint", tiny, "--heard", "1" * 48)[0] == 1
    told = json.loads(run("stick", "collect", tiny, stick, "--json")[1])
    assert told["collected"][0]["reached"] == ["final", "receipt"]
    verify(tiny)
    shutil.copytree(tiny / "cosigned", old / "cosigned")
    with pytest.raises(LogError, match="LOG-136"):
        backing_up.restore(old, tmp_path / "again", nobody_cosigned=True)
    assert backing_up.backup(tiny, tmp_path / "newer").log_size == Mission.open(tiny).log.size
    assert backing_up.restore(tmp_path / "newer", tmp_path / "again", nobody_cosigned=True).cosigned_size > 0


class Net:
    """Services by host, called as the network would call them."""

    def __init__(self) -> None:
        self.services: dict[str, Callable[[str, str, bytes], Reply]] = {}

    def _call(self, method: str, url: str, body: bytes) -> Reply:
        host, _, path = url.removeprefix("http://").partition("/")
        if host not in self.services:
            raise EnvironmentFailure("ENV-031", "the server must answer in time", where=url, value="refused", remedy="Start it.")  # fmt: skip
        return self.services[host](method, f"/{path}", body)

    def post(self, url: str, body: bytes) -> Reply:
        return self._call("POST", url, body)

    def get(self, url: str, cap: int) -> Reply:
        return self._call("GET", url, b"")

    def upload(self, url: str, body: bytes) -> Reply:
        return self._call("POST", url, body)


def witnessed(root: Path, at: Path, *names: str) -> tuple[Net, dict[str, Witness]]:
    """Witnesses of a mission in its pinned policy, that cosigned what it has now."""
    mission, net, made = Mission.open(root), Net(), {}
    genesis, rows = mission.log.tree.leaf(0), []
    for number, name in enumerate(names, 3):
        key = SigningKey(f"{name}.test/w", bytes([number]) * 32)
        made[name] = Witness(at / name, key, at / name / "mark")
        made[name].watch(mission.log.key, genesis)
        net.services[name] = WitnessService(made[name])
        rows.append(f"witness {name} {CosignerKey.of(key)} http://{name}\n")
    policy = "".join([*rows, f"group every all {' '.join(names)}\nquorum every\n"])
    handing_in.hand_in(mission, pinning.change(mission, {}, {"receipt": policy}))
    assert Collector(Log.open(root), net).collect() == ["receipt"]
    return net, made


def test_an_operator_that_restores_is_told_by_the_witnesses_how_far_they_cosigned(
    tiny: Path, tmp_path: Path
) -> None:
    net, _ = witnessed(tiny, tmp_path, "north", "south")
    backing_up.backup(tiny, tmp_path / "backup")
    made = backing_up.restore(tmp_path / "backup", tmp_path / "same", sender=net)
    assert made.cosigned_size == made.log_size == made.backup_size
    say(tiny, 1)
    assert Collector(Log.open(tiny), net).collect() == ["receipt"]
    with pytest.raises(LogError, match="LOG-136"):
        backing_up.restore(tmp_path / "backup", tmp_path / "again", sender=net)
    assert not (tmp_path / "again").exists()
    sticks.export(tiny, tmp_path / "stick")
    with serving(tmp_path / "stick" / "log") as url:  # a mirror over HTTP, which fills what is missing
        made = backing_up.restore(tmp_path / "backup", tmp_path / "again", mirrors=[url], sender=net)
    assert (made.refilled, made.log_size) == (1, Log.open(tiny).size)
    verify(tmp_path / "again", disclosed_only=True)


def test_receipts_that_come_over_the_network_are_kept_and_bound_old_entries(
    tiny: Path, tmp_path: Path
) -> None:
    net, _ = witnessed(tiny, tmp_path, "north", "south")
    for number in range(3):
        log = Log.open(tiny)
        collector = Collector(log, net, archive=cosigned.archiver(tiny, log.key))
        assert collector.collect() == ["receipt"]
        collector.collect()  # the same size again adds no file
        say(tiny, number)
    log = Log.open(tiny)
    kept = sorted(int(one.name) for one in (tiny / "cosigned").iterdir())
    assert kept == [log.size - 3, log.size - 2, log.size - 1]
    made = bracket(log, log.size - 3, cosigned.notes(tiny), known_cosigners(tiny))
    assert made.seen_size == kept[0]
    assert made.width_s is not None
    assert 0 <= made.width_s < 3600
    verify(tiny)


def test_a_log_is_not_resumed_while_a_cosigner_is_silent(tiny: Path, tmp_path: Path) -> None:
    net, _ = witnessed(tiny, tmp_path, "north", "south")
    backing_up.backup(tiny, tmp_path / "backup")
    held = [("north kept it", (tiny / "log" / "checkpoint").read_bytes())]
    del net.services["north"]
    with pytest.raises(LogError, match="LOG-150"):
        backing_up.restore(tmp_path / "backup", tmp_path / "a", sender=net)
    assert backing_up.restore(tmp_path / "backup", tmp_path / "a", held=held, sender=net).cosigned_size
    assert backing_up.restore(
        tmp_path / "backup", tmp_path / "b", sender=net, without=["north.test/w"]
    ).log_size
    with pytest.raises(LogError, match="LOG-150"):
        backing_up.restore(tmp_path / "backup", tmp_path / "c", sender=net, without=["south.test/w"])


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Python's own web server over a folder, on this machine only."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""
