"""The C2SP formats: what others publish is read, and nothing but our own errors comes out of any bytes."""

import base64
import contextlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from truceline.errors import LogError
from truceline.log import merkle
from truceline.log.checkpoints import read_checkpoint, sign_checkpoint
from truceline.log.cosignatures import CosignerKey, check_cosignatures, cosign, read_cosignatures
from truceline.log.notes import SigningKey, VerifierKey, open_note, split_note
from truceline.log.policies import Policy
from truceline.log.proofs import Proof
from truceline.log.tiles import join_bundle, split_bundle
from truceline.log.tree import TileTree, publish

NOTES = Path(__file__).parents[3] / "shared" / "vectors" / "note" / "xmod_note_tlog.json"
LOG, A, B, M = (
    SigningKey(name, bytes([n]) * 32) for n, name in enumerate(("log.test/one", "a", "b", "m"), 1)
)
ROOT = bytes(range(32))
CHECKPOINT = sign_checkpoint(LOG, 7, ROOT).note
TEXT = CHECKPOINT.partition(b"\n\n")[0] + b"\n"
POLICY = "".join(
    [
        f"log {LOG.vkey}\n",
        *(f"witness {one.name} {CosignerKey.of(one)} http://{one.name}.test\n" for one in (A, B, M)),
        "group parties any a b\ngroup receipt all parties m\nquorum receipt\n",
    ]
).encode()  # fmt: skip


def cosigned(*signers: SigningKey) -> bytes:
    return CHECKPOINT + b"".join(cosign(TEXT, one, 1_700_000_000) for one in signers)


def test_a_policy_counts_groups_and_says_whose_cosignature_is_missing() -> None:
    policy = Policy.parse(POLICY)
    assert policy.accept(cosigned(A, M)).witnesses == {"a", "m"}
    assert policy.accept(cosigned(M, B)).satisfied
    for signers, missing in (((), ("a", "b", "m")), ((A, B), ("m",)), ((M,), ("a", "b"))):
        assert policy.judge(cosigned(*signers)).missing == missing
        with pytest.raises(LogError, match="LOG-054"):
            policy.accept(cosigned(*signers))


def test_a_partys_policy_that_does_not_need_its_own_witness_is_refused() -> None:
    policy = Policy.parse(POLICY)
    policy.accept(cosigned(A, M), own="m")
    for own in ("a", "b", "stranger"):
        with pytest.raises(LogError, match="LOG-055"):
            policy.accept(cosigned(A, B, M), own=own)
    both = Policy.parse(POLICY.replace(b"any a b", b"all a b"))
    both.accept(cosigned(A, B, M), own="b")
    with pytest.raises(LogError, match="LOG-054"):  # operator and mediator fork b: its policy refuses
        both.accept(cosigned(A, M), own="b")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"witness b ", b"witness a "), (b"quorum receipt\n", b""), (b"quorum receipt\n", b"quorum receipt\nquorum m\n"),
        (b"quorum receipt\n", b"quorum receipt"), (b"any a b", b"3 a b"), (b"any a b", b"02 a b"), (b"any a b", b"0 a b"),
        (b"any a b", b"any a a"), (b"all parties m", b"all parties a"), (b"any a b", b"any a c"), (b"quorum receipt", b"quorum all"),
        (b"log log", b"log\rlog"), (b"quorum receipt\n", b"quorum receipt\nwitness none x\n"), (b"quorum receipt", b"quorum receipt x"),
        (str(CosignerKey.of(B)).encode(), str(CosignerKey("b", CosignerKey.of(A).key)).encode()),  # one key, two names
        (str(CosignerKey.of(B)).encode(), str(B.vkey).encode()), (str(LOG.vkey).encode(), str(CosignerKey.of(LOG)).encode()),
    ],
)  # fmt: skip
def test_a_policy_with_a_fault_is_refused(old: bytes, new: bytes) -> None:
    assert old in POLICY
    with pytest.raises(LogError, match="LOG-052"):
        Policy.parse(POLICY.replace(old, new, 1))


def test_a_duplicate_cosignature_counts_once_and_a_strangers_is_passed_over() -> None:
    policy = Policy.parse(POLICY.replace(b"any a b", b"2 a b"))
    note = cosigned(A, A, M) + cosign(TEXT, SigningKey("b", b"\x09" * 32), 5)
    assert policy.judge(note).witnesses == {"a", "m"}
    assert not policy.judge(note).satisfied


def test_every_altered_byte_of_a_cosigned_checkpoint_is_refused_or_leaves_no_quorum() -> None:
    policy, note = Policy.parse(POLICY), cosigned(A, M)
    for at in range(len(note)):
        with pytest.raises(LogError):
            policy.accept(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :])


