"""The exercise of four: operator, two parties and an auditor, each with its own processes, folders and keys.

    python tests/exercises/four_way.py FOLDER

Each of the four runs the command line alone, and reads what a plain web server (Python's own) serves from the operator's
`log/` folder. A mediator's witness runs beside them. Four acts: normal running; a party stops cosigning; the operator
forks; the operator loses its disk. Everything is an exercise; the script ends with code 0 if each act ended as it must.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

RECORD = """
import sys
from pathlib import Path
from truceline.mission.mission import Mission
from truceline.records.kinds import Correction
mission = Mission.open(Path(sys.argv[1]), Path(sys.argv[2]))
for number in range(int(sys.argv[4])):
    mission.record(Correction(f"{sys.argv[3]}-{number}", "f", "1", "2", "counted twice", "operator", "2031-03-04T00:00:00Z"))
"""
CREATE = """
import sys
from pathlib import Path
from truceline.mission.mission import Mission
from truceline.records.kinds import Genesis
Mission.create(Path(sys.argv[1]), Genesis(name="EXERCISE: four", exercise=True, parties=(), alignments=(), actors=(), keys={}, settings={}),
               keys=Path(sys.argv[2]))
"""


class Stage:
    """Folders and processes of the four; what was started is ended, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root, self.running = root, dict[str, subprocess.Popen[str]]()
        self.mission, self.keys = root / "operator" / "mission", root / "operator" / "keys"

    def run(self, *command: object, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "truceline", *map(str, command)], capture_output=True, text=True, check=False, env=self._env()
        )  # fmt: skip
        if done.returncode != code:
            raise SystemExit(
                f"truceline {' '.join(map(str, command))}: {done.returncode}, wanted {code}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def json(self, *command: object, code: int = 0) -> dict[str, Any]:
        return dict(json.loads(self.run(*command, "--json", code=code)))

    def python(self, text: str, *arguments: object) -> None:
        subprocess.run([sys.executable, "-c", text, *map(str, arguments)], check=True, env=self._env())

    def start(self, name: str, *command: object) -> dict[str, str]:
        """Start a service; what it says about itself."""
        with (self.root / f"{name}.txt").open("w") as log:
            made = subprocess.Popen(
                [sys.executable, "-m", "truceline", *map(str, command)], stdout=subprocess.PIPE, stderr=log, text=True, env=self._env()
            )  # fmt: skip
        self.running[name] = made
        assert made.stdout is not None
        line = made.stdout.readline()
        if not line:
            raise SystemExit(f"{name} did not start:\n{(self.root / f'{name}.txt').read_text()}")
        said = dict(json.loads(line))
        _wait(said["url"])
        return said

    def publish(self, name: str, folder: Path) -> str:
        """A plain web server over the published files."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        return url

    def stop(self, name: str) -> None:
        one = self.running.pop(name)
        one.terminate()
        one.wait(10)
        if one.stdout is not None:
            one.stdout.close()

    def end(self) -> None:
        for name in list(self.running):
            self.stop(name)

    def record(self, word: str, count: int = 3, mission: Path | None = None) -> None:
        self.python(RECORD, mission or self.mission, self.keys, word, count)

    def witness(self, name: str, pins: dict[str, str], port: int = 0) -> dict[str, str]:
        folder = self.root / name
        return self.start(
            f"{name}-witness", "log", "witness", folder / "state", "--name", f"{name}.test/witness", "--keys", folder / "keys",
            "--log", pins["log"], "--genesis", pins["genesis"], "--port", port,
        )  # fmt: skip

    def mirror(self, name: str, pins: dict[str, str], url: str) -> dict[str, str]:
        """A mirror that fetches from `url`; without one the log uploads to it."""
        folder = self.root / name
        return self.start(
            f"{name}-mirror", "log", "mirror", *([url] if url else []), "--out", folder / "mirror", "--log", pins["log"], "--genesis", pins["genesis"],
            "--cosign", "--name", f"{name}.test/mirror", "--keys", folder / "mirror-keys", "--serve", "--port", 0,
        )  # fmt: skip

    def cosign(self) -> dict[str, Any]:
        return self.json("log", "cosigned", self.mission, "--collect")

    def _env(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": ":".join(sys.path),
            "TRUCELINE_ACCOUNT_KEY": str(self.root / "account.key"),
        }


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


def play(root: Path) -> None:
    stage = Stage(root)
    try:
        _play(stage)
    finally:
        stage.end()


def _play(stage: Stage) -> None:
    root = stage.root
    say("1. normal running")
    stage.python(CREATE, stage.mission, stage.keys)
    pins = {name: str(value) for name, value in stage.json("log", "identity", stage.mission).items()}
    url = stage.publish("web", stage.mission / "log")
    said = {name: stage.witness(name, pins) for name in ("north", "south", "mediator")}
    said |= {
        "north-mirror": stage.mirror("north", pins, url),
        "south-mirror": stage.mirror("south", pins, ""),
    }
    head = "".join(
        [
            f"log {pins['log']}\n",
            *(f"witness {name} {one['vkey']} {one['url']}\n" for name, one in said.items()),
        ]
    )
    receipt = "group parties any north south\ngroup receipt all parties mediator\nquorum receipt\n"
    final = "group final all north-mirror south-mirror mediator\nquorum final\n"
    for name, rest in (("receipt", receipt), ("final", final)):
        (root / f"{name}.policy").write_text(head + rest)
    stage.run(
        "log", "settings", stage.mission, "--receipt", root / "receipt.policy", "--final", root / "final.policy", "--keys", stage.keys
    )  # fmt: skip
    policy, audit_policy = stage.mission / "policy" / "final.policy", root / "auditor.policy"
    shutil.copy(policy, audit_policy)
    own = root / "south.policy"
    own.write_text(head + "group own all south mediator\nquorum own\n")
    stage.record("first")
    made = stage.cosign()
    size = made["recorded"]
    must(made["receipt"] == made["final"] == size == 5, made)
    stage.run("log", "verify", stage.mission)
    audited = stage.json("log", "audit", url, "--policy", audit_policy, "--state", root / "audit.json")
    must(audited["ok"] and audited["entries"] == size and not audited["remarks"], audited)
    audited = stage.json("log", "audit", url, "--log", pins["log"])  # by what operator and commission pinned
    must(audited["ok"] and audited["levels"] == {"receipt": True, "final": True}, audited)
    backup = root / "operator" / "backup"
    must(stage.json("backup", stage.mission, backup)["log_size"] == size, "a backup of the first day")
    proof = root / "third.tlog-proof"
    stage.run("log", "prove", stage.mission, 2, "--out", proof)
    must(stage.json("log", "verify", proof, "--policy", audit_policy)["index"] == 2, "a proof")
    must(
        stage.json("log", "verify", proof, "--policy", own, "--own", "south", code=0)["verified"],
        "south's own policy",
    )
    held = root / "held-by-south"
    held.write_bytes((stage.mission / "log" / "checkpoint").read_bytes())

    say("2. north stops cosigning")
    port = int(said["north"]["url"].rstrip("/").rpartition(":")[2])
    stage.stop("north-witness")
    stage.stop("north-mirror")
    stage.record("second")
    made = stage.cosign()
    must((made["receipt"], made["final"], made["recorded"]) == (8, 5, 8), made)
    silent = {one["name"] for one in made["witnesses"] if one["silent_since_s"]}
    must(silent == {"north.test/witness", "north.test/mirror"}, made)
    audited = stage.json("log", "audit", url, "--policy", audit_policy, code=1)
    must([one["code"] for one in audited["problems"]] == ["LOG-054"], audited)
    again = stage.witness("north", pins, port)
    must(again["vkey"] == said["north"]["vkey"], "the same key")
    must(stage.cosign()["receipt"] == 8, "north is back")

    say("3. the operator forks")
    fork = root / "operator" / "fork"
    shutil.copytree(stage.mission, fork)
    stage.record("to-south", 2)
    stage.cosign()
    stage.record("to-north", 2, fork)
    made = stage.json("log", "cosigned", fork, "--collect")
    must(made["receipt"] == 8, made)  # not one witness cosigned the fork
    refused = {one["name"]: one["refused"] for one in made["witnesses"]}
    must(all("fork" in refused[f"{name}.test/witness"] for name in ("north", "south", "mediator")), refused)
    forked = stage.publish("fork", fork / "log")
    stage.run("log", "mirror", forked, "--out", root / "south" / "mirror", code=1)
    newest = root / "newest-of-south"
    newest.write_bytes((stage.mission / "log" / "checkpoint").read_bytes())
    loose = root / "loose.policy"
    loose.write_text(head + "quorum none\n")
    audited = stage.json("log", "audit", forked, "--policy", loose, "--held", newest, code=1)
    must("LOG-044" in [one["code"] for one in audited["problems"]], audited)
    audited = stage.json("log", "audit", url, "--policy", loose, "--held", newest, "--held", held)
    must(audited["ok"], audited)

    say("4. the operator loses its disk")
    copy = root / "south" / "mirror"
    stage.run("log", "verify", copy)
    stage.stop("web")
    shutil.rmtree(stage.mission)
    stage.run(
        "restore", backup, stage.mission, "--offline", "--held", held, "--held", newest, code=1
    )  # behind what was cosigned
    stage.run(
        "restore", backup, stage.mission, code=1
    )  # north's mirror does not answer, and nobody said that it need not
    made = stage.json(
        "restore", backup, stage.mission, "--without", "north.test/mirror"
    )  # from south's mirror, over HTTP
    must((made["backup_size"], made["refilled"], made["cosigned_size"]) == (5, 5, 10), made)
    must(
        stage.json("log", "cosigned", stage.mission, "--collect")["recorded"] == 10,
        "nothing cosigned is lost",
    )
    stage.run(
        "log", "verify", stage.mission, "--held", _alone(newest, root / "newest-alone"), "--disclosed-only"
    )
    stage.record("after", 1)
    must(stage.cosign()["receipt"] == 11, "the log goes on")


def _alone(note: Path, to: Path) -> Path:
    """The checkpoint with the log's own line only, as `--held` of a folder wants it."""
    text, _, lines = note.read_bytes().partition(b"\n\n")
    to.write_bytes(text + b"\n\n" + lines.split(b"\n")[0] + b"\n")
    return to


def must(fact: object, said: object) -> None:
    if not fact:
        raise SystemExit(f"not as it must be: {said}")


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    play(Path(sys.argv[1]).resolve())
