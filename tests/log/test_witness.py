"""Witness, mirror, audit and proof over the real protocol, each request as bytes; tests are named after the attack."""

from __future__ import annotations

import hashlib
import shutil
import threading
from pathlib import Path

import pytest

from truceline.errors import EnvironmentFailure, LogError
from truceline.log import auditing, proving
from truceline.log.authors import Author
from truceline.log.collecting import Collector, published
from truceline.log.cosignatures import CosignerKey
from truceline.log.http import Reply
from truceline.log.levels import levels
from truceline.log.log import Log
from truceline.log.mirroring import Mirror, begin
from truceline.log.notes import SigningKey
from truceline.log.policies import Policy
from truceline.log.requests import AddCheckpoint
from truceline.log.services import MirrorService, WitnessService
from truceline.log.sources import DiskSource
from truceline.log.verifying import verify
from truceline.log.witness import Witness

LOG_KEY, OFFICER = SigningKey("truceline.test/one", b"\x01" * 32), SigningKey("officer", b"\x02" * 32)
NORTH, SOUTH, MEDIATOR = (
    SigningKey(f"{name}.test/w", bytes([n]) * 32) for n, name in enumerate(("north", "south", "mediator"), 3)
)
NORTH_MIRROR = SigningKey("north.test/m", b"\x07" * 32)
AT = "2031-03-03T00:00:00Z"


def build(folder: Path, size: int) -> Log:
    log = Log.create(folder, LOG_KEY)
    log.append([Author(LOG_KEY, log).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, AT)])
    say(log, size - 1)
    return log


def say(log: Log, count: int, word: str = "n") -> None:
    if count:
        author = Author(OFFICER, log)
        log.append([author.note("decision", {word: n}, AT) for n in range(count)])


class Net:
    """Services by host, called as the network would call them."""

    def __init__(self) -> None:
        self.services: dict[str, object] = {}
        self.down: set[str] = set()

    def _call(self, method: str, url: str, body: bytes) -> Reply:
        host, _, path = url.removeprefix("http://").partition("/")
        if host in self.down or host not in self.services:
            raise EnvironmentFailure(
                "ENV-031", "the server must answer in time", where=url, value="refused", remedy="Start it."
            )
        return self.services[host](method, f"/{path}", body)  # type: ignore[operator,no-any-return]

    def post(self, url: str, body: bytes) -> Reply:
        return self._call("POST", url, body)

    def get(self, url: str, cap: int) -> Reply:
        return self._call("GET", url, b"")

    def upload(self, url: str, body: bytes) -> Reply:
        return self._call("POST", url, body)


class World:
    def __init__(self, tmp_path: Path, size: int = 5) -> None:
        self.folder, self.net = tmp_path / "log", Net()
        self.log = build(self.folder, size)
        self.genesis = bytes.fromhex(self.log.seen().root)
        self.witnesses = {
            one.name.partition(".")[0]: self.witness(tmp_path / one.name.partition(".")[0], one)
            for one in (NORTH, SOUTH, MEDIATOR)
        }
        for name, one in self.witnesses.items():
            self.net.services[name] = WitnessService(one)
        begin(tmp_path / "mirror", LOG_KEY.vkey, self.genesis)
        self.mirror = Mirror(tmp_path / "mirror", NORTH_MIRROR)
        self.net.services["mirror"] = MirrorService(self.mirror, DiskSource(self.folder / "log"))
        (self.folder / "policy").mkdir()
        self.write("receipt", "group parties any north south\ngroup all2 all parties mediator\nquorum all2\n")
        self.write("final", "group every all north-mirror south mediator\nquorum every\n")
        self.collector = Collector(Log.open(self.folder, LOG_KEY), self.net)

    def witness(self, folder: Path, key: SigningKey) -> Witness:
        made = Witness(folder / "state", key, folder / "mark", clock=lambda: 1_900_000_000)
        made.watch(LOG_KEY.vkey, self.genesis)
        return made

    def write(self, name: str, rest: str) -> None:
        (self.folder / "policy" / f"{name}.policy").write_text(self.text(rest))

    def text(self, rest: str) -> str:
        named = {"north": NORTH, "south": SOUTH, "mediator": MEDIATOR, "north-mirror": NORTH_MIRROR}
        hosts = {"north-mirror": "mirror"}
        lines = [
            f"witness {name} {CosignerKey.of(key)} http://{hosts.get(name, name)}"
            for name, key in named.items()
        ]
        return "\n".join([f"log {LOG_KEY.vkey}", *lines, rest])

    def reached(self) -> dict[str, int]:
        return {
            one.name: one.reached.checkpoint.size if one.reached else 0
            for one in levels(self.folder, LOG_KEY.vkey)
        }


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def request(log: Log, old: int) -> bytes:
    proof = log.prove_consistency(old) if 0 < old < log.size else []
    return AddCheckpoint(old, tuple(proof), log.at.note).dump()


