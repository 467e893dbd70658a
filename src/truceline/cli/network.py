"""`truceline log` beyond one folder: witnesses, mirrors, audits, proofs, the sequencer that runs."""

from __future__ import annotations

import datetime as dt
import json
import signal
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from truceline.cli.common import AsJson, Folder, Keys, emit, note, table
from truceline.errors import UsageError
from truceline.log import auditing, door, proving
from truceline.log.collecting import Collector
from truceline.log.cosignatures import CosignerKey
from truceline.log.http import Client, serve
from truceline.log.keystore import KeyStore
from truceline.log.levels import levels, policies
from truceline.log.log import Log
from truceline.log.mirroring import Mirror, begin
from truceline.log.notes import VerifierKey
from truceline.log.policies import Policy
from truceline.log.sequencer import Sequencer
from truceline.log.services import MirrorService, WitnessService, cosigner_key
from truceline.log.sources import open_source
from truceline.log.witness import Witness
from truceline.mission import handing_in, sealing
from truceline.mission.approving import approver
from truceline.mission.cosigned import archiver
from truceline.mission.mission import Mission

Where = Annotated[
    str,
    typer.Argument(
        metavar="DIR|URL",
        help="A mission, a mirror, a published folder, or a URL prefix.",
        show_default=False,
    ),
]
PolicyFile = Annotated[
    Path,
    typer.Option(
        "--policy",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Whose signatures make a checkpoint good (c2sp.org/tlog-policy).",
        show_default=False,
    ),
]
Own = Annotated[
    str,
    typer.Option(
        "--own", metavar="NAME", help="Your own witness in the policy: without it nothing is accepted."
    ),
]
Name = Annotated[
    str,
    typer.Option(
        "--name", metavar="NAME", help="Name of the cosigner, e.g. north.example/witness.", show_default=False
    ),
]
CosignerKeys = Annotated[
    Path,
    typer.Option(
        "--keys",
        metavar="FOLDER",
        help="Folder of the cosigner's own private key; made where there is none.",
        show_default=False,
    ),
]
LogKey = Annotated[
    str,
    typer.Option(
        "--log",
        metavar="VKEY",
        help="The log's key, as `truceline log identity` prints it.",
        show_default=False,
    ),
]
GenesisRoot = Annotated[
    str,
    typer.Option(
        "--genesis",
        metavar="HEX",
        help="Hash of the log's first entry, as `truceline log identity` prints it.",
        show_default=False,
    ),
]
Host = Annotated[str, typer.Option("--host", help="Address to listen on; the machine itself unless given.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 for a free one.")]


def identity(folder: Folder, as_json: AsJson = False) -> None:
    """Print what pins this log for others: its key, and the hash of its first entry. Hand both over in person."""
    log = Log.open(folder)
    made = {"log": str(log.key), "genesis": log.tree.leaf(0).hex()}
    emit(made, as_json, "\n".join(f"{name} {value}" for name, value in made.items()))


def witness(
    state: Annotated[Path, typer.Argument(metavar="STATE", help="Folder of the witness's own state.", show_default=False)],
    name: Name,
    keys: CosignerKeys,
    log: LogKey,
    genesis: GenesisRoot,
    host: Host = "127.0.0.1",
    port: Port = 7801,
    since: Annotated[Path | None, typer.Option("--from", metavar="FILE", exists=True, dir_okay=False, help="After the state was lost: a checkpoint that this witness cosigned.", show_default=False)] = None,
) -> None:  # fmt: skip
    """Run a witness: cosign this log's checkpoints as long as each extends the one before. Needs the extra `serve`."""
    store = KeyStore(keys)
    running = Witness(state, cosigner_key(store, name), keys / "cosigned")
    running.watch(VerifierKey.parse(log), _hash(genesis))
    if since is not None:
        note(f"Goes on from size {running.catch_up(since.read_bytes()):,}.")
    running.refuse_rollback()
    service = WitnessService(running, lambda said: note(f"{_now()} {said}"))
    serve(service, host, port, service.caps, lambda at: _listening("witness", running.key, host, at))