def test_a_witness_answer_is_lines_and_nothing_else() -> None:
    keys = [CosignerKey.of(A)]
    answer = cosign(TEXT, A, 9)
    assert [one.time_s for one in read_cosignatures(TEXT, answer, keys)] == [9]
    assert read_cosignatures(TEXT, cosign(TEXT, B, 9), keys) == []
    for bad in (b"x", answer[:-1], answer + b"x", b"\n" + answer, TEXT + b"\n" + answer):
        with pytest.raises(LogError):
            read_cosignatures(TEXT, bad, keys)
    with pytest.raises(LogError, match="LOG-051"):
        read_cosignatures(TEXT.replace(b"\n7\n", b"\n8\n"), answer, keys)


def test_a_checkpoint_has_no_leading_zeros_no_extensions_and_its_own_origin() -> None:
    read_checkpoint(cosigned(A), LOG.vkey)
    for old, new in (
        (b"\n7\n", b"\n07\n"), (b"\n7\n", b"\n+7\n"), (b"\n7\n", b"\n7 \n"), (b"\n7\n", b"\n\xd9\xa7\n"),
        (b"=\n", b"=\nextension\n"), (b"log.test/one", b"log.test/two"), (b"\n7\n", b"\n" + b"9" * 40 + b"\n"),
    ):  # fmt: skip
        with pytest.raises(LogError, match="LOG-031"):
            read_checkpoint(LOG.sign(TEXT.replace(old, new)), LOG.vkey)


def proof(size: int = 300, index: int = 7) -> tuple[Proof, Policy]:
    notes = [b"entry %d\n\n" % n for n in range(size)]
    tree = TileTree()
    tree.extend(map(merkle.leaf_hash, notes))
    note = sign_checkpoint(LOG, size, merkle.root_of(list(map(merkle.leaf_hash, notes)))).note
    text = note.partition(b"\n\n")[0] + b"\n"
    hashes = merkle.prove_inclusion(list(map(merkle.leaf_hash, notes)), index)
    made = Proof(notes[index], index, tuple(hashes), note + cosign(text, A, 1) + cosign(text, M, 1))
    return made, Policy.parse(POLICY)


def test_a_proof_round_trips_and_every_altered_byte_is_refused() -> None:
    made, policy = proof()
    raw = made.dump()
    assert Proof.parse(raw) == made
    made.verify(policy)
    for at in range(len(raw)):
        with pytest.raises(LogError):
            Proof.parse(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).verify(policy)


def test_a_proof_with_too_many_hashes_leading_zeros_or_a_tail_is_refused() -> None:
    made, policy = proof()
    raw = made.dump()
    line = base64.b64encode(ROOT) + b"\n"
    for bad in (
        raw.replace(b"index 7\n", b"index 7\n" + line * 64), raw.replace(b"index 7", b"index 07"),
        raw.replace(b"index 7", b"index -7"), raw + b"x", raw[:-1], raw.replace(b"@v1", b"@v2"), b"",
    ):  # fmt: skip
        with pytest.raises(LogError):
            Proof.parse(bad).verify(policy)


READERS: list[Callable[[bytes], object]] = [
    split_note, split_bundle, Policy.parse, Proof.parse, lambda raw: read_checkpoint(raw, LOG.vkey),
    lambda raw: Policy.parse(POLICY).accept(raw), lambda raw: Proof.parse(raw).verify(Policy.parse(POLICY)),
    lambda raw: read_cosignatures(TEXT, raw, [CosignerKey.of(A)]),
    lambda raw: CosignerKey.parse(raw.decode("utf-8", "replace")), lambda raw: VerifierKey.parse(raw.decode("utf-8", "replace")),
]  # fmt: skip
SEEDS = [
    CHECKPOINT,
    cosigned(A, M),
    POLICY,
    proof()[0].dump(),
    str(LOG.vkey).encode(),
    str(CosignerKey.of(A)).encode(),
]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 4))] = draw(
            st.one_of(
                st.binary(max_size=6), st.sampled_from([b"\n\n", "— ".encode(), b"+", b"0", b"\xc3\xa9"])
            )
        )
    return bytes(raw)


@pytest.mark.parametrize("reader", READERS)
@given(raw=st.one_of(st.binary(max_size=200), broken()))
@example(raw=b"")
@example(raw="a+b+é".encode())
def test_nothing_but_our_own_errors_comes_out_of_any_bytes(
    reader: Callable[[bytes], object], raw: bytes
) -> None:
    with contextlib.suppress(LogError):
        reader(raw)