def test_levels_are_reached_by_cosignatures_and_the_folder_still_verifies(world: World) -> None:
    assert world.reached() == {"receipt": 0, "final": 0}
    assert sorted(world.collector.collect()) == ["final", "receipt"]
    assert world.reached() == {"receipt": 5, "final": 5}
    assert verify(world.folder) == 5
    say(world.log, 300)
    assert world.reached() == {"receipt": 5, "final": 5}  # recorded, and not yet cosigned
    assert sorted(world.collector.collect()) == ["final", "receipt"]
    assert world.reached() == {"receipt": 305, "final": 305}
    assert verify(world.folder) == 305
    assert {one.key.name for one in published(Log.open(world.folder))[1]} == {
        "north.test/w",
        "south.test/w",
        "mediator.test/w",
        "north.test/m",
    }
    assert verify(world.mirror.folder) == 305


def test_a_party_that_refuses_to_cosign_holds_up_no_receipt_and_its_absence_shows(world: World) -> None:
    world.net.down.add("south")
    assert world.collector.collect() == ["receipt"]
    assert world.reached() == {"receipt": 5, "final": 0}
    (south,) = [one for one in world.collector.states() if one.name == SOUTH.name]
    assert south.silent_since_s
    assert south.refused == "refused"
    assert south.as_dict(5)["behind"] == 5
    first = south.silent_since_s
    say(world.log, 3)
    assert world.collector.collect() == ["receipt"]
    (south,) = [one for one in world.collector.states() if one.name == SOUTH.name]
    assert south.silent_since_s == first
    world.net.down.clear()
    assert sorted(world.collector.collect()) == ["final", "receipt"]


def test_a_stalled_witness_holds_nothing_up(world: World) -> None:
    ended = threading.Event()
    real = world.net.services["north"]

    def stalled(method: str, path: str, body: bytes) -> Reply:
        ended.wait(20)
        return real(method, path, body)  # type: ignore[operator,no-any-return]

    world.net.services["north"] = stalled
    assert world.collector.collect(wait_s=1.5) in (["receipt"], ["receipt", "final"], ["final", "receipt"])
    assert world.reached()["receipt"] == 5
    (north,) = [one for one in world.collector.states() if one.name == NORTH.name]
    assert north.refused == "no answer in time"
    ended.set()


def test_without_policies_no_level_is_reached_and_nobody_is_asked(world: World) -> None:
    shutil.rmtree(world.folder / "policy")
    assert world.collector.collect() == []
    assert world.reached() == {"receipt": 0, "final": 0}


def test_a_policy_that_wants_nobody_reaches_no_level(world: World) -> None:
    world.write("final", "quorum none\n")  # never fail open
    assert world.collector.collect() == ["receipt"]
    assert world.reached()["final"] == 0


def test_a_level_counts_by_the_policy_as_it_is_now(world: World) -> None:
    world.net.down.add("south")
    world.write("final", "group two all north mediator\nquorum two\n")
    world.collector.collect()
    assert world.reached()["final"] == 5
    world.write("final", "group every all north-mirror south mediator\nquorum every\n")
    assert world.reached()["final"] == 0
    world.write("final", "quorum none\n")
    assert world.reached()["final"] == 0
    assert verify(world.folder) == 5


def test_every_flipped_byte_of_a_cosigned_checkpoint_is_refused(world: World) -> None:
    world.collector.collect()
    for path in (world.folder / "log" / "checkpoint", world.folder / "state" / "final"):
        raw = path.read_bytes()
        for at in range(0, len(raw), 3):
            path.write_bytes(raw[:at] + bytes([raw[at] ^ 4]) + raw[at + 1 :])
            with pytest.raises(LogError):
                verify(world.folder)
        path.write_bytes(raw + b"\xe2\x80\x94 stranger AAAAAAAA\n")
        with pytest.raises(LogError, match="LOG-038"):
            verify(world.folder)
        path.write_bytes(raw)
    verify(world.folder)


