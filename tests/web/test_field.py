"""The story of a patrol, in a real browser as a phone: it leaves, hears, is denied access, loses its phone, and comes back."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed: pip install 'truceline[serve]'")

from truceline.mission import auditing, devices, receiving, sealing
from truceline.mission.device_list import all_devices
from truceline.mission.mission import Mission
from truceline.mission.views import Views
from truceline.records.kinds import Genesis
from truceline.records.parties import Party

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore"),
]
FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
WORDS = "qx7 smoke behind the second ridge vz9"
HERE = {"longitude": -30.012345, "latitude": 46.023456, "accuracy": 12}
PHOTO = b"\xff\xd8\xff\xe0" + hashlib.shake_256(b"a photo").digest(300_000)
GEOMETRY = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature", "properties": {"id": "S1", "role": "sector"},
            "geometry": {"type": "Polygon", "coordinates": [[[-30.2, 45.8], [-29.8, 45.8], [-29.8, 46.2], [-30.2, 46.2], [-30.2, 45.8]]]},
        },
        {"type": "Feature", "properties": {"id": "L", "role": "line"}, "geometry": {"type": "LineString", "coordinates": [[-30.2, 46.1], [-29.8, 46.1]]}},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def mission(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    """One for all tests here, since a server takes long to start; each test has an observer of its own."""
    parties = (Party("party-1", {"en": "First"}), Party("party-2", {"en": "Second"}))
    genesis = Genesis("EXERCISE: field", True, parties, (), (), {}, {"disclosure_delay_ms": 0})
    return Mission.create(tmp_path_factory.mktemp("field") / "mission", genesis, geometry=GEOMETRY)


@pytest.fixture(scope="module")
def address(mission: Mission) -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "truceline", "serve", str(mission.root), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr
    line = server.stderr.readline()
    assert "open at http://127.0.0.1:" in line, line + server.stderr.read()
    place = line.split("open at ")[1].split()[0].rstrip("/")
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{place}/healthz", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    yield place
    server.terminate()
    server.communicate(timeout=30)


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start the phone; its storage stays between starts."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: ./dev setup")
    with sync_api.sync_playwright() as play:
        held = []

        def start(folder: str = "phone", *, offline: bool = False) -> Any:
            context = play.chromium.launch_persistent_context(
                str(tmp_path / folder), executable_path=CHROMIUM, args=FLAGS, viewport={"width": 390, "height": 780},
                geolocation=HERE, permissions=["geolocation"], locale="en-GB", device_scale_factor=2, has_touch=True,
            )  # fmt: skip
            context.set_default_timeout(30_000)
            context.set_offline(offline)
            held.append(context)
            page = context.pages[0]
            page.said = []
            page.on("pageerror", lambda problem: page.said.append(str(problem)))
            page.on(
                "console", lambda message: page.said.append(message.text) if message.type == "error" else None
            )
            return page

        yield start
        for context in held:
            with contextlib.suppress(sync_api.Error):  # one of them is killed
                context.close()


def link(
    mission: Mission, address: str, observer: str = "EXERCISE-team-1", kind: str = "patrol", **named: Any
) -> str:
    _, token = devices.add(mission, observer, kind, **named)
    return f"{address}/field#{token}.{devices.fingerprint(mission.keys.field_key().public_key())}"


def on_the_log(mission: Mission, observer: str) -> tuple[Mission, list[dict[str, Any]]]:
    """The mission as it stands now, and the observations of one observer."""
    fresh = Mission.open(mission.root)
    while sealing.waiting(fresh):
        sealing.commit(fresh, now=True)
    return fresh, [
        row for row in Views(fresh).observed().observations.to_pylist() if row["source_id"] == observer
    ]


def press(page: Any, act: str) -> None:
    page.click(f"[data-act={act}]")


def seen(page: Any, selector: str) -> None:
    """Wait for something, and say what the page said where it does not come."""
    try:
        page.wait_for_selector(selector, timeout=15_000)
    except Exception as problem:
        raise AssertionError(f"{selector}: {page.said} {page.inner_text('body')[:300]!r}") from problem


def until(page: Any, condition: str) -> None:
    """The page allows no text to become a script, so its own way of waiting is closed."""
    for _ in range(150):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{condition}: {page.said}")


def at_home(page: Any) -> None:
    seen(page, "#form[data-screen=home]")


def ready(page: Any) -> None:
    """Paired, cached for the time without a network, and placed."""
    at_home(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    until(page, "caches.keys().then((names) => names.length > 0)")
    page.wait_for_selector("#where[data-by=gps]")


def waits(page: Any, number: int) -> None:
    seen(page, f"#queue[data-waiting='{number}']")


def hear(page: Any, times: int, words: str = "", photo: bytes = b"") -> None:
    press(page, "heard")
    for _ in range(times):
        press(page, "count")
    page.click("[data-bearing='45']")
    page.click("[data-value='2-5']")
    if words or photo:
        page.click("summary")
    if photo:
        page.set_input_files("[data-act=photo]", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": photo})
        page.wait_for_selector("p.note:has-text('+ 1')")
    if words:
        page.fill("textarea", words)
    press(page, "send")
    at_home(page)


def storage(folder: Path) -> bytes:
    return b"\n".join(
        path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()
    )


def readings(words: str) -> list[bytes]:
    """How a text could stand in a browser's files."""
    return [words.encode(), words.encode("utf-16-le")]


