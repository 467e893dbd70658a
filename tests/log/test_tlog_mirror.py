"""tlog-mirror: subtree proofs, uploads as bytes, and a mirror that is pushed to; tests are named after the attack."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.log.test_witness import AT, LOG_KEY, NORTH_MIRROR, OFFICER, Net, build, request, say

from truceline.cli.main import main
from truceline.errors import LogError
from truceline.log import packages as packing
from truceline.log import pushing
from truceline.log.authors import Author
from truceline.log.checkpoints import Checkpoint
from truceline.log.collecting import Collector
from truceline.log.cosignatures import CosignerKey, read_cosignatures
from truceline.log.http import Body, Client, Reply
from truceline.log.log import Log
from truceline.log.merkle import leaf_hash, prove_consistency, prove_inclusion, root_of
from truceline.log.mirroring import Mirror, begin
from truceline.log.packages import Info, Package, Upload, dump_upload, read_packages, spans
from truceline.log.requests import AddCheckpoint
from truceline.log.services import MirrorService
from truceline.log.sources import DiskSource
from truceline.log.subtrees import is_subtree, prove_subtree, verify_subtree
from truceline.log.tree import TileTree
from truceline.log.verifying import verify

LEAVES = [leaf_hash(bytes([n])) for n in range(70)]


def tree_of(size: int) -> TileTree:
    made = TileTree()
    made.extend(LEAVES[:size])
    return made


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 14, 33, 64, 70])
def test_every_subtree_is_proven_and_a_proof_shows_no_other(size: int) -> None:
    tree = tree_of(size)
    root = tree.root()
    for start in range(size):
        for end in range(start + 1, size + 1):
            if not is_subtree(start, end):
                with pytest.raises(LogError, match="LOG-001"):
                    prove_subtree(tree, start, end, size)
                continue
            node, proof = root_of(LEAVES[start:end]), prove_subtree(tree, start, end, size)
            verify_subtree(start, end, size, proof, node, root)
            if start == 0 and end < size:
                assert proof == prove_consistency(LEAVES[:size], end)
            if end == start + 1:
                assert proof == prove_inclusion(LEAVES[:size], start)
            wrong = [
                (start, end, size, proof, root_of([*LEAVES[start : end - 1], b"\0" * 32]), root),
                (start, end, size, proof, node, b"\0" * 32), (start, end, size, [*proof, node], node, root),
                (start, end, size, [b"\0" * 32, *proof[1:]] if proof else [node], node, root), (start, end, end - 1, proof, node, root),
                (start + 1, end + 1, size, proof, node, root), (start, end, size, [one[:31] for one in proof] or [b""], node, root),
            ]  # fmt: skip
            for case in wrong:
                with pytest.raises(LogError, match="LOG-147"):
                    verify_subtree(*case)


@given(st.integers(0, 2000), st.integers(0, 3000))
def test_packages_cover_the_interval_and_end_at_multiples_of_256(start: int, length: int) -> None:
    made = list(spans(start, start + length))
    assert [n for first, last in made for n in range(first, last)] == list(range(start, start + length))
    assert all(last % 256 == 0 for _, last in made[:-1])
    assert all(is_subtree(first // 256 * 256, last) for first, last in made)


def code_of(act: Callable[[], object]) -> str:
    """What it refuses with; empty where it takes it."""
    try:
        act()
    except LogError as problem:
        return problem.code
    return ""


def read(raw: bytes) -> list[Package]:
    upload, at = Upload.read(raw)
    return list(islice(read_packages(raw, at, upload), 3))


@given(st.binary(max_size=600))
def test_nothing_but_our_own_errors_comes_out_of_any_upload(raw: bytes) -> None:
    head = struct.pack(">H", 1) + b"x" + struct.pack(">QQH", 0, 3, 0)
    for act in (lambda: read(raw), lambda: read(head + raw), lambda: Info.parse(raw)):
        assert code_of(act) in ("", "LOG-148")


def test_an_upload_that_is_cut_anywhere_gives_its_whole_packages() -> None:
    upload = Upload("x.test/log", 254, 259, b"t")
    made = [Package(254, (b"a", b""), (bytes(32),)), Package(256, (b"bc",) * 3, ())]
    raw, whole = dump_upload(upload, made), len(upload.dump()) + len(made[0].dump())
    for cut in range(len(upload.dump()), len(raw)):
        assert read(raw[:cut]) == (made[:1] if cut >= whole else [])
    assert read(raw) == made
    for bad in (raw + b"x", raw[: whole - 33] + b"\x40" + bytes(3000)):
        with pytest.raises(LogError, match="LOG-148"):
            read(bad)
    for bad in (b"", b"\0\1", raw[:20], struct.pack(">H", 1) + b"\xff" + bytes(18), Upload("x", 5, 4).dump()):
        with pytest.raises(LogError, match="LOG-148"):
            Upload.read(bad)


def test_a_mirrors_answer_is_read_strictly() -> None:
    for info in (Info(0, 0), Info(5, 3, b"abc"), Info(2**62, 1, bytes(65_535))):
        assert Info.parse(info.dump()) == info
    for bad in (b"5\n3\n", b"05\n3\n\n", b"5\n3\n\nx", b"5\n3\nAB=\n", b"5\n3\nYWJj\n\n", b"-1\n0\n\n", b"5\n3\nYR==\n"):  # fmt: skip
        with pytest.raises(LogError, match="LOG-148"):
            Info.parse(bad)


class Pushed:
    """A log, and a mirror that cannot fetch."""

    def __init__(self, tmp_path: Path, size: int) -> None:
        self.log = build(tmp_path / "log", size)
        begin(tmp_path / "mirror", LOG_KEY.vkey, self.log.tree.leaf(0))
        self.folder = tmp_path / "mirror"
        self.start()
        self.net = Net()
        self.net.services["mirror"] = lambda *said: self.service(*said)

    def start(self) -> None:
        """As after the process was started again."""
        self.mirror = Mirror(self.folder, NORTH_MIRROR, clock=lambda: 1_900_000_000)
        self.service = MirrorService(self.mirror, None)

    def announce(self, old: int = 1) -> Reply:
        return self.service("POST", "/add-checkpoint", request(self.log, old))

    def upload(self, start: int, end: int, take: int | None = None) -> Reply:
        made = list(pushing._packages(self.log.tree, start, end))[:take]
        return self.send(dump_upload(Upload(LOG_KEY.name, start, end), made))

    def send(self, body: bytes) -> Reply:
        return self.service("POST", "/add-entries", body)

    def push(self) -> bytes:
        return pushing.push(self.log.tree, LOG_KEY.name, self.log.at, "http://mirror", self.net)

    def good(self, lines: bytes) -> bool:
        text = self.log.at.note.partition(b"\n\n")[0] + b"\n"
        return len(read_cosignatures(text, lines, [CosignerKey.of(NORTH_MIRROR)])) == 1


def test_entries_are_pushed_and_the_mirror_cosigns_what_it_stored(tmp_path: Path) -> None:
    one = Pushed(tmp_path, 5)
    for size in (5, 6, 255, 256, 257, 600):
        say(one.log, size - one.log.size)
        assert (one.announce(1).status, one.mirror.log.size) in [(200, 0), (409, one.mirror.log.size)]
        one.announce(one.mirror.log.size)
        assert one.good(one.push())
        assert verify(one.folder) == size
        assert not list((one.folder / "pending" / "entries").glob("*")) or size % 256
    origin = hashlib.sha256(LOG_KEY.name.encode()).hexdigest()
    assert one.good(one.service("GET", f"/{origin}/checkpoint", b"").body.partition(b"\n\n")[2].partition(b"\n")[2])  # fmt: skip


def test_the_collector_pushes_where_a_mirror_does_not_fetch(tmp_path: Path) -> None:
    one = Pushed(tmp_path, 700)
    (one.log.folder / "policy").mkdir()
    policy = f"log {LOG_KEY.vkey}\nwitness m {CosignerKey.of(NORTH_MIRROR)} http://mirror\nquorum m\n"
    (one.log.folder / "policy" / "receipt.policy").write_text(policy)
    collector = Collector(Log.open(one.log.folder), one.net)
    assert collector.collect() == ["receipt"]
    say(one.log, 300)
    assert collector.collect() == ["receipt"]
    assert verify(one.folder) == 1000


def test_a_long_upload_goes_in_prefixes_and_goes_on_where_it_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Pushed(tmp_path, 1100)
    monkeypatch.setattr(pushing, "MOST_PACKAGES", 2)
    one.announce()
    first = one.upload(0, 1100, 1)
    assert (first.status, first.content_type) == (202, "text/x.tlog.mirror-info")
    assert Info.parse(first.body) == Info(1100, 256)
    body = dump_upload(Upload(LOG_KEY.name, 256, 1100), list(pushing._packages(one.log.tree, 256, 1100)))
    cut = one.send(body[:-100])
    assert (cut.status, Info.parse(cut.body).following) == (202, 512)
    assert one.mirror.log.size == 0  # nothing counts before all is there
    one.start()
    assert one.good(one.push())
    assert verify(one.folder) == 1100


def test_requests_are_answered_as_the_standard_says(tmp_path: Path) -> None:
    one = Pushed(tmp_path, 300)
    asked = one.upload(0, 0)
    assert (asked.status, asked.body) == (409, b"1\n0\n\n")
    assert one.upload(0, 300).status == 409  # not announced
    assert one.announce(0).body == b"1\n"
    assert one.announce(1).status == 200
    assert one.announce(1).status == 409
    assert one.announce(300).status == 200  # the same again
    assert one.send(b"").status == 400
    assert one.send(Upload("another.test/log", 0, 300).dump()).status == 404
    assert one.send(Upload(LOG_KEY.name, 0, 300).dump()).status == 400  # no whole package
    assert one.upload(300, 300).status == 409  # beyond the next entry
    assert one.upload(0, 299).status == 409  # never a pending checkpoint
    assert one.service("GET", "/add-entries", b"").status == 404
    assert one.good(one.upload(0, 300).body)
    assert one.good(one.upload(300, 300).body)  # nothing new: the same checkpoint
    assert one.good(one.upload(10, 300).body)  # what is there already is skipped
    say(one.log, 1)
    one.announce(300)
    assert one.good(one.upload(300, 301).body)
    assert one.upload(0, 300).status == 409  # behind the copy


def test_uploaded_entries_that_were_altered_are_refused_and_not_kept(tmp_path: Path) -> None:
    one = Pushed(tmp_path, 300)
    one.announce()
    body = dump_upload(Upload(LOG_KEY.name, 0, 300), list(pushing._packages(one.log.tree, 0, 300)))
    head = len(Upload(LOG_KEY.name, 0, 300).dump())
    for at in range(head + 40, len(body), len(body) // 40):
        assert one.send(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]).status in (202, 400, 422)
    assert one.mirror.log.size == 0
    assert one.good(one.push())
    assert verify(one.folder) == 300


def test_a_pushed_fork_or_roll_back_is_refused(tmp_path: Path) -> None:
    one = Pushed(tmp_path, 20)
    one.announce()
    one.push()
    shutil.copytree(one.log.folder, tmp_path / "fork")
    fork = Log.open(tmp_path / "fork", LOG_KEY)
    say(fork, 3, "otherwise")
    say(one.log, 5)
    assert one.announce(20).status == 200  # pending, and not yet stored
    assert one.service("POST", "/add-checkpoint", request(fork, 20)).body == b"25\n"
    assert one.service("POST", "/add-checkpoint", AddCheckpoint(25, (), fork.at.note).dump()).status == 400
    say(fork, 2, "otherwise")  # the same size, another root
    assert one.service("POST", "/add-checkpoint", AddCheckpoint(25, (), fork.at.note).dump()).status == 409
    with pytest.raises(LogError, match="LOG-060"):
        pushing.push(fork.tree, LOG_KEY.name, fork.at, "http://mirror", one.net)
    assert one.good(one.push())
    with pytest.raises(LogError, match="LOG-061"):
        one.mirror.take(Checkpoint(20, b"", b""), lambda number, width: [])


def test_another_genesis_cannot_be_pushed(tmp_path: Path) -> None:
    one = Pushed(tmp_path, 5)
    other = Log.create(tmp_path / "other", LOG_KEY)
    other.append([Author(LOG_KEY, other).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}, "x": 1}, AT)])  # fmt: skip
    assert one.service("POST", "/add-checkpoint", AddCheckpoint(1, (), other.at.note).dump()).status == 409
    say(other, 4)
    assert one.service("POST", "/add-checkpoint", request(other, 1)).status == 422


def test_an_entry_that_the_rules_refuse_is_not_cosigned_although_its_proof_is_right(tmp_path: Path) -> None:
    from truceline.log.checkpoints import sign_checkpoint

    one = Pushed(tmp_path, 5)
    notes = [*one.log.notes, one.log.notes[4]]  # an author's number twice, under a root that the log signed
    tree = TileTree()
    tree.extend(map(leaf_hash, notes))
    at = sign_checkpoint(LOG_KEY, 6, tree.root())
    proof = tuple(tree.prove_consistency(1, 6))
    assert one.service("POST", "/add-checkpoint", AddCheckpoint(1, proof, at.note).dump()).status == 200
    body = dump_upload(Upload(LOG_KEY.name, 0, 6), [Package(0, tuple(notes), ())])
    answer = one.send(body)
    assert (answer.status, b"LOG-040" in answer.body) == (422, True)
    assert one.mirror.log.size == 0


def test_a_mirror_that_fetches_takes_uploads_too(tmp_path: Path) -> None:
    one = Pushed(tmp_path, 5)
    one.service = MirrorService(one.mirror, DiskSource(one.log.folder / "log"))
    assert one.announce().status == 200
    assert one.mirror.log.size == 5
    assert one.good(one.push())


def test_bodies_are_unpacked_as_they_come_and_never_beyond_their_cap() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    body = Body(1000)
    for at in range(0, len(bomb), 100):
        body.add(bomb[at : at + 100], gzipped=True)
    assert (body.overflows, len(body.held)) == (True, 1000)
    body = Body(1000)
    for piece in (b"ab", b"c" * 998):
        body.add(piece, gzipped=False)
    assert (body.overflows, len(body.held)) == (False, 1000)
    assert packing.MAX_BODY_BYTES > 256 * 65_537


def test_entries_are_pushed_over_the_network(tmp_path: Path) -> None:
    """A served mirror of its own process, without a URL to fetch from."""
    pytest.importorskip("uvicorn", reason="needs the extra serve: pip install 'truceline[serve]'")
    log = build(tmp_path / "log", 700)
    command = ["log", "mirror", "--out", tmp_path / "mirror", "--log", LOG_KEY.vkey, "--genesis", log.tree.leaf(0).hex(), "--serve"]  # fmt: skip
    command += ["--cosign", "--name", "north.test/m", "--keys", tmp_path / "keys", "--port", 0]
    surroundings = os.environ | {"TRUCELINE_ACCOUNT_KEY": str(tmp_path / "account.key"), "PYTHONPATH": ":".join(sys.path)}  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "truceline", *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=surroundings
    ) as running:  # fmt: skip
        try:
            assert running.stdout is not None
            said = json.loads(running.stdout.readline())
            client = Client()
            assert client.post(f"{said['url']}add-checkpoint", request(log, 1)).status == 200
            lines = pushing.push(log.tree, LOG_KEY.name, log.at, said["url"], client)
            text = log.at.note.partition(b"\n\n")[0] + b"\n"
            assert len(read_cosignatures(text, lines, [CosignerKey.parse(said["vkey"])])) == 1
            client.close()
        finally:
            running.terminate()
            running.wait(10)
    assert verify(tmp_path / "mirror") == 700


def test_a_new_mirror_is_not_begun_without_the_key_and_the_genesis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path / "log", 3)
    monkeypatch.setattr(
        sys, "argv", ["truceline", "log", "mirror", str(tmp_path / "log"), "--out", str(tmp_path / "copy")]
    )
    assert main() == 2
    assert "LOG-155" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()
