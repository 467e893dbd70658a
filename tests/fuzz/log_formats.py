"""Coverage-guided fuzzing of every strict reader of the log (needs atheris).

    python tests/fuzz/log_formats.py [-runs=N] [CORPUS]

Only LogError may come out of any bytes; whatever else does is written down by the fuzzer and ends it.
"""

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["truceline.log"]):
    from truceline.errors import LogError
    from truceline.log.checkpoints import read_checkpoint
    from truceline.log.cosignatures import CosignerKey, read_cosignatures
    from truceline.log.entries import read_entry
    from truceline.log.notes import SigningKey, VerifierKey, split_note
    from truceline.log.packages import Info, Upload, read_packages
    from truceline.log.pinned import Pinned
    from truceline.log.policies import Policy
    from truceline.log.proofs import Proof
    from truceline.log.requests import AddCheckpoint, parse_size
    from truceline.log.tiles import split_bundle

KEY = SigningKey("log.test/one", b"\x01" * 32)
READERS = (
    split_note, split_bundle, Policy.parse, Proof.parse, AddCheckpoint.parse, parse_size,
    lambda raw: read_checkpoint(raw, KEY.vkey), lambda raw: read_entry("log.test/one", raw),
    lambda raw: read_cosignatures(b"log.test/one\n1\n\n", raw, [CosignerKey.of(KEY)]),
    Info.parse, lambda raw: _upload(raw), lambda raw: Pinned().take({"policies": {"final": raw.decode("utf-8", "surrogateescape")}}, 1, KEY.vkey, ()),
    lambda raw: VerifierKey.parse(raw.decode("utf-8", "replace")), lambda raw: CosignerKey.parse(raw.decode("utf-8", "replace")),
)  # fmt: skip


def _upload(raw: bytes) -> None:
    upload, at = Upload.read(raw)
    for number, _ in enumerate(read_packages(raw, at, upload)):
        if number > 4:  # a header may announce any number of them
            return


def one(raw: bytes) -> None:
    if raw:
        with contextlib.suppress(LogError):
            READERS[raw[0] % len(READERS)](raw[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