@pytest.mark.skipif(not NOTES.exists(), reason="the published note vectors are not on this machine")
def test_published_note_literals() -> None:
    said = json.loads(NOTES.read_text())["note"]
    for line in said["vkeys_valid"]:
        assert str(VerifierKey.parse(line)) == line
        altered = [line[:at] + chr(ord(line[at]) + 1) + line[at + 1 :] for at in range(len(line))]
        for bad in (
            *altered,
            *(line[:at] for at in range(len(line))),
            *(line[at:] for at in range(1, len(line))),
        ):
            with pytest.raises(LogError, match="LOG-010"):
                VerifierKey.parse(bad)
    for line in said["vkeys_invalid"]:
        with pytest.raises(LogError, match="LOG-010"):
            VerifierKey.parse(line)
    key = VerifierKey.parse(said["vkeys_valid"][0])
    assert open_note(said["signed"].encode(), {key.name: key}) == (said["text"].encode(), key.name)
    text, lines = split_note((said["signed"] + said["enoch_sig"]).encode())
    assert text == said["text"].encode()
    for line, vkey in zip(lines, said["vkeys_valid"], strict=False):
        assert VerifierKey.parse(vkey).verify(text, line.signature)
    example_key = VerifierKey.parse(said["c2sp_example"]["vkey"])
    open_note(said["c2sp_example"]["note"].encode(), {example_key.name: example_key})


# The tree over tiles


class Memory:
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def checkpoint(self) -> bytes:
        return b""

    def tile(self, level: str, number: int, width: int) -> bytes:
        from truceline.log.tiles import path_of

        found = self.files.get(path_of(level, number, width)) or self.files.get(path_of(level, number, 256))
        if found is None:
            raise LogError("LOG-037", "absent", where=path_of(level, number, width), remedy="None.")
        return found


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 1100, 65_537])
def test_proofs_from_tiles_are_those_of_the_whole_tree(size: int) -> None:
    notes = [b"%d" % n for n in range(size)]
    hashes = list(map(merkle.leaf_hash, notes))
    root = merkle.root_of(hashes)
    tree = TileTree.load(Memory(publish(notes)), size, root)
    assert tree.root() == root
    for index in {0, 1, size // 2, size - 1, min(size - 1, 256)} & set(range(size)):
        proof_ = tree.prove_inclusion(index)
        merkle.verify_inclusion(hashes[index], index, size, proof_, root)
        assert tree.bundle(index // 256)[index % 256] == notes[index]
    for old in {1, 2, 255, 256, 257, size // 2, size} & set(range(1, size + 1)):
        assert tree.root_at(old) == merkle.root_of(hashes[:old])
        merkle.verify_consistency(old, size, tree.prove_consistency(old), merkle.root_of(hashes[:old]), root)
        smaller = min(old, size - 1) or 1
        assert tree.prove_inclusion(smaller - 1, old) == merkle.prove_inclusion(hashes[:old], smaller - 1)


def test_one_corrupt_byte_of_a_full_tile_is_caught_when_it_is_read() -> None:
    """CVE-2026-56865: a tree of 1,100 entries, byte 5 of tile/0/001."""
    notes = [b"%d" % n for n in range(1100)]
    files = publish(notes)
    root = merkle.root_of(list(map(merkle.leaf_hash, notes)))
    raw = files["tile/0/001"]
    files["tile/0/001"] = raw[:5] + bytes([raw[5] ^ 1]) + raw[6:]
    tree = TileTree.load(Memory(files), 1100, root)
    for read in (lambda: tree.prove_inclusion(256), lambda: tree.bundle(1), lambda: tree.leaf(300)):
        with pytest.raises(LogError, match="LOG-039"):
            read()
    files["tile/0/001"] = raw
    tree = TileTree.load(Memory(files), 1100, root)
    files["tile/entries/001"] = join_bundle([b"x", *split_bundle(files["tile/entries/001"])[1:]])
    with pytest.raises(LogError, match="LOG-039"):
        tree.bundle(1)
    for name in ("tile/0/004.p/76", "tile/1/000.p/4"):  # the edge itself
        bad = dict(files) | {name: b"\0" * len(files[name])}
        with pytest.raises(LogError, match="LOG-039"):
            TileTree.load(Memory(bad), 1100, root)


def test_cosignatures_are_checked_against_lines_of_the_note() -> None:
    text, lines = split_note(cosigned(A))
    assert [one.key.name for one in check_cosignatures(text, lines, [CosignerKey.of(A)])] == ["a"]
