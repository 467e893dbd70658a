"""Settings and policies that the log pins: who may change them, what counts them, and who notices."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from truceline.cli.main import main
from truceline.errors import LogError, UsageError
from truceline.log import auditing
from truceline.log.authors import Author
from truceline.log.cosignatures import CosignerKey, cosign, read_cosignatures
from truceline.log.levels import known_cosigners, lay_out, levels
from truceline.log.log import Log
from truceline.log.notes import SigningKey
from truceline.log.policies import Policy
from truceline.mission import backing_up, computing, handing_in, keys, pinning, settings
from truceline.mission.mission import Mission
from truceline.mission.replaying import replay
from truceline.mission.verifying import verify
from truceline.records.kinds import Genesis, Incidents, Key, Refused, Settings
from truceline.records.parties import Party

NORTH, SOUTH = (SigningKey(f"{name}.test/w", bytes([n]) * 32) for n, name in enumerate(("north", "south"), 3))
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        code = main()
        said = capsys.readouterr()
        return code, said.out or said.err

    return call


def text(quorum: str = "north", log: str = "") -> str:
    rows = [f"witness {one.name.partition('.')[0]} {CosignerKey.of(one)}\n" for one in (NORTH, SOUTH)]
    return "".join([f"log {log}\n" if log else "", *rows, f"group both all north south\nquorum {quorum}\n"])


def begin(root: Path, **policies: str) -> Mission:
    parties = tuple(Party(one, {"en": one}) for one in ("north", "south"))
    return Mission.create(root, Genesis("m", False, parties, (), (), {}, {}, policies=policies))


def cosigned(mission: Mission, *signers: SigningKey) -> list[str]:
    log = Log.open(mission.root)
    body = log.at.note.partition(b"\n\n")[0] + b"\n"
    lines = b"".join(cosign(body, one, 1_900_000_000) for one in signers)
    return log.attach(log.at, read_cosignatures(body, lines, [CosignerKey.of(one) for one in signers]))


def pin(mission: Mission, **policies: str) -> int:
    return handing_in.hand_in(mission, pinning.change(mission, {}, policies, "agreed"))


def test_the_genesis_pins_policies_and_an_audit_without_a_policy_judges_by_them(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m", receipt=text(), final=text("both"))
    assert mission.log.chain.pinned.text("receipt") == text(log=str(mission.log.key))
    made = auditing.audit(str(mission.root), cores=1)
    assert [one["code"] for one in made.problems] == ["LOG-054"]
    assert cosigned(mission, NORTH) == ["receipt"]
    made = auditing.audit(str(mission.root), cores=1)
    assert (made.ok, made.levels) == (True, {"receipt": True, "final": False})
    assert made.judged_by == "the receipt policy of entry 0"
    assert cosigned(mission, SOUTH) == ["final", "receipt"]
    assert auditing.audit(str(mission.root), cores=1).levels == {"receipt": True, "final": True}
    verify(mission.root)


def test_an_audit_says_when_the_given_policy_is_none_of_those_that_are_pinned(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m", receipt=text(), final=text("both"))
    cosigned(mission, NORTH, SOUTH)
    same = Policy.parse(text("both", str(mission.log.key)).replace("group both", "group all-of-us").replace("quorum both", "quorum all-of-us").encode())  # fmt: skip
    assert auditing.audit(str(mission.root), same, cores=1).remarks == []
    other = Policy.parse(text("south", str(mission.log.key)).encode())
    made = auditing.audit(str(mission.root), other, cores=1)
    assert made.ok
    assert "none of those" in made.remarks[0]


def test_an_audit_without_policy_needs_the_key_of_the_log_and_a_pinned_policy(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m")
    with pytest.raises(UsageError, match="LOG-143"):
        auditing.audit(str(mission.root / "log"), cores=1)
    made = auditing.audit(str(mission.root / "log"), key=mission.log.key, cores=1)
    assert [one["code"] for one in made.problems] == ["LOG-144"]
    stranger = SigningKey(mission.log.origin, b"\x09" * 32).vkey
    assert not auditing.audit(str(mission.root), key=stranger, cores=1).ok


def test_an_operator_that_loosens_the_agreed_policy_alone_is_refused(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m", receipt=text("both"))
    alone = handing_in.prepare(mission, "operator", Settings(policies={"receipt": text("north", str(mission.log.key))}))  # fmt: skip
    with pytest.raises(LogError, match="LOG-114"):
        handing_in.hand_in(mission, alone)
    (refused,) = mission.of(Refused)
    assert refused[1].refused[0].code == "LOG-114"
    assert mission.log.chain.pinned.text("receipt") == text("both", str(mission.log.key))
    loose = text("north", str(mission.log.key))
    (mission.root / "policy" / "receipt.policy").write_text(loose)  # nor by the file
    with pytest.raises(LogError, match="LOG-142"):
        verify(mission.root)
    cosigned(mission, NORTH)
    assert [one["code"] for one in auditing.audit(str(mission.root), cores=1).problems] == ["LOG-054"]
    assert settings.lay_out(mission) == ["receipt"]
    verify(mission.root)


def test_after_a_change_new_checkpoints_count_by_the_new_policy_and_old_ones_still_verify(
    tmp_path: Path,
) -> None:
    mission = begin(tmp_path / "m", receipt=text("north"))
    assert cosigned(mission, NORTH) == ["receipt"]
    index = pin(mission, receipt=text("south"))
    assert mission.log.chain.pinned.since("receipt") == index
    assert cosigned(mission, NORTH) == []
    assert cosigned(mission, SOUTH) == ["receipt"]
    verify(mission.root)
    only = f"log {mission.log.key}\nwitness south {CosignerKey.of(SOUTH)}\nquorum south\n"
    pin(mission, receipt=only)  # north is unknown to the new one
    verify(mission.root)
    assert CosignerKey.of(NORTH) in known_cosigners(mission.root)
    assert [one.name for one in levels(mission.root, mission.log.key) if one.reached] == ["receipt"]
    chain = mission.log.chain
    again = type(chain).load(mission.log.key, mission.log.root_at, json.loads(json.dumps(chain.dump())))
    assert again.pinned == chain.pinned
    assert lay_out(mission.root, chain.pinned) == []


@pytest.mark.parametrize(
    ("policies", "code"),
    [
        ({"receipt": "quorum none\n"}, "LOG-140"), ({"other": text()}, "LOG-140"), ({"receipt": "nonsense\n"}, "LOG-052"),
        ({"receipt": text(log=str(SigningKey("another.test/log", b"\x08" * 32).vkey))}, "LOG-140"),
    ],
)  # fmt: skip
def test_what_is_no_policy_of_this_log_is_not_pinned(
    tmp_path: Path, policies: dict[str, str], code: str
) -> None:
    mission = begin(tmp_path / "m")
    with pytest.raises(LogError, match=code):
        pinning.change(mission, {}, policies)
    body = Settings(policies=policies)  # whoever signs it without asking is refused by the log
    with pytest.raises(LogError, match=code):
        handing_in.hand_in(mission, handing_in.by_authorities(mission, body))


def test_a_cosigner_with_the_key_of_an_author_is_refused_and_an_author_with_that_of_a_cosigner(
    tmp_path: Path,
) -> None:
    mission = begin(tmp_path / "m", receipt=text())
    double = SigningKey("north.test/w", mission.keys.signing("north").seed)
    shared = f"witness n {CosignerKey.of(double)}\nquorum n\n"
    with pytest.raises(LogError, match="LOG-141"):
        pin(mission, final=shared)
    (mission.root / "policy" / "final.policy").write_text(f"log {mission.log.key}\n{shared}")
    policy = Policy.load(mission.root / "policy" / "final.policy")
    assert "LOG-141" in [one["code"] for one in auditing.audit(str(mission.root), policy, cores=1).problems]
    new = SigningKey("guest", NORTH.seed)
    note = handing_in.by_authorities(mission, Key("enrol", "guest", str(new.vkey), "guest"), new)
    with pytest.raises(LogError, match="LOG-141"):
        handing_in.hand_in(mission, note)


def test_the_log_itself_or_a_party_cannot_change_settings(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m")
    for author in ("north", "intake"):
        note = handing_in.prepare(mission, author, Settings(settings={"disclosure_delay_ms": 0}))
        with pytest.raises(LogError, match="LOG-114"):
            handing_in.hand_in(mission, note)
    with pytest.raises(LogError, match="LOG-114"):
        mission.log.append([Author(mission.keys.log_key(), mission.log).note("settings", {}, "2031-03-03T00:00:00Z")])  # fmt: skip


def test_a_changed_delay_counts_from_its_entry_on_and_what_was_computed_before_replays(tiny: Path) -> None:
    mission = Mission.open(tiny)
    day = int(mission.setting("disclosure_delay_ms"))
    (first, body), *_ = mission.of(Incidents)
    note = pinning.change(mission, {"disclosure_delay_ms": day * 30}, {}, "the commission decided")
    index = handing_in.hand_in(mission, note)
    assert mission.setting("disclosure_delay_ms") == day * 30
    assert mission.setting("disclosure_delay_ms", index) == day
    table = computing.recompute_incidents(mission, body, tiny / "views")
    assert computing.disclosed_digest(mission, table, body) == body.disclosed
    assert first.index < index
    assert replay(mission).identical


@pytest.mark.parametrize(
    "word", ["reporting_zone=Europe/Paris", "batch_size=0", "batch_size=x", "publish_sides=1", "exercise=false", "batch_size"]
)  # fmt: skip
def test_what_days_and_evidence_rest_on_cannot_be_changed(tmp_path: Path, word: str) -> None:
    mission = begin(tmp_path / "m")
    with pytest.raises(UsageError, match="LOG-145"):
        settings.parse([word])
    note = handing_in.by_authorities(mission, Settings(settings={"reporting_zone": "UTC"}))
    with pytest.raises(UsageError, match="LOG-145"):
        handing_in.hand_in(mission, note)


def test_settings_are_shown_and_changed_from_the_command_line_and_signed_apart(
    tmp_path: Path, run: Run
) -> None:
    policy = tmp_path / "r.policy"
    policy.write_text(text())
    root = tmp_path / "m"
    assert run("init", root, "--party", "north", "--party", "south", "--receipt", policy)[0] == 0
    told = json.loads(run("log", "settings", root, "--json")[1])
    assert told["policies"]["receipt"]["entry"] == 0
    assert run("log", "settings", root, "--final", policy, "--set", "batch_size=32", "--reason", "smaller")[0] == 0  # fmt: skip
    mission = Mission.open(root)
    assert mission.setting("batch_size") == 32
    assert (root / "policy" / "final.policy").read_text() == text(log=str(mission.log.key))
    (mission.keys.folder / "commission.key").rename(tmp_path / "commission.key")
    code, said = run("log", "settings", root, "--set", "batch_size=16")
    assert (code, "MIS-052" in said) == (2, True)
    out = tmp_path / "change.note"
    assert json.loads(run("log", "settings", root, "--set", "batch_size=16", "--out", out, "--json")[1])["missing"] == ["commission"]  # fmt: skip
    (tmp_path / "commission.key").rename(mission.keys.folder / "commission.key")
    assert run("log", "sign", root, out, "--as", "commission")[0] == 0
    assert run("log", "submit", root, out)[0] == 0
    assert Mission.open(root).setting("batch_size") == 16
    cosigned(Mission.open(root), NORTH)
    code, said = run("log", "audit", root, "--json")
    assert (code, json.loads(said)["judged_by"]) == (0, "the receipt policy of entry 0")


def test_a_successor_pins_the_same_quorum_for_its_own_key(tmp_path: Path) -> None:
    mission = begin(tmp_path / "m", receipt=text())
    made = backing_up.succeed(mission.root, tmp_path / "next", held=[("held", mission.log.checkpoint)])
    assert made.log.chain.pinned.text("receipt") == text(log=str(made.log.key))
    assert keys.states(made)
