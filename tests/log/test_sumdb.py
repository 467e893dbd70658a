"""Go's golang.org/x/mod/sumdb reads our checkpoint, tiles, bundles and proofs, and refuses them when a byte is altered."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from truceline.log.authors import Author
from truceline.log.cosignatures import cosign
from truceline.log.log import Log
from truceline.log.notes import SigningKey

GO, MOD = shutil.which("go"), Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
pytestmark = pytest.mark.skipif(
    GO is None or not MOD.is_dir(),
    reason="needs Go and its note and tlog: apt-get install golang-go golang-golang-x-mod-dev",
)
LOG_KEY, OFFICER = SigningKey("truceline.test/one", b"\x01" * 32), SigningKey("officer", b"\x02" * 32)
AT = "2031-03-03T00:00:00Z"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    env = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
    }
    subprocess.run(
        [str(GO), "build", "-o", str(folder / "check"), str(Path(__file__).with_name("sumdb") / "main.go")],
        check=True,
        env=env,
    )
    return folder / "check"


@pytest.mark.parametrize("size", [1, 2, 256, 1100])
def test_go_reads_checkpoint_tiles_bundles_and_proofs(tmp_path: Path, program: Path, size: int) -> None:
    log = Log.create(tmp_path, LOG_KEY)
    log.append([Author(LOG_KEY, log).note("genesis", {"keys": {"officer": str(OFFICER.vkey)}}, AT)])
    author = Author(OFFICER, log)
    log.append([author.note("decision", {"n": n}, AT) for n in range(size - 1)])
    path = tmp_path / "log" / "checkpoint"
    text = path.read_bytes().partition(b"\n\n")[0] + b"\n"
    path.write_bytes(path.read_bytes() + cosign(text, SigningKey("w.test/w", b"\x03" * 32), 1))
    said = {
        "inclusion": {str(n): log.prove_inclusion(n) for n in {0, size // 2, size - 1}},
        "consistency": {str(n): log.prove_consistency(n) for n in {1, (size + 1) // 2, size}},
        "roots": {str(n): log.root_at(n) for n in {1, (size + 1) // 2, size}},
    }

    def plain(one: object) -> object:
        if isinstance(one, bytes):
            return base64.b64encode(one).decode()
        return (
            [plain(part) for part in one]
            if isinstance(one, list)
            else {key: plain(part) for key, part in one.items()}
        )  # type: ignore[attr-defined]

    (tmp_path / "proofs.json").write_text(json.dumps(plain(said)))
    run = [str(program), str(tmp_path / "log"), str(LOG_KEY.vkey)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:2] == [LOG_KEY.name, str(size)]
    if size == 1100:
        raw = path.read_bytes()
        path.write_bytes(raw.replace(b"\n1100\n", b"\n1101\n"))
        assert subprocess.run(run, capture_output=True, check=False).returncode == 1
        path.write_bytes(raw)
        bundle = tmp_path / "log" / "tile" / "entries" / "002"
        raw = bundle.read_bytes()
        bundle.write_bytes(raw[:40] + bytes([raw[40] ^ 1]) + raw[41:])
        assert subprocess.run(run, capture_output=True, check=False).returncode == 1