def test_a_patrol_leaves_hears_is_denied_and_loses_its_phone(
    mission: Mission, address: str, phone: Callable[..., Any], tmp_path: Path
) -> None:
    page = phone()
    page.goto(link(mission, address))
    ready(page)
    assert "#" not in page.url
    page.context.set_offline(True)

    press(page, "round")
    press(page, "send")  # the patrol starts
    page.wait_for_selector("#form[data-screen=round] button.big")
    press(page, "back")
    hear(page, 24, WORDS, PHOTO)
    press(page, "denied")
    page.click("[data-by=party-2]")  # two taps
    at_home(page)
    press(page, "round")
    page.click("#form button.big")  # a waypoint
    at_home(page)
    press(page, "heard")
    for _ in range(3):
        press(page, "count")
    page.click("summary")
    page.fill("textarea", f"unfinished {WORDS}")
    page.wait_for_timeout(600)
    waits(page, 6)  # report, two pieces of the photo, denial, the watched piece, the draft
    assert page.evaluate("document.body.innerText").count(WORDS) == 0 or page.url.endswith("/field")
    assert page.said == []

    page.evaluate("new Promise((done) => { const asked = indexedDB.open('control', 1); asked.onupgradeneeded = () => asked.result.createObjectStore('own').put('seen-in-the-base-p5w2', 1); asked.onsuccess = () => { asked.result.close(); done(null); }; })")  # fmt: skip
    killed = [int(one) for one in subprocess.run(["pgrep", "-f", f"user-data-dir={tmp_path / 'phone'}"], capture_output=True, text=True, check=False).stdout.split()]  # fmt: skip
    time.sleep(1)
    for one in killed:
        os.kill(one, signal.SIGKILL)  # whoever takes the phone, takes it as it is
    time.sleep(1)

    seized = storage(tmp_path / "phone")
    assert any(one in seized for one in readings("seen-in-the-base-p5w2")), (
        "the search itself must be able to find something"
    )
    for secret in (
        WORDS,
        "ridge",
        "30.0123",
        "30012345",
        "46023456",
        'party-2","capture',
        'access_denied","radius',
        'count_max":24',
    ):
        assert not any(one in seized for one in readings(secret)), secret
    assert PHOTO[2000:2064] not in seized
    assert hashlib.sha256(PHOTO).hexdigest().encode() not in seized

    shutil.copytree(
        tmp_path / "phone", tmp_path / "again", ignore=shutil.ignore_patterns("Singleton*"), symlinks=True
    )
    page = phone("again", offline=True)
    page.goto(f"{address}/field")  # without a network: the worker answers
    at_home(page)
    waits(page, 6)
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    waits(page, 0)
    assert page.evaluate("document.body.innerText").count(WORDS) == 0

    fresh, (row,) = on_the_log(mission, "EXERCISE-team-1")
    assert (row["count_min"], row["count_max"], row["bearing_mdeg"], row["range_min_m"]) == (
        24,
        24,
        45_000,
        2000,
    )
    assert (row["lon_udeg"], row["lat_udeg"]) == (-30_012_345, 46_023_456)
    assert row["text"] == f"EXERCISE: {WORDS}"
    watches = [one for one in Views(fresh).watches().to_pylist() if one["source_id"] == "EXERCISE-team-1"]
    assert sorted((one["outcome"], one["blocked_by"]) for one in watches) == [
        ("access_denied", "party-2"),
        ("watched", None),
    ]
    assert receiving.media(fresh, hashlib.sha256(PHOTO).hexdigest()) == PHOTO
    ((device, draft),) = receiving.held(fresh, "drafts")
    assert (device, draft["text"], draft["count"]) == ("EXERCISE-team-1~1", f"unfinished {WORDS}", 3)
    assert receiving.held(fresh, "kept") == []
    audit = auditing.audit(fresh)
    assert audit.problems == []
    assert audit.sources["EXERCISE-team-1~1"] == 3

    devices.revoke(Mission.open(mission.root), "EXERCISE-team-1~1")
    page.reload()
    until(page, "document.body.children.length === 0")  # a lost phone that comes back empties itself
    names = page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))")
    assert "truceline-field" not in names