def test_a_witness_answers_as_the_standard_says(world: World) -> None:
    north, log = world.witnesses["north"], world.log
    stranger = SigningKey("truceline.test/two", b"\x09" * 32)
    forged = SigningKey(LOG_KEY.name, b"\x09" * 32)
    other = log.at.note.replace(b"truceline.test/one", b"truceline.test/two")
    text = log.at.note.partition(b"\n\n")[0] + b"\n"
    for body, status in (
        (b"", 400), (b"old 01\n\n" + log.at.note, 400), (request(log, 5)[:-1], 400), (b"old 1\nAAAA\n\n" + log.at.note, 400),
        (b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + log.at.note, 400), (b"x" * 70_000, 400),
        (b"old 6\n\n" + log.at.note, 400), (b"old 0\n\n" + other, 404), (b"old 0\n\n" + stranger.sign(text), 403),
        (b"old 0\n\n" + forged.sign(text), 403), (b"old 1\n\n" + log.at.note, 422), (b"old 0\n\n" + log.at.note, 409),
    ):  # fmt: skip
        made = north.add_checkpoint(body)
        assert made.status == status, (body[:60], made)
        if status == 409:
            assert (made.body, made.content_type) == (b"1\n", "text/x.tlog.size")
    assert north.add_checkpoint(request(log, 1)).status == 200
    assert north.add_checkpoint(request(log, 5)).status == 200  # again: the same, with a newer time
    assert north.add_checkpoint(request(log, 1)).status == 409


def test_nothing_is_trusted_on_first_use_not_even_the_first_checkpoint(world: World, tmp_path: Path) -> None:
    other = Log.create(tmp_path / "other", LOG_KEY)  # the same key, another genesis
    other.append(
        [Author(LOG_KEY, other).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}, "x": 1}, AT)]
    )
    north = world.witnesses["north"]
    assert north.add_checkpoint(AddCheckpoint(0, (), other.at.note).dump()).status == 409
    assert north.add_checkpoint(AddCheckpoint(1, (), other.at.note).dump()).status == 409
    say(other, 3)
    assert north.add_checkpoint(request(other, 1)).status == 422
    with pytest.raises(LogError, match="LOG-058"):
        north.watch(SigningKey(LOG_KEY.name, b"\x05" * 32).vkey, world.genesis)


def test_an_operator_that_rolls_back_after_a_restore_gets_a_conflict(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.folder, tmp_path / "backup")
    say(world.log, 4)
    world.collector.collect()
    backup = Log.open(tmp_path / "backup", LOG_KEY)
    for witness in world.witnesses.values():
        assert witness.add_checkpoint(request(backup, 5)).status == 409
        assert witness.add_checkpoint(request(backup, 1)).body == b"9\n"
    behind = Collector(backup, world.net)
    assert behind.collect() == []
    assert all("the log was put back" in one.refused for one in behind.states() if one.name.endswith("/w"))


def test_a_fork_is_refused_by_every_witness_and_a_fully_cosigned_one_is_found(
    world: World, tmp_path: Path
) -> None:
    shutil.copytree(world.folder, tmp_path / "fork")
    fork = Log.open(tmp_path / "fork", LOG_KEY)
    say(world.log, 3)
    say(fork, 3, "otherwise")
    world.collector.collect()
    for witness in world.witnesses.values():
        assert witness.add_checkpoint(request(fork, 5)).status == 409
        assert witness.add_checkpoint(AddCheckpoint(8, (), fork.at.note).dump()).status == 409
    # all witnesses collude with the operator: fresh states cosign the fork, and the parties compare
    colluding = Net()
    for key in (NORTH, SOUTH, MEDIATOR):
        colluding.services[key.name.partition(".")[0]] = WitnessService(
            world.witness(tmp_path / f"bad-{key.name[:5]}", key)
        )
    begin(tmp_path / "bad-mirror", LOG_KEY.vkey, world.genesis)
    colluding.services["mirror"] = MirrorService(
        Mirror(tmp_path / "bad-mirror", NORTH_MIRROR), DiskSource(fork.folder / "log")
    )
    assert sorted(Collector(fork, colluding).collect()) == ["final", "receipt"]
    policy = Policy.load(world.folder / "policy" / "final.policy")
    held = (fork.folder / "state" / "final").read_bytes()
    policy.accept(held)
    made = auditing.audit(str(world.folder), policy, held=[held], cores=1)
    assert [one["code"] for one in made.problems] == ["LOG-044"]


def test_operator_and_mediator_cannot_fork_one_party_whose_policy_needs_its_own_witness(world: World) -> None:
    world.net.down.add("south")
    world.collector.collect()
    weak = Policy.parse(world.text("group two 2 north south mediator\nquorum two\n").encode())
    own = Policy.parse(world.text("group all3 all north south mediator\nquorum all3\n").encode())
    note = (world.folder / "log" / "checkpoint").read_bytes()
    weak.accept(note)
    with pytest.raises(LogError, match="LOG-055"):
        weak.accept(note, own="south")
    with pytest.raises(LogError, match="LOG-054"):
        own.accept(note, own="south")