def mirror(
    where: Annotated[str, typer.Argument(metavar="[DIR|URL]", help="Where the log is published. Without it nothing is fetched: with --serve the log uploads what is new.", show_default=False)] = "",
    *,
    to: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder of the copy.", show_default=False)],
    log: Annotated[str, typer.Option("--log", metavar="VKEY", help="The log's key; needed the first time.")] = "",
    genesis: Annotated[str, typer.Option("--genesis", metavar="HEX", help="Hash of the log's first entry; needed the first time.")] = "",
    cosign: Annotated[bool, typer.Option("--cosign", help="Cosign what is stored, with a key of the mirror's own (--name, --keys).")] = False,
    name: Annotated[str, typer.Option("--name", help="Name of the mirror as a cosigner.")] = "",
    keys: Annotated[Path | None, typer.Option("--keys", metavar="FOLDER", help="Folder of the mirror's own private key.", show_default=False)] = None,
    replaying: Annotated[bool, typer.Option("--replay", help="Before cosigning also recompute what you are cleared for; needs --originals.")] = False,
    originals: Annotated[str, typer.Option("--originals", metavar="DIR|URL", help="Where the public originals are: a folder with blobs/, or the prefix under which they are published.")] = "",
    every_s: Annotated[float, typer.Option("--every-s", min=0, help="Go on, and look again after so many seconds; 0: once.")] = 0,
    serving: Annotated[bool, typer.Option("--serve", help="Also publish the copy, and let the log announce what is new. Needs the extra `serve`.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 7802,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Copy a log, checking every entry; cosign it, serve it, keep it up to date."""
    if not (log and genesis) and not (to / "state" / "origin").is_file():
        raise UsageError(
            "LOG-155", "a new mirror must be given the log's key and the hash of its first entry", where=str(to),
            remedy="Give --log and --genesis, as `truceline log identity` printed them to you in person.",
        )  # fmt: skip
    if log or genesis:
        begin(to, VerifierKey.parse(log), _hash(genesis))
    if cosign and not (name and keys):
        raise UsageError(
            "CLI-070",
            "a mirror that cosigns must have a name and a folder of keys",
            remedy="Give --name and --keys.",
        )
    signer = cosigner_key(KeyStore(keys), name) if cosign and keys is not None else None
    if replaying and not (cosign and originals):
        raise UsageError(
            "LOG-154", "a mirror that replays must cosign, and know where the originals are",
            remedy="Give --cosign and --originals.",
        )  # fmt: skip
    approve = approver(to, originals, lambda said: note(f"{_now()} {said}")) if replaying else (lambda: None)
    copy = Mirror(to, signer, approve=approve)
    if not where and not serving:
        raise UsageError(
            "LOG-149", "a mirror must fetch, or be served so that the log can upload to it",
            remedy="Say where the log is published, or give --serve.",
        )  # fmt: skip
    if serving:
        service = MirrorService(
            copy, open_source(where) if where else None, lambda said: note(f"{_now()} {said}")
        )
        if every_s:
            threading.Thread(target=service.repeat, args=(every_s,), daemon=True).start()
        else:
            service.update()
        shown = CosignerKey.of(signer) if signer is not None else copy.log.key
        serve(
            service,
            host,
            port,
            service.caps,
            lambda at: _listening("mirror", shown, host, at),
            cut=service.cut,
        )
        return
    source = open_source(where)
    while True:
        made = copy.update(source)
        if made.new or not every_s:
            emit(
                asdict(made),
                as_json,
                f"{made.size:,} entries, {made.new:,} of them new; every one was checked{', and cosigned' if made.cosigned else ''}.",
            )
        if not every_s:
            return
        time.sleep(every_s)


def audit(
    where: Where,
    policy: Annotated[Path | None, typer.Option("--policy", metavar="FILE", exists=True, dir_okay=False, help="Whose signatures make a checkpoint good (c2sp.org/tlog-policy); without it, the policy that the log pins.", show_default=False)] = None,
    log: LogKey = "",
    own: Own = "",
    held: Annotated[list[Path] | None, typer.Option("--held", metavar="FILE", exists=True, dir_okay=False, help="A checkpoint that you kept or got from somebody else; the log must extend it. May be repeated.", show_default=False)] = None,
    state: Annotated[Path | None, typer.Option("--state", metavar="FILE", help="Your own file of where the last audit ended: the next looks at what is new.", show_default=False)] = None,
    cores: Annotated[int, typer.Option("--cores", min=0, help="Processes to use; 0: one a core.")] = 0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Check every tile, bundle, signature, author and key of a log, its policy, and checkpoints that were kept.

    The log may pin policies (`truceline log settings`): without --policy they decide; a given one that is none of them is said.
    """
    made = auditing.audit(
        where, Policy.load(policy) if policy else None, key=VerifierKey.parse(log) if log else None, own=own, held=[one.read_bytes() for one in held or []], state=state,
        cores=cores or None,
    )  # fmt: skip
    result = {"ok": made.ok} | asdict(made)
    lines = [f"{one['where']}: {one['rule']} ({one['code']}). {one['remedy']}" for one in made.problems]
    text = f"{made.entries:,} entries of {made.origin}, {made.new:,} of them new: all as it must be. Cosigned by {', '.join(made.witnesses) or 'nobody'}, which is enough for {made.judged_by}."
    levels = [
        f"{name}: {'reached' if reached else 'not reached'}, by the policy pinned on the log"
        for name, reached in made.levels.items()
    ]
    emit(result, as_json, "\n".join([*(lines or [text]), *levels, *(f"note: {one}" for one in made.remarks)]))
    if not made.ok:
        raise typer.Exit(1)


def prove(
    folder: Folder,
    entry: Annotated[str, typer.Argument(metavar="ID", help="Id or index of the entry.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the proof goes, e.g. notice.tlog-proof.", show_default=False)],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write a proof that an entry stands on the log: entry, path and cosigned checkpoint in one file, for anybody offline."""
    made = proving.prove(Log.open(folder), entry)
    out.write_bytes(made.proof.dump())
    result = {
        "index": made.proof.index,
        "id": made.proof.id,
        "size": made.size,
        "level": made.level,
        "file": str(out),
    }
    emit(
        result,
        as_json,
        f"Entry {made.proof.index} under the {made.level} checkpoint of {made.size:,} entries: {out}",
    )


def verify_proof(path: Path, policy: Path | None, own: str, as_json: bool) -> None:
    """`truceline log verify FILE`."""
    if policy is None:
        raise UsageError(
            "CLI-071", "a proof must be verified against a policy", where=str(path),
            remedy="Give the file that says whose signatures you trust: --policy FILE.",
        )  # fmt: skip
    made = proving.verify(path.read_bytes(), Policy.load(policy), own)
    result: dict[str, Any] = {"verified": True} | asdict(made)
    text = f"Entry {made.index} ({made.kind}, by {made.author}, {made.at}) stands on {made.origin}, under a checkpoint of {made.size:,} entries cosigned by {', '.join(made.witnesses) or 'nobody'}."
    emit(result, as_json, text)


def cosigned(folder: Folder, collect: Annotated[bool, typer.Option("--collect", help="First ask every witness and mirror. Needs the extra `serve` and the right to write.")] = False, as_json: AsJson = False) -> None:  # fmt: skip
    """Show what the log has been cosigned to: its levels, and how each witness and mirror stands to it."""
    log = Log.open(folder)
    collector = Collector(log, Client() if collect else _Nobody(), archive=archiver(folder, log.key))
    if collect:
        collector.collect()
    states = [one.as_dict(log.size) for one in collector.states()]
    reached = {one.name: one.reached.checkpoint.size if one.reached else 0 for one in levels(folder, log.key)}
    rows = [(str(one["name"]), f"{one['size']:,}", f"{one['behind']:,}", _state(one)) for one in states]
    lines = [f"recorded {log.size:,}", *(f"{name} {size:,}" for name, size in reached.items())]
    if not policies(folder):
        lines.append("There is no policy in policy/: nobody is asked to cosign.")
    emit(
        {"recorded": log.size} | reached | {"witnesses": states},
        as_json,
        "\n".join(lines) + ("\n\n" + table(rows, ("cosigner", "size", "behind", "state")) if rows else ""),
    )


def sequence(folder: Folder, keys: Keys = None, batch_ms: Annotated[int, typer.Option("--batch-ms", min=10, max=1000, help="How long a batch waits for more.")] = 100, every_s: Annotated[float, typer.Option("--every-s", min=1, help="Ask the cosigners at least so often.")] = 30) -> None:  # fmt: skip
    """Run the log's sequencer: take what other programs of this machine submit, keep the cadence, collect cosignatures."""
    mission = Mission.open(folder, keys)
    mission.unlock()
    archive = archiver(folder, mission.log.key)
    collector = Collector(Log.open(folder), Client(), archive=archive) if policies(folder) else None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())

    def collect() -> None:
        if collector is not None:
            collector.collect()

    with Sequencer(
        mission.log, mission.keys.log_key(), lambda: _now(), judge=handing_in.judge_of(mission),
        batch_s=batch_ms / 1000, after=collect,
    ) as running:  # fmt: skip
        threading.Thread(target=running.repeat, args=(every_s, ended), daemon=True).start()
        if int(mission.setting("commit_cadence_ms")):
            threading.Thread(
                target=sealing.keep_cadence, args=(folder, keys, ended, note), daemon=True
            ).start()
        note(f"sequencer of {folder}: {mission.log.size:,} entries")
        door.serve(running, ended)


class _Nobody:
    """Sends nothing: only what is known already is shown."""

    def post(self, url: str, body: bytes) -> Any:
        raise AssertionError(url)

    def get(self, url: str, cap: int) -> Any:
        raise AssertionError(url)

    def upload(self, url: str, body: bytes) -> Any:
        raise AssertionError(url)


def _state(one: dict[str, object]) -> str:
    if one["silent_since_s"]:
        return f"silent since {_iso(int(str(one['silent_since_s'])))}: {one['refused']}"
    if one["refused"]:
        return f"refused: {one['refused']}"
    return f"cosigned {_iso(int(str(one['cosigned_s'])))}" if one["cosigned_s"] else "never asked"


def _listening(what: str, key: object, host: str, port: int) -> None:
    note(f"{what} {key}\nlistens on http://{host}:{port}/")
    typer.echo(json.dumps({"vkey": str(key), "url": f"http://{host}:{port}/"}))


def _hash(text: str) -> bytes:
    try:
        made = bytes.fromhex(text)
    except ValueError:
        made = b""
    if len(made) != 32 or made.hex() != text:
        raise UsageError(
            "CLI-072", "the hash of the first entry must be 64 hex digits", where="--genesis", value=text,
            remedy="Copy it whole, as `truceline log identity` prints it.",
        )  # fmt: skip
    return made


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
