"""The coverage-guided fuzzer runs for a bounded while, from seeds that are well-formed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = os.environ.get("TRUCELINE_FUZZ_RUNS", "20000")


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris: ./dev setup")
def test_no_reader_of_the_log_lets_anything_but_our_own_errors_out(tmp_path: Path) -> None:
    from truceline.log.checkpoints import sign_checkpoint
    from truceline.log.cosignatures import CosignerKey
    from truceline.log.notes import SigningKey
    from truceline.log.proofs import Proof
    from truceline.log.requests import AddCheckpoint

    key = SigningKey("log.test/one", b"\x01" * 32)
    note = sign_checkpoint(key, 7, bytes(32)).note
    policy = f"log {key.vkey}\nwitness w {CosignerKey.of(key)}\ngroup g any w\nquorum g\n".encode()
    seeds = [
        note,
        policy,
        Proof(b"entry\n\n", 3, (bytes(32),), note).dump(),
        AddCheckpoint(1, (bytes(32),), note).dump(),
        b"7\n",
        str(key.vkey).encode(),
    ]
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        for reader in range(11):
            (corpus / f"{number}-{reader}").write_bytes(bytes([reader]) + seed)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("log_formats.py")), f"-runs={RUNS}", "-max_len=4096", "-seed=1", str(corpus)],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
