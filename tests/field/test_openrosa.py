"""ODK's way in: forms that ODK Validate accepts, and a client written from the OpenRosa standard."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("pyxform", reason="the extra `odk` is not installed: pip install 'truceline[odk]'")
pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from truceline.errors import IntakeError
from truceline.field import openrosa
from truceline.mission import auditing, devices, receiving, sealing
from truceline.mission.mission import Mission
from truceline.mission.submitting_forms import forms_of
from truceline.mission.views import Views

LIST = "{http://openrosa.org/xforms/xformsList}"
PHOTO = b"\xff\xd8" + bytes(range(256)) * 8000


@dataclass
class Client:
    """OpenRosa 1.0 from the standard: it asks before it sends, sends in chunks, and checks the version header."""

    host: str
    port: int
    token: str

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        told = {
            "X-OpenRosa-Version": "1.0",
            "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
        } | (headers or {})
        connection.request(
            method, f"/openrosa/{self.token}{path}", body=body, headers=told, encode_chunked=body is not None
        )
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        return answer.status, answer.headers, raw

    def submit(
        self, xml: str, files: dict[str, bytes] | None = None, *, incomplete: bool = False
    ) -> tuple[int, str]:
        status, headers, _ = self.ask("HEAD", "/submission")
        assert status == 204
        assert headers["Location"].endswith("/submission")
        assert int(headers["X-OpenRosa-Accept-Content-Length"]) > 1 << 20
        mark = uuid.uuid4().hex
        parts = [("xml_submission_file", "instance.xml", "text/xml", xml.encode())]
        parts += [(name, name, "image/jpeg", content) for name, content in (files or {}).items()]
        body = b"".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
            + content
            + b"\r\n"
            for name, file, kind, content in parts
        )
        if incomplete:
            body += (
                f'--{mark}\r\nContent-Disposition: form-data; name="*isIncomplete*"\r\n\r\nyes\r\n'.encode()
            )
        body += f"--{mark}--\r\n".encode()
        chunks = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
        told = {"Content-Type": f"multipart/form-data; boundary={mark}", "Transfer-Encoding": "chunked"}
        status, headers, raw = self.ask("POST", "/submission", chunks, told)
        assert headers["X-OpenRosa-Version"] == "1.0"
        root = ElementTree.fromstring(raw)
        assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
        return status, root[0].text or ""


def observation(ident: str, version: str = "1", **answers: Any) -> str:
    told = {
        "when": "2031-03-03T21:40:00.000+04:00", "position": "46.01 -30.02 0 8.5", "means": "heard", "act": "explosion", "count": 12,
        "bearing": 45, "distance": "2_5", "confidence": "high",
    } | answers  # fmt: skip
    body = "".join(f"<{name}>{value}</{name}>" for name, value in told.items() if value is not None)
    return (
        f'<data xmlns:orx="http://openrosa.org/xforms" id="observation" version="{version}">{body}'
        f"<orx:meta><orx:instanceID>{ident}</orx:instanceID></orx:meta></data>"
    )


@pytest.fixture
def client(mission: Mission) -> Iterator[Client]:
    _, token = devices.add(mission, "EXERCISE-team-1", "patrol")
    server = subprocess.Popen(
        [sys.executable, "-m", "truceline", "serve", str(mission.root), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    line = server.stderr.readline()
    assert "open at http://127.0.0.1:" in line, line + server.stderr.read()
    port = int(line.split("open at http://127.0.0.1:")[1].split("/")[0])
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    yield Client("127.0.0.1", port, token)
    server.terminate()
    server.communicate(timeout=30)


def rows(mission: Mission) -> list[dict[str, Any]]:
    fresh = Mission.open(mission.root)
    while sealing.waiting(fresh):
        sealing.commit(fresh, now=True)
    return Views(fresh).observed().observations.to_pylist()


@pytest.mark.skipif(
    shutil.which("java") is None, reason="ODK Validate wants Java: apt-get install default-jre-headless"
)
def test_odk_validate_accepts_every_form(mission: Mission) -> None:
    held = forms_of(mission, validate=True)
    assert set(held) == {"observation", "watch"}
    assert all(one.title.startswith("EXERCISE") for one in held.values())


def test_the_story_of_a_client(mission: Mission, client: Client) -> None:
    status, headers, raw = client.ask("GET", "/formList")
    assert (status, headers["X-OpenRosa-Version"], headers["Content-Type"]) == (
        200,
        "1.0",
        "text/xml; charset=utf-8",
    )
    listed = ElementTree.fromstring(raw)
    assert [one.findtext(f"{LIST}formID") for one in listed] == ["observation", "watch"]
    address = str(listed[0].findtext(f"{LIST}downloadUrl"))
    form = urllib.request.urlopen(address, timeout=30).read()
    assert listed[0].findtext(f"{LIST}hash") == "md5:" + hashlib.md5(form, usedforsecurity=False).hexdigest()
    ElementTree.fromstring(form)
    assert client.ask("GET", "/forms/observation/manifest")[0] == 200
    assert client.ask("GET", "/forms/nothing")[0] == 404
    assert Client(client.host, client.port, "guessed").ask("GET", "/formList")[0] == 404

    ident = f"uuid:{uuid.uuid4()}"
    xml = observation(ident, photo="one.jpg", text="two flashes")
    assert client.submit(xml, incomplete=True)[0] == 201
    assert rows(mission) == []
    assert client.submit(xml, {"one.jpg": PHOTO}) == (201, "Received.")
    assert (
        client.submit(xml, {"one.jpg": PHOTO})[0] == 202
    )  # the answer was lost, and it sends the same again
    assert client.submit(observation(ident, count=99))[0] == 409
    (row,) = rows(mission)
    assert (row["count_min"], row["bearing_mdeg"], row["range_max_m"], row["lon_udeg"]) == (
        12,
        45_000,
        5000,
        -30_020_000,
    )
    assert row["text"] == "EXERCISE: two flashes"
    assert receiving.media(mission, hashlib.sha256(PHOTO).hexdigest()) == PHOTO

    assert client.submit(observation("uuid:b", act="earthquake"))[0] == 202
    ((_, kept),) = receiving.held(mission, "kept")
    assert kept["code"] == "INT-107"
    watch = '<data id="watch" version="1"><from>2031-03-03T20:00:00+04:00</from><to>2031-03-03T21:00:00+04:00</to><outcome>access_denied</outcome><position>46 -30 0 5</position><blocked_by>party-2</blocked_by><meta><instanceID>uuid:w</instanceID></meta></data>'  # fmt: skip
    assert client.submit(watch)[0] == 201
    assert client.submit("<nothing/>")[0] == 400
    assert client.submit('<!DOCTYPE data [<!ENTITY a "b">]><data id="observation"/>')[0] == 400
    assert len(rows(mission)) == 1
    fresh = Mission.open(mission.root)
    assert [(one["outcome"], one["blocked_by"]) for one in Views(fresh).watches().to_pylist()] == [
        ("access_denied", "party-2")
    ]
    assert auditing.audit(fresh).problems == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<data>",
        b"<data id='x'/>",
        b"<data><instanceID>a</instanceID></data>",
        b"\xff\xfe",
        b"<a>" * 5000,
    ],
)
def test_what_is_no_instance_is_one_error(raw: bytes) -> None:
    with pytest.raises(IntakeError, match="INT-032"):
        openrosa.instance(raw)
