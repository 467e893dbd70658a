"""Keys and authors: what the fold over key entries admits, and what each attack on it meets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import LogError
from truceline.log.authors import Author
from truceline.log.chain import Chain
from truceline.log.entries import Entry, Seen, add_signature, entry_id, sign_entry
from truceline.log.keys import Keys
from truceline.log.log import Log
from truceline.log.notes import SigningKey, VerifierKey
from truceline.log.verifying import verify

AT = "2031-03-03T00:00:00Z"


def key(name: str, number: int = 0) -> SigningKey:
    return SigningKey(name, bytes([number]) * 16 + name.encode().ljust(16, b"\x00")[:16])


LOG = key("truceline.test/keys")
OPERATOR, COMMISSION, NORTH, SOUTH = (key(name) for name in ("operator", "commission", "north", "south"))


def begin(folder: Path, *holders: SigningKey) -> Log:
    log = Log.create(folder, LOG)
    keys = {one.name: str(one.vkey) for one in holders or (OPERATOR, COMMISSION, NORTH)}
    log.append([Author(LOG, log).note("genesis", {"keys": keys}, AT)])
    return log


def say(
    log: Log, who: SigningKey, kind: str = "decision", body: dict[str, Any] | None = None, **more: Any
) -> int:
    return log.append([Author(who, log).note(kind, body or {}, AT, **more)])[0]


def act(word: str, subject: SigningKey) -> dict[str, Any]:
    return {"act": word, "author": subject.name, "vkey": str(subject.vkey)}


def test_a_name_is_enrolled_by_both_authorities_and_by_the_new_key_itself(tmp_path: Path) -> None:
    log = begin(tmp_path)
    with pytest.raises(LogError, match="LOG-012"):
        say(log, SOUTH)
    say(log, OPERATOR, "key", act("enrol", SOUTH), beside=[COMMISSION], new_key=SOUTH)
    say(log, SOUTH)
    verify(tmp_path)
    assert [(one.name, one.since, one.until) for one in Log.open(tmp_path).chain.history()][-1] == (
        "south",
        2,
        None,
    )


def test_one_authority_alone_enrols_nobody(tmp_path: Path) -> None:
    log = begin(tmp_path)
    with pytest.raises(LogError, match="LOG-114"):
        say(log, OPERATOR, "key", act("enrol", SOUTH), new_key=SOUTH)
    assert log.size == 1


def test_a_key_that_nobody_shows_to_hold_is_not_enrolled(tmp_path: Path) -> None:
    log = begin(tmp_path)
    with pytest.raises(LogError, match="LOG-110"):
        say(log, OPERATOR, "key", act("enrol", SOUTH), beside=[COMMISSION])
    with pytest.raises(LogError, match="LOG-012"):
        say(log, OPERATOR, "key", act("enrol", SOUTH), beside=[COMMISSION], new_key=key("south", 7))


def test_stolen_key_an_entry_after_revocation_is_refused(tmp_path: Path) -> None:
    log = begin(tmp_path)
    say(log, NORTH)
    back_dated = Author(NORTH, log).note("consent", {}, "2031-03-01T00:00:00Z")
    say(log, OPERATOR, "key", act("revoke", NORTH), beside=[COMMISSION])
    with pytest.raises(LogError, match="LOG-115") as refused:
        log.append([back_dated])
    assert refused.value.where == "entry 3"
    verify(tmp_path)  # what it signed before stands


def test_back_dated_key_a_rotated_key_signs_nothing_more(tmp_path: Path) -> None:
    log, new = begin(tmp_path), key("north", 1)
    say(log, NORTH)
    say(log, NORTH, "key", act("rotate", new), new_key=new)
    with pytest.raises(LogError, match="LOG-115"):
        say(log, NORTH)
    assert say(log, new) == 3
    verify(tmp_path)


def test_nobody_rotates_the_key_of_another(tmp_path: Path) -> None:
    log, new = begin(tmp_path), key("north", 1)
    with pytest.raises(LogError, match="LOG-114"):
        say(log, OPERATOR, "key", act("rotate", new), beside=[COMMISSION], new_key=new)


def test_no_key_serves_two_purposes_or_comes_back(tmp_path: Path) -> None:
    log = begin(tmp_path)
    for name, seed in (("south", NORTH.seed), ("south", LOG.seed)):
        again = SigningKey(name, seed)
        with pytest.raises(LogError, match="LOG-112"):
            say(log, OPERATOR, "key", act("enrol", again), beside=[COMMISSION], new_key=again)
    say(log, NORTH, "key", act("revoke", NORTH))
    with pytest.raises(LogError, match="LOG-112"):
        say(log, OPERATOR, "key", act("enrol", NORTH), beside=[COMMISSION], new_key=NORTH)
    fresh = key("north", 2)
    say(log, OPERATOR, "key", act("enrol", fresh), beside=[COMMISSION], new_key=fresh)
    say(log, fresh)
    verify(tmp_path)


@pytest.mark.parametrize(
    "weak",
    [
        bytes(32),
        b"\x01" + bytes(31),
        (2**255 - 18).to_bytes(32, "little"),
        (2**255 - 1).to_bytes(32, "little"),
    ],
)
def test_low_order_and_non_canonical_keys_are_refused(tmp_path: Path, weak: bytes) -> None:
    vkey = VerifierKey("south", weak)
    with pytest.raises(LogError, match="LOG-111"):
        Keys(LOG.vkey).begin(
            Entry("genesis", LOG.name, 0, "", Seen(0, ""), AT, {"keys": {"south": str(vkey)}})
        )


def test_the_keys_of_the_log_itself_stay(tmp_path: Path) -> None:
    log, new = begin(tmp_path), key(LOG.name, 1)
    for word, beside in (("rotate", new), ("revoke", LOG)):
        with pytest.raises(LogError, match="LOG-113"):
            say(log, LOG, "key", act(word, beside), new_key=new if word == "rotate" else None)


def test_a_listed_signer_who_did_not_sign_is_missed_even_in_a_duplicate(tmp_path: Path) -> None:
    log = begin(tmp_path)
    author = Author(OPERATOR, log)
    entry = author.entry("shred", {}, AT, ["commission"])
    alone = sign_entry(log.origin, entry, OPERATOR)
    whole = add_signature(alone, COMMISSION)
    with pytest.raises(LogError, match="LOG-110"):
        log.append([alone])
    assert log.append([whole]) == [1]
    assert log.append([whole]) == [1]
    with pytest.raises(LogError, match="LOG-110"):  # the same id, but not signed by all
        log.append([alone])
    with pytest.raises(LogError, match="LOG-110"):
        log.append([add_signature(whole, NORTH)])


def test_outsider_replay_gets_the_index_it_had(tmp_path: Path) -> None:
    log = begin(tmp_path)
    note = Author(NORTH, log).note("consent", {}, AT)
    assert log.append([note]) == [1]
    say(log, OPERATOR, "key", act("revoke", NORTH), beside=[COMMISSION])
    assert log.append([note, note]) == [1, 1]
    assert log.size == 3


def test_suppression_a_dropped_entry_is_reported_with_the_next(tmp_path: Path) -> None:
    log = begin(tmp_path)
    author = Author(NORTH, log)
    dropped, following = (author.note("consent", {"n": n}, AT) for n in range(2))
    with pytest.raises(LogError, match="LOG-040") as gap:
        log.append([following])
    assert (gap.value.where, gap.value.value) == ("north, number 0", 1)
    assert log.append([dropped, following]) == [1, 2]


def test_seen_must_be_a_checkpoint_of_this_log(tmp_path: Path) -> None:
    log = begin(tmp_path)
    say(log, NORTH)
    for size, root in ((2, bytes(32)), (3, log.root), (0, log.root)):
        entry = Entry("consent", "north", 1, entry_id(log.notes[1]), Seen(size, root.hex()), AT, {})
        with pytest.raises(LogError, match="LOG-116"):
            log.append([sign_entry(log.origin, entry, NORTH)])
    entry = Entry("consent", "north", 1, entry_id(log.notes[1]), Seen(2, log.root.hex()), AT, {})
    log.append([sign_entry(log.origin, entry, NORTH)])
    verify(tmp_path)


def test_an_old_log_verifies_and_goes_on_in_the_new_form_only(tmp_path: Path) -> None:
    log = Log.create(tmp_path, LOG)
    genesis = Entry(
        "genesis", LOG.name, 0, "", Seen(0, ""), AT, {"keys": {"north": str(NORTH.vkey)}}, version=1
    )
    log.append([sign_entry(LOG.name, genesis, LOG)])
    old = Entry("consent", "north", 0, "", Seen(1, ""), AT, {}, version=1)
    log.append([sign_entry(LOG.name, old, NORTH)])
    assert b'"seen":1' in log.notes[1]
    verify(tmp_path)
    say(log, NORTH)
    late = Entry("consent", "north", 2, entry_id(log.notes[2]), Seen(1, ""), AT, {}, version=1)
    with pytest.raises(LogError, match="LOG-117"):
        log.append([sign_entry(LOG.name, late, NORTH)])
    verify(tmp_path)


def test_a_float_or_a_wrong_type_is_not_an_entry(tmp_path: Path) -> None:
    log = begin(tmp_path)
    fields: dict[str, Any] = {
        "kind": "consent", "author": "north", "seq": 0, "prev": "", "seen": {"size": 0, "root": ""}, "at": AT,
        "body": {}, "signers": [],
    }  # fmt: skip
    for change in (
        {"body": {"x": 1.5}}, {"seq": True}, {"seen": 1}, {"seen": {"size": 0, "root": "zz"}}, {"signers": ["north"]},
        {"signers": [1]}, {"more": 1}, {"at": "yesterday"},
    ):  # fmt: skip
        text = f"{LOG.name}/entry/v2\n".encode() + rfc8785.dumps(fields | change) + b"\n"
        with pytest.raises(LogError, match="LOG-022"):
            log.append([NORTH.sign(text)])
    doubled = rfc8785.dumps(fields).replace(b'"seq":0', b'"seq":0,"seq":0')
    with pytest.raises(LogError, match="LOG-022"):
        log.append([NORTH.sign(f"{LOG.name}/entry/v2\n".encode() + doubled + b"\n")])
    log.append([NORTH.sign(f"{LOG.name}/entry/v2\n".encode() + rfc8785.dumps(fields) + b"\n")])


@given(st.lists(st.sampled_from(["say", "rotate", "revoke", "enrol"]), max_size=12))
def test_the_fold_can_be_kept_and_taken_up_again(acts: list[str]) -> None:
    """The state as JSON leads to the same keys as folding again, whatever happened."""
    chain, notes, holders, last = Chain(LOG.vkey, lambda size: bytes(32)), [], {"north": NORTH}, {}
    genesis = Entry("genesis", LOG.name, 0, "", Seen(0, ""), AT, {"keys": {"north": str(NORTH.vkey)}})

    def put(entry: Entry, *signers: SigningKey) -> None:
        note = sign_entry(LOG.name, entry, *signers)
        chain.admit(note)
        notes.append(note)
        last[entry.author] = (entry.seq + 1, entry_id(note))

    put(genesis, LOG)
    for number, word in enumerate(acts, 1):
        holder = holders.get("north")
        new = key("north", number)
        by_log = Entry("key", LOG.name, *last[LOG.name], Seen(0, ""), AT, act("enrol", new))
        own = Entry("consent", "north", *last.get("north", (0, "")), Seen(0, ""), AT, {})
        if holder is None:
            if word == "enrol":
                put(by_log, LOG, new)
                holders["north"] = new
        elif word == "say":
            put(own, holder)
        elif word == "rotate":
            put(Entry("key", "north", own.seq, own.prev, own.seen, AT, act("rotate", new)), holder, new)
            holders["north"] = new
        elif word == "revoke":
            put(Entry("key", "north", own.seq, own.prev, own.seen, AT, act("revoke", holder)), holder)
            del holders["north"]
    kept = json.loads(json.dumps(chain.dump()))
    again = Chain.load(LOG.vkey, lambda size: bytes(32), kept)
    folded = Chain(LOG.vkey, lambda size: bytes(32))
    for note in notes:
        folded.follow(note)
    assert again.dump() == folded.dump() == chain.dump()
    assert (
        dict(again.keys)
        == dict(folded.keys)
        == {LOG.name: LOG.vkey} | {n: k.vkey for n, k in holders.items()}
    )
