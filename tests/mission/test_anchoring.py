"""RFC 3161 over checkpoints, against an authority made here with openssl."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from truceline.cli.main import main
from truceline.errors import EvidenceError
from truceline.mission import anchoring
from truceline.mission.mission import Mission
from truceline.mission.verifying import verify

pytest.importorskip("rfc3161_client", reason="pip install 'truceline[anchor]'")
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="apt install openssl")

CONFIG = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ext]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
"""


def call(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "conf").write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01")
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "other"):
        call(folder, "req", "-x509", *new, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30", "-subj", f"/CN={name}", "-extensions", "ca", "-config", _request(folder))  # fmt: skip
    call(
        folder,
        "req",
        "-new",
        *new,
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.csr",
        "-subj",
        "/CN=tsa",
        "-config",
        _request(folder),
    )
    call(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-out", "tsa.pem", "-extfile", "conf", "-extensions", "ext")  # fmt: skip
    return folder


def _request(folder: Path) -> str:
    path = folder / "request.conf"
    path.write_text(
        "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n"
        + CONFIG.partition("[ext]")[1]
        + CONFIG.partition("[ext]")[2]
    )
    return str(path)


def stamp(folder: Path, query: bytes) -> bytes:
    (folder / "q.tsq").write_bytes(query)
    call(folder, "ts", "-reply", "-config", "conf", "-section", "one", "-queryfile", "q.tsq", "-out", "a.tsr")
    return (folder / "a.tsr").read_bytes()


def test_a_checkpoint_is_stamped_and_the_stamp_is_checked_again(authority: Path, tiny: Path) -> None:
    mission, root = Mission.open(tiny), (authority / "ca.pem").read_bytes()
    note = mission.log.checkpoint
    answer = stamp(authority, anchoring.request(note))
    anchoring.accept(mission, note, answer, [root])
    (found,) = anchoring.check(mission, [root])
    assert found.size == mission.log.size - 1
    assert found.stamped.endswith("Z")
    verify(tiny)
    with pytest.raises(EvidenceError, match="EVI-040"):
        anchoring.check(mission, [(authority / "other.pem").read_bytes()])


def test_a_stamp_over_something_else_or_by_somebody_else_is_refused(authority: Path, tiny: Path) -> None:
    mission, root = Mission.open(tiny), (authority / "ca.pem").read_bytes()
    note, size = mission.log.checkpoint, mission.log.size
    answer = stamp(authority, anchoring.request(b"something else"))
    for response, roots in ((answer, [root]), (b"junk", [root]), (stamp(authority, anchoring.request(note)), [(authority / "other.pem").read_bytes()])):  # fmt: skip
        with pytest.raises(EvidenceError, match="EVI-040"):
            anchoring.accept(mission, note, response, roots)
    assert mission.log.size == size


def test_by_command(authority: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["truceline", *map(str, words)])
        return main()

    called: Callable[..., int] = run
    assert called("anchor", "request", tiny, "--out", tmp_path / "day.tsq") == 0
    (tmp_path / "day.tsr").write_bytes(stamp(authority, (tmp_path / "day.tsq").read_bytes()))
    root = authority / "ca.pem"
    assert (
        called(
            "anchor",
            "accept",
            tiny,
            tmp_path / "day.tsr",
            "--checkpoint",
            tmp_path / "day.checkpoint",
            "--root",
            root,
        )
        == 0
    )
    assert called("anchor", "check", tiny, "--root", root) == 0


def reissue(folder: Path, to: Path, begin: dt.datetime, end: dt.datetime) -> None:
    """The same authority with a certificate of another validity."""
    shutil.copytree(folder, to)
    (to / "conf").write_text(CONFIG.format(folder=to))
    old = x509.load_pem_x509_certificate((folder / "tsa.pem").read_bytes())
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    made = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(ca.subject)
        .public_key(old.public_key())
    )
    made = made.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
    for one in old.extensions:
        made = made.add_extension(one.value, one.critical)
    (to / "tsa.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def test_the_chain_counts_at_the_time_of_the_stamp_and_not_today(
    authority: Path, tiny: Path, tmp_path: Path
) -> None:
    mission, root = Mission.open(tiny), (authority / "ca.pem").read_bytes()
    note, size, now = mission.log.checkpoint, mission.log.size, dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    for name, begin, end in (("expired", now - 2 * day, now - day), ("not-yet", now + day, now + 2 * day)):
        reissue(authority, tmp_path / name, begin, end)
        with pytest.raises(EvidenceError, match="EVI-040"):
            anchoring.accept(mission, note, stamp(tmp_path / name, anchoring.request(note)), [root])
    assert mission.log.size == size
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=8)
    reissue(authority, tmp_path / "short", now - day, ends)
    answer = stamp(tmp_path / "short", anchoring.request(note))
    while dt.datetime.now(dt.UTC) <= ends + dt.timedelta(seconds=1):
        time.sleep(0.2)
    anchoring.accept(mission, note, answer, [root])  # the certificate has run out since
    (found,) = anchoring.check(mission, [root])
    assert found.size == size