def test_a_witness_whose_database_was_rolled_back_refuses_until_it_is_given_what_it_cosigned(
    world: World, tmp_path: Path
) -> None:
    world.collector.collect()
    database = tmp_path / "mediator" / "state" / "witness.sqlite"
    old = database.read_bytes()
    say(world.log, 4)
    world.collector.collect()
    cosigned = (world.folder / "log" / "checkpoint").read_bytes()
    database.write_bytes(old)
    mediator = Witness(tmp_path / "mediator" / "state", MEDIATOR, tmp_path / "mediator" / "mark")
    with pytest.raises(LogError, match="LOG-059"):
        mediator.refuse_rollback()
    with pytest.raises(LogError, match="LOG-059"):
        mediator.add_checkpoint(request(world.log, 5))
    assert WitnessService(mediator)("POST", "/add-checkpoint", request(world.log, 5)).status == 503
    for bad in (world.log.at.note, cosigned.replace(b"\n9\n", b"\n8\n")):
        with pytest.raises(LogError):
            mediator.catch_up(bad)
    assert mediator.catch_up(cosigned) == 9
    assert mediator.add_checkpoint(request(world.log, 9)).status == 200
    database.unlink()  # lost as a whole
    with pytest.raises(LogError, match="LOG-059"):
        Witness(tmp_path / "mediator" / "state", MEDIATOR, tmp_path / "mediator" / "mark").watch(
            LOG_KEY.vkey, world.genesis
        )