def test_under_force_and_the_wipe_code(mission: Mission, address: str, phone: Callable[..., Any]) -> None:
    page = phone()
    page.goto(link(mission, address, "EXERCISE-team-2", checkin_min=30))
    ready(page)
    press(page, "quiet")
    page.click("[data-minutes='60']")
    at_home(page)
    press(page, "heard")
    press(page, "count")
    box = page.locator("[data-act=send]").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.wait_for_timeout(2200)
    page.mouse.up()
    at_home(page)
    press(page, "checkin")
    press(page, "send")
    at_home(page)
    waits(page, 0)
    fresh, (row,) = on_the_log(mission, "EXERCISE-team-2")
    assert (row["stance"], row["count_max"]) == ("quiet", 0)
    assert len(auditing.audit(fresh).duress) == 1
    told = receiving.last(fresh, next(one for one in all_devices(fresh) if one.observer == "EXERCISE-team-2"))
    assert told["duress_at"]
    assert told["next_ms"] - told["at_ms"] == 30 * 60_000

    press(page, "settings")
    page.fill("[data-act=fresh]", "4711")
    press(page, "set-code")
    at_home(page)
    press(page, "settings")
    page.fill("[data-act=code]", "1234")
    press(page, "ok")
    at_home(page)  # a wrong code does nothing
    press(page, "settings")
    page.fill("[data-act=code]", "4711")
    press(page, "ok")
    until(page, "document.body.children.length === 0")
    assert page.evaluate("indexedDB.databases()") == []
    assert page.evaluate("caches.keys()") == []
    page.goto(f"{address}/field")
    page.wait_for_selector("#form[data-screen=unpaired]")


def test_a_jammed_receiver_is_noticed_and_a_place_can_be_drawn(
    mission: Mission, address: str, phone: Callable[..., Any]
) -> None:
    page = phone()
    page.goto(link(mission, address, "EXERCISE-team-3"))
    ready(page)
    page.context.set_geolocation({"longitude": -29.1, "latitude": 46.9, "accuracy": 10})
    page.wait_for_selector("#where[data-doubt=jump]")
    press(page, "map")
    page.click("svg.map", position={"x": 180, "y": 200})
    press(page, "set")
    page.wait_for_selector("#where[data-by=map]")
    hear(page, 2)
    waits(page, 0)
    _, (row,) = on_the_log(mission, "EXERCISE-team-3")
    assert abs(row["lon_udeg"] + 30_000_000) < 300_000
    assert abs(row["lat_udeg"] - 46_000_000) < 300_000


def test_a_link_with_another_key_is_refused(
    mission: Mission, address: str, phone: Callable[..., Any]
) -> None:
    page = phone()
    good = link(mission, address, "EXERCISE-team-4")
    page.goto(re.sub(r"\.[0-9a-f]{32}$", "." + "0" * 32, good))
    page.wait_for_selector("[data-problem=key]")
    assert all_devices(mission)[-1].state == "new"


def test_sealing_agrees_with_the_vector_of_the_library(
    mission: Mission, address: str, phone: Callable[..., Any]
) -> None:
    """What the script seals opens with the library's RFC 9180, for any size and info."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from truceline.field.envelopes import SUITE

    page, private = phone(), X25519PrivateKey.generate()
    page.goto(f"{address}/field")
    script = """async ([key, info, size]) => {
        const { seal } = await import("/static/field/hpke.js");
        const bytes = (said) => Uint8Array.from(said.match(/../g) ?? [], (two) => parseInt(two, 16));
        const sealed = await seal(bytes(key), bytes(info), new Uint8Array(size).fill(7));
        return Array.from(sealed, (one) => one.toString(16).padStart(2, "0")).join("");
    }"""
    for info, size in ((b"", 0), (b"x", 1), (b"truceline/field/v1\nd~1\nab", 70_000)):
        sealed = page.evaluate(script, [private.public_key().public_bytes_raw().hex(), info.hex(), size])
        assert SUITE.decrypt(bytes.fromhex(sealed), private, info=info) == b"\x07" * size


def test_every_language_says_every_word(address: str, phone: Callable[..., Any]) -> None:
    page = phone()
    page.goto(f"{address}/field")
    page.wait_for_selector("#form[data-screen=unpaired]")
    held = page.evaluate(
        """async () => { const { LANGUAGES } = await import("/static/field/words.js");
        return Object.fromEntries(Object.entries(LANGUAGES).map(([lang, [, words]]) => [lang, words])); }"""
    )
    assert set(held) == {"en", "ru", "hy", "az"}
    for lang, words in held.items():
        assert set(words) == set(held["en"]), lang
        assert all(words.values()), lang