def test_many_requests_at_once_never_cosign_two_histories(world: World) -> None:
    sizes = [world.log.at.note]
    for _ in range(6):
        say(world.log, 2)
        sizes.append(world.log.at.note)
    north, answers = world.witnesses["north"], []
    requests = [
        AddCheckpoint(
            old, tuple(world.log.tree.prove_consistency(old, new)) if old < new else (), note
        ).dump()
        for old in (1, 5, 7, 9, 11)
        for note in sizes
        for new in (int(note.split(b"\n")[1]),)
        if old <= new
    ]
    threads = [
        threading.Thread(target=lambda body=body: answers.append(north.add_checkpoint(body)))
        for body in requests
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(requests)
    assert {one.status for one in answers} <= {200, 409}
    cosigned = sorted(int(one.why.rpartition(" ")[2]) for one in answers if one.status == 200)
    assert cosigned
    assert north.watched()[0].size == cosigned[-1]
    north.refuse_rollback()


def test_a_mirror_refuses_a_log_that_was_put_back_or_rewritten_and_keeps_what_it_has(
    world: World, tmp_path: Path
) -> None:
    world.mirror.update(DiskSource(world.folder / "log"))
    shutil.copytree(world.folder, tmp_path / "old")
    say(world.log, 260)
    assert world.mirror.update(DiskSource(world.folder / "log")).new == 260
    with pytest.raises(LogError, match="LOG-061"):
        world.mirror.update(DiskSource(tmp_path / "old" / "log"))
    fork = Log.open(tmp_path / "old", LOG_KEY)
    say(fork, 300, "otherwise")
    with pytest.raises(LogError, match="LOG-044"):
        world.mirror.update(DiskSource(tmp_path / "old" / "log"))
    for path in sorted((world.folder / "log").rglob("*")):
        if path.is_file() and path.name != "checkpoint" and path.parent.name.rpartition(".")[2] != "p":
            raw = path.read_bytes()
            path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
            begin(tmp_path / "fresh" / path.name / path.parent.name, LOG_KEY.vkey, world.genesis)
            with pytest.raises(LogError):
                Mirror(tmp_path / "fresh" / path.name / path.parent.name).update(
                    DiskSource(world.folder / "log")
                )
            path.write_bytes(raw)
    assert verify(world.mirror.folder) == 265
    with pytest.raises(LogError, match="LOG-058"):
        begin(world.mirror.folder, LOG_KEY.vkey, b"\0" * 32)


def test_a_mirror_serves_its_copy_with_its_own_cosignature(world: World) -> None:
    world.collector.collect()
    origin = hashlib.sha256(LOG_KEY.name.encode()).hexdigest()
    service = world.net.services["mirror"]
    note = service("GET", f"/{origin}/checkpoint", b"").body  # type: ignore[operator]
    policy = Policy.parse(world.text("quorum north-mirror\n").encode())
    assert policy.accept(note).witnesses == {"north-mirror"}
    assert (
        service("GET", f"/{origin}/tile/entries/000.p/5", b"").body
        == (world.folder / "log/tile/entries/000.p/5").read_bytes()
    )  # type: ignore[operator]
    for path in (
        f"/{origin}/../state/commit",
        f"/{origin}/.hidden",
        "/x/checkpoint",
        f"/{origin}/tile",
        f"/{origin}/state/commit",
        f"/{origin}/tile//0",
    ):
        assert service("GET", path, b"").status == 404  # type: ignore[operator]


# Audit and proofs


def test_the_audit_is_incremental_and_finds_nothing_in_a_good_log(world: World, tmp_path: Path) -> None:
    world.collector.collect()
    policy, state = Policy.load(world.folder / "policy" / "receipt.policy"), tmp_path / "audit.json"
    made = auditing.audit(str(world.folder), policy, state=state, cores=1)
    assert (made.ok, made.entries, made.new) == (True, 5, 5)
    say(world.log, 300)
    world.collector.collect()
    for cores in (1, 2):
        shutil.copy(state, tmp_path / "copy.json")
        made = auditing.audit(str(world.folder), policy, state=tmp_path / "copy.json", cores=cores)
        assert (made.problems, made.entries, made.new) == ([], 305, 300)
    assert auditing.audit(str(world.folder / "log"), policy, cores=2).ok
    state.write_bytes(b"{}")
    with pytest.raises(LogError, match="LOG-062"):
        auditing.audit(str(world.folder), policy, state=state, cores=1)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_bit_flipped_in_and_a_swap_of_every_tile_and_bundle_fails_the_audit(
    tmp_path: Path, cores: int
) -> None:
    world = World(tmp_path, 1100)
    world.collector.collect()
    policy = Policy.load(world.folder / "policy" / "receipt.policy")
    assert auditing.audit(str(world.folder), policy, cores=cores).ok
    files = [
        one for one in sorted((world.folder / "log" / "tile").rglob("*")) if one.is_file() and one.name != "1"
    ]
    if cores > 1:  # processes take a while to start
        files = [world.folder / "log/tile/0/001", world.folder / "log/tile/entries/002"]
    for number, path in enumerate(files):
        raw = path.read_bytes()
        for content in (raw[:5] + bytes([raw[5] ^ 1]) + raw[6:], files[number - 1].read_bytes()):
            path.write_bytes(content)
            made = auditing.audit(str(world.folder), policy, cores=cores)
            assert not made.ok, path
        path.write_bytes(raw)


def test_an_entry_that_the_rules_refuse_fails_the_audit_by_its_index(world: World, tmp_path: Path) -> None:
    """An operator with its own key can put anything under a valid root; the fold finds it."""
    from truceline.log.checkpoints import sign_checkpoint
    from truceline.log.merkle import leaf_hash, root_of
    from truceline.log.tree import publish

    notes = list(world.log.notes)
    policy = Policy.parse(f"log {LOG_KEY.vkey}\nquorum none\n".encode())
    for made in (notes[:3] + notes[4:], [*notes[:2], notes[3], notes[2], notes[4]], [*notes, notes[4]]):
        folder = tmp_path / hashlib.sha256(b"".join(made)).hexdigest()[:8]
        files = publish(made) | {
            "checkpoint": sign_checkpoint(LOG_KEY, len(made), root_of(list(map(leaf_hash, made)))).note
        }
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        found = auditing.audit(str(folder), policy, cores=1).problems
        assert [one["code"] for one in found] == ["LOG-040"]


def test_a_proof_verifies_offline_under_the_best_checkpoint(world: World) -> None:
    world.collector.collect()
    log = Log.open(world.folder)
    ident = log.entry(3)[1]
    made = proving.prove(log, ident)
    assert (made.level, made.size) == ("final", 5)
    policy = Policy.load(world.folder / "policy" / "final.policy")
    shown = proving.verify(made.proof.dump(), policy, own="north-mirror")
    assert (shown.index, shown.id, shown.author) == (3, ident, "officer")
    say(world.log, 2)
    assert proving.prove(Log.open(world.folder), "6").level == "recorded"
    with pytest.raises(LogError, match="LOG-054"):
        proving.verify(proving.prove(Log.open(world.folder), "6").proof.dump(), policy)
    for absent in ("9", "x", "0" * 64):
        with pytest.raises(LogError, match="LOG-063"):
            proving.prove(log, absent)
